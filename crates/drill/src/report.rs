//! What came of a drill, for people and for machines.

use std::fmt::Write as _;
use std::path::Path;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
use holdfast::Exit;
use holdfast::sys::{Now, Sys};
use holdfast::time::iso;
use serde::Serialize;

use crate::scenarios::Scenario;
use crate::stage::{Seen, Trouble};

/// Where nobody says how wide the terminal is.
pub(crate) const WIDTH: u16 = 140;

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
        }
    }

    /// Nothing failed, and something was shown.
    pub(crate) fn exit(&self) -> Exit {
        if self.failed == 0 && self.passed > 0 { Exit::Ok } else { Exit::No }
    }

    /// How many passed, and the names of those that failed and that were not run.
    pub(crate) fn counts(&self) -> (usize, Vec<&'static str>, Vec<&'static str>) {
        let names =
            |result| self.rows.iter().filter(|row| row.result == result).map(|row| row.name).collect();
        (self.passed, names(Result::Failed), names(Result::NotRun))
    }

    /// As JSON, for machines.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("strings and finite numbers are JSON")
    }

    /// As a table of this width, for people.
    pub(crate) fn text(&self, width: u16) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width);
        table.set_header([
            "scenario",
            "injected",
            "expected",
            "seen",
            "detected",
            "paused on disk",
            "result",
        ]);
        for row in &self.rows {
            let (detected, paused) = (seconds(row.detected_s), seconds(row.paused_s));
            let words =
                [row.name, row.injected, row.expected, &row.seen, &detected, &paused, row.result.word()];
            table.add_row(words);
        }
        let mut text = format!("{table}\n");
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
        text
    }
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

    #[test]
    fn what_was_not_run_is_never_passed() {
        let not_run = || Err(Trouble::NotRun("this system has no SIGSTOP".to_owned()));
        let failed = || Err(Trouble::Failed("within 10 s nothing came".to_owned()));
        let mixed = report(vec![Ok(seen()), failed(), not_run()]);
        insta::assert_snapshot!(mixed.text(100));
        for (played, exit) in [
            (vec![Ok(seen())], Exit::Ok),
            (vec![Ok(seen()), not_run()], Exit::Ok),
            (vec![Ok(seen()), failed()], Exit::No),
            (vec![not_run()], Exit::No),
            (vec![], Exit::No),
        ] {
            assert_eq!(report(played.clone()).exit(), exit, "{played:?}");
        }
    }

    #[test]
    fn machines_get_the_same_as_people() {
        let report: serde_json::Value = serde_json::from_str(&report(vec![Ok(seen())]).json()).expect("JSON");
        let row = &report["rows"][0];
        assert_eq!((&row["result"], &row["detected_s"]), (&"passed".into(), &2.004.into()));
        assert_eq!(
            (&report["passed"], &report["failed"], &report["not_run"]),
            (&1.into(), &0.into(), &0.into())
        );
    }
}
