//! Judging a log by what others have said of it. Whose word counts comes from the verifier alone.
//!
//! An anchor pins SEALS up to a line, or the tree up to a size. One that does not fit is a second history, whoever holds
//! the key. The layout is that of `audit/FORMAT.md`.

mod evidence;
mod pins;
pub(crate) mod stamps;
pub(crate) mod tell;
pub(crate) mod trust;

use std::collections::{BTreeMap, BTreeSet};

use anchor::heads::{Head, heads};
use holdfast::time::{Span, iso};
use serde::Serialize;
use tlog::Note;
use tlog::note::VerifyError;
use tlog::seals::State;

use crate::age::{age, ago};
use crate::finding::{Finding, Findings, Kind};
use crate::place::FileError;
use crate::sidecar::Sidecar;
use evidence::{Evidence, folder};
use pins::{Pin, Pinned, Seen};
use stamps::Candidate;
pub(crate) use trust::{Stamps, Trust, TrustError};

/// The folder of the sidecar.
pub(crate) const ANCHORS: &str = "anchors";
/// Files in it, in all its folders.
const FILES_MAX: usize = 100_000;

/// What an anchor is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Class {
    /// There is no second history: witnesses, and what other people hold.
    Uniqueness,
    /// It was there by then. Another history may have been there as well.
    Existence,
}

/// The newest word of somebody who counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Source {
    /// Who.
    pub(crate) name: String,
    /// What it is good for.
    pub(crate) class: Class,
    /// How many lines it pins.
    pub(crate) lines: u64,
    /// Everything that is sealed is pinned.
    pub(crate) covers_all: bool,
    /// When it was given, by the giver's clock, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_s: Option<u64>,
}

/// What others have said of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Anchored {
    /// Who counts, by class and name.
    pub(crate) sources: Vec<Source>,
    /// What was not looked at, or does not count, and why.
    pub(crate) unchecked: Vec<String>,
    /// What is less than was asked for.
    #[serde(skip)]
    pub(crate) lacks: Vec<String>,
    /// Which of the verifier's own files are about this log.
    #[serde(skip)]
    pub(crate) used: Vec<bool>,
    /// How many stamps openssl was given.
    #[serde(skip)]
    pub(crate) stamps: usize,
}

impl Anchored {
    /// The time of the newest word, in Unix seconds.
    pub(crate) fn newest_s(&self) -> Option<u64> {
        self.sources.iter().filter_map(|source| source.time_s).max()
    }

    pub(crate) fn has(&self, class: Class) -> bool {
        self.sources.iter().any(|source| source.class == class)
    }
}

/// Judges one log, of whose stamps only so many are verified. What does not fit is a finding.
pub(crate) fn judge(
    sidecar: &Sidecar<'_>,
    state: &State,
    trust: &Trust<'_>,
    stamps_max: usize,
    findings: &mut Findings,
) -> Result<Anchored, FileError> {
    let mut judging = Judging {
        sidecar,
        state,
        trust,
        sources: BTreeMap::new(),
        anchored: Anchored { used: vec![false; trust.files.len()], ..Anchored::default() },
        pins: Vec::new(),
        findings,
    };
    let mut folders = evidence::folders(sidecar, &mut judging.anchored.unchecked)?;
    while folders.len() > trust.folders_max {
        folders.pop_first();
    }
    let own: Vec<_> = trust.files.iter().map(|(_, bytes)| heads(bytes, &state.origin)).collect();
    if folders.is_empty() && own.iter().all(Vec::is_empty) {
        return Ok(judging.finish());
    }
    let (mut records, mut sizes) = (BTreeSet::new(), BTreeSet::new());
    for head in own.iter().flatten() {
        match head {
            Head::Tree { size, .. } => sizes.insert(*size),
            Head::Chain { records: number, .. } => records.insert(*number),
        };
    }
    let wanted = |number| folders.contains_key(&number) || records.contains(&number);
    let seen = Seen::look(sidecar, wanted, &sizes)?;
    let (mut stamps, mut claims) = (Vec::new(), 0);
    for (records, files) in &folders {
        let evidence = Evidence::read(sidecar, *records, files)?;
        claims += evidence.claims;
        if judging.of_folder(&evidence, &seen) {
            stamps.extend(judging.candidates(evidence));
        }
    }
    for (number, heads) in own.iter().enumerate() {
        judging.of_file(number, heads, &seen);
    }
    if claims > 0 {
        let what =
            format!("{claims} copies that stores or people hold: get one from there, then --anchor FILE");
        judging.anchored.unchecked.push(what);
    }
    // Those of the newest heads first.
    stamps.reverse();
    judging.of_stamps(&stamps, stamps_max.min(trust.stamps_max))?;
    Ok(judging.finish())
}

struct Judging<'a> {
    sidecar: &'a Sidecar<'a>,
    state: &'a State,
    trust: &'a Trust<'a>,
    sources: BTreeMap<(Class, String), Source>,
    anchored: Anchored,
    pins: Vec<Pin>,
    findings: &'a mut Findings,
}

impl Judging<'_> {
    fn name(&self, records: u64, file: &str) -> String {
        self.sidecar.place.shown(&self.sidecar.name(&format!("{ANCHORS}/{}/{file}", folder(records))))
    }

    /// What lies in one folder: our own notes of that moment, and who has cosigned them. Whether its stamps matter.
    fn of_folder(&mut self, evidence: &Evidence, seen: &Seen) -> bool {
        let records = evidence.records;
        for (file, says) in &evidence.faults {
            let name = self.name(records, file);
            self.findings.add(Finding::new(Kind::Malformed, name).says(says));
        }
        if evidence.is_of_before(self.state) {
            let what = format!("{ANCHORS}/{}: of the log that this one took the place of", folder(records));
            self.anchored.unchecked.push(what);
            return false;
        }
        let Some(pin) = evidence.pin(seen.at(records), self.state) else { return true };
        for (file, note) in evidence.notes() {
            if !seen.signed(records, &pin, note) {
                let finding = Finding::new(Kind::Unsigned, self.name(records, file));
                self.findings.add(finding.says("no key of the log has signed it, or not the one of then"));
                return true;
            }
        }
        if let (Some((note, _)), Pinned::Fits) = (&evidence.checkpoint, &pin.pinned) {
            self.of_witnesses(records, note, pin.lines);
        }
        self.pins.push(pin);
        true
    }

    fn of_witnesses(&mut self, records: u64, note: &Note, lines: u64) {
        for witness in &self.trust.witnesses {
            match note.cosigned(witness) {
                Ok(time) => self.counts(witness.name(), Class::Uniqueness, lines, Some(time)),
                Err(VerifyError::Unsigned(_)) => {}
                Err(error) => {
                    let finding = Finding::new(Kind::Unsigned, self.name(records, "checkpoint"));
                    self.findings.add(finding.says(error.to_string()));
                }
            }
        }
    }

    /// The stamps in a folder that are of the chain there; the others are findings.
    fn candidates(&mut self, evidence: Evidence) -> Vec<Candidate> {
        let (records, digest) = (evidence.records, evidence.stamped());
        let mut candidates = Vec::new();
        for (name, stamp) in evidence.stamps {
            if let Some(digest) = digest.filter(|digest| stamp.is_of(digest)) {
                candidates.push(Candidate { records, name, digest, time_s: stamp.time });
            } else {
                let finding = Finding::new(Kind::Edited, self.name(records, &format!("{name}.tsr")));
                self.findings.add(finding.says("it is no stamp of the chain that lies beside it"));
            }
        }
        candidates
    }

    /// What the verifier has brought along.
    fn of_file(&mut self, number: usize, heads: &[Head], seen: &Seen) {
        let label = self.trust.files[number].0.clone();
        self.anchored.used[number] = !heads.is_empty();
        for head in heads {
            let pin = seen.judge(*head, &label);
            if pin.pinned == Pinned::Fits {
                self.counts(&label, Class::Uniqueness, pin.lines, None);
            }
            self.pins.push(pin);
        }
    }

    fn of_stamps(&mut self, stamps: &[Candidate], most: usize) -> Result<(), FileError> {
        let checked = stamps::check(self.sidecar, self.trust, stamps, most)?;
        self.anchored.stamps = checked.given;
        self.anchored.unchecked.extend(checked.unchecked);
        if let Some(lack) = checked.lack {
            self.anchored.lacks.push(lack);
        }
        for right in checked.right {
            let fits = self.pins.iter().find(|pin| pin.folder == Some(right.records));
            // A stamp of what does not fit is told as that already.
            if let Some(lines) = fits.filter(|pin| pin.pinned == Pinned::Fits).map(|pin| pin.lines) {
                self.counts(&right.by, Class::Existence, lines, Some(right.time_s));
            }
        }
        Ok(())
    }

    fn counts(&mut self, name: &str, class: Class, lines: u64, time_s: Option<u64>) {
        // Every log has begun with nothing, whatever stands in it by now.
        if lines == 0 {
            return;
        }
        if let Some(time) = time_s.filter(|time| age(self.trust.now_s, *time).is_none()) {
            let unchecked = format!("{name}: its time, {}, is still to come", iso(time as f64));
            return self.anchored.unchecked.push(unchecked);
        }
        let covers_all = lines >= self.state.lines;
        let source = Source { name: name.to_owned(), class, lines, covers_all, time_s };
        let known = self.sources.entry((class, name.to_owned())).or_insert_with(|| source.clone());
        if (known.lines, known.time_s) < (source.lines, source.time_s) {
            *known = source;
        }
    }

    fn finish(mut self) -> Anchored {
        pins::findings(&self.pins, self.sidecar, self.findings);
        self.anchored.sources = self.sources.into_values().collect();
        let (sources, trust) = (&self.anchored.sources, self.trust);
        let fresh = |source: &&Source| {
            trust.max_age.is_none_or(|max| {
                let young = |time: u64| age(trust.now_s, time).is_some_and(|age| age <= max);
                source.covers_all || source.time_s.is_some_and(young)
            })
        };
        let count = sources.iter().filter(fresh).count() as u64;
        let required = trust.require.unwrap_or(0);
        let lack = match (trust.max_age, self.anchored.newest_s()) {
            _ if count < required => Some(too_few(count, required, trust.max_age)),
            (Some(max), _) if sources.is_empty() => {
                Some(format!("no anchor counts, and one of the last {max} is asked for"))
            }
            (Some(max), Some(newest)) if count == 0 => Some(format!(
                "lines were sealed after the last anchor, which was made {}; at most {max} is asked for",
                ago(trust.now_s, newest)
            )),
            (Some(max), None) if count == 0 => Some(format!(
                "lines were sealed after the last anchor, whose age nobody knows; at most {max} is asked for"
            )),
            _ => None,
        };
        self.anchored.lacks.extend(lack);
        self.anchored
    }
}

fn too_few(count: u64, required: u64, max_age: Option<Span>) -> String {
    let age = max_age
        .map_or(String::new(), |max| format!(", none older than {max} where lines were sealed after it"));
    let has = match count {
        0 => "no anchor counts".to_owned(),
        1 => "1 anchor counts".to_owned(),
        count => format!("{count} anchors count"),
    };
    format!("{has}, and {required} are asked for{age}")
}
