//! One beat: what is in the file.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use holdfast::heartbeat::{Beat, OURS, Status};
use serde_json::{Value, json};

use crate::{PYTHON, Scratch};

#[test]
fn a_beat_has_the_keys_of_the_format_in_their_order() {
    let scratch = Scratch::new();
    assert!(scratch.run(&["--begin", "--name", "trader-run"]).silent_success());
    let ended = scratch.run(&["--name", "trader-run", "--interval", "5m", "--set", "z=1", "--set", "a=x"]);
    assert!(ended.silent_success(), "{ended}");
    let beat = scratch.beat_at("data/heartbeats/trader-run.json");
    let keys: Vec<&str> = beat.fields.keys().map(String::as_str).collect();
    assert_eq!(keys[..OURS.len()], OURS);
    assert_eq!(keys[OURS.len()..], ["z", "a"]);
    assert_eq!(beat.fields["v"], json!(1));
    assert_eq!(beat.fields["interval"], json!(300));
    assert_eq!(beat.fields["iso"], json!(holdfast::time::iso(beat.at)));
    assert_eq!(beat.status, Status::Ok);
    assert_eq!(beat.name.as_deref(), Some("trader-run"));
    assert_eq!(beat.host.as_deref(), Some(holdfast::sys::real::host()));
    assert_eq!(beat.circuit.as_deref(), Some("green"));
}

#[test]
fn a_beat_is_of_this_moment_on_every_clock_and_never_ahead_of_it() {
    use holdfast::sys::Clock;
    let scratch = Scratch::new();
    let before = holdfast::sys::real::RealClock.now();
    let beat = scratch.beats(&[]);
    let after = holdfast::sys::real::RealClock.now();
    let millisecond = 0.001;
    for (from, at, to) in [
        (before.wall, Some(beat.at), after.wall),
        (before.up, beat.up, after.up),
        (before.awake, beat.awake, after.awake),
    ] {
        let at = at.expect("every clock");
        assert!(from - millisecond <= at && at <= to, "{from} <= {at} <= {to}");
    }
    assert_eq!(beat.boot, after.boot);
}

#[test]
fn beats_are_counted_and_told_from_the_process_that_calls() {
    let scratch = Scratch::new();
    for seq in 1..4 {
        let beat = scratch.beats(&[]);
        assert_eq!(beat.seq, Some(seq));
        assert_eq!(
            beat.pid,
            Some(std::process::id().into()),
            "a pipeline that beats again and again keeps its pid"
        );
    }
}

#[test]
fn an_unreadable_beat_before_begins_a_new_count_and_is_no_error() {
    let max = format!(r#"{{"at":1,"status":"ok","seq":{}}}"#, u64::MAX);
    let long = " ".repeat(2 << 20);
    for before in ["", "{", "[]", "\0\0", r#"{"seq":7}"#, r#"{"at":1,"status":"ok"}"#, &max, &long] {
        let scratch = Scratch::new();
        scratch.put("data/heartbeat.json", before);
        assert_eq!(scratch.beats(&[]).seq, Some(1), "after {:?}", &before[..before.len().min(40)]);
        assert_eq!(scratch.files(), ["heartbeat.json"]);
    }
}

#[test]
fn a_fifo_in_the_way_holds_nothing_up() {
    let scratch = Scratch::new();
    let made = scratch.command("/usr/bin/mkfifo").arg("data/heartbeat.json").status().expect("mkfifo");
    assert!(made.success());
    assert_eq!(scratch.beats(&[]).seq, Some(1));
}

#[test]
fn a_plain_writer_and_we_beat_in_turn() {
    let scratch = Scratch::new();
    scratch.put("data/heartbeat.json", r#"{"at": 1763712000, "status": "ok", "seq": 41}"#);
    assert_eq!(scratch.beats(&[]).seq, Some(42));
}

#[test]
fn the_writer_in_the_documentation_is_a_complete_one() {
    const PAGE: &str = include_str!("../../../../docs/formats/heartbeat.md");
    let (_, rest) = PAGE.split_once("```python\n").expect("a Python writer");
    let (script, _) = rest.split_once("```").expect("its end");
    assert_eq!(script.lines().count(), 5);
    let scratch = Scratch::new();
    let script = format!("{script}\nbeat(candle_at=7)");
    assert!(scratch.command(PYTHON).args(["-c", &script]).status().expect("python").success());
    let beat = scratch.beat();
    assert_eq!((beat.status, &beat.fields["candle_at"]), (Status::Ok, &json!(7)));
    let (_, rest) = PAGE.split_once("```json\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("its end");
    let example = Beat::parse(example.as_bytes()).expect("a beat");
    assert_eq!(example.fields.keys().take(OURS.len()).collect::<Vec<_>>(), OURS);
    assert_eq!(example.fields["iso"], json!(holdfast::time::iso(example.at)));
}

#[test]
fn own_keys_are_json_scalars_if_they_parse_as_one_and_strings_else() {
    let table = [
        ("1", json!(1)),
        ("-3.25", json!(-3.25)),
        ("1e3", json!(1000.0)),
        ("true", json!(true)),
        ("false", json!(false)),
        ("null", Value::Null),
        ("\"1\"", json!("1")),
        ("", json!("")),
        ("no quotes", json!("no quotes")),
        ("a=b", json!("a=b")),
        ("007", json!("007")),
        ("NaN", json!("NaN")),
        ("1e999", json!("1e999")),
        ("[1]", json!("[1]")),
        ("{}", json!("{}")),
        ("True", json!("True")),
        ("grün", json!("grün")),
    ];
    let scratch = Scratch::new();
    for (text, value) in table {
        let beat = scratch.beats(&["--set", &format!("k={text}")]);
        assert_eq!(beat.fields["k"], value, "{text:?}");
    }
    assert!(!scratch.beats(&[]).fields.contains_key("k"), "a plain beat keeps nothing of the one before");
}

#[test]
fn json_comes_from_a_file_or_stdin_and_stands_before_set() {
    let scratch = Scratch::new();
    scratch.put("more.json", r#"{"positions": [{"coin": "BTC", "size": 0.5}], "exit": "late"}"#);
    let beat = scratch.beats(&["--set", "n=1", "--json", "more.json"]);
    let own: Vec<&str> = beat.fields.keys().map(String::as_str).filter(|key| !OURS.contains(key)).collect();
    assert_eq!(own, ["positions", "exit", "n"]);
    assert_eq!(beat.fields["positions"], json!([{"coin": "BTC", "size": 0.5}]));

    let ended = scratch.run_with_stdin(&["--json", "-"], "\u{feff}{\"from\": \"stdin\"}\n".as_bytes());
    assert!(ended.silent_success(), "{ended}");
    assert_eq!(scratch.beat().fields["from"], json!("stdin"));
}

#[test]
fn status_and_held() {
    let scratch = Scratch::new();
    for (args, status) in [
        (&[][..], Status::Ok),
        (&["--status", "ok"], Status::Ok),
        (&["--held"], Status::Held),
        (&["--status", "held"], Status::Held),
        (&["--status", "no quotes"], Status::Other("no quotes".to_owned())),
    ] {
        assert_eq!(scratch.beats(args).status, status, "{args:?}");
    }
}

#[test]
fn the_beat_after_a_begin_ends_the_cycle() {
    let scratch = Scratch::new();
    let begun = scratch.beats(&["--begin"]);
    assert!(begun.running());
    assert_eq!(begun.begun, Some(begun.at));
    let ended = scratch.beats(&["--status", "failed"]);
    assert!(!ended.running());
    assert_eq!(ended.begun, begun.begun);
    let took = ended.took.expect("took");
    let passed = ended.up.expect("up") - begun.up.expect("up");
    assert!((took - passed).abs() < 0.002, "{took} {passed}");
    let after = scratch.beats(&[]);
    assert_eq!((after.begun, after.took), (None, None), "the cycle is over");
}

#[test]
fn a_cycle_is_timed_by_the_clock_that_nobody_sets_or_else_by_the_wall() {
    use holdfast::sys::Clock;
    let now = holdfast::sys::real::RealClock.now();
    let boot = now.boot.expect("a boot id");
    let at = now.wall.floor() - 30.0;
    let begun = at - 10.0;
    // The wall clock was set back by two minutes since.
    let stepped = now.wall.floor() + 90.0;
    let up = now.up - 30.0;
    for (name, before, took) in [
        ("same boot", json!({"at": at, "status": "ok", "begun": begun, "up": up, "boot": boot}), 40.0),
        (
            "wall moved",
            json!({"at": stepped, "status": "ok", "begun": stepped, "up": up, "boot": boot}),
            30.0,
        ),
        ("rebooted", json!({"at": at, "status": "ok", "begun": begun, "up": up, "boot": "another"}), 40.0),
        ("five-line writer", json!({"at": at, "status": "ok", "begun": begun}), 40.0),
        ("in the future", json!({"at": stepped, "status": "ok", "begun": stepped}), 0.0),
    ] {
        let scratch = Scratch::new();
        scratch.put("data/heartbeat.json", before.to_string());
        let beat = scratch.beats(&[]);
        let said = beat.took.expect(name);
        assert!((took..took + 10.0).contains(&said), "{name}: {said} instead of {took}");
        assert_eq!(beat.begun, before["begun"].as_f64(), "{name}");
    }
}

#[test]
fn another_hosts_cycle_is_not_ours_to_end() {
    let scratch = Scratch::new();
    scratch.put("data/heartbeat.json", r#"{"at":1,"status":"ok","begun":1,"host":"another.example"}"#);
    assert_eq!(scratch.beats(&[]).begun, None);
}

#[test]
fn a_pipeline_that_dies_in_every_cycle_overruns() {
    let scratch = Scratch::new();
    let first = scratch.beats(&["--begin"]);
    let second = scratch.beats(&["--begin"]);
    assert!(second.running() && second.at > first.at);
    assert_eq!(second.begun, first.begun, "the work that began first has still not ended");
    assert_eq!(scratch.run(&["exec", "--", "sh", "-c", "kill -9 $PPID"]).signal, Some(9));
    assert_eq!(scratch.beat().begun, first.begun);
    assert!(scratch.run(&["exec", "--", "true"]).silent_success());
    assert!(scratch.beat().begun > first.begun);
    let next = scratch.beats(&["--begin"]);
    assert_eq!(next.begun, Some(next.at), "the cycle before has ended");
}

#[test]
fn a_cycle_that_a_reboot_ended_is_over() {
    let scratch = Scratch::new();
    for before in [
        json!({"at": 5, "status": "ok", "begun": 5, "up": 1, "boot": "another"}),
        json!({"at": 5, "status": "ok", "begun": 5, "host": "another.example"}),
        json!({"at": 5, "status": "ok", "begun": 5, "took": 1}),
    ] {
        scratch.put("data/heartbeat.json", before.to_string());
        let beat = scratch.beats(&["--begin"]);
        assert_eq!(beat.begun, Some(beat.at), "{before}");
    }
}

#[test]
fn a_begin_has_no_numbers_but_its_own() {
    let scratch = Scratch::new();
    scratch.beats(&["--set", "cost=3.2"]);
    let begun = scratch.beats(&["--begin", "--set", "candle_at=6"]);
    assert_eq!((begun.fields.get("cost"), &begun.fields["candle_at"]), (None, &json!(6)));
}

#[test]
fn the_beat_tells_what_was_seen_of_the_circuit() {
    for (face, word) in [
        (r#"{"paused": false}"#, "green"),
        (r#"{"paused": true}"#, "paused"),
        (r#"{"paused": true, "mode": "reduce"}"#, "reduce"),
        ("", "paused"),
    ] {
        let scratch = Scratch::new();
        scratch.put("data/circuit.json", face);
        assert_eq!(scratch.beats(&[]).circuit.as_deref(), Some(word), "{face}");
        assert_eq!(fs::read_to_string(scratch.path("data/circuit.json")).expect("the face"), face);
    }
}

#[test]
fn the_root_is_named_by_option_else_by_environment_else_the_current_folder() {
    let (here, there, elsewhere) = (Scratch::new(), Scratch::new(), Scratch::new());
    let mut command = here.hb(&["--root"]);
    command.arg(there.0.path()).env("HOLDFAST_ROOT", elsewhere.0.path());
    assert!(command.status().expect("it runs").success());
    assert_eq!((here.files().len(), there.files().len(), elsewhere.files().len()), (0, 1, 0));
    assert!(here.hb(&[]).env("HOLDFAST_ROOT", elsewhere.0.path()).status().expect("it runs").success());
    assert!(here.hb(&[]).env("HOLDFAST_ROOT", "").status().expect("it runs").success());
    assert_eq!((here.files().len(), there.files().len(), elsewhere.files().len()), (1, 1, 1));
}

#[test]
fn a_replacement_keeps_mode_and_group_and_a_fresh_file_is_not_for_everybody() {
    let scratch = Scratch::new();
    scratch.beats(&[]);
    scratch.beats(&["--name", "n"]);
    let mode = |relative: &str| fs::metadata(scratch.path(relative)).expect(relative).mode() & 0o7777;
    assert_eq!(mode("data/heartbeat.json") & 0o137, 0, "0640, or less under a umask");
    assert_eq!(mode("data/heartbeats") & 0o027, 0, "0750, or less under a umask");

    let file = scratch.path("data/heartbeat.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).expect("chmod");
    let own = fs::metadata(&file).expect("the file").gid();
    let groups = rustix::process::getgroups().expect("groups");
    let root = rustix::process::geteuid().is_root();
    let other = groups.iter().map(|gid| gid.as_raw()).chain(root.then_some(12)).find(|gid| *gid != own);
    let group = other.unwrap_or(own);
    std::os::unix::fs::chown(&file, None, Some(group)).expect("chgrp");
    scratch.beats(&[]);
    assert_eq!((mode("data/heartbeat.json"), fs::metadata(&file).expect("the file").gid()), (0o664, group));
}
