//! `audit-pack verify`: what an auditor can say of a pack, offline, from a key that came another way.
//!
//! The pack is hostile until shown otherwise: nothing of it is unpacked, executed or believed. Who may sign comes from
//! the auditor; what the pack says of itself is shown as what it says.

pub(crate) mod facts;
pub(crate) mod logs;
pub(crate) mod tell;
#[cfg(test)]
mod tests;
pub(crate) mod trust;

use std::path::{Path, PathBuf};

use bag::Bag;
use holdfast::Exit;
use holdfast::sys::{Kind as FileKind, ReadAt, ReadError};
use sshsig::AllowedSigners;

use crate::cli::VerifyArgs;
use crate::context::Context;
use crate::finding::{Finding, Findings, Kind};
use crate::place::FileError;
use crate::progress::Progress;
use facts::Facts;
use logs::LogVerdict;
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
    #[error("{path}: {fact}")]
    Allowed { path: String, fact: String },
    #[error(
        "--allowed-signers and --signer belong together: the one says which keys, the other whose\n  audit-pack verify PACK --allowed-signers FILE --signer ID"
    )]
    Half,
}

impl VerifyError {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::File(FileError { error, .. }) | Self::Pack(FileError { error, .. })
                if matches!(error, ReadError::Missing | ReadError::NotRegular(_)) =>
            {
                Exit::Usage
            }
            Self::Half => Exit::Usage,
            Self::File(_) | Self::Pack(_) => Exit::Io,
            Self::Allowed { .. } => Exit::Data,
        }
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
    pub(crate) findings: Findings,
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
    let store = context.sys.store;
    let shown = args.pack.display().to_string();
    let error = |error: ReadError| VerifyError::Pack(FileError::new(shown.clone(), error));
    match store.stat(&args.pack).map_err(|failed| error(failed.into()))? {
        None => Err(error(ReadError::Missing)),
        Some(stat) if stat.kind == FileKind::Dir => Ok(match Bag::open_folder(store, &args.pack) {
            Ok(bag) => {
                let verdict = examine(&trust, context.threads, &shown, &bag, None);
                let seen = look(&bag, &verdict);
                (verdict, Some(seen))
            }
            Err(fault) => (not_ours(&shown, &fault), None),
        }),
        Some(_) => {
            let tar = store.open(&args.pack).map_err(error)?;
            let signature = outer_signature(context, &args.pack)?;
            Ok(verify_tar(&trust, context.threads, &shown, &*tar, signature, look))
        }
    }
}

/// Under whatever name it lies here: a tar that was renamed is the same tar.
fn verify_tar<T>(
    trust: &Trust<'_>,
    threads: usize,
    shown: &str,
    tar: &dyn ReadAt,
    signature: Option<Vec<u8>>,
    look: impl FnOnce(&Bag<'_>, &Verdict) -> T,
) -> (Verdict, Option<T>) {
    match Bag::open_tar(tar, None) {
        Ok(bag) => {
            let verdict = examine(trust, threads, shown, &bag, Some((tar, signature)));
            let seen = look(&bag, &verdict);
            (verdict, Some(seen))
        }
        Err(fault) => (not_ours(shown, &fault), None),
    }
}

/// Keys that count, from the auditor alone.
fn trust<'a>(args: &'a VerifyArgs, context: &Context<'_>) -> Result<Trust<'a>, VerifyError> {
    let at_s = args.verify_time.map_or(context.now_ms() / 1000, |time| time.0);
    let (path, identity) = match (&args.allowed_signers, &args.signer) {
        (None, None) => return Ok(Trust { allowed: None, at_s }),
        (Some(path), Some(identity)) => (path, identity),
        _ => return Err(VerifyError::Half),
    };
    let shown = path.display().to_string();
    let bytes =
        read_small(context, path, ALLOWED_MAX)?.ok_or_else(|| FileError::new(&shown, ReadError::Missing))?;
    let allowed = AllowedSigners::parse(&bytes)
        .map_err(|error| VerifyError::Allowed { path: shown, fact: error.to_string() })?;
    Ok(Trust { allowed: Some((allowed, identity)), at_s })
}

fn read_small(context: &Context<'_>, path: &Path, most: u64) -> Result<Option<Vec<u8>>, FileError> {
    let shown = path.display().to_string();
    match context.sys.store.read(path) {
        Ok(bytes) if bytes.len() as u64 > most => {
            Err(FileError::new(shown, ReadError::TooLarge(bytes.len() as u64)))
        }
        Ok(bytes) => Ok(Some(bytes)),
        Err(ReadError::Missing) => Ok(None),
        Err(error) => Err(FileError::new(shown, error)),
    }
}

fn outer_signature(context: &Context<'_>, pack: &Path) -> Result<Option<Vec<u8>>, FileError> {
    let mut path = pack.as_os_str().to_owned();
    path.push(".sig");
    read_small(context, &PathBuf::from(path), sshsig::SIGNATURE_LEN_MAX as u64)
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
        findings,
    }
}

type Outer<'a> = Option<(&'a dyn ReadAt, Option<Vec<u8>>)>;

/// Hashes everything for the signatures, the manifests and the logs, side by side.
fn examine(trust: &Trust<'_>, threads: usize, shown: &str, bag: &Bag<'_>, outer: Outer<'_>) -> Verdict {
    // A folder may hold files that are as long as a file system lets them say.
    let bytes = bag.entries().iter().map(|entry| entry.len).fold(0, u64::saturating_add);
    let progress = Progress::bytes(bytes.saturating_mul(2), shown);
    let manifests = bag.manifests();
    let facts = Facts::of(bag, &manifests);
    let (outer, harms, logs) = std::thread::scope(|scope| {
        let outer = scope.spawn(|| outer.map(|(tar, signature)| trust.of_tar(tar, signature.as_deref())));
        let harms = scope.spawn(|| bag::check_all(bag, manifests, 1, &|more| progress.add(more)));
        let logs = logs::check(bag, threads, &progress);
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
    Verdict { pack, name, looked_into: true, files, bytes, outer, inner, facts, logs, findings }
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
