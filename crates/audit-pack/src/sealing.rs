//! `audit-pack seal`.

use std::fmt::Write as _;

use holdfast::Exit;
use holdfast::sys::ReadError;
use holdfast::time::iso;
use serde::Serialize;
use tlog::FileName;
use tlog::seals::{Genesis, Record};

use crate::cli::SealArgs;
use crate::context::{Chosen, Context};
use crate::finding::{Finding, Kind};
use crate::init::{self, Naming, RESERVE};
use crate::log::Log;
use crate::place::FileError;
use crate::seal::{NoteSigner, SealError, Sealed, Sealer, Waits};
use crate::seals::SealsReader;
use crate::{guard, keys, out};

/// The answer for machines.
#[derive(Serialize)]
struct Answer<'a> {
    log: String,
    origin: &'a str,
    new_lines: u64,
    lines: u64,
    bytes: u64,
    root: String,
    unsealed_tail_bytes: u64,
    not_json: u64,
    tiles_mended: u64,
    /// Files that were closed by this run.
    closed: Vec<&'a str>,
    /// Why what stands in the log's file is not sealed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<&'static str>,
    findings: &'a [Finding],
}

pub(crate) fn run(args: &SealArgs, context: &Context<'_>) -> Exit {
    match context.choose(&args.logs, args.key.as_deref()) {
        Ok(chosen) => chosen.iter().map(|chosen| seal_and_tell(context, chosen)).fold(Exit::Ok, Exit::and),
        Err(exit) => exit,
    }
}

/// Seals one log and tells what came of it.
pub(crate) fn seal_and_tell(context: &Context<'_>, chosen: &Chosen) -> Exit {
    let log = &chosen.log;
    if chosen.configured
        && let Err(exit) = begin_where_missing(context, chosen)
    {
        return exit;
    }
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "a path is not general enough in its lifetimes"
    )]
    let (result, full) = seal(context, chosen, |sealer, signer| sealer.seal(signer));
    finish(context, log, result, full)
}

/// Tells what came of a seal.
pub(crate) fn finish(context: &Context<'_>, log: &Log, result: Result<Sealed, Exit>, full: bool) -> Exit {
    match result {
        Ok(sealed) => {
            let exit = tell(context, log, &sealed);
            if full { exit.and(Exit::Io) } else { exit }
        }
        Err(exit) => exit,
    }
}

/// Runs the sealer with the log's key. On a full disk it is run again with the reserve freed, and the second value is
/// true: the seal is made, but somebody must make room.
pub(crate) fn seal<T>(
    context: &Context<'_>,
    chosen: &Chosen,
    work: impl Fn(&Sealer<'_>, &mut NoteSigner<'_>) -> Result<T, SealError>,
) -> (Result<T, Exit>, bool) {
    let log = &chosen.log;
    let store = context.sys.store;
    let mut full = false;
    let result = with_signer(context, chosen, |sealer, signer| {
        let reserve = log.in_sidecar("reserve");
        match work(sealer, signer) {
            Err(error) if error.is_full() && matches!(store.stat(&reserve), Ok(Some(_))) => {
                store.remove(&reserve).map_err(FileError::at(&reserve))?;
                full = true;
                work(sealer, signer)
            }
            done => done,
        }
    });
    if full {
        out::tell(&format_args!(
            "the disk of {} is full: its reserve was used\n  make room; the next seal sets a new one aside",
            log.path().display()
        ));
    } else if matches!(store.stat(&log.in_sidecar("reserve")), Ok(None)) {
        // Without room for it the next full disk stops the sealer, which tells.
        let _ = store.reserve(&log.in_sidecar("reserve"), RESERVE);
    }
    (result, full)
}

fn with_signer<T>(
    context: &Context<'_>,
    chosen: &Chosen,
    work: impl FnOnce(&Sealer<'_>, &mut NoteSigner<'_>) -> Result<T, SealError>,
) -> Result<T, Exit> {
    let (log, sys) = (&chosen.log, context.sys);
    let told = |error: &dyn std::fmt::Display, exit| {
        let path = log.path().display().to_string();
        let advice = out::advice(exit, &format_args!("audit-pack seal {path}"));
        context.refuse(&format_args!("{path}: {error}{advice}"), exit)
    };
    let key_path =
        keys::of_log(sys.store, log, chosen.key.as_deref()).map_err(|error| told(&error, Exit::Config))?;
    let begun = genesis(context, log).and_then(|begun| {
        begun.ok_or_else(|| SealError::NoSidecar { log: log.path().display().to_string() })
    });
    let origin = begun.map_err(|error| told(&error, error.exit()))?.origin;
    let mut key =
        context.keyring.open(sys.store, &key_path).map_err(|error| told(&error, keys::exit(&error)))?;
    let mut note_key = key.note_key(origin.as_str()).map_err(|error| told(&error, Exit::Config))?;
    let guard = guard::path(&key_path, &origin);
    let sealer = Sealer { sys, log, guard, threads: context.threads, closed: &[] };
    work(&sealer, &mut NoteSigner(&mut note_key)).map_err(|error| told(&error, error.exit()))
}

/// The first line of SEALS; nothing where the log was not begun.
pub(crate) fn genesis(context: &Context<'_>, log: &Log) -> Result<Option<Genesis>, SealError> {
    let path = log.in_sidecar("SEALS");
    let line = match context.sys.store.open(&path) {
        Ok(file) => SealsReader::new(&*file, 0).line().map_err(FileError::at(&path))?,
        Err(ReadError::Missing) => None,
        Err(error) => return Err(FileError::new(path.display().to_string(), error).into()),
    };
    let chain = log.in_sidecar("chain");
    match line.as_deref().map(Record::parse) {
        Some(Ok(Record::Genesis(genesis))) => Ok(Some(genesis)),
        Some(_) => {
            let finding = Finding::new(Kind::Edited, path.display().to_string()).line(1);
            Err(SealError::changed(finding.says("it is not the line that a log begins with")))
        }
        None if context.sys.store.stat(&chain).map_err(FileError::at(&chain))?.is_some() => {
            let finding = Finding::new(Kind::Missing, path.display().to_string());
            Err(SealError::changed(finding.says("it was signed, as the file chain beside it shows")))
        }
        None => Ok(None),
    }
}

/// A log that is configured is begun without being asked for.
pub(crate) fn begin_where_missing(context: &Context<'_>, chosen: &Chosen) -> Result<(), Exit> {
    let Some(key) = &chosen.key else { return Ok(()) };
    init::begin(context, &chosen.log, key, (&context.origin(&chosen.log)?, &Naming::default()))
}

fn tell(context: &Context<'_>, log: &Log, sealed: &Sealed) -> Exit {
    let state = &sealed.state;
    let shown = log.path().display().to_string();
    if sealed.bad_count > 0 {
        let named: Vec<String> = sealed.bad.iter().map(ToString::to_string).collect();
        out::tell(&format_args!(
            "{shown}: {} new lines are no JSON (they are sealed as they are): {}",
            sealed.bad_count,
            named.join(", ")
        ));
    }
    if sealed.mended > 0 {
        out::tell(&format_args!(
            "{shown}: {} damaged tiles of its sidecar were made anew from the log, which has the root that was signed\n  \
             see to the disk, or to who writes there",
            sealed.mended
        ));
    }
    let said = if context.json {
        out::json(&Answer {
            log: shown.clone(),
            origin: state.origin.as_str(),
            new_lines: sealed.new_lines,
            lines: state.lines,
            bytes: state.bytes,
            root: state.root.to_string(),
            unsealed_tail_bytes: sealed.tail,
            not_json: sealed.bad_count,
            tiles_mended: sealed.mended,
            closed: sealed.closed.iter().map(FileName::as_str).collect(),
            waits_for: sealed.waits.as_ref().map(Waits::word),
            findings: &sealed.findings.listed,
        })
    } else {
        let when = state.sealed_ms.map_or_else(|| "never".to_owned(), |ms| iso(ms as f64 / 1e3));
        let mut text = format!(
            "{shown}: {} new lines sealed, {} in all; last seal {when}; root {}\n",
            sealed.new_lines, state.lines, state.root
        );
        for closed in &sealed.closed {
            let _ = writeln!(text, "  closed      {closed}; the log goes on in a new file");
        }
        if let Some(waits) = sealed.waits.as_ref().filter(|waits| !waits.needs_person()) {
            let _ = writeln!(text, "  renamed     {}", waits.story(&shown));
        }
        out::answer(&text)
    };
    let said = match &sealed.waits {
        Some(waits) if waits.needs_person() => {
            out::tell(&format_args!("{shown}: {}", waits.story(&shown)));
            said.and(Exit::Unsealed)
        }
        _ => said,
    };
    if sealed.findings.is_empty() {
        return said;
    }
    out::tell(&format_args!(
        "{shown}: what was sealed long ago is not what it was\n{}  see all: audit-pack check {shown}",
        sealed.findings
    ));
    said.and(Exit::No)
}
