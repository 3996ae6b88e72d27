//! Has the scheduler the units, and do they run?

use holdfast::advice::Advice;

use super::finding::Finding;
use super::{PATIENCE, Patient};
use crate::install::{Found, Job, Performer, Where, is_ours, names_root};
use crate::out::Refusal;
use crate::ran;
use crate::render::Platform;

const CHECK: &str = "units";

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It has no files.
    Absent,
    /// Its files are somebody else's.
    Foreign,
    /// They are about another root.
    Elsewhere,
    /// The scheduler does not have it, or not after the next boot.
    Stopped,
    /// The scheduler has it.
    Loaded,
}

/// A job as it was found.
pub(super) struct Unit {
    job: Job,
    /// What the scheduler calls it.
    name: String,
    state: State,
    /// The service that ended badly the last time, and how to look at it.
    failed: Option<(String, String)>,
    /// There is a use for it here.
    is_wanted: bool,
    /// Its files that are there, with what is in them.
    pub(super) files: Vec<(String, String)>,
}

pub(super) fn look(patient: &Patient<'_>) -> Result<Vec<Unit>, Refusal> {
    let performer = Performer { sys: patient.sys, place: &patient.place };
    let config = &patient.settings.config;
    let is_wanted = |job| match job {
        Job::Seal => config.audit.key.is_some(),
        Job::Anchor => !config.anchors.is_empty(),
        Job::Pipeline => false,
        Job::Watchdog | Job::WatchdogCheck | Job::Reminder => true,
    };
    let unit = |found: Found| Unit {
        job: found.job,
        name: found.job.unit(patient.place.platform),
        state: state(patient, &found),
        failed: failed(patient, found.job),
        is_wanted: is_wanted(found.job),
        files: files(&patient.place, &found),
    };
    Ok(performer.look(&Job::ALL)?.into_iter().map(unit).collect())
}

fn files(place: &Where, found: &Found) -> Vec<(String, String)> {
    let names = found.job.files(place.platform).into_iter();
    names.zip(&found.files).filter_map(|(name, text)| Some((place.join(&name), text.clone()?))).collect()
}

fn state(patient: &Patient<'_>, found: &Found) -> State {
    let root = std::path::absolute(patient.root.path()).unwrap_or_else(|_| patient.root.path().to_owned());
    let texts = || found.files.iter().flatten();
    match found.files.iter().any(Option::is_some) {
        false if found.is_loaded => State::Loaded,
        false => State::Absent,
        true if texts().any(|text| !is_ours(text)) => State::Foreign,
        true if !texts().any(|text| names_root(patient.place.platform, text, &root.to_string_lossy())) => {
            State::Elsewhere
        }
        true if found.is_loaded => State::Loaded,
        true => State::Stopped,
    }
}

/// systemd alone remembers it.
fn failed(patient: &Patient<'_>, job: Job) -> Option<(String, String)> {
    let user = match patient.place.platform {
        Platform::Systemd => "",
        Platform::SystemdUser => " --user",
        Platform::Launchd | Platform::Windows => return None,
    };
    let service = format!("holdfast-{}.service", job.name());
    let asked = format!("systemctl{user} is-failed --quiet {service}");
    let argv = asked.split(' ').map(str::to_owned).collect();
    let has_failed = ran::run(patient.sys, argv, PATIENCE).is_ok_and(|outcome| outcome.ok());
    let look = format!("journalctl{user} -u {service}; then systemctl{user} reset-failed {service}");
    has_failed.then_some((service, look))
}

pub(super) fn judge(units: &[Unit], advice: &Advice) -> Vec<Finding> {
    let install = advice.call("holdfast-setup", "install");
    let is_watched = units
        .iter()
        .any(|unit| matches!(unit.job, Job::Watchdog | Job::WatchdogCheck) && unit.state == State::Loaded);
    let mut findings: Vec<Finding> = Vec::new();
    if !is_watched {
        findings.push(Finding::bad(CHECK, "no watchdog is installed and running: nobody watches", &install));
    }
    let loaded: Vec<&str> =
        units.iter().filter(|unit| unit.state == State::Loaded).map(|unit| unit.name.as_str()).collect();
    if !loaded.is_empty() {
        findings.push(Finding::ok(CHECK, format!("loaded: {}", loaded.join(", "))));
    }
    for unit in units {
        findings.extend(judge_one(unit, is_watched, &install, advice));
        if let Some((service, look)) = &unit.failed {
            findings.push(Finding::bad(CHECK, format!("{service} has failed"), look));
        }
    }
    findings
}

fn judge_one(unit: &Unit, is_watched: bool, install: &str, advice: &Advice) -> Option<Finding> {
    let name = &unit.name;
    match unit.state {
        // One of the two watchdogs is enough.
        State::Absent if unit.is_wanted && !matches!(unit.job, Job::Watchdog | Job::WatchdogCheck) => {
            Some(Finding::warn(CHECK, format!("{name} is not installed"), install))
        }
        State::Absent | State::Loaded => None,
        State::Foreign => Some(Finding::warn(
            CHECK,
            format!("{name} is not ours"),
            format!("look at it, move it away, then {install}"),
        )),
        State::Elsewhere => Some(Finding::bad(
            CHECK,
            format!("{name} is for another root"),
            format!("if this one takes its place: holdfast-setup uninstall, then {install}"),
        )),
        State::Stopped if unit.job == Job::Pipeline => Some(Finding::warn(
            CHECK,
            format!("{name} is installed and not running"),
            advice.call("holdfast-setup", "install --only pipeline --pipeline PATH"),
        )),
        State::Stopped if is_watched => {
            Some(Finding::warn(CHECK, format!("{name} is installed and not running"), install))
        }
        State::Stopped => Some(Finding::bad(CHECK, format!("{name} is installed and not running"), install)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    fn unit(job: Job, state: State) -> Unit {
        let name = job.unit(Platform::Systemd);
        Unit { job, name, state, failed: None, is_wanted: job != Job::Pipeline, files: Vec::new() }
    }

    #[test]
    fn one_watchdog_must_run_and_what_is_of_use_should() {
        use Job::{Pipeline, Reminder, Seal, Watchdog, WatchdogCheck};
        use Level::{Bad, Ok, Warn};
        use State::{Absent, Elsewhere, Foreign, Loaded, Stopped};
        let failed = Unit { failed: Some(("s".to_owned(), "look".to_owned())), ..unit(Seal, Loaded) };
        let cases: Vec<(Vec<Unit>, Vec<Level>)> = vec![
            (vec![], vec![Bad]),
            (vec![unit(Watchdog, Loaded)], vec![Ok]),
            (vec![unit(Watchdog, Absent), unit(WatchdogCheck, Loaded)], vec![Ok]),
            (vec![unit(Watchdog, Stopped), unit(WatchdogCheck, Loaded)], vec![Ok, Warn]),
            (vec![unit(Watchdog, Stopped)], vec![Bad, Bad]),
            (vec![unit(Watchdog, Elsewhere), unit(WatchdogCheck, Loaded)], vec![Ok, Bad]),
            (vec![unit(Watchdog, Loaded), unit(Reminder, Absent)], vec![Ok, Warn]),
            (vec![unit(Watchdog, Loaded), unit(Seal, Foreign)], vec![Ok, Warn]),
            (vec![unit(Watchdog, Loaded), unit(Pipeline, Absent)], vec![Ok]),
            (vec![unit(Watchdog, Loaded), unit(Pipeline, Stopped)], vec![Ok, Warn]),
            (vec![unit(Watchdog, Loaded), failed], vec![Ok, Bad]),
        ];
        for (units, levels) in cases {
            let findings = judge(&units, &Advice::default());
            let states: Vec<_> = units.iter().map(|unit| (unit.job, unit.state)).collect();
            assert_eq!(
                findings.iter().map(|finding| finding.level).collect::<Vec<_>>(),
                levels,
                "{states:?}"
            );
            let is_helped = |finding: &Finding| finding.level == Ok || finding.mend.is_some();
            assert!(findings.iter().all(is_helped), "{findings:?}");
        }
    }
}
