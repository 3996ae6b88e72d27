//! The logs in a pack.

use bag::Bag;
use holdfast::sys::{ReadAt, ReadError};
use tlog::seals::{Genesis, Record, State};

use crate::anchored::{self, Anchored, Stamps};
use crate::check::{self, Checked, Options};
use crate::finding::{Finding, Findings, Kind};
use crate::past::{self, Past, Seen};
use crate::place::{FileError, Place};
use crate::progress::Progress;
use crate::seals::SealsReader;
use crate::sidecar::{SUFFIX, Sidecar};

/// Logs are below it.
pub(crate) const LOGS: &str = "data/log/";
/// Nobody has more.
const LOGS_MAX: usize = 1000;

/// What was found of one log.
pub(crate) struct LogVerdict {
    /// Its path below `data/log/`.
    pub(crate) log: String,
    /// What its seals say.
    pub(crate) state: Option<State>,
    /// How many of its lines a signature covers.
    pub(crate) signed_lines: u64,
    /// What others have said of it.
    pub(crate) anchored: Anchored,
}

impl Place for Bag<'_> {
    fn open(&self, name: &str) -> Result<Option<Box<dyn ReadAt + '_>>, ReadError> {
        let Some(entry) = self.find(name) else { return Ok(None) };
        let member = Bag::open(self, entry).map_err(|error| error.error)?;
        Ok(Some(Box::new(member)))
    }

    fn below(&self, dir: &str, most: usize) -> Result<Vec<String>, ReadError> {
        let inner = |path: &str| Some(path.strip_prefix(dir)?.strip_prefix('/')?.to_owned());
        let files = self.entries().iter().filter_map(|entry| inner(&entry.path));
        Ok(files.filter(|path| path.matches('/').count() == 1).take(most).collect())
    }

    fn shown(&self, name: &str) -> String {
        name.to_owned()
    }
}

/// Checks every log, with each segment and the root at each seal; and what is wrong with all of them.
pub(super) fn check<'a>(
    bag: &'a Bag<'_>,
    anchors: &anchored::Trust<'_>,
    threads: usize,
    progress: &Progress,
) -> Result<(Vec<LogVerdict>, Findings), FileError> {
    let seals = format!("{SUFFIX}/SEALS");
    let log_of = |path: &'a str| path.strip_prefix(LOGS)?.strip_suffix(&seals);
    let logs: Vec<&str> = bag.entries().iter().filter_map(|entry| log_of(&entry.path)).collect();
    let (mut verdicts, mut findings) = (Vec::new(), Findings::default());
    if let Some(first) = logs.get(LOGS_MAX) {
        let says =
            format!("there are more than {LOGS_MAX} logs: this one and all behind it were not looked at");
        findings.add(Finding::new(Kind::Malformed, format!("{LOGS}{first}")).says(says));
    }
    let logs: Vec<(&str, Option<Genesis>)> = logs
        .into_iter()
        .take(LOGS_MAX)
        .map(|log| Ok((log, genesis(bag, log)?)))
        .collect::<Result<_, FileError>>()?;
    let mut past = Past::default();
    for (log, begun) in &logs {
        past.add(begun.as_ref().and_then(|begun| begun.restart.clone()), &format!("{LOGS}{log}"));
    }
    let mut stamps = Stamps::of(logs.len());
    for (log, begun) in &logs {
        let pins = begun.as_ref().map(|begun| past.pins(&begun.origin)).unwrap_or_default();
        let options = Options { deep: true, pins, threads, progress };
        let (verdict, found) = one(bag, anchors, &mut stamps, log, &options)?;
        verdicts.push((verdict, found.is_empty()));
        findings.extend(found);
    }
    for finding in restarted(&verdicts) {
        findings.add(finding);
    }
    Ok((verdicts.into_iter().map(|(verdict, _)| verdict).collect(), findings))
}

/// Logs that took the place of others which are not in the pack.
fn restarted(verdicts: &[(LogVerdict, bool)]) -> Vec<Finding> {
    let seen = verdicts.iter().filter_map(|(verdict, is_whole)| {
        verdict.state.as_ref().map(|state| Seen { state, is_whole: *is_whole })
    });
    let seen: Vec<Seen<'_>> = seen.collect();
    let faults = verdicts.iter().filter_map(|(verdict, _)| {
        past::fault(&format!("{LOGS}{}", verdict.log), verdict.state.as_ref()?, &seen)
    });
    faults.collect()
}

/// The first line of a log's SEALS, where it can be read. What is wrong with it the check finds.
fn genesis(bag: &Bag<'_>, log: &str) -> Result<Option<Genesis>, FileError> {
    let sidecar = Sidecar::new(bag, format!("{LOGS}{log}"));
    let name = sidecar.name("SEALS");
    let Some(file) = sidecar.open(&name)? else { return Ok(None) };
    let line = SealsReader::new(&*file, 0).line().map_err(|error| sidecar.error(&name, error))?;
    Ok(match line.as_deref().map(Record::parse) {
        Some(Ok(Record::Genesis(genesis))) => Some(genesis),
        _ => None,
    })
}

fn one(
    bag: &Bag<'_>,
    anchors: &anchored::Trust<'_>,
    stamps: &mut Stamps,
    log: &str,
    options: &Options<'_>,
) -> Result<(LogVerdict, Findings), FileError> {
    let path = format!("{LOGS}{log}");
    let Checked { state, signed_lines, signed_records, unsealed, mut findings, .. } =
        check::check(&Sidecar::new(bag, &*path), options)?;
    // A pack ends at a seal that is signed: there is no excuse of a crash or of a writer that is at it.
    if unsealed > 0 {
        let says = format!("{unsealed} bytes stand behind the last seal");
        findings.add(Finding::new(Kind::Inserted, &path).says(says));
    }
    if let Some(state) = &state
        && state.records > signed_records
    {
        let says =
            format!("the last {} of its lines are covered by no signature", state.records - signed_records);
        findings.add(Finding::new(Kind::Unsigned, format!("{path}{SUFFIX}/SEALS")).says(says));
    }
    let sidecar = Sidecar::new(bag, &*path);
    let share = stamps.share();
    let judged = state.as_ref().map(|state| anchored::judge(&sidecar, state, anchors, share, &mut findings));
    let anchored = judged.transpose()?.unwrap_or_default();
    stamps.took(anchored.stamps);
    Ok((LogVerdict { log: log.to_owned(), state, signed_lines, anchored }, findings))
}
