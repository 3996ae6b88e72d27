//! What a pack tells, gathered from its logs and state files, apart from how it is drawn. All of it may come from an
//! enemy: texts are made harmless and short, and what has no end is counted.

pub(crate) mod incidents;
pub(crate) mod journal;
pub(crate) mod kept;
pub(crate) mod logs;
pub(crate) mod pauses;
pub(crate) mod state;
pub(crate) mod tally;

use bag::Bag;

use crate::anchored::Class;
use crate::verify::Verdict;
use crate::verify::logs::LogVerdict;
use incidents::Incident;
use journal::{Journal, Ledger};
use logs::{Days, LogStory};
use pauses::Pause;
use state::State;

const JOURNAL: &str = "journal.jsonl";
const LEDGER: &str = "trips.jsonl";
/// What is drawn lies at most so far before the newest seal, or behind it, in seconds: 20 years.
const FAR: f64 = 20.0 * 366.0 * 86_400.0;
/// The same for the last heartbeats: two days.
const BEAT_FAR: f64 = 2.0 * 86_400.0;
/// The seals of at most so many logs are drawn.
pub(crate) const DRAWN_MAX: usize = 12;
/// At most so many logs are read for their days.
const DAYS_MAX: usize = 8;

/// Where something was read, and whether it is a sealed log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) sealed: bool,
    pub(crate) lines: u64,
    pub(crate) unreadable: u64,
}

/// A head of a log that somebody outside has seen, who counts for the reader.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Anchor {
    pub(crate) log: String,
    /// When, by the clock of who has seen it, where they say so.
    pub(crate) at: Option<f64>,
    pub(crate) by: String,
    /// How many lines of the log stood before it.
    pub(crate) lines: u64,
    pub(crate) class: Class,
}

/// What others have said of the logs.
fn anchors(verdict: &Verdict) -> Vec<Anchor> {
    let of_log = |log: &LogVerdict| {
        let name = log.log.clone();
        log.anchored.sources.clone().into_iter().map(move |source| Anchor {
            log: name.clone(),
            at: source.time_s.map(|time_s| time_s as f64),
            by: source.name,
            lines: source.lines,
            class: source.class,
        })
    };
    verdict.logs.iter().flat_map(of_log).collect()
}

/// The story of a pack.
pub(crate) struct Story {
    pub(crate) logs: Vec<LogStory>,
    /// Lines a day of each log that is neither journal nor ledger.
    pub(crate) days: Vec<Days>,
    /// How many of those logs were not read.
    pub(crate) days_left_out: usize,
    pub(crate) journal: Journal,
    pub(crate) journal_from: Option<Source>,
    pub(crate) ledger_from: Option<Source>,
    pub(crate) pauses: Vec<Pause>,
    /// Older trips that were let go.
    pub(crate) trips_left_out: u64,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) state: State,
    pub(crate) anchors: Vec<Anchor>,
    /// What could not be read.
    pub(crate) troubles: Vec<String>,
}

impl Story {
    pub(crate) fn of(bag: &Bag<'_>, verdict: &Verdict) -> Self {
        let logs: Vec<LogStory> = verdict
            .logs
            .iter()
            .enumerate()
            .map(|(n, log)| LogStory::of(bag, log, verdict.vouches(log), spans(n)))
            .collect();
        let mut troubles: Vec<String> = logs.iter().filter_map(|log| log.unreadable.clone()).collect();
        let (mut journal, mut ledger) = (Journal::new(), Ledger::new());
        let journal_at = read(bag, &logs, JOURNAL, &mut troubles, |line| journal.take(line));
        let ledger_at = read(bag, &logs, LEDGER, &mut troubles, |line| ledger.take(line));
        let source = |(path, sealed), lines, unreadable| Source { path, sealed, lines, unreadable };
        let state = State::of(bag);
        let face = state.face.as_ref().and_then(|face| face.as_ref().ok());
        let pauses = pauses::pauses(ledger.trips.iter(), journal.circuit.iter(), face);
        let incidents = incidents::incidents(journal.incidents.iter(), &state.open_incidents);
        let decisions = || logs.iter().filter(|log| !named(&log.log, JOURNAL) && !named(&log.log, LEDGER));
        Self {
            days: decisions().take(DAYS_MAX).map(|log| log.days(bag)).collect(),
            days_left_out: decisions().count().saturating_sub(DAYS_MAX),
            journal_from: journal_at.map(|at| source(at, journal.lines, journal.unreadable)),
            ledger_from: ledger_at.map(|at| source(at, ledger.lines, ledger.unreadable)),
            pauses,
            trips_left_out: ledger.trips.left_out + journal.circuit.left_out,
            incidents,
            state,
            journal,
            logs,
            anchors: anchors(verdict),
            troubles,
        }
    }

    /// From when to when something is known. Times that are far from the newest seal do not count: a clock that was
    /// wrong once must not make everything else too small to be seen.
    pub(crate) fn span(&self) -> Option<(f64, f64)> {
        let seals =
            self.logs.iter().flat_map(|log| log.begun.into_iter().chain(log.seals.range().map(|(_, to)| to)));
        let newest = seals.clone().reduce(f64::max);
        let days = self.days.iter().filter_map(|days| days.tally.range()).flat_map(|(from, to)| [from, to]);
        let pauses = self.pauses.iter().flat_map(|pause| [Some(pause.from), pause.to]).flatten();
        let beats = self.state.beats.iter().filter_map(|beat| beat.beat.as_ref().ok().map(|(at, _)| *at));
        let anchors = self.anchors.iter().filter_map(|anchor| anchor.at);
        // A beat that is far from all seals was written by a clock that was wrong, or long after.
        let beats = beats.filter(|at| newest.is_none_or(|newest| (at - newest).abs() < BEAT_FAR));
        let all = seals.chain(days).chain(pauses).chain(beats).chain(anchors).chain(self.journal.times());
        let near = |at: &f64| newest.is_none_or(|newest| (at - newest).abs() < FAR);
        let ends = all.filter(near).fold(None, |ends: Option<(f64, f64)>, at| {
            Some(ends.map_or((at, at), |(from, to)| (from.min(at), to.max(at))))
        });
        ends.map(|(from, to)| if to - from < 60.0 { (from - 30.0, to + 30.0) } else { (from, to) })
    }
}

/// How finely a log's seals are counted: of those that are not drawn not finely.
fn spans(index: usize) -> usize {
    if index < DRAWN_MAX { logs::SPANS_MAX } else { 16 }
}

/// The log of this name, wherever it stands.
fn named(log: &str, name: &str) -> bool {
    log.rsplit('/').next() == Some(name)
}

/// Reads a log of ours: the sealed one of that name, else the file beside the state. Where it stood, and whether it is
/// sealed.
fn read(
    bag: &Bag<'_>,
    logs: &[LogStory],
    name: &str,
    troubles: &mut Vec<String>,
    look: impl FnMut(Option<&[u8]>),
) -> Option<(String, bool)> {
    let (read, found) = if let Some(log) = logs.iter().find(|log| named(&log.log, name)) {
        (log.each_line(bag, look), (log.log.clone(), true))
    } else {
        let path = format!("data/state/{name}");
        bag.find(&path)?;
        (logs::each_line_of(bag, &path, look), (path, false))
    };
    troubles.extend(read.err());
    Some(found)
}
