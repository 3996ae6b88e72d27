//! `install` and `uninstall`, told to a scheduler that writes down what it is told.

use rexpect::process::WaitStatus;

use super::{Scratch, names};

const UNITS: &str = ".config/systemd/user";

impl Scratch {
    /// As a user, for this root.
    fn install(&self, code: i32, more: &[&str]) -> String {
        let programs = self.shown("programs");
        let args = ["install", "--scheduler", "systemd-user", "--root", "größe 1", "--bin", &programs];
        self.says(code, &[&args, more].concat())
    }

    fn uninstall(&self, code: i32, more: &[&str]) -> String {
        self.says(code, &[&["uninstall", "--scheduler", "systemd-user"], more].concat())
    }
}

#[test]
fn a_second_run_writes_nothing_and_says_so() {
    let scratch = Scratch::new();
    let first = scratch.install(0, &["--yes"]);
    let told = scratch.text("told");
    assert_eq!(
        told,
        "daemon-reload\nenable holdfast-watchdog.service holdfast-watchdog-check.timer holdfast-reminder.timer\n"
    );
    let unit = format!("{UNITS}/holdfast-watchdog.service");
    let root = scratch.shown("größe 1");
    assert!(scratch.text(&unit).contains(&format!("--root \"{root}\"")), "{}", scratch.text(&unit));
    assert_eq!(names(&scratch.path(UNITS)).len(), 6);

    let written = std::fs::metadata(scratch.path(&unit)).unwrap().modified().unwrap();
    let second = scratch.install(0, &["--yes"]);
    assert_eq!(scratch.text("told"), told, "the second run told the scheduler something");
    assert_eq!(std::fs::metadata(scratch.path(&unit)).unwrap().modified().unwrap(), written);
    insta::assert_snapshot!(format!("{first}\n== again\n{second}"));
}

#[test]
fn without_a_terminal_and_without_yes_nothing_is_done() {
    let scratch = Scratch::new();
    let ended =
        scratch.run(&["install", "--scheduler", "systemd-user", "--root", "größe 1", "--bin", "programs"]);
    insta::assert_snapshot!(ended);
    scratch.install(64, &["--json"]);
    assert!(names(&scratch.path(UNITS)).is_empty() && scratch.text("told").is_empty());
}

#[test]
fn a_person_is_asked_and_anything_but_a_yes_is_a_no() {
    let args = ["install", "--scheduler", "systemd-user", "--root", "größe 1", "--bin", "programs"];
    for (answer, code, is_done) in [("", 1, false), ("no", 1, false), ("yesterday", 1, false), ("y", 0, true)]
    {
        let scratch = Scratch::new();
        let mut command = scratch.command(&args);
        command.stdin(std::process::Stdio::inherit());
        let mut terminal = rexpect::session::spawn_command(command, Some(20_000)).unwrap();
        let shown = terminal.exp_string("Install this for the user's own systemd? [y/N] ").unwrap();
        assert!(shown.contains("new ") && shown.contains("systemctl --user daemon-reload"), "{shown}");
        assert!(names(&scratch.path(UNITS)).is_empty(), "it was done before it was asked");
        terminal.send_line(answer).unwrap();
        let said = terminal.exp_eof().unwrap();
        let ended = terminal.process().wait().unwrap();
        assert!(matches!(ended, WaitStatus::Exited(_, exit) if exit == code), "{answer:?}: {ended:?} {said}");
        assert_eq!(!names(&scratch.path(UNITS)).is_empty(), is_done, "{answer:?}: {said}");
    }
}

#[test]
fn a_dry_run_shows_and_does_nothing() {
    let scratch = Scratch::new();
    let said = scratch.install(0, &["--dry-run", "--json", "--only", "reminder"]);
    assert!(names(&scratch.path(UNITS)).is_empty() && scratch.text("told").is_empty());
    insta::assert_snapshot!(said);
}

#[test]
fn what_was_changed_is_written_and_loaded_again() {
    let scratch = Scratch::new();
    scratch.install(0, &["--yes", "--only", "reminder,watchdog"]);
    let unit = format!("{UNITS}/holdfast-reminder.timer");
    let good = scratch.text(&unit);
    scratch.put(&unit, &good.replace("09:00", "11:00"));
    let said = scratch.install(0, &["--yes", "--only", "reminder,watchdog"]);
    assert!(said.contains("changed +3 -3 [here]/.config/systemd/user/holdfast-reminder.timer\n"), "{said}");
    assert_eq!(scratch.text(&unit), good);
    assert!(
        scratch.text("told").ends_with("daemon-reload\nrestart holdfast-reminder.timer\n"),
        "{}",
        scratch.text("told")
    );
}

#[test]
fn a_scheduler_that_refuses_is_told_of_and_the_next_run_goes_on() {
    let scratch = Scratch::new();
    let args = ["install", "--scheduler", "systemd-user", "--root", "größe 1", "--bin", "programs", "--yes"];
    scratch.says(0, &args);
    scratch.put(&format!("{UNITS}/holdfast-reminder.timer"), "# docs/schedulers.md\n");
    scratch.put("fail-daemon-reload", "");
    let ended = scratch.run(&args);
    insta::assert_snapshot!(ended);
    // The files are as they are to be by now; the scheduler does not know them yet.
    std::fs::remove_file(scratch.path("fail-daemon-reload")).unwrap();
    std::fs::remove_file(scratch.path("told")).unwrap();
    scratch.says(0, &args);
    let told = scratch.text("told");
    assert!(
        told.starts_with("daemon-reload\nrestart ") && told.contains("holdfast-reminder.timer"),
        "{told}"
    );
    assert!(scratch.says(0, &args).contains("Nothing to do"));
    assert_eq!(names(&scratch.path(UNITS)).len(), 6, "a mark is left");
}

#[test]
fn what_cannot_work_is_blocked_before_anything_is_written() {
    let scratch = Scratch::new();
    let cases: [(&[&str], &str); 5] = [
        (&["--root", "no root"], "is not a Holdfast root"),
        (&["--bin", "nowhere"], "there is no program"),
        (&["--pipeline", "gone.sh"], "there is no program"),
        (&["--bin", "programs", "--unit-dir", "foreign"], "is not ours"),
        (&["--bin", "programs", "--unit-dir", "other"], "is for another root"),
    ];
    scratch.put("foreign/holdfast-reminder.timer", "[Timer]\n");
    scratch
        .put("other/holdfast-reminder.service", "# docs/schedulers.md\nExecStart=x --root \"/srv/other\"\n");
    for (more, fact) in cases {
        let root: &[&str] = if more[0] == "--root" { &[] } else { &["--root", "größe 1"] };
        let ended = scratch.run(&[&["install", "--scheduler", "systemd-user", "--yes"], root, more].concat());
        assert_eq!(ended.code, Some(78), "{more:?}: {ended}");
        assert!(ended.stderr.contains(fact), "{more:?}: {ended}");
        assert!(scratch.text("told").is_empty(), "{more:?}");
    }
    assert!(names(&scratch.path(UNITS)).is_empty());
}

#[test]
fn a_user_who_is_not_there_is_named_with_the_command_that_makes_one() {
    let scratch = Scratch::new();
    let args = [
        "install",
        "--scheduler",
        "systemd",
        "--root",
        "größe 1",
        "--bin",
        "programs",
        "--unit-dir",
        "units",
    ];
    let ended = scratch
        .run(&[&args[..], &["--yes", "--user", "nobody-of-this-name", "--group", "no-such-group"]].concat());
    insta::assert_snapshot!(ended);
    let said = scratch.run(
        &[&args[..], &["--dry-run", "--user", "nobody-of-this-name", "--group", "no-such-group"]].concat(),
    );
    assert_eq!(said.code, Some(78), "{said}");
    assert!(said.stdout.contains("useradd --system --gid no-such-group nobody-of-this-name"), "{said}");
}

#[test]
fn uninstall_leaves_nothing_of_ours_and_all_that_is_not() {
    let scratch = Scratch::new();
    assert!(scratch.uninstall(0, &["--yes"]).contains("Nothing to do"));
    scratch.install(0, &["--yes"]);
    scratch.put(&format!("{UNITS}/holdfast-mine.timer"), "mine\n");
    scratch.put(&format!("{UNITS}/holdfast-seal.timer"), "somebody else's\n");
    let refused = scratch.run(&["uninstall", "--scheduler", "systemd-user"]);
    assert_eq!(refused.code, Some(64), "{refused}");
    let said = scratch.uninstall(0, &["--yes"]);
    insta::assert_snapshot!(said);
    assert_eq!(names(&scratch.path(UNITS)), ["holdfast-mine.timer", "holdfast-seal.timer"]);
    assert_eq!(scratch.text("enabled"), "");
    assert!(scratch.path("größe 1/data").is_dir());
    let told = scratch.text("told");
    let again = scratch.uninstall(0, &["--yes", "--json"]);
    assert!(again.contains("\"changed\":false"), "{again}");
    assert_eq!(scratch.text("told"), told);
}
