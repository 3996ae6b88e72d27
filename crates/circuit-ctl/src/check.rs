//! `check`: the verdict as an exit code. Also what `guard` asks first.

use std::fmt::Write;

use holdfast::advice::Advice;
use holdfast::circuit::{self, Checked, Mode, Verdict};
use holdfast::json::{Object, Value};
use holdfast::lately::Watchdog;
use holdfast::sys::Sys;
use holdfast::time::Span;
use holdfast::{Exit, Root};

use crate::cli::CheckArgs;
use crate::{out, show};

/// What stands between a caller and trading.
pub(crate) struct Gate {
    checked: Checked,
    /// Why a required watchdog does not count as running.
    watchdog: Option<String>,
}

impl Gate {
    pub(crate) fn look(sys: &Sys, root: &Root, required: Option<Span>) -> Self {
        let checked = circuit::check(sys, root);
        let watchdog = required.and_then(|within| Watchdog::look(sys, root).lacking(within));
        Self { checked, watchdog }
    }

    /// The mode in which work may go on; `None` if it must not.
    pub(crate) fn mode(&self, allow_reduce: bool) -> Option<&'static str> {
        match (self.exit(), allow_reduce) {
            (Exit::Ok, _) => Some("normal"),
            (Exit::Reduce, true) => Some("reduce"),
            _ => None,
        }
    }

    /// Without its watchdog nothing is allowed, not even what only reduces risk.
    pub(crate) fn exit(&self) -> Exit {
        if self.watchdog.is_some() { Exit::Paused } else { self.checked.verdict.exit() }
    }

    /// The fact, and what to do, for stderr.
    pub(crate) fn refusal(&self, advice: &Advice) -> String {
        let mut text = String::new();
        if let Verdict::Paused { why, mode } = &self.checked.verdict {
            let forbids = match mode {
                Mode::Halt => "PAUSED (halt)",
                Mode::Reduce => "REDUCE ONLY",
            };
            let aid = show::first_aid(why).map(|aid| format!("{aid}\n  ")).unwrap_or_default();
            let cause = show::cause(&self.checked);
            let (see, lift) = (advice.call("circuit-ctl", "status"), advice.call("circuit-ctl", "resume"));
            let _ =
                write!(text, "{forbids}: {cause}\n  {aid}see it with: {see}; a person lifts it with: {lift}");
        }
        if let Some(lacking) = &self.watchdog {
            let lead = if text.is_empty() { "REFUSED: " } else { "\n  and " };
            let run = advice.call("watchdog", "check");
            let _ = write!(text, "{lead}{lacking}\n  run one: {run}; find out why its scheduler does not");
        }
        text
    }

    fn json(&self) -> String {
        let mut object = Object::new();
        object.insert("verdict".into(), self.checked.verdict.word().into());
        object.insert("exit".into(), self.exit().code().into());
        if let Verdict::Paused { mode, .. } = &self.checked.verdict {
            object.insert("mode".into(), mode.to_string().into());
            object.insert("why".into(), show::cause(&self.checked).into());
        }
        if let Some(lacking) = &self.watchdog {
            object.insert("watchdog".into(), lacking.clone().into());
        }
        format!("{}\n", Value::from(object))
    }
}

pub(crate) fn run(args: &CheckArgs, sys: &Sys, root: &Root, advice: &Advice) -> Exit {
    let gate = Gate::look(sys, root, args.require_watchdog);
    let exit = gate.exit();
    if exit != Exit::Ok {
        out::tell(&gate.refusal(advice));
    }
    let answered = match (args.answer.json, exit) {
        (true, _) => out::answer(&gate.json()),
        (false, Exit::Ok) => out::answer("green\n"),
        (false, _) => Exit::Ok,
    };
    exit.and(answered)
}
