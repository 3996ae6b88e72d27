//! **manual-resume**: nothing but a person at a terminal resumes.

use std::io::Write;
use std::process::{Command, Stdio};

use rexpect::process::WaitStatus;

use super::person::{LEAVE, Person, WHO, WHY, short};
use super::{Ended, Scratch};

/// How somebody else than a person is at it.
type Without = fn(&mut Command) -> &mut Command;

#[test]
fn the_end_of_the_terminal_resumes_nothing() {
    let scratch = Scratch::new();
    let id = scratch.trip("one");
    let mut person = Person::at(&scratch, &["resume"]);
    person.introduces();
    person.is_asked(LEAVE);
    // The word without Enter, and then the end of input: twice, because the first only sends the word on.
    person.session.send(short(&id)).expect("typed");
    for _ in 0..2 {
        person.session.send_control('d').expect("typed");
    }
    let (screen, code) = person.ends();
    assert!(code == 2 && screen.contains("the terminal went away"), "{screen}");
    scratch.says(2, &["check"]);

    let mut person = Person::at(&scratch, &["resume"]);
    person.is_asked(WHO);
    person.session.send_control('c').expect("typed");
    let status = person.session.process().wait().expect("it ended");
    assert!(matches!(status, WaitStatus::Signaled(..)), "{status:?}");
    scratch.says(2, &["check"]);
}

#[test]
fn nothing_but_a_terminal_resumes() {
    let scratch = Scratch::new();
    let id = scratch.trip("one");
    let answers = format!("alice\nbecause\n{}\nyes\ny\n", short(&id));
    let withouts: [(&str, Without); 3] = [
        ("closed stdin", |command| command.stdin(Stdio::null())),
        ("a pipe", |command| command.stdin(Stdio::piped())),
        ("a pipe, and told to override", |command| command.arg("--override").stdin(Stdio::piped())),
    ];
    for (what, without) in withouts {
        // In a session of its own, as from cron: whoever runs the tests may have a terminal.
        let mut command = Command::new("setsid");
        command.args(["--wait", env!("CARGO_BIN_EXE_circuit-ctl"), "resume"]).current_dir(scratch.path(""));
        let mut child =
            without(&mut command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        if let Some(mut stdin) = child.stdin.take() {
            // It need not read any of it.
            let _ = stdin.write_all(answers.as_bytes());
        }
        let output = child.wait_with_output().expect("it ends");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{what}: {told}");
        assert!(told.contains("takes a person at a terminal") && told.contains("by hand"), "{what}: {told}");
        assert_eq!(output.stdout, b"", "{what}");
    }
    scratch.says(2, &["check"]);
    assert!(!scratch.text("memory/journal.jsonl").contains("\"kind\":\"resume\""));
}

#[test]
fn answers_on_stdin_are_not_listened_to_even_at_a_terminal() {
    let scratch = Scratch::new();
    let id = scratch.trip("one");
    scratch.put("answers", format!("alice\nbecause\n{}\n", short(&id)));
    let program = env!("CARGO_BIN_EXE_circuit-ctl");
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{program} resume < answers > /dev/null")]).current_dir(scratch.path(""));
    shell.env("USER", "alice").env_remove("SUDO_USER").env_remove("LOGNAME");
    let session = rexpect::session::spawn_command(shell, Some(20_000)).expect("a terminal");
    let mut person = Person { session, screen: String::new() };
    person.answers(WHO, "bob");
    person.answers(WHY, "asked again");
    person.answers(LEAVE, "no");
    assert_eq!(person.ends().1, 2);
}

#[test]
fn when_nothing_is_paused_nothing_is_asked_or_written() {
    let scratch = Scratch::new();
    let ended = Ended::of(
        Command::new("setsid")
            .args(["--wait", env!("CARGO_BIN_EXE_circuit-ctl"), "resume"])
            .current_dir(scratch.path("")),
    );
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert!(ended.stdout.contains("nothing is paused"), "{ended}");
    assert_eq!(std::fs::read_dir(scratch.path("data")).expect("data").count(), 0);
    assert!(!scratch.path("memory").exists());
}
