//! What people read: help, and every error.

use std::fmt::Write;
use std::fs;

use holdfast::heartbeat::OURS;

use crate::{Ended, Scratch};

#[test]
fn help() {
    let scratch = Scratch::new();
    insta::assert_snapshot!("help", scratch.run(&["--help"]).to_string());
    insta::assert_snapshot!("help-exec", scratch.run(&["exec", "--help"]).to_string());
    assert_eq!(scratch.run(&["help"]).to_string(), scratch.run(&["--help"]).to_string());
    assert_eq!(
        scratch.run(&["--version"]).to_string(),
        format!("exit 0\nhb-write {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert!(scratch.files().is_empty(), "who asks for help does not beat");
}

#[test]
fn arguments_that_make_no_sense() {
    let long_name = "a".repeat(65);
    let mut story = String::new();
    for args in [
        &["--name", "Trader"][..],
        &["--name", ".."],
        &["--name", &long_name],
        &["--name", "heartbeat"],
        &["--status", ""],
        &["--held", "--status", "ok"],
        &["--held", "--begin"],
        &["--interval", "5"],
        &["--interval", "0s"],
        &["--set", "candle_at"],
        &["--set", "=1"],
        &["--set", "a=1", "--set", "a=1"],
        &["--set", "at=1"],
        &["--set", "a=1", "--json", "a.json"],
        &["--json", "ours.json"],
        &["--frobnicate"],
        &["trade"],
        &["exec"],
        &["exec", "--"],
        &["exec", "python", "bot.py"],
        &["exec", "--held", "--", "true"],
        &["--begin", "exec", "--", "true"],
        &["--set", "a=1", "exec", "--", "true"],
    ] {
        let scratch = Scratch::new();
        scratch.put("a.json", r#"{"a": 2}"#);
        scratch.put("ours.json", r#"{"cost": 2, "circuit": "green"}"#);
        let ended = scratch.run(args);
        assert_eq!((ended.code, ended.stdout.len()), (Some(64), 0), "{args:?}: {ended}");
        assert!(scratch.files().is_empty(), "{args:?} wrote a beat");
        tell(&mut story, args, &ended);
    }
    insta::assert_snapshot!("usage", story);
}

#[test]
fn none_of_our_keys_can_be_taken() {
    for key in OURS {
        let scratch = Scratch::new();
        let object = format!(r#"{{"mine": 1, "{key}": 1}}"#);
        for ended in [
            scratch.run(&["--set", &format!("{key}=1")]),
            scratch.run_with_stdin(&["--json", "-"], object.as_bytes()),
        ] {
            assert_eq!(ended.code, Some(64), "{key}: {ended}");
            assert!(ended.stderr.contains(&format!("\"{key}\" is a key of the heartbeat itself")), "{ended}");
            assert!(scratch.files().is_empty(), "{key}");
        }
    }
}

#[test]
fn json_that_is_no_object() {
    let mut story = String::new();
    for (args, stdin, code) in [
        (&["--json", "-"][..], "", 65),
        (&["--json", "-"], "[1]", 65),
        (&["--json", "-"], "{\"a\": NaN}", 65),
        (&["--json", "-"], "{\"a\": 1, \"a\": 2}", 65),
        (&["--json", "-"], "{\"a\": 1}\n{\"b\": 2}", 65),
        (&["--json", "-"], "\u{0}", 65),
        (&["--json", "-"], &format!("{{\"a\": \"{}\"}}", "x".repeat(1 << 20)), 65),
        (&["--json", "missing.json"], "", 74),
        (&["--json", "data"], "", 74),
        (&["--json", "fifo"], "", 74),
        (&["--json", "large.json"], "", 65),
    ] {
        let scratch = Scratch::new();
        scratch.put("large.json", vec![b' '; (1 << 20) + 1]);
        assert!(scratch.command("/usr/bin/mkfifo").arg("fifo").status().expect("mkfifo").success());
        let ended = scratch.run_with_stdin(args, stdin.as_bytes());
        assert_eq!(ended.code, Some(code), "{args:?} {}: {ended}", &stdin[..stdin.len().min(40)]);
        assert!(scratch.files().is_empty(), "{args:?} wrote a beat");
        writeln!(story, "# {:?}", stdin.chars().take(24).collect::<String>()).expect("a string");
        tell(&mut story, args, &ended);
    }
    insta::assert_snapshot!("json", story);
}

#[test]
fn a_beat_that_no_reader_would_take_is_refused() {
    let scratch = Scratch::new();
    let before = scratch.beats(&[]);
    let object = format!("{{\"a\":\"{}\"}}", "x".repeat((1 << 20) - 20));
    let ended = scratch.run_with_stdin(&["--json", "-"], object.as_bytes());
    assert_eq!(ended.code, Some(65), "{ended}");
    assert!(ended.stderr.contains("readers take at most 1048576"), "{ended}");
    assert_eq!(scratch.beat(), before);
    let fits = format!("{{\"a\":\"{}\"}}", "x".repeat((1 << 20) - 1000));
    assert_eq!(scratch.run_with_stdin(&["--json", "-"], fits.as_bytes()).code, Some(0));
    assert_eq!(scratch.beat().seq, Some(2));
}

#[test]
fn a_folder_that_is_no_root() {
    let mut story = String::new();
    for args in
        [&["--root", "nowhere"][..], &["--root", "empty"], &["--root", "odd", "exec", "--", "touch", "ran"]]
    {
        let scratch = Scratch::new();
        fs::create_dir(scratch.path("empty")).expect("a folder");
        fs::create_dir(scratch.path("odd")).expect("a folder");
        scratch.put("odd/data", "");
        let ended = scratch.run(args);
        assert_eq!(ended.code, Some(78), "{args:?}: {ended}");
        assert!(!scratch.path("ran").exists(), "nothing runs where no beat can be kept");
        tell(&mut story, args, &ended);
    }
    insta::assert_snapshot!("no-root", story);
}

#[test]
fn a_beat_that_cannot_be_written_says_so_and_leaves_the_old_one_whole() {
    let scratch = Scratch::new();
    scratch.beats(&["--set", "n=1"]);
    let before = scratch.bytes();
    let mut story = String::new();
    let ended = Ended::of(scratch.run_on_full_disk(&["--set", "n=2"]).output().expect("sh"));
    tell(&mut story, &["(on a full disk)"], &ended);
    assert_eq!((ended.code, scratch.bytes()), (Some(74), before));
    assert_eq!(scratch.files(), ["heartbeat.json"], "no temporary file stays");

    scratch.put("data/heartbeats", "");
    let ended = scratch.run(&["--name", "n"]);
    assert_eq!(ended.code, Some(74));
    tell(&mut story, &["--name", "n"], &ended);

    let folder = Scratch::new();
    fs::create_dir(folder.path("data/heartbeat.json")).expect("a folder");
    let ended = folder.run(&[]);
    assert_eq!(ended.code, Some(74));
    assert_eq!(folder.files(), ["heartbeat.json"]);
    tell(&mut story, &["(a folder in the way)"], &ended);
    insta::assert_snapshot!("unwritable", story);
}

#[test]
fn a_folder_that_may_not_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    fs::set_permissions(scratch.path("data"), fs::Permissions::from_mode(0o555)).expect("chmod");
    let program = env!("CARGO_BIN_EXE_hb-write");
    let output = if rustix::process::geteuid().is_root() {
        // Root may write everywhere, unless that is taken away.
        let without = "--bounding-set=-dac_override";
        scratch.command("/usr/bin/setpriv").args([without, "--inh-caps=-dac_override", program]).output()
    } else {
        scratch.hb(&[]).output()
    };
    let ended = Ended::of(output.expect("it starts"));
    assert_eq!(ended.code, Some(74), "{ended}");
    insta::assert_snapshot!(ended.to_string(), @r"
    exit 74
    hb-write: ./data/heartbeat.json cannot be written: Permission denied (os error 13)
      let the user of the pipeline write into that folder
    ");
    fs::set_permissions(scratch.path("data"), fs::Permissions::from_mode(0o755)).expect("chmod");
}

fn tell(story: &mut String, args: &[&str], ended: &Ended) {
    writeln!(story, "$ hb-write {}\n{ended}", args.join(" ")).expect("a string");
}
