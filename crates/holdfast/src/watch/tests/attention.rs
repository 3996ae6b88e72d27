//! Whom a message reaches, and how often: flapping, escalation, silence.

use super::incidents::{Rounds, bad, journal, told, well};
use crate::watch::{Act, Request, Settled};

const HALF_AN_HOUR: f64 = 1800.0;

const TWO_LEVELS: &str = "
[[watch]]
name = \"bot\"
escalate_after = \"15m\"
[[channel]]
kind = \"command\"
command = [\"me\"]
[[channel]]
kind = \"command\"
command = [\"boss\"]
level = 2
";

/// The level and the text of what is told.
fn heard(settled: &Settled) -> Option<(u8, &str)> {
    settled.message.as_ref().map(|message| (message.level, message.text.as_str()))
}

#[track_caller]
fn says(settled: &Settled, level: u8, words: &str) {
    let (to, text) = heard(settled).expect("a message");
    assert!(to == level && text.contains(words), "level {to}: {text}");
}

#[test]
fn a_watch_that_flaps_is_one_incident_and_a_handful_of_messages() {
    let mut rounds = Rounds::new("");
    let failing = [("bot", bad(Act::Alert))];
    rounds.round(1.0, &failing);
    let mut kinds = Vec::new();
    for _ in 0..10 {
        for judged in [("bot", well()), ("bot", bad(Act::Alert))] {
            let settled = rounds.round(60.0, &[judged]);
            kinds.extend(told(&settled).map(|(kind, ids)| {
                assert_eq!(ids, ["id-1"]);
                kind.to_owned()
            }));
        }
    }
    assert_eq!(kinds, ["closed", "opened", "closed", "worse"]);
    assert_eq!(rounds.memory.incidents[0].flaps, 10);
    // Repeated as any other, and then with how often it came back.
    let repeat = rounds.round(3600.0, &failing);
    says(&repeat, 1, "STILL, ");
    // Over when it was well for half an hour, which the watchdog does not sleep through.
    let calming = rounds.round(1.0, &[("bot", well())]);
    assert_eq!((told(&calming), calming.next), (None, Some(HALF_AN_HOUR)));
    assert_eq!(told(&rounds.round(HALF_AN_HOUR - 1.0, &[("bot", well())])), None);
    let over = rounds.round(1.0, &[("bot", well())]);
    assert_eq!((told(&over), journal(&over)), (Some(("closed", vec!["id-1"])), vec!["incident-closed"]));
    assert!(rounds.memory.incidents.is_empty() && rounds.memory.closed.is_empty());
    // After that it is another one.
    let anew = rounds.round(60.0, &failing);
    assert_ne!(told(&anew), Some(("opened", vec!["id-1"])));
    says(&anew, 1, "NEW: bot");
}

#[test]
fn what_comes_back_soon_says_so_and_what_comes_back_late_is_new() {
    for (after, words) in [(HALF_AN_HOUR - 2.0, "AGAIN, first since "), (HALF_AN_HOUR, "NEW: bot")] {
        let mut rounds = Rounds::new("");
        rounds.round(1.0, &[("bot", bad(Act::Alert))]);
        rounds.round(1.0, &[("bot", well())]);
        rounds.round(1.0, &[("bot", well())]);
        says(&rounds.round(after - 1.0, &[("bot", bad(Act::Alert))]), 1, words);
    }
}

#[test]
fn a_trip_is_told_however_much_its_watch_flaps() {
    let mut rounds = Rounds::new("");
    for _ in 0..5 {
        rounds.round(1.0, &[("bot", bad(Act::Alert))]);
        rounds.round(60.0, &[("bot", well())]);
    }
    let tripped = rounds.round(1.0, &[("bot", bad(Act::Trip))]);
    says(&tripped, 1, "WORSE: bot");
    assert_eq!(rounds.holds.len(), 1);
    // A person lifts that: the next one is a new incident, told at once.
    rounds.round(60.0, &[("bot", well())]);
    rounds.resume();
    rounds.round(60.0, &[("bot", well())]);
    says(&rounds.round(60.0, &[("bot", bad(Act::Trip))]), 1, "NEW: bot");
    assert_eq!(rounds.holds.len(), 1);
}

#[test]
fn what_somebody_looked_after_is_told_again_when_it_comes_back() {
    let mut rounds = Rounds::new(TWO_LEVELS);
    rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    rounds.requests.push(Request::Ack { incident: "id-1".to_owned(), by: "ann".to_owned() });
    assert_eq!(heard(&rounds.round(1000.0, &[("bot", bad(Act::Alert))])), None);
    rounds.round(1.0, &[("bot", well())]);
    let again = rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    says(&again, 1, "AGAIN, ");
    assert_eq!((rounds.memory.incidents[0].acked.as_ref(), again.next), (None, Some(900.0)));
}

#[test]
fn what_nobody_acknowledges_goes_to_level_2_with_its_end() {
    let mut rounds = Rounds::new(TWO_LEVELS);
    let failing = [("bot", bad(Act::Alert))];
    let opened = rounds.round(1.0, &failing);
    says(&opened, 1, "NEW: bot");
    assert_eq!(opened.next, Some(900.0), "the watchdog does not sleep through it");
    assert_eq!(heard(&rounds.round(899.0, &failing)), None);
    let escalated = rounds.round(1.0, &failing);
    says(&escalated, 2, "NOBODY HAS ACKNOWLEDGED, since ");
    assert_eq!(journal(&escalated), ["incident-escalated"]);
    assert_eq!(heard(&rounds.round(3599.0, &failing)), None, "once");
    says(&rounds.round(1.0, &failing), 2, "STILL, ");
    says(&rounds.round(1.0, &[("bot", well())]), 2, "OVER: bot");
}

#[test]
fn what_is_acknowledged_or_has_no_second_level_stays_where_it_is() {
    let failing = [("bot", bad(Act::Alert))];
    let mut rounds = Rounds::new(TWO_LEVELS);
    rounds.round(1.0, &failing);
    rounds.requests.push(Request::Ack { incident: "id-1".to_owned(), by: "ann".to_owned() });
    assert_eq!(heard(&rounds.round(100_000.0, &failing)), None);
    let mut rounds = Rounds::new("[[watch]]\nname = \"bot\"");
    assert_eq!(rounds.round(1.0, &failing).next, Some(3600.0));
    assert_eq!(heard(&rounds.round(3599.0, &failing)), None);
}

#[test]
fn level_2_is_told_at_once_where_level_1_cannot_be_heard() {
    let mut rounds = Rounds::new(TWO_LEVELS);
    rounds.deaf = true;
    let opened = rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    says(&opened, 2, "NEW: bot");
    assert_eq!(told(&opened).expect("told").1, ["id-1"], "in one message");
}

fn silence(watch: &str, at: f64) -> Request {
    let (watch, by, reason) = (watch.to_owned(), "ann".to_owned(), "a new disk".to_owned());
    Request::Silence { watch, at, for_s: 7200.0, by, reason }
}

#[test]
fn a_silence_silences_messages_and_never_a_trip() {
    let mut rounds = Rounds::new(TWO_LEVELS);
    rounds.round(1.0, &[("bot", well())]);
    rounds.requests.push(silence("bot", rounds.bench.now().wall));
    let begun = rounds.round(0.0, &[("bot", well())]);
    says(&begun, 1, "nothing is told of bot until ");
    assert_eq!(begun.next, Some(7200.0));
    let tripped = rounds.round(60.0, &[("bot", bad(Act::Trip))]);
    assert_eq!((heard(&tripped), rounds.holds.len(), tripped.alarm), (None, 1, true));
    assert_eq!(journal(&tripped), ["trip", "incident-opened"]);
    assert_eq!(heard(&rounds.round(7139.0, &[("bot", bad(Act::Trip))])), None);
    // When it ends, what it hid is told, and is acknowledged from then on.
    let over = rounds.round(1.0, &[("bot", bad(Act::Trip))]);
    says(&over, 1, "the silence of bot, by ann, is over; it is stale: something is wrong");
    says(&over, 1, "NEW: bot is stale");
    assert_eq!((journal(&over), over.next), (vec!["silence-over"], Some(900.0)));
    assert!(rounds.memory.silences.is_empty());
}

#[test]
fn what_came_and_went_in_a_silence_leaves_one_line_and_the_pause() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("bot", well())]);
    rounds.requests.push(silence("bot", rounds.bench.now().wall));
    rounds.round(0.0, &[("bot", well())]);
    rounds.round(60.0, &[("bot", bad(Act::Trip))]);
    assert_eq!(heard(&rounds.round(60.0, &[("bot", well())])), None);
    let over = rounds.round(7200.0, &[("bot", well())]);
    says(&over, 1, "the silence of bot, by ann, is over; it is fresh");
    says(&over, 1, "Trading on mini is PAUSED");
}

#[test]
fn a_silence_ends_when_somebody_says_so() {
    let mut rounds = Rounds::new("");
    rounds.requests.push(silence("bot", rounds.bench.now().wall));
    rounds.round(0.0, &[("bot", bad(Act::Alert))]);
    rounds.requests.push(Request::Unsilence { watch: "bot".to_owned(), by: "bob".to_owned() });
    let ended = rounds.round(60.0, &[("bot", bad(Act::Alert))]);
    says(&ended, 1, "bot is told of again, says bob");
    says(&ended, 1, "NEW: bot");
}

#[test]
fn nobody_silences_the_watchdog_itself_or_what_is_not_watched_or_for_ever() {
    let mut rounds = Rounds::new("");
    for watch in ["holdfast/circuit", "nobody"] {
        rounds.requests.push(silence(watch, rounds.bench.now().wall));
    }
    let settled = rounds.round(0.0, &[("bot", well()), ("holdfast/circuit", bad(Act::Alert))]);
    assert!(rounds.memory.silences.is_empty());
    says(&settled, 1, "NEW: holdfast/circuit");
    for (line, for_s) in [("1e300", 604_800.0), ("-5", 0.0), ("60", 60.0)] {
        let line = format!(
            "{{\"at\":1,\"kind\":\"silence\",\"by\":\"ann\",\"watch\":\"bot\",\"for_s\":{line},\"reason\":\"x\"}}"
        );
        let line = crate::json::object(line.as_bytes()).expect("JSON");
        let Some(Request::Silence { for_s: read, .. }) = Request::of(&line) else { panic!("{line:?}") };
        assert_eq!(read.to_bits(), f64::to_bits(for_s), "{line:?}");
    }
}

#[test]
fn a_silence_from_times_to_come_begins_now() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("bot", well())]);
    rounds.requests.push(silence("bot", rounds.bench.now().wall + 1e6));
    let begun = rounds.round(0.0, &[("bot", well())]);
    assert_eq!(begun.next, Some(7200.0));
    rounds.round(7200.0, &[("bot", well())]);
    assert!(rounds.memory.silences.is_empty());
}

#[test]
fn what_got_worse_in_a_silence_is_told_as_new_when_it_ends() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    rounds.requests.push(silence("bot", rounds.bench.now().wall));
    rounds.round(0.0, &[("bot", bad(Act::Alert))]);
    assert_eq!(heard(&rounds.round(60.0, &[("bot", bad(Act::Trip))])), None);
    says(&rounds.round(7200.0, &[("bot", bad(Act::Trip))]), 1, "NEW: bot is stale");
}

#[test]
fn a_flood_of_requests_hides_no_alarm() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("bot", well()), ("hedge", well())]);
    for _ in 0..20_000 {
        rounds.requests.push(silence("bot", rounds.bench.now().wall));
    }
    let settled = rounds.round(0.0, &[("bot", well()), ("hedge", bad(Act::Alert))]);
    says(&settled, 1, "NEW: hedge");
    let text = heard(&settled).expect("told").1;
    assert!(text.find("NEW: hedge") < text.find("NOTE: nothing is told of bot"), "{text}");
    assert!(text.contains("and 19990 more requests") && text.len() < 8192, "{}", text.len());
}

#[test]
fn no_message_is_too_long_to_be_read_again() {
    let mut rounds = Rounds::new("");
    let names: Vec<String> = (0..2000).map(|number| format!("bot-{number}-{}", "x".repeat(50))).collect();
    let judged: Vec<_> = names.iter().map(|name| (name.as_str(), bad(Act::Alert))).collect();
    let message = rounds.round(1.0, &judged).message.expect("told");
    assert!(message.text.len() < 66_000 && message.text.ends_with("… (cut)"), "{}", message.text.len());
}

#[test]
fn a_pause_is_not_told_as_the_end_of_something() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    rounds.holds.push(crate::circuit::Hold {
        id: "m-1".to_owned(),
        mode: crate::circuit::Mode::Halt,
        reason: "lunch".to_owned(),
        by: "ann".to_owned(),
        watch: None,
        host: "mini".to_owned(),
        since: 0.0,
    });
    let settled = rounds.round(1.0, &[("bot", well())]);
    says(&settled, 1, "OVER: bot");
    assert_eq!(told(&settled).expect("told").0, "notice");
}

#[test]
fn the_first_incident_of_a_message_is_one_that_it_is_about() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("a", bad(Act::Alert)), ("b", well())]);
    let settled = rounds.round(1.0, &[("a", well()), ("b", bad(Act::Alert))]);
    let (kind, ids) = told(&settled).expect("told");
    assert_eq!((kind, ids[1]), ("opened", "id-1"), "the new one comes first: {ids:?}");
}

#[test]
fn where_level_1_is_deaf_a_pause_goes_to_level_2_too() {
    let mut rounds = Rounds::new(TWO_LEVELS);
    rounds.round(1.0, &[("bot", well())]);
    rounds.deaf = true;
    rounds.resume();
    rounds.holds.push(crate::circuit::Hold {
        id: "m-1".to_owned(),
        mode: crate::circuit::Mode::Halt,
        reason: "lunch".to_owned(),
        by: "ann".to_owned(),
        watch: None,
        host: "mini".to_owned(),
        since: 0.0,
    });
    says(&rounds.round(1.0, &[("bot", well())]), 2, "PAUSED by ann");
}

#[test]
fn an_ack_of_what_flaps_is_forgotten_when_it_was_well_for_long() {
    for (well_for, told_again) in [(300.0, false), (900.0, true)] {
        let mut rounds = Rounds::new("");
        for _ in 0..3 {
            rounds.round(60.0, &[("bot", bad(Act::Alert))]);
            rounds.round(60.0, &[("bot", well())]);
        }
        rounds.round(60.0, &[("bot", bad(Act::Alert))]);
        let id = rounds.memory.incidents[0].id.clone();
        rounds.requests.push(Request::Ack { incident: id, by: "ann".to_owned() });
        rounds.round(1.0, &[("bot", well())]);
        let back = rounds.round(well_for, &[("bot", bad(Act::Alert))]);
        assert_eq!(heard(&back).is_some(), told_again, "well for {well_for}");
    }
}

#[test]
fn a_memory_that_knew_no_silences_has_told_of_everything() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("bot", bad(Act::Alert))]);
    let mut memory = serde_json::to_value(&rounds.memory).expect("JSON");
    memory["incidents"][0].as_object_mut().expect("an incident").remove("first_told");
    rounds.memory = crate::watch::Memory::parse(memory.to_string().as_bytes()).expect("ours");
    assert_eq!(heard(&rounds.round(1.0, &[("bot", bad(Act::Alert))])), None);
    says(&rounds.round(1.0, &[("bot", well())]), 1, "OVER: bot");
}
