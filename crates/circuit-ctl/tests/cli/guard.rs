//! `guard` becomes the command, only when that is allowed.

use std::fs;

use super::{Ended, Scratch, wall};
use crate::broken::chmod;

#[test]
fn the_command_takes_our_place_with_its_own_arguments_streams_and_code() {
    let scratch = Scratch::new();
    let script = "echo out $HOLDFAST_MODE \"$1\"; echo err >&2; exit 42";
    let ended = scratch.run(&["guard", "--", "sh", "-c", script, "x", "two words --json"]);
    assert_eq!(ended.code(), Some(42), "{ended}");
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("out normal two words --json\n", "err\n"));
    let child =
        scratch.command(&["guard", "--", "sh", "-c", "echo $$"]).stdout(std::process::Stdio::piped()).spawn();
    let child = child.expect("it starts");
    let pid = child.id();
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), pid.to_string(), "the same process");
}

#[test]
fn a_broken_pipe_ends_the_command_as_without_us() {
    let scratch = Scratch::new();
    let said = Ended::of(
        scratch
            .command(&["guard", "--", "sh", "-c", "trap '' TERM; grep SigIgn /proc/self/status"])
            .env("LC_ALL", "C"),
    );
    let ignored = said.stdout.trim().rsplit('\t').next().and_then(|mask| u64::from_str_radix(mask, 16).ok());
    assert_eq!(ignored.expect("a mask") & (1 << 12), 0, "SIGPIPE is not ignored: {said}");
}

#[test]
fn arguments_need_not_be_text() {
    use std::os::unix::ffi::OsStrExt;
    let scratch = Scratch::new();
    let name = std::ffi::OsStr::from_bytes(b"not-\xff-text");
    let status = scratch.command(&["guard", "--", "touch"]).arg(name).status().expect("it starts");
    assert!(status.success() && scratch.0.path().join(name).exists());
}

#[test]
fn reduce_runs_only_who_asked_for_it() {
    let scratch = Scratch::new();
    scratch.says(0, &["trip", "--reason", "margin call", "--mode", "reduce"]);
    assert_eq!(scratch.says(3, &["guard", "--", "echo", "ran"]), "");
    let said = scratch.says(0, &["guard", "--allow-reduce", "--", "sh", "-c", "echo $HOLDFAST_MODE"]);
    assert_eq!(said, "reduce\n");
    scratch.trip("a halt");
    assert_eq!(scratch.says(2, &["guard", "--allow-reduce", "--", "echo", "ran"]), "");
}

#[test]
fn a_command_that_cannot_be_started_is_told_as_a_shell_does() {
    let scratch = Scratch::new();
    scratch.put("script", "#!/nowhere\n");
    for (command, code, fact) in [
        ("no-such-program", 127, "is not there to be started"),
        ("./script", 126, "cannot be started"),
        ("./data", 126, "cannot be started"),
    ] {
        let ended = scratch.run(&["guard", "--", command]);
        assert_eq!(ended.code(), Some(code), "{ended}");
        assert!(ended.stderr.contains(fact) && ended.stderr.lines().count() == 2, "{ended}");
    }
    chmod(&scratch.path("script"), 0o755);
    assert_eq!(scratch.run(&["guard", "--", "./script"]).code(), Some(127), "its interpreter is not there");
}

#[test]
fn a_watchdog_is_required_once_watches_are_configured_or_nobody_can_tell() {
    let fresh = format!("{{\"at\":{},\"status\":\"ok\"}}", wall() - 20.0 * 60.0);
    let stale = format!("{{\"at\":{},\"status\":\"ok\"}}", wall() - 36.0 * 60.0);
    let watch = Some("[[watch]]\nname = \"bot\"\n");
    for (what, config, beat, runs) in [
        ("no configuration", None, None, true),
        ("a configuration without watches", Some("[audit]\n"), None, true),
        ("a watch and no watchdog", watch, None, false),
        ("a watch and a watchdog that stopped", watch, Some(&stale), false),
        ("a watch and a watchdog", watch, Some(&fresh), true),
        ("a broken configuration", Some("[[watch]\n"), None, false),
        ("a configuration that is not text", Some("\0"), None, false),
        ("a broken configuration and a watchdog", Some("[[watch]\n"), Some(&fresh), true),
    ] {
        let scratch = Scratch::new();
        if let Some(config) = config {
            scratch.put("holdfast.toml", config);
        }
        if let Some(beat) = beat {
            scratch.put("data/watchdog.json", beat);
        }
        let ended = scratch.run(&["guard", "--", "echo", "ran"]);
        assert_eq!(ended.code(), Some(if runs { 0 } else { 2 }), "{what}: {ended}");
        assert_eq!(ended.stdout, if runs { "ran\n" } else { "" }, "{what}");
        assert_eq!(scratch.says(0, &["guard", "--no-watchdog", "--", "echo", "ran"]), "ran\n", "{what}");
        scratch.says(0, &["check"]);
    }
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("holdfast.toml")).expect("a folder");
    scratch.says(2, &["guard", "--", "true"]);
}

#[test]
fn what_is_required_may_be_named() {
    let scratch = Scratch::new();
    scratch.put("data/watchdog.json", format!("{{\"at\":{},\"status\":\"ok\"}}", wall() - 100.0));
    scratch.says(0, &["guard", "--require-watchdog", "2m", "--", "true"]);
    scratch.says(2, &["guard", "--require-watchdog", "90s", "--", "true"]);
    scratch.says(64, &["guard", "--require-watchdog", "90s", "--no-watchdog", "--", "true"]);
    scratch.says(64, &["guard", "--require-watchdog", "soon", "--", "true"]);
    scratch.says(64, &["guard", "true"]);
    scratch.says(64, &["guard", "--"]);
}
