//! systemd units, judged by systemd's own tools and by what must stand in them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use holdfast_setup::render::{Platform, Values};
use tempfile::TempDir;

use super::commands::programs;
use super::{plain, rendered, ugly, unit};

/// Units in a folder, with programs that they can start.
struct Installed {
    folder: TempDir,
    values: Values,
    units: Vec<(String, String)>,
}

impl Installed {
    fn new(platform: Platform, bin: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let mut values = ugly(platform);
        values.bin = at(bin);
        values.root = at("größe 取引; # x");
        values.pipeline = at("zyklus 1.sh");
        for program in ["watchdog", "circuit-ctl", "hb-write", "resume-reminder", "audit-pack"] {
            executable(&Path::new(&values.bin).join(program), "#!/bin/sh\n");
        }
        executable(Path::new(&values.pipeline), "#!/bin/sh\n");
        let units = rendered(platform, &values);
        for (name, text) in &units {
            write(&folder.path().join("units").join(name), text);
        }
        Self { folder, values, units }
    }

    fn analyze(&self, args: &[&str]) -> Output {
        let mut analyze = Command::new("systemd-analyze");
        analyze.args(args).current_dir(self.folder.path().join("units"));
        analyze.env("XDG_RUNTIME_DIR", self.folder.path()).env("TZ", "UTC").env("LC_ALL", "C");
        analyze
            .output()
            .unwrap_or_else(|error| panic!("systemd-analyze: {error}; see scripts/install-test-tools.sh"))
    }

    fn verify(&self, manager: &str) -> Output {
        let files: Vec<_> = self.units.iter().map(|unit| format!("./{}", unit.0)).collect();
        let mut args = vec!["verify", manager, "--recursive-errors=yes", "--man=no"];
        args.extend(files.iter().map(String::as_str));
        self.analyze(&args)
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn executable(path: &Path, text: &str) {
    write(path, text);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The values of a key, in the order of the file.
fn setting<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

/// A command line as systemd splits it: quotes, `%%` and `$$`.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if c == open => quote = None,
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    assert!(quote.is_none(), "a quote is left open: {line}");
    words.extend(word);
    words.iter().map(|word| word.replace("%%", "%").replace("$$", "$")).collect()
}

/// The command lines of a unit that start programs of ours. What shell scripts start is seen when they run.
pub(super) fn commands(text: &str) -> Vec<Vec<String>> {
    setting(text, "ExecStart").into_iter().map(words).filter(|line| line[0] != "/bin/sh").collect()
}

#[test]
fn systemd_accepts_every_unit_without_a_warning() {
    let awkward = "Prüf & Söhne/<b> (r) %n 100%";
    for (platform, manager) in [(Platform::Systemd, "--system"), (Platform::SystemdUser, "--user")] {
        let output = Installed::new(platform, awkward).verify(manager);
        assert!(output.status.success(), "{manager}: {}", stderr(&output));
        assert_eq!(stderr(&output), "", "{manager}");
    }
}

#[test]
fn a_misspelt_key_and_a_missing_program_are_caught() {
    let unit = "holdfast-watchdog.service";
    let cases = [
        ("WatchdogSec=", "WatchdogSek=", "WatchdogSek"),
        ("[Service]", "[Servise]", "Servise"),
        ("/watchdog\" run", "/watchdoggg\" run", "watchdoggg"),
        ("ReadWritePaths=\"", "ReadWritePaths=", "systemd"),
    ];
    for (from, to, told) in cases {
        let installed = Installed::new(Platform::Systemd, "bin");
        let text = installed.units.iter().find(|known| known.0 == unit).unwrap().1.clone();
        assert!(text.contains(from), "{from} is not there");
        write(&installed.folder.path().join("units").join(unit), &text.replacen(from, to, 1));
        let output = installed.verify("--system");
        let heard = !output.status.success() || !output.stderr.is_empty();
        assert!(heard, "{to} passed");
        assert!(stderr(&output).contains(told) || told == "systemd", "{to}: {}", stderr(&output));
    }
}

#[test]
fn timers_come_when_they_should() {
    let cases = [
        ("holdfast-watchdog-check.timer", ["08:15:00", "08:30:00", "08:45:00", "09:00:00"]),
        ("holdfast-seal.timer", ["08:02:00", "08:03:00", "08:04:00", "08:05:00"]),
        ("holdfast-anchor.timer", ["08:17:00", "09:17:00", "10:17:00", "11:17:00"]),
        ("holdfast-pipeline.timer", ["08:05:00", "08:10:00", "08:15:00", "08:20:00"]),
        ("holdfast-reminder.timer", ["09:00:00"; 4]),
    ];
    let installed = Installed::new(Platform::Systemd, "bin");
    for (name, expected) in cases {
        let text = unit(Platform::Systemd, name);
        let [spec] = setting(&text, "OnCalendar")[..] else { panic!("{name} needs one OnCalendar=") };
        let output =
            installed.analyze(&["calendar", "--iterations=4", "--base-time=2026-11-21 08:01:00 UTC", spec]);
        assert!(output.status.success(), "{spec}: {}", stderr(&output));
        let shown = String::from_utf8(output.stdout).unwrap();
        let times: Vec<_> = shown
            .lines()
            .filter(|line| line.contains("Next elapse:") || line.contains("Iter"))
            .map(|line| {
                line.split(' ').find(|word| word.len() == 8 && word.contains(':') && !word.ends_with(':'))
            })
            .map(|time| time.unwrap_or_else(|| panic!("no time in {shown}")))
            .collect();
        assert_eq!(times, expected, "{name}:\n{shown}");
    }
}

#[test]
fn what_was_missed_is_made_up_but_for_a_cycle_of_trading() {
    for (name, persistent) in [
        ("holdfast-watchdog-check.timer", "true"),
        ("holdfast-reminder.timer", "true"),
        ("holdfast-pipeline.timer", "false"),
    ] {
        assert_eq!(setting(&unit(Platform::Systemd, name), "Persistent"), [persistent], "{name}");
    }
}

#[test]
fn the_watchdog_also_goes_by_a_clock_that_nobody_can_set() {
    let timer = unit(Platform::Systemd, "holdfast-watchdog-check.timer");
    assert_eq!(setting(&timer, "OnActiveSec"), ["1s"], "a check at load");
    assert_eq!(setting(&timer, "OnUnitActiveSec"), ["15min"]);
}

#[test]
fn the_sealer_goes_by_both_clocks_and_has_a_place_for_its_key_that_is_not_the_root() {
    let timer = unit(Platform::Systemd, "holdfast-seal.timer");
    assert_eq!(setting(&timer, "OnUnitActiveSec"), ["1min"]);
    let service = unit(Platform::Systemd, "holdfast-seal.service");
    assert_eq!(setting(&service, "StateDirectory"), ["holdfast"]);
    assert_eq!(setting(&service, "StateDirectoryMode"), ["0700"]);
    assert_eq!(setting(&service, "User"), ["holdfast"], "not the bot's");
}

#[test]
fn the_anchors_go_by_both_clocks_have_the_network_and_no_place_for_a_key() {
    let timer = unit(Platform::Systemd, "holdfast-anchor.timer");
    assert_eq!(setting(&timer, "OnUnitActiveSec"), ["1h"]);
    let service = unit(Platform::Systemd, "holdfast-anchor.service");
    assert_eq!(setting(&service, "RestrictAddressFamilies"), ["AF_UNIX AF_INET AF_INET6 AF_NETLINK"]);
    assert_eq!(setting(&service, "PrivateNetwork"), [""; 0]);
    assert_eq!(setting(&service, "StateDirectory"), [""; 0]);
    assert_eq!(setting(&service, "User"), ["holdfast"], "not the bot's");
}

#[test]
fn the_resident_watchdog_is_restarted_for_ever_and_watched_by_systemd() {
    let text = unit(Platform::Systemd, "holdfast-watchdog.service");
    for (key, value) in [
        ("Type", "notify"),
        ("NotifyAccess", "main"),
        ("Restart", "always"),
        ("StartLimitIntervalSec", "0"),
        ("WatchdogSec", "60s"),
    ] {
        assert_eq!(setting(&text, key), [value], "{key}");
    }
}

#[test]
fn every_service_is_hardened_by_systemds_own_measure() {
    // In tenths: 100 is a service without any of it.
    let cases = [
        ("holdfast-failed@.service", 20),
        ("holdfast-watchdog.service", 30),
        ("holdfast-watchdog-check.service", 30),
        ("holdfast-reminder.service", 30),
        ("holdfast-seal.service", 20),
        ("holdfast-anchor.service", 30),
        ("holdfast-pipeline.service", 55),
    ];
    let installed = Installed::new(Platform::Systemd, "bin");
    let services = installed.units.iter().filter(|unit| unit.0.ends_with(".service")).count();
    assert_eq!(services, cases.len(), "a service without a measure");
    for (name, most) in cases {
        let judge = |most: u32| {
            let threshold = format!("--threshold={most}");
            installed.analyze(&["security", "--offline=true", "--no-pager", &threshold, &format!("./{name}")])
        };
        let output = judge(most);
        assert!(output.status.success(), "{name}:\n{}", String::from_utf8_lossy(&output.stdout));
        assert!(!judge(1).status.success(), "{name}: the measure lets everything pass");
    }
}

#[test]
fn a_service_writes_nowhere_but_in_its_root() {
    for (name, text) in rendered(Platform::Systemd, &plain(Platform::Systemd)) {
        if name.ends_with(".service") {
            assert_eq!(setting(&text, "ProtectSystem"), ["strict"], "{name}");
            assert_eq!(setting(&text, "ReadWritePaths"), ["\"/srv/bot\""], "{name}");
            assert_eq!(setting(&text, "NoNewPrivileges"), ["yes"], "{name}");
        }
    }
    let pipeline = unit(Platform::Systemd, "holdfast-pipeline.service");
    assert_eq!(setting(&pipeline, "User"), ["bot"], "not the watchdog's user (independent-witness)");
    assert_eq!(setting(&pipeline, "InaccessiblePaths"), ["\"-/srv/bot/secrets\""]);
}

#[test]
fn a_users_own_manager_is_asked_for_nothing_that_it_cannot_do() {
    for (name, text) in rendered(Platform::SystemdUser, &plain(Platform::SystemdUser)) {
        for key in ["User", "Group", "ProtectSystem", "ReadWritePaths", "CapabilityBoundingSet", "PrivateTmp"]
        {
            assert!(setting(&text, key).is_empty(), "{name} has {key}=");
        }
        if name.ends_with(".service") {
            assert_eq!(setting(&text, "NoNewPrivileges"), ["yes"], "{name} lost too much");
            assert!(!setting(&text, "ExecStart").is_empty(), "{name} lost too much");
        }
    }
}

/// Runs a shell line of a unit with a stand-in for circuit-ctl whose `check` exits with `code`, and returns what
/// circuit-ctl was called with.
fn calls(installed: &Installed, line: &str, told: (&str, &str), code: u8) -> Vec<Vec<String>> {
    let log = installed.folder.path().join("calls");
    let script = format!(
        "#!/bin/sh\n( for a; do echo \"$a\"; done; echo ) >> '{}'\n[ $1 = check ] && exit {code}\n",
        log.display()
    );
    executable(&Path::new(&installed.values.bin).join("circuit-ctl"), &script);
    write(&log, "");
    let words = words(line);
    Command::new(&words[0]).args(&words[1..]).env(told.0, told.1).output().unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    let called = log.split_terminator("\n\n").map(|call| call.lines().map(str::to_owned).collect());
    called.collect()
}

#[test]
fn a_failed_watchdog_trips_unless_only_the_alert_failed_or_a_halt_stands() {
    let installed = Installed::new(Platform::Systemd, "bin ü");
    let line = |unit: &str, key: &str| {
        let text = &installed.units.iter().find(|known| known.0 == unit).unwrap().1;
        let [line] = setting(text, key)[..] else { panic!("{unit} needs one {key}=") };
        line.to_owned()
    };
    let on_failure = line("holdfast-failed@.service", "ExecStart");
    let on_crash = line("holdfast-watchdog.service", "ExecStopPost");
    assert_eq!(line("holdfast-watchdog-check.service", "OnFailure"), "holdfast-failed@%N.service");

    let ended = |status: &'static str| (&on_failure, ("MONITOR_EXIT_STATUS", status));
    let stopped = |result: &'static str| (&on_crash, ("SERVICE_RESULT", result));
    let mut cases = vec![(ended("69"), 0, "says nothing"), (stopped("success"), 0, "says nothing")];
    for told in [ended("65"), ended("78"), ended("ABRT"), ended(""), stopped("watchdog"), stopped("signal")] {
        cases.push((told, 2, "asks"));
        cases.extend([0, 1, 3, 64, 74, 78].map(|code| (told, code, "trips")));
    }
    for ((line, told), code, expected) in cases {
        let calls = calls(&installed, line, told, code);
        let commands: Vec<_> = calls.iter().map(|call| call[0].as_str()).collect();
        let wanted: &[&str] = match expected {
            "trips" => &["check", "trip"],
            "asks" => &["check"],
            _ => &[],
        };
        assert_eq!(commands, wanted, "{told:?}, circuit-ctl check exits {code}");
        for call in calls {
            let program = format!("{}/circuit-ctl", installed.values.bin);
            let line: Vec<_> = std::iter::once(program).chain(call).collect();
            programs(&line, &installed.values.bin, &installed.values.root, "").unwrap();
        }
    }
}
