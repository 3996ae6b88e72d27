//! The templates of the units, as they lie in `plists/`, `systemd/` and `windows/`.

use crate::render::Template;

/// A template of one of these folders.
macro_rules! template {
    ($folder:literal, $name:literal) => {
        Template { name: $name, text: include_str!(concat!("../../../", $folder, "/", $name)) }
    };
}

pub(crate) const LAUNCHD: &[Template] = &[
    template!("plists", "holdfast.anchor.plist"),
    template!("plists", "holdfast.pipeline.plist"),
    template!("plists", "holdfast.reminder.plist"),
    template!("plists", "holdfast.seal.plist"),
    template!("plists", "holdfast.watchdog-check.plist"),
    template!("plists", "holdfast.watchdog.plist"),
];

pub(crate) const SYSTEMD: &[Template] = &[
    template!("systemd", "holdfast-anchor.service"),
    template!("systemd", "holdfast-anchor.timer"),
    template!("systemd", "holdfast-failed@.service"),
    template!("systemd", "holdfast-pipeline.service"),
    template!("systemd", "holdfast-pipeline.timer"),
    template!("systemd", "holdfast-reminder.service"),
    template!("systemd", "holdfast-reminder.timer"),
    template!("systemd", "holdfast-seal.service"),
    template!("systemd", "holdfast-seal.timer"),
    template!("systemd", "holdfast-watchdog-check.service"),
    template!("systemd", "holdfast-watchdog-check.timer"),
    template!("systemd", "holdfast-watchdog.service"),
];

pub(crate) const WINDOWS: &[Template] = &[
    template!("windows", "holdfast-anchor.xml"),
    template!("windows", "holdfast-pipeline.xml"),
    template!("windows", "holdfast-reminder.xml"),
    template!("windows", "holdfast-seal.xml"),
    template!("windows", "holdfast-watchdog-check.xml"),
    template!("windows", "holdfast-watchdog.xml"),
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_template_is_in_the_program() {
        for (folder, known) in [("plists", LAUNCHD), ("systemd", SYSTEMD), ("windows", WINDOWS)] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
            let entries = std::fs::read_dir(folder).unwrap();
            let mut names: Vec<String> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort_unstable();
            assert_eq!(names, known.iter().map(|template| template.name).collect::<Vec<_>>());
        }
    }
}
