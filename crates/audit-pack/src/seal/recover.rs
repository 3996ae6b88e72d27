//! Where the sealer goes on from: behind what was signed last, whatever a crash left behind.

use holdfast::sys::{ReadAt, ReadError};
use tlog::seals::{Record, Rotation, SEALS_LINE_MAX, Seal, State, Walk};
use tlog::tile::Builder;
use tlog::{Chain, FileName, Hash, Tile, Vkey};

use super::tiles::TileWriter;
use super::{Growth, Lint, SealError, Sealer, same_key, sidecar};
use crate::finding::{Finding, Kind};
use crate::guard::{self, Guard};
use crate::place::FileError;
use crate::seals::{SealsReader, damage, walk};

/// Without the key's memory nothing counts that it has not signed.
fn unsigned(file: &str, fact: &str) -> SealError {
    let says = format!("{fact}; and nothing beside the key says what it signed last");
    SealError::changed(Finding::new(Kind::Unsigned, file).says(says))
}

/// The bytes of the log that one file holds.
pub(super) struct Extent {
    pub(super) file: String,
    pub(super) begin: u64,
    pub(super) end: u64,
}

impl Sealer<'_> {
    /// What this key signed last of this log.
    pub(super) fn last_signed(&self, vkey: &Vkey) -> Result<Guard, SealError> {
        let guard = Guard::read(self.sys.store, &self.guard)?;
        let seals = match self.sys.store.open(&self.log.in_sidecar("SEALS")) {
            Ok(seals) => seals,
            Err(ReadError::Missing) => {
                return Err(match guard {
                    None => SealError::NoSidecar { log: self.log.path().display().to_string() },
                    Some(guard) => {
                        let says = format!("this key has signed {} lines of this log", guard.state.lines);
                        SealError::changed(Finding::new(Kind::Missing, "SEALS").says(says))
                    }
                });
            }
            Err(error) => return Err(self.seals_error(error).into()),
        };
        let guard = match guard {
            Some(guard) => {
                self.still_there(&guard, &*seals)?;
                if !self.notes_are_whole(&guard.state, vkey)? {
                    // Whoever wrote it may have died before it was durable, and SEALS would go on from what a power loss
                    // takes away.
                    self.sys.store.sync(&self.guard).map_err(FileError::at(&self.guard))?;
                }
                guard
            }
            None => self.first_sight(&*seals, vkey)?,
        };
        same_key(&guard.state, vkey)?;
        Ok(guard)
    }

    pub(super) fn seals_error(&self, error: impl Into<ReadError>) -> FileError {
        FileError::new(self.log.in_sidecar("SEALS").display().to_string(), error)
    }

    pub(super) fn seals(&self) -> Result<Box<dyn ReadAt>, FileError> {
        let seals = self.sys.store.open(&self.log.in_sidecar("SEALS"));
        seals.map_err(|error| self.seals_error(error))
    }

    /// SEALS has the line that was signed last, where it was. By the hashes in each line all before it are the same, too.
    fn still_there(&self, guard: &Guard, seals: &dyn ReadAt) -> Result<(), SealError> {
        let size = seals.size().map_err(|error| self.seals_error(error))?;
        if size < guard.seals_len {
            let says = format!("{} lines of it were signed, and it is shorter", guard.state.records);
            return Err(SealError::changed(Finding::new(Kind::RolledBack, "SEALS").byte(size).says(says)));
        }
        let len = guard.seals_len.min(SEALS_LINE_MAX as u64);
        let mut end = vec![0; len as usize];
        let read = seals.read_at(guard.seals_len - len, &mut end).map_err(|error| self.seals_error(error))?;
        let line = end[..read].split_inclusive(|byte| *byte == b'\n').next_back().unwrap_or_default();
        if Hash::of(line) == guard.state.head {
            return Ok(());
        }
        let finding = Finding::new(Kind::Edited, "SEALS").line(guard.state.records);
        Err(SealError::changed(finding.says("this line was signed with other bytes, or stood elsewhere")))
    }

    /// Nothing is remembered beside the key. Then only what the key has signed in the sidecar itself counts. Without a
    /// note nothing does, not even a log that has just begun: whoever has no key could begin one anew, under another
    /// name, and have it signed.
    fn first_sight(&self, seals: &dyn ReadAt, vkey: &Vkey) -> Result<Guard, SealError> {
        let folder = self.folder();
        let Some(note) = sidecar(&folder, self.log).note("chain")? else {
            return Err(SealError::NotBegun { log: self.log.path().display().to_string() });
        };
        let note = note.map_err(|fact| unsigned("chain", &fact))?;
        let chain = Chain::parse(note.text()).map_err(|error| unsigned("chain", &error.to_string()))?;
        let records = chain.records();
        // What SEALS says behind the line that was signed, and behind the last by which this key was given.
        let [mut at, mut changed] = [const { None::<(State, u64)> }; 2];
        let walked = walk(seals, |record, state, end| {
            if state.records == records {
                at = Some((state.clone(), end));
            }
            if matches!(record, Record::KeyChange(change) if change.key == *vkey) {
                changed = Some((state.clone(), end));
            }
        });
        let walked = walked.map_err(|error| self.seals_error(error))?;
        if let Some(finding) = damage("SEALS", &walked, None).into_iter().next() {
            return Err(SealError::changed(finding));
        }
        let (state, seals_len) = at.ok_or_else(|| {
            let says = format!("{records} lines of it were signed, and it has fewer");
            SealError::changed(Finding::new(Kind::RolledBack, "SEALS").says(says))
        })?;
        if let Some((changed, seals_len)) = changed.filter(|(changed, _)| changed.records > records) {
            // It was given this key, and the change was interrupted before this key signed anything else.
            self.agreed(&changed)?;
            return Ok(Guard { state: changed, seals_len, file_id: None });
        }
        // Before the signature is looked at: whoever names the wrong key has not found a changed log.
        same_key(&state, vkey)?;
        note.verify(vkey).map_err(|error| unsigned("chain", &error.to_string()))?;
        if chain != state.chain() {
            return Err(unsigned("SEALS", &format!("its line {records} is not the one that was signed")));
        }
        Ok(Guard { state, seals_len, file_id: None })
    }

    /// Both keys have signed that the key changes, behind which SEALS says this.
    fn agreed(&self, state: &State) -> Result<(), SealError> {
        let folder = self.folder();
        let fault = sidecar(&folder, self.log).key_change_fault(state)?;
        fault.map_or(Ok(()), |finding| Err(SealError::changed(finding)))
    }

    /// The tree as it was signed last, and what a crash left unsigned behind it, hashed again.
    pub(super) fn resume(&self, signed: Guard) -> Result<Growth, SealError> {
        let folder = self.folder();
        let state = signed.state.clone();
        let id = guard::id_of(self.sys.store, &self.log.dir.join(self.current(&state)))?;
        let closed = self.closed_since(&signed)?;
        let mut writer = TileWriter::new(self.sys.store, &self.log.sidecar());
        let loaded = Builder::load(&sidecar(&folder, self.log), state.lines, state.root);
        let (builder, mended) = if let Ok(builder) = loaded {
            (builder, 0)
        } else {
            let file = closed.front().map_or_else(|| self.current(&state), ToString::to_string);
            self.rebuild(&state, &file)?
        };
        let mut growth = Growth { state, seals_len: signed.seals_len, builder, closed, id, signed, mended };
        self.catch_up(&mut growth, &mut writer)?;
        for (tile, hashes) in growth.builder.partials() {
            if growth.state.lines != growth.signed.state.lines {
                writer.put(tile, hashes)?;
            }
        }
        writer.flush()?;
        Ok(growth)
    }

    /// Seals that were written and not signed: each must be what the log's bytes say.
    fn catch_up(&self, growth: &mut Growth, writer: &mut TileWriter<'_>) -> Result<(), SealError> {
        let path = self.log.in_sidecar("SEALS");
        let seals = self.seals()?;
        let mut reader = SealsReader::new(&*seals, growth.seals_len);
        let mut walk = Walk::resume(growth.state.clone());
        while let Some(line) = reader.line().map_err(|error| self.seals_error(error))? {
            let number = growth.state.records + 1;
            let unfit = |says: String| {
                let finding = Finding::new(Kind::Edited, "SEALS").line(number);
                SealError::changed(finding.says(format!("{says}; the line was never signed")))
            };
            let before = growth.state.clone();
            let record = walk.step(&line).map_err(|error| unfit(error.fault.to_string()))?;
            let state = walk.state().cloned().unwrap_or_else(|| before.clone());
            // Nobody without the key can name a new key, or another file, and have it signed here.
            match &record {
                Record::Genesis(_) => return Err(unfit("it is a second beginning".to_owned())),
                Record::Seal(seal) if seal.bytes == before.bytes => {}
                Record::Seal(seal) => {
                    if let Some(says) = self.follow(growth, seal, writer)? {
                        return Err(unfit(says));
                    }
                }
                Record::KeyChange(_) => self.agreed(&state)?,
                Record::Rotation(Rotation { closed, new, .. }) => {
                    if growth.closed.front() != Some(closed) || new.as_str() != self.current(&before) {
                        return Err(unfit(format!("no file was closed here, and it says that {closed} was")));
                    }
                    growth.closed.pop_front();
                }
            }
            growth.state = state;
            growth.seals_len = reader.offset();
        }
        if growth.seals_len > growth.signed.seals_len {
            // Whoever wrote them may have died before they were durable: a power loss after the signature would look
            // as if somebody had rolled SEALS back.
            self.sys.store.sync(&path).map_err(FileError::at(&path))?;
        }
        if seals.size().map_err(|error| self.seals_error(error))? > growth.seals_len {
            // A write that was not finished is no record.
            self.sys.store.truncate(&path, growth.seals_len).map_err(FileError::at(&path))?;
        }
        Ok(())
    }

    /// Adds the lines of a seal that was never signed to the tree; what speaks against it.
    fn follow(
        &self,
        growth: &mut Growth,
        seal: &Seal,
        writer: &mut TileWriter<'_>,
    ) -> Result<Option<String>, SealError> {
        if growth.state.bytes == growth.state.file_begin
            && let Some(file) = self.renamed_since(growth, seal)?
        {
            growth.closed.push_front(file);
        }
        let state = &growth.state;
        let (begin, end) = (state.bytes - state.file_begin, seal.bytes - state.file_begin);
        let name = self.file(growth);
        let file = match self.unsealed(state, &name)? {
            Some((file, _, size)) if size >= end => file,
            _ => return Ok(Some("the log does not have these bytes".to_owned())),
        };
        let nothing = Lint(0, |_: &[u8], _| ());
        let put = |tile, hashes: &[Hash]| writer.put(tile, hashes);
        let seg = self.grow(&mut growth.builder, &*file, begin..end, put, nothing)?;
        let found = (growth.builder.size(), growth.builder.root(), seg);
        let fits = found == (seal.lines, seal.root, seal.seg);
        Ok((!fits).then(|| "it is not what the log's bytes say".to_owned()))
    }

    /// Makes anew from the log what tiles are missing or damaged; how many. The log must still have the root that was
    /// signed. Where it has not, they stay as they are: by them a check tells what happened to the log.
    pub(super) fn rebuild(&self, state: &State, file: &str) -> Result<(Builder, u64), SealError> {
        let builder = self.tree(state, file, |_, _| Ok(()))?;
        if (builder.size(), builder.root()) != (state.lines, state.root) {
            let says = "the tiles are damaged, and the log has not the root any more that was signed";
            return Err(SealError::changed(Finding::new(Kind::Edited, self.log.name.clone()).says(says)));
        }
        let folder = self.folder();
        let (stored, mut made) = (sidecar(&folder, self.log), 0);
        let mut writer = TileWriter::new(self.sys.store, &self.log.sidecar());
        let mut put = |tile: Tile, hashes: &[Hash]| {
            if stored.has_tile(tile, hashes) {
                return Ok(());
            }
            made += 1;
            writer.put(tile, hashes)
        };
        self.tree(state, file, &mut put)?;
        builder.partials().try_for_each(|(tile, hashes)| put(tile, hashes))?;
        writer.flush()?;
        Ok((builder, made))
    }

    /// The tree over the log's lines up to this state; `full` gets each tile that becomes full.
    fn tree(
        &self,
        state: &State,
        file: &str,
        mut full: impl FnMut(Tile, &[Hash]) -> Result<(), FileError>,
    ) -> Result<Builder, SealError> {
        let mut builder = Builder::new();
        for extent in self.extents(state, file)? {
            let path = self.log.dir.join(&extent.file);
            let file = self.sys.store.open(&path);
            let file = file.map_err(|error| FileError::new(path.display().to_string(), error))?;
            let size = file.size().map_err(FileError::at(&path))?;
            let range = 0..(extent.end - extent.begin).min(size);
            self.grow(&mut builder, &*file, range, &mut full, Lint(0, |_: &[u8], _| ()))?;
        }
        Ok(builder)
    }

    /// Which file holds which bytes of the log; the last one is named.
    pub(super) fn extents(&self, state: &State, file: &str) -> Result<Vec<Extent>, SealError> {
        let mut extents = Vec::new();
        if state.file.is_some() {
            let seals = self.seals()?;
            let mut begin = 0;
            let walked = walk(&*seals, |record, now, _| {
                if let Record::Rotation(rotation) = record
                    && now.records <= state.records
                {
                    let closed: &FileName = &rotation.closed;
                    extents.push(Extent { file: closed.to_string(), begin, end: rotation.bytes });
                    begin = rotation.bytes;
                }
            });
            walked.map_err(|error| self.seals_error(error))?;
        }
        extents.push(Extent { file: file.to_owned(), begin: state.file_begin, end: state.bytes });
        Ok(extents)
    }
}
