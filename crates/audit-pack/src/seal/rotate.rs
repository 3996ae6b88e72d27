//! Files that were closed: somebody gave the log another name, and it goes on in a new file under the old one.
//!
//! The closed file is sealed to its end before the record is made that the log goes on elsewhere. What cannot be decided
//! from what is there, a person decides: `audit-pack rotate`.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use holdfast::sys::Stat;
use tlog::FileName;
use tlog::seals::State;

use super::{Growth, SealError, Sealed, Sealer, sidecar};
use crate::finding::{Finding, Kind};
use crate::guard::Guard;
use crate::moved::{SealedPart, relatives};
use crate::place::FileError;
use crate::seals::{Segment, segment_at};

/// Whoever has a renamed file open still writes into it for so long.
const QUIET: Duration = Duration::from_mins(1);

/// Why the log does not go on in its new file yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// Nothing stands in the new file.
    ForLine,
    /// The renamed file was written a moment ago.
    ForQuiet,
    /// The renamed file does not end in LF: nothing can be sealed of its last bytes.
    Torn { bytes: u64 },
    /// Its name goes to another file at the next rotation.
    Numbered,
    /// Files that may have been the log meanwhile.
    Others(Vec<String>),
}

impl Waits {
    /// Time does not help: somebody must do something.
    pub(crate) fn needs_person(&self) -> bool {
        matches!(self, Self::Torn { .. } | Self::Numbered | Self::Others(_))
    }

    /// In a word, for machines.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::ForLine => "line",
            Self::ForQuiet => "quiet",
            Self::Torn { .. } => "torn",
            Self::Numbered => "numbered",
            Self::Others(_) => "others",
        }
    }

    /// What is the matter with `closed`, and what to do about it.
    pub(crate) fn story<'s>(&'s self, log: &'s str, closed: &'s FileName) -> impl fmt::Display + 's {
        fmt::from_fn(move |f| match self {
            Self::ForLine => write!(f, "goes on in the new file when a line stands there"),
            Self::ForQuiet => write!(
                f,
                "goes on in the new file when nobody has written into {closed} for {} s",
                QUIET.as_secs()
            ),
            Self::Torn { bytes } => write!(
                f,
                "{closed} ends with {bytes} bytes of a line that was torn: they cannot be sealed, and nothing after them\n  \
                 end that line, and it is sealed as it is: echo >> {closed}"
            ),
            Self::Numbered => write!(
                f,
                "was renamed to {closed}, a name that the next rotation gives to another file\n  give that file a name \
                 that stays, and have the rotation do so (logrotate: dateext)"
            ),
            Self::Others(files) => write!(
                f,
                "was renamed to {closed}, and {} may have been the log after it\n  name them all, the oldest first: \
                 audit-pack rotate {log} --closed {closed} --closed …; or move away what is none",
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
        if !self.closed.is_empty() {
            return self.told(&signed.state, |name| part.is_in(&sidecar, name));
        }
        let name = self.current(&signed.state);
        let here = self.stat(&name);
        let is_same = signed.file_id.map(|id| here.is_some_and(|stat| stat.id == id));
        if part.len == 0 {
            return if is_same == Some(false) { self.with_id(signed) } else { Ok(VecDeque::new()) };
        }
        if part.is_in(&sidecar, &name)? {
            return Ok(VecDeque::new());
        }
        let found = part.found(&sidecar, &self.known(&signed.state)?)?;
        let is_cut = here.is_some_and(|stat| stat.len < part.len);
        match found.as_slice() {
            [copy] if is_same == Some(true) && is_cut => Err(self.copied_and_cut(&name, copy, &part, here)),
            [file] if is_same != Some(true) => Ok(VecDeque::from([file.clone()])),
            [_, _, ..] if is_same != Some(true) => {
                Err(SealError::Moved { log: self.log.path().display().to_string(), files: join(&found) })
            }
            _ => Err(self.gone(signed, last.as_ref())?),
        }
    }

    /// The bytes of the last seal are not there any more. A log that was cut to nothing and has grown beyond its old size
    /// would else be sealed from somewhere in its middle on.
    fn gone(&self, signed: &Guard, last: Option<&Segment>) -> Result<SealError, SealError> {
        let name = self.current(&signed.state);
        self.unsealed(&signed.state, &name)?;
        let finding = Finding::new(Kind::Edited, name);
        Ok(SealError::changed(match last {
            None => finding,
            Some(Segment { lines, bytes, seal, .. }) => finding
                .lines(lines + 1, seal.lines)
                .byte(bytes.saturating_sub(signed.state.file_begin))
                .says(format!("these bytes were other ones when seal {} was made", seal.n)),
        }))
    }

    fn copied_and_cut(
        &self,
        name: &str,
        copy: &FileName,
        part: &SealedPart<'_>,
        here: Option<Stat>,
    ) -> SealError {
        let (len, size, log) = (part.len, here.map_or(0, |stat| stat.len), self.log.path());
        let says = format!(
            "{len} bytes are sealed and {size} are there. All that is sealed stands in {copy}: it was copied and cut, as \
             logrotate does with copytruncate. Lines that were written meanwhile may be lost: let it rename instead.\n\
             To go on: audit-pack rotate {} --closed {copy}",
            log.display()
        );
        SealError::changed(Finding::new(Kind::Truncated, name).byte(size).says(says))
    }

    /// The files that somebody has named, without those that are closed already.
    fn told(
        &self,
        state: &State,
        holds: impl Fn(&str) -> Result<bool, FileError>,
    ) -> Result<VecDeque<FileName>, SealError> {
        let known = self.known(state)?;
        let told: VecDeque<FileName> =
            self.closed.iter().filter(|name| !known.contains(&name.to_string())).cloned().collect();
        if let Some(missing) = told.iter().find(|name| self.stat(name.as_str()).is_none()) {
            return Err(SealError::NotClosed { file: missing.to_string(), fact: "is not there" });
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
        let same = |name: &String| self.stat(name).map(|stat| stat.id) == signed.file_id;
        Ok(names.iter().filter(|name| same(name)).filter_map(|name| FileName::new(name).ok()).collect())
    }

    fn last_segment(&self, seals_len: u64) -> Result<Option<Segment>, SealError> {
        let path = self.log.in_sidecar("SEALS");
        let seals = self.sys.store.open(&path);
        let seals = seals.map_err(|error| FileError::new(path.display().to_string(), error))?;
        Ok(segment_at(&*seals, seals_len.saturating_sub(1)).map_err(FileError::at(&path))?)
    }

    /// The names of the files that are closed.
    fn known(&self, state: &State) -> Result<Vec<String>, SealError> {
        let mut extents = self.extents(state, "")?;
        extents.pop();
        Ok(extents.into_iter().map(|extent| extent.file).collect())
    }

    pub(super) fn stat(&self, name: &str) -> Option<Stat> {
        self.sys.store.stat(&self.log.dir.join(name)).ok().flatten()
    }

    /// Goes on in the new file where that is due, and seals what stands there.
    pub(super) fn go_on(&self, growth: &mut Growth, sealed: &mut Sealed) -> Result<(), SealError> {
        while let Some(closed) = growth.closed.front().cloned() {
            if let Some(waits) = self.waits(growth, &closed, sealed.tail)? {
                sealed.waits = Some((closed, waits));
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
            self.add_new(growth, sealed)?;
        }
        Ok(())
    }

    fn waits(&self, growth: &Growth, closed: &FileName, tail: u64) -> Result<Option<Waits>, SealError> {
        let torn = (tail > 0).then_some(Waits::Torn { bytes: tail });
        let (old, new) = (self.stat(closed.as_str()), self.stat(&self.current(&growth.state)));
        let Some(old) = old.filter(|_| self.closed.is_empty()) else { return Ok(torn) };
        if new.is_none_or(|new| new.len == 0) {
            return Ok(Some(Waits::ForLine));
        }
        let now = std::time::UNIX_EPOCH + Duration::from_millis(self.now_ms());
        if now.duration_since(old.modified).is_ok_and(|age| age < QUIET) {
            return Ok(Some(Waits::ForQuiet));
        }
        let number = closed.as_str().rsplit('.').next().unwrap_or_default();
        if number.len() <= 4 && number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Some(Waits::Numbered));
        }
        let mut known = self.known(&growth.state)?;
        known.push(closed.to_string());
        let folder = self.folder();
        let mut others = relatives(&sidecar(&folder, self.log), &known)?;
        others.retain(|name| self.stat(name).is_some_and(|stat| stat.modified >= old.modified));
        Ok(if others.is_empty() { torn } else { Some(Waits::Others(others)) })
    }
}

fn join(names: &[FileName]) -> String {
    names.iter().map(FileName::as_str).collect::<Vec<_>>().join(", ")
}
