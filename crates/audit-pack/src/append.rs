//! `audit-pack append`: lines from stdin, durable and sealed, with receipts.

use std::io::Read;
use std::time::Duration;

use holdfast::Exit;
use holdfast::sys::{Appended, Sys};
use serde::Serialize;
use tlog::Hash;

use crate::cli::AppendArgs;
use crate::context::{Chosen, Context};
use crate::log::Log;
use crate::out;
use crate::place::FileError;
use crate::seal::Sealed;
use crate::sealing;

/// As much as is taken from stdin at once, in bytes.
const INPUT_MAX: u64 = 64 << 20;
/// Another sealer is waited for this long before lines are appended without a receipt.
const PATIENCE: Duration = Duration::from_secs(10);

/// What somebody who appended can hold against the log later.
#[derive(Serialize)]
struct Receipt {
    /// Its number in the log, from 1.
    line: u64,
    /// SHA-256 of 00 and the line.
    leaf: String,
}

pub(crate) fn run(args: &AppendArgs, context: &Context<'_>) -> Exit {
    let chosen = match context.choose(std::slice::from_ref(&args.log), args.key.as_deref()) {
        Ok(mut chosen) => chosen.remove(0),
        Err(exit) => return exit,
    };
    let lines = match input() {
        Ok(lines) => lines,
        Err((text, exit)) => return context.refuse(&format_args!("nothing was appended: {text}"), exit),
    };
    append(context, &Chosen { configured: false, ..chosen }, &lines)
}

/// Whole lines of JSON, each without its LF.
fn input() -> Result<Vec<String>, (String, Exit)> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(INPUT_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| (format!("stdin cannot be read: {error}"), Exit::Io))?;
    if bytes.len() as u64 > INPUT_MAX {
        return Err((
            format!("stdin has more than {} MiB\n  append it in parts", INPUT_MAX >> 20),
            Exit::Data,
        ));
    }
    let bad = |line: usize, fact: &str| {
        (format!("line {line} of stdin {fact}\n  a decision is one JSON value in one line"), Exit::Data)
    };
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(bytes.strip_suffix(b"\n").unwrap_or(&bytes).split(|byte| *byte == b'\n'))
    {
        let text = str::from_utf8(line).map_err(|_| bad(number, "is not UTF-8"))?;
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
            return Err(bad(number, &format!("is not JSON: {error}")));
        }
        lines.push(text.to_owned());
    }
    Ok(lines)
}

fn append(context: &Context<'_>, chosen: &Chosen, lines: &[String]) -> Exit {
    let log = &chosen.log;
    let path = log.path().display().to_string();
    if let Some(what) = log.stands_instead(context.sys.store) {
        let why = format_args!(
            "nothing was appended: in the place of {path} stands {what}\n  see what happened: audit-pack check {path}"
        );
        return context.refuse(&why, Exit::No);
    }
    match sealing::genesis(context, log) {
        Ok(Some(_)) => {}
        Ok(None) => {
            let why = format_args!(
                "nothing was appended: {path} is not sealed yet\n  begin with: audit-pack init {path} --key KEY"
            );
            return context.refuse(&why, Exit::Config);
        }
        Err(error) => {
            let advice = out::advice(error.exit(), &"append it again");
            return context
                .refuse(&format_args!("nothing was appended to {path}: {error}{advice}"), error.exit());
        }
    }
    // With the sealer's lock in hand the lines that stand before ours can be counted. An appender is never kept waiting
    // by it for long, and never from appending.
    let lock = log.in_sidecar("lock");
    let held = context.sys.lock_within(&lock, PATIENCE);
    let written = match write(context, log, lines) {
        Ok(written) => written,
        Err(exit) => return exit,
    };
    let _held = match held {
        Ok(Some(held)) => held,
        Ok(None) => {
            let lock = lock.display();
            let why = format_args!(
                "{path}: the lines are appended, durably, and not sealed yet: another process holds {lock}\n  the next \
                 seal covers them; where that process hangs, end it: fuser {lock}"
            );
            return context.refuse(&why, Exit::Busy);
        }
        Err(error) => {
            let why = format_args!(
                "{path}: the lines are appended, durably, and not sealed yet: {error}\n  then: audit-pack seal {path}"
            );
            return context.refuse(&why, Exit::Io);
        }
    };
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "a path is not general enough in its lifetimes"
    )]
    let (sealed, full) =
        sealing::seal(&context.in_passing(), chosen, |sealer, signer| sealer.seal_locked(signer));
    let exit = match sealed {
        Ok(Sealed { waits: Some(waits), .. }) => {
            let story = waits.story(&path);
            let why = format_args!(
                "{path}: the lines are appended, durably; no receipt can be given, since the log was renamed:\n  {story}\n  \
                 do not append them again: a later seal covers them"
            );
            context.refuse(&why, Exit::Unsealed)
        }
        Ok(sealed) => receipts(context, lines, numbers(context.sys, log, sealed.from, &written)),
        Err(exit) => {
            let why = format_args!(
                "{path}: the lines are appended, durably, and not sealed yet\n  then: audit-pack seal {path}"
            );
            context.refuse(&why, exit)
        }
    };
    if full { exit.and(Exit::Io) } else { exit }
}

/// All lines, each durably.
fn write(context: &Context<'_>, log: &Log, lines: &[String]) -> Result<Vec<Appended>, Exit> {
    let mut written = Vec::new();
    for line in lines {
        match context.sys.store.append(&log.path(), line) {
            Ok(appended) => written.push(appended),
            Err(error) => {
                let done = written.len();
                let (path, all) = (log.path(), lines.len());
                let why = format_args!(
                    "{}: {error}\n  of {all} lines the first {done} are appended, durably, and not sealed yet; look \
                     whether line {} is there, or a part of it, before you append it again",
                    path.display(),
                    done + 1
                );
                return Err(context.refuse(&why, Exit::Io));
            }
        }
    }
    Ok(written)
}

/// What our lines are among all that are there now.
fn receipts(context: &Context<'_>, lines: &[String], numbers: Result<Vec<u64>, FileError>) -> Exit {
    let receipts = match numbers {
        Ok(numbers) => numbers.into_iter().zip(lines).map(|(line, text)| Receipt {
            line,
            leaf: Hash::leaf(format!("{text}\n").as_bytes()).to_string(),
        }),
        Err(error) => {
            let why = format_args!(
                "the lines are sealed, but their numbers cannot be told: {error}\n  do not append them again"
            );
            return context.refuse(&why, Exit::Io);
        }
    };
    let said = if context.json {
        out::json(&receipts.collect::<Vec<_>>())
    } else {
        let lines: Vec<String> =
            receipts.map(|receipt| format!("{} {}\n", receipt.line, receipt.leaf)).collect();
        out::answer(&lines.concat())
    };
    if said != Exit::Ok {
        out::tell(
            &"nobody got the receipts, and the lines are sealed all the same: do not append them again",
        );
    }
    said
}

/// Counts line ends from where sealing began to each of our lines, which stand behind it.
fn numbers(
    sys: &Sys<'_>,
    log: &Log,
    (mut at, mut count): (u64, u64),
    written: &[Appended],
) -> Result<Vec<u64>, FileError> {
    const STEP: usize = 1 << 20;
    let path = log.path();
    let file = sys.store.open(&path);
    let file = file.map_err(|error| FileError::new(path.display().to_string(), error))?;
    let mut buf = vec![0; STEP];
    let mut numbers = Vec::new();
    for appended in written {
        while at < appended.offset {
            let wanted = STEP.min((appended.offset - at) as usize);
            let read = file.read_at(at, &mut buf[..wanted]).map_err(FileError::at(&path))?;
            if read == 0 {
                break;
            }
            count += memchr::memchr_iter(b'\n', &buf[..read]).count() as u64;
            at += read as u64;
        }
        numbers.push(count + 1);
    }
    Ok(numbers)
}
