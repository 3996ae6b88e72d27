//! `audit-pack anchor`: the heads of the logs are shown to those outside who are due, and what they say is kept.
//!
//! It has a lock of its own, and takes the sealer's only to copy two notes of one moment: nothing here delays sealing. What
//! was anchored where is remembered for each of them, and nothing rests on that: a witness says itself where it stands, a
//! store refuses what it has, and two stamps are no harm.

mod ask;
mod import;
pub(crate) mod memory;
mod tell;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anchor::Trouble;
use holdfast::Exit;
use holdfast::config::{Anchor, AnchorKind};
use holdfast::sys::{Lock, ReadError, Secrecy};
use tlog::Note;

use crate::anchored::ANCHORS;
use crate::cli::AnchorArgs;
use crate::context::{Chosen, Configured, Context};
use crate::log::Log;
use crate::pack::logs::{LogError, Snapshot, look};
use crate::place::FileError;
use ask::{Asked, Asking};
use memory::{Memory, OUTBOX};
use tell::Told;

/// Another one may just be ending.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why a log was shown to nobody.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnchorError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("another process is anchoring this log (it holds {0})\n  wait for it; where it hangs, end it")]
    Busy(String),
    #[error("{file} is not signed by the key of the log\n  see what happened: audit-pack check {log}")]
    Unsigned { file: &'static str, log: String },
    #[error("{0} is of another history of this log\n  see what happened: audit-pack check LOG")]
    Forked(String),
    #[error(
        "{file} has {len} bytes, and 16 MiB are kept at most\n  cut it down to the messages with heads of this log"
    )]
    TooLong { file: String, len: u64 },
    #[error("{file} holds no head of this log: no line with {origin}, a size and a root")]
    NoHead { file: String, origin: String },
}

impl AnchorError {
    fn exit(&self) -> Exit {
        match self {
            Self::File(_) => Exit::Io,
            Self::Log(error) => error.exit(),
            Self::Busy(_) => Exit::Busy,
            Self::Unsigned { .. } | Self::Forked(_) => Exit::No,
            Self::NoHead { .. } | Self::TooLong { .. } => Exit::Data,
        }
    }
}

pub(crate) fn run(args: &AnchorArgs, context: &Context<'_>) -> Exit {
    let chosen = match context.choose(&args.logs, None) {
        Ok(chosen) => chosen,
        Err(exit) => return exit,
    };
    let each = |one: &dyn Fn(&Chosen) -> Result<Exit, AnchorError>| {
        // One of the defaults that is not sealed here is no log of this host.
        let meant = chosen.iter().filter(|chosen| !args.logs.is_empty() || is_sealed(context, &chosen.log));
        let exits = meant.map(|chosen| {
            let shown = chosen.log.path().display().to_string();
            let refused =
                |error: AnchorError| context.refuse(&format_args!("{shown}: {error}"), error.exit());
            one(chosen).unwrap_or_else(refused)
        });
        exits.fold(Exit::Ok, Exit::and)
    };
    if let Some(file) = &args.import {
        return each(&|chosen| import::import(context, &chosen.log, file));
    }
    let configured = match context.configured() {
        Ok(configured) => configured,
        Err(exit) => return exit,
    };
    if configured.settings.config.anchors.is_empty() {
        let why = "nobody is named who could see the heads\n  name witnesses, authorities or stores as [[anchor]] in holdfast.toml";
        return context.refuse(&why, Exit::Config);
    }
    each(&|chosen| anchor(args, context, &configured, &chosen.log))
}

fn is_sealed(context: &Context<'_>, log: &Log) -> bool {
    matches!(context.sys.store.stat(&log.in_sidecar("SEALS")), Ok(Some(_)))
}

/// Only one anchors a log at a time. The sealer takes no notice of it.
fn lock(context: &Context<'_>, log: &Log) -> Result<Lock, AnchorError> {
    if !is_sealed(context, log) {
        return Err(LogError::NotSealed(log.path().display().to_string()).into());
    }
    let outbox = log.in_sidecar(OUTBOX);
    context.sys.store.make_dir(&outbox).map_err(FileError::at(&outbox))?;
    let path = outbox.join("lock");
    let held = context.sys.lock_within(&path, PATIENCE).map_err(FileError::at(&path))?;
    held.ok_or_else(|| AnchorError::Busy(path.display().to_string()))
}

/// A signed head, and where what is said of it goes.
struct Head {
    snapshot: Snapshot,
    chain: Note,
    checkpoint: Note,
    folder: PathBuf,
}

impl Head {
    /// The last head, if the log's key has signed it.
    fn of(context: &Context<'_>, log: &Log) -> Result<Self, AnchorError> {
        let snapshot = look(context, log, String::new(), String::new())?;
        let note = |file: &'static str, bytes: &[u8]| {
            let unsigned = || AnchorError::Unsigned { file, log: log.path().display().to_string() };
            let note = Note::parse(bytes).map_err(|_| unsigned())?;
            let signed = snapshot.state.signers().all(|key| note.verify(key).is_ok());
            if signed { Ok(note) } else { Err(unsigned()) }
        };
        let (checkpoint, chain) =
            (note("checkpoint", &snapshot.checkpoint)?, note("chain", &snapshot.chain)?);
        let folder = log.in_sidecar(&format!("{ANCHORS}/{:020}", snapshot.state.records));
        Ok(Self { snapshot, chain, checkpoint, folder })
    }

    /// Makes the folder and puts both notes there. Those that are there stay, with what others have signed.
    fn keep(&mut self, context: &Context<'_>) -> Result<(), AnchorError> {
        let store = context.sys.store;
        for dir in self.folder.parent().into_iter().chain([self.folder.as_path()]) {
            store.make_dir(dir).map_err(FileError::at(dir))?;
        }
        for (file, note) in [("chain", &mut self.chain), ("checkpoint", &mut self.checkpoint)] {
            let path = self.folder.join(file);
            match store.read(&path) {
                Ok(bytes) => match Note::parse(&bytes) {
                    Ok(there) if there.text() == note.text() => *note = there,
                    _ => return Err(AnchorError::Forked(path.display().to_string())),
                },
                Err(ReadError::Missing) => put(context, &path, note.to_string().as_bytes())?,
                Err(error) => return Err(FileError::new(path.display().to_string(), error).into()),
            }
        }
        Ok(())
    }

    fn text(&self) -> &str {
        self.chain.text()
    }
}

fn put(context: &Context<'_>, path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    context.sys.store.replace(path, bytes, Secrecy::Shared).map_err(FileError::at(path))
}

fn anchor(
    args: &AnchorArgs,
    context: &Context<'_>,
    configured: &Configured,
    log: &Log,
) -> Result<Exit, AnchorError> {
    let held = lock(context, log)?;
    let mut head = Head::of(context, log)?;
    let mut told = Told::new(log, &head.snapshot.state);
    if head.snapshot.state.lines > 0 {
        let mut is_kept = false;
        for anchor in &configured.settings.config.anchors {
            let memory = match Memory::read(context.sys.store, log, anchor, &head.snapshot.state.origin) {
                Ok(memory) => memory,
                // Nobody is silenced by what is wrong with another one.
                Err(error) => {
                    told.broken(anchor, &error);
                    continue;
                }
            };
            if !args.now && !memory.is_due(context.now_ms(), anchor.every) {
                told.waits(anchor, &memory);
                continue;
            }
            if !std::mem::replace(&mut is_kept, true) {
                head.keep(context)?;
            }
            if let Err(error) = ask((context, configured, log), anchor, memory, &mut head, &mut told) {
                told.broken(anchor, &error);
            }
        }
    }
    drop(held);
    Ok(told.tell(context))
}

/// Asks one of them, tells what it said, and remembers it: in this order, for a full disk must not hide an alarm.
fn ask(
    (context, configured, log): (&Context<'_>, &Configured, &Log),
    anchor: &Anchor,
    mut memory: Memory,
    head: &mut Head,
    told: &mut Told,
) -> Result<(), AnchorError> {
    let asked = Asking { context, configured, log, anchor, memory: &memory }.ask(head)?;
    told.asked(anchor, &asked);
    memory.learn(&asked, &head.snapshot.state, context.now_ms(), anchor);
    Ok(memory.write(context.sys.store, log, anchor)?)
}

/// What kind somebody is of, in the words of the configuration.
fn kind(anchor: &Anchor) -> &'static str {
    match anchor.kind {
        AnchorKind::Witness { .. } => "witness",
        AnchorKind::Timestamp { .. } => "timestamp",
        AnchorKind::Store(_) => "store",
    }
}
