//! The days on which the clocks are changed, at the very moments: sessions, and the daily reminder.

use holdfast_tests::harness::{Host, Run, Scratch, each};

use super::{Beat, Check, Event, STALE, Story, Until, utc};

const BERLIN: &str = "Europe/Berlin";
const NEW_YORK: &str = "America/New_York";

/// A calendar, and what comes to pass there from a moment on.
#[derive(Debug)]
struct Row {
    what: &'static str,
    zone: &'static str,
    days: &'static str,
    hours: &'static str,
    from: &'static str,
    events: &'static [Event],
    told: &'static [&'static str],
}

const OUT: &str = "armed: NEW: bot is out-of-hours: a beat came ";

const SESSIONS: &[Row] = &[
    Row {
        what: "an opening that the change leaves out is at the end of the gap",
        zone: BERLIN,
        days: "Sat-Sun",
        hours: "02:30-06:00",
        from: "2026-03-28T04:30:00Z",
        events: &[
            Beat,
            Check("fresh"),
            Until("2026-03-29T00:59:40Z"),
            Check("off-hours"),
            Until("2026-03-29T01:00:10Z"),
            Check("fresh"),
            Until("2026-03-29T01:14:40Z"),
            Check("fresh"),
            Until("2026-03-29T01:15:10Z"),
            Check("stale"),
        ],
        told: &[STALE],
    },
    Row {
        what: "a session over the change is an hour shorter in spring",
        zone: BERLIN,
        days: "Sun",
        hours: "01:30-03:30",
        from: "2026-03-29T00:59:40Z",
        events: &[
            Beat,
            Check("fresh"),
            Until("2026-03-29T01:00:10Z"),
            Check("fresh"),
            Beat,
            Check("fresh"),
            Until("2026-03-29T01:29:40Z"),
            Beat,
            Check("fresh"),
            Until("2026-03-29T01:45:10Z"),
            Check("off-hours"),
            Until("2026-03-29T02:20:00Z"),
            Beat,
            Check("out-of-hours"),
        ],
        told: &[OUT],
    },
    Row {
        what: "in the doubled hour the first opening counts, and the session is an hour longer",
        zone: BERLIN,
        days: "Sun",
        hours: "02:30-03:30",
        from: "2026-10-25T00:29:40Z",
        events: &[
            Check("off-hours"),
            Until("2026-10-25T00:30:10Z"),
            Beat,
            Check("fresh"),
            Until("2026-10-25T01:00:10Z"),
            Beat,
            Check("fresh"),
            Until("2026-10-25T01:30:10Z"),
            Beat,
            Check("fresh"),
            Until("2026-10-25T02:29:40Z"),
            Beat,
            Check("fresh"),
            Until("2026-10-25T03:00:00Z"),
            Beat,
            Check("out-of-hours"),
        ],
        told: &[OUT],
    },
    Row {
        what: "on the Monday after the change in spring the market opens an hour earlier by UTC",
        zone: NEW_YORK,
        days: "Mon-Fri",
        hours: "09:30-16:00",
        from: "2026-03-06T20:50:00Z",
        events: &[
            Beat,
            Check("fresh"),
            Until("2026-03-08T06:59:50Z"),
            Check("off-hours"),
            Until("2026-03-08T07:00:10Z"),
            Check("off-hours"),
            Until("2026-03-09T13:29:40Z"),
            Check("off-hours"),
            Until("2026-03-09T13:30:10Z"),
            Check("fresh"),
            Until("2026-03-09T13:45:10Z"),
            Check("stale"),
        ],
        told: &[STALE],
    },
    Row {
        what: "on the Monday after the change in autumn it opens and closes an hour later by UTC",
        zone: NEW_YORK,
        days: "Mon-Fri",
        hours: "09:30-16:00",
        from: "2026-10-30T19:50:00Z",
        events: &[
            Beat,
            Check("fresh"),
            Until("2026-11-01T05:59:50Z"),
            Check("off-hours"),
            Until("2026-11-01T06:00:10Z"),
            Check("off-hours"),
            Until("2026-11-02T14:29:40Z"),
            Check("off-hours"),
            Until("2026-11-02T14:30:10Z"),
            Check("fresh"),
            Until("2026-11-02T20:59:40Z"),
            Beat,
            Check("fresh"),
            Until("2026-11-02T21:30:00Z"),
            Beat,
            Check("out-of-hours"),
        ],
        told: &[OUT],
    },
    Row {
        what: "a week that opens on the evening of the change",
        zone: NEW_YORK,
        days: "Sun-Thu",
        hours: "18:00-17:00",
        from: "2026-03-06T21:50:00Z",
        events: &[
            Beat,
            Check("fresh"),
            Until("2026-03-08T21:59:40Z"),
            Check("off-hours"),
            Until("2026-03-08T22:00:10Z"),
            Check("fresh"),
            Beat,
            Check("fresh"),
        ],
        told: &[],
    },
];

#[test]
fn sessions_follow_the_clocks_of_their_market_wherever_the_host_is() {
    let hosts = SESSIONS.iter().flat_map(|row| [BERLIN, NEW_YORK].map(|here| (row, here)));
    each(hosts, |(row, here)| {
        let Row { zone, days, hours, .. } = row;
        let watch = format!(
            "max_age = \"15m\"\nduring = \"market\"\n[calendar.market]\nzone = \"{zone}\"\ndays = \"{days}\"\n\
             hours = [\"{hours}\"]\n"
        );
        let mut story = Story::new(Host::at(utc(row.from)), here, &watch);
        for event in row.events {
            story.tell(*event);
        }
        assert_eq!(story.paused(), row.told.contains(&STALE), "{}", row.what);
        story.told(row.told);
    });
}

/// Unix seconds of a local time, by GNU `date`. In the doubled hour it is the first.
fn local(zone: &str, time: &str) -> i64 {
    let mut date = Scratch::new().any("/bin/date");
    let ended = date.env("TZ", zone).args(["-d", time, "+%s"]).current_dir("/").finish().expect(0);
    ended.stdout.trim().parse().unwrap_or_else(|error| panic!("{error}\n{ended}"))
}

/// A Saturday, the day of the change, and the Monday.
const CHANGES: [(&str, [&str; 3]); 4] = [
    (BERLIN, ["2026-03-28", "2026-03-29", "2026-03-30"]),
    (BERLIN, ["2026-10-24", "2026-10-25", "2026-10-26"]),
    (NEW_YORK, ["2026-03-07", "2026-03-08", "2026-03-09"]),
    (NEW_YORK, ["2026-10-31", "2026-11-01", "2026-11-02"]),
];

const REMINDED: &str = "STILL PAUSED";

#[test]
fn a_daily_reminder_comes_once_on_the_day_of_the_change_as_on_the_days_beside_it() {
    each(CHANGES, |(zone, days)| {
        let mut story = Story::new(Host::at(local(zone, &format!("{} 00:10", days[0]))), zone, "");
        story.run(&story.root.ctl(&["trip", "--by", "test", "--reason", "legal review"])).expect(0);
        let mut told = Vec::new();
        for day in days {
            told.push(REMINDED);
            for time in ["09:00", "09:01", "23:59"] {
                story.host.passes_until(local(zone, &format!("{day} {time}")));
                story.run(&story.root.ours("resume-reminder", &[])).expect(0);
                story.told(&told);
            }
        }
    });
}

#[test]
fn a_reminder_in_both_of_the_doubled_hours_is_one_reminder() {
    let mut story = Story::new(Host::at(utc("2026-10-25T00:10:00Z")), BERLIN, "");
    story.run(&story.root.ctl(&["trip", "--by", "test", "--reason", "legal review"])).expect(0);
    for time in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T08:00:00Z"] {
        story.host.passes_until(utc(time));
        story.run(&story.root.ours("resume-reminder", &[])).expect(0);
        story.told(&[REMINDED]);
    }
}
