//! What there is to install, and how each scheduler names it.

use std::fmt;
use std::str::FromStr;

use crate::render::Platform;

/// A job of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// The resident watchdog.
    Watchdog,
    /// One check every 15 minutes: its stand-in.
    WatchdogCheck,
    /// The daily reminder.
    Reminder,
    /// The sealer of the logs.
    Seal,
    /// The anchors of the logs.
    Anchor,
    /// A pipeline every 5 minutes.
    Pipeline,
}

impl Job {
    /// Every job.
    pub const ALL: [Self; 6] =
        [Self::Watchdog, Self::WatchdogCheck, Self::Reminder, Self::Seal, Self::Anchor, Self::Pipeline];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Watchdog => "watchdog",
            Self::WatchdogCheck => "watchdog-check",
            Self::Reminder => "reminder",
            Self::Seal => "seal",
            Self::Anchor => "anchor",
            Self::Pipeline => "pipeline",
        }
    }

    /// The files that it is made of.
    pub(crate) fn files(self, platform: Platform) -> Vec<String> {
        let name = self.name();
        match platform {
            Platform::Launchd => vec![format!("holdfast.{name}.plist")],
            Platform::Windows => vec![format!("holdfast-{name}.xml")],
            Platform::Systemd | Platform::SystemdUser => {
                let mut files = vec![format!("holdfast-{name}.service")];
                match self {
                    Self::Watchdog => {}
                    // What its OnFailure= starts.
                    Self::WatchdogCheck => {
                        files.extend(
                            ["holdfast-watchdog-check.timer", "holdfast-failed@.service"].map(String::from),
                        );
                    }
                    _ => files.push(format!("holdfast-{name}.timer")),
                }
                files
            }
        }
    }

    /// What the scheduler is told to start and stop.
    pub(crate) fn unit(self, platform: Platform) -> String {
        let name = self.name();
        match platform {
            Platform::Launchd => format!("holdfast.{name}"),
            Platform::Windows => format!(r"\Holdfast\{name}"),
            Platform::Systemd | Platform::SystemdUser if self == Self::Watchdog => {
                "holdfast-watchdog.service".to_owned()
            }
            Platform::Systemd | Platform::SystemdUser => format!("holdfast-{name}.timer"),
        }
    }

    /// The programs that it starts.
    pub(crate) const fn programs(self) -> &'static [&'static str] {
        match self {
            // circuit-ctl pauses when they fail.
            Self::Watchdog | Self::WatchdogCheck => &["watchdog", "circuit-ctl"],
            Self::Reminder => &["resume-reminder"],
            Self::Seal | Self::Anchor => &["audit-pack"],
            Self::Pipeline => &["circuit-ctl", "hb-write"],
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Job {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|job| job.name() == text);
        found.ok_or_else(|| format!("there are {}", Self::ALL.map(Self::name).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_belongs_to_a_job() {
        for platform in Platform::ALL {
            let mut files: Vec<String> = Job::ALL.iter().flat_map(|job| job.files(platform)).collect();
            files.sort_unstable();
            let templates = platform.templates().iter().map(|template| template.name);
            assert_eq!(files, templates.collect::<Vec<_>>(), "{platform:?}");
        }
    }
}
