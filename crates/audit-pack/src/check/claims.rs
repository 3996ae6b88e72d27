//! What the sidecar claims, and whether its own parts agree: SEALS, its chain, the two notes.

use tlog::seals::{Record, Seal, State};
use tlog::{Chain, Checkpoint, Hash, Note, Vkey};

use super::Pin;
use crate::finding::{Finding, Findings, Kind};
use crate::place::FileError;
use crate::seals::{damage, walk};
use crate::sidecar::Sidecar;

/// The bytes of the log that one file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Its name, as the place has it.
    pub(crate) file: String,
    /// Which byte of the log is its first.
    pub(crate) begin: u64,
    /// Which byte of the log is behind its last sealed one.
    pub(crate) end: u64,
}

/// What is claimed.
#[derive(Debug)]
pub(crate) struct Claims {
    /// What SEALS says at its end.
    pub(crate) state: State,
    /// Where the log's bytes are.
    pub(crate) extents: Vec<Extent>,
    /// How many lines of SEALS the chain note covers by its signature.
    pub(crate) signed_records: u64,
    /// How many lines of the log are sealed by what is signed.
    pub(crate) signed_lines: u64,
    /// The last seal, and how many lines and bytes were sealed before it.
    pub(crate) last: Option<((u64, u64), Seal)>,
    /// What does not fit together.
    pub(crate) findings: Findings,
}

/// What must be known of SEALS somewhere on the way.
#[derive(Default)]
struct Wanted {
    chain: Option<(u64, Option<State>)>,
    checkpoint: Option<(u64, Option<Hash>)>,
    guard: Option<(u64, Option<Hash>)>,
}

/// Reads SEALS and the notes. Nothing where there is no SEALS or no first line in it; then `findings` has why.
pub(crate) fn claims(
    sidecar: &Sidecar<'_>,
    pins: &[Pin],
    findings: &mut Findings,
) -> Result<Option<Claims>, FileError> {
    let (seals_name, checkpoint_name, chain_name) =
        (sidecar.name("SEALS"), sidecar.name("checkpoint"), sidecar.name("chain"));
    let Some(file) = sidecar.open(&seals_name)? else {
        findings.add(
            Finding::new(Kind::Missing, seals_name).says("the log is not sealed, or its seals are gone"),
        );
        return Ok(None);
    };
    let checkpoint = read_note(sidecar, "checkpoint", &checkpoint_name, findings)?
        .and_then(|note| body(&note, &checkpoint_name, findings, Checkpoint::parse).map(|body| (note, body)));
    let chain = read_note(sidecar, "chain", &chain_name, findings)?
        .and_then(|note| body(&note, &chain_name, findings, Chain::parse).map(|body| (note, body)));
    let mut wanted = Wanted {
        chain: chain.as_ref().map(|(_, chain)| (chain.records(), None)),
        checkpoint: checkpoint.as_ref().map(|(_, checkpoint)| (checkpoint.size(), None)),
        guard: pins.iter().find_map(|pin| pin.seals.map(|(records, _)| (records, None))),
    };
    let mut closed = Vec::new();
    let mut last: Option<((u64, u64), Seal)> = None;
    let walked = walk(&*file, |record, state, _| {
        wanted.look(state);
        if let Record::Rotation(rotation) = record {
            closed.push((rotation.closed.clone(), rotation.bytes));
        }
        if let Record::Seal(seal) = record {
            let before = last.as_ref().map_or((0, 0), |(_, seal)| (seal.lines, seal.bytes));
            last = Some((before, seal.clone()));
        }
    });
    let walked = walked.map_err(|error| sidecar.error(&seals_name, error))?;
    let head = chain.as_ref().and_then(|(_, chain)| signed_head(chain, walked.state.as_ref()));
    let damage = damage(&seals_name, &walked, head);
    let seals_are_whole = damage.is_empty();
    for finding in damage {
        findings.add(finding);
    }
    findings.count += walked.fault_count - walked.faults.len() as u64;
    let size = file.size().map_err(|error| sidecar.error(&seals_name, error))?;
    if size > walked.len && walked.fault_count > 0 {
        // Alone it is only a write that a crash has cut off, which the next sealer removes.
        findings.add(Finding::new(Kind::Torn, &seals_name).byte(walked.len));
    }
    let Some(state) = walked.state else {
        if walked.fault_count == 0 {
            findings.add(Finding::new(Kind::Truncated, &seals_name).byte(0).says("it has no whole line"));
        }
        return Ok(None);
    };
    let mut claims = Claims {
        extents: extents(sidecar, &state, closed),
        signed_records: 0,
        signed_lines: 0,
        last,
        findings: Findings::default(),
        state,
    };
    claims.check_chain(&chain_name, chain, wanted.chain, seals_are_whole);
    claims.check_checkpoint(&checkpoint_name, checkpoint, wanted.checkpoint);
    claims.check_guard(&seals_name, pins, wanted.guard);
    Ok(Some(claims))
}

/// What the chain note says of the last line, if it is about that one. Where its signature is wrong that is found, too.
fn signed_head(chain: &Chain, state: Option<&State>) -> Option<Hash> {
    state.filter(|state| state.records == chain.records()).map(|_| chain.head())
}

impl Wanted {
    fn look(&mut self, state: &State) {
        if let Some((records, at)) = &mut self.chain
            && state.records == *records
        {
            *at = Some(state.clone());
        }
        if let Some((size, root)) = &mut self.checkpoint
            && state.lines == *size
        {
            *root = Some(state.root);
        }
        if let Some((records, head)) = &mut self.guard
            && state.records == *records
        {
            *head = Some(state.head);
        }
    }
}

fn read_note(
    sidecar: &Sidecar<'_>,
    file: &str,
    name: &str,
    findings: &mut Findings,
) -> Result<Option<Note>, FileError> {
    match sidecar.note(file)? {
        Some(Ok(note)) => return Ok(Some(note)),
        Some(Err(says)) => findings.add(Finding::new(Kind::Malformed, name).says(says)),
        None => findings.add(Finding::new(Kind::Missing, name).says("no signature over the seals is there")),
    }
    Ok(None)
}

fn body<T, E: std::fmt::Display>(
    note: &Note,
    name: &str,
    findings: &mut Findings,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<T> {
    let parsed = parse(note.text());
    if let Err(error) = &parsed {
        findings.add(Finding::new(Kind::Malformed, name).says(error.to_string()));
    }
    parsed.ok()
}

fn extents(sidecar: &Sidecar<'_>, state: &State, closed: Vec<(tlog::FileName, u64)>) -> Vec<Extent> {
    let mut begin = 0;
    let mut extents: Vec<Extent> = Vec::new();
    for (file, end) in closed {
        extents.push(Extent { file: sidecar.beside(&file), begin, end });
        begin = end;
    }
    let current = state.file.as_ref().map_or_else(|| sidecar.log.clone(), |file| sidecar.beside(file));
    extents.push(Extent { file: current, begin: state.file_begin.max(begin), end: state.bytes });
    extents
}

impl Claims {
    /// All keys that must have signed have signed, or there is a finding.
    fn signed<'k>(&mut self, name: &str, note: &Note, keys: impl Iterator<Item = &'k Vkey>) -> bool {
        for key in keys {
            if let Err(error) = note.verify(key) {
                self.findings.add(Finding::new(Kind::Unsigned, name).says(error.to_string()));
                return false;
            }
        }
        true
    }

    fn check_chain(
        &mut self,
        name: &str,
        note: Option<(Note, Chain)>,
        at: Option<(u64, Option<State>)>,
        seals_are_whole: bool,
    ) {
        let (Some((note, chain)), Some((records, at))) = (note, at) else { return };
        let Some(at) = at else {
            let says = format!("{records} lines of it were signed, and it has {}", self.state.records);
            self.findings.add(Finding::new(Kind::Truncated, name.replace("chain", "SEALS")).says(says));
            self.signed(name, &note, [self.state.key.clone()].iter());
            return;
        };
        let signers: Vec<Vkey> = at.signers().cloned().collect();
        if !self.signed(name, &note, signers.iter()) {
            return;
        }
        if chain == at.chain() {
            (self.signed_records, self.signed_lines) = (records, at.lines);
        } else if seals_are_whole {
            let finding = Finding::new(Kind::Edited, name.replace("chain", "SEALS")).line(records);
            self.findings.add(finding.says("the key has signed another line, or another log"));
        }
    }

    fn check_checkpoint(
        &mut self,
        name: &str,
        note: Option<(Note, Checkpoint)>,
        at: Option<(u64, Option<Hash>)>,
    ) {
        let (Some((note, checkpoint)), Some((size, root))) = (note, at) else { return };
        let signers: Vec<Vkey> = self.state.signers().cloned().collect();
        if !self.signed(name, &note, signers.iter()) {
            return;
        }
        let ours = checkpoint.origin() == self.state.origin.as_str() && checkpoint.extensions().is_empty();
        if !ours {
            self.findings.add(Finding::new(Kind::Replaced, name).says("it is of another log"));
        } else if root != Some(checkpoint.root()) {
            let says =
                format!("the key has signed {size} lines with another root, or a seal that is not there");
            self.findings.add(Finding::new(Kind::Forked, name).says(says));
        }
    }

    /// What is remembered beside the key.
    fn check_guard(&mut self, name: &str, pins: &[Pin], at: Option<(u64, Option<Hash>)>) {
        let (Some((records, head)), Some(pin)) = (at, pins.iter().find(|pin| pin.seals.is_some())) else {
            return;
        };
        let expected = pin.seals.map(|(_, head)| head);
        if head.is_none() {
            let says =
                format!("{} knows {records} lines of it, and it has {}", pin.label, self.state.records);
            self.findings.add(Finding::new(Kind::RolledBack, name).says(says));
        } else if head != expected {
            let says = format!("not the line that {} knows", pin.label);
            self.findings.add(Finding::new(Kind::Forked, name).line(records).says(says));
        }
    }
}
