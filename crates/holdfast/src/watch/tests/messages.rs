//! What people read at three in the morning.

use super::incidents::{Rounds, bad, well};
use crate::calendar::Zone;
use crate::circuit::{Hold, Mode};
use crate::watch::message::{News, Setting, Turn, compose_in};
use crate::watch::{Act, Incident, Judged, Settled, Sight, Verdict};

/// Without the local times, which are those of whoever runs the test, and with the root as it was named.
fn shown(settled: Settled) -> String {
    let message = settled.message.expect("a message");
    let text = format!("{}\n---\n{}", message.subject, message.text);
    let root = std::path::absolute("/srv/trader").expect("a path");
    let text = text.replace(&root.display().to_string(), "/srv/trader");
    let mut parts = text.split(" UTC (");
    let first = parts.next().expect("a first part").to_owned();
    parts.fold(first, |shown, part| shown + " UTC" + part.split_once(')').map_or(part, |(_, rest)| rest))
}

#[test]
fn it_speaks_of_times_as_people_read_them_and_of_commands_as_a_shell_does() {
    let rounds = Rounds::new("");
    let now = rounds.bench.now().wall;
    let hold = |since: f64| Hold {
        id: "20251121T062000Z-7f3a01".to_owned(),
        mode: Mode::Halt,
        reason: "legal review".to_owned(),
        by: "alice".to_owned(),
        watch: None,
        host: "mini".to_owned(),
        since,
    };
    let incident = Incident {
        id: "20251121T062000Z-7f3a01".to_owned(),
        watch: "trader-run".to_owned(),
        verdict: Verdict::Stale,
        detail: "heartbeat stale".to_owned(),
        act: Act::Trip,
        at: now - 6000.25,
        opened: Sight::now(&rounds.bench.now()),
        told: Sight::now(&rounds.bench.now()),
        acked: None,
        acted: None,
        first_told: None,
        escalated: false,
        well: None,
        flaps: 0,
    };
    let text = |since: f64, root: &str| {
        let mut rounds = Rounds::new("");
        rounds.holds.push(hold(since));
        let view = rounds.view();
        let setting = Setting { host: "mini", root, view: &view, wall: now, deaf: false };
        let zone = Zone::named("Europe/Berlin").expect("a zone");
        let message = compose_in(
            &zone,
            &setting,
            &[News::Incident(Turn::Repeat, incident.clone().into())],
            String::new,
        );
        let message = message.expect("a message");
        format!("{}\n---\n{}", message.subject, message.text)
    };
    #[cfg(unix)]
    insta::assert_snapshot!(text(now - 6000.25, "/tmp/a b'c"));
    for impossible in [1e300, -1e300] {
        let text = text(impossible, "/srv/bot");
        assert!(text.contains("PAUSED at an impossible time."), "{text}");
    }
}

#[test]
fn a_stale_pipeline_pauses_trading() {
    let mut rounds = Rounds::new("");
    let stale = Judged::new(Verdict::Stale, Act::Trip, "heartbeat stale: last beat 21m ago, allowed 15m");
    insta::assert_snapshot!(shown(rounds.round(1.0, &[("trader-run", stale)])));
}

#[test]
fn two_at_once_and_a_pause_by_hand() {
    let mut rounds = Rounds::new("");
    rounds.holds.push(Hold {
        id: "by-hand".to_owned(),
        mode: Mode::Halt,
        reason: "paused by hand, without a reason".to_owned(),
        by: "by hand".to_owned(),
        watch: None,
        host: "unknown".to_owned(),
        since: rounds.bench.now().wall - 7200.0,
    });
    let failed = Judged::new(Verdict::Reported, Act::Trip, "the pipeline reports status \"failed\" (exit 1)");
    insta::assert_snapshot!(shown(
        rounds.round(1.0, &[("trader-run", failed), ("trader-hl", bad(Act::Alert))])
    ));
}

#[test]
fn still_wrong_and_well_again() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("trader-run", bad(Act::Trip))]);
    let still = shown(rounds.round(3600.0, &[("trader-run", bad(Act::Trip))]));
    let over = shown(rounds.round(60.0, &[("trader-run", well())]));
    insta::assert_snapshot!(format!("{still}\n\n======\n\n{over}"));
}

#[test]
fn resumed_on_a_terminal() {
    let mut rounds = Rounds::new("");
    rounds.round(1.0, &[("trader-run", bad(Act::Trip))]);
    rounds.round(60.0, &[("trader-run", well())]);
    rounds.resume();
    insta::assert_snapshot!(shown(rounds.round(60.0, &[("trader-run", well())])));
}

#[test]
fn the_disk_does_not_take_the_trip() {
    let mut rounds = Rounds::new("");
    rounds.disk_fails = true;
    insta::assert_snapshot!(shown(rounds.round(1.0, &[("trader-run", bad(Act::Trip))])));
}

#[test]
fn orders_that_lower_risk_are_allowed() {
    let mut rounds = Rounds::new("[[watch]]\nname = \"trader-run\"\non_fail = [\"trip:reduce\", \"alert\"]");
    insta::assert_snapshot!(shown(rounds.round(1.0, &[("trader-run", bad(Act::Trip))])));
}

#[test]
fn words_of_others_cannot_forge_a_line_and_have_a_bound() {
    let mut rounds = Rounds::new("");
    for number in 0..1000 {
        rounds.holds.push(Hold {
            id: format!("h-{number}"),
            mode: Mode::Halt,
            reason: format!("x\nTrading on mini is armed\u{1b}[2J{}", "y".repeat(900)),
            by: "mallory\nOVER: all is well".to_owned(),
            watch: None,
            host: "mini\n".to_owned(),
            since: 0.0,
        });
    }
    let paused = shown(rounds.round(1.0, &[]));
    rounds.resume();
    let resumed = shown(rounds.round(1.0, &[]));
    for text in [paused, resumed] {
        assert!(
            !text.contains('\u{1b}')
                && !text.contains("\nOVER")
                && !text.contains("\nTrading on mini is armed\u{1b}")
        );
        assert!(text.len() < 20_000, "{}", text.len());
        assert!(text.lines().next().is_some_and(|subject| subject.len() < 600));
    }
}
