//! Watches that must be asked: servers, programs, logs.

use super::circuit::{green, paused};
use crate::config::Config;
use crate::sys::sim::SimClock;
use crate::sys::{Clock, Now};
use crate::watch::{Act, Judged, Memory, Reply, Seen, Sight, Verdict, due, judge_asked, take_reply};

/// A watchdog of one watch that is asked.
pub(super) struct Asking {
    pub(super) clock: SimClock,
    config: Config,
    pub(super) memory: Memory,
    pub(super) paused: bool,
}

impl Asking {
    /// With these keys in its `[[watch]]`.
    pub(super) fn new(keys: &str) -> Self {
        Self::with(keys, "")
    }

    /// And these tables beside it.
    pub(super) fn with(keys: &str, tables: &str) -> Self {
        let config = Config::parse(&format!("[[watch]]\nname = \"w\"\n{keys}\n{tables}"));
        Self {
            clock: SimClock::new(1_763_712_000.0),
            config: config.expect("a configuration"),
            memory: Memory::default(),
            paused: false,
        }
    }

    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }

    pub(super) fn is_due(&mut self) -> bool {
        let (now, watch) = (self.now(), self.config.watches[0].clone());
        due(&self.config, &mut self.memory, &watch, &now).is_some()
    }

    /// An answer of now, and what is said then.
    pub(super) fn answer(&mut self, reply: Reply) -> Judged {
        let (now, watch) = (self.now(), self.config.watches[0].clone());
        take_reply(&mut self.memory, &watch, reply, &now);
        self.says()
    }

    pub(super) fn says(&mut self) -> Judged {
        let view = if self.paused { paused(Vec::new(), None, 0) } else { green(None, 0) };
        let (now, watch) = (self.now(), self.config.watches[0].clone());
        let judged = judge_asked(&self.config, &mut self.memory, &view, &watch, &now);
        self.memory.last_check = Some(now);
        judged
    }

    pub(super) fn after(&mut self, seconds: f64) -> &mut Self {
        self.clock.advance(seconds);
        self
    }

    /// Asked and answered.
    pub(super) fn round(&mut self, reply: Reply) -> Judged {
        assert!(self.is_due(), "it is asked");
        self.answer(reply)
    }

    pub(super) fn resume(&mut self) {
        self.memory.circuit.resumed = Some(Sight::now(&self.now()));
    }
}

#[track_caller]
pub(super) fn is(judged: &Judged, verdict: Verdict, act: Act, words: &str) {
    assert_eq!((judged.verdict, judged.act), (verdict, act), "{judged:?}");
    assert!(judged.detail.contains(words), "{words:?} in {judged:?}");
}

const HTTP: &str = "kind = \"http\"\nurl = \"http://h/x\"";

#[test]
fn it_is_asked_no_more_often_than_every_and_a_restart_forgets_nothing() {
    let mut w = Asking::new(HTTP);
    w.round(Reply::fresh("well"));
    let text = serde_json::to_string(&w.memory).expect("JSON");
    w.memory = Memory::parse(text.as_bytes()).expect("as it was written");
    assert!(!w.after(59.0).is_due());
    assert!(w.after(1.1).is_due());
    // The clock that is stepped is not the one that counts.
    w.clock.step_wall(-100_000.0);
    assert!(!w.after(10.0).is_due());
    assert!(w.after(50.0).is_due());
}

#[test]
fn it_fails_when_it_has_failed_often_enough_in_a_row() {
    let mut w = Asking::new(&format!("{HTTP}\nfailures = 3"));
    is(&w.round(Reply::fresh("well")), Verdict::Fresh, Act::None, "well");
    let mut next = |reply| w.after(60.0).round(reply);
    is(&next(Reply::failed("503")), Verdict::Unknown, Act::None, "503 (1 in a row, 3 are a failure)");
    // What could not be asked neither counts nor ends the row.
    is(&next(Reply::unknown("no secret")), Verdict::Unknown, Act::Alert, "no secret");
    is(&next(Reply::failed("503")), Verdict::Unknown, Act::None, "2 in a row");
    is(&next(Reply::failed("502")), Verdict::Failed, Act::Trip, "502 (3 in a row");
    is(&next(Reply::failed("slow")), Verdict::Failed, Act::Trip, "slow (4 in a row");
    is(&next(Reply::fresh("well")), Verdict::Fresh, Act::None, "well");
    is(&next(Reply::failed("503")), Verdict::Unknown, Act::None, "1 in a row");
    let text = serde_json::to_string(&w.memory).expect("JSON");
    w.memory = Memory::parse(text.as_bytes()).expect("as it was written");
    is(&w.after(60.0).round(Reply::failed("503")), Verdict::Unknown, Act::None, "2 in a row");
}

#[test]
fn what_does_not_answer_is_unknown_and_a_failure_stays_one() {
    let mut w = Asking::new(HTTP);
    assert!(w.is_due());
    is(&w.says(), Verdict::Unknown, Act::None, "has not answered yet");
    // Its timeout, a moment, and one interval.
    is(&w.after(71.0).says(), Verdict::Unknown, Act::None, "has not answered yet");
    is(&w.after(2.0).says(), Verdict::Unknown, Act::Alert, "no answer for 1m 13s");
    is(&w.answer(Reply::fresh("well")), Verdict::Fresh, Act::None, "well");
    assert!(w.after(60.0).is_due());
    is(&w.after(60.0).says(), Verdict::Fresh, Act::None, "well");
    is(&w.after(13.0).says(), Verdict::Unknown, Act::Alert, "no answer for 2m 13s");
    w.answer(Reply::failed("503"));
    assert!(w.is_due());
    is(&w.after(4000.0).says(), Verdict::Failed, Act::Trip, "503");
}

#[test]
fn what_was_not_looked_at_for_long_is_unknown_until_it_has_had_its_time() {
    let mut w = Asking::new(HTTP);
    w.round(Reply::fresh("well"));
    // No watchdog ran, or the host slept.
    w.clock.suspend(90_000.0);
    assert!(w.is_due());
    is(&w.says(), Verdict::Unknown, Act::None, "has not answered yet");
    is(&w.after(11.0).says(), Verdict::Unknown, Act::None, "has not answered yet");
    is(&w.after(2.0).says(), Verdict::Unknown, Act::Alert, "no answer for 1d");
}

#[test]
fn it_says_when_it_is_to_be_looked_at_again() {
    let mut w = Asking::new(HTTP);
    assert!(w.is_due());
    assert_eq!(w.says().next, Some(72.0), "a silence is told then");
    w.after(1.0).answer(Reply::fresh("well"));
    assert_eq!(w.after(9.0).says().next, Some(50.0), "the next question");
}

#[test]
fn what_a_person_resumed_over_trips_again_when_it_has_been_well_between() {
    let mut w = Asking::new(HTTP);
    w.round(Reply::failed("503"));
    w.after(10.0).resume();
    is(&w.after(50.0).round(Reply::failed("504")), Verdict::Failed, Act::Alert, "504");
    w.after(60.0).round(Reply::fresh("well"));
    is(&w.after(60.0).round(Reply::failed("504")), Verdict::Failed, Act::Trip, "504");
}

#[test]
fn another_finding_of_a_log_trips_again() {
    let mut w = Asking::new("kind = \"log\"\nlog = \"memory/x.jsonl\"");
    w.round(Reply::failed("line 3"));
    w.after(10.0).resume();
    is(&w.after(60.0).round(Reply::failed("line 3")), Verdict::Failed, Act::Alert, "line 3");
    is(&w.after(60.0).round(Reply::failed("line 2")), Verdict::Failed, Act::Trip, "line 2");
}

const HOURS: &str = "[calendar.c]\nzone = \"UTC\"\ndays = \"Mon-Sun\"\nhours = [\"09:00-17:00\"]";
/// From the bench's 08:00 on.
const HOUR: f64 = 3600.0;

#[test]
fn outside_its_sessions_it_is_neither_asked_nor_told_of() {
    let mut w = Asking::with(&format!("{HTTP}\nduring = \"c\""), HOURS);
    assert!(!w.is_due());
    let judged = w.says();
    is(&judged, Verdict::OffHours, Act::None, "the session is over");
    assert_eq!(judged.next, Some(HOUR));
    w.after(HOUR + 1.0).round(Reply::failed("503"));
    is(&w.after(7.0 * HOUR).says(), Verdict::Failed, Act::Trip, "503");
    is(&w.after(HOUR).says(), Verdict::OffHours, Act::None, "the session is over");
    assert!(!w.is_due());
    // The answer of yesterday is not one of today, and nobody was silent in the night.
    w.after(16.0 * HOUR);
    w.memory.watches.get_mut("w").expect("known").probed.act = Act::None;
    assert!(w.is_due());
    is(&w.says(), Verdict::Unknown, Act::None, "has not answered yet");
    is(&w.after(400.0).says(), Verdict::Unknown, Act::Alert, "no answer for 6m");
}

#[test]
fn a_changed_log_is_that_at_night_too() {
    let keys = "kind = \"log\"\nlog = \"memory/x.jsonl\"\nduring = \"c\"";
    let mut w = Asking::with(keys, HOURS);
    w.after(HOUR + 1.0).round(Reply::failed("line 3"));
    is(&w.after(12.0 * HOUR).says(), Verdict::Failed, Act::Trip, "line 3");
}

#[test]
fn a_long_interval_does_not_outlast_the_opening_of_a_session() {
    let mut w = Asking::with(&format!("{HTTP}\nevery = \"2d\"\nduring = \"c\""), HOURS);
    w.after(HOUR + 1.0).round(Reply::fresh("well"));
    assert!(!w.after(60.0).is_due());
    assert!(w.after(24.0 * HOUR).is_due());
    assert!(!w.after(60.0).is_due());
}

#[test]
fn a_reply_about_a_beat_is_kept_small_and_without_the_clocks_of_its_writer() {
    let mut w = Asking::new("url = \"http://h/x\"\nadvance = [\"/candle/at\"]");
    let text = br#"{"at":1763712000,"status":"ok","boot":"b","up":5,"awake":4,"candle":{"at":1},"more":"x"}"#;
    w.round(Reply::Beat(Seen::Beat(Box::new(crate::heartbeat::Beat::parse(text).expect("a beat")))));
    let kept = serde_json::to_string(&w.memory.watches["w"].probed.heard).expect("JSON");
    assert_eq!(kept, r#"{"beat":{"at":1763712000,"status":"ok","candle":{"at":1}}}"#);
}
