//! `exec`: what the command sees, how it ended, and the beats around it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use holdfast::heartbeat::{Beat, Status};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{Ended, PYTHON, Scratch};

fn failed() -> Status {
    Status::Other("failed".to_owned())
}

#[test]
fn exit_codes_pass_through_into_the_beat_and_to_the_caller() {
    for code in [0, 1, 2, 42, 126, 127, 128, 255] {
        let scratch = Scratch::new();
        let ended = scratch.run(&["exec", "--", "sh", "-c", &format!("exit {code}")]);
        assert_eq!((ended.code, ended.signal), (Some(code), None), "{ended}");
        let beat = scratch.beat();
        let (status, exit) = if code == 0 { (Status::Ok, None) } else { (failed(), Some(json!(code))) };
        assert_eq!((&beat.status, beat.fields.get("exit")), (&status, exit.as_ref()), "{code}");
        assert!(!beat.fields.contains_key("signal"));
        assert!(beat.took.is_some() && !beat.running(), "{code}");
    }
}

#[test]
fn the_caller_sees_the_very_signal_that_ended_the_command() {
    // HUP INT QUIT ABRT KILL USR1 SEGV PIPE TERM
    for signal in [1, 2, 3, 6, 9, 10, 11, 13, 15] {
        let scratch = Scratch::new();
        let ended = scratch.run(&["exec", "--", "sh", "-c", &format!("kill -{signal} $$")]);
        assert_eq!((ended.code, ended.signal), (None, Some(signal)), "{ended}");
        assert!(ended.stderr.is_empty(), "{ended}");
        let beat = scratch.beat();
        assert_eq!((&beat.status, &beat.fields["signal"]), (&failed(), &json!(signal)));
        assert!(!beat.fields.contains_key("exit"));
    }
}

#[test]
fn bytes_go_through_untouched() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let input = every_byte.repeat(1 << 10);
    let scratch = Scratch::new();
    let ended = scratch.run_with_stdin(&["exec", "--", "sh", "-c", "cat; printf 'err\\377' >&2"], &input);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout, input);
    assert_eq!(ended.stderr, "err\u{fffd}");
}

#[test]
fn arguments_go_through_untouched() {
    let odd = OsStr::from_bytes(b"\xff\xfe not UTF-8 \n");
    let scratch = Scratch::new();
    let mut command = scratch.hb(&["exec", "--", "/usr/bin/printf", "%s|", "--name", "--", "", "-h"]);
    let ended = Ended::of(command.arg(odd).output().expect("it starts"));
    assert_eq!(ended.stdout, b"--name|--||-h|\xff\xfe not UTF-8 \n|");
}

#[test]
fn while_the_command_runs_the_beat_says_so() {
    let scratch = Scratch::new();
    let ended = scratch.run(&["exec", "--interval", "5m", "--", "cat", "data/heartbeat.json"]);
    let running = Beat::parse(&ended.stdout).expect("a beat");
    let last = scratch.beat();
    assert!(running.running());
    assert_eq!((running.status, running.seq, running.interval), (Status::Ok, Some(1), Some(300.0)));
    assert_eq!((last.begun, last.seq, last.interval), (running.begun, Some(2), Some(300.0)));
    assert_eq!(running.pid, last.pid);
}

#[test]
fn a_name_has_its_own_file_and_two_commands_do_not_mix() {
    let scratch = Scratch::new();
    assert!(scratch.run(&["exec", "--name", "a", "--", "true"]).silent_success());
    assert_eq!(scratch.run(&["--name", "b", "exec", "--", "false"]).code, Some(1));
    assert_eq!(scratch.beat_at("data/heartbeats/a.json").status, Status::Ok);
    assert_eq!(scratch.beat_at("data/heartbeats/b.json").status, failed());
    assert_eq!(scratch.files(), ["heartbeats"]);
}

#[test]
fn the_command_can_beat_into_the_same_file_and_its_numbers_stay() {
    let scratch = Scratch::new();
    let inner = format!("{} --set cost=3.2", env!("CARGO_BIN_EXE_hb-write"));
    assert!(scratch.run(&["exec", "--", "sh", "-c", &inner]).silent_success());
    let beat = scratch.beat();
    assert_eq!((beat.seq, &beat.fields["cost"]), (Some(3), &json!(3.2)));
    assert!(beat.begun.is_some() && beat.took.is_some());
    let inner = format!("{inner} --set signal=buy --set exit=late; exit 3");
    assert_eq!(scratch.run(&["exec", "--", "sh", "-c", &inner]).code, Some(3));
    let beat = scratch.beat();
    assert_eq!((&beat.fields["exit"], &beat.fields["signal"]), (&json!(3), &json!("buy")), "the truth wins");
    assert!(scratch.run(&["exec", "--", "true"]).silent_success());
    assert_eq!((scratch.beat().fields.get("exit"), scratch.beat().fields.get("signal")), (None, None));
}

#[test]
fn a_command_that_cannot_be_started_is_a_failure_of_the_pipeline() {
    let scratch = Scratch::new();
    scratch.put("plain.txt", "no program");
    let mut story = String::new();
    for (program, code) in
        [("no-such-bot", 127), ("./no-such-bot", 127), ("", 127), ("./plain.txt", 126), ("./data", 126)]
    {
        let ended = scratch.run(&["exec", "--", program]);
        assert_eq!(ended.code, Some(code), "{program}: {ended}");
        let beat = scratch.beat();
        assert_eq!((beat.status, &beat.fields["exit"]), (failed(), &json!(code)), "{program}");
        story.push_str(&ended.to_string());
    }
    insta::assert_snapshot!("not-started", story);
}

#[test]
fn the_command_runs_also_if_no_beat_can_be_written() {
    for (script, code, signal) in [
        ("echo ran", Some(74), None),
        ("echo ran; exit 5", Some(5), None),
        ("echo ran; kill -9 $$", None, Some(9)),
    ] {
        let scratch = Scratch::new();
        scratch.beats(&[]);
        let before = scratch.bytes();
        let output = scratch.run_on_full_disk(&["exec", "--", "sh", "-c", script]).output().expect("sh");
        let ended = Ended::of(output);
        assert_eq!((ended.code, ended.signal), (code, signal), "{script}: {ended}");
        assert_eq!(ended.stdout, b"ran\n");
        assert_eq!(ended.stderr.matches("cannot be written").count(), 2, "{ended}");
        assert_eq!(scratch.bytes(), before, "so the watchdog sees a stale beat");
    }
}

#[test]
fn nobody_reads_our_stderr() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let scratch = Scratch::new();
    let mut command = scratch.run_on_full_disk(&["exec", "--", "sh", "-c", "echo ran"]);
    let ended = Ended::of(command.stderr(writer).output().expect("sh"));
    assert_eq!((ended.code, ended.stdout), (Some(74), b"ran\n".to_vec()));
}

#[test]
fn nobody_reads_the_commands_stdout() {
    let scratch = Scratch::new();
    let mut child = scratch.hb(&["exec", "--", "yes"]).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut pipe = child.stdout.take().expect("a pipe");
    pipe.read_exact(&mut [0; 2]).expect("the first line");
    drop(pipe);
    assert_eq!(child.wait().expect("it ends").signal(), Some(13), "SIGPIPE, as without us");
    assert_eq!(scratch.beat().fields["signal"], json!(13));
}

#[test]
fn killed_ourselves_the_cycle_reads_as_never_ended_and_the_command_goes_on() {
    let scratch = Scratch::new();
    let mut command = scratch.hb(&["exec", "--", PYTHON, "-uc", "print('ready'); input(); print('done')"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    assert_eq!(lines.next().expect("a line").expect("text"), "ready");
    kill_process(Pid::from_child(&child), Signal::KILL).expect("it lives");
    let mut stdin = child.stdin.take();
    assert_eq!(child.wait().expect("it ends").signal(), Some(9));
    assert!(scratch.beat().running());
    std::io::Write::write_all(&mut stdin.take().expect("a pipe"), b"\n").expect("the command reads on");
    assert_eq!(lines.next().expect("a line").expect("text"), "done");
    assert!(scratch.beat().running(), "nobody claims an end that was not seen");
}

#[test]
fn the_command_inherits_what_is_ignored_and_nothing_of_ours() {
    let script = "import signal as s; print([int(n) for n in s.valid_signals() if s.getsignal(n) == s.SIG_IGN], \
                  [int(n) for n in s.pthread_sigmask(s.SIG_BLOCK, [])])";
    let scratch = Scratch::new();
    let program = env!("CARGO_BIN_EXE_hb-write");
    // Python itself ignores SIGPIPE (13) and SIGXFSZ (25).
    for (trap, ignored) in [(":", "[13, 25] []\n"), ("trap '' HUP INT QUIT", "[1, 2, 3, 13, 25] []\n")] {
        let line = format!("{trap}; exec \"$0\" exec -- {PYTHON} -c \"$1\"");
        let output = scratch.command("/bin/sh").args(["-c", &line, program, script]).output().expect("sh");
        assert_eq!(String::from_utf8_lossy(&output.stdout), ignored, "{trap}");
    }
    let value: Value = serde_json::from_slice(&scratch.bytes()).expect("JSON");
    assert_eq!(value["status"], json!("ok"));
}
