//! `ack` finds an incident by its id or the end of it.

use super::Scratch;

const WATCHDOG: &str = r#"{"at":1,"status":"ok","incidents":[
 {"id":"20261121T080000Z-7f3a01","watch":"bot","detail":"stale"},
 {"id":"20261121T080000Z-aaaaaa","watch":"other"},
 {"id":"20261121T090000Z-aaaaaa"},
 {"watch":"without an id"}, 7]}"#;

#[test]
fn an_open_incident_is_acknowledged_in_the_journal() {
    let scratch = Scratch::new();
    scratch.put("data/watchdog.json", WATCHDOG);
    for told in ["20261121T080000Z-7f3a01", "7f3a01"] {
        let said = scratch.says(0, &["ack", told, "--by", "bob"]);
        assert_eq!(said, "acknowledged 20261121T080000Z-7f3a01: bot: stale\n");
    }
    let journal = scratch.text("memory/journal.jsonl");
    assert_eq!(journal.lines().count(), 2);
    for line in journal.lines() {
        assert!(line.contains("\"kind\":\"ack\"") && line.contains("\"by\":\"bob\""), "{line}");
        assert!(line.ends_with("\"incident\":\"20261121T080000Z-7f3a01\"}"), "{line}");
    }
    assert_eq!(
        scratch.says(0, &["ack", "7f3a01", "--json"]),
        "{\"acknowledged\":\"20261121T080000Z-7f3a01\"}\n"
    );
}

#[test]
fn what_is_not_open_or_not_one_is_refused_with_what_is() {
    let scratch = Scratch::new();
    scratch.put("data/watchdog.json", WATCHDOG);
    for told in ["aaaaaa", "nothing", "", "Z-7f3a01"] {
        let ended = scratch.run(&["ack", told]);
        assert_eq!(ended.code(), Some(1), "{told}: {ended}");
        assert!(ended.stderr.contains("20261121T080000Z-7f3a01  bot: stale"), "{told}: {ended}");
    }
    assert!(!scratch.path("memory").exists());
}

#[test]
fn a_hold_without_an_incident_can_be_acknowledged_too() {
    let scratch = Scratch::new();
    let id = scratch.trip("by hand");
    assert_eq!(scratch.says(0, &["ack", &id[id.len() - 6..]]), format!("acknowledged {id}: by hand\n"));
}

#[test]
fn without_a_readable_watchdog_file_the_holds_are_still_known() {
    let scratch = Scratch::new();
    scratch.put("data/watchdog.json", "torn");
    let ended = scratch.run(&["ack", "7f3a01"]);
    assert_eq!(ended.code(), Some(1), "{ended}");
    assert!(
        ended.stderr.contains("data/watchdog.json is not JSON") && ended.stderr.contains("none is open"),
        "{ended}"
    );
    let id = scratch.trip("x");
    scratch.says(0, &["ack", &id]);
    std::fs::remove_dir_all(scratch.path("memory")).expect("removed");
    scratch.put("memory", "in the way");
    scratch.says(74, &["ack", &id]);
}
