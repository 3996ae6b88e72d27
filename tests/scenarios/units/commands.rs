//! What the units start: our programs only, with commands and options that they have, and always with the root.

use std::process::Command;

use holdfast_setup::render::Platform;
use holdfast_tests::harness::{Run, program};

use super::{launchd, plain, rendered, systemd, ugly, windows};

/// A program, its command (or none) and the options that a unit may give it. `--` starts another command line.
const KNOWN: [(&str, &str, &[&str]); 8] = [
    ("watchdog", "check", &["--root"]),
    ("watchdog", "run", &["--root", "--every"]),
    ("circuit-ctl", "check", &["--root"]),
    ("circuit-ctl", "guard", &["--root", "--"]),
    ("circuit-ctl", "trip", &["--root", "--by", "--reason"]),
    ("audit-pack", "seal", &["--root"]),
    ("audit-pack", "anchor", &["--root"]),
    ("hb-write", "exec", &["--root", "--name", "--interval", "--"]),
];

/// The same for a program without commands.
const PLAIN: [(&str, &[&str]); 1] = [("resume-reminder", &["--root"])];

/// Checks a command line, and those that it carries, and returns the programs in it.
pub(super) fn programs(
    words: &[String],
    bin: &str,
    root: &str,
    pipeline: &str,
) -> Result<Vec<String>, String> {
    let [first, rest @ ..] = words else { return Err("an empty command line".to_owned()) };
    if first == pipeline {
        return if rest.is_empty() {
            Ok(Vec::new())
        } else {
            Err("the pipeline takes no arguments".to_owned())
        };
    }
    let name = first.strip_prefix(bin).ok_or_else(|| format!("{first} is not in {bin}"))?;
    let name = name.trim_start_matches(['/', '\\']).trim_end_matches(".exe");
    let (options, mut rest) = if let Some(known) = PLAIN.iter().find(|known| known.0 == name) {
        (known.1, rest)
    } else {
        let [command, rest @ ..] = rest else { return Err(format!("{name} needs a command")) };
        let known = KNOWN.iter().find(|known| known.0 == name && known.1 == command);
        (known.ok_or_else(|| format!("{name} {command} is not known"))?.2, rest)
    };
    let mut found = vec![name.to_owned()];
    let mut has_root = false;
    while let [option, tail @ ..] = rest {
        if !options.contains(&option.as_str()) {
            return Err(format!("{name} has no {option}"));
        }
        if option == "--" {
            found.extend(programs(tail, bin, root, pipeline)?);
            break;
        }
        let [value, tail @ ..] = tail else { return Err(format!("{option} needs a value")) };
        has_root |= option == "--root" && value == root;
        rest = tail;
    }
    if has_root { Ok(found) } else { Err(format!("{name} is not told the root {root}")) }
}

/// Every command line of every unit of a platform, with the unit's name.
fn lines(platform: Platform, units: &[(String, String)]) -> Vec<(String, Vec<String>)> {
    let lines = units.iter().flat_map(|(name, text)| {
        let lines = match platform {
            Platform::Launchd => vec![launchd::command(text)],
            Platform::Systemd | Platform::SystemdUser => systemd::commands(text),
            Platform::Windows => vec![windows::command(text)],
        };
        lines.into_iter().map(|line| (name.clone(), line))
    });
    lines.collect()
}

#[test]
fn units_start_our_programs_with_options_that_they_have() {
    for platform in Platform::ALL {
        for values in [plain(platform), ugly(platform)] {
            let mut all = Vec::new();
            for (unit, line) in lines(platform, &rendered(platform, &values)) {
                match programs(&line, &values.bin, &values.root, &values.pipeline) {
                    Ok(found) => all.extend(found),
                    Err(error) => panic!("{platform:?}, {unit}: {error}\n  {line:?}"),
                }
            }
            for program in ["watchdog", "circuit-ctl", "hb-write", "resume-reminder", "audit-pack"] {
                assert!(all.iter().any(|found| found == program), "no {platform:?} unit starts {program}");
            }
        }
    }
}

#[test]
fn the_programs_have_these_commands_and_options() {
    let plain = PLAIN.iter().map(|(program, options)| (*program, None, *options));
    for (name, command, options) in
        KNOWN.map(|(name, command, options)| (name, Some(command), options)).into_iter().chain(plain)
    {
        let mut help = Command::new(program(name));
        let said = help.args(command).arg("--help").finish().expect(0).stdout;
        let words: Vec<&str> = said.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
        for option in options.iter().filter(|option| **option != "--") {
            assert!(words.contains(option), "{name} {command:?} has no {option}:\n{said}");
        }
    }
}

#[test]
fn the_pipeline_beats_only_behind_the_guard() {
    for (platform, unit) in [
        (Platform::Launchd, "holdfast.pipeline.plist"),
        (Platform::Systemd, "holdfast-pipeline.service"),
        (Platform::Windows, "holdfast-pipeline.xml"),
    ] {
        let values = plain(platform);
        let text = super::unit(platform, unit);
        let line = &lines(platform, &[(unit.to_owned(), text)])[0].1;
        let found = programs(line, &values.bin, &values.root, &values.pipeline);
        assert_eq!(found.unwrap(), ["circuit-ctl", "hb-write"], "{platform:?}");
    }
}

#[test]
fn the_check_of_command_lines_catches_mistakes() {
    let cases = [
        ("/b/watchdogg check --root /r", "watchdogg check is not known"),
        ("/b/watchdog chek --root /r", "watchdog chek is not known"),
        ("/b/watchdog check --rot /r", "watchdog has no --rot"),
        ("/b/watchdog check", "watchdog is not told the root /r"),
        ("/b/watchdog check --root /s", "watchdog is not told the root /r"),
        ("/usr/bin/watchdog check --root /r", "/usr/bin/watchdog is not in /b"),
        ("/b/circuit-ctl guard --root /r -- /b/hb-write exec -- /p", "hb-write is not told the root /r"),
        ("/b/circuit-ctl guard --root /r -- /p --fast", "the pipeline takes no arguments"),
        ("/b/hb-write exec --root", "--root needs a value"),
    ];
    for (line, expected) in cases {
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        assert_eq!(programs(&words, "/b", "/r", "/p").unwrap_err(), expected, "{line}");
    }
}
