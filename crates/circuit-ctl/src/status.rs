//! `status`: everything about the circuit, for a tired person.

use std::fmt::Write;

use holdfast::advice::Advice;
use holdfast::circuit::{self, Hold, Resumed, Verdict, View};
use holdfast::json::{self, Object, Value};
use holdfast::lately::Watchdog;
use holdfast::sys::Sys;
use holdfast::text::printable;
use holdfast::time::iso;
use holdfast::{Exit, Root};

use crate::cli::Answer;
use crate::out;
use crate::show::{self, NAME_MAX, REASON_MAX};

/// More holds than a person reads at once.
const HOLDS_SHOWN: usize = 20;

pub(crate) fn run(answer: Answer, sys: &Sys, root: &Root, advice: &Advice) -> Exit {
    let seen = Seen {
        view: circuit::view(sys, root),
        watchdog: Watchdog::look(sys, root),
        now: sys.clock.now().wall,
    };
    let text = if answer.json { seen.json() } else { seen.words(advice) };
    seen.view.verdict.exit().and(out::answer(&text))
}

struct Seen {
    view: View,
    watchdog: Watchdog,
    now: f64,
}

impl Seen {
    /// Since when it is as it is, as far as the files say.
    fn since(&self) -> Option<f64> {
        match &self.view.verdict {
            Verdict::Green => self.resumed().map(|resumed| resumed.at),
            Verdict::Paused { .. } => self.view.holds.first().map(|oldest| oldest.since),
        }
    }

    fn resumed(&self) -> Option<&Resumed> {
        self.view.face.as_ref()?.resumed.as_ref()
    }

    fn words(&self, advice: &Advice) -> String {
        let verdict = &self.view.verdict;
        let colour = out::colour(show::colour(verdict));
        let mut text = format!("{colour}{}{colour:#}: {}\n", show::headline(verdict), show::allowed(verdict));
        match (verdict, self.since()) {
            (_, Some(since)) => {
                let _ = writeln!(text, "  {}", show::since(since, self.now));
            }
            (Verdict::Green, None) => text += "  nobody has resumed it on a terminal\n",
            (Verdict::Paused { .. }, None) => {}
        }
        match verdict {
            Verdict::Green => self.last_resume(&mut text),
            Verdict::Paused { .. } => self.holds(&mut text),
        }
        let _ = writeln!(text, "\nWatchdog: {}", printable(&self.watchdog.to_string(), REASON_MAX));
        self.next(&mut text, advice);
        text
    }

    fn last_resume(&self, text: &mut String) {
        if let Some(Resumed { by, why, .. }) = self.resumed() {
            let (by, why) = (printable(by, NAME_MAX), printable(why, REASON_MAX));
            let _ = writeln!(text, "  resumed by {by}: {why}");
        }
    }

    fn holds(&self, text: &mut String) {
        let holds = &self.view.holds;
        let _ = writeln!(text, "\n{}, each lifted by a person:", show::holds(holds.len()));
        for hold in holds.iter().take(HOLDS_SHOWN) {
            *text += &show::hold(hold);
            let _ = writeln!(text, "    {}", show::since(hold.since, self.now));
        }
        if let Some(more @ 1..) = holds.len().checked_sub(HOLDS_SHOWN) {
            let _ = writeln!(text, "  and {more} more: --json shows all");
        }
    }

    fn next(&self, text: &mut String, advice: &Advice) {
        *text += "\nNext:\n";
        match &self.view.verdict {
            Verdict::Green => {
                let _ = writeln!(
                    text,
                    "  nothing; to pause: {}",
                    advice.call("circuit-ctl", "trip --reason \"…\"")
                );
            }
            Verdict::Paused { why, .. } => {
                if let Some(aid) = show::first_aid(why) {
                    let _ = writeln!(text, "  {aid}");
                }
                let _ =
                    writeln!(text, "  what happened:              {}", advice.call("circuit-ctl", "history"));
                let _ =
                    writeln!(text, "  when the cause is mended:   {}", advice.call("circuit-ctl", "resume"));
            }
        }
        if !matches!(self.watchdog, Watchdog::Checked(_)) {
            let check = advice.call("watchdog", "check");
            let _ = writeln!(
                text,
                "  nobody would notice a dead pipeline: see to it that a watchdog runs ({check})"
            );
        }
    }

    fn json(&self) -> String {
        let verdict = &self.view.verdict;
        let mut object = Object::new();
        object.insert("verdict".into(), verdict.word().into());
        object.insert("exit".into(), verdict.exit().code().into());
        if let Verdict::Paused { mode, why } = verdict {
            object.insert("mode".into(), mode.to_string().into());
            object.insert("why".into(), why.to_string().into());
        }
        if let Some(since) = self.since() {
            object.insert("since".into(), json::number(since));
            object.insert("iso".into(), iso(since).into());
        }
        object.insert("holds".into(), self.view.holds.iter().map(|hold| self.hold_json(hold)).collect());
        if let Some(resumed) = self.resumed() {
            object.insert("resumed".into(), resumed_json(resumed));
        }
        object.insert("watchdog".into(), self.watchdog_json());
        format!("{}\n", Value::from(object))
    }

    fn hold_json(&self, hold: &Hold) -> Value {
        let mut object = hold.to_object();
        object.insert("age".into(), json::number((self.now - hold.since).max(0.0)));
        object.into()
    }

    fn watchdog_json(&self) -> Value {
        let mut object = Object::new();
        match &self.watchdog {
            Watchdog::Checked(seconds) => object.insert("age".into(), json::number(*seconds)),
            other => object.insert("fault".into(), other.to_string().into()),
        };
        object.into()
    }
}

fn resumed_json(resumed: &Resumed) -> Value {
    let mut object = Object::new();
    object.insert("at".into(), json::number(resumed.at));
    object.insert("by".into(), resumed.by.clone().into());
    object.insert("why".into(), resumed.why.clone().into());
    object.insert("lifted".into(), resumed.lifted.clone().into());
    object.into()
}
