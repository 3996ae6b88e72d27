//! How each scheduler is asked, told to start, and told to stop.

use super::jobs::Job;
use super::plan::Call;
use crate::render::Platform;

/// Where units go.
#[derive(Clone, Debug)]
pub(crate) struct Where {
    pub(crate) platform: Platform,
    /// The folder of the units.
    pub(crate) dir: String,
    /// launchd's domain: `system`, or `gui/501`.
    pub(crate) domain: String,
}

impl Where {
    /// A file in the folder of the units.
    pub(crate) fn join(&self, name: &str) -> String {
        let separator = if self.platform == Platform::Windows { '\\' } else { '/' };
        format!("{}{separator}{name}", self.dir.trim_end_matches(separator))
    }

    fn systemctl(&self, words: &[&str]) -> Vec<String> {
        let user = (self.platform == Platform::SystemdUser).then_some("--user");
        std::iter::once("systemctl").chain(user).chain(words.iter().copied()).map(str::to_owned).collect()
    }

    fn target(&self, job: Job) -> String {
        format!("{}/{}", self.domain, job.unit(self.platform))
    }
}

/// A job that is to run.
pub(crate) struct Wanted {
    pub(crate) job: Job,
    /// Its files are as they are to be.
    pub(crate) is_same: bool,
    pub(crate) is_loaded: bool,
}

/// The questions whether the scheduler has a job. All must be answered with 0.
pub(crate) fn questions(place: &Where, job: Job) -> Vec<Vec<String>> {
    let unit = job.unit(place.platform);
    let one = |words: &[&str]| vec![words.iter().copied().map(str::to_owned).collect()];
    match place.platform {
        Platform::Systemd | Platform::SystemdUser => vec![
            place.systemctl(&["is-enabled", "--quiet", &unit]),
            place.systemctl(&["is-active", "--quiet", &unit]),
        ],
        Platform::Launchd => one(&["launchctl", "print", &place.target(job)]),
        Platform::Windows => one(&["schtasks", "/Query", "/TN", &unit]),
    }
}

/// What makes the wanted jobs run.
pub(crate) fn start(place: &Where, jobs: &[Wanted]) -> Vec<Call> {
    match place.platform {
        Platform::Systemd | Platform::SystemdUser => systemd_start(place, jobs),
        Platform::Launchd => jobs.iter().flat_map(|wanted| launchd_start(place, wanted)).collect(),
        Platform::Windows => jobs.iter().flat_map(|wanted| windows_start(place, wanted)).collect(),
    }
}

/// What ends these jobs, each loaded or not, before these files of theirs go, and after.
pub(crate) fn stop(place: &Where, jobs: &[(Job, bool)], files: &[String]) -> (Vec<Call>, Vec<Call>) {
    let loaded = jobs.iter().filter(|job| job.1).map(|job| job.0);
    match place.platform {
        Platform::Systemd | Platform::SystemdUser => {
            let is_known = |(job, is_loaded): &&(Job, bool)| {
                *is_loaded || files.contains(&place.join(&job.unit(place.platform)))
            };
            let units: Vec<String> =
                jobs.iter().filter(is_known).map(|job| job.0.unit(place.platform)).collect();
            let services: Vec<String> =
                jobs.iter().map(|job| format!("holdfast-{}.service", job.0.name())).collect();
            let told = |words: &[&str], units: &[String], may_fail| {
                let words: Vec<&str> =
                    words.iter().copied().chain(units.iter().map(String::as_str)).collect();
                Call { argv: place.systemctl(&words), may_fail }
            };
            let first =
                if units.is_empty() { vec![] } else { vec![told(&["disable", "--now"], &units, false)] };
            // What has not failed cannot be reset.
            (first, vec![told(&["daemon-reload"], &[], false), told(&["reset-failed"], &services, true)])
        }
        Platform::Launchd => {
            let out = |job| Call::new(&["launchctl", "bootout", &place.target(job)]);
            (loaded.map(out).collect(), Vec::new())
        }
        Platform::Windows => {
            let calls = loaded.flat_map(|job| {
                let unit = job.unit(place.platform);
                let end = Call::that_may_fail(&["schtasks", "/End", "/TN", &unit]);
                [end, Call::new(&["schtasks", "/Delete", "/F", "/TN", &unit])]
            });
            (calls.collect(), Vec::new())
        }
    }
}

fn systemd_start(place: &Where, jobs: &[Wanted]) -> Vec<Call> {
    let units = |which: &dyn Fn(&&Wanted) -> bool| -> Vec<String> {
        jobs.iter().filter(which).map(|wanted| wanted.job.unit(place.platform)).collect()
    };
    let mut calls = Vec::new();
    let mut tell = |words: &[&str], units: &[String]| {
        let words: Vec<&str> = words.iter().copied().chain(units.iter().map(String::as_str)).collect();
        calls.push(Call { argv: place.systemctl(&words), may_fail: false });
    };
    if jobs.iter().any(|wanted| !wanted.is_same) {
        tell(&["daemon-reload"], &[]);
    }
    let missing = units(&|wanted| !wanted.is_loaded);
    if !missing.is_empty() {
        tell(&["enable", "--now"], &missing);
    }
    let outdated = units(&|wanted| wanted.is_loaded && !wanted.is_same);
    if !outdated.is_empty() {
        tell(&["restart"], &outdated);
    }
    calls
}

fn launchd_start(place: &Where, wanted: &Wanted) -> Vec<Call> {
    let file = wanted.job.files(place.platform).concat();
    let load = Call::new(&["launchctl", "bootstrap", &place.domain, &place.join(&file)]);
    match (wanted.is_loaded, wanted.is_same) {
        (true, true) => Vec::new(),
        (true, false) => vec![Call::new(&["launchctl", "bootout", &place.target(wanted.job)]), load],
        (false, _) => vec![load],
    }
}

fn windows_start(place: &Where, wanted: &Wanted) -> Vec<Call> {
    if wanted.is_loaded && wanted.is_same {
        return Vec::new();
    }
    let unit = wanted.job.unit(place.platform);
    let file = place.join(&wanted.job.files(place.platform).concat());
    let mut calls = Vec::new();
    if wanted.is_loaded && wanted.job == Job::Watchdog {
        // The one that runs has the old command.
        calls.push(Call::that_may_fail(&["schtasks", "/End", "/TN", &unit]));
    }
    calls.push(Call::new(&["schtasks", "/Create", "/F", "/TN", &unit, "/XML", &file]));
    if wanted.job == Job::Watchdog {
        calls.push(Call::new(&["schtasks", "/Run", "/TN", &unit]));
    }
    calls
}
