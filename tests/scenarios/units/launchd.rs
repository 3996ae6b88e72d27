//! launchd jobs against launchd.plist(5), which launchd itself does not do: it ignores a key that it does not know.

use std::io::Cursor;

use holdfast_setup::render::Platform;
use plist::{Dictionary, Value};

use super::{plain, rendered, ugly, unit};

/// What launchd.plist(5) allows as a value.
#[derive(Clone, Copy)]
enum Kind {
    Bool,
    Int,
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An integer, or a text that strtoul(3) reads as one.
    IntOrText,
    Texts,
    TextOrTexts,
    /// A dictionary with keys of one's own.
    Map(&'static Kind),
    /// A dictionary with these keys.
    Keys(&'static [(&'static str, Kind)]),
    /// A dictionary with these keys, or an array of such.
    KeysOrList(&'static [(&'static str, Kind)]),
    /// `true` or `false`, or a dictionary with these keys.
    BoolOrKeys(&'static [(&'static str, Kind)]),
}

use Kind::{Bool, BoolOrKeys, Int, IntOrText, Keys, KeysOrList, Map, Text, TextOrTexts, Texts, Word};

/// The keys of launchd.plist(5), macOS 15, in its order. Left out: those that it says to remove, to avoid or that
/// it no longer implements (`OnDemand`, `ServiceIPC`, `TimeOut`, `HopefullyExitsLast`, `LimitLoadToHosts`, ...), and
/// those of services that talk to launchd (`MachServices`, `Sockets`, `LaunchEvents`, `inetdCompatibility`).
const KEYS: &[(&str, Kind)] = &[
    ("Label", Text),
    ("Disabled", Bool),
    ("UserName", Text),
    ("GroupName", Text),
    ("LimitLoadToSessionType", TextOrTexts),
    ("LimitLoadToHardware", Map(&Texts)),
    ("LimitLoadFromHardware", Map(&Texts)),
    ("Program", Text),
    ("BundleProgram", Text),
    ("ProgramArguments", Texts),
    ("EnableGlobbing", Bool),
    ("EnableTransactions", Bool),
    ("EnablePressuredExit", Bool),
    ("KeepAlive", BoolOrKeys(KEEP_ALIVE)),
    ("RunAtLoad", Bool),
    ("RootDirectory", Text),
    ("WorkingDirectory", Text),
    ("EnvironmentVariables", Map(&Text)),
    ("Umask", IntOrText),
    ("ExitTimeOut", Int),
    ("ThrottleInterval", Int),
    ("InitGroups", Bool),
    ("WatchPaths", Texts),
    ("QueueDirectories", Texts),
    ("StartOnMount", Bool),
    ("StartInterval", Int),
    ("StartCalendarInterval", KeysOrList(CALENDAR)),
    ("StandardInPath", Text),
    ("StandardOutPath", Text),
    ("StandardErrorPath", Text),
    ("Debug", Bool),
    ("WaitForDebugger", Bool),
    ("SoftResourceLimits", Keys(LIMITS)),
    ("HardResourceLimits", Keys(LIMITS)),
    ("Nice", Int),
    ("ProcessType", Word(&["Background", "Standard", "Adaptive", "Interactive"])),
    ("AbandonProcessGroup", Bool),
    ("LowPriorityIO", Bool),
    ("LowPriorityBackgroundIO", Bool),
    ("MaterializeDatalessFiles", Bool),
    ("LaunchOnlyOnce", Bool),
    ("SessionCreate", Bool),
    ("LegacyTimers", Bool),
];

const KEEP_ALIVE: &[(&str, Kind)] = &[
    ("SuccessfulExit", Bool),
    ("PathState", Map(&Bool)),
    ("OtherJobEnabled", Map(&Bool)),
    ("Crashed", Bool),
];

const CALENDAR: &[(&str, Kind)] =
    &[("Minute", Int), ("Hour", Int), ("Day", Int), ("Weekday", Int), ("Month", Int)];

const LIMITS: &[(&str, Kind)] = &[
    ("Core", Int),
    ("CPU", Int),
    ("Data", Int),
    ("FileSize", Int),
    ("MemoryLock", Int),
    ("NumberOfFiles", Int),
    ("NumberOfProcesses", Int),
    ("ResidentSetSize", Int),
    ("Stack", Int),
];

fn fits(value: &Value, kind: Kind) -> Result<(), String> {
    let texts =
        |values: &Vec<Value>| !values.is_empty() && values.iter().all(|value| value.as_string().is_some());
    let good = match (kind, value) {
        (Bool | BoolOrKeys(_), Value::Boolean(_)) => true,
        (Int | IntOrText, Value::Integer(number)) => number.as_unsigned().is_some(),
        (Text | TextOrTexts, Value::String(text)) => !text.is_empty(),
        (Word(words), Value::String(text)) => words.contains(&text.as_str()),
        (IntOrText, Value::String(text)) => text.starts_with('0') && u32::from_str_radix(text, 8).is_ok(),
        (Texts | TextOrTexts, Value::Array(values)) => texts(values),
        (Map(kind), Value::Dictionary(map)) => return map.values().try_for_each(|value| fits(value, *kind)),
        (Keys(keys) | KeysOrList(keys) | BoolOrKeys(keys), Value::Dictionary(map)) => {
            return known(map, keys);
        }
        (KeysOrList(keys), Value::Array(list)) => {
            return list.iter().try_for_each(|value| fits(value, Keys(keys)));
        }
        _ => false,
    };
    if good { Ok(()) } else { Err(format!("has a value that it cannot have: {value:?}")) }
}

fn known(job: &Dictionary, keys: &[(&str, Kind)]) -> Result<(), String> {
    for (key, value) in job {
        let (_, kind) =
            keys.iter().find(|known| known.0 == key).ok_or_else(|| format!("{key} is not a key"))?;
        fits(value, *kind).map_err(|error| format!("{key} {error}"))?;
    }
    Ok(())
}

fn parse(text: &str) -> Result<Dictionary, String> {
    match Value::from_reader_xml(Cursor::new(text)) {
        Ok(Value::Dictionary(job)) => Ok(job),
        Ok(other) => Err(format!("not a dictionary: {other:?}")),
        Err(error) => Err(error.to_string()),
    }
}

fn check(text: &str) -> Result<Dictionary, String> {
    let job = parse(text)?;
    known(&job, KEYS)?;
    for key in ["Label", "ProgramArguments"] {
        if !job.contains_key(key) {
            return Err(format!("{key} is missing"));
        }
    }
    Ok(job)
}

/// The command line of a job.
pub(super) fn command(text: &str) -> Vec<String> {
    let job = parse(text).unwrap();
    let words = job["ProgramArguments"].as_array().unwrap();
    words.iter().map(|word| word.as_string().unwrap().to_owned()).collect()
}

fn int(job: &Dictionary, key: &str) -> Option<u64> {
    job.get(key).map(|value| value.as_unsigned_integer().unwrap())
}

fn job(name: &str) -> Dictionary {
    parse(&unit(Platform::Launchd, name)).unwrap()
}

#[test]
fn every_key_stands_in_launchd_plist_5_with_a_value_of_its_type() {
    for values in [plain(Platform::Launchd), ugly(Platform::Launchd)] {
        for (name, text) in rendered(Platform::Launchd, &values) {
            let job = check(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let label = job["Label"].as_string().unwrap();
            assert_eq!(format!("{label}.plist"), name, "launchd expects a job in the file of its label");
            let log = job["StandardErrorPath"].as_string().unwrap();
            assert!(log.starts_with(&format!("{}/data/", values.root)), "{name} logs to {log}");
        }
    }
}

#[test]
fn a_misspelt_key_or_a_wrong_type_is_caught() {
    let good = unit(Platform::Launchd, "holdfast.watchdog-check.plist");
    let cases = [
        ("<key>RunAtLoad</key>", "<key>RunAtload</key>", "RunAtload is not a key"),
        ("<key>StartInterval</key>", "<key>StartIntervall</key>", "StartIntervall is not a key"),
        ("<key>Minute</key>", "<key>Minutes</key>", "StartCalendarInterval Minutes is not a key"),
        ("<key>Label</key>", "<key>Program</key>", "Label is missing"),
        ("<integer>900</integer>", "<string>900</string>", "StartInterval has a value that it cannot have"),
        ("<integer>900</integer>", "<integer>-1</integer>", "StartInterval has a value that it cannot have"),
        ("<true/>", "<string>true</string>", "RunAtLoad has a value that it cannot have"),
        (">Interactive<", ">Interactiv<", "ProcessType has a value that it cannot have"),
        (">027<", ">029<", "Umask has a value that it cannot have"),
        (
            "<string>--root</string>",
            "<integer>1</integer>",
            "ProgramArguments has a value that it cannot have",
        ),
        ("</dict>\n</plist>", "</plist>", ""),
    ];
    check(&good).unwrap();
    for (from, to, expected) in cases {
        assert!(good.contains(from), "{from} is not there");
        let error = check(&good.replacen(from, to, 1)).expect_err(to);
        assert!(error.starts_with(expected), "{to}: {error}");
    }
}

#[test]
fn another_parser_reads_the_same() {
    for (name, text) in rendered(Platform::Launchd, &ugly(Platform::Launchd)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(&name);
        std::fs::write(&path, &text).unwrap();
        let program = "import plistlib, sys; print('\\n'.join(plistlib.load(open(sys.argv[1], 'rb'))['ProgramArguments']))";
        let mut python = std::process::Command::new("/usr/bin/python3");
        let output =
            python.env("PYTHONIOENCODING", "utf-8").args(["-c", program]).arg(&path).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), command(&text).join("\n"), "{name}");
    }
}

#[test]
fn the_watchdog_checks_at_load_every_15_minutes_and_when_the_host_wakes() {
    let job = job("holdfast.watchdog-check.plist");
    assert_eq!(job["RunAtLoad"].as_boolean(), Some(true));
    assert_eq!(int(&job, "StartInterval"), Some(15 * 60));
    let quarters = job["StartCalendarInterval"].as_array().unwrap();
    let minutes: Vec<_> =
        quarters.iter().map(|at| int(at.as_dictionary().unwrap(), "Minute").unwrap()).collect();
    assert_eq!(minutes, [0, 15, 30, 45]);
}

#[test]
fn the_resident_watchdog_is_kept_alive_and_not_throttled() {
    let job = job("holdfast.watchdog.plist");
    assert_eq!(job["KeepAlive"].as_boolean(), Some(true));
    assert_eq!(job["ProcessType"].as_string(), Some("Interactive"));
    assert_eq!(job["LegacyTimers"].as_boolean(), Some(true));
    assert!(int(&job, "ThrottleInterval").unwrap() <= 10);
}

#[test]
fn the_reminder_comes_at_nine_and_is_made_up() {
    let job = job("holdfast.reminder.plist");
    let at = job["StartCalendarInterval"].as_dictionary().unwrap();
    assert_eq!((int(at, "Hour"), int(at, "Minute")), (Some(9), Some(0)));
    assert_eq!(at.len(), 2, "any further field would skip days");
    assert_eq!(job["RunAtLoad"].as_boolean(), Some(true));
    assert!(!job.contains_key("StartInterval"), "an interval that sleep skips is lost");
}

#[test]
fn the_sealer_comes_every_minute_and_at_load() {
    let job = job("holdfast.seal.plist");
    assert_eq!(int(&job, "StartInterval"), Some(60));
    assert_eq!(job["RunAtLoad"].as_boolean(), Some(true));
    assert_eq!(job["UserName"].as_string(), Some("holdfast"), "not the bot's");
}

#[test]
fn the_anchors_come_every_hour_and_at_load() {
    let job = job("holdfast.anchor.plist");
    assert_eq!(int(&job, "StartInterval"), Some(60 * 60));
    assert_eq!(job["RunAtLoad"].as_boolean(), Some(true));
    assert_eq!(job["UserName"].as_string(), Some("holdfast"), "not the bot's");
}

#[test]
fn the_pipeline_comes_every_5_minutes_and_nothing_it_leaves_is_killed() {
    let job = job("holdfast.pipeline.plist");
    assert_eq!(int(&job, "StartInterval"), Some(5 * 60));
    assert!(!job.contains_key("RunAtLoad"), "loading a unit must not trade");
    assert_eq!(job["AbandonProcessGroup"].as_boolean(), Some(true));
    assert_eq!(job["UserName"].as_string(), Some("bot"), "not the watchdog's user (independent-witness)");
}
