//! Task Scheduler definitions against the schema in MS-TSCH 2.5: which elements, in which order, with which values.

use holdfast_setup::render::Platform;
use roxmltree::{Document, Node};

use super::{plain, rendered, ugly, unit};

const NAMESPACE: &str = "http://schemas.microsoft.com/windows/2004/02/mit/task";

/// What an element may hold.
#[derive(Clone, Copy)]
enum Holds {
    /// These elements in this order, each at most once; those marked must be there.
    Sequence(&'static [(&'static str, bool, Holds)]),
    /// These in any order and number.
    Any(&'static [(&'static str, bool, Holds)]),
    Bool,
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An ISO 8601 duration of hours, minutes and seconds.
    Duration,
    /// A local time without a zone.
    Time,
    Number(u32, u32),
}

use Holds::{Any, Bool, Duration, Number, Sequence, Text, Time, Word};

const MUST: bool = true;
const MAY: bool = false;

const TASK: Holds = Sequence(&[
    ("RegistrationInfo", MUST, Sequence(&[("URI", MUST, Text), ("Description", MUST, Text)])),
    ("Triggers", MUST, Any(TRIGGERS)),
    ("Principals", MUST, Sequence(&[("Principal", MUST, PRINCIPAL)])),
    ("Settings", MUST, Sequence(SETTINGS)),
    ("Actions", MUST, Sequence(&[("Exec", MUST, EXEC)])),
]);

const REPETITION: Holds =
    Sequence(&[("Interval", MUST, Duration), ("Duration", MAY, Duration), ("StopAtDurationEnd", MAY, Bool)]);

const TRIGGERS: &[(&str, bool, Holds)] = &[
    ("BootTrigger", MAY, Sequence(&[("Enabled", MAY, Bool)])),
    (
        "TimeTrigger",
        MAY,
        Sequence(&[("Enabled", MAY, Bool), ("StartBoundary", MUST, Time), ("Repetition", MAY, REPETITION)]),
    ),
    (
        "CalendarTrigger",
        MAY,
        Sequence(&[
            ("Enabled", MAY, Bool),
            ("StartBoundary", MUST, Time),
            ("ScheduleByDay", MUST, Sequence(&[("DaysInterval", MUST, Number(1, 365))])),
        ]),
    ),
];

const PRINCIPAL: Holds = Sequence(&[
    ("UserId", MUST, Text),
    ("LogonType", MUST, Word(&["S4U", "Password", "InteractiveToken"])),
    ("RunLevel", MUST, Word(&["LeastPrivilege"])),
]);

/// The schema takes them in any order; here they stand as Task Scheduler exports them, and none that it needs for
/// an unattended host is left to its default.
const SETTINGS: &[(&str, bool, Holds)] = &[
    ("MultipleInstancesPolicy", MUST, Word(&["IgnoreNew"])),
    ("DisallowStartIfOnBatteries", MUST, Word(&["false"])),
    ("StopIfGoingOnBatteries", MUST, Word(&["false"])),
    ("AllowHardTerminate", MUST, Bool),
    ("StartWhenAvailable", MUST, Bool),
    ("RunOnlyIfNetworkAvailable", MUST, Word(&["false"])),
    ("WakeToRun", MUST, Bool),
    ("Enabled", MUST, Word(&["true"])),
    ("Hidden", MUST, Bool),
    ("RunOnlyIfIdle", MUST, Word(&["false"])),
    (
        "IdleSettings",
        MUST,
        Sequence(&[("StopOnIdleEnd", MUST, Word(&["false"])), ("RestartOnIdle", MUST, Word(&["false"]))]),
    ),
    ("ExecutionTimeLimit", MUST, Duration),
    ("Priority", MAY, Number(0, 10)),
    ("RestartOnFailure", MAY, Sequence(&[("Interval", MUST, Duration), ("Count", MUST, Number(1, 255))])),
];

const EXEC: Holds =
    Sequence(&[("Command", MUST, Text), ("Arguments", MUST, Text), ("WorkingDirectory", MUST, Text)]);

fn check(node: Node<'_, '_>, holds: Holds) -> Result<(), String> {
    let name = node.tag_name().name();
    if node.tag_name().namespace() != Some(NAMESPACE) {
        return Err(format!("{name} is not in the namespace of tasks"));
    }
    let children = || node.children().filter(Node::is_element);
    let text = node.text().unwrap_or_default();
    let good = match holds {
        Sequence(known) => {
            let mut left = known.iter();
            for child in children() {
                let tag = child.tag_name().name();
                let place = left.find(|known| known.0 == tag || known.1);
                match place {
                    Some(known) if known.0 == tag => check(child, known.2)?,
                    Some(known) => return Err(format!("{name}: {} must come before {tag}", known.0)),
                    None => return Err(format!("{name}: {tag} is unknown or out of place")),
                }
            }
            if let Some(missing) = left.find(|known| known.1) {
                return Err(format!("{name}: {} is missing", missing.0));
            }
            true
        }
        Any(known) => {
            for child in children() {
                let tag = child.tag_name().name();
                let known = known.iter().find(|known| known.0 == tag);
                check(child, known.ok_or_else(|| format!("{name}: {tag} is unknown"))?.2)?;
            }
            children().next().is_some()
        }
        Bool => matches!(text, "true" | "false"),
        Text => !text.trim().is_empty(),
        Word(words) => words.contains(&text),
        Duration => seconds(text).is_some(),
        Time => text.len() == 19 && text.as_bytes()[10] == b'T' && !text.ends_with('Z'),
        Number(least, most) => text.parse().is_ok_and(|number: u32| (least..=most).contains(&number)),
    };
    if good { Ok(()) } else { Err(format!("{name} cannot be {text:?}")) }
}

/// `PT1H15M` in seconds.
fn seconds(text: &str) -> Option<u64> {
    let mut rest = text.strip_prefix("PT").filter(|rest| !rest.is_empty())?;
    let mut sum = 0;
    for (unit, factor) in [('H', 3600), ('M', 60), ('S', 1)] {
        if let Some((number, tail)) = rest.split_once(unit) {
            sum += number.parse::<u64>().ok()? * factor;
            rest = tail;
        }
    }
    rest.is_empty().then_some(sum)
}

fn check_task(text: &str) -> Result<(), String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let task = document.root_element();
    if task.tag_name().name() != "Task" || task.attribute("version") != Some("1.2") {
        return Err("not a Task of version 1.2".to_owned());
    }
    check(task, TASK)?;
    let of = |name| task.descendants().find(|node| node.has_tag_name((NAMESPACE, name)));
    let principal = of("Principal").and_then(|node| node.attribute("id"));
    let context = of("Actions").and_then(|node| node.attribute("Context"));
    if principal.is_none() || principal != context {
        return Err(format!("Actions are for {context:?}, the principal is {principal:?}"));
    }
    Ok(())
}

/// The texts of all elements of a name.
fn all(text: &str, name: &str) -> Vec<String> {
    let document = Document::parse(text).unwrap();
    let nodes = document.descendants().filter(|node| node.has_tag_name((NAMESPACE, name)));
    nodes.map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

/// The command line of a task, as Windows programs split it.
pub(super) fn command(text: &str) -> Vec<String> {
    let line = format!("{} {}", all(text, "Command")[0], all(text, "Arguments")[0]);
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    assert!(!quoted, "a quote is left open: {line}");
    words
}

#[test]
fn every_task_has_the_elements_that_task_scheduler_needs_in_their_order() {
    for values in [plain(Platform::Windows), ugly(Platform::Windows)] {
        for (name, text) in rendered(Platform::Windows, &values) {
            check_task(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(all(&text, "WorkingDirectory"), [values.root.as_str()], "{name}");
            assert!(
                text.starts_with("<?xml version=\"1.0\"?>\n"),
                "{name}: schtasks chokes on a declared encoding"
            );
        }
    }
}

#[test]
fn a_mistake_in_a_task_is_caught() {
    let good = unit(Platform::Windows, "holdfast-watchdog-check.xml");
    let cases = [
        ("<WakeToRun>false</WakeToRun>", "", "Settings: WakeToRun must come before Enabled"),
        ("<WakeToRun>false<", "<WakeToRun>no<", "WakeToRun cannot be"),
        ("<Hidden>false</Hidden>", "<Hiden>false</Hiden>", "Settings: Hidden must come before Hiden"),
        ("<Count>3</Count>", "<Count>0</Count>", "Count cannot be"),
        ("<Count>3</Count>", "", "RestartOnFailure: Count is missing"),
        ("<Interval>PT15M<", "<Interval>15M<", "Interval cannot be"),
        ("T00:00:00<", "T00:00:00Z<", "StartBoundary cannot be"),
        ("<BootTrigger/>", "<BotTrigger/>", "Triggers: BotTrigger is unknown"),
        (NAMESPACE, "http://example.invalid/task", "Task is not in the namespace"),
        ("id=\"Author\"", "id=\"Other\"", "Actions are for"),
        (
            "<StopIfGoingOnBatteries>false<",
            "<StopIfGoingOnBatteries>true<",
            "StopIfGoingOnBatteries cannot be",
        ),
        ("</Task>", "", ""),
    ];
    check_task(&good).unwrap();
    for (from, to, expected) in cases {
        assert!(good.contains(from), "{from} is not there");
        let error = check_task(&good.replacen(from, to, 1)).expect_err(to);
        assert!(error.starts_with(expected), "{to}: {error}");
    }
}

#[test]
fn the_watchdog_checks_at_boot_and_every_15_minutes_and_makes_up_what_it_missed() {
    let task = unit(Platform::Windows, "holdfast-watchdog-check.xml");
    assert_eq!(seconds(&all(&task, "Interval")[0]), Some(15 * 60));
    assert!(all(&task, "Duration").is_empty(), "without a duration it repeats for ever");
    assert_eq!(all(&task, "BootTrigger").len(), 1);
    assert_eq!(all(&task, "StartWhenAvailable"), ["true"]);
    assert!(seconds(&all(&task, "ExecutionTimeLimit")[0]).unwrap() >= 60, "a check may take 30 s");
}

#[test]
fn the_resident_watchdog_is_never_stopped_and_comes_back_within_a_minute() {
    let task = unit(Platform::Windows, "holdfast-watchdog.xml");
    assert_eq!(all(&task, "ExecutionTimeLimit"), ["PT0S"], "the default ends it after three days");
    assert_eq!(all(&task, "Count"), ["255"]);
    assert_eq!(all(&task, "BootTrigger").len(), 1);
    assert!(all(&task, "Interval").iter().all(|interval| seconds(interval) == Some(60)));
    assert_eq!(all(&task, "Interval").len(), 2, "one after a failure, one whatever happened");
}

#[test]
fn the_reminder_comes_at_nine_and_is_made_up() {
    let task = unit(Platform::Windows, "holdfast-reminder.xml");
    assert!(all(&task, "StartBoundary")[0].ends_with("T09:00:00"));
    assert_eq!(all(&task, "DaysInterval"), ["1"]);
    assert_eq!(all(&task, "StartWhenAvailable"), ["true"]);
}

#[test]
fn the_sealer_comes_every_minute_and_may_take_longer_the_first_time() {
    let task = unit(Platform::Windows, "holdfast-seal.xml");
    assert_eq!(seconds(&all(&task, "Interval")[0]), Some(60));
    assert_eq!(all(&task, "BootTrigger").len(), 1);
    assert!(seconds(&all(&task, "ExecutionTimeLimit")[0]).unwrap() >= 600);
    assert_eq!(all(&task, "UserId"), ["holdfast"], "not the bot's");
}

#[test]
fn the_anchors_come_every_hour_and_have_time_for_each() {
    let task = unit(Platform::Windows, "holdfast-anchor.xml");
    assert_eq!(seconds(&all(&task, "Interval")[0]), Some(60 * 60));
    assert!(seconds(&all(&task, "ExecutionTimeLimit")[0]).unwrap() >= 1800);
    assert_eq!(all(&task, "UserId"), ["holdfast"], "not the bot's");
}

#[test]
fn the_pipeline_comes_every_5_minutes_and_is_never_stopped_or_repeated() {
    let task = unit(Platform::Windows, "holdfast-pipeline.xml");
    assert_eq!(seconds(&all(&task, "Interval")[0]), Some(5 * 60));
    assert_eq!(all(&task, "ExecutionTimeLimit"), ["PT0S"]);
    assert_eq!(all(&task, "StartWhenAvailable"), ["false"], "a missed cycle is not made up");
    assert!(all(&task, "RestartOnFailure").is_empty());
    assert!(all(&task, "BootTrigger").is_empty(), "a boot must not trade");
    assert_eq!(all(&task, "UserId"), ["bot"], "not the watchdog's user (independent-witness)");
}
