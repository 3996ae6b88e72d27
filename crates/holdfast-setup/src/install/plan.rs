//! What an installation does, decided before anything is done.

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::jobs::Job;
use super::scheduler::{self, Where};
use crate::render::{Platform, Refused, Values, render};

/// All our units name this page, which tells them from somebody else's of the same name.
const OURS: &str = "docs/schedulers.md";

/// How a file stands to what it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Change {
    /// Nothing is there.
    New,
    /// It is as it is to be.
    Same,
    /// So many lines come and go.
    Changed { added: usize, removed: usize },
}

/// A unit as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) change: Change,
}

/// One call of the scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) argv: Vec<String>,
    /// Where it fails, there was nothing to do.
    pub(crate) may_fail: bool,
}

impl Call {
    pub(crate) fn new(words: &[&str]) -> Self {
        Self { argv: words.iter().copied().map(str::to_owned).collect(), may_fail: false }
    }

    pub(crate) fn that_may_fail(words: &[&str]) -> Self {
        Self { may_fail: true, ..Self::new(words) }
    }
}

/// What is to be done, in this order: calls before, files, calls after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Calls that come first.
    pub(crate) first: Vec<Call>,
    /// Units, written where they change.
    pub(crate) files: Vec<File>,
    /// Units that go.
    pub(crate) removed: Vec<String>,
    /// Calls that come last.
    pub(crate) then: Vec<Call>,
    /// Why it may not be done.
    pub(crate) blocked: Vec<String>,
    /// What else is good to know.
    pub(crate) notes: Vec<String>,
}

impl Plan {
    /// All is as it is to be.
    pub(crate) fn is_done(&self) -> bool {
        self.first.is_empty()
            && self.then.is_empty()
            && self.removed.is_empty()
            && self.files.iter().all(|file| file.change == Change::Same)
    }

    /// Every call of the scheduler.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.first.iter().chain(&self.then)
    }
}

/// A job, as it was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) job: Job,
    /// What is in each of its files; `None` where there is none.
    pub(crate) files: Vec<Option<String>>,
    /// The scheduler has it, and will start it also after a boot.
    pub(crate) is_loaded: bool,
}

impl Found {
    /// Each file: its name, its path and what is in it.
    fn each<'a>(&'a self, place: &'a Where) -> impl Iterator<Item = (String, String, Option<&'a str>)> {
        let names = self.job.files(place.platform).into_iter();
        names.zip(&self.files).map(|(name, text)| {
            let path = place.join(&name);
            (name, path, text.as_deref())
        })
    }
}

/// A unit that somebody else has written is not ours to change.
pub(crate) fn is_ours(text: &str) -> bool {
    text.contains(OURS)
}

/// What `install` does. After one that was cut short the scheduler may not know what is in the files.
pub(crate) fn install(
    place: &Where,
    values: &Values,
    found: &[Found],
    was_cut_short: bool,
) -> Result<Plan, Refused> {
    let mut plan = Plan::default();
    let mut jobs = Vec::new();
    for job in found {
        let before = plan.files.len();
        for (name, path, old) in job.each(place) {
            let text = render(place.platform, template(place.platform, &name), values)?;
            if old.is_some_and(|old| is_ours(old) && is_elsewhere(place.platform, old, &text, &values.root)) {
                plan.blocked.push(format!(
                    "{path} is for another root, which would be watched no more\n  one root may have many pipelines, \
                     each with a heartbeat of its own; if this root takes its place: holdfast-setup uninstall"
                ));
            }
            if old.is_some_and(|old| !is_ours(old)) {
                plan.blocked.push(format!(
                    "{path} is not ours\n  move it away, or name another folder with --unit-dir"
                ));
            }
            plan.files.push(File { change: change(old, &text), path, text });
        }
        let is_same = !was_cut_short && plan.files[before..].iter().all(|file| file.change == Change::Same);
        jobs.push(scheduler::Wanted { job: job.job, is_same, is_loaded: job.is_loaded });
    }
    plan.then = scheduler::start(place, &jobs);
    Ok(plan)
}

/// What `uninstall` does.
pub(crate) fn uninstall(place: &Where, found: &[Found]) -> Plan {
    let mut plan = Plan::default();
    let mut jobs = Vec::new();
    for job in found {
        let before = plan.removed.len();
        for (_, path, old) in job.each(place) {
            match old {
                None => {}
                Some(old) if is_ours(old) => plan.removed.push(path),
                Some(_) => plan.notes.push(format!("{path} stays: it is not ours")),
            }
        }
        // A scheduler that knows it by a file that is not ours is left alone.
        let is_foreign = job.files.iter().flatten().any(|old| !is_ours(old));
        if !is_foreign && (job.is_loaded || plan.removed.len() > before) {
            jobs.push((job.job, job.is_loaded));
        }
    }
    if !jobs.is_empty() {
        (plan.first, plan.then) = scheduler::stop(place, &jobs, &plan.removed);
    }
    plan
}

/// A unit of another root: to take its place would end the watch there, and nobody would be told.
fn is_elsewhere(platform: Platform, old: &str, new: &str, root: &str) -> bool {
    names_root(platform, new, root) && !names_root(platform, old, root)
}

/// A unit is about this root.
pub(crate) fn names_root(platform: Platform, unit: &str, root: &str) -> bool {
    let quoted = if platform == Platform::Launchd { "<string>@ROOT@</string>" } else { "\"@ROOT@\"" };
    let values = Values { root: root.to_owned(), ..Values::default() };
    render(platform, quoted, &values).is_ok_and(|named| unit.contains(&named))
}

fn template(platform: Platform, name: &str) -> &'static str {
    let found = platform.templates().iter().find(|template| template.name == name);
    // A test sees to it that every job has its templates.
    found.map_or("", |template| template.text)
}

fn change(old: Option<&str>, new: &str) -> Change {
    let Some(old) = old else { return Change::New };
    if old == new {
        return Change::Same;
    }
    let diff = TextDiff::from_lines(old, new);
    let count = |tag| diff.iter_all_changes().filter(|line| line.tag() == tag).count();
    Change::Changed { added: count(ChangeTag::Insert), removed: count(ChangeTag::Delete) }
}
