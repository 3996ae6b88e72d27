//! `audit-pack verify`: what an auditor can say of a pack, offline, from a key that came another way.
//!
//! The pack is hostile until shown otherwise: nothing of it is unpacked, executed or believed. Who may sign comes from
//! the auditor; what the pack says of itself is shown as what it says.

pub(crate) mod facts;
pub(crate) mod logs;
pub(crate) mod open;
mod since;
pub(crate) mod tell;
#[cfg(test)]
mod tests;
pub(crate) mod trust;

use std::path::Path;

use bag::Bag;
use holdfast::Exit;
use holdfast::sys::{ReadAt, ReadError};
use sshsig::AllowedSigners;

use crate::anchored::{self, TrustError};
use crate::cli::VerifyArgs;
use crate::context::Context;
use crate::finding::{Finding, Findings, Kind};
use crate::place::FileError;
use crate::progress::Progress;
use facts::Facts;
pub(crate) use logs::LOGS;
use logs::LogVerdict;
use open::Pack;
use since::Since;
use trust::{Signed, Trust};

/// The namespaces of the two signatures.
pub(crate) const PACK_NAMESPACE: &str = "pack@holdfast";
pub(crate) const MANIFEST_NAMESPACE: &str = "manifest@holdfast";
/// A file of allowed signers is not longer, in bytes.
const ALLOWED_MAX: u64 = 1 << 20;

/// Why nothing could be verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerifyError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0}\n  name the tar, or the folder that it was unpacked to")]
    Pack(FileError),
    #[error(transparent)]
    Allowed(#[from] AllowedError),
    #[error(transparent)]
    Anchors(#[from] TrustError),
    #[error(
        "--allowed-signers and --signer belong together: the one says which keys, the other whose\n  audit-pack verify PACK --allowed-signers FILE --signer ID"
    )]
    Half,
}

impl VerifyError {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Allowed(error) => error.exit(),
            Self::Half => Exit::Usage,
            Self::File(error) | Self::Pack(error) => exit_of(error),
            Self::Anchors(error) => error.exit(),
        }
    }
}

/// Why it is not known which keys count.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AllowedError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{path}: {fact}")]
    Malformed { path: String, fact: String },
}

impl AllowedError {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::File(error) => exit_of(error),
            Self::Malformed { .. } => Exit::Data,
        }
    }
}

/// What is not there, or no file, was named by mistake.
pub(crate) fn exit_of(error: &FileError) -> Exit {
    match error.error {
        ReadError::Missing | ReadError::NotRegular(_) => Exit::Usage,
        _ => Exit::Io,
    }
}

/// What was found out about a pack.
pub(crate) struct Verdict {
    pub(crate) pack: String,
    pub(crate) name: String,
    /// It has at least the form of ours; else nothing is known but that.
    pub(crate) looked_into: bool,
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    /// Over the tar; an unpacked pack has none.
    pub(crate) outer: Option<Signed>,
    /// Over the tag manifest.
    pub(crate) inner: Signed,
    pub(crate) facts: Facts,
    pub(crate) logs: Vec<LogVerdict>,
    /// What became of an older pack's logs.
    pub(crate) since: Option<Since>,
    pub(crate) findings: Findings,
    /// What is less than was asked for of the anchors and the last seals.
    pub(crate) below: Vec<String>,
}

pub(crate) fn run(args: &VerifyArgs, context: &Context<'_>) -> Exit {
    match verify(args, context, |_, _| ()) {
        Ok((verdict, _)) => tell::tell(context, &verdict),
        Err(error) => context.refuse(&error, error.exit()),
    }
}

/// The verdict, and what `look` then saw in the very same files. Into what has not the form of ours it is not looked.
pub(crate) fn verify<T>(
    args: &VerifyArgs,
    context: &Context<'_>,
    look: impl FnOnce(&Bag<'_>, &Verdict) -> T,
) -> Result<(Verdict, Option<T>), VerifyError> {
    let trust = trust(args, context)?;
    let looked = |pack: &Pack<'_>, verdict: Verdict| {
        let seen = pack.bag.as_ref().ok().map(|bag| look(bag, &verdict));
        (verdict, seen)
    };
    let judge = |pack: &Pack<'_>, trust: &Trust<'_>| pack.judge(trust, context.threads);
    let Some(old) = &args.since else {
        return open::with(context, &args.pack, |pack| looked(pack, judge(pack, &trust)));
    };
    open::with(context, old, |old| {
        open::with(context, &args.pack, |new| {
            let (before, mut verdict) = (judge(old, &trust.of_older(context.sys)), judge(new, &trust));
            since::compare(old, before, new, &mut verdict);
            looked(new, verdict)
        })
    })?
}

/// Keys that count, from the auditor alone.
fn trust<'a>(args: &'a VerifyArgs, context: &Context<'a>) -> Result<Trust<'a>, VerifyError> {
    let at_s = args.verify_time.map_or(context.now_ms() / 1000, |time| time.0);
    let (anchors, max_unsealed) = (anchored::Trust::told(context.sys, &args.anchors)?, args.max_unsealed);
    match (&args.allowed_signers, &args.signer) {
        (None, None) => Ok(Trust { allowed: None, at_s, anchors, max_unsealed }),
        (Some(path), Some(identity)) => {
            let allowed = Some((allowed_signers(context, path)?, identity.as_str()));
            Ok(Trust { allowed, at_s, anchors, max_unsealed })
        }
        _ => Err(VerifyError::Half),
    }
}

/// The keys in a file.
pub(crate) fn allowed_signers(context: &Context<'_>, path: &Path) -> Result<AllowedSigners, AllowedError> {
    let shown = path.display().to_string();
    let bytes = open::read_small(context, path, ALLOWED_MAX)?
        .ok_or_else(|| FileError::new(&shown, ReadError::Missing))?;
    AllowedSigners::parse(&bytes)
        .map_err(|error| AllowedError::Malformed { path: shown, fact: error.to_string() })
}

/// What is not even in the form of ours.
fn not_ours(shown: &str, fault: &dyn std::fmt::Display) -> Verdict {
    let mut findings = Findings::default();
    let fault = fault.to_string();
    let (fact, advice) = fault.split_once('\n').unwrap_or((&fault, ""));
    let says = format!("{fact}; nothing in it was looked at\n{}", advice.trim_start());
    findings.add(Finding::new(Kind::Malformed, shown).says(says.trim_end()));
    let (pack, name) = (shown.to_owned(), String::new());
    Verdict {
        pack,
        name,
        looked_into: false,
        files: 0,
        bytes: 0,
        outer: None,
        inner: Signed::Missing,
        facts: Facts::default(),
        logs: Vec::new(),
        since: None,
        findings,
        below: Vec::new(),
    }
}

/// Hashes everything for the signatures, the manifests and the logs, side by side.
fn examine(
    trust: &Trust<'_>,
    threads: usize,
    shown: &str,
    bag: &Bag<'_>,
    outer: Option<&(&dyn ReadAt, Option<Vec<u8>>)>,
) -> Verdict {
    // A folder may hold files that are as long as a file system lets them say.
    let bytes = bag.entries().iter().map(|entry| entry.len).fold(0, u64::saturating_add);
    let progress = Progress::bytes(bytes.saturating_mul(2), shown);
    let manifests = bag.manifests();
    let facts = Facts::of(bag, &manifests);
    let (outer, harms, logs) = std::thread::scope(|scope| {
        let outer = scope.spawn(|| outer.map(|(tar, signature)| trust.of_tar(*tar, signature.as_deref())));
        let harms = scope.spawn(|| bag::check_all(bag, manifests, 1, &|more| progress.add(more)));
        let logs = logs::check(bag, &trust.anchors, threads, &progress);
        (joined(outer), joined(harms), logs)
    });
    drop(progress);
    let mut findings = Findings::default();
    let inner = trust.of_manifest(bag);
    for (file, signed) in [(Some(format!("{shown}.sig")), outer.as_ref()), (None, Some(&inner))] {
        if let Some(Signed::Wrong(says)) = signed {
            let file = file.unwrap_or_else(|| bag::SIGNATURE.to_owned());
            findings.add(Finding::new(Kind::Unsigned, file).says(says));
        }
    }
    if let (Some(outer), Some(inner)) = (outer.as_ref().and_then(Signed::key), inner.key())
        && outer != inner
    {
        let says = "is by another key than the signature of the tar";
        findings.add(Finding::new(Kind::Unsigned, bag::SIGNATURE).says(says));
    }
    facts.finding().into_iter().for_each(|finding| findings.add(finding));
    let count = harms.count();
    let first = harms.into_first();
    findings.count += count - first.len() as u64;
    for harm in &first {
        findings.add(of_harm(harm));
    }
    let logs = match logs {
        Ok((logs, found)) => {
            findings.extend(found);
            logs
        }
        Err(error) => {
            findings.add(Finding::new(Kind::Malformed, shown).says(error.to_string()));
            Vec::new()
        }
    };
    let (pack, name, files) = (shown.to_owned(), bag.name().to_owned(), bag.entries().len());
    let below = trust.below(&logs);
    let since = None;
    Verdict { pack, name, looked_into: true, files, bytes, outer, inner, facts, logs, since, findings, below }
}

/// A panic of a thread is one of ours.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn of_harm(harm: &bag::Finding) -> Finding {
    use bag::Harm;
    let kind = match &harm.harm {
        Harm::Missing => Kind::Missing,
        Harm::Changed { .. } => Kind::Edited,
        Harm::Unlisted => Kind::Inserted,
        _ => Kind::Malformed,
    };
    Finding::new(kind, &*harm.path).says(harm.harm.to_string())
}
