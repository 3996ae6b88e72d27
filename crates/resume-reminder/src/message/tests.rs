//! The messages as people read them.

use holdfast_notify::Heads;
use std::path::Path;

use holdfast::advice::Advice;
use holdfast::calendar::Zone;
use holdfast::circuit::{Hold, Mode, Resumed, Verdict, Why};
use holdfast::watch::{self, Said};

use super::compose;
use crate::facts::Facts;

const NOW: f64 = 1_795_248_000.0;
const DAY: f64 = 86_400.0;

fn hold(id: &str, reason: &str, days: f64) -> Hold {
    Hold {
        id: id.to_owned(),
        mode: Mode::Halt,
        reason: reason.to_owned(),
        by: "alice".to_owned(),
        watch: None,
        host: "mini".to_owned(),
        since: NOW - days * DAY,
    }
}

fn said(watch: &str, verdict: watch::Verdict, detail: &str) -> Said {
    let blocks_resume = verdict == watch::Verdict::Reported;
    Said { watch: watch.to_owned(), verdict, detail: detail.to_owned(), blocks_resume }
}

fn armed() -> Facts {
    Facts {
        host: "mini".to_owned(),
        advice: Advice::elsewhere(Path::new("/srv/bot")),
        now: NOW,
        zone: Zone::named("Europe/Berlin").expect("a zone"),
        verdict: Verdict::Green,
        holds: Vec::new(),
        resumed: None,
        watches: vec![said("trader-run", watch::Verdict::Fresh, "last beat 2m 5s ago")],
        trouble: None,
        checked: Some(240.0),
        incidents: Vec::new(),
        waiting: 0,
        faults: Vec::new(),
        decisions: Some((491_520, 125.0)),
        heads: Heads::default(),
    }
}

fn paused() -> Facts {
    let watchdog = Hold {
        by: "watchdog".to_owned(),
        watch: Some("trader-run".to_owned()),
        ..hold(
            "20261118T060000Z-7f3a01",
            "trader-run: heartbeat stale: last beat 21m 3s ago, allowed 15m",
            3.1,
        )
    };
    Facts {
        verdict: Verdict::Paused { mode: Mode::Halt, why: Why::Face },
        holds: vec![watchdog, hold("20261120T060000Z-0b11ce", "legal review of the new venue", 1.0)],
        watches: vec![
            said("trader-hl", watch::Verdict::Fresh, "last beat 9s ago"),
            said("trader-run", watch::Verdict::Reported, "the pipeline reports: failed"),
        ],
        ..armed()
    }
}

fn shown(facts: &Facts, digest: bool) -> String {
    let message = compose(facts, digest).expect("a message");
    format!("{}\n\n{}", message.subject, message.text)
}

#[test]
fn nothing_is_said_while_all_is_well() {
    assert_eq!(compose(&armed(), false), None);
}

#[test]
fn a_reminder_says_what_since_when_why_and_what_to_do() {
    insta::assert_snapshot!(shown(&paused(), false));
}

#[test]
fn commands_are_quoted_and_impossible_times_are_called_so() {
    let mut facts = Facts { advice: Advice::elsewhere(Path::new("/tmp/a b'c")), ..paused() };
    facts.holds = (0..21).map(|number| hold(&format!("h-{number}"), "x", 1.0)).collect();
    facts.watches = (0..21).map(|number| said(&number.to_string(), watch::Verdict::Fresh, "x")).collect();
    facts.holds[0].since = 1e300;
    let text = shown(&facts, false);
    for command in ["circuit-ctl resume", "circuit-ctl status --json", "watchdog status"] {
        assert!(text.contains(&format!("{command} --root '/tmp/a b'\\''c'\n")), "{command}: {text}");
    }
    assert!(text.starts_with("[mini] STILL PAUSED, since an impossible time: x"), "{text}");
    assert!(text.contains("PAUSED (no new orders) at an impossible time. It stays"), "{text}");
}

#[test]
fn a_digest_of_a_pause_is_the_reminder_and_more() {
    let mut facts = Facts { waiting: 2, decisions: None, checked: Some(18_120.0), ..paused() };
    facts.verdict = Verdict::Paused { mode: Mode::Reduce, why: Why::Face };
    facts.trouble = Some("holdfast.toml:3:1: unknown key \"nam\"\n  more".to_owned());
    insta::assert_snapshot!(shown(&facts, true));
}

#[test]
fn a_digest_of_health_names_the_last_resume() {
    let resumed = Resumed {
        at: NOW - 2.0 * DAY,
        up: 0.0,
        awake: None,
        boot: None,
        by: "alice".to_owned(),
        why: "new API key".to_owned(),
        lifted: Vec::new(),
    };
    insta::assert_snapshot!(shown(&Facts { resumed: Some(resumed), ..armed() }, true));
}

#[test]
fn the_subject_of_a_digest_does_not_hide_what_is_wrong() {
    let subject = |facts: Facts| compose(&facts, true).expect("a message").subject;
    let ill = vec![
        said("a", watch::Verdict::Stale, "…"),
        said("b", watch::Verdict::Fresh, "…"),
        said("c", watch::Verdict::Unknown, "…"),
    ];
    for (facts, rest) in [
        (armed(), "1 watch, all well"),
        (Facts { watches: ill, ..armed() }, "but 2 of 3 watches not well"),
        (Facts { trouble: Some("bad".to_owned()), ..armed() }, "but holdfast.toml is not in force"),
        (Facts { checked: Some(2101.0), ..armed() }, "but NOBODY IS WATCHING"),
        (Facts { checked: None, ..armed() }, "but NOBODY IS WATCHING"),
    ] {
        assert_eq!(subject(facts), format!("[mini] daily digest: armed, {rest}"));
    }
}

#[test]
fn words_of_others_stay_in_their_line_and_many_holds_are_counted() {
    let holds = (0..25).map(|n| hold(&format!("x-{n}"), "a\nFORGED: all is well\u{1b}[2J", 1.0)).collect();
    let text = shown(&Facts { holds, ..paused() }, false);
    assert!(text.contains(r"a\nFORGED") && !text.contains('\u{1b}'), "{text}");
    assert!(text.contains("25 holds, oldest first") && text.contains("- and 5 more"), "{text}");
}

#[test]
fn a_hold_from_the_future_has_no_age() {
    let holds = vec![hold("x-1", "set while the clock was wrong", -1.0)];
    let text = shown(&Facts { holds, ..paused() }, false);
    assert!(text.contains("ahead of the clock"), "{text}");
}

#[test]
fn it_ends_with_the_heads_of_the_sealed_logs() {
    let heads = Heads { lines: vec!["desk/decisions 5 abc=".to_owned()], faults: Vec::new() };
    for digest in [false, true] {
        let text = shown(&Facts { heads: heads.clone(), ..paused() }, digest);
        assert!(text.ends_with("can prove them later:\ndesk/decisions 5 abc=\n"), "{text}");
        assert!(text.contains(".\n\nHeads of the sealed logs"), "{text}");
    }
}
