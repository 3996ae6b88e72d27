//! `audit-pack check`: what was found, for people and for machines.

use std::path::Path;
use std::time::Duration;

use holdfast::Exit;
use holdfast::config::Pointer;
use holdfast::sys::ReadError;
use holdfast::time::Span;
use serde::Serialize;
use tlog::{Checkpoint, Note, Vkey};

use crate::age::age;
use crate::anchored::{Anchored, TrustError};
use crate::base::{self, BaseError, Based};
use crate::check::{Checked, Options, Pin, check_beside_sealer, check_quickly};
use crate::cli::CheckArgs;
use crate::context::{Chosen, Context};
use crate::finding::{Finding, Findings, Kind};
use crate::guard::{self, Guard};
use crate::log::Log;
use crate::past::{self, Past, Seen};
use crate::place::{FileError, Folder};
use crate::progress::Progress;
use crate::reconcile::{self, ReconcileError, Reconciled};
use crate::sidecar::Sidecar;
use crate::unique::{self, Unique};
use crate::{keys, sealing};

mod anchors;
mod tell;

/// A sealer at work is waited for this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Anchors(#[from] TrustError),
    #[error(transparent)]
    Guard(#[from] guard::GuardError),
    #[error("{path} is no checkpoint of this log: {fact}")]
    Against { path: String, fact: String },
    #[error("{0} is not sealed yet\n  begin with: audit-pack init {0} --key KEY")]
    NoSidecar(String),
    #[error(transparent)]
    Base(#[from] BaseError),
    #[error(transparent)]
    Reconcile(#[from] ReconcileError),
}

impl CheckError {
    fn exit(&self) -> Exit {
        match self {
            Self::File(_) | Self::Guard(guard::GuardError::File(_)) | Self::Base(BaseError::File(_)) => {
                Exit::Io
            }
            Self::Guard(guard::GuardError::Malformed { .. }) | Self::Against { .. } => Exit::Data,
            Self::Anchors(error) => error.exit(),
            Self::NoSidecar(_) => Exit::Config,
            Self::Base(BaseError::Git(error)) => error.exit(),
            Self::Reconcile(error) => error.exit(),
        }
    }
}

/// How a log stands.
struct Verdict {
    checked: Checked,
    /// Without a sidecar only what git has was compared.
    sealed: bool,
    /// Not every byte was hashed again.
    quick: bool,
    /// What git has.
    base: Option<Based>,
    /// Doubled decisions.
    unique: Option<Unique>,
    /// Orders and fills.
    reconciled: Option<Reconciled>,
    /// Who says which key must have signed.
    named: Named,
    /// Lines are unsealed, or the tail is torn, for longer than may be.
    late: Option<String>,
    /// What others have said of it.
    anchored: Anchored,
}

/// Who says which key must have signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Named {
    /// The command or the configuration.
    Outside,
    /// Only the sidecar's own file `signer`. Whoever makes a sidecar anew writes that anew, too.
    BySidecar,
    /// Nobody, or what they name is no key.
    Nowhere,
}

pub(crate) fn run(args: &CheckArgs, context: &Context<'_>) -> Exit {
    // What stands in the place of a log that git has is a finding, too.
    let chosen = match &args.base {
        Some(_) => context.choose_any(&args.logs, args.key.as_deref()),
        None => context.choose(&args.logs, args.key.as_deref()),
    };
    let chosen = match chosen {
        Ok(chosen) => chosen,
        Err(exit) => return exit,
    };
    if args.reconcile.is_some() && chosen.len() != 1 {
        let what =
            "--reconcile is about one log\n  name it: audit-pack check LOG --reconcile FILLS --order-key KEY";
        return context.refuse(&what, Exit::Usage);
    }
    let max_unsealed = args.max_unsealed.or_else(|| context.max_unsealed());
    let mut past = Past::default();
    let logs = match with_past(args, context, chosen, &mut past) {
        Ok(logs) => logs,
        Err(exit) => return exit,
    };
    let shown = |chosen: &Chosen| chosen.log.path().display().to_string();
    let mut verdicts: Vec<_> =
        logs.iter().map(|log| (shown(log), judge(args, context, log, &past, max_unsealed))).collect();
    if let Some((_, first)) = verdicts.first_mut() {
        reconcile(args, context, &logs[0], first);
    }
    for (log, finding) in restarted(&verdicts) {
        if let Ok(verdict) = &mut verdicts[log].1 {
            verdict.checked.findings.add(finding);
        }
    }
    let told = verdicts.iter().map(|(shown, verdict)| match verdict {
        Ok(verdict) => tell::tell(context, shown, verdict),
        Err(error) => context.refuse(&format_args!("{shown}: {error}"), error.exit()),
    });
    told.fold(Exit::Ok, Exit::and)
}

/// The logs that are meant and, behind them, those whose place they have taken.
fn with_past(
    args: &CheckArgs,
    context: &Context<'_>,
    mut logs: Vec<Chosen>,
    past: &mut Past,
) -> Result<Vec<Chosen>, Exit> {
    let begun = |chosen: &Chosen| sealing::genesis(context, &chosen.log).ok().flatten();
    let mut known = args.past.clone();
    known.extend(context.quietly().map(|configured| configured.past()).unwrap_or_default());
    let mut rest = context.choose_any_of(&known)?;
    // Who took a log's place may have been replaced, too.
    let mut looked_at = 0;
    while looked_at < logs.len() {
        let log = &logs[looked_at];
        past.add(begun(log).and_then(|begun| begun.restart), &log.log.path().display().to_string());
        looked_at += 1;
        let meant = |chosen: &Chosen| {
            args.logs.is_empty() || begun(chosen).is_some_and(|begun| past.names(&begun.origin))
        };
        let (now, later) = rest.into_iter().partition(meant);
        logs.extend::<Vec<Chosen>>(now);
        rest = later;
    }
    Ok(logs)
}

/// Which of the logs took the place of one that is not at hand.
fn restarted(verdicts: &[(String, Result<Verdict, CheckError>)]) -> Vec<(usize, Finding)> {
    let states = verdicts.iter().enumerate().filter_map(|(index, (shown, verdict))| {
        let checked = &verdict.as_ref().ok()?.checked;
        Some((index, shown, checked.state.as_ref()?, checked.findings.is_empty()))
    });
    let states: Vec<_> = states.collect();
    let seen: Vec<Seen<'_>> =
        states.iter().map(|(_, _, state, is_whole)| Seen { state, is_whole: *is_whole }).collect();
    let faults = states
        .iter()
        .filter_map(|(index, shown, state, _)| Some((*index, past::fault(shown, state, &seen)?)));
    faults.collect()
}

fn judge(
    args: &CheckArgs,
    context: &Context<'_>,
    chosen: &Chosen,
    past: &Past,
    max_unsealed: Option<Span>,
) -> Result<Verdict, CheckError> {
    let (log, store) = (&chosen.log, context.sys.store);
    let base = args.base.as_ref().map(|rev| base::compare(context.sys, log, rev)).transpose()?;
    let sealed = !matches!(store.stat(&log.sidecar()), Ok(None));
    let (mut checked, named) = match (sealed, &base) {
        (true, _) => {
            let id = || store.stat(&log.path()).ok().flatten().map(|stat| stat.id);
            let before = id();
            match seals(args, context, chosen, past)? {
                // It was renamed in the middle of it.
                (checked, _) if !checked.findings.is_empty() && id() != before => {
                    seals(args, context, chosen, past)?
                }
                checked => checked,
            }
        }
        (false, Some(_)) => (Checked::nothing(Findings::default()), Named::Nowhere),
        (false, None) => return Err(CheckError::NoSidecar(log.path().display().to_string())),
    };
    if let Some(base) = &base {
        checked.findings.extend(base.findings.clone());
    }
    let unique = args.unique.as_ref().map(|pointer| doubled(context, log, pointer)).transpose()?.flatten();
    if let Some(unique) = &unique {
        checked.findings.extend(unique.findings.clone());
    }
    let anchored = if sealed {
        anchors::judge(args, context, chosen, &mut checked)?
    } else {
        anchors::without_sidecar(args)
    };
    let late = late(context, log, &checked, max_unsealed);
    Ok(Verdict { checked, sealed, quick: args.quick, base, unique, reconciled: None, named, late, anchored })
}

/// Adds to the verdict on a sealed log whether its orders and the fills have one another.
fn reconcile(
    args: &CheckArgs,
    context: &Context<'_>,
    chosen: &Chosen,
    judged: &mut Result<Verdict, CheckError>,
) {
    let Ok(verdict) = judged else { return };
    match reconcile::of_log(context.sys.store, args, &chosen.log, verdict.checked.unsealed) {
        Ok(reconciled) => verdict.reconciled = reconciled,
        Err(error) => *judged = Err(error.into()),
    }
}

/// Decisions that stand there twice. Of a log that is missing, or is no file, the check of its seals has more to say.
fn doubled(context: &Context<'_>, log: &Log, pointer: &Pointer) -> Result<Option<Unique>, CheckError> {
    let path = log.path();
    let file = match context.sys.store.open(&path) {
        Err(ReadError::Missing) => return Ok(None),
        Err(error) if error.stands_instead().is_some() => return Ok(None),
        file => file.map_err(|error| FileError::new(path.display().to_string(), error))?,
    };
    let shown = path.display().to_string();
    Ok(Some(unique::unique(&*file, &shown, pointer).map_err(FileError::at(&path))?))
}

/// The log against its seals, and who says which key must have signed them.
fn seals(
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
fn public_half(store: &dyn holdfast::sys::Store, path: &Path) -> Option<[u8; 32]> {
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

/// Whether something has been unsealed for too long. A sealer leaves its time on the lock whenever it looks.
fn late(context: &Context<'_>, log: &Log, checked: &Checked, max: Option<Span>) -> Option<String> {
    let max = max?;
    // Nothing where no time is known, as long ago as can be.
    let since = |path: &Path| {
        let modified = context.sys.store.stat(path).ok().flatten()?.modified;
        Some(modified.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs())
    };
    let too_long = |then_s: Option<u64>| match then_s.map(|then_s| age(context.now_ms() / 1000, then_s)) {
        Some(Some(age)) if age <= max => None,
        Some(None) => Some(format!("since a time that is still to come; at most {max} is asked for")),
        _ => Some(format!("for over {max}")),
    };
    if checked.unsealed > checked.tail
        && let Some(long) = too_long(since(&log.in_sidecar("lock")))
    {
        let bytes = checked.unsealed - checked.tail;
        return Some(format!("{bytes} bytes of whole lines are unsealed, and no sealer has looked {long}"));
    }
    if checked.tail > 0
        && let Some(long) = too_long(since(&log.path()))
    {
        return Some(format!("its last line is torn: {} bytes without a line feed {long}", checked.tail));
    }
    None
}

impl Context<'_> {
    fn max_unsealed(&self) -> Option<Span> {
        let root = holdfast::Root::find(self.sys.store, self.told_root).ok()?;
        Some(holdfast::settings::Settings::read(self.sys, &root).config.audit.max_unsealed_age)
    }
}

impl Verdict {
    fn exit(&self) -> Exit {
        if !self.checked.findings.is_empty() || !self.reconciles() {
            return Exit::No;
        }
        let late = if self.late.is_some() || self.unsigned() > 0 { Exit::Unsealed } else { Exit::Ok };
        late.and(if self.anchored.lacks.is_empty() { Exit::Ok } else { Exit::BelowPolicy })
    }

    /// Each order has its fill, and each fill its order, where somebody asked.
    fn reconciles(&self) -> bool {
        self.reconciled.as_ref().is_none_or(|reconciled| reconciled.findings.is_empty())
    }

    /// Lines of SEALS that no signature covers.
    fn unsigned(&self) -> u64 {
        self.checked.state.as_ref().map_or(0, |state| state.records - self.checked.signed_records)
    }

    fn word(&self) -> &'static str {
        match self.exit() {
            Exit::Ok => "unchanged",
            Exit::No if self.checked.findings.is_empty() => "not-reconciled",
            Exit::No => "changed",
            Exit::BelowPolicy => "below-policy",
            _ => "unsealed",
        }
    }
}
