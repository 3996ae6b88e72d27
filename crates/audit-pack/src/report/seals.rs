//! A log of this host against its seals.

use std::path::Path;
use std::time::Duration;

use holdfast::sys::Store;
use tlog::{Checkpoint, Note, Vkey};

use super::{CheckError, Named};
use crate::check::{Checked, Options, Pin, check_beside_sealer, check_quickly};
use crate::cli::CheckArgs;
use crate::context::{Chosen, Context};
use crate::finding::{Finding, Kind};
use crate::guard::{self, Guard};
use crate::past::Past;
use crate::place::{FileError, Folder};
use crate::progress::Progress;
use crate::sidecar::Sidecar;
use crate::{keys, sealing};

/// A sealer at work is waited for this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// The log against its seals, and who says which key must have signed them.
pub(super) fn judge(
    args: &CheckArgs,
    context: &Context<'_>,
    chosen: &Chosen,
    past: &Past,
) -> Result<(Checked, Named), CheckError> {
    let (log, store) = (&chosen.log, context.sys.store);
    let shown = log.path().display().to_string();
    // What is wrong with it the check itself finds.
    let origin = sealing::genesis(context, log).ok().flatten().map(|begun| begun.origin);
    let mut pins = origin.as_ref().map(|origin| past.pins(origin)).unwrap_or_default();
    let mut key = None;
    // The sidecar says itself where its key is: what somebody else told counts for more.
    if let (Ok(path), Some(origin)) = (keys::of_log(store, log, chosen.key.as_deref()), &origin) {
        let guard_path = guard::path(&path, origin);
        if let Some(guard) = Guard::read(store, &guard_path)? {
            let label = "what was signed last, as it is remembered beside the key,".to_owned();
            let (size, root) = (guard.state.lines, guard.state.root);
            pins.push(Pin { label, size, root, seals: Some((guard.state.records, guard.state.head)) });
            key = Some(guard.state.key);
        }
        if let Some(told) = public_half(store, &path) {
            key = Vkey::new(origin.as_str(), &told).ok().or(key);
        }
    }
    for path in &args.against {
        pins.push(against(context, path, origin.as_ref().map(tlog::Origin::as_str))?);
    }
    let folder = Folder { store, dir: log.dir.clone() };
    let sidecar = Sidecar::new(&folder, log.name.clone());
    // Seals and signatures are those of one moment. A sealer that hangs is not waited for for ever, and where there is
    // none nothing is written.
    let lock = log.in_sidecar("lock");
    let held = match store.stat(&lock) {
        Ok(Some(_)) => context.sys.lock_within(&lock, PATIENCE).ok().flatten(),
        _ => None,
    };
    if args.quick {
        let mut checked = check_quickly(&sidecar, &pins)?;
        let named = pin_key(&mut checked, key.as_ref(), chosen);
        return Ok((checked, named));
    }
    let size = store.stat(&log.path()).ok().flatten().map_or(0, |stat| stat.len);
    let progress = Progress::bytes(size, &shown);
    let options = Options { deep: args.deep, pins, threads: context.threads, progress: &progress };
    let mut checked = check_beside_sealer(&sidecar, &options, || drop(held))?;
    drop(progress);
    let named = pin_key(&mut checked, key.as_ref(), chosen);
    Ok((checked, named))
}

/// The public half of a key whose private half need not be opened.
fn public_half(store: &dyn Store, path: &Path) -> Option<[u8; 32]> {
    let beside = if path.extension().is_some_and(|end| end == "pub") {
        path.to_owned()
    } else {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".pub");
        beside.into()
    };
    let text = String::from_utf8(store.read(&beside).ok()?).ok()?;
    let (public, _) = sshsig::PublicKey::parse(text.trim()).ok()?;
    (public.type_name() == "ssh-ed25519").then(|| public.blob().last_chunk().copied())?
}

/// Compares the key of the seals with the one that was named.
fn pin_key(checked: &mut Checked, key: Option<&Vkey>, chosen: &Chosen) -> Named {
    let (Some(state), Some(key)) = (&checked.state, key) else { return Named::Nowhere };
    if state.key != *key {
        let says = format!("the log is signed by {} and not by {key}", state.key);
        checked.findings.add(Finding::new(Kind::Unsigned, "SEALS").says(says));
    }
    if chosen.key.is_some() { Named::Outside } else { Named::BySidecar }
}

/// An older checkpoint. Its signature is looked at later, by the root that it names.
fn against(context: &Context<'_>, path: &Path, origin: Option<&str>) -> Result<Pin, CheckError> {
    let shown = path.display().to_string();
    let bytes = context.sys.store.read(path).map_err(|error| FileError::new(&shown, error))?;
    let wrong = |fact: String| CheckError::Against { path: shown.clone(), fact };
    let note = Note::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|error| wrong(error.to_string()))?;
    if origin.is_some_and(|origin| origin != checkpoint.origin()) {
        return Err(wrong(format!("it is of {}", checkpoint.origin())));
    }
    Ok(Pin { label: shown, size: checkpoint.size(), root: checkpoint.root(), seals: None })
}
