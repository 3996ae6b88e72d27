//! `audit-pack prove`: one line of a log, for somebody who gets nothing else of it.
//!
//! The log is not read: SEALS tells the segment that has the line, and a handful of tiles the way to the root. A proof
//! is only handed out if it holds: for the bytes that stand there, under the checkpoint as it was signed.

mod locate;
mod tell;
#[cfg(test)]
mod tests;

use std::path::Path;

use bag::Bag;
use holdfast::Exit;
use holdfast::sys::{Kind as FileKind, ReadAt, Secrecy};
use tlog::proof::inclusion;
use tlog::seals::{Record, Walk};
use tlog::tile::{HashReader, Node, ReadError as TileError, TileReader};
use tlog::{Hash, Note, ProofFile, Vkey};

use crate::cli::ProveArgs;
use crate::context::Context;
use crate::log::Log;
use crate::out;
use crate::place::{FileError, Folder};
use crate::seals::SealsReader;
use crate::sidecar::{SUFFIX, Sidecar};
use crate::verify::{LOGS, VerifyError, exit_of, open};
pub(crate) use locate::{Spot, copy, covering, locate, rare};

/// A sealer may replace what was just read. It is not waited for: the proof is begun anew, so many times.
const TRIES: u32 = 10;

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
enum ProveError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0} is not sealed yet\n  begin with: audit-pack init {0} --key KEY")]
    NotSealed(String),
    #[error("{log} has {signed} signed lines, and line {line} is none of them{advice}")]
    NoLine { log: String, line: u64, signed: u64, in_pack: bool, advice: String },
    #[error("{log}: nothing was proven: {fact}\n  see what happened: audit-pack {command}")]
    Damaged { log: String, fact: String, command: String },
    #[error("{0}: {1}; nothing in it was looked at\n  see what is wrong with it: audit-pack verify {0}")]
    NoPack(String, String),
    #[error(
        "{0} is not sealed yet, and is no pack\n  name a sealed log, or a pack; to begin with it: audit-pack init {0} --key KEY"
    )]
    NeitherNor(String),
    #[error(transparent)]
    Pack(#[from] VerifyError),
    #[error("{0}")]
    Choice(String),
    #[error("{0} is there already, and nothing is overwritten\n  name another file, or remove it")]
    Exists(String),
}

impl ProveError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoLine { in_pack: true, .. } | Self::Choice(_) | Self::Exists(_) => Exit::Usage,
            Self::File(error) => exit_of(error),
            Self::Pack(error) => error.exit(),
            Self::NotSealed(_) | Self::NeitherNor(_) => Exit::Config,
            Self::NoLine { .. } => Exit::Unsealed,
            Self::Damaged { .. } => Exit::No,
            Self::NoPack(..) => Exit::Data,
        }
    }
}

/// A log of this host or of a pack.
struct Source<'a> {
    sidecar: Sidecar<'a>,
    /// How people are told of it.
    shown: String,
    /// The pack, where it is in one.
    pack: Option<&'a str>,
}

/// What holds.
struct Proven {
    file: ProofFile,
    /// The key of the log that signed, as the log itself says.
    key: Vkey,
    spot: Spot,
}

pub(crate) fn run(args: &ProveArgs, context: &Context<'_>) -> Exit {
    match work(args, context) {
        Ok(exit) => exit,
        Err(error) => {
            let advice = out::advice(error.exit(), &"prove it again");
            context.refuse(&format_args!("{error}{advice}"), error.exit())
        }
    }
}

fn work(args: &ProveArgs, context: &Context<'_>) -> Result<Exit, ProveError> {
    let store = context.sys.store;
    let outputs = [&args.output, &args.line_file];
    if args.output.is_some() && args.output == args.line_file {
        return Err(ProveError::Choice("-o and --line-file name the same file\n  name two".to_owned()));
    }
    for path in outputs.into_iter().flatten() {
        // One of them could be the log itself (**never-rewritten**).
        if store.stat(path).map_err(FileError::at(path))?.is_some() {
            return Err(ProveError::Exists(path.display().to_string()));
        }
    }
    let shown = args.log.display().to_string();
    let log = Log::new(&args.log).ok().filter(|log| !matches!(store.stat(&log.sidecar()), Ok(None)));
    if let Some(log) = log {
        if args.of_pack.is_some() {
            let what = format!("--log is for packs, and {shown} is a log itself\n  leave it out");
            return Err(ProveError::Choice(what));
        }
        let folder = Folder { store, dir: log.dir.clone() };
        let sidecar = Sidecar::new(&folder, log.name.clone());
        return deliver(args, context, &Source { sidecar, shown, pack: None });
    }
    let has_ending = args.log.extension().is_some_and(|end| end == "tar");
    let stat = store.stat(&args.log).map_err(FileError::at(&args.log))?;
    if stat.is_none() && !has_ending {
        return Err(ProveError::NotSealed(shown));
    }
    let is_meant_as_pack = has_ending || stat.is_some_and(|stat| stat.kind == FileKind::Dir);
    open::with(context, &args.log, |pack| match &pack.bag {
        Ok(bag) => deliver(args, context, &of_pack(args, bag, &shown)?),
        // What is wrong with a pack has its advice behind it, which is not for here.
        Err(fault) if is_meant_as_pack => {
            Err(ProveError::NoPack(shown.clone(), fault.lines().next().unwrap_or_default().to_owned()))
        }
        Err(_) => Err(ProveError::NeitherNor(shown.clone())),
    })?
}

/// The log of a pack that is meant.
fn of_pack<'a>(args: &ProveArgs, bag: &'a Bag<'_>, pack: &'a str) -> Result<Source<'a>, ProveError> {
    let seals = format!("{SUFFIX}/SEALS");
    let logs: Vec<&str> = bag
        .entries()
        .iter()
        .filter_map(|entry| entry.path.strip_prefix(LOGS)?.strip_suffix(&seals))
        .filter(|log| args.of_pack.as_ref().is_none_or(|name| name == log))
        .collect();
    match (&logs[..], &args.of_pack) {
        ([log], _) => {
            let sidecar = Sidecar::new(bag, format!("{LOGS}{log}"));
            Ok(Source { sidecar, shown: format!("{pack}: {log}"), pack: Some(pack) })
        }
        ([], Some(name)) => {
            let what = format!("{pack} has no log {name}\n  see which it has: audit-pack verify {pack}");
            Err(ProveError::Choice(what))
        }
        ([], None) => Err(ProveError::Choice(format!(
            "there is no sealed log in {pack}\n  see what is in it: audit-pack verify {pack}"
        ))),
        (logs, _) => Err(ProveError::Choice(format!(
            "{pack} has {} logs\n  name one of them with --log: {}",
            logs.len(),
            logs[..logs.len().min(10)].join(", ")
        ))),
    }
}

fn deliver(args: &ProveArgs, context: &Context<'_>, source: &Source<'_>) -> Result<Exit, ProveError> {
    let store = context.sys.store;
    let proven = source.prove(args.line)?;
    if let Some(path) = &args.output {
        let is_new = store.create(path, proven.file.to_string().as_bytes()).map_err(FileError::at(path))?;
        if !is_new {
            return Err(ProveError::Exists(path.display().to_string()));
        }
    }
    if let Some(path) = &args.line_file
        && let Err(error) = source.write_line(context, &proven.spot, path)
    {
        // Else a second run would find the proof there already.
        if let Some(proof) = &args.output {
            let _ = store.remove(proof);
        }
        return Err(error);
    }
    Ok(tell::tell(args, context, source, &proven))
}

impl Source<'_> {
    fn prove(&self, line: u64) -> Result<Proven, ProveError> {
        let mut tries = TRIES;
        loop {
            let note = self.sidecar.note("checkpoint")?;
            let proven = self.attempt(line, note.as_ref());
            tries -= 1;
            if proven.is_ok() || tries == 0 || self.sidecar.note("checkpoint")? == note {
                return proven;
            }
        }
    }

    fn attempt(&self, line: u64, note: Option<&Result<Note, String>>) -> Result<Proven, ProveError> {
        let seals_name = self.sidecar.name("SEALS");
        let Some(seals) = self.sidecar.open(&seals_name)? else {
            return Err(ProveError::NotSealed(self.shown.clone()));
        };
        let note = match note {
            None => return Err(self.damaged("its checkpoint is missing")),
            Some(Err(fact)) => return Err(self.damaged(format!("its checkpoint: {fact}"))),
            Some(Ok(note)) => note,
        };
        // The way is not known yet; who signed what is.
        let head = ProofFile::new(line - 1, Vec::new(), note.clone()).map_err(|error| self.damaged(error))?;
        let key = self.key(&*seals, &head)?;
        let (size, root) = (head.checkpoint().size(), head.checkpoint().root());
        if line > size {
            return Err(self.no_line(line, size));
        }
        let (leaf, hashes) = self.way(line - 1, size, root)?;
        let file = ProofFile::new(line - 1, hashes, note.clone()).map_err(|error| self.damaged(error))?;
        file.verify(leaf).map_err(|error| self.damaged(error))?;
        let spot = locate(&self.sidecar, &*seals, line, leaf)?.ok_or_else(|| {
            self.damaged(format!("line {line} is not there with the bytes that were sealed"))
        })?;
        Ok(Proven { file, key, spot })
    }

    /// The leaf, and its way to the root, from tiles that are checked against it.
    fn way(&self, index: u64, size: u64, root: Hash) -> Result<(Hash, Vec<Hash>), ProveError> {
        let way = TileReader::verified(&self.sidecar, size, root).and_then(|reader| {
            Ok((reader.node(Node { level: 0, index })?, inclusion(&reader, index, size)?))
        });
        way.map_err(|error| match error {
            TileError::Source { tile, source } => {
                self.sidecar.error(&self.sidecar.name(&tile.to_string()), source).into()
            }
            error => self.damaged(error),
        })
    }

    /// The key of the log that signed: the first one, or one of those that it was changed to.
    fn key(&self, seals: &dyn ReadAt, head: &ProofFile) -> Result<Vkey, ProveError> {
        let failed = |error: std::io::Error| self.sidecar.error(&self.sidecar.name("SEALS"), error);
        let mut walk = Walk::new();
        if let Some(line) = SealsReader::new(seals, 0).line().map_err(failed)? {
            walk.step(&line).map_err(|error| self.damaged(error))?;
        }
        let first = walk.state().ok_or_else(|| self.damaged("SEALS has no whole line"))?.key.clone();
        let unsigned = match head.signed_by(&first) {
            Ok(()) => return Ok(first),
            Err(error) => error,
        };
        let mut signed = None;
        rare(seals, b"k1 ", |record| {
            if let Record::KeyChange(change) = record
                && head.signed_by(&change.key).is_ok()
            {
                signed = Some(change.key);
            }
        })
        .map_err(failed)?;
        signed.ok_or_else(|| self.damaged(unsigned))
    }

    fn write_line(&self, context: &Context<'_>, spot: &Spot, path: &Path) -> Result<(), ProveError> {
        use std::io::Write as _;
        let from =
            self.sidecar.place.open(&spot.file).map_err(|error| self.sidecar.error(&spot.file, error))?;
        let from = from.ok_or_else(|| self.damaged("the log is gone"))?;
        let mut draft = context.sys.store.draft(path, Secrecy::Shared).map_err(FileError::at(path))?;
        let copied = copy(&*from, spot.bytes.clone(), |part| draft.write_all(part));
        copied.and_then(|()| draft.keep()).map_err(FileError::at(path))?;
        Ok(())
    }

    fn no_line(&self, line: u64, signed: u64) -> ProveError {
        let (log, in_pack) = (self.shown.clone(), self.pack.is_some());
        let advice = match self.pack {
            Some(pack) => format!("\n  see how many it has: audit-pack verify {pack}"),
            None => format!("\n  where it stands in the log, seal it first: audit-pack seal {log}"),
        };
        ProveError::NoLine { log, line, signed, in_pack, advice }
    }

    fn damaged(&self, fact: impl std::fmt::Display) -> ProveError {
        let command = match self.pack {
            Some(pack) => format!("verify {pack}"),
            None => format!("check {}", self.shown),
        };
        ProveError::Damaged { log: self.shown.clone(), fact: fact.to_string(), command }
    }
}
