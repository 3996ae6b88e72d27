//! `audit-pack check --base`: a log against what git has of it, on a real repository.

use std::path::Path;
use std::process::Command;

use holdfast_tests::harness::{Ended, Run, Scratch};

/// A repository in a scratch root, with a log of some lines committed.
pub(crate) struct Repository {
    pub(crate) scratch: Scratch,
}

pub(crate) const LOG: &str = "memory/decisions.jsonl";

impl Repository {
    pub(crate) fn new() -> Self {
        let scratch = Scratch::new();
        std::fs::create_dir(scratch.path("memory")).expect("memory");
        let repository = Self { scratch };
        repository.git(&["init", "-q", "-b", "main"]);
        repository.put(&lines(1..=12));
        repository.commit("twelve decisions");
        repository
    }

    pub(crate) fn put(&self, log: &str) {
        self.scratch.put(LOG, log);
    }

    pub(crate) fn try_git(&self, args: &[&str]) -> Ended {
        in_git(&self.scratch, self.scratch.dir()).args(args).finish()
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.try_git(args).expect(0).stdout.trim_end().to_owned()
    }

    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn check(&self, args: &[&str]) -> Ended {
        self.scratch.ours("audit-pack", &["check", LOG]).args(args).finish()
    }
}

/// Git with a person and nothing of this machine's configuration.
pub(crate) fn in_git(scratch: &Scratch, dir: &Path) -> Command {
    let mut git = scratch.any("/usr/bin/git");
    git.current_dir(dir).env("HOME", scratch.dir()).env("GIT_CONFIG_NOSYSTEM", "1");
    git.args(["-c", "user.name=A Person", "-c", "user.email=person@example.com"]);
    git
}

pub(crate) fn line(n: u32) -> String {
    format!("{{\"id\":{n},\"act\":\"hold\"}}\n")
}

pub(crate) fn lines(range: std::ops::RangeInclusive<u32>) -> String {
    range.map(line).collect()
}

#[test]
fn what_only_grew_since_a_revision_passes() {
    let repository = Repository::new();
    let unsealed = "only the base was compared";
    repository.check(&["--base", "HEAD"]).expect(0).says("it begins with the 12 lines").says(unsealed);
    repository.put(&lines(1..=20));
    repository.check(&["--base", "main"]).expect(0).says("of main (");
    repository.commit("more");
    repository.check(&["--base", "HEAD~1"]).expect(0).says("12 lines");
    // A line that was not finished when it was committed, and goes on.
    repository.put(&(lines(1..=20) + "{\"id\":2"));
    repository.commit("torn");
    repository.put(&lines(1..=21));
    repository.check(&["--base", "HEAD"]).expect(0).says("20 lines");
}

#[test]
fn what_was_changed_since_a_revision_is_named() {
    let whole = lines(1..=12);
    let at = |n: u32| lines(1..=n - 1).len();
    let new = "{\"id\":0,\"act\":\"buy\"}\n";
    let cases = [
        ("edited", whole.replacen(&line(5), new, 1), "line 5", at(5)),
        ("edited", whole.replacen("\"id\":12", "\"id\":99", 1), "line 12", at(12)),
        ("deleted", whole.replacen(&line(5), "", 1), "line 5", at(5)),
        ("inserted", whole.replacen(&line(5), &(new.to_owned() + &line(5)), 1), "line 5", at(5)),
        ("duplicated", whole.replacen(&line(5), &(line(2) + &line(5)), 1), "line 5", at(5)),
        ("swapped", lines(1..=3) + &line(5) + &line(4) + &lines(6..=12), "lines 4 to 5", at(4)),
        ("truncated", lines(1..=9), "lines 10 to 12", at(10)),
        ("truncated", String::new(), "lines 1 to 12", 0),
    ];
    let repository = Repository::new();
    for (kind, log, at, byte) in cases {
        // Appending hides nothing.
        for more in ["", "{\"id\":13}\n"] {
            if kind == "truncated" && !more.is_empty() {
                continue;
            }
            repository.put(&(log.clone() + more));
            let ended = repository.check(&["--base", "HEAD"]).expect(1);
            ended.says(kind).says(&format!("{LOG}, {at}, at byte {byte}")).says("CHANGED, 1 finding");
        }
    }
    repository.put(&whole.replacen(&line(5), new, 1));
    let ended = repository.check(&["--base", "HEAD"]).expect(1);
    let ended = ended.says("was {\"id\":5,\"act\":\"hold\"}").says("is  {\"id\":0,\"act\":\"buy\"}");
    ended.says("NOT as in HEAD (");
    let json = repository.check(&["--base", "HEAD", "--json"]).expect(1);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["findings"][0]["kind"], "edited");
    assert_eq!(json["findings"][0]["was"], "{\"id\":5,\"act\":\"hold\"}");
    assert_eq!((&json["sealed"], &json["base"]["lines"]), (&false.into(), &12.into()));
}

#[test]
fn a_torn_line_that_was_committed_must_go_on_as_it_began() {
    let repository = Repository::new();
    repository.put(&(lines(1..=12) + "{\"id\":13,\"act\":\"b"));
    repository.commit("torn");
    let byte = lines(1..=12).len();
    repository.put(&(lines(1..=12) + "{\"id\":13,\"act\":\"sell\"}\n"));
    let ended = repository.check(&["--base", "HEAD"]).expect(1);
    ended.says("edited").says(&format!("line 13, at byte {byte}")).says("was {\"id\":13,\"act\":\"b");
    repository.put(&lines(1..=12));
    repository.check(&["--base", "HEAD"]).expect(1).says("truncated").says("line 13");
}

#[test]
fn a_log_that_is_gone_or_new_is_said_to_be() {
    let repository = Repository::new();
    std::fs::rename(repository.scratch.path(LOG), repository.scratch.path("memory/other.jsonl"))
        .expect("moved");
    repository.check(&["--base", "HEAD"]).expect(1).says("missing").says("has 12 lines of it");
    let new =
        repository.scratch.ours("audit-pack", &["check", "memory/other.jsonl", "--base", "HEAD"]).finish();
    new.expect(0).says("does not have it: it is new");
}

#[test]
fn a_sealed_log_is_held_against_both() {
    let repository = Repository::new();
    let scratch = &repository.scratch;
    scratch
        .any("/usr/bin/ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f", "key"])
        .finish()
        .expect(0);
    scratch.ours("audit-pack", &["init", LOG, "--key", "key"]).finish().expect(0);
    scratch.ours("audit-pack", &["seal", LOG]).finish().expect(0);
    let base = repository.git(&["rev-parse", "HEAD"]);
    repository.check(&["--base", &base]).expect(0).says("unchanged since it was sealed").says(&base[..10]);
    repository.put(&lines(1..=12).replacen(&line(7), "{\"id\":7,\"act\":\"sell\"}\n", 1));
    let ended = repository.check(&["--base", &base]).expect(1).says("CHANGED, 2 findings");
    ended.says("not as in").says("it was sealed by seal 1");
}

#[test]
fn what_cannot_be_compared_is_said_with_what_to_do() {
    let repository = Repository::new();
    for rev in
        ["no-such-branch", "0000000000000000000000000000000000000000", "-h", "HEAD..HEAD", "HEAD:memory", ""]
    {
        let ended = repository.check(&[&format!("--base={rev}")]).expect(64);
        ended.says("is no revision of this repository").says("fetch-depth: 0");
    }
    let scratch = Scratch::new();
    scratch.put("log.jsonl", lines(1..=3));
    let check = ["check", "log.jsonl", "--base", "HEAD"];
    scratch.ours("audit-pack", &check).finish().expect(78).says("is in no git repository");
    let without = scratch.ours("audit-pack", &check).env("PATH", "/nowhere").finish();
    without.expect(78).says("git cannot be started").says("install git");
    // A link in the revision, or in its place, is no log.
    let repository = Repository::new();
    std::fs::remove_file(repository.scratch.path(LOG)).expect("removed");
    std::os::unix::fs::symlink("elsewhere", repository.scratch.path(LOG)).expect("a link");
    repository.check(&["--base", "HEAD"]).expect(1).says("in its place stands a link");
    repository.commit("a link");
    repository.check(&["--base", "HEAD"]).expect(65).says("as a link");
    // A blob that is damaged is no blob that is alike.
    let repository = Repository::new();
    let blob = repository.git(&["rev-parse", &format!("HEAD:{LOG}")]);
    let object = repository.scratch.path(&format!(".git/objects/{}/{}", &blob[..2], &blob[2..]));
    repository.scratch.any("/bin/rm").arg("-f").arg(&object).finish().expect(0);
    repository.check(&["--base", "HEAD"]).expect(74).says("git fsck");
}

#[test]
fn nothing_of_a_repository_is_executed_and_no_caller_leads_it_elsewhere() {
    let repository = Repository::new();
    let scratch = &repository.scratch;
    let ran = scratch.path("ran");
    let run = format!("touch {}; cat", ran.display());
    for (key, value) in [
        ("core.fsmonitor", run.as_str()),
        ("core.pager", &run),
        ("core.hooksPath", "hooks"),
        ("diff.log.textconv", &run),
        ("filter.log.smudge", &run),
        ("filter.log.clean", &run),
        ("core.sshCommand", &run),
        ("core.alternateRefsCommand", &run),
        ("remote.origin.url", "ssh://example.invalid/x"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.partialclonefilter", "blob:none"),
        ("extensions.partialClone", "origin"),
        ("core.repositoryFormatVersion", "1"),
    ] {
        repository.git(&["config", key, value]);
    }
    scratch.put(".git/info/attributes", "* filter=log diff=log\n");
    // As a replacement would have it, the committed line was another one.
    let blob = repository.git(&["rev-parse", &format!("HEAD:{LOG}")]);
    let forged = lines(1..=12).replacen("\"id\":7", "\"id\":8", 1);
    scratch.put("forged", &forged);
    let other = repository.git(&["hash-object", "-w", "--no-filters", "forged"]);
    repository.git(&["replace", &blob, &other]);
    let _ = std::fs::remove_file(&ran);
    repository.put(&forged);
    repository.check(&["--base", "HEAD"]).expect(1).says("edited").says("line 7");
    assert!(!ran.exists(), "something of the repository was run");
    let elsewhere = Repository::new();
    let led = scratch.ours("audit-pack", &["check", LOG, "--base", "HEAD"]);
    let mut led = led;
    led.env("GIT_DIR", elsewhere.scratch.path(".git")).env("GIT_WORK_TREE", elsewhere.scratch.dir());
    led.env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "core.fsmonitor")
        .env("GIT_CONFIG_VALUE_0", &run);
    led.finish().expect(1).says("line 7");
    // What is missing is not fetched.
    let object = scratch.path(&format!(".git/objects/{}/{}", &blob[..2], &blob[2..]));
    scratch.any("/bin/rm").arg("-f").arg(&object).finish().expect(0);
    repository.check(&["--base", "HEAD"]).expect(74);
    assert!(!ran.exists(), "something of the repository was run");
}

#[test]
fn a_repository_of_another_user_is_read_all_the_same() {
    let repository = Repository::new();
    repository.scratch.any("/bin/chown").args(["-R", "1234:1234", "."]).finish().expect(0);
    repository.try_git(&["status"]).expect(128).says("dubious ownership");
    repository.check(&["--base", "HEAD"]).expect(0);
}
