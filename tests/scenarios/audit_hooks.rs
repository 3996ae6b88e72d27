//! The git hooks and the action of `audit/`, on real repositories.

use std::path::{Path, PathBuf};

use holdfast_tests::harness::{Ended, Run, program};

use crate::audit_git::{LOG, Repository, in_git, line, lines};

const NEW: &str = "{\"id\":5,\"act\":\"buy\"}\n";

fn shipped(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../audit").join(file)
}

/// The log with its fifth line rewritten.
fn rewritten() -> String {
    lines(1..=12).replacen(&line(5), NEW, 1)
}

/// A repository with a log and both hooks.
fn hooked() -> Repository {
    let repository = Repository::new();
    for hook in ["pre-commit", "pre-push"] {
        let to = repository.scratch.path(".git/hooks").join(hook);
        std::fs::copy(shipped("hooks").join(hook), to).expect("a hook");
    }
    repository
}

impl Repository {
    fn commit_as_it_is(&self, more: &[&str]) -> Ended {
        self.try_git(&[&["commit", "-q", "-m", "a change"], more].concat())
    }
}

#[test]
fn both_hooks_compare_in_the_same_way() {
    let part = |hook: &str| {
        let text = std::fs::read_to_string(shipped("hooks").join(hook)).expect("a hook");
        let from = text.find("# only_grew").expect("the comparison");
        let to = text.find("memory/decisions.jsonl >\"$tmp/logs\"").expect("its end");
        text[from..to].to_owned()
    };
    assert_eq!(part("pre-commit"), part("pre-push"));
}

#[test]
fn a_commit_may_only_append() {
    let repository = hooked();
    let add = || _ = repository.git(&["add", "-A"]);
    let committed = lines(1..=12);
    for (log, says) in [
        (rewritten(), "line 5: a committed line is rewritten"),
        (rewritten() + &line(13), "line 5: a committed line is rewritten"),
        (lines(1..=4) + &lines(6..=12), "line 5: a committed line is rewritten"),
        (lines(1..=9), "line 10: it ends there now, and 12 lines of it are committed"),
        (String::new(), "line 1: it ends there now"),
    ] {
        repository.put(&log);
        add();
        repository.commit_as_it_is(&[]).expect(1).says(says).says("put it back");
    }
    repository.put(&rewritten());
    add();
    let ended = repository.commit_as_it_is(&[]).expect(1);
    ended.says("was: {\"id\":5,\"act\":\"hold\"}").says("is: {\"id\":5,\"act\":\"buy\"}");
    // The very command that it names.
    repository.git(&["restore", "--source=HEAD", "--staged", "--worktree", "--", LOG]);
    assert_eq!(repository.scratch.text(LOG), committed);
    repository.put(&(committed + &line(13) + "{\"id\":1"));
    add();
    repository.commit_as_it_is(&[]).expect(0);
    repository.put(&(lines(1..=13) + "{\"no\":14}\n"));
    repository.commit_as_it_is(&["-a"]).expect(1).says("line 14");
    repository.put(&(lines(1..=13) + "{\"id\":14}\n"));
    repository.commit_as_it_is(&["-a"]).expect(0);
}

#[test]
fn what_is_staged_counts_and_not_what_lies_there() {
    let repository = hooked();
    repository.put(&rewritten());
    repository.git(&["add", LOG]);
    repository.put(&lines(1..=13));
    repository.commit_as_it_is(&[]).expect(1).says("line 5");
    // With a file named, git stages that one, in an index of its own.
    repository.commit_as_it_is(&["--", LOG]).expect(0);
    repository.put(&lines(1..=14));
    repository.git(&["add", LOG]);
    repository.put(&rewritten());
    repository.commit_as_it_is(&[]).expect(0);
    repository.commit_as_it_is(&["--amend", "-a"]).expect(1).says("line 5");
}

#[test]
fn a_log_is_not_moved_or_deleted() {
    let repository = hooked();
    repository.git(&["mv", LOG, "memory/old.jsonl"]);
    repository.commit_as_it_is(&[]).expect(1).says("12 committed lines of it are taken away");
    repository.git(&["reset", "-q", "--hard"]);
    repository.git(&["rm", "-q", LOG]);
    repository.commit_as_it_is(&[]).expect(1).says("moved or deleted");
    repository.git(&["reset", "-q", "--hard"]);
    // Other files are nobody's business, unless they are named.
    repository.scratch.put("other.jsonl", "1\n");
    repository.git(&["add", "other.jsonl"]);
    repository.commit_as_it_is(&[]).expect(0);
    repository.scratch.put("other.jsonl", "2\n");
    repository.commit_as_it_is(&["-a"]).expect(0);
    for log in [LOG, "other.jsonl"] {
        repository.git(&["config", "--add", "holdfast.log", log]);
    }
    repository.scratch.put("other.jsonl", "3\n");
    repository.commit_as_it_is(&["-a"]).expect(1).says("other.jsonl, line 1").says("was: 2");
    repository.git(&["reset", "-q", "--hard"]);
    repository.put(&rewritten());
    repository.commit_as_it_is(&["-a"]).expect(1).says(&format!("{LOG}, line 5"));
}

#[test]
fn a_first_commit_passes_and_what_git_cannot_read_does_not() {
    let repository = hooked();
    repository.git(&["checkout", "-q", "--orphan", "fresh"]);
    repository.commit_as_it_is(&[]).expect(0);
    let blob = repository.git(&["rev-parse", &format!("HEAD:{LOG}")]);
    repository.put(&lines(1..=13));
    repository.git(&["add", LOG]);
    let object = repository.scratch.path(&format!(".git/objects/{}/{}", &blob[..2], &blob[2..]));
    repository.scratch.any("/bin/rm").arg("-f").arg(object).finish().expect(0);
    repository.commit_as_it_is(&[]).expect(1).says("nothing is known of the logs, so this is refused");
}

#[test]
fn a_push_may_only_append_to_what_the_remote_has() {
    let repository = hooked();
    let scratch = &repository.scratch;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let bare = elsewhere.path().join("remote.git");
    in_git(scratch, elsewhere.path())
        .args(["init", "-q", "--bare", "-b", "main"])
        .arg(&bare)
        .finish()
        .expect(0);
    repository.git(&["remote", "add", "origin", bare.to_str().expect("UTF-8")]);
    let push = |args: &[&str]| repository.try_git(&[&["push", "-q", "origin"], args].concat());
    push(&["main"]).expect(0);
    let first = repository.git(&["rev-parse", "HEAD"]);
    repository.put(&lines(1..=13));
    repository.git(&["commit", "-q", "-am", "more"]);
    push(&["main"]).expect(0);
    // Another history, which the hook of the commit did not see.
    repository.git(&["reset", "-q", "--hard", &first]);
    repository.put(&rewritten());
    repository.git(&["commit", "-q", "--no-verify", "-am", "another"]);
    push(&["--force", "main"]).expect(1).says("line 5").says("was: {\"id\":5,\"act\":\"hold\"}");
    push(&["main:refs/heads/new"]).expect(1).says("line 5: a committed line is rewritten");
    repository.git(&["reset", "-q", "--hard", &first]);
    push(&["--force", "main"]).expect(1).says("line 13: it ends there now, and 13 lines");
    // A branch that only lacks what the remote has, or goes on from it.
    push(&["main:refs/heads/older"]).expect(0);
    repository.put(&lines(1..=20));
    repository.git(&["commit", "-q", "-am", "much more"]);
    push(&["main:refs/heads/other"]).expect(0);
    push(&["--delete", "other"]).expect(0).says("is deleted at origin");
    // What somebody else has pushed meanwhile is not known here.
    let clone = elsewhere.path().join("clone");
    in_git(scratch, elsewhere.path()).args(["clone", "-q"]).arg(&bare).arg(&clone).finish().expect(0);
    std::fs::write(clone.join(LOG), lines(1..=13) + "{\"id\":\"theirs\"}\n").expect("a log");
    in_git(scratch, &clone).args(["commit", "-q", "-am", "theirs"]).finish().expect(0);
    in_git(scratch, &clone).args(["push", "-q"]).finish().expect(0);
    push(&["--force", "main"]).expect(1).says("is not known here: git fetch origin");
    repository.git(&["fetch", "-q"]);
    push(&["--force", "main"]).expect(1).says("line 14");
}

/// A step of the action: its variables and its script.
struct Step {
    env: Vec<(String, String)>,
    script: String,
}

/// The steps as they are written. Of YAML this knows what the file uses: `env:` with one line for each, and `run: |`.
fn steps() -> Vec<Step> {
    let text = std::fs::read_to_string(shipped("action.yml")).expect("the action");
    let mut steps: Vec<Step> = Vec::new();
    let mut block = "";
    for line in text.lines() {
        let (indent, word) = (line.len() - line.trim_start().len(), line.trim());
        match (indent, word) {
            (4, _) if word.starts_with("- name:") => {
                steps.push(Step { env: Vec::new(), script: String::new() });
                block = "";
            }
            (6, "env:") => block = "env",
            (6, "run: |") => block = "run",
            (6, _) => block = "",
            (8.., _) | (0, "") if block == "run" => {
                let step = steps.last_mut().expect("a step");
                step.script.push_str(line.get(8..).unwrap_or_default());
                step.script.push('\n');
            }
            (8, _) if block == "env" => {
                let (key, value) = word.split_once(": ").expect("a variable");
                steps.last_mut().expect("a step").env.push((key.to_owned(), value.to_owned()));
            }
            _ => {}
        }
    }
    assert!(
        steps.iter().all(|step| !step.script.contains("${{")),
        "an expression in a script is an injection"
    );
    steps
}

/// Runs the steps in a checkout, with these values of expressions.
fn act(repository: &Repository, dir: &Path, values: &[(&str, &str)]) -> Ended {
    let scratch = &repository.scratch;
    let output = scratch.path("output");
    let mut known: Vec<(String, String)> =
        values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let mut last = None;
    for (step, name) in steps().into_iter().zip(["program", "base", "compare"]) {
        std::fs::write(&output, "").expect("output");
        let mut command = scratch.any("/bin/bash");
        command.current_dir(dir).args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", &step.script]);
        command.env("GITHUB_OUTPUT", &output).env("HOME", scratch.dir());
        for (key, expression) in &step.env {
            let inner = expression.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}"));
            let inner = inner.unwrap_or_else(|| panic!("{expression}"));
            let value = known.iter().find(|(key, _)| key == inner).map_or("", |(_, value)| value);
            let event = inner.starts_with("github.event.") || inner.starts_with("inputs.");
            assert!(event || !value.is_empty(), "{inner} is set by no step before {name}");
            command.env(key, value);
        }
        let ended = command.finish();
        if ended.code != Some(0) {
            return ended;
        }
        for line in std::fs::read_to_string(&output).expect("output").lines() {
            let (key, value) = line.split_once('=').expect("an output");
            known.push((format!("steps.{name}.outputs.{key}"), value.to_owned()));
        }
        last = Some(ended);
    }
    last.expect("steps")
}

#[test]
fn the_action_passes_what_was_appended_and_shows_what_was_rewritten() {
    let repository = Repository::new();
    let scratch = &repository.scratch;
    let base = repository.git(&["rev-parse", "HEAD"]);
    let audit_pack = program("audit-pack");
    let given = [("inputs.program", audit_pack.to_str().expect("UTF-8")), ("inputs.logs", LOG)];
    let on = |dir: &Path, event: &[(&str, &str)]| act(&repository, dir, &[&given[..], event].concat());
    repository.put(&lines(1..=15));
    repository.commit("more");
    let pull_request = [("github.event.pull_request.base.sha", base.as_str())];
    let push = [("github.event.before", base.as_str())];
    on(scratch.dir(), &pull_request).expect(0).says("it begins with the 12 lines");
    on(scratch.dir(), &push).expect(0);
    repository.put(&rewritten());
    let bad = repository.commit("rewritten");
    let ended = on(scratch.dir(), &push).expect(1).says("edited").says("line 5").says("was {\"id\":5");
    ended.says(&format!("::error file={LOG}::"));
    on(scratch.dir(), &pull_request).expect(1);
    // A checkout of one commit, as actions/checkout makes it, fetches what it needs.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let url = format!("file://{}", scratch.dir().display());
    repository.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let clone = |name: &str| {
        let to = elsewhere.path().join(name);
        let mut clone = in_git(scratch, elsewhere.path());
        clone.args(["clone", "-q", "--depth=1", &url]).arg(&to).finish().expect(0);
        to
    };
    on(&clone("push"), &push).expect(1).says("line 5");
    on(&clone("told"), &[("inputs.base", base.as_str())]).expect(1).says("line 5");
    // A new branch is held against the default one.
    let zero = "0".repeat(40);
    let new = [("github.event.before", zero.as_str()), ("github.event.repository.default_branch", "main")];
    on(&clone("new"), &new).expect(0).says(&bad[..10]);
    // What nobody has cannot be compared, and two logs are both told.
    let unknown = [("github.event.before", "1234567890123456789012345678901234567890")];
    on(&clone("unknown"), &unknown).expect(64).says("is no revision of this repository");
    let both = [push[0], ("inputs.logs", "other.jsonl\n\nmemory/decisions.jsonl\n")];
    let ended = act(&repository, scratch.dir(), &[&given[..1], &both[..]].concat()).expect(1);
    ended.says("other.jsonl: as the base has it").says("line 5");
}
