//! The table: suspend, steps of the wall clock, reboots.

use holdfast_tests::harness::{Host, each};

use super::{
    AHEAD, BACK, Beat, Check, DAY, Event, FORWARD, HOUR, MINUTE, OVER, Passes, Plain, Reboots, STALE,
    STILL_AHEAD, Set, Sleeps, Steps, Story,
};

const MAX_AGE: i64 = 15 * MINUTE;
/// A moment before and after a whole `max_age`: programs take a while to start on a busy machine.
const SOON: i64 = MINUTE;
/// Two years: a clock of a battery that is empty begins again at one of these.
const Y1970: i64 = 5;
const Y2000: i64 = 946_684_805;

/// What happened, and what follows.
#[derive(Debug)]
struct Row {
    what: &'static str,
    events: &'static [Event],
    trips: bool,
    /// What people were told, message by message.
    told: &'static [&'static str],
}

const fn row(what: &'static str, events: &'static [Event]) -> Row {
    Row { what, events, trips: false, told: &[] }
}

impl Row {
    const fn told(mut self, told: &'static [&'static str]) -> Self {
        self.told = told;
        self
    }

    const fn trips(mut self, told: &'static [&'static str]) -> Self {
        self.trips = true;
        self.told(told)
    }
}

const SUSPEND: &[Row] = &[
    row("slept for an hour", &[Beat, Check("fresh"), Sleeps(HOUR), Check("slept")]),
    row(
        "slept for an hour, and nothing came for nearly a max_age",
        &[Beat, Check("fresh"), Sleeps(HOUR), Check("slept"), Passes(MAX_AGE - SOON), Check("slept")],
    ),
    row(
        "slept for an hour, and nothing came for a max_age",
        &[Beat, Check("fresh"), Sleeps(HOUR), Check("slept"), Passes(MAX_AGE + 1), Check("stale")],
    )
    .trips(&[STALE]),
    row(
        "slept for an hour, and went on",
        &[Beat, Check("fresh"), Sleeps(HOUR), Check("slept"), Beat, Check("fresh")],
    ),
    row(
        "was dead for nearly a max_age, slept shortly, and stayed dead",
        &[
            Beat,
            Check("fresh"),
            Passes(MAX_AGE - SOON),
            Sleeps(MINUTE),
            Check("slept"),
            Passes(2 * SOON),
            Check("stale"),
        ],
    )
    .trips(&[STALE]),
    row(
        "was dead for a max_age when it went to sleep",
        &[Beat, Check("fresh"), Passes(MAX_AGE + 1), Sleeps(8 * HOUR), Check("stale")],
    )
    .trips(&[STALE]),
    row("slept, after a beat without boot clocks", &[Plain, Check("fresh"), Sleeps(HOUR), Check("slept")]),
    row(
        "slept, after a beat without boot clocks that nobody had seen",
        &[Plain, Check("fresh"), Passes(MINUTE), Plain, Sleeps(HOUR), Check("slept")],
    ),
    row(
        "slept three nights in a row, and traded by day",
        &[
            Beat,
            Check("fresh"),
            Sleeps(8 * HOUR),
            Check("slept"),
            Passes(MINUTE),
            Beat,
            Check("fresh"),
            Sleeps(8 * HOUR),
            Check("slept"),
            Passes(MINUTE),
            Beat,
            Check("fresh"),
            Sleeps(8 * HOUR),
            Beat,
            Check("fresh"),
        ],
    ),
];

const STEPS: &[Row] = &[
    row(
        "the wall clock was set forward by two hours",
        &[
            Beat,
            Check("fresh"),
            Steps(2 * HOUR),
            Beat,
            Check("clock-stepped"),
            Check("fresh"),
            Beat,
            Check("fresh"),
        ],
    )
    .told(&[FORWARD]),
    row(
        "the wall clock was set back by two hours",
        &[
            Beat,
            Check("fresh"),
            Steps(-2 * HOUR),
            Beat,
            Check("clock-stepped"),
            Check("fresh"),
            Beat,
            Check("fresh"),
        ],
    )
    .told(&[BACK]),
    row(
        "the wall clock was set forward by a day",
        &[
            Beat,
            Check("fresh"),
            Steps(DAY),
            Beat,
            Check("clock-stepped"),
            Check("fresh"),
            Beat,
            Check("fresh"),
        ],
    )
    .told(&[FORWARD]),
    row(
        "set forward, and the last beat is from before",
        &[Beat, Check("fresh"), Passes(MINUTE), Steps(2 * HOUR), Check("clock-stepped"), Check("fresh")],
    )
    .told(&[FORWARD]),
    row(
        "set forward, and the last beat is from before and has no boot clocks",
        &[
            Plain,
            Check("fresh"),
            Passes(MINUTE),
            Plain,
            Steps(2 * HOUR),
            Check("clock-stepped"),
            Check("fresh"),
        ],
    )
    .told(&[FORWARD]),
    row(
        "set back, and the last beat is from before",
        &[Beat, Check("fresh"), Passes(MINUTE), Steps(-2 * HOUR), Check("clock-ahead"), Beat, Check("fresh")],
    )
    .told(&[AHEAD, OVER]),
    row(
        "set forward, and dead",
        &[
            Beat,
            Check("fresh"),
            Passes(10 * MINUTE),
            Steps(2 * HOUR),
            Check("clock-stepped"),
            Passes(6 * MINUTE),
            Check("stale"),
        ],
    )
    .trips(&[FORWARD, STALE]),
    row(
        "set forward by a day, and dead",
        &[
            Beat,
            Check("fresh"),
            Passes(10 * MINUTE),
            Steps(DAY),
            Check("clock-stepped"),
            Passes(6 * MINUTE),
            Check("stale"),
        ],
    )
    .trips(&[FORWARD, STALE]),
    row(
        "set back, and dead",
        &[
            Beat,
            Check("fresh"),
            Passes(10 * MINUTE),
            Steps(-2 * HOUR),
            Check("clock-ahead"),
            Passes(6 * MINUTE),
            Check("clock-ahead"),
        ],
    )
    .trips(&[AHEAD, STILL_AHEAD]),
    row(
        "set back between two looks so that the last beat seems new",
        &[Beat, Check("fresh"), Passes(2 * HOUR), Steps(-2 * HOUR), Check("stale")],
    )
    .trips(&[STALE]),
    row(
        "drifted by less than a minute between two looks",
        &[
            Beat,
            Check("fresh"),
            Steps(50),
            Check("fresh"),
            Beat,
            Check("fresh"),
            Steps(-50),
            Check("fresh"),
            Steps(-50),
            Beat,
            Check("fresh"),
        ],
    ),
];

const REBOOTS: &[Row] = &[
    row("off for two minutes", &[Beat, Check("fresh"), Reboots(2 * MINUTE), Check("fresh")]),
    row("off for an hour, and dead", &[Beat, Check("fresh"), Reboots(HOUR), Check("stale")]).trips(&[STALE]),
    row("off for an hour, and back", &[Beat, Check("fresh"), Reboots(HOUR), Beat, Check("fresh")]),
    row(
        "off for two minutes, and dead",
        &[Beat, Check("fresh"), Reboots(2 * MINUTE), Check("fresh"), Passes(MAX_AGE), Check("stale")],
    )
    .trips(&[STALE]),
    row(
        "off for two minutes, back, off for an hour, and dead",
        &[
            Beat,
            Check("fresh"),
            Reboots(2 * MINUTE),
            Beat,
            Check("fresh"),
            Reboots(HOUR),
            Passes(5 * MINUTE),
            Check("stale"),
        ],
    )
    .trips(&[STALE]),
    row(
        "off, and the clock begins in 1970, and dead",
        &[
            Beat,
            Check("fresh"),
            Reboots(2 * MINUTE),
            Set(Y1970),
            Check("clock-ahead"),
            Passes(MAX_AGE),
            Check("clock-ahead"),
        ],
    )
    .trips(&[AHEAD, STILL_AHEAD]),
    row(
        "off, and the clock begins in 2000, and dead",
        &[
            Beat,
            Check("fresh"),
            Reboots(2 * MINUTE),
            Set(Y2000),
            Check("clock-ahead"),
            Passes(MAX_AGE),
            Check("clock-ahead"),
        ],
    )
    .trips(&[AHEAD, STILL_AHEAD]),
    row(
        "off, the clock begins long ago, and is mended",
        &[
            Beat,
            Check("fresh"),
            Reboots(2 * MINUTE),
            Steps(-9000 * DAY),
            Beat,
            Check("fresh"),
            Steps(9000 * DAY),
            Beat,
            Check("clock-stepped"),
            Check("fresh"),
        ],
    )
    .told(&[FORWARD]),
    row(
        "off, and the clock begins in the future",
        &[Beat, Check("fresh"), Reboots(2 * MINUTE), Steps(365 * DAY), Check("stale")],
    )
    .trips(&[STALE]),
];

fn every(rows: &'static [Row]) {
    each(rows, |row| {
        let mut story = Story::new(Host::new(), "UTC", "max_age = \"15m\"\n");
        for event in row.events {
            story.tell(*event);
        }
        assert_eq!(story.paused(), row.trips, "{}", row.what);
        story.told(row.told);
    });
}

#[test]
fn suspend_is_no_silence_and_hides_none() {
    every(SUSPEND);
}

#[test]
fn a_step_of_the_wall_clock_is_told_once_trips_nothing_and_hides_nothing() {
    every(STEPS);
}

#[test]
fn a_reboot_is_judged_by_the_wall_clock_and_a_wrong_one_delays_a_trip_by_no_more_than_a_max_age() {
    every(REBOOTS);
}
