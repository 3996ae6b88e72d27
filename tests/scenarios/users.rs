//! A watchdog, a bot and root on the same files: whoever comes first locks nobody out. They need root, or sudo without
//! a password.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use holdfast_tests::harness::{Ended, Person, Pty, Run, Scratch, copy_program, privileged, program};
use rustix::process::geteuid;

const GROUP: u32 = 64_100;
const LOCK: &str = "data/.circuit.lock";

/// Who runs a program.
#[derive(Clone, Copy, Debug, PartialEq)]
enum User {
    Root,
    Watchdog,
    Bot,
}

impl User {
    fn id(self) -> u32 {
        match self {
            User::Root => 0,
            User::Watchdog => 64_101,
            User::Bot => 64_102,
        }
    }
}

/// A root, and the programs where every user can run them.
struct Host {
    root: Scratch,
    programs: tempfile::TempDir,
}

impl Host {
    fn new() -> Self {
        let programs = tempfile::tempdir().expect("a folder");
        chmod(programs.path(), 0o755);
        for name in ["circuit-ctl", "hb-write", "watchdog"] {
            copy_program(name, programs.path());
        }
        Self { root: Scratch::new(), programs }
    }

    /// Set up by the command of `docs/schedulers.md`, with ids in place of names.
    fn of_a_desk() -> Self {
        let host = Self::new();
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schedulers.md");
        let page = fs::read_to_string(page).expect("the page");
        let line =
            page.lines().find(|line| line.starts_with("sudo holdfast-setup init")).expect("its command");
        let command = line
            .replace("sudo holdfast-setup", program("holdfast-setup").to_str().expect("an UTF-8 path"))
            .replace("/srv/bot", host.dir())
            .replace("--user holdfast", &format!("--user {}", User::Watchdog.id()))
            .replace("--bot-user bot", &format!("--bot-user {}", User::Bot.id()))
            .replace("--group trading", &format!("--group {GROUP}"));
        privileged("sh", &["-e", "-c", &command]);
        host
    }

    /// Everything belongs to the one user that there is.
    fn of_one_user() -> Self {
        let host = Self::new();
        let owner = format!("{0}:{0}", User::Watchdog.id());
        privileged("chown", &["-R", &owner, host.dir()]);
        host
    }

    fn dir(&self) -> &str {
        self.root.dir().to_str().expect("an UTF-8 path")
    }

    fn command(&self, user: User, name: &str, args: &[&str]) -> Command {
        let mut command = self.root.any(if geteuid().is_root() { "/usr/bin/env" } else { "/usr/bin/sudo" });
        command.current_dir("/");
        if !geteuid().is_root() {
            command.arg("-n");
        }
        if user != User::Root {
            let group = if self.is_a_desk() { GROUP } else { user.id() };
            command.args(["setpriv", "--clear-groups"]);
            command.arg(format!("--reuid={}", user.id())).arg(format!("--regid={group}")).arg("--");
        }
        command.arg(self.programs.path().join(name)).arg("--root").arg(self.dir()).args(args);
        command
    }

    fn is_a_desk(&self) -> bool {
        privileged("stat", &["-c", "%g", self.dir()]).stdout.trim() == GROUP.to_string()
    }

    #[track_caller]
    fn run(&self, user: User, name: &str, args: &[&str]) -> Ended {
        self.command(user, name, args).finish()
    }

    #[track_caller]
    fn trip(&self, user: User) {
        let ended = self.run(user, "circuit-ctl", &["trip", "--reason", "flood"]).expect(0);
        assert_eq!(ended.stderr, "", "{user:?}\n{ended}");
    }

    #[track_caller]
    fn check(&self, user: User) {
        let ended = self.run(user, "watchdog", &["check"]).expect(0);
        assert!(!ended.stderr.contains("cannot"), "{user:?}\n{ended}");
    }

    fn resume(&self, user: User) -> Ended {
        let pty = Pty::start(&self.root, &self.command(user, "circuit-ctl", &["resume"]));
        Person::named("alice").answer(&pty);
        pty.ended()
    }

    #[track_caller]
    fn verdict(&self, user: User, code: i32) {
        self.run(user, "circuit-ctl", &["check"]).expect(code);
    }

    /// A lock file as an earlier version left it.
    fn old_lock(&self, owner: &str, mode: &str) {
        let lock = self.root.path(LOCK);
        let lock = lock.to_str().expect("an UTF-8 path");
        privileged("rm", &["-f", lock]);
        privileged("touch", &[lock]);
        privileged("chown", &[owner, lock]);
        privileged("chmod", &[mode, lock]);
    }
}

impl Drop for Host {
    /// So that its folder can be removed.
    fn drop(&mut self) {
        if !geteuid().is_root() {
            privileged("chown", &["-R", &geteuid().as_raw().to_string(), self.dir()]);
        }
    }
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
}

#[test]
fn the_watchdogs_user_resumes_and_checks_after_the_bot_has_tripped() {
    let host = Host::of_a_desk();
    host.run(User::Bot, "hb-write", &[]).expect(0);
    host.trip(User::Bot);
    host.check(User::Watchdog);
    host.trip(User::Watchdog);
    host.verdict(User::Watchdog, 2);
    host.resume(User::Watchdog).expect(0);
    for user in [User::Watchdog, User::Bot] {
        host.verdict(user, 0);
    }
    host.check(User::Watchdog);
    host.trip(User::Bot);
    host.resume(User::Watchdog).expect(0);
    host.check(User::Watchdog);
}

#[test]
fn whatever_root_did_once_the_single_user_goes_on() {
    let host = Host::of_one_user();
    host.run(User::Root, "hb-write", &[]).expect(0);
    host.trip(User::Root);
    host.check(User::Root);
    host.run(User::Watchdog, "hb-write", &[]).expect(0);
    host.check(User::Watchdog);
    host.trip(User::Watchdog);
    host.resume(User::Watchdog).expect(0);
    host.verdict(User::Watchdog, 0);
    host.check(User::Watchdog);
    let entries = privileged("find", &[host.dir(), "-not", "-uid", &User::Watchdog.id().to_string()]);
    assert_eq!(entries.stdout, "", "left to root");
}

#[test]
fn an_old_lock_file_of_another_user_can_be_locked_or_is_named() {
    let host = Host::of_a_desk();
    host.trip(User::Watchdog);
    host.old_lock(&format!("{}:{GROUP}", User::Bot.id()), "640");
    host.resume(User::Watchdog).expect(0);

    host.old_lock("0:0", "600");
    host.trip(User::Watchdog);
    let ended = host.resume(User::Watchdog).expect(74).says("data/.circuit.lock").says("delete it");
    assert!(!ended.stdout.contains("circuit.json cannot"), "{ended}");
    host.verdict(User::Watchdog, 2);
    privileged("rm", &[host.root.path(LOCK).to_str().expect("an UTF-8 path")]);
    host.resume(User::Watchdog).expect(0);
    let lock = privileged("stat", &["-c", "%g %a", host.root.path(LOCK).to_str().expect("an UTF-8 path")]);
    assert_eq!(lock.stdout.trim(), format!("{GROUP} 660"));
}
