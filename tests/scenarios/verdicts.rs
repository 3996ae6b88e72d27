//! Every row of the watchdog's table, by the real program on real files and clocks.

use holdfast::json::Value;
use holdfast::sys::{Clock, Now, real::RealClock};
use holdfast_tests::harness::{Run, Scratch, each, eventually, read};

/// A row: what makes it match, and what follows.
struct Row {
    verdict: &'static str,
    /// Further lines of the watch.
    watch: &'static str,
    /// Done once, before the first check.
    before: fn(&Scratch),
    /// Done before each further check, until the row matches and what follows has followed.
    again: fn(&Scratch),
    follows: Follows,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Follows {
    /// Trips at the first check that sees it.
    Trip,
    /// First it alerts, and trips when `max_age` is over.
    AlertThenTrip,
    /// Trips when it is time, which may come before or after the first check that sees it.
    TripInTime,
    /// People are told, and nothing else happens.
    Alert,
    Nothing,
}

fn nothing(_: &Scratch) {}

fn hb(root: &Scratch, args: &[&str]) {
    root.hb(args).finish().expect(0);
}

fn now() -> Now {
    RealClock.now()
}

/// A beat of our own making, `at` and `up` so many seconds from now.
fn beat(root: &Scratch, at: f64, up: f64, awake: f64, more: &str) {
    let Now { wall, up: up_now, awake: awake_now, boot } = now();
    let boot = boot.expect("Linux has a boot id");
    let (at, up, awake) = (wall + at, up_now + up, awake_now + awake);
    root.put(
        "data/heartbeat.json",
        format!("{{\"at\":{at},\"status\":\"ok\",\"up\":{up},\"awake\":{awake},\"boot\":\"{boot}\"{more}}}"),
    );
}

const ROWS: [Row; 19] = [
    Row { verdict: "missing", watch: "", before: nothing, again: nothing, follows: Follows::AlertThenTrip },
    Row {
        verdict: "malformed",
        watch: "",
        before: |root| root.put("data/heartbeat.json", "{\"at\": 17"),
        again: nothing,
        follows: Follows::Trip,
    },
    Row {
        verdict: "reported",
        watch: "",
        before: |root| hb(root, &["--status", "no quotes"]),
        again: nothing,
        follows: Follows::Trip,
    },
    Row {
        verdict: "reported",
        watch: "max_age = \"1h\"",
        before: |root| drop(root.hb(&["exec", "--", "/bin/false"]).finish().expect(1)),
        again: nothing,
        follows: Follows::Trip,
    },
    Row {
        verdict: "clock-ahead",
        watch: "",
        before: |root| {
            root.put("data/heartbeat.json", format!("{{\"at\":{},\"status\":\"ok\"}}", now().wall + 600.0));
        },
        again: nothing,
        follows: Follows::AlertThenTrip,
    },
    Row {
        verdict: "clock-ahead",
        watch: "",
        before: |root| beat(root, 0.0, 1000.0, 1000.0, ""),
        again: nothing,
        follows: Follows::AlertThenTrip,
    },
    Row {
        verdict: "overrun",
        watch: "max_age = \"1h\"\nmax_run = \"1s\"",
        before: |root| hb(root, &["--begin"]),
        again: nothing,
        follows: Follows::TripInTime,
    },
    // The host was suspended for most of the time since the beat.
    Row {
        verdict: "slept",
        watch: "",
        before: |root| hb(root, &[]),
        again: |root| beat(root, -1.5, -1.5, -0.01, ""),
        follows: Follows::Nothing,
    },
    Row {
        verdict: "stale",
        watch: "",
        before: |root| hb(root, &[]),
        again: nothing,
        follows: Follows::TripInTime,
    },
    Row {
        verdict: "not-advancing",
        watch: "advance = [\"/candle_at\"]",
        before: |root| hb(root, &["--set", "candle_at=1763711940"]),
        again: |root| hb(root, &["--set", "candle_at=1763711940"]),
        follows: Follows::TripInTime,
    },
    Row {
        verdict: "limit",
        watch: "limit = [{ field = \"/cost\", max = 20.0 }]",
        before: |root| hb(root, &["--set", "cost=20.5"]),
        again: nothing,
        follows: Follows::Trip,
    },
    Row {
        verdict: "limit",
        watch: "limit = [{ field = \"/cost\", max = 20.0 }]",
        before: |root| hb(root, &["--set", "price=20.5"]),
        again: nothing,
        follows: Follows::Trip,
    },
    Row {
        verdict: "trip-ignored",
        watch: "",
        before: |root| {
            hb(root, &[]);
            root.trip("legal review");
        },
        again: |root| hb(root, &["--interval", "1s"]),
        follows: Follows::Alert,
    },
    Row {
        verdict: "two-writers",
        watch: "max_age = \"1h\"",
        before: |root| beat(root, 0.0, 0.0, 0.0, ",\"seq\":7"),
        again: |root| beat(root, 0.0, 0.0, 0.0, ",\"seq\":6"),
        follows: Follows::Alert,
    },
    Row {
        verdict: "two-writers",
        watch: "max_age = \"1h\"",
        before: |root| {
            for pid in [1, 2] {
                // A new process each cycle is no second writer.
                beat(root, 0.0, 0.0, 0.0, &format!(",\"pid\":{pid}"));
                root.watchdog(&["check"]).finish().expect(0);
            }
        },
        again: |root| beat(root, 0.0, 0.0, 0.0, ",\"pid\":1"),
        follows: Follows::Alert,
    },
    Row {
        verdict: "clock-stepped",
        watch: "max_age = \"1h\"",
        before: |root| hb(root, &[]),
        again: |root| {
            // As if the wall clock had been set forward since then: it cannot be set here.
            let mut memory = root.json("data/watchdog.json");
            let wall = memory["last_check"]["wall"].as_f64().expect("a time");
            memory["last_check"]["wall"] = (wall - 600.0).into();
            root.put("data/watchdog.json", memory.to_string());
        },
        follows: Follows::Alert,
    },
    Row {
        verdict: "out-of-hours",
        watch: "max_age = \"1h\"\nduring = \"another-day\"",
        before: |root| hb(root, &[]),
        again: nothing,
        follows: Follows::Alert,
    },
    Row {
        verdict: "off-hours",
        watch: "max_age = \"1h\"\nduring = \"another-day\"",
        before: nothing,
        again: nothing,
        follows: Follows::Nothing,
    },
    Row {
        verdict: "fresh",
        watch: "max_age = \"1h\"\nadvance = [\"/candle_at\"]\nlimit = [{ field = \"/cost\", max = 20.0 }]",
        before: |root| hb(root, &["--set", "candle_at=1763711940", "--set", "cost=19.5"]),
        again: nothing,
        follows: Follows::Nothing,
    },
];

/// A channel that adds to `mail`, a calendar that is closed today, and the watch.
fn config(root: &Scratch, row: &Row) -> String {
    let day = root.sh("LC_ALL=C date -u -d '3 days' +%a").finish().expect(0).stdout;
    let max_age = if row.watch.contains("max_age") { "" } else { "max_age = \"1s\"\n" };
    format!(
        "{}[calendar.another-day]\nzone = \"UTC\"\ndays = \"{}\"\nhours = [\"09:30-16:00\"]\n\
         [[watch]]\nname = \"bot\"\nkind = \"heartbeat\"\n{max_age}{}\n",
        crate::alerts::script("mail", "cat >> mail"),
        day.trim(),
        row.watch
    )
}

#[test]
fn every_row_matches_and_does_what_it_should() {
    each(0..ROWS.len(), |number| {
        let row = &ROWS[*number];
        let root = Scratch::new();
        root.put("holdfast.toml", config(&root, row));
        (row.before)(&root);
        let (mut checks, mut seen_green) = (0, false);
        let mut last = String::new();
        eventually(&format!("{} and {:?}", row.verdict, row.follows), || {
            if checks > 0 {
                (row.again)(&root);
            }
            checks += 1;
            let ended = root.watchdog(&["check", "--json"]).finish();
            let answer: Value =
                serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}\n{ended}"));
            let matches = answer["watches"]["bot"]["verdict"] == row.verdict;
            let tripped = root.lines("data/trips.jsonl").iter().any(|line| line["watch"] == "bot");
            let mail = read(&root.path("mail")).unwrap_or_default();
            let told = String::from_utf8_lossy(&mail).contains(&match row.verdict {
                "clock-stepped" => "NOTE: the wall clock was moved forward".to_owned(),
                verdict => format!("bot is {verdict}"),
            });
            seen_green |= matches && !tripped;
            last = ended.to_string();
            if !matches {
                return false;
            }
            let code = i32::from(row.follows != Follows::Nothing);
            assert_eq!(ended.code, Some(code), "{ended}");
            match row.follows {
                Follows::Trip => assert!(tripped && told, "{}\n{ended}", row.verdict),
                Follows::AlertThenTrip => return tripped && told && seen_green,
                Follows::TripInTime => return tripped && told,
                Follows::Alert => assert!(!tripped && told, "{}\n{ended}", row.verdict),
                Follows::Nothing => assert!(!tripped && !told, "{}\n{ended}", row.verdict),
            }
            true
        });
        let should_trip = !matches!(row.follows, Follows::Alert | Follows::Nothing);
        assert_eq!(root.check() == 2, should_trip || row.verdict == "trip-ignored", "{last}");
    });
}

#[test]
fn without_a_configuration_every_heartbeat_that_is_there_is_watched() {
    let root = Scratch::new();
    root.watchdog(&["check"]).finish().expect(1).says("missing");
    assert_eq!(root.check(), 0, "it may have been started before its pipeline");
    hb(&root, &[]);
    hb(&root, &["--name", "second"]);
    root.watchdog(&["check"]).finish().expect(0);
    hb(&root, &["--name", "second", "--status", "on fire"]);
    root.watchdog(&["check"]).finish().expect(1);
    root.paused("on fire");
}
