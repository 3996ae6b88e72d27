//! `check --reconcile`: whether each order that was decided has a fill, and each fill a decision.
//!
//! No log can show that a decision was recorded at all. Fills come from somebody else, so a trade that no decision asked
//! for shows here. Exact, in bounded memory as [`crate::unique`] is: of long logs one part of the keys at a time.

mod fills;
mod log;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::io;

use holdfast::config::Pointer;
use holdfast::json::{self, Value};
use holdfast::sys::ReadAt;
use holdfast::text::printable;
use serde::Serialize;

use crate::finding::{Finding, Findings, Kind};
use crate::lines::{count, each_line};
use crate::unique::hash_of;
use fills::Fills;
pub(crate) use fills::FillsError;
pub(crate) use log::{Asked, ReconcileError};

/// So many keys are remembered at once: with 33 bytes each in a table of 2^20 places, 33 MiB.
const PART: u64 = 800_000;
/// So many orders with several fills are shown.
const SHOWN_MAX: usize = 10;
/// How much of a key is shown, in characters.
const SHOWN: usize = 80;

/// Where the key of an order stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// In a JSON object.
    pub pointer: Pointer,
    /// In a header.
    pub column: String,
}

impl std::str::FromStr for Key {
    type Err = String;

    /// A JSON pointer, or a plain name.
    fn from_str(text: &str) -> Result<Self, String> {
        let pointer = if text.starts_with('/') {
            text.parse()
        } else {
            format!("/{}", text.replace('~', "~0").replace('/', "~1")).parse()
        };
        let column = text.strip_prefix('/').unwrap_or(text).to_owned();
        Ok(Self {
            pointer: pointer.map_err(|error: holdfast::config::NotAPointer| error.to_string())?,
            column,
        })
    }
}

/// A part of a log: a file of which the first `len` bytes are sealed.
pub(crate) struct Part<'a> {
    pub(crate) file: Box<dyn ReadAt + 'a>,
    pub(crate) len: u64,
    pub(crate) shown: String,
}

/// An order with more than one fill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Several {
    key: String,
    line: u64,
    fill_lines: [u64; 2],
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Reconciled {
    pub(crate) fills_file: String,
    pub(crate) order_key: String,
    /// Sealed lines that have a key, and those that have none: decisions that are no orders, or no JSON objects.
    pub(crate) orders: u64,
    pub(crate) without: u64,
    /// Orders whose key another one had before.
    pub(crate) doubled: u64,
    pub(crate) fills: u64,
    /// Orders with several fills, and the first of them.
    pub(crate) several: u64,
    pub(crate) several_first: Vec<Several>,
    /// Bytes of the log that are not sealed, and were not looked at.
    pub(crate) unsealed_bytes: u64,
    #[serde(flatten)]
    pub(crate) findings: Findings,
}

impl fmt::Display for Reconciled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fills_file, order_key, orders, without, doubled, fills, several, .. } = self;
        write!(
            f,
            "{orders} sealed orders with {order_key} and {fills} fills in {fills_file}: {}",
            match self.findings.count {
                0 => "each has the other".to_owned(),
                count => format!("{count} of them have not the other"),
            }
        )?;
        write!(f, "\n              {without} decisions are no orders; {several} orders have several fills")?;
        for Several { key, line, fill_lines: [first, second] } in &self.several_first {
            write!(
                f,
                "\n              several: {key}, decided in line {line}, filled in lines {first}, {second}, …"
            )?;
        }
        if *doubled > 0 {
            write!(
                f,
                "\n              {doubled} orders have a key that another one had: check --unique names them"
            )?;
        }
        if self.unsealed_bytes > 0 {
            write!(
                f,
                "\n              {} bytes are not sealed, and were not looked at",
                self.unsealed_bytes
            )?;
        }
        Ok(())
    }
}

/// What is known of one order.
struct Order {
    line: u64,
    /// No file of fills has more lines than that has place for.
    first_fill: u32,
    fills: u32,
}

/// Compares the sealed lines of a log with the fills in a file.
pub(crate) fn reconcile(
    log: &[Part<'_>],
    order_key: &Key,
    fills: &dyn ReadAt,
    fills_shown: &str,
    fills_key: &Key,
) -> Result<Reconciled, FillsError> {
    let fills = Fills::new(fills, fills_key)?;
    let (fills_file, order_column) = (fills_shown.to_owned(), order_key.column.clone());
    let found = Reconciled { fills_file, order_key: order_column, ..Reconciled::default() };
    let mut run = Run { log, order_key, fills, fills_shown, found, orders: HashMap::new() };
    run.all(PART)?;
    Ok(run.found)
}

struct Run<'a> {
    log: &'a [Part<'a>],
    order_key: &'a Key,
    fills: Fills<'a>,
    fills_shown: &'a str,
    found: Reconciled,
    /// Of this part.
    orders: HashMap<[u64; 2], Order>,
}

impl Run<'_> {
    fn all(&mut self, part: u64) -> Result<(), FillsError> {
        let mut lines = 0;
        for Part { file, len, .. } in self.log {
            lines += count(&**file, *len)?;
        }
        let parts = lines.div_ceil(part).max(1);
        // Grown bit by bit it would be there twice for a moment.
        self.orders.reserve(part.min(lines) as usize);
        for now in 0..parts {
            self.orders.clear();
            self.part(now, parts)?;
        }
        self.found.findings.listed.sort_by_key(|finding| (finding.kind, finding.line));
        Ok(())
    }

    /// The keys whose hash falls into one part of several.
    fn part(&mut self, now: u64, parts: u64) -> Result<(), FillsError> {
        let Self { log, order_key, fills, fills_shown, found, orders } = self;
        let of_part = |key: &str| Some(hash_of(key)).filter(|hash| hash[0] % parts == now);
        each_order(log, order_key, |at, key| {
            let sum = if key.is_some() { &mut found.orders } else { &mut found.without };
            *sum += u64::from(now == 0);
            let Some(hash) = key.as_deref().and_then(of_part) else { return };
            let before = orders.len();
            orders.entry(hash).or_insert(Order { line: at.line, first_fill: 0, fills: 0 });
            found.doubled += u64::from(orders.len() == before);
        })?;
        fills.each(|line, key| {
            found.fills += u64::from(now == 0);
            let undecided = |says: String| Finding::new(Kind::Undecided, *fills_shown).line(line).says(says);
            let Some(key) = key else {
                if now == 0 {
                    found.findings.add(undecided("a fill without a key".to_owned()));
                }
                return;
            };
            let Some(hash) = of_part(key) else { return };
            match orders.get_mut(&hash) {
                None => found.findings.add(undecided(format!(
                    "no sealed decision has {} {}",
                    order_key.column,
                    printable(key, SHOWN)
                ))),
                Some(order) => {
                    order.fills = order.fills.saturating_add(1);
                    match order.fills {
                        1 => order.first_fill = u32::try_from(line).unwrap_or(u32::MAX),
                        2 => {
                            found.several += 1;
                            if found.several_first.len() < SHOWN_MAX {
                                let (key, fill_lines) =
                                    (printable(key, SHOWN), [order.first_fill.into(), line]);
                                found.several_first.push(Several { key, line: order.line, fill_lines });
                            }
                        }
                        _ => {}
                    }
                }
            }
        })?;
        if orders.values().all(|order| order.fills > 0) {
            return Ok(());
        }
        each_order(log, order_key, |at, key| {
            let Some(key) = key else { return };
            let unfilled = of_part(&key).and_then(|hash| orders.get(&hash));
            if unfilled.is_some_and(|order| order.fills == 0 && order.line == at.line) {
                let says =
                    format!("{} {} has no fill in {fills_shown}", order_key.column, printable(&key, SHOWN));
                let finding = Finding::new(Kind::Unfilled, at.shown).line(at.line).byte(at.byte);
                found.findings.add(finding.says(says));
            }
        })?;
        Ok(())
    }
}

/// Where a decision stands.
struct At<'a> {
    /// In the log, from 1.
    line: u64,
    shown: &'a str,
    /// In its file.
    byte: u64,
}

/// Every sealed line, and its key, if it has one.
fn each_order(log: &[Part<'_>], key: &Key, mut each: impl FnMut(&At<'_>, Option<String>)) -> io::Result<()> {
    let mut before = 0;
    for Part { file, len, shown } in log {
        let mut lines = 0;
        each_line(&**file, *len, |line, byte, text| {
            lines = line;
            let object = text.and_then(|text| json::object_of(text, &[key.pointer.first()]).ok());
            let value = object.as_ref().and_then(|object| key.pointer.get(object)).and_then(text_of);
            each(&At { line: before + line, shown, byte }, value);
        })?;
        before += lines;
    }
    Ok(())
}

/// A key as text: columns know no types, so `7` and `"7"` are one key. What is neither text nor a number is none.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
