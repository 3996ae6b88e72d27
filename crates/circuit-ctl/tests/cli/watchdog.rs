//! `check --require-watchdog`: judged by more than one clock.

use super::{Scratch, make_fifo, wall};

#[test]
fn a_watchdog_that_did_not_check_lately_is_refused() {
    let now = wall();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("a boot id");
    let uptime = std::fs::read_to_string("/proc/uptime").expect("uptime");
    let up: f64 = uptime.split(' ').next().and_then(|up| up.parse().ok()).expect("a number");
    let own = |at: f64, up: f64, boot: &str| {
        format!("{{\"v\":1,\"at\":{at},\"status\":\"ok\",\"up\":{up},\"boot\":\"{}\"}}", boot.trim())
    };
    for (what, beat, code) in [
        ("just now", own(now, up, &boot), 0),
        ("just now, before the wall clock was set", own(now - 9e6, up, &boot), 0),
        ("just now, after the wall clock was set back", own(now + 9e6, up, &boot), 0),
        ("long ago, with a wall clock that claims otherwise", own(now, up - 61.0, &boot), 2),
        ("ahead of this boot", own(now, up + 100.0, &boot), 2),
        ("in another boot, just now", own(now, up + 100.0, "other"), 0),
        ("in another boot, long ago", own(now - 61.0, up, "other"), 2),
        ("in another boot, in the future", own(now + 3600.0, up, "other"), 2),
        ("by a simple writer", format!("{{\"at\":{now},\"status\":\"ok\"}}"), 0),
        ("by a simple writer, long ago", format!("{{\"at\":{},\"status\":\"ok\"}}", now - 61.0), 2),
        ("empty", String::new(), 2),
        ("torn", "{\"at\":17637".to_owned(), 2),
        ("without a time", "{\"status\":\"ok\"}".to_owned(), 2),
        ("with a time as text", format!("{{\"at\":\"{now}\",\"status\":\"ok\"}}"), 2),
        ("of another version", format!("{{\"v\":2,\"at\":{now},\"status\":\"ok\"}}"), 2),
    ] {
        let scratch = Scratch::new();
        scratch.put("data/watchdog.json", &beat);
        let ended = scratch.run(&["check", "--require-watchdog", "60s"]);
        assert_eq!(ended.code(), Some(code), "{what}: {beat}: {ended}");
        assert_eq!(
            ended.stderr.contains("REFUSED: ") && ended.stderr.contains("watchdog check"),
            code == 2,
            "{ended}"
        );
        scratch.says(0, &["check"]);
    }
}

#[test]
fn a_watchdog_that_never_ran_or_cannot_be_asked_is_refused() {
    let scratch = Scratch::new();
    let ended = scratch.run(&["check", "--require-watchdog", "1h"]);
    assert_eq!(ended.code(), Some(2), "{ended}");
    assert!(ended.stderr.contains("no watchdog has run here"), "{ended}");
    make_fifo(&scratch.path("data/watchdog.json"));
    scratch.says(2, &["check", "--require-watchdog", "1h"]);
}

#[test]
fn without_its_watchdog_not_even_reducing_is_allowed() {
    let scratch = Scratch::new();
    scratch.says(0, &["trip", "--reason", "margin call", "--mode", "reduce"]);
    scratch.says(3, &["check"]);
    let ended = scratch.run(&["check", "--require-watchdog", "1h"]);
    assert_eq!(ended.code(), Some(2), "{ended}");
    assert!(ended.stderr.contains("margin call") && ended.stderr.contains("no watchdog"), "{ended}");
    scratch.says(2, &["guard", "--allow-reduce", "--require-watchdog", "1h", "--", "true"]);
}
