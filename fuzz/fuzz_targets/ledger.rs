//! `data/circuit.json`, NUL, `data/trips.jsonl`, NUL, choices: the circuit is green only where the table says so, and
//! a trip pauses it whatever stands there.
#![no_main]

use holdfast::Root;
use holdfast::circuit::{self, Cached, Mode, Trip, Verdict, View, Why};
use holdfast::sys::Sys;
use holdfast_fuzz::{Choices, Host, parts, root};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let [face, ledger, choices] = parts(data);
    let (face, ledger) = (("data/circuit.json", face), ("data/trips.jsonl", ledger));
    let mut choices = Choices(choices);
    let by_hand_is_last = choices.of(&[true, false]);
    let files = if by_hand_is_last { [ledger, face] } else { [face, ledger] };
    let host = Host::with(&files);
    let process = host.process();
    let (sys, root) = (process.sys(), root(&process.sys()));

    let view = circuit::view(&sys, &root);
    let green = view.verdict.is_green();
    if green {
        let allowed = may_be_green(face.1, ledger.1.len() as u64, by_hand_is_last);
        assert!(allowed, "green: {:?}", String::from_utf8_lossy(face.1));
    }
    assert_eq!(view.holds.is_empty(), green, "a pause has a cause, and nothing else has: {view:?}");
    assert!(view.accounted <= view.ledger_len, "{view:?}");
    assert_eq!(Cached::new(sys, root.clone()).check(), view.verdict);

    if choices.of(&[false, true]) {
        circuit::repair(&sys, &root).expect("nothing stands in the way");
        let after = circuit::check(&sys, &root).verdict;
        assert_eq!(after.is_green(), green, "a repair pauses and resumes nothing");
    }
    trips(&sys, &root, &view);
});

/// The table of `docs/formats/circuit.md`, read anew by somebody else's JSON.
fn may_be_green(face: &[u8], ledger_len: u64, by_hand_is_last: bool) -> bool {
    if face.is_empty() {
        return ledger_len == 0;
    }
    let face = face.strip_prefix(b"\xef\xbb\xbf").unwrap_or(face);
    let Ok(Value::Object(face)) = serde_json::from_slice(face) else { return false };
    let known_version = face.get("v").is_none_or(|version| version.as_u64() == Some(1));
    let seen = match face.get("trips") {
        Some(trips) => trips.as_u64() == Some(ledger_len),
        None => ledger_len == 0 || by_hand_is_last,
    };
    face.get("paused") == Some(&Value::Bool(false)) && known_version && seen
}

/// **no-lost-trip**, and lifting nothing: what stood before still stands.
fn trips(sys: &Sys, root: &Root, before: &View) {
    let trip = Trip {
        mode: Mode::Halt,
        reason: "fuzz".to_owned(),
        by: "fuzz".to_owned(),
        watch: None,
        id: Some("20251121T080002Z-f22f22".to_owned()),
    };
    let tripped = circuit::trip(sys, root, &trip).expect("nothing stands in the way");
    assert!(!tripped.lifted_already, "nobody was there to lift it");
    let after = circuit::view(sys, root);
    assert!(!after.verdict.is_green(), "a trip that returned is in force: {after:?}");
    // Which trips a hand that wrote no `trips` has voided is told by their times alone.
    if matches!(before.verdict, Verdict::Paused { why: Why::LedgerNewer, .. }) {
        return;
    }
    for hold in before.holds.iter().filter(|hold| hold.by != "fail-closed") {
        assert!(after.holds.iter().any(|kept| kept.id == hold.id), "{hold:?} is gone from {after:?}");
    }
}
