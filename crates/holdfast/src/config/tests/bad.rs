use std::fmt::Write;

use super::super::Config;

const WATCH: &str = "[[watch]]\nname = \"w\"\n";
const HTTP: &str = "[[watch]]\nname = \"w\"\nkind = \"http\"\n";
const CALENDAR: &str =
    "[calendar.us]\nzone = \"America/New_York\"\ndays = \"Mon-Fri\"\nhours = [\"09:30-16:00\"]\n";
const SMTP: &str = "[[channel]]\nkind = \"smtp\"\nhost = \"h\"\n";

/// What people read. Each case: what is written, then what is said of it.
#[test]
fn mistakes_are_told_with_place_fact_and_advice() {
    let cases: Vec<String> = [TOML, TABLES, WATCHES, REFERENCES, CHANNELS, CALENDARS, OTHERS]
        .concat()
        .iter()
        .map(|(start, rest)| format!("{start}{rest}"))
        .collect();
    let mut told = String::new();
    for text in &cases {
        let error = Config::parse(text).expect_err(text);
        writeln!(told, "{}\n\n{error}\n{}", text.trim_end(), "-".repeat(80)).expect("a string");
    }
    insta::assert_snapshot!("mistakes", told);
}

/// One mistake hides no other, neither in its table nor in what names it.
#[test]
fn all_mistakes_are_told_at_once() {
    let error = Config::parse(
        "colour = 1\nsize = 2\n\
         [[watch]]\nnonsense = 3\nmax_age = 5\nduring = \"nope\"\nlimit = [{ field = \"x\" }]\n\
         [[watch]]\nname = \"far\"\ncommand = []\nduring = \"nope\"\non_fail = [\"alert\", \"run:zz\"]\n\
         [[channel]]\nkind = \"smtp\"\nuser = 7\npassword_file = \"p\"\nport = 0\nfrom = \"me\"\n\
         [[channel]]\nkind = \"fax\"\nnumber = 1\n\
         [action.cancel]\ntimeout = 10\nretries = 1\n",
    )
    .expect_err("mistakes");
    insta::assert_snapshot!("at_once", error);
    let error = Config::parse(
        "[[watch]]\nname = \"a\"\ncommand = []\nduring = \"nope\"\non_fail = [\"alert\", \"run:zz\"]\n\
         [action.cancel]\ntimeout = 10\n[[watch]]\nmax_ag = 1\non_fail = [\"run:cancel\"]\n",
    )
    .expect_err("mistakes");
    insta::assert_snapshot!("names_that_nothing_bears", error);
}

#[test]
fn bytes_that_are_no_text_have_a_place_too() {
    for (bytes, line, column) in [(&b"\xff\xfe"[..], 1, 1), (b"# \xc3\xa9\n# \xc3\xa9 \xff", 2, 5)] {
        let error = Config::from_bytes(bytes).expect_err("no text");
        assert_eq!((error.mistakes[0].line, error.mistakes[0].column), (line, column), "{error}");
        assert!(error.to_string().contains("is not UTF-8") && error.to_string().contains("save it as"));
    }
}

#[test]
fn a_great_many_mistakes_are_counted_and_not_all_told() {
    let error = Config::parse(&"[[watch]]\n".repeat(50)).expect_err("no names");
    assert_eq!(error.mistakes.len(), 50);
    let told = error.to_string();
    assert_eq!(told.matches("has no name").count(), 20);
    assert!(told.ends_with("and 30 more"), "{told}");
}

#[test]
fn places_count_characters_and_lines() {
    for (text, line, column) in [
        ("ä = 1", 1, 1),
        ("[[watch]]\nname = \"w\"\nlimit = [{ field = \"/ä\", min = 1, ma = 2 }]", 3, 35),
        ("# é\r\n\r\n  colour = 1", 3, 3),
    ] {
        let error = Config::parse(text).expect_err(text);
        assert_eq!((error.mistakes[0].line, error.mistakes[0].column), (line, column), "{error}");
    }
}

type Cases = &'static [(&'static str, &'static str)];

const TOML: Cases = &[
    ("", "trip_when_mute = 30m"),
    ("", "[[watch]\nname = \"w\""),
    (WATCH, "max_age = \"15m"),
    (WATCH, "name = \"x\""),
];

const TABLES: Cases = &[
    ("", "trip_when_muted = \"30m\""),
    ("", "colour = \"green\""),
    (CALENDAR, "trip_when_mute = \"30m\""),
    ("", "[watch]\nname = \"w\""),
    ("", "watch = [\"trader-run\"]"),
    ("", "[[audit]]\nkey = \"k\""),
    ("", "[calendar]\nzone = \"UTC\""),
    ("", "action = \"cancel\""),
    ("", "[action.\"Cancel Entries\"]\ncommand = [\"true\"]"),
    ("", "[[watch]]\nname = \"\"\n[[channel]]\nkind = \"telegran\"\n[ping]\nurl = 1"),
];

const WATCHES: Cases = &[
    ("", "[[watch]]\nmax_age = \"15m\""),
    ("", "[[watch]]\nnmae = \"w\""),
    ("", "[[watch]]\nname = \"Trader Run\""),
    (WATCH, "kind = \"heart\""),
    (WATCH, "max_ag = \"15m\""),
    (WATCH, "max_age = 15"),
    (WATCH, "max_age = \"15 minuten\""),
    (WATCH, "max_age = \"0s\""),
    (WATCH, "heartbeat = \"../circuit\""),
    (WATCH, "heartbeat = \"heartbeat\""),
    (WATCH, "heartbeat = \"a\"\nurl = \"https://h/b\""),
    (WATCH, "timeout = \"5s\""),
    (WATCH, "failures = 3"),
    (WATCH, "advance = \"/candle_at\""),
    (WATCH, "advance = [\"/a\", \"candle_at\"]"),
    (WATCH, "limit = [{ field = \"/usd\" }]"),
    (WATCH, "limit = [{ max = 20 }]"),
    (WATCH, "limit = [{ field = \"/usd\", max = \"20\" }]"),
    (WATCH, "limit = [{ field = \"/usd\", max = nan }]"),
    (WATCH, "limit = [{ field = \"/usd\", max = 1, min = 2 }]"),
    (WATCH, "limit = [{ field = \"/usd\", max_rise_per_hour = 0 }]"),
    (WATCH, "limit = { field = \"/usd\", max = 1 }"),
    (WATCH, "on_fail = []"),
    (WATCH, "on_fail = [\"tripp\"]"),
    (WATCH, "on_fail = [\"trip:stop\"]"),
    (WATCH, "on_fail = [\"run:\"]"),
    (WATCH, "on_fail = [\"trip\", \"trip:reduce\"]"),
    (WATCH, "on_fail = [\"run:x\", \"run:x\"]"),
    (WATCH, "command = \"ssh mini cat beat\""),
    (WATCH, "command = []"),
    (HTTP, ""),
    (HTTP, "url = \"example.com\""),
    (HTTP, "url = \"https://me:secret@example.com/\""),
    (HTTP, "url = \"https://h\"\nmax_age = \"5m\""),
    (HTTP, "url = \"https://h\"\nstatus = 99"),
    (HTTP, "url = \"https://h\"\nexpect = { pointer = \"/a\", equal = 1 }"),
    (HTTP, "url = \"https://h\"\nauth = { user = \"me\" }"),
    (WATCH, "kind = \"tcp\"\naddress = \"localhost\""),
    (WATCH, "kind = \"log\""),
];

const REFERENCES: Cases = &[
    (WATCH, "during = \"us-equities\""),
    (
        CALENDAR,
        "[calendar.de]\nzone = \"Europe/Berlin\"\ndays = \"Mon-Fri\"\nhours = [\"09:00-17:30\"]\n[[watch]]\nname = \"w\"\nduring = \"uk\"",
    ),
    (
        "[action.cancel]\ncommand = [\"true\"]\n",
        "[[watch]]\nname = \"w\"\non_fail = [\"alert\", \"run:cancle\"]",
    ),
    (WATCH, "heartbeat = \"a\"\n[[watch]]\nname = \"w\"\nheartbeat = \"b\""),
    (WATCH, "[[watch]]\nname = \"x\""),
    (WATCH, "heartbeat = \"a\"\n[[watch]]\nname = \"x\"\nheartbeat = \"a\""),
];

const CHANNELS: Cases = &[
    ("", "[[channel]]\nchat = \"1\""),
    ("", "[[channel]]\nkind = \"telegram\"\nchat = \"1\""),
    ("", "[[channel]]\nkind = \"telegram\"\ntoken = \"123:abc\"\nchat = \"1\""),
    ("", "[[channel]]\nkind = \"ntfy\"\ntopic = \"t\"\ntopic_file = \"f\""),
    ("", "[[channel]]\nkind = \"webhook\""),
    ("", "[[channel]]\nkind = \"webhook\"\nurl = \"https://h\"\nheaders = { \"X Y\" = \"z\" }"),
    ("", "[[channel]]\nkind = \"desktop\"\nlevel = 3"),
    ("", "[[channel]]\nkind = \"desktop\"\ntimeout = \"61s\""),
    ("", "[[channel]]\nkind = \"desktop\"\nlevel = 2"),
    ("", "[[channel]]\nkind = \"desktop\"\nname = \"a\"\n[[channel]]\nkind = \"desktop\"\nname = \"a\""),
    (SMTP, "from = \"me\"\nto = [\"a@b\"]"),
    (SMTP, "from = \"a@b\"\nto = [\"a@b\"]\nuser = \"me\""),
    (SMTP, "from = \"a@b\"\nto = [\"a@b\"]\nuser = \"me\"\npassword_file = \"p\"\nsecurity = \"none\""),
    ("", "trip_when_mute = \"30m\""),
    ("", "prometheus_file = \"data/metrics.txt\""),
];

const CALENDARS: Cases = &[
    ("", "[calendar.us]\nzone = \"EST\"\ndays = \"Mon-Fri\"\nhours = [\"09:30-16:00\"]"),
    ("", "[calendar.us]\nzone = \"America/NewYork\"\ndays = \"Mon-Fri\"\nhours = [\"09:30-16:00\"]"),
    ("", "[calendar.us]\nzone = \"UTC\"\ndays = \"Monday-Friday\"\nhours = [\"09:30-16:00\"]"),
    ("", "[calendar.us]\nzone = \"UTC\"\ndays = \"Mon-Fri\"\nhours = [\"9:30-16:00\"]"),
    ("", "[calendar.us]\nzone = \"UTC\"\ndays = \"Mon-Fri\""),
    (CALENDAR, "holidays = [\"2026-11-26\", \"2026-02-30\"]"),
    (CALENDAR, "holidays = [\"2026-11-26\", \"2026-11-26\"]"),
    (CALENDAR, "half_days = { \"27.11.2026\" = \"13:00\" }"),
    (CALENDAR, "half_days = { \"2026-11-27\" = \"1pm\" }"),
    (CALENDAR, "holidays = [\"2026-11-27\"]\nhalf_days = { \"2026-11-27\" = \"13:00\" }"),
];

const OTHERS: Cases = &[
    ("", "[audit]\nlogs = [\"a.jsonl\", \"a.jsonl\"]"),
    ("", "[audit]\norigin = \"my desk\""),
    ("", "[action.cancel]\ncommand = [\"true\"]\ntimeout = \"10\""),
    ("", "[[anchor]]\nname = \"w\"\nkind = \"witness\"\nurl = \"https://w\"\nkey = \"w\""),
    ("", "[[anchor]]\nname = \"b\"\nkind = \"store\"\nurl = \"https://bucket\""),
    ("", "[overseer]\nlisten = \"9004\""),
    ("", "[[service]]\nname = \"s\""),
    ("", "[[service]]\nname = \"s\"\nport = 70000"),
    ("", "[[service]]\nname = \"s\"\nstart = { unit = \"a\", launchd = \"b\" }"),
    ("", "[[service]]\nname = \"s\"\nport = 1\nprocess = {}"),
    ("", "[[service]]\nname = \"s\"\nport = 1\nrestart = \"always\""),
    ("", "[[service]]\nname = \"s\"\nport = 1\n[[service]]\nname = \"t\"\nport = 1"),
    (
        "",
        "[[service]]\nname = \"s\"\nport = 1\npositions = { url = \"http://h\", adapter = \"freqtrade\", rows = \"/a\" }",
    ),
    ("", "[fleet]\nhost = \"mini\""),
    ("", "[fleet]\netcd = [\"https://e:2379\"]\ncert_file = \"c\""),
    ("", "[fleet]\netcd = [\"https://e:2379\"]\non_lost_contact = [\"run:x\"]"),
];
