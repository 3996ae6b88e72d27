//! Heartbeats of other machines.

use std::path::Path;

use super::asked::{Asking, is};
use super::circuit::green;
use crate::Root;
use crate::config::Config;
use crate::heartbeat::{Beat, Draft};
use crate::sys::sim::SimHost;
use crate::sys::{Clock, Store};
use crate::watch::{Act, Memory, Reply, Seen, Verdict, ask, due, judge_asked, take_reply};

const URL: &str = "url = \"http://h/x\"\nmax_age = \"15m\"\n";

/// A beat of `ago` seconds, by a clock that is right, with these keys besides.
fn beat(w: &Asking, ago: f64, more: &str) -> Reply {
    let at = w.clock.now().wall - ago;
    let text = format!("{{\"at\":{at},\"status\":\"ok\"{more}}}");
    Reply::Beat(Seen::Beat(Box::new(Beat::parse(text.as_bytes()).expect("a beat"))))
}

fn no_answer() -> Reply {
    Reply::NoBeat("ssh ended with exit code 255".to_owned())
}

#[test]
fn it_is_judged_by_the_table_of_local_ones() {
    for (keys, more, verdict, act, words) in [
        ("", "", Verdict::Fresh, Act::None, "last beat 0s ago"),
        ("", ",\"status\":\"failed\"", Verdict::Reported, Act::Trip, "status \"failed\""),
        ("", ",\"at\":1763799999", Verdict::ClockAhead, Act::Alert, "ahead of ours"),
        ("", ",\"at\":1763000000", Verdict::Stale, Act::Alert, "heartbeat stale"),
        ("limit = [{ field = \"/x\", max = 2 }]", ",\"x\":3", Verdict::Limit, Act::Trip, "/x is 3, limit 2"),
        ("limit = [{ field = \"/x\", max = 2 }]", "", Verdict::Limit, Act::Trip, "is not in the beat"),
    ] {
        let mut w = Asking::new(&format!("{URL}{keys}"));
        let text = format!("{{\"at\":1763712000,\"status\":\"ok\"{more}}}");
        // The last of two keys counts here, as in serde's own maps.
        let fields = serde_json::from_str(&text).expect("JSON");
        let reply = Reply::Beat(Seen::Beat(Box::new(Beat::from_object(fields).expect("a beat"))));
        is(&w.round(reply), verdict, act, words);
    }
    let mut w = Asking::new(&format!("{URL}max_run = \"1m\""));
    let begun = beat(&w, 0.0, ",\"begun\":1763712000");
    w.round(begun);
    is(&w.after(61.0).says(), Verdict::Overrun, Act::Trip, "the cycle began 1m 1s ago and has not ended");
    let mut w = Asking::new(URL);
    is(&w.round(Reply::Beat(Seen::Missing)), Verdict::Missing, Act::Alert, "there is no heartbeat");
    is(&w.after(901.0).says(), Verdict::Missing, Act::Trip, "waited 15m 1s");
    let what = Reply::Beat(Seen::Malformed("is empty".to_owned()));
    is(&w.round(what), Verdict::Malformed, Act::Trip, "the heartbeat is empty");
}

#[test]
fn what_advances_and_who_writes_is_remembered_from_answer_to_answer() {
    let mut w = Asking::new(&format!("{URL}advance = [\"/n\"]"));
    for _ in 0..17 {
        w.after(60.0);
        let reply = beat(&w, 1.0, ",\"n\":7");
        w.round(reply);
    }
    is(&w.says(), Verdict::NotAdvancing, Act::Trip, "/n has been 7");
    let mut w = Asking::new(URL);
    for pid in [1, 2, 1] {
        w.after(60.0);
        let reply = beat(&w, 0.0, &format!(",\"host\":\"a\",\"pid\":{pid}"));
        w.round(reply);
    }
    is(&w.says(), Verdict::TwoWriters, Act::Alert, "pid 2 on a and pid 1 on a");
}

#[test]
fn its_age_is_what_the_wall_clock_says_at_first_sight_and_our_boot_clock_since() {
    let mut w = Asking::new(URL);
    let first = beat(&w, 300.0, ",\"boot\":\"theirs\",\"up\":99999999,\"awake\":1");
    is(&w.round(first.clone()), Verdict::Fresh, Act::None, "last beat 5m ago");
    // Our wall clock goes back: the same beat does not get younger.
    w.clock.step_wall(-350.0);
    w.memory.last_check = None;
    is(&w.after(60.0).round(first.clone()), Verdict::Fresh, Act::None, "last beat 6m ago");
    is(&w.after(541.0).round(first), Verdict::Stale, Act::Alert, "last beat 15m 1s ago");
    is(&w.after(300.0).says(), Verdict::Stale, Act::Trip, "last beat 20m 1s ago");
}

#[test]
fn a_boot_of_the_same_name_is_still_not_ours() {
    let mut w = Asking::new(URL);
    let now = w.now();
    let boot = now.boot.expect("a named boot");
    // By our own boot clock it would be fresh, or of the future.
    for up in [now.up, now.up + 5000.0] {
        let mut w = Asking::new(URL);
        w.clock.advance(0.0);
        let reply = beat(&w, 2000.0, &format!(",\"boot\":\"{boot}\",\"up\":{up}"));
        is(&w.round(reply), Verdict::Stale, Act::Alert, "last beat 33m 20s ago");
    }
    w.after(1.0);
}

#[test]
fn after_a_step_of_our_wall_clock_a_new_beat_is_no_older_than_the_last_answer() {
    let mut w = Asking::new(URL);
    let reply = beat(&w, 0.0, "");
    w.round(reply);
    w.after(30.0);
    let written = beat(&w, 0.0, "");
    w.clock.step_wall(7200.0);
    w.after(30.0);
    is(&w.round(written), Verdict::ClockStepped, Act::Alert, "moved forward by 2h");
    is(&w.says(), Verdict::Fresh, Act::None, "last beat 30s ago");
}

#[test]
fn no_answer_is_unknown_until_the_last_beat_is_too_old_and_then_stale() {
    let mut w = Asking::new(URL);
    let reply = beat(&w, 0.0, "");
    w.round(reply);
    is(&w.after(60.0).round(no_answer()), Verdict::Unknown, Act::Alert, "no answer: ssh ended");
    let judged = w.after(839.0).round(no_answer());
    is(&judged, Verdict::Unknown, Act::Alert, "heard before: last beat 14m 59s ago, allowed 15m");
    assert!(judged.next.is_some_and(|next| next <= 1.0), "{judged:?}");
    // A restart forgets nothing.
    let text = serde_json::to_string(&w.memory).expect("JSON");
    w.memory = Memory::parse(text.as_bytes()).expect("as it was written");
    let judged = w.after(2.0).says();
    is(&judged, Verdict::Stale, Act::Trip, "last beat 15m 1s ago, allowed 15m; and no answer: ssh");
    w.after(60.0);
    let reply = beat(&w, 1.0, "");
    is(&w.round(reply), Verdict::Fresh, Act::None, "last beat 1s ago");
}

#[test]
fn a_beat_that_was_never_heard_is_stale_in_the_end() {
    let mut w = Asking::new(URL);
    assert!(w.is_due());
    is(&w.says(), Verdict::Unknown, Act::None, "no beat was heard yet: it is being asked; stale in 15m");
    is(&w.after(1.0).answer(no_answer()), Verdict::Unknown, Act::Alert, "ssh ended");
    is(&w.after(898.0).round(no_answer()), Verdict::Unknown, Act::Alert, "stale in 1s");
    is(&w.after(2.0).says(), Verdict::Stale, Act::Trip, "no beat was heard for 15m 1s, allowed 15m: ssh");
}

#[test]
fn a_question_that_hangs_is_told_and_the_age_of_the_beat_counts_on() {
    let mut w = Asking::new(URL);
    let reply = beat(&w, 0.0, "");
    w.round(reply);
    assert!(w.after(60.0).is_due());
    is(&w.after(70.0).says(), Verdict::Fresh, Act::None, "last beat 2m 10s ago");
    is(&w.after(60.0).says(), Verdict::Unknown, Act::Alert, "no answer: nothing for 3m 10s");
    is(&w.after(730.0).says(), Verdict::Stale, Act::Trip, "last beat 15m 20s ago");
}

#[test]
fn a_failure_that_was_heard_stays_one_when_nobody_answers() {
    let mut w = Asking::new(URL);
    let failed = Reply::Beat(Seen::Beat(Box::new(
        Beat::parse(br#"{"at":1763712000,"status":"failed","exit":3}"#).expect("a beat"),
    )));
    w.round(failed);
    is(
        &w.after(60.0).round(no_answer()),
        Verdict::Reported,
        Act::Trip,
        "\"failed\" (exit 3); and no answer: ssh",
    );
}

#[test]
fn a_silence_under_a_pause_does_not_trip_and_a_resume_gives_it_one_max_age() {
    let mut w = Asking::new(URL);
    let reply = beat(&w, 0.0, "");
    w.round(reply);
    w.paused = true;
    w.memory.circuit.paused = Some(crate::watch::Sight::now(&w.now()));
    is(&w.after(2000.0).round(no_answer()), Verdict::Unknown, Act::Alert, "heartbeat stale");
    w.paused = false;
    w.memory.circuit.paused = None;
    w.resume();
    is(&w.after(899.0).round(no_answer()), Verdict::Unknown, Act::Alert, "trips in 1s");
    is(&w.after(2.0).says(), Verdict::Stale, Act::Trip, "and no answer");
}

#[test]
fn another_machine_has_a_circuit_of_its_own() {
    let mut w = Asking::new(URL);
    w.paused = true;
    w.memory.circuit.paused = Some(crate::watch::Sight::now(&w.now()));
    w.after(5000.0);
    let reply = beat(&w, 0.0, ",\"interval\":60");
    is(&w.round(reply), Verdict::Fresh, Act::None, "last beat 0s ago");
}

#[test]
fn at_night_nobody_need_answer() {
    let hours = "[calendar.c]\nzone = \"UTC\"\ndays = \"Mon-Sun\"\nhours = [\"09:00-17:00\"]";
    let mut w = Asking::with(&format!("{URL}during = \"c\""), hours);
    is(&w.round(no_answer()), Verdict::OffHours, Act::None, "the session is over");
    is(&w.after(3900.0).round(no_answer()), Verdict::Unknown, Act::Alert, "stale in 10m");
    is(&w.after(601.0).says(), Verdict::Stale, Act::Trip, "no beat was heard for 15m 1s");
}

#[test]
fn a_person_who_resumes_is_told_what_was_heard_and_nobody_is_asked_for_it() {
    let host = SimHost::new("mini", 1_763_712_000.0);
    let process = host.process("circuit-ctl");
    process.make_dir(Path::new("/r/data")).expect("a folder");
    let root = Root::open(&process, "/r").expect("a root");
    host.run_with(Some(std::sync::Arc::new(|job| panic!("{job:?} was run"))));
    let config = Config::parse(
        "[[watch]]\nname = \"there\"\ncommand = [\"ssh\"]\n[[watch]]\nname = \"api\"\nkind = \"command\"\ncommand = [\"x\"]\n\
         [[watch]]\nname = \"new\"\nkind = \"tcp\"\naddress = \"h:1\"\n",
    )
    .expect("a configuration");
    let mut memory = Memory::default();
    let now = host.clock.now();
    let beat = Beat::parse(br#"{"at":1763712000,"status":"ok"}"#).expect("a beat");
    let replies = [Reply::Beat(Seen::Beat(Box::new(beat))), Reply::failed("exit code 3")];
    for (watch, reply) in config.watches.iter().zip(replies) {
        assert!(due(&config, &mut memory, watch, &now).is_some());
        take_reply(&mut memory, watch, reply, &now);
        judge_asked(&config, &mut memory, &green(None, 0), watch, &now);
    }
    Draft::write_watchdogs(&process.sys(), &root, 1, &memory).expect("written");
    host.clock.advance(1000.0);
    let said: Vec<_> = ask(&process.sys(), &root, &config)
        .into_iter()
        .map(|said| (said.watch, said.verdict, said.detail, said.blocks_resume))
        .collect();
    let (stale, age) = (
        "heartbeat stale: last beat 16m 40s ago, allowed 15m",
        "(the watchdog's last answer is 16m 40s old)",
    );
    assert_eq!(
        said,
        [
            // Under a pause nobody is expected to beat; a program that fails still fails after it.
            (
                "there".to_owned(),
                Verdict::Stale,
                format!("{stale}; and no answer: nothing for 16m 40s {age}"),
                false
            ),
            ("api".to_owned(), Verdict::Failed, format!("exit code 3 {age}"), true),
            ("new".to_owned(), Verdict::Unknown, "the watchdog has no answer of it yet".to_owned(), false),
        ]
    );
}

/// The other machine was awake: that ours slept is no excuse of its bot's.
#[test]
fn our_sleep_excuses_nobody_elsewhere() {
    let mut w = Asking::new(URL);
    let reply = beat(&w, 0.0, "");
    is(&w.round(reply), Verdict::Fresh, Act::None, "last beat");
    w.clock.suspend(8.0 * 3600.0);
    let reply = beat(&w, 6.0 * 3600.0, "");
    is(&w.round(reply), Verdict::Stale, Act::Trip, "last beat 6h ago");
}
