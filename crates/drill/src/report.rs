//! What came of a drill, for people and for machines.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use comfy_table::presets::{NOTHING, UTF8_HORIZONTAL_ONLY};
use comfy_table::{ContentArrangement, Table};
use holdfast::journal::{self, Entry};
use holdfast::sys::{Now, Secrecy, Store, Sys};
use holdfast::time::iso;
use holdfast::{Exit, Root};
use serde::Serialize;

use crate::PROGRAM;
use crate::evidence::Evidence;
use crate::scenarios::Scenario;
use crate::stage::{Seen, Trouble};

/// The report for people; beside it is that for machines.
pub(crate) const FILE: &str = "drill-report.txt";
/// Where nobody says how wide the terminal is.
pub(crate) const WIDTH: u16 = 140;
/// A table needs so many columns.
const TABLE_WIDTH: u16 = 110;

/// How a scenario ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Result {
    Passed,
    Failed,
    /// Could not be tried here. Never a success.
    NotRun,
}

impl Result {
    /// What must not be overlooked is in capitals.
    const fn word(self) -> &'static str {
        match self {
            Result::Passed => "passed",
            Result::Failed => "FAILED",
            Result::NotRun => "not run",
        }
    }
}

/// One scenario in the report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Row {
    name: &'static str,
    injected: &'static str,
    expected: &'static str,
    result: Result,
    /// What was seen, went wrong, or stood in the way.
    seen: String,
    detected_s: Option<f64>,
    paused_s: Option<f64>,
    told_s: Option<f64>,
    took_s: f64,
    folder: String,
}

impl Row {
    pub(crate) fn new(
        scenario: &Scenario,
        played: std::result::Result<Seen, Trouble>,
        took_s: f64,
        folder: &Path,
    ) -> Self {
        let (result, seen) = match played {
            Ok(seen) => (Result::Passed, seen),
            Err(Trouble::Failed(text)) => (Result::Failed, Seen { text, ..Seen::default() }),
            Err(Trouble::NotRun(text)) => (Result::NotRun, Seen { text, ..Seen::default() }),
        };
        Self {
            name: scenario.name,
            injected: scenario.injected,
            expected: scenario.expected,
            result,
            seen: seen.text,
            detected_s: seen.detected_s.map(millis),
            paused_s: seen.paused_s.map(millis),
            told_s: seen.told_s.map(millis),
            took_s: millis(took_s),
            folder: folder.display().to_string(),
        }
    }

    pub(crate) fn passed(&self) -> bool {
        self.result == Result::Passed
    }
}

fn millis(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}

/// The whole drill.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Report {
    v: u32,
    at: f64,
    iso: String,
    host: String,
    system: String,
    version: &'static str,
    programs: String,
    took_s: f64,
    passed: usize,
    failed: usize,
    not_run: usize,
    rows: Vec<Row>,
    /// The report that is itself in the evidence has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
}

impl Report {
    pub(crate) fn new(sys: &Sys, began: &Now, programs: &Path, rows: Vec<Row>) -> Self {
        let count = |result| rows.iter().filter(|row| row.result == result).count();
        Self {
            v: 1,
            at: began.wall,
            iso: iso(began.wall),
            host: sys.host.to_owned(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            version: env!("CARGO_PKG_VERSION"),
            programs: programs.display().to_string(),
            took_s: millis(sys.clock.now().up - began.up),
            passed: count(Result::Passed),
            failed: count(Result::Failed),
            not_run: count(Result::NotRun),
            rows,
            evidence: None,
        }
    }

    /// The same, with what has become of the evidence.
    pub(crate) fn with(self, evidence: Evidence) -> Self {
        Self { evidence: Some(evidence), ..self }
    }

    /// Nothing failed, something was shown, and the evidence of it is verified.
    pub(crate) fn exit(&self) -> Exit {
        let verified = matches!(self.evidence, Some(Evidence::Verified(_)));
        if self.failed == 0 && self.passed > 0 && verified { Exit::Ok } else { Exit::No }
    }

    /// Puts it there for people, and beside it for machines.
    pub(crate) fn write(&self, store: &dyn Store, path: &Path) -> io::Result<()> {
        store.replace(path, self.text(WIDTH).as_bytes(), Secrecy::Shared)?;
        store.replace(&path.with_extension("json"), self.json().as_bytes(), Secrecy::Shared)
    }

    /// One line in the journal of a root: that a drill was held.
    pub(crate) fn journal(&self, sys: &Sys, root: &Root) -> io::Result<()> {
        let names = |result| {
            self.rows.iter().filter(|row| row.result == result).map(|row| row.name).collect::<Vec<_>>()
        };
        let mut entry = Entry::new("drill", PROGRAM)
            .with("passed", self.passed)
            .with("failed", names(Result::Failed))
            .with("not_run", names(Result::NotRun));
        if let Some(evidence) = &self.evidence {
            entry = entry.with("evidence", evidence.word());
        }
        journal::append(sys, root, &entry).map(drop)
    }

    /// As JSON, for machines.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("strings and finite numbers are JSON") + "\n"
    }

    /// For people, this many columns wide.
    pub(crate) fn text(&self, width: u16) -> String {
        let rows = if width < TABLE_WIDTH { list(&self.rows, width) } else { table(&self.rows, width) };
        let mut text = format!("{rows}\n");
        for row in self.rows.iter().filter(|row| row.result == Result::Failed) {
            let _ = writeln!(text, "{} FAILED: {}\n  files and logs: {}", row.name, row.seen, row.folder);
        }
        let Self { passed, failed, not_run, took_s, host, system, version, iso, programs, .. } = self;
        let _ = write!(
            text,
            "{passed} passed, {failed} failed, {not_run} not run, in {took_s:.1} s, at {iso}\n\
             Holdfast {version} in {programs}, on {host} ({system})\n\
             Times count from the injection. A heartbeat may be {} s old.\n",
            crate::stage::MAX_AGE.as_secs()
        );
        if let Some(evidence) = &self.evidence {
            let _ = write!(text, "\n{}", evidence.text());
        }
        text
    }
}

fn table(rows: &[Row], width: u16) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width);
    table.set_header(["scenario", "injected", "expected", "seen", "detected", "paused on disk", "result"]);
    for row in rows {
        let (detected, paused) = (seconds(row.detected_s), seconds(row.paused_s));
        let words = [row.name, row.injected, row.expected, &row.seen, &detected, &paused, row.result.word()];
        table.add_row(words);
    }
    table
}

/// Where a table has no room: words would be broken.
fn list(rows: &[Row], width: u16) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    for row in rows {
        let times = [("detected", row.detected_s), ("paused", row.paused_s)];
        let times = times.into_iter().filter_map(|(what, time)| Some(format!("{what} {:.2} s", time?)));
        let head: Vec<String> = std::iter::once(row.name.to_owned()).chain(times).collect();
        table.add_row([row.result.word(), &head.join(", ")]);
        for (what, words) in [("injected", row.injected), ("expected", row.expected), ("seen", &row.seen)] {
            table.add_row([&format!("  {what}"), words]);
        }
    }
    table
}

fn seconds(time: Option<f64>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{time:.2} s"))
}

/// How wide the terminal is.
#[cfg(unix)]
pub(crate) fn width() -> u16 {
    rustix::termios::tcgetwinsize(rustix::stdio::stdout())
        .ok()
        .map(|size| size.ws_col)
        .filter(|columns| *columns > 0)
        .unwrap_or(WIDTH)
}

/// How wide the terminal is.
#[cfg(not(unix))]
pub(crate) fn width() -> u16 {
    WIDTH
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence;

    fn scenario(name: &'static str) -> Scenario {
        let play = |_: &crate::stage::Stage| Ok(Seen::default());
        Scenario { name, injected: "a fault", expected: "a trip", play }
    }

    fn report(played: Vec<std::result::Result<Seen, Trouble>>) -> Report {
        let names = ["one", "two", "three"];
        let row = |(name, played)| Row::new(&scenario(name), played, 1.0, Path::new("/tmp/drill"));
        let rows = names.into_iter().zip(played).map(row).collect();
        let now = Now { wall: 1_795_248_000.0, up: 0.0, awake: 0.0, boot: None };
        let report = Report::new(&Sys::real(), &now, Path::new("/usr/local/bin"), rows);
        Report { took_s: 12.3, host: "mini".to_owned(), system: "linux x86_64".to_owned(), ..report }
    }

    fn seen() -> Seen {
        Seen { text: "stale".to_owned(), detected_s: Some(2.004_4), paused_s: Some(2.011), told_s: Some(2.1) }
    }

    fn not_run() -> std::result::Result<Seen, Trouble> {
        Err(Trouble::NotRun("this system has no SIGSTOP".to_owned()))
    }

    fn failed() -> std::result::Result<Seen, Trouble> {
        Err(Trouble::Failed("within 10 s nothing came".to_owned()))
    }

    #[test]
    fn what_was_not_run_is_never_passed() {
        let why = || "what stood in the way".to_owned();
        let unverified = [Evidence::NotRun { why: why() }, Evidence::Failed { why: why(), folder: why() }];
        for (played, exit) in [
            (vec![Ok(seen())], Exit::Ok),
            (vec![Ok(seen()), not_run()], Exit::Ok),
            (vec![Ok(seen()), failed()], Exit::No),
            (vec![not_run()], Exit::No),
            (vec![], Exit::No),
        ] {
            let report = report(played.clone());
            assert_eq!(report.exit(), Exit::No, "without evidence: {played:?}");
            for evidence in &unverified {
                assert_eq!(
                    report.clone().with(evidence.clone()).exit(),
                    Exit::No,
                    "{evidence:?}: {played:?}"
                );
            }
            assert_eq!(report.with(evidence::sample()).exit(), exit, "{played:?}");
        }
    }

    #[test]
    fn people_get_a_table_or_a_list_where_that_has_no_room() {
        let mixed = report(vec![Ok(seen()), failed(), not_run()]);
        insta::assert_snapshot!("table", mixed.clone().with(evidence::sample()).text(TABLE_WIDTH));
        let why = "audit-pack verify ended with Code(1), not 0".to_owned();
        let folder = "/tmp/drill/main".to_owned();
        insta::assert_snapshot!("list", mixed.with(Evidence::Failed { why, folder }).text(80));
    }

    #[test]
    fn machines_get_the_same_as_people() {
        let report = report(vec![Ok(seen())]).with(evidence::sample());
        let report: serde_json::Value = serde_json::from_str(&report.json()).expect("JSON");
        let row = &report["rows"][0];
        assert_eq!((&row["result"], &row["detected_s"]), (&"passed".into(), &2.004.into()));
        assert_eq!(
            (&report["passed"], &report["failed"], &report["not_run"]),
            (&1.into(), &0.into(), &0.into())
        );
        insta::assert_json_snapshot!("evidence", report["evidence"]);
    }
}
