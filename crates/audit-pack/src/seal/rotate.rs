//! Files that were closed: somebody gave the log another name, and it goes on in a new file under the old one.
//!
//! The closed file is sealed to its end before the record is made that the log goes on elsewhere. What cannot be decided
//! from what is there, a person decides: `audit-pack rotate`.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::time::Duration;

use holdfast::sys::Stat;
use tlog::FileName;
use tlog::seals::{Record, Seal, State};

use super::{Growth, SealError, Sealed, Sealer, sidecar};
use crate::finding::{Finding, Findings, Kind};
use crate::guard::{self, Guard};
use crate::moved::{SealedPart, relatives};
use crate::place::{FileError, stat_of};
use crate::seals::{SealsReader, Segment, segment_at};

/// Whoever has a renamed file open still writes into it for so long.
const QUIET: Duration = Duration::from_mins(1);

/// Why the lines of the log's file are not sealed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// The log was renamed, and nothing stands in the new file.
    ForLine(FileName),
    /// The renamed file was written a moment ago.
    ForQuiet(FileName),
    /// The renamed file does not end in LF: nothing can be sealed of its last bytes.
    Torn { file: FileName, bytes: u64 },
    /// The renamed file's name goes to another file at the next rotation.
    Numbered(FileName),
    /// Files that may have been the log meanwhile.
    Others(Vec<String>),
}

impl Waits {
    /// Time does not help: somebody must do something.
    pub(crate) fn needs_person(&self) -> bool {
        !matches!(self, Self::ForLine(_) | Self::ForQuiet(_))
    }

    /// In a word, for machines.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::ForLine(_) => "line",
            Self::ForQuiet(_) => "quiet",
            Self::Torn { .. } => "torn",
            Self::Numbered(_) => "numbered",
            Self::Others(_) => "others",
        }
    }

    /// What is the matter, and what to do about it.
    pub(crate) fn story<'s>(&'s self, log: &'s str) -> impl fmt::Display + 's {
        fmt::from_fn(move |f| match self {
            Self::ForLine(file) => {
                write!(f, "it is {file} now, and goes on in a new file when a line stands there")
            }
            Self::ForQuiet(file) => {
                let quiet_s = QUIET.as_secs();
                write!(
                    f,
                    "it is {file} now, and goes on in the new file when {file} was not written for {quiet_s} s"
                )
            }
            Self::Torn { file, bytes } => write!(
                f,
                "it was renamed to {file}, which ends with {bytes} bytes of a torn line: they cannot be sealed, and \
                 nothing after them\n  end that line, and it is sealed as it is: echo >> {file}"
            ),
            Self::Numbered(file) => write!(
                f,
                "it was renamed to {file}, a name that the next rotation gives to another file\n  give that file a name \
                 that stays, and have the rotation do so (logrotate: dateext)"
            ),
            Self::Others(files) => write!(
                f,
                "{} may have been the log before what stands there now, which is not sealed yet\n  name those that were, \
                 the oldest first: audit-pack rotate {log} --closed FILE; and move away what never was",
                files.join(", ")
            ),
        })
    }
}

impl Sealer<'_> {
    /// The names that the log's file has been given since it was signed last, oldest first. What is signed must stand in
    /// one of them, or still in the log.
    pub(super) fn closed_since(&self, signed: &Guard) -> Result<VecDeque<FileName>, SealError> {
        let folder = self.folder();
        let sidecar = sidecar(&folder, self.log);
        let last = self.last_segment(signed.seals_len)?;
        let part = SealedPart::new(&signed.state, last.as_ref());
        let told = self.told(&signed.state, |name| part.is_in(&sidecar, name))?;
        if !told.is_empty() {
            return Ok(told);
        }
        let name = self.current(&signed.state);
        let here = self.stat(&name)?;
        let is_same = signed.file_id.map(|id| here.is_some_and(|stat| stat.id == id));
        if part.len == 0 {
            return if is_same == Some(false) { self.with_id(signed) } else { Ok(VecDeque::new()) };
        }
        if part.is_in(&sidecar, &name)? {
            return Ok(VecDeque::new());
        }
        let found = part.found(&sidecar, &self.known(&signed.state)?)?;
        match found.as_slice() {
            [file] if is_same != Some(true) => Ok(VecDeque::from([file.clone()])),
            [_, _, ..] if is_same != Some(true) => {
                Err(SealError::Moved { log: self.log.path().display().to_string(), files: join(&found) })
            }
            _ => Err(self.gone(signed, last.as_ref(), &found)?),
        }
    }

    /// What is sealed does not stand in the log any more. A log that was cut to nothing and has grown beyond its old size
    /// would else be sealed from somewhere in its middle on.
    fn gone(
        &self,
        signed: &Guard,
        last: Option<&Segment>,
        found: &[FileName],
    ) -> Result<SealError, SealError> {
        let name = self.current(&signed.state);
        let mut finding = match self.unsealed(&signed.state, &name) {
            Err(SealError::Changed(Findings { listed, .. })) => listed.into_iter().next(),
            Err(error) => return Err(error),
            Ok(_) => None,
        }
        .unwrap_or_else(|| Finding::new(Kind::Edited, name));
        if let (Some(Segment { lines, bytes, seal, .. }), true) = (last, finding.detail.is_empty()) {
            let begin = bytes.saturating_sub(signed.state.file_begin);
            let says = format!("these bytes were other ones when seal {} was made", seal.n);
            finding = finding.lines(lines + 1, seal.lines).byte(begin).says(says);
        }
        if let [copy, ..] = found {
            let log = self.log.path();
            let _ = write!(
                finding.detail,
                ".\nAll that is sealed stands in {copy}. Where the log was copied and cut, as logrotate does with \
                 copytruncate, lines that were written meanwhile may be lost: let it rename instead.\n\
                 To go on: audit-pack rotate {} --closed {copy}",
                log.display()
            );
        }
        Ok(SealError::changed(finding))
    }

    /// The files that somebody has named, without those that are closed already.
    fn told(
        &self,
        state: &State,
        holds: impl Fn(&str) -> Result<bool, FileError>,
    ) -> Result<VecDeque<FileName>, SealError> {
        if self.closed.is_empty() {
            // Of a log that was ever rotated the next line reads all of SEALS.
            return Ok(VecDeque::new());
        }
        let known = self.known(state)?;
        let told: VecDeque<FileName> =
            self.closed.iter().filter(|name| !known.contains(&name.to_string())).cloned().collect();
        for name in &told {
            if self.stat(name.as_str())?.is_none() {
                return Err(SealError::NotClosed { file: name.to_string(), fact: "is not there" });
            }
        }
        match told.front() {
            Some(first) if !holds(first.as_str())? => Err(SealError::NotClosed {
                file: first.to_string(),
                fact: "does not hold what is sealed of the log",
            }),
            _ => Ok(told),
        }
    }

    /// Nothing is sealed of the file that was there: only the system's number of it tells which one it is now.
    fn with_id(&self, signed: &Guard) -> Result<VecDeque<FileName>, SealError> {
        let folder = self.folder();
        let names = relatives(&sidecar(&folder, self.log), &self.known(&signed.state)?)?;
        let mut same = VecDeque::new();
        for name in names {
            if self.stat(&name)?.map(|stat| stat.id) == signed.file_id {
                same.extend(FileName::new(&name).ok());
            }
        }
        Ok(same)
    }

    fn last_segment(&self, seals_len: u64) -> Result<Option<Segment>, SealError> {
        Ok(segment_at(&*self.seals()?, seals_len.saturating_sub(1))
            .map_err(|error| self.seals_error(error))?)
    }

    /// The file whose first lines a sealer that was killed has sealed by this seal, if it is another one than was
    /// thought.
    pub(super) fn renamed_since(&self, growth: &Growth, seal: &Seal) -> Result<Option<FileName>, SealError> {
        let folder = self.folder();
        let (sidecar, state) = (sidecar(&folder, self.log), &growth.state);
        let (lines, bytes) = (state.lines, state.bytes);
        let segment = Segment { lines, bytes, seal: seal.clone(), follows: true };
        let part = SealedPart::new(&State { bytes: seal.bytes, ..state.clone() }, Some(&segment));
        if part.is_in(&sidecar, &self.file(growth))? {
            return Ok(None);
        }
        Ok(match part.found(&sidecar, &self.known(state)?)?.as_slice() {
            [file] => Some(file.clone()),
            _ => None,
        })
    }

    /// Another file stands under the log's own name than when it was sealed.
    pub(super) fn was_renamed(&self, growth: &Growth) -> Result<bool, SealError> {
        let path = self.log.dir.join(self.current(&growth.state));
        Ok(growth.closed.is_empty() && guard::id_of(self.sys.store, &path)? != growth.id)
    }

    /// The names of the files that are closed.
    fn known(&self, state: &State) -> Result<Vec<String>, SealError> {
        let mut extents = self.extents(state, "")?;
        extents.pop();
        Ok(extents.into_iter().map(|extent| extent.file).collect())
    }

    fn stat(&self, name: &str) -> Result<Option<Stat>, FileError> {
        stat_of(self.sys.store, &self.log.dir.join(name))
    }

    /// Seals what stands in the log's file and, where that was renamed, goes on in the new one when that is due.
    pub(super) fn go_on(&self, growth: &mut Growth, sealed: &mut Sealed) -> Result<(), SealError> {
        sealed.waits = self.waits_before(growth)?;
        if sealed.waits.is_some() {
            return Ok(());
        }
        self.add_new(growth, sealed)?;
        while let Some(closed) = growth.closed.front().cloned() {
            sealed.waits = self.waits_behind(growth, &closed, sealed.tail)?;
            if sealed.waits.is_some() {
                return Ok(());
            }
            // Or a power loss undoes what the record says was done.
            let path = self.log.dir.join(closed.as_str());
            self.sys.store.sync(&path).map_err(FileError::at(&path))?;
            let new = FileName::new(&self.current(&growth.state));
            let new = new.map_err(|error| SealError::Own(error.to_string()))?;
            let record = growth.state.rotation(self.now_ms(), closed.clone(), new);
            self.append(growth, &[record])?;
            growth.closed.pop_front();
            sealed.closed.push(closed);
            sealed.from = (0, growth.state.lines);
            self.add_new(growth, sealed)?;
        }
        Ok(())
    }

    /// Nothing is sealed of the log's file, or somebody says what it was: another one may have been the log since the
    /// last seal, and was renamed before anything of it was sealed.
    fn waits_before(&self, growth: &Growth) -> Result<Option<Waits>, SealError> {
        let state = &growth.state;
        let is_new = state.bytes == state.file_begin;
        if self.closed.is_empty() && !is_new
            || self.stat(&self.file(growth))?.is_none_or(|stat| stat.len == 0)
        {
            return Ok(None);
        }
        self.others(growth, growth.closed.front())
    }

    fn waits_behind(
        &self,
        growth: &Growth,
        closed: &FileName,
        tail: u64,
    ) -> Result<Option<Waits>, SealError> {
        let torn = (tail > 0).then(|| Waits::Torn { file: closed.clone(), bytes: tail });
        let (old, new) = (self.stat(closed.as_str())?, self.stat(&self.current(&growth.state))?);
        let Some(old) = old.filter(|_| self.closed.is_empty()) else { return Ok(torn) };
        if new.is_none_or(|new| new.len == 0) {
            return Ok(Some(Waits::ForLine(closed.clone())));
        }
        let now = std::time::UNIX_EPOCH + Duration::from_millis(self.now_ms());
        if now.duration_since(old.modified).is_ok_and(|age| age < QUIET) {
            return Ok(Some(Waits::ForQuiet(closed.clone())));
        }
        let number = closed.as_str().rsplit('.').next().unwrap_or_default();
        if number.len() <= 4 && number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Some(Waits::Numbered(closed.clone())));
        }
        Ok(self.others(growth, Some(closed))?.or(torn))
    }

    /// Files with a name like the log's that nobody knows, and that were written since the log was begun.
    fn others(&self, growth: &Growth, closed: Option<&FileName>) -> Result<Option<Waits>, SealError> {
        let mut known = self.known(&growth.state)?;
        known.extend(closed.into_iter().chain(self.closed).map(ToString::to_string));
        let folder = self.folder();
        let since = std::time::UNIX_EPOCH + Duration::from_millis(self.begun_ms()?);
        let mut others = Vec::new();
        for name in relatives(&sidecar(&folder, self.log), &known)? {
            if self.stat(&name)?.is_some_and(|stat| stat.modified >= since) {
                others.push(name);
            }
        }
        if others.is_empty() {
            return Ok(None);
        }
        let all = closed.map(ToString::to_string).into_iter().chain(others);
        Ok(Some(Waits::Others(all.collect())))
    }

    /// When the log was begun, as its first record says.
    fn begun_ms(&self) -> Result<u64, SealError> {
        let seals = self.seals()?;
        let line = SealsReader::new(&*seals, 0).line().map_err(|error| self.seals_error(error))?;
        Ok(match line.as_deref().map(Record::parse) {
            Some(Ok(Record::Genesis(genesis))) => genesis.time_ms,
            _ => 0,
        })
    }
}

fn join(names: &[FileName]) -> String {
    names.iter().map(FileName::as_str).collect::<Vec<_>>().join(", ")
}
