//! What starts the programs: the units as they are shipped, and as they are installed here.

mod command;
mod systemd;
mod xml;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bag::Mode;
use holdfast::sys::{Itself, Job, Sys};

use crate::pack::parcel::{FileFact, Parcel};

include!(concat!(env!("OUT_DIR"), "/units.rs"));

/// Our programs.
pub(super) const PROGRAMS: [&str; 9] = [
    "audit-pack",
    "circuit-ctl",
    "drill",
    "fleet-sync",
    "hb-write",
    "holdfast-setup",
    "overseer",
    "resume-reminder",
    "watchdog",
];
/// A folder of units has at most so many.
const UNITS_MAX: usize = 10_000;
const TIMEOUT: Duration = Duration::from_secs(5);

/// What a unit is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Systemd,
    Plist,
}

/// Packs both.
pub(super) fn pack(sys: &Sys<'_>, home: Option<&Path>, parcel: &mut Parcel<'_>) {
    for (path, text) in SHIPPED {
        parcel.text(&format!("data/units/shipped/{path}"), Mode::Plain, text.as_bytes().to_vec(), None);
    }
    let folders = [
        ("systemd-system", "/etc/systemd/system", None, Kind::Systemd),
        ("systemd-user", ".config/systemd/user", home, Kind::Systemd),
        ("LaunchDaemons", "/Library/LaunchDaemons", None, Kind::Plist),
        ("LaunchAgents", "/Library/LaunchAgents", None, Kind::Plist),
        ("user-LaunchAgents", "Library/LaunchAgents", home, Kind::Plist),
    ];
    for (name, dir, below, kind) in folders {
        let (source, dir) = match (below, Path::new(dir).is_relative()) {
            (Some(home), _) => (format!("~/{dir}"), home.join(dir)),
            (None, true) => continue,
            (None, false) => (dir.to_owned(), PathBuf::from(dir)),
        };
        installed(name, &source, &dir, kind, parcel);
    }
    if cfg!(windows) {
        tasks(sys, parcel);
    }
}

fn installed(name: &str, source: &str, dir: &Path, kind: Kind, parcel: &mut Parcel<'_>) {
    for (file, itself) in parcel.names(source, dir, UNITS_MAX) {
        let (source, from) = (format!("{source}/{file}"), dir.join(&file));
        let path = format!("data/units/installed/{name}/{file}");
        match itself {
            Itself::File if is_unit(&file, kind) => {
                unit(&path, &source, &from, kind, file.starts_with("holdfast"), parcel);
            }
            // A drop-in says other things of the unit that it is named after.
            Itself::Dir if kind == Kind::Systemd && ends(&file, "d") => {
                let ours =
                    parcel.has_text_of(&source[..source.len() - ".d".len()]) || file.starts_with("holdfast");
                for (part, itself) in parcel.names(&source, &from, UNITS_MAX) {
                    let (source, from, path) =
                        (format!("{source}/{part}"), from.join(&part), format!("{path}/{part}"));
                    if itself == Itself::File && ends(&part, "conf") {
                        unit(&path, &source, &from, kind, ours, parcel);
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_unit(file: &str, kind: Kind) -> bool {
    let endings: &[&str] = match kind {
        Kind::Systemd => &[".service", ".timer", ".path", ".socket", ".target"],
        Kind::Plist => &[".plist"],
    };
    endings.iter().any(|ending| file.ends_with(ending))
}

/// Its name has this ending.
fn ends(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}

fn unit(path: &str, source: &str, from: &Path, kind: Kind, ours: bool, parcel: &mut Parcel<'_>) {
    // What is somebody else's and cannot be read is none of our business.
    let Ok(Some(taken)) = crate::pack::parcel::take(parcel.store(), from) else { return };
    if !ours && !mentions(&taken.bytes) {
        return;
    }
    if kind == Kind::Plist && taken.bytes.starts_with(b"bplist") {
        parcel.without(source, "is a binary plist\n  make it one of text: plutil -convert xml1");
        return;
    }
    parcel.file(path, source, from, |bytes| {
        let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
        let (text, struck) = match kind {
            Kind::Systemd => systemd::shown(&text, &shipped("systemd/")),
            Kind::Plist => xml::plist(&text),
        };
        Ok((text.into_bytes(), struck))
    });
}

fn shipped(folder: &str) -> Vec<&'static str> {
    SHIPPED.iter().filter(|(path, _)| path.starts_with(folder)).map(|(_, text)| *text).collect()
}

/// One of our programs stands in it as a word of its own, with or without a folder before it.
fn mentions(bytes: &[u8]) -> bool {
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    bytes.split(|byte| !in_word(byte)).any(|word| {
        let word = word.strip_suffix(b".exe").unwrap_or(word);
        PROGRAMS.iter().any(|program| program.as_bytes() == word)
    })
}

/// The tasks of the Task Scheduler, by the names that they are shipped under.
fn tasks(sys: &Sys<'_>, parcel: &mut Parcel<'_>) {
    for (path, _) in SHIPPED.iter().filter(|(path, _)| path.starts_with("windows/")) {
        let stem = path.trim_start_matches("windows/holdfast-").trim_end_matches(".xml");
        let source = format!("Holdfast\\{stem}");
        let argv = ["schtasks", "/query", "/tn", &source, "/xml"].map(str::to_owned).to_vec();
        let job = Job { argv, env: Vec::new(), dir: None, stdin: Vec::new(), timeout: TIMEOUT };
        match sys.spawner.run(&job) {
            Ok(outcome) if outcome.ok() => {
                let (text, struck_out) = xml::task(&outcome.output, &shipped("windows/"));
                let size = outcome.output.len() as u64;
                let mut fact = FileFact::new("", &source, None, size, size);
                fact.struck_out = struck_out;
                let path = format!("data/units/installed/tasks/{stem}.xml");
                parcel.text(&path, Mode::Plain, text.into_bytes(), Some(fact));
            }
            Ok(_) => {}
            Err(error) => parcel.without(&source, format!("schtasks cannot be run: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn a_unit_is_ours_if_it_names_a_program_of_ours() {
        for (text, ours) in [
            ("ExecStart=/usr/local/bin/hb-write exec -- bot", true),
            ("ExecStart=\"/opt/hold fast/watchdog\" run", true),
            ("<string>C:\\Holdfast\\circuit-ctl.exe</string>", true),
            ("ExecStart=/usr/sbin/nginx -g 'daemon off;'", false),
            ("WatchdogSec=60s", false),
            ("ExecStart=/usr/bin/my-watchdog-2", false),
        ] {
            assert_eq!(mentions(text.as_bytes()), ours, "{text}");
        }
    }
}
