//! Eight days of somebody who trades from a laptop, with the real watchdog on simulated clocks: it sleeps every night and
//! over lunch, there is a weekend, a holiday and a change of the clocks, and one real hang. People must hear of the hang,
//! and of nothing else.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use holdfast::Root;
use holdfast::calendar::Zone;
use holdfast::circuit::{Confirmed, Listing, check};
use holdfast::heartbeat::{Draft, Status};
use holdfast::sys::sim::{SimHost, name_from};
use holdfast::sys::{Clock as _, Secrecy, Store as _, Sys};
use holdfast::time::parse_utc;
use holdfast_notify::{Reply, Sending, Transport, Verdict};
use watchdog::{Deliverer, Watchdog};

const CONFIG: &str = r#"
[[watch]]
name = "bot"
max_age = "15m"
during = "nyse"

[calendar.nyse]
zone = "America/New_York"
days = "Mon-Fri"
hours = ["09:30-16:00"]
holidays = ["2026-10-29"]

[[channel]]
kind = "command"
command = ["page-me"]
"#;

const MINUTE: f64 = 60.0;
/// Of the local clock, in minutes of the day.
const fn at(hour: u32, minute: u32) -> u32 {
    hour * 60 + minute
}

/// Somebody's habits in New York from Monday, 26 October 2026, on. On Sunday the clocks are set back.
struct Moment {
    /// `mon` to `mon`, in the order of the days.
    day: usize,
    minute: u32,
}

impl Moment {
    fn is_trading(&self) -> bool {
        // Thursday is a holiday.
        ![3, 5, 6].contains(&self.day) && (at(9, 30)..at(16, 0)).contains(&self.minute)
    }

    fn is_awake(&self) -> bool {
        let open = |from, to| (from..to).contains(&self.minute);
        match self.day {
            // The lid is shut over lunch.
            1 => open(at(8, 0), at(12, 0)) || open(at(13, 12), at(22, 30)),
            // Up late, in the middle of the session.
            4 => open(at(10, 21), at(22, 30)),
            5 => open(at(10, 0), at(11, 0)),
            6 => false,
            _ => open(at(7, 45), at(22, 45)),
        }
    }

    /// On Wednesday it hangs, until somebody looks.
    fn is_hung(&self) -> bool {
        self.day == 2 && (at(11, 21)..at(12, 30)).contains(&self.minute)
    }
}

/// What people heard, and when.
type Heard = Arc<Mutex<Vec<(usize, u32, String)>>>;

/// The way to the phone.
struct Phone {
    heard: Heard,
    now: Arc<Mutex<(usize, u32)>>,
}

impl Transport for Phone {
    fn start(&self, sending: Sending, reply: Reply) {
        let (day, minute) = *self.now.lock().unwrap();
        self.heard.lock().unwrap().push((day, minute, sending.alert.message(usize::MAX)));
        reply.give(Verdict::Accepted);
    }
}

/// How the watchdog is run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    /// From a timer, every 15 minutes in which the laptop is awake.
    Timer,
    /// It stays, and looks every minute.
    Resident,
}

struct Week {
    host: &'static SimHost,
    sys: Sys<'static>,
    root: Root,
    heard: Heard,
    now: Arc<Mutex<(usize, u32)>>,
}

impl Week {
    fn new() -> Self {
        let monday = parse_utc("2026-10-26T04:00:00Z").unwrap();
        let host: &'static SimHost = Box::leak(Box::new(SimHost::new("laptop", monday)));
        let process = Box::leak(Box::new(host.process("all")));
        for dir in ["/r/data/outbox", "/r/memory"] {
            process.make_dir(Path::new(dir)).unwrap();
        }
        process.replace(Path::new("/r/holdfast.toml"), CONFIG.as_bytes(), Secrecy::Shared).unwrap();
        let root = Root::open(process, "/r").unwrap();
        Self { host, sys: process.sys(), root, heard: Heard::default(), now: Arc::default() }
    }

    fn open(&self) -> (Watchdog<'static>, Deliverer<'static>) {
        let phone = Phone { heard: Arc::clone(&self.heard), now: Arc::clone(&self.now) };
        let deliverer = Deliverer::through(self.sys, self.root.clone(), phone);
        (Watchdog::open(self.sys, self.root.clone()), deliverer)
    }

    fn look((watchdog, deliverer): &mut (Watchdog<'static>, Deliverer<'static>)) {
        watchdog.evaluate();
        if let Some(work) = watchdog.work() {
            let delivered = deliverer.deliver(&work);
            assert!(watchdog.take_in(&delivered).is_none());
        }
        watchdog.save_if_changed();
    }

    /// One cycle, every five minutes, while the circuit is green.
    fn trade(&self) {
        if check(&self.sys, &self.root).verdict.is_green() {
            Draft::new(Status::Ok).write(&self.sys, &self.root).unwrap();
        }
    }

    /// The operator has found the cause.
    fn resume(&self) {
        let listing = Listing::now(&self.sys, &self.root);
        let holds = listing.view().holds.iter().map(|hold| hold.id.clone()).collect();
        let (by, why) = ("ann".to_owned(), "the feed hung".to_owned());
        listing.lift(&self.sys, &self.root, &Confirmed { by, why, holds, overridden: Vec::new() }).unwrap();
    }

    /// Lives through it, a minute at a time. Returns what was heard.
    fn live(&self, manner: Manner) -> Vec<(usize, u32, String)> {
        let zone = Zone::named("America/New_York").unwrap();
        let first = zone.local(self.host.clock.now().wall).0.date();
        let mut resident = self.open();
        let mut next_check = 0.0;
        loop {
            let now = self.host.clock.now();
            let (local, _) = zone.local(now.wall);
            let day = usize::try_from((local.date() - first).num_days()).unwrap();
            if day > 7 {
                return self.heard.lock().unwrap().clone();
            }
            let of_day = local.time().format("%H %M").to_string();
            let (hour, minute) = of_day.split_once(' ').unwrap();
            let moment = Moment { day, minute: at(hour.parse().unwrap(), minute.parse().unwrap()) };
            *self.now.lock().unwrap() = (day, moment.minute);
            if !moment.is_awake() {
                self.host.clock.suspend(MINUTE);
                continue;
            }
            if moment.day == 2 && moment.minute == at(12, 30) {
                self.resume();
            }
            if moment.is_trading() && !moment.is_hung() && moment.minute.is_multiple_of(5) {
                self.trade();
            }
            if manner == Manner::Resident {
                Self::look(&mut resident);
            } else if now.awake >= next_check {
                // Each is a process of its own.
                Self::look(&mut self.open());
                next_check = now.awake + 15.0 * MINUTE;
            }
            self.host.clock.advance(MINUTE);
        }
    }
}

#[test]
fn people_hear_of_the_one_hang_and_of_nothing_else() {
    name_from(Some(holdfast::sys::sim::Rng::new(7)));
    for manner in [Manner::Resident, Manner::Timer] {
        let week = Week::new();
        let heard = week.live(manner);
        let told: Vec<String> = heard
            .iter()
            .map(|(day, minute, text)| format!("day {day} {:02}:{:02} {text}", minute / 60, minute % 60))
            .collect();
        assert!(!heard.is_empty(), "{manner:?}: nobody heard of the hang");
        // The last beat was at 11:20, and 15 minutes are allowed.
        let (day, minute, text) = &heard[0];
        let late = if manner == Manner::Resident { 1 } else { 16 };
        assert!(*day == 2 && (at(11, 35)..=at(11, 35) + late).contains(minute), "{manner:?}: {told:#?}");
        assert!(text.contains("PAUSED: NEW: bot is stale: "), "{manner:?}: {text}");
        for (day, minute, text) in &heard[1..] {
            let repeat = text.contains("STILL, ") && (at(12, 35)..=at(12, 53)).contains(minute);
            let resumed =
                text.contains("RESUMED by ann: the feed hung") && (at(12, 30)..=at(12, 46)).contains(minute);
            let over = text.contains("OVER: bot is well again") && (at(12, 30)..=at(12, 50)).contains(minute);
            assert!(*day == 2 && (repeat || resumed || over), "{manner:?}: {told:#?}");
        }
        let lines = |begin: &str| {
            heard.iter().flat_map(|(_, _, text)| text.lines()).filter(|line| line.starts_with(begin)).count()
        };
        assert_eq!(
            (lines("NEW: "), lines("RESUMED by "), lines("OVER: ")),
            (1, 1, 1),
            "{manner:?}: {told:#?}"
        );
        assert!(heard.len() <= 3, "{manner:?}: {told:#?}");
    }
    name_from(None);
}
