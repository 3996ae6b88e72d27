//! Decisions each day, as bars over the same time as the overview.

use std::collections::BTreeMap;

use holdfast::time::utc;
use maud::{Markup, html};

use super::axis::Axis;
use super::lanes::at;
use super::timeline::{WIDTH, scale};
use super::words::{count, grouped, theirs};
use crate::html::gather::logs::{DAY, Days};

const HEIGHT: f64 = 96.0;
const TOP: f64 = 18.0;
/// A bar is at least so wide; where days are narrower, a bar is several of them.
const BAR_MIN: f64 = 4.0;

pub(super) fn draw(days: &Days, index: usize, axis: &Axis) -> Markup {
    let bars = bars(days, axis);
    let most = bars.values().copied().max().unwrap_or(0);
    let (width, bottom) = (bar_days(days, axis), TOP + HEIGHT);
    let title = format!("days-{index}");
    let each = if width == 1 { "day".to_owned() } else { format!("{width} days") };
    html! {
        figure {
            figcaption {
                strong { (theirs(&days.log)) } ": lines for each " (each) ", in UTC. "
                @if days.own_time {
                    "The day is the one that each line bears itself: the program that wrote it says so. "
                    @if days.without > 0 { "Not drawn: " (count(days.without, "line")) " without a time." }
                } @else {
                    "The lines bear no time that could be read, so the day is that of their seal."
                }
            }
            div.wide tabindex="0" role="region" aria-label=(format_args!("Lines for each {each}")) {
                svg viewBox=(format_args!("0 0 {WIDTH:.0} {:.0}", bottom + 40.0)) role="img" aria-labelledby=(title) {
                    title id=(title) { (format!("{} in {}, at most {} for each {each}", count(days.tally.total(), "line"), days.log, grouped(most))) }
                    line.rule x1=(at(axis.left)) x2=(at(axis.right)) y1=(at(TOP)) y2=(at(TOP)) {}
                    text.tick x=(at(axis.left - 10.0)) y=(at(TOP + 4.0)) text-anchor="end" { (grouped(most)) }
                    text.tick x=(at(axis.left - 10.0)) y=(at(bottom + 4.0)) text-anchor="end" { "0" }
                    (scale(axis, TOP, bottom))
                    @for (bar, lines) in &bars { (one(*bar, *lines, most, width, axis, bottom)) }
                }
            }
        }
    }
}

fn one(bar: u64, lines: u64, most: u64, width: u64, axis: &Axis, bottom: f64) -> Markup {
    let from = (bar * width * DAY) as f64;
    let to = from + (width * DAY) as f64;
    let high = (lines as f64 / most as f64 * HEIGHT).max(1.0);
    let wide = (axis.x(to) - axis.x(from)).max(1.0);
    let gap = (wide * 0.12).min(3.0);
    let words = format!("{}: {}", utc(from).format("%Y-%m-%d"), count(lines, "line"));
    html! {
        rect.day x=(at(axis.x(from) + gap / 2.0)) y=(at(bottom - high)) width=(at(wide - gap)) height=(at(high)) { title { (words) } }
    }
}

/// How many days one bar is.
fn bar_days(days: &Days, axis: &Axis) -> u64 {
    let needed = axis.seconds(BAR_MIN) / DAY as f64;
    [1, 7, 28, 91, 364]
        .into_iter()
        .find(|width| *width as f64 >= needed)
        .unwrap_or(3640)
        .max(days.tally.width / DAY)
}

fn bars(days: &Days, axis: &Axis) -> BTreeMap<u64, u64> {
    let width = bar_days(days, axis) * DAY;
    let mut bars = BTreeMap::new();
    for (begin, lines) in days.tally.spans() {
        if axis.has(begin) || axis.has(begin + DAY as f64) {
            *bars.entry(begin as u64 / width).or_default() += lines;
        }
    }
    bars
}
