//! Are the logs as they were sealed, how old is the last seal, and who outside has seen it?

use std::time::Duration;

use holdfast::advice::Advice;
use holdfast::time::{Span, age};
use serde::Deserialize;

use super::Patient;
use super::finding::Finding;
use crate::ran;

const LOG: &str = "log";
const ANCHOR: &str = "anchor";
/// Ten million lines are hashed in less.
const PATIENCE: Duration = Duration::from_mins(10);
/// Where `max_anchor_age` is not set.
const ANCHOR_AGE: Span = Span::secs(7 * 86_400);

/// A line of `audit-pack check --json`.
#[derive(Debug, Deserialize)]
struct Said {
    #[serde(default)]
    log: String,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    lines: u64,
    sealed_ms: Option<u64>,
    late: Option<String>,
    #[serde(default)]
    lacks: Vec<String>,
    #[serde(default)]
    anchored: Anchored,
    #[serde(default)]
    findings: Vec<Damage>,
    error: Option<String>,
    #[serde(default)]
    advice: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Anchored {
    #[serde(default)]
    sources: Vec<Source>,
}

#[derive(Debug, Deserialize)]
struct Source {
    name: String,
    time_s: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Damage {
    kind: String,
    line: Option<u64>,
}

pub(super) struct Logs {
    /// Each log, or why nobody knows.
    said: Result<Vec<Said>, String>,
    wall: f64,
    /// A key is configured, so they should be sealed.
    is_sealed_here: bool,
    /// How old the last anchor may be, where there are to be some.
    anchors: Option<Span>,
}

pub(super) fn look(patient: &Patient<'_>, is_quick: bool) -> Logs {
    let words: &[&str] = if is_quick { &["check", "--json", "--quick"] } else { &["check", "--json"] };
    let said = ran::answer(patient.sys, patient.call("audit-pack", words), PATIENCE)
        .map_err(|error| format!("audit-pack check cannot be asked: {error}"))
        .and_then(|(_, said)| parse(&said));
    let config = &patient.settings.config;
    let anchors = (!config.anchors.is_empty()).then(|| config.audit.max_anchor_age.unwrap_or(ANCHOR_AGE));
    Logs { said, wall: patient.sys.clock.now().wall, is_sealed_here: config.audit.key.is_some(), anchors }
}

fn parse(said: &str) -> Result<Vec<Said>, String> {
    let lines: Result<Vec<Said>, _> = said.lines().map(serde_json::from_str).collect();
    match lines {
        Ok(lines) if !lines.is_empty() => Ok(lines),
        _ => Err("audit-pack check gives no answer".to_owned()),
    }
}

pub(super) fn judge(logs: &Logs, advice: &Advice) -> Vec<Finding> {
    let said = match &logs.said {
        Ok(said) => said,
        Err(why) => return vec![Finding::bad(LOG, why, advice.call("audit-pack", "check"))],
    };
    let mut findings: Vec<Finding> = said.iter().map(|said| judge_seals(said, logs, advice)).collect();
    if logs.is_sealed_here {
        findings.push(judge_anchors(said, logs, advice));
    }
    findings
}

fn judge_seals(said: &Said, logs: &Logs, advice: &Advice) -> Finding {
    let log = &said.log;
    let check = || advice.call("audit-pack", "check");
    if let Some(error) = &said.error {
        // Without a key nobody meant to seal it.
        return if !logs.is_sealed_here || error.ends_with("is not sealed yet") {
            let mend =
                if logs.is_sealed_here { advice.call("audit-pack", "seal") } else { said.advice.join("; ") };
            Finding::warn(LOG, error, mend)
        } else {
            Finding::bad(LOG, error, check())
        };
    }
    if let Some(damage) = said.findings.first() {
        let line = damage.line.map(|line| format!(", line {line}")).unwrap_or_default();
        return Finding::bad(LOG, format!("{log} is CHANGED: {}{line}", damage.kind), check());
    }
    if let Some(late) = &said.late {
        return Finding::bad(LOG, format!("{log}: {late}"), advice.call("audit-pack", "seal"));
    }
    match said.verdict.as_str() {
        // What it lacks is told with the anchors.
        "unchanged" | "below-policy" => {
            let seal = said.sealed_ms.map_or_else(
                || "nothing to seal yet".to_owned(),
                |ms| format!("last seal {} ago", age((logs.wall - ms as f64 / 1e3).max(0.0))),
            );
            Finding::ok(LOG, format!("{log} is unchanged: {} sealed lines, {seal}", said.lines))
        }
        verdict => Finding::bad(LOG, format!("{log} is {verdict}"), check()),
    }
}

fn judge_anchors(said: &[Said], logs: &Logs, advice: &Advice) -> Finding {
    let anchor = advice.call("audit-pack", "anchor");
    let Some(most) = logs.anchors else {
        let fact = "nobody outside has seen the logs: whoever owns the key could write them anew";
        return Finding::warn(ANCHOR, fact, "add an [[anchor]] to holdfast.toml: docs/audit-pack.md#anchor");
    };
    if let Some((log, lack)) = said.iter().find_map(|said| Some((&said.log, said.lacks.first()?))) {
        return Finding::bad(ANCHOR, format!("{log}: {lack}"), anchor);
    }
    let sources = said.iter().flat_map(|said| &said.anchored.sources);
    let newest = sources.filter_map(|source| Some((source.time_s?, &source.name))).max();
    match newest {
        None => Finding::bad(ANCHOR, "none of those named has seen a log yet", anchor),
        Some((time_s, name)) => {
            let old = (logs.wall - time_s as f64).max(0.0);
            let fact = format!("the last one is of {} ago, by {name}", age(old));
            if old > most.as_secs_f64() {
                Finding::bad(ANCHOR, fact, anchor)
            } else {
                Finding::ok(ANCHOR, fact)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use super::*;
    use crate::doctor::finding::Level::{self, Bad, Ok as Good, Warn};

    const NOW: f64 = 1_000_000.0;

    fn judged(line: &str, is_sealed_here: bool, anchors: Option<Span>) -> Vec<(Level, String)> {
        let logs = Logs { said: parse(line), wall: NOW, is_sealed_here, anchors };
        let findings = judge(&logs, &Advice::default());
        findings.into_iter().map(|finding| (finding.level, finding.fact)).collect()
    }

    #[test]
    fn a_log_is_as_it_was_sealed_or_it_is_named() {
        for (line, level, fact) in [
            (
                r#"{"log":"d","verdict":"unchanged","lines":3,"sealed_ms":999940000,"findings":[]}"#,
                Good,
                "d is unchanged: 3 sealed lines, last seal 1m ago",
            ),
            (
                r#"{"log":"d","verdict":"unchanged","sealed_ms":null}"#,
                Good,
                "d is unchanged: 0 sealed lines, nothing to seal yet",
            ),
            (
                r#"{"log":"d","verdict":"changed","findings":[{"kind":"edited","line":7}]}"#,
                Bad,
                "d is CHANGED: edited, line 7",
            ),
            (
                r#"{"log":"d","verdict":"unsealed","late":"9 bytes for over 5m"}"#,
                Bad,
                "d: 9 bytes for over 5m",
            ),
            (r#"{"log":"d","verdict":"unsealed"}"#, Bad, "d is unsealed"),
            (
                r#"{"exit":78,"error":"d is not sealed yet","advice":["seal it"]}"#,
                Warn,
                "d is not sealed yet",
            ),
            (r#"{"exit":74,"error":"d cannot be read","advice":[]}"#, Bad, "d cannot be read"),
            ("", Bad, "audit-pack check gives no answer"),
            ("nonsense", Bad, "audit-pack check gives no answer"),
        ] {
            assert_eq!(judged(line, true, None)[0], (level, fact.to_owned()), "{line}");
        }
        let without_key = judged(r#"{"exit":78,"error":"no key","advice":["name one"]}"#, false, None);
        assert_eq!(without_key, [(Warn, "no key".to_owned())]);
    }

    #[test]
    fn an_anchor_is_of_somebody_outside_and_not_too_old() {
        let sources = |sources: &str| {
            format!(r#"{{"log":"d","verdict":"unchanged","anchored":{{"sources":[{sources}]}}}}"#)
        };
        let hour = Some(Span::secs(3600));
        let old = r#"{"name":"old","time_s":990000}"#;
        let new = r#"{"name":"new","time_s":999940}"#;
        for (line, anchors, level, fact) in [
            (
                sources(""),
                None,
                Warn,
                "nobody outside has seen the logs: whoever owns the key could write them anew",
            ),
            (sources(""), hour, Bad, "none of those named has seen a log yet"),
            (sources(old), hour, Bad, "the last one is of 2h 46m ago, by old"),
            (sources(&format!("{old},{new}")), hour, Good, "the last one is of 1m ago, by new"),
            (
                r#"{"log":"d","verdict":"below-policy","lacks":["2 anchors, of 3"]}"#.to_owned(),
                hour,
                Bad,
                "d: 2 anchors, of 3",
            ),
        ] {
            assert_eq!(judged(&line, true, anchors).pop().unwrap(), (level, fact.to_owned()), "{line}");
        }
    }
}
