//! Is a watchdog at work, and is its configuration in force?

use holdfast::advice::Advice;
use holdfast::lately::Watchdog;
use holdfast::time::Span;
use serde_json::Value;

use super::finding::Finding;
use super::{PATIENCE, Patient};
use crate::ran;

/// What `guard` takes for fresh.
const LATELY: Span = Span::secs(35 * 60);

pub(super) struct Watch {
    watchdog: Watchdog,
    /// What `watchdog validate` says.
    valid: Result<(), String>,
}

pub(super) fn look(patient: &Patient<'_>) -> Watch {
    let asked = ran::answer(patient.sys, patient.call("watchdog", &["validate", "--json"]), PATIENCE);
    let valid = match asked {
        Ok((outcome, _)) if outcome.ok() => Ok(()),
        Ok((_, said)) => Err(error(&said).unwrap_or_else(|| "watchdog validate gives no answer".to_owned())),
        Err(error) => Err(format!("watchdog validate cannot be asked: {error}")),
    };
    Watch { watchdog: Watchdog::look(patient.sys, patient.root), valid }
}

/// The fact in a refusal for machines.
fn error(said: &str) -> Option<String> {
    let said: Value = serde_json::from_str(said.lines().next()?).ok()?;
    Some(said.get("error")?.as_str()?.to_owned())
}

pub(super) fn judge(watch: &Watch, advice: &Advice) -> Vec<Finding> {
    let watchdog = match watch.watchdog.lacking(LATELY) {
        None => Finding::ok("watchdog", watch.watchdog.to_string()),
        Some(why) => Finding::bad("watchdog", why, advice.call("holdfast-setup", "install")),
    };
    let config = match &watch.valid {
        Ok(()) => Finding::ok("config", "holdfast.toml is valid"),
        Err(why) => Finding::bad("config", why, advice.call("watchdog", "validate")),
    };
    vec![watchdog, config]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level::{Bad, Ok as Good};

    #[test]
    fn a_watchdog_must_have_checked_lately_by_a_valid_configuration() {
        for (watchdog, valid, levels) in [
            (Watchdog::Checked(3.0), Ok(()), [Good, Good]),
            (Watchdog::Checked(2101.0), Ok(()), [Bad, Good]),
            (Watchdog::Never, Ok(()), [Bad, Good]),
            (Watchdog::Unclear("is torn".to_owned()), Err("line 3".to_owned()), [Bad, Bad]),
        ] {
            let findings = judge(&Watch { watchdog, valid }, &Advice::default());
            assert_eq!([findings[0].level, findings[1].level], levels, "{findings:?}");
        }
    }

    #[test]
    fn the_fact_of_a_refusal_is_its_first_line() {
        assert_eq!(error("{\"exit\":78,\"error\":\"e\",\"advice\":[]}\n"), Some("e".to_owned()));
        assert_eq!(error(""), None);
        assert_eq!(error("{}"), None);
    }
}
