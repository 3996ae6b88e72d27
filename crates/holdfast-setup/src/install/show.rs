//! What is going to be done, for people and for machines.

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Read, Write as _};

use holdfast::Exit;
use serde::Serialize;

use super::Deed;
use super::perform::shown;
use super::plan::{Call, Change, Plan};
use crate::out;
use crate::render::Platform;

/// The longest answer that is read, in bytes.
const ANSWER_MAX: u64 = 100;

/// Gives the answer. Where there is nothing to do, or nothing was done, it says so.
pub(super) fn answer(deed: Deed, platform: Platform, plan: &Plan, is_done: bool, json: bool) -> Exit {
    let exit = if is_done || plan.blocked.is_empty() { Exit::Ok } else { Exit::Config };
    if json {
        return exit.and(out::answer_json(&Answer::of(platform, plan, is_done, exit)));
    }
    let end = match (plan.is_done(), is_done, deed) {
        (true, _, Deed::Install) => "Nothing to do: all is installed.\n",
        (true, _, Deed::Uninstall) => "Nothing to do: nothing is installed.\n",
        (false, false, _) => "Nothing was done (--dry-run).\n",
        (false, true, Deed::Install) => "Installed. Look: holdfast-setup doctor\n",
        (false, true, Deed::Uninstall) => "Uninstalled.\n",
    };
    exit.and(out::answer(&format!("{}{end}", words(plan))))
}

/// Somebody is at the terminal, and reads what is asked.
pub(super) fn can_ask(json: bool) -> bool {
    !json && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on the terminal. Anything but a yes is a no.
pub(super) fn ask(deed: Deed, platform: Platform, plan: &Plan) -> bool {
    let verb = if deed == Deed::Install { "Install" } else { "Uninstall" };
    let question = format!("{}{verb} this for {}? [y/N] ", words(plan), name(platform));
    let mut terminal = io::stderr().lock();
    if terminal.write_all(question.as_bytes()).and_then(|()| terminal.flush()).is_err() {
        return false;
    }
    let mut line = String::new();
    let read = io::stdin().lock().take(ANSWER_MAX).read_line(&mut line);
    read.is_ok() && matches!(line.trim().to_lowercase().as_str(), "y" | "yes")
}

pub(super) fn name(platform: Platform) -> &'static str {
    match platform {
        Platform::Launchd => "launchd",
        Platform::Systemd => "systemd",
        Platform::SystemdUser => "the user's own systemd",
        Platform::Windows => "Task Scheduler",
    }
}

/// The plan, a line for each step.
pub(super) fn words(plan: &Plan) -> String {
    let mut text = String::new();
    let mut say = |what: &str, of: &str| {
        let _ = writeln!(text, "{what:<12} {of}");
    };
    plan.first.iter().for_each(|call| say("run", &shown(&call.argv)));
    for file in &plan.files {
        let what = match file.change {
            Change::New => "new".to_owned(),
            Change::Same => "same".to_owned(),
            Change::Changed { added, removed } => format!("changed +{added} -{removed}"),
        };
        say(&what, &file.path);
    }
    plan.removed.iter().for_each(|path| say("remove", path));
    plan.then.iter().for_each(|call| say("run", &shown(&call.argv)));
    plan.blocked.iter().for_each(|why| say("BLOCKED", why));
    plan.notes.iter().for_each(|note| say("note", note));
    text
}

#[derive(Serialize)]
struct Answer<'a> {
    exit: u8,
    scheduler: &'static str,
    /// It was done, or there was nothing to do.
    done: bool,
    changed: bool,
    files: Vec<FileAnswer<'a>>,
    removed: &'a [String],
    commands: Vec<&'a [String]>,
    blocked: &'a [String],
    notes: &'a [String],
}

#[derive(Serialize)]
struct FileAnswer<'a> {
    path: &'a str,
    change: Change,
}

impl<'a> Answer<'a> {
    fn of(platform: Platform, plan: &'a Plan, is_done: bool, exit: Exit) -> Self {
        let scheduler = match platform {
            Platform::Launchd => "launchd",
            Platform::Systemd => "systemd",
            Platform::SystemdUser => "systemd-user",
            Platform::Windows => "windows",
        };
        Self {
            exit: exit.code(),
            scheduler,
            done: is_done || plan.is_done(),
            changed: is_done && !plan.is_done(),
            files: plan
                .files
                .iter()
                .map(|file| FileAnswer { path: &file.path, change: file.change })
                .collect(),
            removed: &plan.removed,
            commands: plan.calls().map(|call: &Call| call.argv.as_slice()).collect(),
            blocked: &plan.blocked,
            notes: &plan.notes,
        }
    }
}
