//! The rows as people and machines read them.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

use super::pairs::{Pairs, Spread};
use super::stage::Stage;
use crate::project;

/// What a figure is to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    bound: f64,
    at_least: bool,
    unit: &'static str,
}

impl Target {
    pub(crate) fn at_most(bound: f64, unit: &'static str) -> Self {
        Self { bound, at_least: false, unit }
    }

    fn is_met(self, measured: f64) -> bool {
        if self.at_least { measured >= self.bound } else { measured <= self.bound }
    }

    fn shown(self) -> String {
        format!("{} {}", if self.at_least { "≥" } else { "≤" }, with_unit(self.bound, self.unit))
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    let gap = if unit.starts_with(['×', '%']) { "" } else { " " };
    let digits = match value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 0.1 => 2,
        _ => 3,
    };
    // A target is written as it was set.
    let number = if value.fract() == 0.0 { format!("{value}") } else { format!("{value:.digits$}") };
    format!("{number}{gap}{unit}")
}

/// One figure. Without a target it is there to compare with.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    what: String,
    against: String,
    target: Option<Target>,
    measured: f64,
    unit: &'static str,
    spread: Option<Spread>,
    note: String,
}

impl Row {
    pub(crate) fn new(
        what: impl Into<String>,
        against: impl Into<String>,
        target: Target,
        measured: f64,
    ) -> Self {
        let (what, against) = (what.into(), against.into());
        let (unit, target) = (target.unit, Some(target));
        Self { what, against, target, measured, unit, spread: None, note: String::new() }
    }

    /// A figure of somebody else.
    pub(crate) fn reference(what: impl Into<String>, spread: Spread, unit: &'static str) -> Self {
        let row = Self::new(what, "", Target::at_most(f64::INFINITY, unit), spread.median).with(spread);
        row.without_target()
    }

    /// How many times faster than theirs ours is.
    pub(crate) fn faster(what: &str, against: &str, bound: f64, pairs: Pairs) -> Self {
        let target = Target { bound, at_least: true, unit: "×" };
        Self::of(Self::new(what, against, target, pairs.faster.median).with(pairs.faster), pairs)
    }

    /// How many times the time of theirs ours takes.
    pub(crate) fn cost(what: &str, against: &str, bound: f64, pairs: Pairs) -> Self {
        let target = Target::at_most(bound, "×");
        Self::of(Self::new(what, against, target, pairs.cost.median).with(pairs.cost), pairs)
    }

    fn of(self, pairs: Pairs) -> Self {
        let note = format!("{} against {}", duration(pairs.ours.median), duration(pairs.theirs.median));
        self.note(note)
    }

    /// The same, to compare with: nothing of ours is to reach it.
    pub(crate) fn without_target(self) -> Self {
        Self { target: None, ..self }
    }

    pub(crate) fn with(self, spread: Spread) -> Self {
        Self { spread: Some(spread), ..self }
    }

    pub(crate) fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    fn met(&self) -> Option<bool> {
        self.target.map(|target| target.is_met(self.measured))
    }

    fn markdown(&self) -> String {
        let target = self.target.map(Target::shown).unwrap_or_default();
        let mut measured = with_unit(self.measured, self.unit);
        if let Some(spread) = self.spread.filter(|spread| spread.count > 1) {
            let _ = write!(measured, " ({:.2}–{:.2})", spread.p10, spread.p90);
        }
        let met = self.met().map_or("", |met| if met { "met" } else { "**not met**" });
        let cells = [&self.what, &self.against, &target, &measured, &self.note, met];
        format!("| {} |", cells.join(" | "))
    }

    fn json(&self) -> Value {
        let spread = self.spread.map(|spread| {
            json!({"p10": spread.p10, "median": spread.median, "p90": spread.p90, "p99": spread.p99, "count": spread.count})
        });
        json!({
            "what": self.what, "against": self.against, "target": self.target.map(Target::shown), "measured": self.measured,
            "unit": self.unit, "spread": spread, "note": self.note, "met": self.met(),
        })
    }
}

/// Seconds as people read them.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 1e-6 => format!("{:.0} ns", seconds * 1e9),
        seconds if seconds < 1e-3 => format!("{:.1} µs", seconds * 1e6),
        seconds if seconds < 1.0 => format!("{:.2} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}

pub(crate) struct Table {
    machine: Vec<String>,
    once: bool,
    pub(crate) rows: Vec<Row>,
}

impl Table {
    pub(crate) fn new(stage: &Stage) -> Result<Self> {
        Ok(Self { machine: project::machine()?, once: stage.once, rows: Vec::new() })
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("{}\n\n", self.machine.join("; "));
        if self.once {
            text += "Each row was run once, to show that it runs: these are no measurements.\n\n";
        }
        text += "| what | against | target | measured (p10–p90) | medians | |\n| --- | --- | --- | --- | --- | --- |\n";
        text += &self.rows.iter().map(Row::markdown).collect::<Vec<_>>().join("\n");
        text
    }

    pub(crate) fn json(&self) -> Value {
        let rows: Vec<_> = self.rows.iter().map(Row::json).collect();
        json!({"machine": self.machine, "once": self.once, "rows": rows})
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, Spread, Target};

    #[test]
    fn a_row_says_whether_its_target_is_met() {
        let row = |measured| Row::new("a", "b", Target::at_most(1.3, "×"), measured);
        assert_eq!(row(1.3).markdown(), "| a | b | ≤ 1.30× | 1.30× |  | met |");
        assert_eq!(row(1.31).markdown(), "| a | b | ≤ 1.30× | 1.31× |  | **not met** |");
        let spread = Spread::of([1.0, 2.0, 3.0]);
        assert_eq!(
            Row::reference("monit", spread, "s").markdown(),
            "| monit |  |  | 2 s (1.00–3.00) |  |  |"
        );
    }
}
