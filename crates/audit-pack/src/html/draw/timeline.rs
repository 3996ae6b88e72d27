//! The overview: one line for each kind of thing that happened, all over the same time.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::axis::Axis;
use super::lanes::{Item, Lane, at};
use super::words::{count, lasted, moment, stamp};
use crate::finding::Finding;
use crate::html::gather::incidents::{Incident, is_late};
use crate::html::gather::journal::Entry;
use crate::html::gather::logs::LogStory;
use crate::html::gather::pauses::Pause;
use crate::html::gather::{DRAWN_MAX, Story};

const LEFT: f64 = 168.0;
const RIGHT: f64 = 874.0;
pub(super) const WIDTH: f64 = 900.0;
/// How high a lane is, and what is above the first one.
const HEIGHT: f64 = 32.0;
const TOP: f64 = 22.0;
/// So many watches have a lane of their own.
const WATCHES_MAX: usize = 8;
/// Into so many pieces the time is cut where seals are counted.
const DENSITY: f64 = 86.0;

/// The place of the drawings on the page, for all of them the same.
pub(super) fn axis(story: &Story) -> Option<Axis> {
    story.span().map(|span| Axis::new(span, LEFT, RIGHT))
}

pub(super) fn draw(story: &Story, findings: &[Finding], axis: &Axis) -> Markup {
    let lanes = lanes(story, axis);
    let bottom = TOP + lanes.len() as f64 * HEIGHT;
    html! {
        svg viewBox=(format_args!("0 0 {WIDTH:.0} {:.0}", bottom + 40.0)) role="img" aria-labelledby="overview-title overview-desc" {
            title id="overview-title" { "Timeline of what is recorded" }
            desc id="overview-desc" {
                "From left to right: time. One line for each kind of thing that happened. The tables below have all of it in words."
            }
            (bands(findings, axis, bottom))
            @for (index, lane) in lanes.iter().enumerate() { (lane.draw(axis, TOP + (index as f64 + 0.5) * HEIGHT)) }
            (scale(axis, TOP, bottom))
        }
    }
}

/// The marks of the time, below a drawing.
pub(super) fn scale(axis: &Axis, top: f64, bottom: f64) -> Markup {
    html! {
        line.axis x1=(at(axis.left)) x2=(at(axis.right)) y1=(at(bottom)) y2=(at(bottom)) {}
        @for mark in axis.marks() {
            line.grid x1=(at(mark.x)) x2=(at(mark.x)) y1=(at(top)) y2=(at(bottom + 4.0)) {}
            @let (x, side) = written(axis, mark.x);
            text.tick x=(at(x)) y=(at(bottom + 17.0)) text-anchor=(side) { (mark.label) }
            @if let Some(date) = mark.date {
                text.tick x=(at(x)) y=(at(bottom + 32.0)) text-anchor=(side) { (date) }
            }
        }
    }
}

/// Where the words of a mark are written: in its middle or, near the right end, so that they do not leave the drawing.
fn written(axis: &Axis, x: f64) -> (f64, &'static str) {
    const DATE: f64 = 40.0;
    if x > axis.right - DATE { (axis.right + 8.0, "end") } else { (x, "middle") }
}

/// Where the records of a finding were sealed.
fn bands(findings: &[Finding], axis: &Axis, bottom: f64) -> Markup {
    html! {
        @for interval in findings.iter().filter_map(|finding| finding.interval.as_ref()) {
            @let to = interval.sealed_ms as f64 / 1e3;
            @let from = interval.after_ms.map_or(to, |ms| ms as f64 / 1e3);
            @if axis.has(to) {
                rect.found x=(at(axis.x(from))) y=(at(TOP)) width=(at((axis.x(to) - axis.x(from)).max(2.0))) height=(at(bottom - TOP)) {
                    title { "Records of this time were changed later" }
                }
            }
        }
    }
}

fn lanes(story: &Story, axis: &Axis) -> Vec<Lane> {
    let mut lanes = vec![pauses(story, axis)];
    lanes.extend(watches(&story.incidents, axis));
    lanes.push(lane("Alerts", story.journal.alerts.iter().map(alert), "none recorded"));
    let beats = story.state.beats.iter().filter_map(|it| {
        let (at, status) = it.beat.as_ref().ok()?;
        let words = format!("Last heartbeat of {}, {}: {status}", it.name, moment(*at));
        Some(Item::mark(*at, "beat", words).labelled(&*it.name))
    });
    lanes.push(lane("Last heartbeats", beats, "none in the pack"));
    let at_work = story.journal.at_work.iter().map(|(from, to)| {
        Item::bar(
            *from,
            *to,
            "work",
            format!("The watchdog wrote regularly from {} to {}", moment(*from), moment(*to)),
        )
    });
    lanes.push(lane("Watchdog at work", at_work, "nothing recorded"));
    lanes.push(lane("Drills", story.journal.drills.iter().map(drill), "none recorded"));
    lanes.push(lane("Other events", story.journal.others.iter().map(other), "none recorded"));
    for log in story.logs.iter().take(DRAWN_MAX) {
        lanes.push(seals(log, axis));
    }
    let anchors = story.anchors.iter().filter_map(|anchor| {
        let at = anchor.at?;
        Some(Item::mark(at, "anchor", format!("{} attested by {}, {}", anchor.log, anchor.by, moment(at))))
    });
    lanes.push(lane("Anchors outside", anchors, "none: nobody outside who was named attests these records"));
    lanes
}

fn lane(name: &str, items: impl Iterator<Item = Item>, empty: &'static str) -> Lane {
    let mut items: Vec<Item> = items.collect();
    items.sort_by(|a, b| a.from.total_cmp(&b.from));
    Lane { name: name.to_owned(), items, empty }
}

/// What the row of a pause in the table is called, too.
fn pauses(story: &Story, axis: &Axis) -> Lane {
    let item = |(index, pause): (usize, &Pause)| {
        let until = match pause.to {
            Some(to) => format!("to {}, {}", moment(to), lasted(pause.from, to)),
            None if pause.stands() => "and it stood when the pack was made".to_owned(),
            None => "and its end is not recorded".to_owned(),
        };
        let why = pause.holds.first().map_or("", |hold| hold.trip.words.as_str());
        let words = format!("Pause {}: from {} {until}. {why}", index + 1, moment(pause.from));
        let end = axis.right_end();
        let (to, class) = match pause.to {
            Some(to) if pause.reduce_only => (to, "reduce"),
            Some(to) => (to, "pause"),
            None if pause.stands() => (end, "pause"),
            None => (pause.from, "unknown"),
        };
        Item::bar(pause.from, to, class, words).labelled((index + 1).to_string())
    };
    let items = story.pauses.iter().enumerate().map(item).collect();
    Lane { name: "Trading paused".to_owned(), items, empty: "never, as far as it is recorded" }
}

/// One lane for each watch that something was wrong with; one for all others.
fn watches(incidents: &[Incident], axis: &Axis) -> Vec<Lane> {
    let mut by_watch: BTreeMap<&str, Vec<&Incident>> = BTreeMap::new();
    for incident in incidents {
        by_watch.entry(&incident.opened.watch).or_default().push(incident);
    }
    if by_watch.is_empty() {
        return vec![lane("Late or wrong", std::iter::empty(), "nothing recorded")];
    }
    let mut rest = Vec::new();
    let mut lanes = Vec::new();
    for (watch, incidents) in by_watch {
        let items = incidents.into_iter().map(|it| incident(it, axis));
        if lanes.len() < WATCHES_MAX {
            lanes.push(lane(&format!("Watch {watch}"), items, ""));
        } else {
            rest.extend(items);
        }
    }
    if !rest.is_empty() {
        lanes.push(lane("Other watches", rest.into_iter(), ""));
    }
    lanes
}

fn incident(incident: &Incident, axis: &Axis) -> Item {
    let Entry { at, verdict, words, watch, .. } = &incident.opened;
    let class = if is_late(verdict) { "late" } else { "wrong" };
    let (to, class, until) = match &incident.closed {
        Some((to, _)) => (*to, class, format!("until {}, {}", moment(*to), lasted(*at, *to))),
        None if incident.stands => (axis.right_end(), class, "and open when the pack was made".to_owned()),
        None => (*at, "unknown", "its end is not recorded".to_owned()),
    };
    Item::bar(*at, to, class, format!("{watch} {verdict} from {}, {until}. {words}", moment(*at)))
        .labelled(verdict.as_str())
}

fn alert(entry: &Entry) -> Item {
    let (class, what) = match entry.kind.as_str() {
        "alert-accepted" => ("sent", "accepted by"),
        "alert-failed" => ("failed", "refused by"),
        _ => ("failed", "reached nobody in time"),
    };
    let words = format!("Alert ({}) {what} {}, {}", entry.about, entry.channel, moment(entry.at));
    Item::mark(entry.at, class, words)
}

fn drill(entry: &Entry) -> Item {
    Item::mark(entry.at, "drill", format!("Drill of {}: {}", moment(entry.at), entry.words))
}

fn other(entry: &Entry) -> Item {
    let class = if matches!(entry.kind.as_str(), "clock-stepped" | "torn-line") { "failed" } else { "event" };
    Item::mark(
        entry.at,
        class,
        format!("{} by {}, {}: {}", entry.kind, entry.by, moment(entry.at), entry.words),
    )
}

/// How often a log was sealed: the more, the darker.
fn seals(log: &LogStory, axis: &Axis) -> Lane {
    const SHADES: [&str; 4] = ["seal s1", "seal s2", "seal s3", "seal s4"];
    let piece = axis.seconds((axis.right - axis.left) / DENSITY).max(log.seals.width as f64);
    let mut pieces: BTreeMap<u64, u64> = BTreeMap::new();
    for (begin, seals) in log.seals.spans() {
        *pieces.entry((begin / piece) as u64).or_default() += seals;
    }
    let most = pieces.values().copied().max().unwrap_or(1);
    let item = |(number, seals): (u64, u64)| {
        let from = number as f64 * piece;
        let shade = SHADES[((seals * 4).div_ceil(most) as usize).clamp(1, 4) - 1];
        Item::bar(
            from,
            from + piece,
            shade,
            format!("{} of {} from {}", count(seals, "seal"), log.log, stamp(from)),
        )
    };
    let items = pieces.into_iter().map(item).collect();
    let name = log.log.rsplit('/').next().unwrap_or_default();
    Lane { name: format!("Seals {name}"), items, empty: "never sealed" }
}
