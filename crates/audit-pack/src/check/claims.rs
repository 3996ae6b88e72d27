//! What the sidecar claims, and whether its own parts agree: SEALS, its chain, the two notes.

use tlog::seals::{Record, State};
use tlog::{Chain, Checkpoint, FileName, Hash, Note, Vkey};

use super::Pin;
use crate::finding::{Finding, Findings, Kind};
use crate::moved::SealedPart;
use crate::place::FileError;
use crate::seals::{Segment, damage, walk};
use crate::sidecar::Sidecar;

/// So many keys, the last ones, are tried for one checkpoint.
const CHECKPOINT_STATES_MAX: usize = 16;
/// So many changes of the key are looked at; nobody has more: it is one a week for twenty years.
pub(super) const KEY_CHANGES_MAX: usize = 1000;

/// The bytes of the log that one file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Its name, as the place has it.
    pub(crate) file: String,
    /// Which byte of the log is its first.
    pub(crate) begin: u64,
    /// Which byte of the log is behind its last sealed one.
    pub(crate) end: u64,
    /// How many lines of the log are sealed behind its last one.
    pub(crate) lines: u64,
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
    /// The last seal that added something.
    pub(crate) last: Option<Segment>,
    /// The last file has this name now, and what stands in its place has so many bytes.
    pub(crate) moved: Moved,
    /// What does not fit together.
    pub(crate) findings: Findings,
}

/// What the log's last file is called by now, and how many bytes stand in its place.
pub(crate) type Moved = Option<(FileName, u64)>;

/// What must be known of SEALS somewhere on the way.
#[derive(Default)]
struct Wanted {
    chain: Option<(u64, Option<State>)>,
    checkpoint: Option<(u64, Vec<State>)>,
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
    let before = findings.count;
    let Some(file) = sidecar.open_log(&seals_name, 0, findings)? else {
        if findings.count == before {
            let says = "the log is not sealed, or its seals are gone";
            findings.add(Finding::new(Kind::Missing, seals_name).says(says));
        }
        return Ok(None);
    };
    let checkpoint = read_note(sidecar, "checkpoint", &checkpoint_name, findings)?
        .and_then(|note| body(&note, &checkpoint_name, findings, Checkpoint::parse).map(|body| (note, body)));
    let chain = read_note(sidecar, "chain", &chain_name, findings)?
        .and_then(|note| body(&note, &chain_name, findings, Chain::parse).map(|body| (note, body)));
    let mut wanted = Wanted {
        chain: chain.as_ref().map(|(_, chain)| (chain.records(), None)),
        checkpoint: checkpoint.as_ref().map(|(_, checkpoint)| (checkpoint.size(), Vec::new())),
        guard: pins.iter().find_map(|pin| pin.seals.map(|(records, _)| (records, None))),
    };
    let mut story = Story::default();
    let walked = walk(&*file, |record, state, _| {
        wanted.look(state);
        story.take(record, state);
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
    let (extents, moved) = story.extents(sidecar, &state)?;
    let mut claims = Claims {
        extents,
        signed_records: 0,
        signed_lines: 0,
        last: story.last,
        moved,
        findings: Findings::default(),
        state,
    };
    for state in story.key_changes {
        if let Some(finding) = sidecar.key_change_fault(&state)? {
            claims.findings.add(finding);
        }
    }
    if let Some(line) = story.not_looked_at {
        let says = format!(
            "the key changes more than {KEY_CHANGES_MAX} times: this change and all behind it were not looked at"
        );
        claims.findings.add(Finding::new(Kind::Malformed, &seals_name).line(line).says(says));
    }
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
        if let Some((size, at)) = &mut self.checkpoint
            && state.lines == *size
            && at.last().is_none_or(|last| !last.signers().eq(state.signers()))
        {
            if at.len() == CHECKPOINT_STATES_MAX {
                at.remove(0);
            }
            at.push(state.clone());
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

/// What SEALS tells beside its sums.
#[derive(Default)]
struct Story {
    /// The files that were closed, with the lines and bytes of the log behind each.
    closed: Vec<(FileName, u64, u64)>,
    /// What SEALS says behind each change of the key, and in which line of it stands the first that is not looked at.
    key_changes: Vec<State>,
    not_looked_at: Option<u64>,
    last: Option<Segment>,
    lines: u64,
    bytes: u64,
}

impl Story {
    fn take(&mut self, record: &Record, state: &State) {
        match record {
            Record::Rotation(rotation) => {
                self.closed.push((rotation.closed.clone(), state.lines, rotation.bytes));
            }
            Record::KeyChange(_) if self.key_changes.len() < KEY_CHANGES_MAX => {
                self.key_changes.push(state.clone());
            }
            Record::KeyChange(_) => _ = self.not_looked_at.get_or_insert(state.records),
            Record::Genesis(_) => {}
            Record::Seal(seal) => {
                let (lines, bytes) = (self.lines, self.bytes);
                if seal.bytes != bytes {
                    self.last = Some(Segment { lines, bytes, seal: seal.clone(), follows: true });
                }
                (self.lines, self.bytes) = (seal.lines, seal.bytes);
            }
        }
    }

    /// Where the bytes are. A file that was renamed since is found by what it holds.
    fn extents(&self, sidecar: &Sidecar<'_>, state: &State) -> Result<(Vec<Extent>, Moved), FileError> {
        let mut begin = 0;
        let mut extents: Vec<Extent> = Vec::new();
        for (file, lines, end) in &self.closed {
            // Of damaged SEALS the sums may go down.
            let end = begin.max(*end);
            extents.push(Extent { file: sidecar.beside(file), begin, end, lines: *lines });
            begin = end;
        }
        let current = state.file.as_ref().map_or_else(|| sidecar.log.clone(), |file| sidecar.beside(file));
        let begin = state.file_begin.max(begin);
        let (end, lines) = (state.bytes.max(begin), state.lines);
        let mut last = Extent { file: current, begin, end, lines };
        let mut moved = None;
        let part = SealedPart::new(state, self.last.as_ref());
        if part.len > 0 && !part.is_in(sidecar, &last.file)? {
            let known: Vec<String> = self.closed.iter().map(|(file, ..)| file.to_string()).collect();
            if let [found] = part.found(sidecar, &known)?.as_slice() {
                let size = match sidecar.place.open(&last.file) {
                    Ok(Some(file)) => file.size().map_err(|error| sidecar.error(&last.file, error))?,
                    Ok(None) | Err(_) => 0,
                };
                last.file = sidecar.beside(found);
                moved = Some((found.clone(), size));
            }
        }
        extents.push(last);
        Ok((extents, moved))
    }
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
        at: Option<(u64, Vec<State>)>,
    ) {
        let (Some((note, checkpoint)), Some((size, at))) = (note, at) else { return };
        // It may be older than SEALS, and then signed by whoever signed at that time.
        let is_signed = |state: &&State| state.signers().all(|key| note.verify(key).is_ok());
        let state = at.iter().find(is_signed);
        if state.is_none() {
            let signers: Vec<Vkey> = at.last().unwrap_or(&self.state).signers().cloned().collect();
            if !self.signed(name, &note, signers.iter()) {
                return;
            }
        }
        let root = state.map(|state| state.root);
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
