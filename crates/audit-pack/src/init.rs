//! `audit-pack init`: a sidecar for a log.

use std::path::Path;

use holdfast::Exit;
use holdfast::sys::{Secrecy, Store};
use tlog::seals::{Genesis, Record};
use tlog::{Origin, Signer};

use crate::cli::InitArgs;
use crate::context::{Chosen, Context};
use crate::guard::{self, Guard};
use crate::keys::{self, NoKey, SIGNER};
use crate::log::Log;
use crate::out;
use crate::place::FileError;
use crate::sealing;

/// Set aside in each sidecar, so that a seal can be finished on a full disk.
pub(crate) const RESERVE: u64 = 64 << 10;

pub(crate) fn run(args: &InitArgs, context: &Context<'_>) -> Exit {
    let chosen = match context.choose(std::slice::from_ref(&args.log), args.key.as_deref()) {
        Ok(mut chosen) => chosen.remove(0),
        Err(exit) => return exit,
    };
    let Some(key) = &chosen.key else {
        out::tell(&NoKey::Unknown(chosen.log.path().display().to_string()));
        return Exit::Usage;
    };
    let origin = match &args.origin {
        None => context.origin(&chosen.log),
        Some(name) => Origin::new(name).map_err(|error| {
            out::tell(&format_args!("--origin {name:?}: {error}"));
            Exit::Usage
        }),
    };
    match origin.and_then(|origin| begin(context, &chosen.log, key, &origin)) {
        Ok(()) => sealing::seal_and_tell(context, &Chosen { configured: false, ..chosen }),
        Err(exit) => exit,
    }
}

/// Makes the sidecar as far as it is not there.
pub(crate) fn begin(context: &Context<'_>, log: &Log, key_path: &Path, origin: &Origin) -> Result<(), Exit> {
    let store = context.sys.store;
    let key_path = std::path::absolute(key_path).unwrap_or_else(|_| key_path.to_owned());
    let failed = |error: &dyn std::fmt::Display, exit| {
        out::tell(error);
        exit
    };
    if store.stat(&log.dir).ok().flatten().is_none() {
        let text = format!("there is no folder {}\n  make it, or name the log as it is", log.dir.display());
        return Err(failed(&text, Exit::Config));
    }
    let seals = log.in_sidecar("SEALS");
    if matches!(store.stat(&seals), Ok(Some(stat)) if stat.len > 0) {
        return Ok(());
    }
    let mut key = keys::open(store, &key_path).map_err(|error| failed(&error, Exit::Config))?;
    let vkey = match key.note_key(origin.as_str()) {
        Ok(key) => key.vkey().clone(),
        Err(error) => return Err(failed(&error, Exit::Config)),
    };
    if let Some(guard) =
        Guard::read(store, &guard::path(&key_path, origin)).map_err(|error| failed(&error, Exit::Io))?
    {
        let text = format!(
            "this key has signed {} lines of {origin} already, and its sidecar {} is gone\n  put it back from a \
             backup; a log that takes its place needs another --origin",
            guard.state.lines,
            log.sidecar().display()
        );
        return Err(failed(&text, Exit::No));
    }
    let genesis = Genesis { origin: origin.clone(), time_ms: context.now_ms(), key: vkey, restart: None };
    let line = Record::Genesis(genesis).to_string();
    write(store, log, &key_path, line.trim_end()).map_err(|error| failed(&error, Exit::Io))
}

/// SEALS last: a sidecar without it is none yet, and the next try completes it.
fn write(store: &dyn Store, log: &Log, key: &Path, genesis: &str) -> Result<(), FileError> {
    let sidecar = log.sidecar();
    store.make_dir(&sidecar).map_err(FileError::at(&sidecar))?;
    let signer = log.in_sidecar(SIGNER);
    let text = format!("{}\n", key.display());
    store.replace(&signer, text.as_bytes(), Secrecy::Shared).map_err(FileError::at(&signer))?;
    let reserve = log.in_sidecar("reserve");
    store.reserve(&reserve, RESERVE).map_err(FileError::at(&reserve))?;
    let seals = log.in_sidecar("SEALS");
    store.append(&seals, genesis).map(drop).map_err(FileError::at(&seals))
}
