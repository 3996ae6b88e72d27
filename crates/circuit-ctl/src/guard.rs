//! `guard`: becomes the command only while the circuit is green.

use std::io;
use std::process::ExitCode;

use holdfast::Root;
use holdfast::advice::Advice;
use holdfast::settings::Settings;
use holdfast::sys::{Sys, real};
use holdfast::time::Span;

use crate::check::Gate;
use crate::cli::GuardArgs;
use crate::out;

/// Two of the watchdog's usual quarters of an hour, and room for a slow one.
const WATCHDOG_WITHIN: Span = Span::secs(35 * 60);
/// What a shell says of a command that is not there.
const NOT_FOUND: u8 = 127;
/// What a shell says of a command that is there and cannot be run.
const NOT_RUNNABLE: u8 = 126;

pub(crate) fn run(args: &GuardArgs, sys: &Sys, root: &Root, advice: &Advice) -> ExitCode {
    let gate = Gate::look(sys, root, required(args, sys, root));
    let Some(mode) = gate.mode(args.allow_reduce) else {
        let program = args.argv[0].display();
        out::tell(&format_args!("{program} was not started. {}", gate.refusal(advice)));
        return gate.exit().into();
    };
    match real::exec(&args.argv, &[("HOLDFAST_MODE", mode)]) {
        // Windows has more codes than can be passed on; a failure stays one.
        Ok(code) => u8::try_from(code).unwrap_or(1).into(),
        Err(error) => not_started(args, &error).into(),
    }
}

/// How lately the watchdog must have checked; `None` if it need not.
fn required(args: &GuardArgs, sys: &Sys, root: &Root) -> Option<Span> {
    if args.no_watchdog {
        return None;
    }
    args.require_watchdog.or_else(|| watched(sys, root).then_some(WATCHDOG_WITHIN))
}

/// Somebody set up watches, or we cannot know (**fail-closed**).
fn watched(sys: &Sys, root: &Root) -> bool {
    let settings = Settings::read(sys, root);
    settings.trouble.is_some() || !settings.config.watches.is_empty()
}

fn not_started(args: &GuardArgs, error: &io::Error) -> u8 {
    let program = args.argv[0].display();
    if error.kind() == io::ErrorKind::NotFound {
        out::tell(&format_args!(
            "{program} is not there to be started\n  check its name, and that PATH leads to it"
        ));
        return NOT_FOUND;
    }
    out::tell(&format_args!(
        "{program} cannot be started: {error}\n  it must be a program that this user may execute"
    ));
    NOT_RUNNABLE
}
