//! The client for Python, `clients/python/holdfast.py`, with the real programs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use holdfast::heartbeat::Beat;
use holdfast::json::Value;
use holdfast_tests::harness::{Ended, Fault, Run, Scratch, calls, each, program, read, with_fault};

/// A run of tests waits for disks and for states that are read again.
const LONG: Duration = Duration::from_mins(5);

fn client() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients/python")
}

/// Runs a module of `clients/python/tests` on the programs of this workspace.
fn unittest(module: &str) {
    for name in ["hb-write", "circuit-ctl", "watchdog", "audit-pack"] {
        program(name);
    }
    let programs = program("hb-write");
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-B", "-m", "unittest", module]).current_dir(client().join("tests"));
    python.env("HOLDFAST_BIN", programs.parent().expect("its folder")).env_remove("HOLDFAST_ROOT");
    let ended = python.start().ended_within(LONG).expect(0);
    assert!(ended.stderr.contains("OK"), "no test was run\n{ended}");
}

#[test]
fn the_client_answers_as_circuit_ctl_does() {
    unittest("test_agreement");
}

#[test]
fn its_beats_are_those_of_hb_write() {
    unittest("test_heartbeat");
}

#[test]
fn its_cycles_end_as_their_bodies_do_and_the_watchdog_judges_them() {
    unittest("test_cycle");
}

#[test]
fn its_guard_lets_no_body_run_while_paused() {
    unittest("test_guard");
}

#[test]
fn its_decisions_are_sealed_once_each() {
    unittest("test_append");
}

#[test]
fn its_examples_trade_while_green_and_are_held_while_paused() {
    unittest("test_examples");
}

/// Python with the client, in a root.
fn python(root: &Scratch, script: &str) -> Command {
    let mut python = root.any("/usr/bin/python3");
    let path = client();
    let script = format!("import sys; sys.path.insert(0, {:?}); import holdfast\n{script}", path.display());
    python.args(["-S", "-B", "-c", &script]);
    python
}

/// The calls at which a kill leaves the files in different states.
const CALLS: &str = "openat,write,fsync,fchmod,fchown,rename,renameat,unlink,unlinkat,mkdir,close";

#[test]
fn a_beat_of_python_killed_at_any_call_leaves_the_old_or_the_new() {
    for (name, file) in [("None", "data/heartbeat.json"), ("'bot'", "data/heartbeats/bot.json")] {
        let beat = format!("holdfast.Heartbeat('.', name={name}).beat()");
        let prepared = || {
            let root = Scratch::new();
            python(&root, &beat).finish().expect(0);
            root
        };
        let example = prepared();
        let (calls, _) = calls(&example, &python(&example, &beat), CALLS);
        assert!(calls.iter().filter(|call| call.changes()).count() >= 4, "{calls:?}");
        each(calls, |call| {
            let root = prepared();
            let ended = with_fault(&root, &python(&root, &beat), call, Fault::Kill);
            let left = read(&root.path(file)).unwrap_or_else(|| panic!("{file} is gone\n{ended}"));
            whole(&left, &ended);
            python(&root, &beat).finish().expect(0);
            let next = read(&root.path(file)).expect("a beat");
            assert_ne!(next, left, "nothing was written\n{ended}");
            whole(&next, &ended);
        });
    }
}

#[test]
fn a_beat_is_durable_before_it_has_its_name_and_a_decision_before_it_is_told() {
    let beat = "holdfast.Heartbeat('.').beat()";
    let append = "holdfast.append({'act': 'buy'}, '.')";
    let quick = "holdfast.append({'act': 'buy'}, '.', sync=False)";
    for (script, before, order) in [
        (beat, beat, &["write", "fsync", "rename", "fsync"][..]),
        (append, append, &["write", "fsync"]),
        // Its name and that of memory/ must be durable, too.
        (append, beat, &["fsync", "write", "fsync", "fsync"]),
        (quick, append, &["write"]),
    ] {
        let root = Scratch::new();
        python(&root, before).finish().expect(0);
        let (calls, ended) = calls(&root, &python(&root, script), "write,fsync,rename,renameat,renameat2");
        let names: Vec<_> = calls.iter().map(|call| call.name.trim_end_matches("at").to_owned()).collect();
        assert_eq!(names, order, "{script}\n{ended}");
    }
}

fn whole(bytes: &[u8], ended: &Ended) {
    let beat = Beat::parse(bytes).unwrap_or_else(|error| panic!("{error}\n{ended}"));
    assert!(bytes.ends_with(b"}\n") && beat.seq.is_some(), "is cut short\n{ended}");
}

#[test]
fn a_disk_that_refuses_any_call_of_a_beat_is_told_and_leaves_the_old_one_whole() {
    let beat = "try: holdfast.Heartbeat('.').beat()\nexcept holdfast.WriteError as error: sys.exit(74)";
    let prepared = || {
        let root = Scratch::new();
        python(&root, beat).finish().expect(0);
        root
    };
    let example = prepared();
    let (calls, _) = calls(&example, &python(&example, beat), "openat,write,fsync,rename,renameat");
    let changes: Vec<_> = calls.into_iter().filter(holdfast_tests::harness::Call::changes).collect();
    assert!(changes.len() >= 4, "{changes:?}");
    for error in ["ENOSPC", "EIO", "EROFS"] {
        each(changes.clone(), |call| {
            let root = prepared();
            let ended = with_fault(&root, &python(&root, beat), call, Fault::Error(error)).expect(74);
            whole(&read(&root.path("data/heartbeat.json")).expect("a beat"), &ended);
            assert_eq!(root.names("data"), ["heartbeat.json"], "{ended}");
        });
    }
}

#[test]
fn a_decision_of_python_killed_at_any_call_is_there_whole_or_not_at_all() {
    let append = "holdfast.append({'act': 'buy', 'pad': 'x' * 5000}, '.')";
    let prepared = || {
        let root = Scratch::new();
        python(&root, append).finish().expect(0);
        root
    };
    let example = prepared();
    let (calls, _) = calls(&example, &python(&example, append), CALLS);
    each(calls, |call| {
        let root = prepared();
        let ended = with_fault(&root, &python(&root, append), call, Fault::Kill);
        let text = root.text("memory/decisions.jsonl");
        let lines = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
        assert_eq!(lines, text.lines().count(), "{ended}");
        assert!((1..=2).contains(&lines) && text.ends_with('\n'), "{ended}");
    });
}

/// A Python that pip has made in the folder that cargo builds into.
fn tool(option: &str) -> PathBuf {
    let mut script =
        Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/install-test-tools.sh"));
    let ended = script.arg(option).start().ended_within(LONG).expect(0);
    PathBuf::from(ended.stdout.trim())
}

/// mypy at its strictest, for the oldest Python that the client is for.
fn mypy() -> Command {
    let mut mypy = Command::new(tool("--mypy-python"));
    mypy.args(["-m", "mypy", "--strict", "--cache-dir", "/dev/null", "--python-version", "3.9"]);
    mypy
}

#[test]
fn it_is_typed_on_every_platform_and_so_are_its_examples_and_tests() {
    let all = ["holdfast.py", "examples/plain_loop.py", "examples/asyncio_bot.py", "tests"];
    for (platform, files) in [("linux", &all[..]), ("darwin", &all[..1]), ("win32", &all[..1])] {
        let mut check = mypy();
        // The frameworks of these two are not there: scripts/test-python-bots.sh runs them.
        check.args(["--platform", platform, "--exclude", "test_(freqtrade|nautilus)"]).args(files);
        check.current_dir(client()).start().ended_within(LONG).expect(0);
    }
}

#[test]
fn it_installs_with_pip_and_its_types_come_with_it() {
    let place = Scratch::new();
    let venv = place.path("venv");
    let mut make = place.any("/usr/bin/python3");
    make.args(["-m", "venv", "--without-pip"]).arg(&venv).finish().expect(0);
    let python = venv.join("bin/python");
    let mut pip = Command::new(tool("--mypy-python"));
    pip.args(["-m", "pip", "--python"]).arg(&python).args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    pip.arg(client()).start().ended_within(LONG).expect(0);
    place
        .any(&python)
        .args(["-c", "import holdfast; print(holdfast.check().word)"])
        .finish()
        .expect(0)
        .says("green");

    place.put("bot.py", "import holdfast\nreveal_type(holdfast.check())\n");
    let mut check = mypy();
    check.arg("--python-executable").arg(&python).arg("bot.py").current_dir(place.dir());
    check.start().ended_within(LONG).expect(0).says("holdfast.Verdict");
}
