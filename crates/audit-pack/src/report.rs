//! `audit-pack check`: what was found, for people and for machines.

use std::path::Path;

use holdfast::Exit;
use holdfast::config::Pointer;
use holdfast::sys::ReadError;
use holdfast::time::Span;
use serde::Serialize;

use crate::age::age;
use crate::anchored::Anchored;
use crate::base::{self, BaseError, Based};
use crate::check::Checked;
use crate::cli::CheckArgs;
use crate::context::{Chosen, Context};
use crate::finding::Findings;
use crate::guard;
use crate::log::Log;
use crate::past::Past;
use crate::place::FileError;
use crate::reconcile::{self, ReconcileError, Reconciled};
use crate::unique::{self, Unique};

mod anchors;
mod replaced;
mod seals;
mod tell;

use anchors::Counting;

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Guard(#[from] guard::GuardError),
    #[error("{path} is no checkpoint of this log: {fact}")]
    Against { path: String, fact: String },
    #[error("{0} is not sealed yet\n  begin with: audit-pack init {0} --key KEY")]
    NoSidecar(String),
    #[error(transparent)]
    Base(#[from] BaseError),
}

impl CheckError {
    fn exit(&self) -> Exit {
        match self {
            Self::File(_) | Self::Guard(guard::GuardError::File(_)) | Self::Base(BaseError::File(_)) => {
                Exit::Io
            }
            Self::Guard(guard::GuardError::Malformed { .. }) | Self::Against { .. } => Exit::Data,
            Self::NoSidecar(_) => Exit::Config,
            Self::Base(BaseError::Git(error)) => error.exit(),
        }
    }
}

/// How a log stands.
struct Verdict {
    checked: Checked,
    /// Nothing was found in its seals and against its anchors.
    is_as_sealed: bool,
    /// Without a sidecar only what git has was compared.
    sealed: bool,
    /// Not every byte was hashed again.
    quick: bool,
    /// What git has.
    base: Option<Based>,
    /// Doubled decisions.
    unique: Option<Unique>,
    /// Orders and fills, or why they could not be compared.
    reconciled: Option<Result<Reconciled, ReconcileError>>,
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
    // What was named by mistake is said before everything is hashed, once.
    let counting = match Counting::told(args, context) {
        Ok(counting) => counting,
        Err(error) => return context.refuse(&error, error.exit()),
    };
    let fills = match reconcile::Asked::of(context.sys.store, args) {
        Ok(fills) => fills,
        Err(error) => return context.refuse(&error, error.exit()),
    };
    let max_unsealed = args.max_unsealed.or_else(|| context.max_unsealed());
    let mut past = Past::default();
    let logs = match replaced::with_past(args, context, chosen, &mut past) {
        Ok(logs) => logs,
        Err(exit) => return exit,
    };
    let shown = |chosen: &Chosen| chosen.log.path().display().to_string();
    let judged = |log| judge(args, context, &counting, log, &past, max_unsealed);
    let mut verdicts: Vec<_> = logs.iter().map(|log| (shown(log), judged(log))).collect();
    if let (Some(fills), Some((_, Ok(first)))) = (fills, verdicts.first_mut()) {
        first.reconciled = Some(fills.of_log(context.sys.store, &logs[0].log, &first.checked));
    }
    for (log, finding) in replaced::restarted(&verdicts) {
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

fn judge(
    args: &CheckArgs,
    context: &Context<'_>,
    counting: &Counting<'_>,
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
            match seals::judge(args, context, chosen, past)? {
                // It was renamed in the middle of it.
                (checked, _) if !checked.findings.is_empty() && id() != before => {
                    seals::judge(args, context, chosen, past)?
                }
                checked => checked,
            }
        }
        (false, Some(_)) => (Checked::nothing(Findings::default()), Named::Nowhere),
        (false, None) => return Err(CheckError::NoSidecar(log.path().display().to_string())),
    };
    let unique = args.unique.as_ref().map(|pointer| doubled(context, log, pointer)).transpose()?.flatten();
    let anchored = if sealed {
        counting.judge(context.sys.store, chosen, &mut checked)
    } else {
        anchors::without_sidecar(args)
    };
    // What else is asked of a log is not what it was sealed as.
    let is_as_sealed = checked.findings.is_empty();
    for beside in [base.as_ref().map(|base| &base.findings), unique.as_ref().map(|unique| &unique.findings)] {
        checked.findings.extend(beside.cloned().unwrap_or_default());
    }
    let late = late(context, log, &checked, max_unsealed);
    let (quick, reconciled) = (args.quick, None);
    Ok(Verdict { checked, is_as_sealed, sealed, quick, base, unique, reconciled, named, late, anchored })
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
        if let Some(error) = self.not_compared() {
            return error.exit();
        }
        let late = if self.late.is_some() || self.unsigned() > 0 { Exit::Unsealed } else { Exit::Ok };
        late.and(if self.anchored.lacks.is_empty() { Exit::Ok } else { Exit::BelowPolicy })
    }

    /// No order without its fill, and no fill without its order, where somebody asked.
    fn reconciles(&self) -> bool {
        let found = self.reconciled.as_ref().and_then(|reconciled| reconciled.as_ref().ok());
        found.is_none_or(|found| found.findings.is_empty())
    }

    /// Why orders and fills could not be compared, where somebody asked.
    fn not_compared(&self) -> Option<&ReconcileError> {
        self.reconciled.as_ref()?.as_ref().err()
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
            _ if self.not_compared().is_some() => "not-compared",
            Exit::BelowPolicy => "below-policy",
            _ => "unsealed",
        }
    }
}
