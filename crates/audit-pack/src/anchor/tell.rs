//! What came of showing a head around, for people and for machines.

use std::fmt::Write as _;

use holdfast::Exit;
use holdfast::config::Anchor;
use holdfast::time::iso;
use serde::Serialize;
use tlog::seals::State;

use super::memory::Memory;
use super::{Asked, Trouble, kind};
use crate::context::Context;
use crate::finding::Finding;
use crate::log::Log;
use crate::out;

/// How one of them stands to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Stands {
    Anchored,
    Waiting,
    Failed,
    Broken,
    RolledBack,
    Forked,
}

#[derive(Serialize)]
struct One {
    name: String,
    kind: &'static str,
    state: Stands,
    says: String,
}

/// The answer for one log.
#[derive(Serialize)]
pub(super) struct Told {
    log: String,
    origin: String,
    records: u64,
    lines: u64,
    root: String,
    anchors: Vec<One>,
}

impl Told {
    pub(super) fn new(log: &Log, state: &State) -> Self {
        Self {
            log: log.path().display().to_string(),
            origin: state.origin.to_string(),
            records: state.records,
            lines: state.lines,
            root: state.root.to_string(),
            anchors: Vec::new(),
        }
    }

    pub(super) fn asked(&mut self, anchor: &Anchor, asked: &Asked) {
        let (state, says) = match asked {
            Ok(says) => (Stands::Anchored, says.clone()),
            Err(trouble) => (stands(trouble), trouble.to_string()),
        };
        self.anchors.push(One { name: anchor.name.to_string(), kind: kind(anchor), state, says });
    }

    /// Something of our own is in the way: it was not asked, or what it said is not remembered.
    pub(super) fn broken(&mut self, anchor: &Anchor, error: &dyn std::fmt::Display) {
        let says = error.to_string().replace('\n', "");
        self.anchors.push(One {
            name: anchor.name.to_string(),
            kind: kind(anchor),
            state: Stands::Broken,
            says,
        });
    }

    pub(super) fn waits(&mut self, anchor: &Anchor, memory: &Memory) {
        let at = |ms: u64| iso(ms as f64 / 1e3);
        let next = format!("asked again after {}", at(memory.next_ms));
        let (state, says) = match (&memory.alarm, &memory.why, memory.at_ms) {
            (Some(alarm), ..) => (alarm.stands(), format!("{}; {next}", alarm.says())),
            (None, Some(why), _) => (Stands::Failed, format!("{why}; {next}")),
            (None, None, Some(ms)) => (Stands::Waiting, format!("it saw the log at {}; {next}", at(ms))),
            (None, None, None) => (Stands::Waiting, next),
        };
        self.anchors.push(One { name: anchor.name.to_string(), kind: kind(anchor), state, says });
    }

    /// An alarm is 1; who was not reached does not hide it.
    pub(super) fn tell(&self, context: &Context<'_>) -> Exit {
        let said = if context.json { out::json(self) } else { out::answer(&self.text()) };
        if said != Exit::Ok {
            return said;
        }
        let has = |states: &[Stands]| self.anchors.iter().any(|one| states.contains(&one.state));
        if has(&[Stands::RolledBack, Stands::Forked]) {
            Exit::No
        } else if has(&[Stands::Broken]) {
            Exit::Io
        } else if has(&[Stands::Failed]) {
            Exit::Undelivered
        } else {
            Exit::Ok
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}: {} lines, root {}\n", self.log, self.lines, self.root);
        if self.lines == 0 {
            text.push_str("  nothing is sealed in it yet, so nobody was asked\n");
        }
        for One { name, kind, state, says } in &self.anchors {
            let word = match state {
                Stands::Anchored => "anchored",
                Stands::Waiting => "waiting",
                Stands::Failed => "failed",
                Stands::Broken => "BROKEN",
                Stands::RolledBack => "ROLLBACK",
                Stands::Forked => "FORKED",
            };
            let _ = writeln!(text, "  {word:<11} {name} ({kind}): {says}");
        }
        text
    }
}

fn stands(trouble: &Trouble) -> Stands {
    match trouble {
        Trouble::Later { .. } | Trouble::Refused(_) => Stands::Failed,
        Trouble::RolledBack(_) => Stands::RolledBack,
        Trouble::Forked(_) => Stands::Forked,
    }
}

impl super::memory::Alarm {
    fn stands(&self) -> Stands {
        if self.is_fork() { Stands::Forked } else { Stands::RolledBack }
    }
}

/// The answer to an import.
#[derive(Serialize)]
pub(super) struct Imported {
    pub(super) log: String,
    pub(super) file: String,
    pub(super) heads: usize,
    pub(super) findings: Vec<Finding>,
}

impl Imported {
    /// `records` is where it was kept, 0 for nowhere.
    pub(super) fn tell(&self, context: &Context<'_>, records: u64) -> Exit {
        let said = if context.json {
            out::json(self)
        } else {
            let mut text = format!("{}: {} heads of it in {}", self.log, self.heads, self.file);
            text.push_str(if records > 0 { ", which is kept with the log\n" } else { "\n" });
            for finding in &self.findings {
                let _ = writeln!(text, "  {finding}");
            }
            if self.findings.is_empty() {
                text.push_str(
                    "  all of them are of this history. It counts for who names it with --anchor\n",
                );
            }
            out::answer(&text)
        };
        let exit = if self.findings.is_empty() { Exit::Ok } else { Exit::No };
        if said == Exit::Ok { exit } else { said }
    }
}
