//! A bench on which one watch is judged, look after look.

use crate::calendar::Calendar;
use crate::circuit::Mode;
use crate::config::Watch;
use crate::heartbeat::{Beat, Name};
use crate::json::{Object, Value};
use crate::sys::sim::SimClock;
use crate::sys::{Clock, Now};
use crate::time::Span;
use crate::watch::{Context, Judged, Seen, Sight, WatchMemory, clock_step, judge};

/// The watch's `max_age`, in seconds.
pub(super) const MAX_AGE: f64 = 900.0;

pub(super) struct Bench {
    pub(super) clock: SimClock,
    pub(super) watch: Watch,
    pub(super) memory: Option<WatchMemory>,
    pub(super) last_check: Option<Now>,
    pub(super) resumed: Option<Sight>,
    pub(super) paused: Option<(Sight, Mode)>,
    pub(super) calendar: Option<Calendar>,
}

impl Bench {
    /// A watch of 15 minutes that nobody has looked at yet.
    pub(super) fn new() -> Self {
        Self {
            clock: SimClock::new(1_763_712_000.0),
            watch: Watch { max_run: Span::secs(600), ..Watch::heartbeat(Name::main(), None) },
            memory: None,
            last_check: None,
            resumed: None,
            paused: None,
            calendar: None,
        }
    }

    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }

    /// A beat of now by `hb-write`, with these keys besides or in place of its own; `null` takes one out.
    pub(super) fn beat(&self, more: &str) -> Seen {
        let now = self.now();
        let mut fields = Object::new();
        fields.insert("at".into(), now.wall.into());
        fields.insert("status".into(), "ok".into());
        fields.insert("up".into(), now.up.into());
        fields.insert("awake".into(), now.awake.into());
        fields.insert("boot".into(), now.boot.into());
        with(fields, more)
    }

    /// A beat of now by five lines of Python.
    pub(super) fn plain(&self, more: &str) -> Seen {
        let mut fields = Object::new();
        fields.insert("at".into(), self.now().wall.into());
        fields.insert("status".into(), "ok".into());
        with(fields, more)
    }

    /// One look of a watchdog.
    pub(super) fn look(&mut self, seen: &Seen) -> Judged {
        let now = self.now();
        let context = Context {
            now: &now,
            last_look: self.last_check.as_ref(),
            resumed: self.resumed.as_ref(),
            paused: self.paused.as_ref().map(|(since, mode)| (since, *mode)),
            calendar: self.calendar.as_ref(),
            step: self.last_check.as_ref().and_then(|last| clock_step(last, &now)),
        };
        let memory = self.memory.get_or_insert_with(|| WatchMemory::new(&now));
        let judged = judge(&self.watch, seen, memory, &context);
        self.last_check = Some(now);
        judged
    }

    /// The same after `seconds` awake.
    pub(super) fn look_after(&mut self, seconds: f64, seen: &Seen) -> Judged {
        self.clock.advance(seconds);
        self.look(seen)
    }

    pub(super) fn pause(&mut self, mode: Mode) {
        self.paused = Some((Sight::now(&self.now()), mode));
    }

    pub(super) fn resume(&mut self) {
        self.paused = None;
        self.resumed = Some(Sight::now(&self.now()));
    }
}

/// A beat of these fields and those of `more`, which is the inside of a JSON object.
fn with(mut fields: Object, more: &str) -> Seen {
    let more: Object = serde_json::from_str(&format!("{{{more}}}")).expect("JSON");
    fields.extend(more);
    fields.retain(|_, value| *value != Value::Null);
    Seen::Beat(Box::new(Beat::from_object(fields).expect("a beat")))
}
