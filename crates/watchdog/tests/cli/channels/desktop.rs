//! The channel `desktop` with a real notification daemon, on a bus and a display of the test's own.

use std::process::Command;

use serde_json::Value;

use crate::{Ended, Scratch};

const CONFIG: &str = "[[channel]]\nkind = \"desktop\"\n";

/// Runs a line of shell with a display and a session bus, on which dunst starts by itself.
fn in_session(scratch: &Scratch, script: &str) -> Ended {
    let display = "Xvfb -displayfd 3 -screen 0 640x480x24 -nolisten tcp 3>display 2>/dev/null & x=$!; \
                   trap 'kill $x' EXIT; until [ -s display ]; do sleep 0.05; done; DISPLAY=:$(cat display); export DISPLAY; ";
    let session = format!("{display} dbus-run-session -- sh -ec \"$SCRIPT\" 2>session-err");
    let output = Command::new("sh")
        .args(["-c", &session])
        .current_dir(scratch.path(""))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", scratch.path(""))
        .env("WATCHDOG", env!("CARGO_BIN_EXE_watchdog"))
        .env("SCRIPT", script)
        .output()
        .expect("sh; scripts/install-test-tools.sh has Xvfb, dbus-run-session and dunst");
    Ended::of(&output)
}

#[test]
fn a_notification_shows_the_alert_and_nothing_of_it_is_markup() {
    let scratch = Scratch::with(CONFIG);
    scratch.beat(0.0, "<b>&broken");
    // dunst keeps what was closed.
    let script = "\"$WATCHDOG\" check > check-out || true; dunstctl close-all; dunstctl history";
    let ended = in_session(&scratch, script);
    let history: Value = serde_json::from_str(&ended.out)
        .unwrap_or_else(|error| panic!("{error}: {ended:?} {}", scratch.read("session-err")));
    let shown = &history["data"][0][0];
    let text = |key: &str| shown[key]["data"].as_str().unwrap_or_default().to_owned();
    assert_eq!(text("appname"), "Holdfast", "{history}");
    assert!(text("summary").contains("heartbeat is reported"), "{shown}");
    assert!(text("body").contains("&lt;b&gt;&amp;broken"), "{shown}");
    assert!(text("body").contains("incident "), "{shown}");
    assert!(scratch.journal().contains(&"alert-accepted".to_owned()));
}

#[test]
fn without_a_session_or_the_program_it_says_what_to_do() {
    let scratch = Scratch::with(CONFIG);
    assert_eq!(scratch.run(&["validate"]).code, Some(0));
    let no_bus = scratch.run(&["test-alert"]);
    assert_eq!(no_bus.code, Some(69));
    let says = "; it needs the session of a user who is logged in (DBUS_SESSION_BUS_ADDRESS) and a notification daemon there";
    assert!(
        no_bus.out.contains("DOES NOT WORK: notify-send ended with 1: ") && no_bus.out.contains(says),
        "{no_bus:?}"
    );
    let mut command = scratch.command(&["test-alert"]);
    let no_program = Ended::of(&command.env("PATH", scratch.path("")).output().expect("watchdog starts"));
    let says = "notify-send was not found: install it (Debian: libnotify-bin), or take another channel";
    assert!(no_program.out.contains(says), "{no_program:?}");
}
