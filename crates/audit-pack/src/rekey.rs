//! `audit-pack rekey`: another key signs from now on.

use std::path::Path;

use holdfast::Exit;
use holdfast::sys::Secrecy;

use crate::cli::RekeyArgs;
use crate::context::{Chosen, Context};
use crate::keys::SIGNER;
use crate::place::FileError;
use crate::seal::{NoteSigner, SealError};
use crate::{guard, keys, out, sealing};

pub(crate) fn run(args: &RekeyArgs, context: &Context<'_>) -> Exit {
    match context.choose(&args.logs, args.key.as_deref()) {
        Ok(chosen) => {
            chosen.iter().map(|chosen| one(&args.new_key, context, chosen)).fold(Exit::Ok, Exit::and)
        }
        Err(exit) => exit,
    }
}

/// Lets this key sign one log from now on.
pub(crate) fn one(new_key: &Path, context: &Context<'_>, chosen: &Chosen) -> Exit {
    let (log, store) = (&chosen.log, context.sys.store);
    let path = std::path::absolute(new_key).unwrap_or_else(|_| new_key.to_owned());
    let origin = match sealing::genesis(context, log) {
        Ok(Some(begun)) => begun.origin,
        Ok(None) => {
            let error = SealError::NoSidecar { log: log.path().display().to_string() };
            return context.refuse(&error, error.exit());
        }
        Err(error) => return context.refuse(&error, error.exit()),
    };
    let mut key = match context.keyring.open(store, &path) {
        Ok(key) => key,
        Err(error) => return context.refuse(&error, keys::exit(&error)),
    };
    let note_key = key.note_key(origin.as_str());
    let mut note_key = match note_key {
        Ok(key) => std::cell::RefCell::new(key),
        Err(error) => return context.refuse(&error, Exit::Config),
    };
    let new_guard = guard::path(&path, &origin);
    let (result, full) = sealing::seal(context, chosen, |sealer, signer| {
        let mut new = note_key.borrow_mut();
        let sealed = sealer.change_key(signer, &mut NoteSigner(&mut *new), new_guard.clone())?;
        remember(context, chosen, &path)?;
        Ok(sealed)
    });
    let is_done = result.is_ok();
    let exit = sealing::finish(context, log, result, full);
    if is_done {
        out::tell(&format_args!(
            "{}: signed by {} from now on\n  name {} as `key` under [audit] in holdfast.toml, and give its public half to \
             those who verify",
            log.path().display(),
            tlog::Signer::vkey(note_key.get_mut()),
            path.display()
        ));
    }
    exit
}

/// The sidecar says where its key is.
fn remember(context: &Context<'_>, chosen: &Chosen, key: &Path) -> Result<(), SealError> {
    let signer = chosen.log.in_sidecar(SIGNER);
    let text = format!("{}\n", key.display());
    let written = context.sys.store.replace(&signer, text.as_bytes(), Secrecy::Shared);
    Ok(written.map_err(FileError::at(&signer))?)
}
