//! `audit-pack init`: a sidecar for a log.

use std::path::Path;
use std::time::Duration;

use holdfast::Exit;
use holdfast::sys::{Secrecy, Store};
use sshsig::NoteKeyError;
use tlog::seals::{Genesis, OldHead, Record, Walk};
use tlog::{Checkpoint, Note, Origin, Signer};

use crate::cli::InitArgs;
use crate::context::{Chosen, Context};
use crate::guard::{self, Guard, GuardError};
use crate::keys::{self, KeyError, NoKey, SIGNER};
use crate::log::Log;
use crate::out;
use crate::place::FileError;
use crate::seal::SealError;
use crate::sealing;

/// Set aside in each sidecar, so that a seal can be finished on a full disk.
pub(crate) const RESERVE: u64 = 64 << 10;

pub(crate) fn run(args: &InitArgs, context: &Context<'_>) -> Exit {
    let chosen = match context.choose(std::slice::from_ref(&args.log), args.key.as_deref()) {
        Ok(mut chosen) => chosen.remove(0),
        Err(exit) => return exit,
    };
    let Some(key) = &chosen.key else {
        return context.refuse(&NoKey::Unknown(chosen.log.path().display().to_string()), Exit::Usage);
    };
    let origin = match &args.origin {
        None => context.origin(&chosen.log),
        Some(name) => Origin::new(name)
            .map_err(|error| context.refuse(&format_args!("--origin {name:?}: {error}"), Exit::Usage)),
    };
    let naming = args
        .after
        .as_deref()
        .map(|note| after(context, note))
        .transpose()
        .map(|restart| Naming { is_told: args.origin.is_some(), restart });
    let begun = origin.and_then(|origin| begin(context, &chosen.log, key, (&origin, &naming?)));
    match begun {
        Ok(()) => sealing::seal_and_tell(context, &Chosen { configured: false, ..chosen }),
        Err(exit) => exit,
    }
}

/// How a log came to its name.
#[derive(Default)]
pub(crate) struct Naming {
    /// Somebody told it: only so a log takes the place of another one that this key has signed.
    is_told: bool,
    /// The head of that other one.
    restart: Option<OldHead>,
}

/// The head that a checkpoint names. Whether somebody signed it is for those to see who have the old log.
fn after(context: &Context<'_>, note: &Path) -> Result<OldHead, Exit> {
    let shown = note.display();
    let bytes = context
        .sys
        .store
        .read(note)
        .map_err(|error| context.refuse(&format_args!("--after {shown}: {error}"), Exit::Usage))?;
    let head = Note::parse(&bytes).map_err(|error| error.to_string()).and_then(|note| {
        let checkpoint = Checkpoint::parse(note.text()).map_err(|error| error.to_string())?;
        let origin = Origin::new(checkpoint.origin()).map_err(|error| error.to_string())?;
        Ok(OldHead { origin, size: checkpoint.size(), root: checkpoint.root() })
    });
    head.map_err(|fact| {
        let why = format_args!(
            "--after {shown}: it is no checkpoint: {fact}\n  name the file checkpoint of the old log's sidecar, or a copy of it"
        );
        context.refuse(&why, Exit::Data)
    })
}

/// Makes the sidecar as far as it is not there.
pub(crate) fn begin(
    context: &Context<'_>,
    log: &Log,
    key_path: &Path,
    origin: (&Origin, &Naming),
) -> Result<(), Exit> {
    begin_or_say_why(context, log, key_path, origin).map_err(|error| {
        let path = log.path().display().to_string();
        let advice = out::advice(error.exit(), &format_args!("audit-pack init {path} --key KEY"));
        context.refuse(&format_args!("{path}: {error}{advice}"), error.exit())
    })
}

/// Another one who begins, or seals, is waited for this long.
const PATIENCE: Duration = Duration::from_secs(10);

fn begin_or_say_why(
    context: &Context<'_>,
    log: &Log,
    key_path: &Path,
    (origin, naming): (&Origin, &Naming),
) -> Result<(), BeginError> {
    let store = context.sys.store;
    let key_path = std::path::absolute(key_path).unwrap_or_else(|_| key_path.to_owned());
    if store.stat(&log.dir).map_err(FileError::at(&log.dir))?.is_none() {
        return Err(BeginError::NoFolder(log.dir.display().to_string()));
    }
    let is_signed = |begun: &Genesis| -> Result<bool, BeginError> {
        let chain = log.in_sidecar("chain");
        let is_remembered = Guard::read(store, &guard::path(&key_path, &begun.origin))?.is_some();
        Ok(is_remembered || store.stat(&chain).map_err(FileError::at(&chain))?.is_some())
    };
    if let Some(begun) = sealing::genesis(context, log)?
        && is_signed(&begun)?
    {
        return Ok(());
    }
    let mut key = context.keyring.open(store, &key_path)?;
    let vkey = key.note_key(origin.as_str())?.vkey().clone();
    let sidecar = log.sidecar();
    store.make_dir(&sidecar).map_err(FileError::at(&sidecar))?;
    // Two who begin at once would make two beginnings.
    let lock = log.in_sidecar("lock");
    let held = context.sys.lock_within(&lock, PATIENCE).map_err(FileError::at(&lock))?;
    let Some(_held) = held else { return Err(BeginError::Busy(lock.display().to_string())) };
    let restart = naming.restart.clone();
    if restart.as_ref().is_some_and(|old| old.origin == *origin) {
        return Err(BeginError::SameOrigin(origin.to_string()));
    }
    let genesis = Genesis { origin: origin.clone(), time_ms: context.now_ms(), key: vkey, restart };
    if let Some(begun) = sealing::genesis(context, log)? {
        let ours = Genesis { time_ms: begun.time_ms, ..genesis };
        return if is_signed(&begun)? { Ok(()) } else { finish(store, log, &key_path, &ours, &begun) };
    }
    let mut signed = Guard::read(store, &guard::path(&key_path, origin))?;
    if signed.is_none() && !naming.is_told {
        signed = guard::of_place(store, &key_path, log, origin)?;
    }
    if let Some(guard) = signed {
        let (lines, origin) = (guard.state.lines, guard.state.origin.to_string());
        return Err(BeginError::Gone { lines, origin, sidecar: sidecar.display().to_string() });
    }
    write(store, log, &key_path, &genesis)
}

/// SEALS has a first line, and nothing shows that it was ever signed: a crash came before that. It must be what would be
/// written now: somebody without the key could have put another name there, under which it has signed nothing yet.
fn finish(
    store: &dyn Store,
    log: &Log,
    key: &Path,
    ours: &Genesis,
    begun: &Genesis,
) -> Result<(), BeginError> {
    if begun != ours {
        let line = |genesis: &Genesis| Record::Genesis(genesis.clone()).to_string().trim_end().to_owned();
        return Err(BeginError::Other { found: line(begun), wanted: line(ours) });
    }
    let path = log.in_sidecar("SEALS");
    let seals = store.read(&path).map_err(|error| FileError::new(path.display().to_string(), error))?;
    // Who wrote it may have died before it was durable.
    store.sync(&path).map_err(FileError::at(&path))?;
    remember(store, log, &guard::path(key, &begun.origin), &String::from_utf8_lossy(&seals))
}

/// SEALS behind all that it needs: a sidecar without it is none yet, and the next try completes it. Then what is signed
/// last, so that from now on nothing else is.
fn write(store: &dyn Store, log: &Log, key: &Path, genesis: &Genesis) -> Result<(), BeginError> {
    let signer = log.in_sidecar(SIGNER);
    let text = format!("{}\n", key.display());
    store.replace(&signer, text.as_bytes(), Secrecy::Shared).map_err(FileError::at(&signer))?;
    let reserve = log.in_sidecar("reserve");
    store.reserve(&reserve, RESERVE).map_err(FileError::at(&reserve))?;
    let seals = log.in_sidecar("SEALS");
    let line = Record::Genesis(genesis.clone()).to_string();
    store.replace(&seals, line.as_bytes(), Secrecy::Shared).map_err(FileError::at(&seals))?;
    remember(store, log, &guard::path(key, &genesis.origin), &line)
}

fn remember(store: &dyn Store, log: &Log, path: &Path, genesis: &str) -> Result<(), BeginError> {
    let mut walk = Walk::new();
    walk.step(genesis.as_bytes()).map_err(|error| BeginError::NotAlone(error.to_string()))?;
    let Some(state) = walk.state().cloned() else { return Ok(()) };
    let file_id = guard::id_of(store, &log.path())?.filter(|id| *id != 0);
    Ok(Guard { state, seals_len: genesis.len() as u64, file_id }.write(store, path, log)?)
}

/// Why a log was not begun.
#[derive(Debug, thiserror::Error)]
enum BeginError {
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("there is no folder {0}\n  make it, or name the log as it is")]
    NoFolder(String),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    NoteKey(#[from] NoteKeyError),
    #[error("another process holds {0}\n  wait for it; where it hangs, end it: fuser {0}")]
    Busy(String),
    #[error(
        "this key has signed {lines} lines of {origin} already, and its sidecar {sidecar} is gone\n  put it back from \
         a backup; a log that takes its place needs another --origin"
    )]
    Gone { lines: u64, origin: String, sidecar: String },
    #[error(
        "nothing shows that its SEALS was ever signed, and it begins otherwise than it would be begun now\n  there: \
         {found}\n  now:   {wanted}\n  put the right one back; where you were interrupted when you began it, name the \
         same --key and --origin again"
    )]
    Other { found: String, wanted: String },
    #[error("{0} is the name of the log that it takes the place of\n  give it another --origin")]
    SameOrigin(String),
    #[error("its SEALS is not only a beginning, and nothing shows that this key has ever signed it: {0}")]
    NotAlone(String),
}

impl From<FileError> for BeginError {
    fn from(error: FileError) -> Self {
        Self::Seal(error.into())
    }
}

impl From<GuardError> for BeginError {
    fn from(error: GuardError) -> Self {
        Self::Seal(error.into())
    }
}

impl BeginError {
    fn exit(&self) -> Exit {
        match self {
            Self::Seal(error) => error.exit(),
            Self::Key(error) => keys::exit(error),
            Self::NoFolder(_) | Self::NoteKey(_) => Exit::Config,
            Self::Busy(_) => Exit::Busy,
            Self::SameOrigin(_) => Exit::Usage,
            Self::Gone { .. } | Self::Other { .. } | Self::NotAlone(_) => Exit::No,
        }
    }
}
