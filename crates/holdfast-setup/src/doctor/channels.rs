//! Would anybody be told (**no-silent-alert**)?

use holdfast::advice::Advice;
use holdfast::json::Value;
use holdfast::time::age;
use holdfast::{journal, watch};

use super::Patient;
use super::finding::Finding;

const CHECK: &str = "channels";
/// Tokens expire, and phones are replaced: once a month, in seconds.
const LONG: f64 = 35.0 * 86_400.0;

/// The last word about a channel.
#[derive(Clone, Debug, PartialEq)]
enum Last {
    /// Nobody knows.
    Never,
    /// Something was accepted then.
    Accepted(f64),
    /// Since then nothing is.
    Failing(f64, String),
}

pub(super) struct Channel {
    name: String,
    /// What the watchdog remembers of its messages.
    sent: Last,
    /// What `watchdog test-alert` has found.
    tested: Last,
}

pub(super) fn look(patient: &Patient<'_>) -> Vec<Channel> {
    let memory = watch::recollect(patient.sys, patient.root).ok().flatten().map(|(_, memory)| memory);
    let entries = journal::recent(patient.sys, patient.root).map(|found| found.0).unwrap_or_default();
    let channel = |name: &String| {
        let is_test = |entry: &&holdfast::json::Object| {
            entry.get("kind").and_then(Value::as_str) == Some("channel-tested")
                && entry.get("channel").and_then(Value::as_str) == Some(name)
        };
        let tested = entries.iter().rev().find(is_test).cloned().map(Value::from);
        let sent = memory.as_ref().and_then(|memory| memory.channels.get(name));
        Channel {
            name: name.clone(),
            sent: sent.map_or(Last::Never, of_memory),
            tested: tested.as_ref().map_or(Last::Never, of_test),
        }
    };
    patient.settings.config.channels.iter().map(|configured| channel(&configured.name)).collect()
}

fn number(value: &Value, key: &str) -> f64 {
    value.get(key).and_then(Value::as_f64).unwrap_or_default()
}

fn why(value: &Value) -> String {
    value.get("why").and_then(Value::as_str).unwrap_or("it does not say why").to_owned()
}

/// As `docs/formats/watchdog.md` has it under `channels`.
fn of_memory(state: &Value) -> Last {
    match state.get("state").and_then(Value::as_str) {
        Some("ok") => Last::Accepted(number(state, "at")),
        Some("failing" | "broken") => Last::Failing(number(state, "since"), why(state)),
        _ => Last::Never,
    }
}

fn of_test(entry: &Value) -> Last {
    match entry.get("works").and_then(Value::as_bool) {
        Some(true) => Last::Accepted(number(entry, "at")),
        _ => Last::Failing(number(entry, "at"), why(entry)),
    }
}

pub(super) fn judge(channels: &[Channel], wall: f64, advice: &Advice) -> Vec<Finding> {
    if channels.is_empty() {
        let add = "add a [[channel]] to holdfast.toml, then watchdog test-alert";
        return vec![Finding::bad(
            CHECK,
            "none is configured: trading is paused all the same, but nobody is told",
            add,
        )];
    }
    channels.iter().map(|channel| judge_one(channel, wall, advice)).collect()
}

fn judge_one(Channel { name, sent, tested }: &Channel, wall: f64, advice: &Advice) -> Finding {
    let test = advice.call("watchdog", "test-alert");
    let at = |last: &Last| match last {
        Last::Never => f64::MIN,
        Last::Accepted(at) | Last::Failing(at, _) => *at,
    };
    let last = if at(tested) > at(sent) { tested } else { sent };
    match last {
        Last::Never => Finding::warn(CHECK, format!("{name} was never tested"), test),
        Last::Failing(since, why) => {
            let fact = format!("{name} does not work since {} ago: {why}", age((wall - since).max(0.0)));
            Finding::bad(CHECK, fact, format!("mend that, then {test}"))
        }
        Last::Accepted(at) if wall - at > LONG => {
            Finding::warn(CHECK, format!("{name} was last tested {} ago", age(wall - at)), test)
        }
        Last::Accepted(at) => {
            Finding::ok(CHECK, format!("{name} took a message {} ago", age((wall - at).max(0.0))))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use super::*;
    use crate::doctor::finding::Level::{self, Bad, Ok, Warn};

    #[test]
    fn the_last_word_about_a_channel_counts() {
        let fails = |at| Last::Failing(at, "no".to_owned());
        let day = 86_400.0;
        let now = 100.0 * day;
        let cases: [(Last, Last, Level); 8] = [
            (Last::Never, Last::Never, Warn),
            (Last::Accepted(now - 1.0), Last::Never, Ok),
            (Last::Never, Last::Accepted(now - 1.0), Ok),
            (Last::Never, Last::Accepted(now - 36.0 * day), Warn),
            (fails(now - 5.0), Last::Accepted(now - 9.0), Bad),
            (fails(now - 9.0), Last::Accepted(now - 5.0), Ok),
            (Last::Accepted(now - 9.0), fails(now - 5.0), Bad),
            (Last::Accepted(now + 60.0), Last::Never, Ok),
        ];
        for (sent, tested, level) in cases {
            let channel = Channel { name: "pager".to_owned(), sent: sent.clone(), tested: tested.clone() };
            let finding = judge_one(&channel, now, &Advice::default());
            assert_eq!(finding.level, level, "{sent:?} {tested:?}");
        }
        assert_eq!(judge(&[], now, &Advice::default())[0].level, Bad);
    }

    #[test]
    fn what_the_watchdog_and_the_journal_keep_is_understood() {
        let parse = |text| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(of_memory(&parse(r#"{"state":"untried"}"#)), Last::Never);
        assert_eq!(of_memory(&parse(r#"{"state":"ok","at":1.5}"#)), Last::Accepted(1.5));
        let failing = Last::Failing(2.0, "w".to_owned());
        assert_eq!(of_memory(&parse(r#"{"state":"failing","since":2.0,"why":"w","tries":2}"#)), failing);
        assert_eq!(of_memory(&parse(r#"{"state":"broken","since":2.0,"why":"w"}"#)), failing);
        assert_eq!(of_test(&parse(r#"{"at":2.0,"works":false,"why":"w"}"#)), failing);
        assert_eq!(of_test(&parse(r#"{"at":3.0,"works":true}"#)), Last::Accepted(3.0));
    }
}
