//! What the watchdog makes of the circuit between two looks.

use super::Bench;
use crate::circuit::{Face, Hold, Mode, Resumed, Verdict, View, Why};
use crate::watch::CircuitMemory;

fn hold(id: &str, since: f64) -> Hold {
    let text = |text: &str| text.to_owned();
    Hold {
        id: text(id),
        mode: Mode::Halt,
        reason: text("r"),
        by: text("b"),
        watch: None,
        host: text("h"),
        since,
    }
}

pub(super) fn paused(holds: Vec<Hold>, face: Option<Face>, ledger_len: u64) -> View {
    let verdict = Verdict::Paused { mode: Mode::Halt, why: Why::Face };
    View { verdict, holds, ..green(face, ledger_len) }
}

pub(super) fn green(face: Option<Face>, ledger_len: u64) -> View {
    View {
        verdict: Verdict::Green,
        holds: Vec::new(),
        face,
        face_modified: None,
        ledger_len,
        ledger_error: None,
        refused: false,
        accounted: ledger_len,
    }
}

/// A face with the record of a resume of now.
fn resumed(bench: &Bench) -> Option<Face> {
    let now = bench.now();
    let (by, why, lifted) = ("ann".to_owned(), "mended".to_owned(), vec!["a".to_owned()]);
    let resumed =
        Resumed { at: now.wall, up: now.up, awake: Some(now.awake), boot: now.boot, by, why, lifted };
    Some(Face { resumed: Some(resumed), ..Face::default() })
}

struct Looks {
    bench: Bench,
    memory: CircuitMemory,
}

impl Looks {
    fn new() -> Self {
        Self { bench: Bench::new(), memory: CircuitMemory::default() }
    }

    fn look_after(&mut self, seconds: f64, view: &View) {
        let last = self.bench.last_check.clone();
        self.bench.clock.advance(seconds);
        let now = self.bench.now();
        self.memory.see(view, &now, last.as_ref());
        self.bench.last_check = Some(now);
    }

    fn paused_for(&self) -> Option<f64> {
        self.memory.paused.as_ref().map(|since| since.age(&self.bench.now()).round())
    }

    fn resumed_for(&self) -> Option<f64> {
        self.memory.resumed.as_ref().map(|since| since.age(&self.bench.now()).round())
    }
}

#[test]
fn a_pause_counts_from_its_oldest_hold() {
    let mut looks = Looks::new();
    looks.look_after(0.0, &green(None, 0));
    let since = looks.bench.now().wall + 40.0;
    looks.look_after(100.0, &paused(vec![hold("a", since), hold("b", since + 30.0)], None, 9));
    assert_eq!(looks.paused_for(), Some(60.0));
    looks.bench.clock.step_wall(-5000.0);
    looks.look_after(100.0, &paused(vec![hold("a", since)], None, 9));
    assert_eq!(looks.paused_for(), Some(160.0), "on the boot clock from then on");
}

#[test]
fn a_resume_on_a_terminal_counts_from_its_own_time() {
    let mut looks = Looks::new();
    looks.look_after(0.0, &paused(vec![hold("a", looks.bench.now().wall)], None, 9));
    looks.bench.clock.advance(50.0);
    let face = resumed(&looks.bench);
    looks.look_after(30.0, &green(face.clone(), 9));
    assert_eq!((looks.paused_for(), looks.resumed_for()), (None, Some(30.0)));
    looks.look_after(10.0, &green(face, 9));
    assert_eq!(looks.resumed_for(), Some(40.0), "counted once");
}

#[test]
fn a_hand_edit_is_a_resume_also_when_it_drops_the_record_of_an_older_one() {
    for keeps in [true, false] {
        let mut looks = Looks::new();
        let old = resumed(&looks.bench);
        looks.look_after(0.0, &green(old.clone(), 9));
        let since = looks.bench.now().wall;
        looks.look_after(5000.0, &paused(vec![hold("a", since)], old.clone(), 18));
        let face = if keeps { old } else { Some(Face::default()) };
        looks.look_after(60.0, &green(face, 18));
        assert_eq!((looks.paused_for(), looks.resumed_for()), (None, Some(0.0)), "{keeps}");
    }
}

#[test]
fn a_trip_that_was_voided_by_hand_between_two_looks_is_a_resume() {
    let mut looks = Looks::new();
    looks.look_after(0.0, &green(None, 9));
    assert_eq!(looks.resumed_for(), None);
    looks.look_after(60.0, &green(Some(Face::default()), 18));
    assert_eq!(looks.resumed_for(), Some(0.0));
}

#[test]
fn a_resume_that_leaves_a_hold_standing_ends_no_pause() {
    let mut looks = Looks::new();
    let since = looks.bench.now().wall;
    looks.look_after(100.0, &paused(vec![hold("a", since), hold("b", since)], None, 9));
    let face = resumed(&looks.bench);
    looks.look_after(50.0, &paused(vec![hold("b", since)], face, 9));
    assert_eq!((looks.paused_for(), looks.resumed_for()), (Some(150.0), None));
}

#[test]
fn a_resume_and_a_new_trip_between_two_looks_are_both_seen() {
    let mut looks = Looks::new();
    looks.look_after(0.0, &paused(vec![hold("a", looks.bench.now().wall)], None, 9));
    looks.bench.clock.advance(1000.0);
    let face = resumed(&looks.bench);
    looks.bench.clock.advance(100.0);
    let since = looks.bench.now().wall;
    looks.look_after(10.0, &paused(vec![hold("b", since)], face, 18));
    assert_eq!((looks.paused_for(), looks.resumed_for()), (Some(10.0), Some(110.0)));
}

#[test]
fn an_error_of_reading_is_neither_a_pause_nor_a_resume() {
    let mut looks = Looks::new();
    looks.look_after(0.0, &green(None, 9));
    let known = looks.memory.clone();
    let mut refused = paused(vec![hold("ledger-unreadable", looks.bench.now().wall)], None, 0);
    refused.refused = true;
    looks.look_after(100.0, &refused);
    assert_eq!(looks.memory, known, "and the ledger's length is not forgotten");
    looks.look_after(100.0, &green(None, 9));
    assert_eq!(looks.resumed_for(), None, "nobody resumed");
}
