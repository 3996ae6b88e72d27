//! `kind = "log"`: `audit-pack check` is asked.
//!
//! It is another program on purpose: hashing gigabytes, parsing signatures and reading keys have no place in the process
//! that trips (**independent-witness**).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use holdfast::config::Pointer;
use holdfast::json::{self, Object, Value};
use holdfast::sys::{Ended, Job, Sys};
use holdfast::time::Span;
use holdfast::watch::{Act, Reply, Verdict};

use super::{Bounded, Question};

/// What is kept of an answer, in bytes; it lists up to a thousand findings.
const ANSWER_MAX: usize = 4 << 20;
/// What is asked.
const PROGRAM: &str = "audit-pack";

/// One question about one log.
pub(super) struct Log<'a> {
    pub(super) question: &'a Question,
    pub(super) path: PathBuf,
    pub(super) unique: Option<&'a Pointer>,
    pub(super) max_unsealed_age: Span,
}

impl Log<'_> {
    /// Asks, and waits for the answer no longer than the timeout.
    pub(super) fn ask(&self, sys: &Sys) -> Reply {
        let Question { root, whole, timeout, .. } = self.question;
        let mut answer = Bounded::of(ANSWER_MAX);
        let (argv, dir) = (self.argv(sys), Some(root.clone()));
        let job = Job { argv, env: Vec::new(), dir, stdin: Vec::new(), timeout: *timeout };
        let (verdict, act, detail) = match sys.spawner.stream(&job, &mut answer) {
            Err(error) => {
                unknown(format!("{PROGRAM} cannot be started: {error}; install it beside watchdog"))
            }
            Ok(outcome) => match outcome.ended {
                Ended::TimedOut => {
                    let after = self.question.seconds();
                    unknown(format!(
                        "{PROGRAM} check took longer than {after}s; give the watch a longer timeout"
                    ))
                }
                Ended::Signal(signal) => unknown(format!("{PROGRAM} was ended by signal {signal}")),
                Ended::Code(code) => self.read(sys, code, &answer.taken, &outcome.output),
            },
        };
        Reply::Found { verdict, act, detail, whole: *whole }
    }

    fn argv(&self, sys: &Sys) -> Vec<String> {
        let text = |path: &Path| path.display().to_string();
        let age = self.max_unsealed_age.to_string();
        let mut argv = vec![program(sys), "check".to_owned(), text(&self.path), "--json".to_owned()];
        argv.extend(["--root".to_owned(), text(&self.question.root), "--max-unsealed".to_owned(), age]);
        if !self.question.whole {
            argv.push("--quick".to_owned());
        }
        if let Some(unique) = self.unique {
            argv.extend(["--unique".to_owned(), unique.to_string()]);
        }
        argv
    }

    /// What an exit code and an answer mean.
    fn read(&self, sys: &Sys, code: i32, answer: &[u8], stderr: &str) -> (Verdict, Act, String) {
        let said = stderr.lines().next().unwrap_or_default();
        let line = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
        match (code, json::object(line)) {
            (0, Ok(answer)) => (Verdict::Fresh, Act::None, fresh(&answer, self.question.whole)),
            (1, Ok(answer)) => (Verdict::Failed, Act::Trip, changed(&answer)),
            (4, Ok(answer)) => (Verdict::Failed, Act::Alert, late(&answer)),
            (5, Ok(answer)) => (Verdict::Failed, Act::Alert, lacks(&answer)),
            // Seals that were there are gone: that is what somebody does who does not want to be found out.
            _ if self.question.known && self.seals_are_gone(sys) => {
                let detail = format!(
                    "the seals of {} are gone, and it was sealed when last looked at",
                    self.path.display()
                );
                (Verdict::Failed, Act::Trip, detail)
            }
            (code, _) => unknown(format!("{PROGRAM} check could not tell, exit {code}: {said}")),
        }
    }

    fn seals_are_gone(&self, sys: &Sys) -> bool {
        let mut sidecar = self.path.as_os_str().to_owned();
        sidecar.push(".audit");
        matches!(sys.store.stat(Path::new(&sidecar)), Ok(None))
    }
}

/// The one beside us is of our version; else whichever `PATH` has.
fn program(sys: &Sys) -> String {
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().map(|ours| ours.with_file_name(&name));
    let there = beside.filter(|path| matches!(sys.store.stat(path), Ok(Some(_))));
    there.map_or(name, |path| path.display().to_string())
}

fn unknown(detail: String) -> (Verdict, Act, String) {
    (Verdict::Unknown, Act::Alert, detail)
}

fn fresh(answer: &Object, whole: bool) -> String {
    let lines = answer.get("lines").and_then(Value::as_u64).unwrap_or_default();
    let how = if whole { "every line hashed again" } else { "the last seal hashed again" };
    format!("{lines} lines are sealed and unchanged, {how}")
}

/// The words of the first finding, and how many there are.
fn changed(answer: &Object) -> String {
    let first = answer.get("findings").and_then(|findings| findings.get(0));
    let text = |key: &str| first.and_then(|first| first.get(key)).and_then(Value::as_str).unwrap_or_default();
    let number = |key: &str| first.and_then(|first| first.get(key)).and_then(Value::as_u64);
    let mut detail = format!("CHANGED: {} {}", text("kind"), text("file"));
    if let Some(line) = number("line") {
        let _ = write!(detail, ", line {line}");
    }
    if let Some(byte) = number("byte") {
        let _ = write!(detail, ", at byte {byte}");
    }
    if !text("detail").is_empty() {
        let _ = write!(detail, ": {}", text("detail"));
    }
    match answer.get("finding_count").and_then(Value::as_u64) {
        Some(count @ 2..) => detail + &format!(" (and {} more)", count - 1),
        _ => detail,
    }
}

fn late(answer: &Object) -> String {
    let said = answer.get("late").and_then(Value::as_str);
    said.unwrap_or("the last seals are covered by no signature").to_owned()
}

/// Anchors that are too few or too old; and what is late beside that.
fn lacks(answer: &Object) -> String {
    let lacks = answer.get("lacks").and_then(Value::as_array).into_iter().flatten();
    let late = answer.get("late").and_then(Value::as_str);
    let all: Vec<&str> = lacks.filter_map(Value::as_str).chain(late).collect();
    if all.is_empty() { "less than was asked for".to_owned() } else { all.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object {
        json::object(text.as_bytes()).expect("JSON")
    }

    #[test]
    fn the_first_finding_is_told_in_its_words() {
        for (answer, told) in [
            (
                r#"{"finding_count":3,"findings":[{"kind":"edited","file":"d.jsonl","line":4,"byte":90,"detail":"now line 5"}]}"#,
                "CHANGED: edited d.jsonl, line 4, at byte 90: now line 5 (and 2 more)",
            ),
            (
                r#"{"finding_count":1,"findings":[{"kind":"missing","file":"SEALS"}]}"#,
                "CHANGED: missing SEALS",
            ),
            ("{}", "CHANGED:  "),
        ] {
            assert_eq!(changed(&object(answer)), told);
        }
    }

    #[test]
    fn what_is_unsealed_is_told_and_what_is_well_says_how_far_it_was_looked_at() {
        assert_eq!(late(&object(r#"{"late":"9 bytes are unsealed"}"#)), "9 bytes are unsealed");
        assert_eq!(late(&object("{}")), "the last seals are covered by no signature");
        assert_eq!(
            lacks(&object(r#"{"lacks":["no anchor","old"],"late":"9 bytes"}"#)),
            "no anchor; old; 9 bytes"
        );
        assert_eq!(lacks(&object("{}")), "less than was asked for");
        assert_eq!(
            fresh(&object(r#"{"lines":7}"#), true),
            "7 lines are sealed and unchanged, every line hashed again"
        );
    }
}
