//! Incidents: opened, worse, repeated, closed, acknowledged; and every change of holds.

use super::Bench;
use crate::circuit::{Face, Hold, Mode, Resumed, Verdict as CircuitVerdict, View, Why};
use crate::config::Config;
use crate::sys::Owner;
use crate::watch::{Act, Happened, Judged, Memory, Request, Settled, TripDone, Verdict, demands, settle};

/// A watchdog's rounds without its disk.
pub(super) struct Rounds {
    pub(super) bench: Bench,
    pub(super) config: Config,
    pub(super) memory: Memory,
    pub(super) holds: Vec<Hold>,
    pub(super) face: Option<Face>,
    /// The disk takes no trip.
    pub(super) disk_fails: bool,
    pub(super) requests: Vec<Request>,
    pub(super) deaf: bool,
    ids: u32,
}

impl Rounds {
    pub(super) fn new(config: &str) -> Self {
        Self {
            bench: Bench::new(),
            config: Config::parse(config).expect("a configuration"),
            memory: Memory::default(),
            holds: Vec::new(),
            face: None,
            disk_fails: false,
            requests: Vec::new(),
            deaf: false,
            ids: 0,
        }
    }

    pub(super) fn view(&self) -> View {
        let verdict = match self.holds.iter().map(|hold| hold.mode).max() {
            Some(mode) => CircuitVerdict::Paused { mode, why: Why::Face },
            None => CircuitVerdict::Green,
        };
        View {
            verdict,
            holds: self.holds.clone(),
            face: self.face.clone(),
            face_modified: None,
            ledger_len: 0,
            ledger_error: None,
            refused: false,
            accounted: 0,
        }
    }

    /// One round after `seconds`, in which the watches say this.
    pub(super) fn round(&mut self, seconds: f64, judged: &[(&str, Judged)]) -> Settled {
        self.bench.clock.advance(seconds);
        let now = self.bench.now();
        let judged: Vec<_> =
            judged.iter().map(|(name, judged)| ((*name).to_owned(), judged.clone())).collect();
        let mut ids = self.ids;
        let mut new_id = || {
            ids += 1;
            format!("id-{ids}")
        };
        let demanded = demands(&self.config, &self.memory, &judged, &self.view(), &now, &mut new_id);
        let trips = demanded.into_iter().map(|demand| self.tripped(demand)).collect();
        let view = self.view();
        let happened = Happened {
            now: &now,
            began: &now,
            host: "mini",
            root: "/srv/trader",
            view: &view,
            owner: Owner { uid: Some(501), gid: None, mode: None },
            trips,
            requests: std::mem::take(&mut self.requests),
            deaf: self.deaf,
            notices: Vec::new(),
        };
        let settled = settle(&self.config, &mut self.memory, &judged, &happened, &mut new_id);
        self.ids = ids;
        settled
    }

    fn tripped(&mut self, demand: crate::watch::Demand) -> TripDone {
        if self.disk_fails {
            let trouble =
                Some("THE CIRCUIT IS NOT PAUSED: data/trips.jsonl cannot be written: no space".to_owned());
            return TripDone { demand, trouble, paused: false };
        }
        self.holds.push(Hold {
            id: demand.id.clone(),
            mode: demand.mode,
            reason: demand.reason.clone(),
            by: "watchdog".to_owned(),
            watch: Some(demand.watch.clone()),
            host: "mini".to_owned(),
            since: self.bench.now().wall,
        });
        TripDone { demand, trouble: None, paused: true }
    }

    /// A person lifts everything on a terminal.
    pub(super) fn resume(&mut self) {
        let now = self.bench.now();
        let lifted = self.holds.drain(..).map(|hold| hold.id).collect();
        let (by, why) = ("ann".to_owned(), "exchange is back".to_owned());
        let resumed =
            Resumed { at: now.wall, up: now.up, awake: Some(now.awake), boot: now.boot, by, why, lifted };
        self.face = Some(Face { resumed: Some(resumed), ..Face::default() });
    }
}

pub(super) fn bad(act: Act) -> Judged {
    let verdict = if act == Act::Trip { Verdict::Stale } else { Verdict::TwoWriters };
    Judged::new(verdict, act, "something is wrong")
}

pub(super) fn well() -> Judged {
    Judged::new(Verdict::Fresh, Act::None, "last beat 2s ago, allowed 15m")
}

/// The kind of the message, and its incidents.
pub(super) fn told(settled: &Settled) -> Option<(&str, Vec<&str>)> {
    let message = settled.message.as_ref()?;
    Some((&message.kind, message.incidents.iter().map(String::as_str).collect()))
}

pub(super) fn journal(settled: &Settled) -> Vec<&str> {
    settled.journal.iter().map(|entry| entry.kind).filter(|kind| *kind != "checked").collect()
}

#[test]
fn an_incident_opens_once_repeats_and_closes() {
    let mut rounds = Rounds::new("");
    let opened = rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    assert_eq!(told(&opened), Some(("opened", vec!["id-1"])));
    assert_eq!(journal(&opened), ["incident-opened"]);
    assert_eq!(opened.next, Some(3600.0));
    assert!(opened.alarm);
    let quiet = rounds.round(3599.0, &[("bot", bad(Act::Alert))]);
    assert_eq!((told(&quiet), quiet.alarm), (None, true));
    let repeat = rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    assert_eq!(told(&repeat), Some(("repeat", vec!["id-1"])));
    let closed = rounds.round(1.0, &[("bot", well())]);
    assert_eq!(told(&closed), Some(("closed", vec!["id-1"])));
    assert_eq!((journal(&closed), closed.alarm), (vec!["incident-closed"], false));
    assert!(rounds.memory.incidents.is_empty());
}

#[test]
fn a_trip_and_its_incident_bear_one_id() {
    let mut rounds = Rounds::new("");
    let settled = rounds.round(1.0, &[("bot", bad(Act::Trip))]);
    assert_eq!(told(&settled), Some(("opened", vec!["id-1"])));
    assert_eq!(rounds.holds[0].id, "id-1");
    assert_eq!(journal(&settled), ["trip", "incident-opened"]);
    let quiet = rounds.round(1.0, &[("bot", bad(Act::Trip))]);
    assert_eq!(
        (told(&quiet), rounds.holds.len()),
        (None, 1),
        "a watch whose hold stands does not trip again"
    );
}

#[test]
fn an_alert_that_becomes_a_trip_is_told_as_worse_under_its_id() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    let worse = rounds.round(1.0, &[("bot", bad(Act::Trip))]);
    assert_eq!(told(&worse), Some(("worse", vec!["id-1"])));
    assert_eq!(rounds.holds[0].id, "id-1");
    let milder = rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    assert_eq!(told(&milder), None);
}

#[test]
fn an_acknowledged_incident_is_not_repeated() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    rounds.requests.push(Request::Ack { incident: "id-1".to_owned(), by: "ann".to_owned() });
    let settled = rounds.round(10_000.0, &[("bot", bad(Act::Alert))]);
    assert_eq!((told(&settled), settled.next), (None, None));
    assert_eq!(rounds.memory.incidents[0].acked.as_deref(), Some("ann"));
    assert_eq!(told(&rounds.round(1.0, &[("bot", bad(Act::Trip))])), Some(("worse", vec!["id-1"])));
}

#[test]
fn many_at_once_are_one_message() {
    let mut rounds = Rounds::new("");
    let names: Vec<String> = (0..30).map(|number| format!("bot-{number}")).collect();
    let judged: Vec<_> = names.iter().map(|name| (name.as_str(), bad(Act::Trip))).collect();
    let message = rounds.round(1.0, &judged).message.expect("one");
    assert_eq!(message.incidents.len(), 30);
    assert!(message.subject.ends_with("(and 29 more)"), "{}", message.subject);
}

#[test]
fn after_a_resume_a_new_trip_is_a_new_incident() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("bot", bad(Act::Trip))]);
    rounds.bench.clock.advance(100.0);
    rounds.resume();
    let known = rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    assert!(known.message.expect("the resume is told").text.contains("RESUMED by ann: exchange is back"));
    let again = rounds.round(900.0, &[("bot", bad(Act::Trip))]);
    assert_eq!(told(&again), Some(("opened", vec!["id-4"])));
    assert_eq!(journal(&again), ["trip", "incident-closed", "incident-opened"]);
    assert_eq!(rounds.holds[0].id, "id-4");
}

#[test]
fn a_trip_that_the_disk_refuses_is_told_once_and_tried_at_every_round() {
    let mut rounds = Rounds::new("");
    rounds.disk_fails = true;
    let first = rounds.round(1.0, &[("bot", bad(Act::Trip))]);
    assert!(first.message.as_ref().expect("told").text.contains("THE CIRCUIT IS NOT PAUSED"));
    assert_eq!(journal(&first), ["trip-failed", "incident-opened"]);
    for _ in 0..100 {
        let more = rounds.round(1.0, &[("bot", bad(Act::Trip))]);
        assert_eq!((told(&more), journal(&more)), (None, vec![]));
    }
    rounds.disk_fails = false;
    let done = rounds.round(1.0, &[("bot", bad(Act::Trip))]);
    assert_eq!(journal(&done), ["trip"]);
    assert_eq!(rounds.holds[0].id, "id-1", "under the id that people know");
}

#[test]
fn on_fail_says_what_follows() {
    for (on_fail, holds, told_of) in [
        (r#"["trip", "alert"]"#, 1, true),
        (r#"["alert"]"#, 0, true),
        (r#"["trip"]"#, 1, true),
        (r#"["trip:reduce", "alert"]"#, 1, true),
    ] {
        let mut rounds = Rounds::new(&format!("[[watch]]\nname = \"bot\"\non_fail = {on_fail}"));
        let settled = rounds.round(1.0, &[("bot", bad(Act::Trip))]);
        assert_eq!((rounds.holds.len(), settled.message.is_some()), (holds, told_of), "{on_fail}");
    }
    let mut rounds = Rounds::new("[[watch]]\nname = \"bot\"\non_fail = [\"trip:reduce\"]");
    rounds.round(1.0, &[("bot", bad(Act::Trip))]);
    assert_eq!(rounds.holds[0].mode, Mode::Reduce);
}

#[test]
fn an_action_runs_once_for_a_trip_and_not_for_an_alert() {
    let mut rounds = Rounds::new(
        "[[watch]]\nname = \"bot\"\non_fail = [\"trip\", \"alert\", \"run:cancel\"]\n[action.cancel]\ncommand = [\"x\"]",
    );
    assert!(rounds.round(1.0, &[("bot", bad(Act::Alert))]).actions.is_empty());
    let tripped = rounds.round(1.0, &[("bot", bad(Act::Trip))]);
    assert_eq!(tripped.actions, [("cancel".to_owned(), "id-1".to_owned())]);
    assert!(rounds.round(4000.0, &[("bot", bad(Act::Trip))]).actions.is_empty());
}

#[test]
fn an_action_runs_also_where_nothing_is_to_trip() {
    let mut rounds = Rounds::new(
        "[[watch]]\nname = \"bot\"\non_fail = [\"alert\", \"run:restart\"]\n[action.restart]\ncommand = [\"x\"]",
    );
    assert!(rounds.round(1.0, &[("bot", bad(Act::Alert))]).actions.is_empty());
    let failed = rounds.round(1.0, &[("bot", bad(Act::Trip))]);
    assert_eq!(failed.actions, [("restart".to_owned(), "id-1".to_owned())]);
    assert!(rounds.holds.is_empty());
    // It was well, so it is restarted again when it fails again.
    rounds.round(60.0, &[("bot", well())]);
    let again = rounds.round(60.0, &[("bot", bad(Act::Trip))]);
    assert_eq!(again.actions, [("restart".to_owned(), "id-1".to_owned())]);
}

#[test]
fn a_watch_that_is_no_longer_watched_closes_its_incident() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    let settled = rounds.round(1.0, &[]);
    assert_eq!(told(&settled), Some(("closed", vec!["id-1"])));
}

#[test]
fn what_waits_for_evidence_is_not_waited_for() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    let asleep = Judged::new(Verdict::OffHours, Act::None, "the session is over");
    let settled = rounds.round(10_000.0, &[("bot", asleep)]);
    assert_eq!((told(&settled), settled.next), (None, None), "a resident watchdog must be able to sleep");
}

#[test]
fn every_change_of_holds_is_told_whoever_made_it() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("bot", well())]);
    let hold = |id: &str, by: &str| Hold {
        id: id.to_owned(),
        mode: Mode::Halt,
        reason: "lunch".to_owned(),
        by: by.to_owned(),
        watch: None,
        host: "mini".to_owned(),
        since: 0.0,
    };
    rounds.holds.push(hold("m-1", "ann"));
    let manual = rounds.round(1.0, &[("bot", well())]);
    assert!(manual.message.expect("told").text.contains("PAUSED by ann on mini: lunch"));
    rounds.holds.push(hold("by-hand", "by hand"));
    let by_hand = rounds.round(1.0, &[("bot", well())]);
    assert_eq!(journal(&by_hand), ["manual-edit"]);
    rounds.holds.clear();
    let voided = rounds.round(1.0, &[("bot", well())]);
    assert!(voided.message.as_ref().expect("told").text.contains("EDITED BY HAND"), "{voided:?}");
    let entry = voided.journal.iter().find(|entry| entry.kind == "manual-edit").expect("journalled");
    assert_eq!(entry.fields["owner_uid"], 501);
    assert_eq!(told(&rounds.round(1.0, &[("bot", well())])), None);
}

#[test]
fn the_journal_proves_hourly_that_the_watchdog_ran() {
    let mut rounds = Rounds::new("");
    let checked = |settled: &Settled| settled.journal.iter().find(|entry| entry.kind == "checked").cloned();
    assert!(checked(&rounds.round(1.0, &[("bot", well())])).is_some());
    for _ in 0..59 {
        assert!(checked(&rounds.round(60.0, &[("bot", well())])).is_none());
    }
    let entry = checked(&rounds.round(60.0, &[("bot", well())])).expect("an hour later");
    assert_eq!((&entry.fields["checks"], &entry.fields["healthy"]), (&60.into(), &1.into()));
}
