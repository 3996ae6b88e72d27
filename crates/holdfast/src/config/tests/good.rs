use std::path::{Path, PathBuf};

use super::super::*;
use crate::calendar::Session;
use crate::circuit::Mode;

fn parse(text: &str) -> Config {
    Config::parse(text).unwrap_or_else(|error| panic!("{error}\n\n{text}"))
}

fn watch(text: &str) -> Watch {
    parse(&format!("[[watch]]\nname = \"w\"\n{text}")).watches.remove(0)
}

/// The example of the design page, to the letter.
const DESIGN: &str = r#"
[[watch]]                          # without any: data/heartbeat.json and each data/heartbeats/*.json, 15m
name    = "trader-run"
kind    = "heartbeat"              # heartbeat | http | tcp | command | log
# heartbeat = "trader-hl"          # data/heartbeats/trader-hl.json; without it data/heartbeat.json
# url = "https://other-host/…"     # or read the beat over HTTP, or by command = ["ssh", …]: another machine's pipeline
max_age = "15m"
max_run = "10m"                    # begun and not ended; default max_age
during  = "us-equities"            # a calendar; default: always
advance = ["/candle_at"]           # unchanged for max_age: alive but not advancing
limit   = [{ field = "/llm_usd_today", max = 20.0, max_rise_per_hour = 8.0 }]   # a fall resets the rise
on_fail = ["trip", "alert"]        # default; also "trip:reduce", "run:NAME"
remind_every = "1h"
escalate_after = "15m"             # unacknowledged: also channels with level = 2

[calendar.us-equities]
zone = "America/New_York"
days = "Mon-Fri"
hours = ["09:30-16:00"]
holidays = ["2026-11-26", "2026-12-25"]
half_days = { "2026-11-27" = "13:00" }

[[channel]]
kind = "telegram"
token_file = "secrets/telegram"
chat = "-100123"
# base_url = "http://127.0.0.1:8081"   # a Bot API server of your own
# level = 2

[action.cancel-entries]
command = ["/usr/local/bin/cancel-entry-orders"]
timeout = "10s"

[audit]
logs = ["memory/decisions.jsonl", "memory/journal.jsonl", "data/trips.jsonl"]
key  = "secrets/audit_ed25519"
include = ["strategy/", "scripts/watchdog.py"]   # also packed
max_unsealed_age = "5m"
"#;

#[test]
fn the_example_of_the_design_says_what_it_says() {
    let config = parse(DESIGN);
    let watch = Watch {
        max_run: Span::secs(600),
        during: Some("us-equities".to_owned()),
        advance: vec!["/candle_at".parse().expect("pointer")],
        limit: vec![Limit {
            field: "/llm_usd_today".parse().expect("pointer"),
            bounds: Bounds { min: None, max: Some(20.0) },
            max_rise_per_hour: Some(8.0),
        }],
        ..Watch::heartbeat("trader-run".parse().expect("name"), None)
    };
    assert_eq!(config.watches, [watch]);
    let calendar = &config.calendars["us-equities"];
    assert_eq!(calendar.zone_name(), "America/New_York");
    let half_day = Session::Open { since: 1_795_789_800.0, until: 1_795_802_400.0 };
    assert_eq!(calendar.session(1_795_790_000.0), half_day, "2026-11-27, 14:30Z to 18:00Z");
    let telegram = ChannelKind::Telegram {
        token_file: "secrets/telegram".into(),
        chat: "-100123".to_owned(),
        base_url: "https://api.telegram.org".to_owned(),
    };
    let channel = Channel { name: "telegram".to_owned(), level: 1, timeout: Span::secs(10), kind: telegram };
    assert_eq!(config.channels, [channel]);
    let action = &config.actions["cancel-entries"];
    assert_eq!(
        (action.command.as_slice(), action.timeout),
        (&["/usr/local/bin/cancel-entry-orders".to_owned()][..], Span::secs(10))
    );
    assert_eq!(config.audit.logs, Audit::default().logs);
    assert_eq!(config.audit.key.as_deref(), Some(Path::new("secrets/audit_ed25519")));
    assert_eq!(config.audit.include, [PathBuf::from("strategy/"), PathBuf::from("scripts/watchdog.py")]);
}

#[test]
fn nothing_is_the_default() {
    for text in ["", "\n# nothing\n", "[calendar]\n", "watch = []\n", "[audit]\n[overseer]\n", "\u{feff}"] {
        let config = Config { given: BTreeSet::new(), ..parse(text) };
        assert_eq!(config, Config::default(), "{text:?}");
    }
}

#[test]
fn what_the_file_gives_is_known_also_where_it_is_the_default() {
    let config = parse("[audit]\n[[watch]]\nname = \"w\"\nescalate_after = \"15m\"\n");
    for (key, given) in
        [("audit", true), ("watch.escalate_after", true), ("watch.during", false), ("fleet", false)]
    {
        assert_eq!(config.given.contains(key), given, "{key}");
    }
}

#[test]
fn a_watch_without_more_than_a_name_is_the_default_watch() {
    assert_eq!(watch(""), Watch::heartbeat("w".parse().expect("name"), None));
    let named = watch("heartbeat = \"trader-hl\"");
    let file = "trader-hl".parse().expect("name");
    assert_eq!(named, Watch::heartbeat("w".parse().expect("name"), Some(file)));
}

#[test]
fn max_run_follows_max_age() {
    assert_eq!(watch("max_age = \"2m\"").max_run, Span::secs(120));
    assert_eq!(watch("max_age = \"2m\"\nmax_run = \"5m\"").max_run, Span::secs(300));
}

#[test]
fn every_kind_of_watch_has_its_defaults() {
    let probe = Probe { every: Span::secs(60), timeout: Span::secs(10), failures: 1 };
    let http = WatchKind::Http {
        url: "http://h/x".to_owned(),
        status: Vec::new(),
        expect: None,
        max_latency: None,
        auth: None,
    };
    let log = WatchKind::Log {
        log: "memory/decisions.jsonl".into(),
        unique: None,
        max_unsealed_age: Span::secs(300),
        whole_every: Span::secs(86_400),
    };
    for (text, kind) in [
        ("kind = \"http\"\nurl = \"http://h/x\"", http),
        (
            "kind = \"tcp\"\naddress = \"h:1\"",
            WatchKind::Tcp { address: "h:1".to_owned(), max_latency: None },
        ),
        (
            "kind = \"command\"\ncommand = [\"a\", \"\"]",
            WatchKind::Command { command: vec!["a".into(), String::new()] },
        ),
        ("kind = \"log\"\nlog = \"memory/decisions.jsonl\"", log),
        ("url = \"https://h\"", WatchKind::Heartbeat(BeatSource::Url("https://h".to_owned()))),
        ("command = [\"ssh\"]", WatchKind::Heartbeat(BeatSource::Command(vec!["ssh".to_owned()]))),
    ] {
        let watch = watch(text);
        assert_eq!((watch.kind, watch.probe), (kind, probe), "{text}");
    }
    let asked =
        watch("kind = \"tcp\"\naddress = \"[::1]:9002\"\nevery = \"5s\"\ntimeout = \"1s\"\nfailures = 3");
    assert_eq!(asked.probe, Probe { every: Span::secs(5), timeout: Span::secs(1), failures: 3 });
    let log =
        parse("audit.max_unsealed_age = \"9m\"\nwatch = [{ name = \"l\", kind = \"log\", log = \"a\" }]");
    assert!(
        matches!(log.watches[0].kind, WatchKind::Log { max_unsealed_age, .. } if max_unsealed_age == Span::secs(540))
    );
}

#[test]
fn acts_are_read_in_any_order() {
    let actions = "[action.a]\ncommand = [\"true\"]\n[action.b]\ncommand = [\"true\"]\n";
    for (text, trip, alert, run) in [
        ("[\"trip\", \"alert\"]", Some(Mode::Halt), true, &[][..]),
        ("[\"alert\", \"trip:reduce\"]", Some(Mode::Reduce), true, &[]),
        ("[\"trip:halt\"]", Some(Mode::Halt), false, &[]),
        ("[\"run:b\", \"alert\", \"run:a\"]", None, true, &["b", "a"]),
    ] {
        let config = parse(&format!("{actions}[[watch]]\nname = \"w\"\non_fail = {text}"));
        let run = run.iter().map(ToString::to_string).collect();
        assert_eq!(config.watches[0].on_fail, OnFail { trip, alert, run }, "{text}");
    }
}

#[test]
fn channels_without_a_name_get_one_of_their_own() {
    let command = |rest: &str| format!("[[channel]]\nkind = \"command\"\ncommand = [\"true\"]\n{rest}\n");
    let text = [command(""), command("name = \"command-2\""), command(""), command("level = 2")].concat();
    let channels = parse(&(text + "[[channel]]\nkind = \"desktop\"")).channels;
    let names: Vec<_> = channels.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!(names, ["command", "command-2", "command-3", "command-4", "desktop"]);
    assert_eq!(channels[3].level, 2);
}

#[test]
fn mail_goes_to_the_port_of_its_security() {
    let mail = |rest: &str| {
        let text =
            format!("[[channel]]\nkind = \"smtp\"\nhost = \"h\"\nfrom = \"a@b\"\nto = [\"c@d\"]\n{rest}");
        parse(&text).channels.remove(0).kind
    };
    for (rest, expected, encrypted) in [
        ("", 465, Security::Tls),
        ("security = \"starttls\"", 587, Security::Starttls),
        ("security = \"none\"", 25, Security::None),
        ("port = 2525", 2525, Security::Tls),
    ] {
        let found = mail(rest);
        let right = matches!(&found, ChannelKind::Smtp { port, security, .. } if (*port, *security) == (expected, encrypted));
        assert!(right, "{rest}: {found:?}");
    }
}

#[test]
fn dates_may_be_tomls_own_and_days_a_list() {
    let quoted = parse(
        "[calendar.x]\nzone = \"UTC\"\ndays = [\"Sun\", \"Mon-Wed\"]\nhours = [\"00:00-24:00\"]\nholidays = [\"2026-12-25\"]",
    );
    let bare = parse(
        "[calendar.x]\nzone = \"UTC\"\ndays = \"Sun-Wed\"\nhours = [\"00:00-24:00\"]\nholidays = [2026-12-25]",
    );
    assert_eq!(quoted, bare);
}

#[test]
fn secret_files_are_all_named_once() {
    let examples = super::examples();
    let complete = parse(examples.first().expect("the complete example"));
    let files: Vec<_> = complete.secret_files().iter().map(|file| file.display().to_string()).collect();
    let expected = ["audit_ed25519", "healthchecks-url", "mail", "pager-url", "telegram"];
    assert_eq!(files, expected.map(|name| format!("secrets/{name}")));
    for example in examples {
        let config = parse(example);
        let named = example
            .split('"')
            .filter(|word| word.starts_with("secrets/"))
            .collect::<std::collections::HashSet<_>>();
        assert_eq!(config.secret_files().len(), named.len(), "{example}");
    }
}
