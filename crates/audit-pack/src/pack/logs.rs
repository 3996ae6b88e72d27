//! The sealed logs: each up to its last signed seal, with its sidecar.

use std::path::{Path, PathBuf};
use std::time::Duration;

use holdfast::Exit;
use holdfast::sys::{ReadAt, ReadError, Store};
use serde::Serialize;
use tlog::seals::{Record, State};
use tlog::{Chain, Checkpoint, Tile, tile};

use super::parcel::{FileFact, Parcel};
use super::secrets::Secrets;
use crate::anchored::ANCHORS;
use crate::context::Context;
use crate::finding::Findings;
use crate::log::Log;
use crate::moved::SealedPart;
use crate::place::{FileError, Folder};
use crate::seals::{segment_at, walk};
use crate::sidecar::{SUFFIX, Sidecar};

/// A sealer is waited for this long.
const PATIENCE: Duration = Duration::from_secs(10);
/// Files of other programs in the sidecar, and how deep they may lie.
const ANCHORS_MAX: usize = 50_000;
const ANCHORS_DEPTH: usize = 3;

/// A log as it stood when it was looked at.
pub(crate) struct Snapshot {
    log: Log,
    /// Where it is in the pack, and from the root.
    pub(super) path: String,
    pub(super) source: String,
    /// What was signed last.
    pub(crate) state: State,
    seals_len: u64,
    pub(crate) checkpoint: Vec<u8>,
    pub(crate) chain: Vec<u8>,
    pub(crate) partials: Vec<(Tile, Vec<u8>)>,
    files: Vec<Extent>,
}

/// Bytes of the log that one file holds: the first `len` of it.
struct Extent {
    name: String,
    /// What it is called here, where somebody renamed the log since the last seal.
    here: String,
    len: u64,
    size_before: u64,
}

/// What is told of a log.
#[derive(Clone, Debug, Serialize)]
pub(super) struct LogFact {
    pub(super) path: String,
    pub(super) origin: String,
    pub(super) lines: u64,
    pub(super) bytes: u64,
    pub(super) seals: u64,
    pub(super) records: u64,
    pub(super) sealed_ms: Option<u64>,
    pub(super) root: String,
    /// Bytes that stood behind the last seal, and are not packed.
    pub(super) unsealed_bytes: u64,
    pub(super) tiles: u64,
}

/// Why a log is not packed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("another process is sealing this log (it holds {0})\n  wait for it; where it hangs, end it")]
    Busy(String),
    #[error("it is not sealed yet\n  begin with: audit-pack init {0} --key KEY")]
    NotSealed(String),
    #[error("its sidecar is damaged: {fact}\n  see what happened: audit-pack check {log}")]
    Damaged { log: String, fact: String },
    #[error(
        "{name} stands in it, in line {line} of {file}\n  a log is never altered: change the secret, then pack with \
         --allow-secret-in-log"
    )]
    Secret { name: String, line: u64, file: String },
}

impl LogError {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::File(_) => Exit::Io,
            Self::Busy(_) => Exit::Busy,
            Self::NotSealed(_) => Exit::Unsealed,
            Self::Damaged { .. } | Self::Secret { .. } => Exit::No,
        }
    }
}

/// Looks at a log: its notes, the length of SEALS and the partial tiles belong together only while nobody seals. Nothing
/// else is read under the lock, and who appends never waits for it.
pub(crate) fn look(
    context: &Context<'_>,
    log: &Log,
    path: String,
    source: String,
) -> Result<Snapshot, LogError> {
    let (sys, shown) = (context.sys, log.path().display().to_string());
    let damaged = |fact: String| LogError::Damaged { log: shown.clone(), fact };
    if !matches!(sys.store.stat(&log.in_sidecar("SEALS")), Ok(Some(_))) {
        return Err(LogError::NotSealed(shown));
    }
    let folder = Folder { store: sys.store, dir: log.dir.clone() };
    let sidecar = Sidecar::new(&folder, log.name.clone());
    let lock = log.in_sidecar("lock");
    let held = sys.lock_within(&lock, PATIENCE).map_err(FileError::at(&lock))?;
    let Some(held) = held else { return Err(LogError::Busy(lock.display().to_string())) };
    let mut notes = Vec::new();
    for file in ["checkpoint", "chain"] {
        let note = sidecar.note(file)?.ok_or_else(|| damaged(format!("{file} is missing")))?;
        notes.push(note.map_err(|fact| damaged(format!("{file}: {fact}")))?);
    }
    let size = |name: &str| -> Result<u64, LogError> {
        // What stands in the place of a log is told when it is to be packed.
        match sidecar.open_log(name, 0, &mut Findings::default())? {
            None => Ok(0),
            Some(file) => file.size().map_err(|error| sidecar.error(name, error).into()),
        }
    };
    let seals_size = size(&sidecar.name("SEALS"))?;
    let checkpoint =
        Checkpoint::parse(notes[0].text()).map_err(|error| damaged(format!("checkpoint: {error}")))?;
    let mut partials = Vec::new();
    for tile in tile::partial_tiles(checkpoint.size()) {
        let bytes = tlog::TileSource::tile(&sidecar, tile)
            .map_err(|error| sidecar.error(&sidecar.name("tile"), error))?;
        let bytes = bytes.ok_or_else(|| damaged(format!("{tile} is missing")))?;
        partials.push((tile, bytes));
    }
    drop(held);
    let chain = Chain::parse(notes[1].text()).map_err(|error| damaged(format!("chain: {error}")))?;
    let (state, seals_len, mut files) = up_to(&sidecar, &chain, seals_size).map_err(|error| match error {
        Ok(fact) => damaged(fact),
        Err(error) => error.into(),
    })?;
    if (checkpoint.size(), checkpoint.root()) != (state.lines, state.root) {
        return Err(damaged("checkpoint and chain are not of the same seal; seal once more".to_owned()));
    }
    for file in &mut files {
        file.size_before = size(&file.here)?;
    }
    let [checkpoint, chain] = [&notes[0], &notes[1]].map(|note| note.to_string().into_bytes());
    Ok(Snapshot { log: log.clone(), path, source, state, seals_len, checkpoint, chain, partials, files })
}

/// What SEALS says up to the line that the chain note is over, how many bytes that is, and the files of the log.
fn up_to(
    sidecar: &Sidecar<'_>,
    chain: &Chain,
    size: u64,
) -> Result<(State, u64, Vec<Extent>), Result<String, FileError>> {
    let name = sidecar.name("SEALS");
    let file = sidecar.open(&name).map_err(Err)?.ok_or_else(|| Ok("SEALS is missing".to_owned()))?;
    let (mut found, mut files, mut begin) = (None, Vec::new(), 0);
    let walked = walk(&*file, |record, state, end| {
        if state.records > chain.records() || end > size {
            return;
        }
        if let Record::Rotation(rotation) = record {
            files.push(Extent {
                name: rotation.closed.to_string(),
                here: rotation.closed.to_string(),
                len: rotation.bytes.saturating_sub(begin),
                size_before: 0,
            });
            begin = rotation.bytes;
        }
        if state.records == chain.records() {
            found = Some((state.clone(), end));
        }
    });
    let walked = walked.map_err(|error| Err(sidecar.error(&name, error)))?;
    if let Some(faulty) = walked.faults.iter().find(|faulty| faulty.line <= chain.records()) {
        return Err(Ok(format!("SEALS, line {}: {}", faulty.line, faulty.fault)));
    }
    let (state, len) =
        found.ok_or_else(|| Ok(format!("SEALS has not the {} lines that were signed", chain.records())))?;
    if state.head != chain.head() {
        return Err(Ok(format!("line {} of SEALS is not the one that was signed", state.records)));
    }
    let name = state.file.as_ref().map_or_else(|| sidecar.log.clone(), ToString::to_string);
    // A log that has no line yet need not be there.
    let here = renamed(sidecar, &*file, &name, &state, len, &files).map_err(Err)?;
    files.push(Extent { name, here, len: state.bytes.saturating_sub(state.file_begin), size_before: 0 });
    Ok((state, len, files))
}

/// What the last file is called here.
fn renamed(
    sidecar: &Sidecar<'_>,
    seals: &dyn ReadAt,
    name: &str,
    state: &State,
    seals_len: u64,
    closed: &[Extent],
) -> Result<String, FileError> {
    let last = segment_at(seals, seals_len.saturating_sub(1))
        .map_err(|error| sidecar.error(&sidecar.name("SEALS"), error))?;
    let part = SealedPart::new(state, last.as_ref());
    if part.len > 0 && !part.is_in(sidecar, name)? {
        let known: Vec<String> = closed.iter().map(|extent| extent.name.clone()).collect();
        if let [found] = part.found(sidecar, &known)?.as_slice() {
            return Ok(found.to_string());
        }
    }
    Ok(name.to_owned())
}

impl Snapshot {
    /// Packs the log; the fact of it. Every byte is read once before that, for secrets and for its size afterwards.
    pub(super) fn pack(
        &self,
        store: &(dyn Store + Sync),
        secrets: &Secrets,
        allow_secret: bool,
        parcel: &mut Parcel<'_>,
    ) -> Result<LogFact, LogError> {
        let (above, _) = self.path.rsplit_once('/').unwrap_or_default();
        let (source_above, _) = self.source.rsplit_once('/').unwrap_or_default();
        let mut unsealed = 0;
        for extent in &self.files {
            let from = self.log.dir.join(&extent.here);
            let source = join(source_above, &extent.here);
            let failed = |error: ReadError| FileError::new(from.display().to_string(), error);
            let file = match store.open(&from) {
                Ok(file) => file,
                Err(ReadError::Missing) if extent.len == 0 => continue,
                Err(ReadError::Missing) => {
                    parcel.without(&source, format!("is missing: {} sealed bytes stood in it", extent.len));
                    continue;
                }
                Err(error) => match error.stands_instead() {
                    Some(what) => {
                        let sealed = extent.len;
                        parcel.without(&source, format!("is {what}: {sealed} sealed bytes stood in it"));
                        continue;
                    }
                    None => return Err(failed(error).into()),
                },
            };
            let size = file.size().map_err(|error| failed(error.into()))?;
            let len = extent.len.min(size);
            if len < extent.len {
                parcel.without(
                    &source,
                    format!("{} sealed bytes stood in it, and {len} are there", extent.len),
                );
            }
            search(&*file, len, &source, secrets, allow_secret)
                .map_err(|error| error.unwrap_or_else(|error| failed(error.into()).into()))?;
            let after = file.size().map_err(|error| failed(error.into()))?;
            let path = join(above, &extent.name);
            let stat = store.stat(&from).ok().flatten();
            // A name that it has twice was given to two files; the other one is gone.
            if parcel.facts.iter().any(|fact| fact.path == path) {
                parcel.without(&source, "another file of this log has the same name");
                continue;
            }
            parcel.facts.push(FileFact::new(&path, &source, stat.as_ref(), extent.size_before, after));
            parcel.part(path, from.clone(), 0..len);
            unsealed = extent.size_before.saturating_sub(extent.len);
        }
        let tiles = self.pack_sidecar(store, parcel);
        let state = &self.state;
        Ok(LogFact {
            path: self.path.clone(),
            origin: state.origin.to_string(),
            lines: state.lines,
            bytes: state.bytes,
            seals: state.seals,
            records: state.records,
            sealed_ms: state.sealed_ms,
            root: state.root.to_string(),
            unsealed_bytes: unsealed,
            tiles,
        })
    }

    /// The sidecar, without what only the sealer needs; how many tiles it has.
    fn pack_sidecar(&self, store: &(dyn Store + Sync), parcel: &mut Parcel<'_>) -> u64 {
        let dir = format!("{}{SUFFIX}", self.path);
        let source = format!("{}{SUFFIX}", self.source);
        let seals = self.log.in_sidecar("SEALS");
        let stat = store.stat(&seals).ok().flatten();
        let after = stat.map_or(0, |stat| stat.len);
        let path = format!("{dir}/SEALS");
        parcel.facts.push(FileFact::new(
            &path,
            &format!("{source}/SEALS"),
            stat.as_ref(),
            self.seals_len,
            after,
        ));
        parcel.part(path, seals, 0..self.seals_len);
        parcel.exact(format!("{dir}/checkpoint"), self.checkpoint.clone());
        parcel.exact(format!("{dir}/chain"), self.chain.clone());
        let mut tiles = 0;
        for tile in tile::tiles(self.state.lines).filter(|tile| tile.is_full()) {
            let from = self.log.in_sidecar(&tile.to_string());
            let len = tile.byte_len() as u64;
            match store.stat(&from) {
                Ok(Some(stat)) if stat.len == len => {
                    parcel.part(format!("{dir}/{tile}"), from, 0..len);
                    tiles += 1;
                }
                found => {
                    let len = found.ok().flatten().map_or(0, |stat| stat.len);
                    parcel
                        .without(&format!("{source}/{tile}"), format!("has {len} bytes: no tile is so long"));
                }
            }
        }
        for (tile, bytes) in &self.partials {
            parcel.exact(format!("{dir}/{tile}"), bytes.clone());
            tiles += 1;
        }
        self.pack_others(parcel, &dir, &source, "keys", 0);
        self.pack_others(parcel, &dir, &source, ANCHORS, ANCHORS_DEPTH);
        tiles
    }

    /// An anchor of what was sealed since this was looked at.
    fn is_later(&self, below: &str, name: &str) -> bool {
        below == ANCHORS && name.parse().is_ok_and(|records: u64| records > self.state.records)
    }

    /// What is signed by others, or at other times.
    fn pack_others(&self, parcel: &mut Parcel<'_>, dir: &str, source: &str, below: &str, depth: usize) {
        let from = self.log.in_sidecar(below);
        for (name, itself) in parcel.names(&format!("{source}/{below}"), &from, ANCHORS_MAX) {
            let inner = format!("{below}/{name}");
            match itself {
                _ if name.starts_with('.') || self.is_later(below, &name) => {}
                holdfast::sys::Itself::File => {
                    let whole = format!("{source}/{inner}");
                    if let Some(taken) = parcel.take(&whole, &from.join(&name)) {
                        parcel.exact(super::parcel::safe(&format!("{dir}/{inner}")), taken.bytes);
                    }
                }
                holdfast::sys::Itself::Dir if depth > 0 => {
                    self.pack_others(parcel, dir, source, &inner, depth - 1);
                }
                _ => parcel.without(&format!("{source}/{inner}"), "is no regular file"),
            }
        }
    }
}

/// Refuses a log with a secret in it, or tells of it.
fn search(
    file: &dyn ReadAt,
    len: u64,
    source: &str,
    secrets: &Secrets,
    allow: bool,
) -> Result<(), Result<LogError, std::io::Error>> {
    match secrets.find(file, len).map_err(Err)? {
        Some(found) if allow => {
            crate::out::tell(&format_args!(
                "{source}, line {}: holds {}, and is packed all the same",
                found.line, found.name
            ));
            Ok(())
        }
        Some(found) => {
            Err(Ok(LogError::Secret { name: found.name, line: found.line, file: source.to_owned() }))
        }
        None => Ok(()),
    }
}

fn join(above: &str, name: &str) -> String {
    if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") }
}

/// Where a file is seen from the root: nothing where it is outside.
pub(super) fn from_root(root: &Path, path: &Path) -> Option<String> {
    let whole =
        |path: &Path| std::path::absolute(path).ok().map(|path| path.components().collect::<PathBuf>());
    let (root, path) = (whole(root)?, whole(path)?);
    let inner = path.strip_prefix(&root).ok()?;
    let up = inner.components().any(|part| !matches!(part, std::path::Component::Normal(_)));
    let parts: Option<Vec<&str>> = inner.components().map(|part| part.as_os_str().to_str()).collect();
    if up { None } else { parts.map(|parts| parts.join("/")) }
}
