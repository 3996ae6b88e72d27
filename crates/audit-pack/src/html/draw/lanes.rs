//! The lanes of a timeline: what is drawn where. Everything bears its words in a `title`, which a browser shows and reads
//! aloud.

use maud::{Markup, html};

use super::axis::Axis;

/// Marks in one lane that are nearer than this, in units of the drawing, are one.
const APART: f64 = 1.5;
/// A bar is at least so wide.
const BAR_MIN: f64 = 3.0;
/// A letter is about so wide.
const LETTER: f64 = 6.6;

/// What a bar or a mark is the sign of: the class of its style.
pub(super) type Class = &'static str;

/// One thing in a lane.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) from: f64,
    /// Nothing for what has no length.
    pub(super) to: Option<f64>,
    pub(super) class: Class,
    /// Written beside it where there is room.
    pub(super) label: String,
    pub(super) words: String,
}

/// A line of the timeline.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) items: Vec<Item>,
    /// What is said where there is nothing.
    pub(super) empty: &'static str,
}

impl Item {
    pub(super) fn bar(from: f64, to: f64, class: Class, words: String) -> Self {
        Self { from, to: Some(to), class, label: String::new(), words }
    }

    pub(super) fn mark(at: f64, class: Class, words: String) -> Self {
        Self { from: at, to: None, class, label: String::new(), words }
    }

    pub(super) fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }
}

impl Lane {
    /// Draws it around the height `y`.
    pub(super) fn draw(&self, axis: &Axis, y: f64) -> Markup {
        let items: Vec<&Item> =
            self.items.iter().filter(|item| axis.has(item.from) || item.to.is_some()).collect();
        let mut free = f64::MIN;
        html! {
            text.lane x=(format_args!("{:.1}", axis.left - 10.0)) y=(format_args!("{:.1}", y + 4.0)) text-anchor="end" {
                (short(&self.name, 22))
            }
            line.rule x1=(at(axis.left)) x2=(at(axis.right)) y1=(at(y)) y2=(at(y)) {}
            @if items.is_empty() {
                text.none x=(at(axis.left + 6.0)) y=(at(y + 4.0)) { (self.empty) }
            }
            @for item in gathered(&items, axis) { (item.draw(axis, y)) }
            @for item in &items {
                @if let Some(x) = item.label_at(axis, &mut free) {
                    text.label x=(at(x)) y=(at(y - 10.0)) text-anchor="middle" { (item.label) }
                }
            }
        }
    }
}

/// Where several marks of one kind fall together, one that says how many they are.
fn gathered(items: &[&Item], axis: &Axis) -> Vec<Item> {
    let mut all: Vec<(Item, u32)> = Vec::new();
    for item in items {
        let end = |item: &Item| axis.x(item.to.unwrap_or(item.from)).max(axis.x(item.from) + BAR_MIN);
        match all.last_mut() {
            Some((last, count))
                if last.class == item.class
                    && last.to.is_some() == item.to.is_some()
                    && axis.x(item.from) - end(last) < APART - BAR_MIN =>
            {
                last.to = last.to.zip(item.to).map(|(a, b)| a.max(b));
                *count += 1;
            }
            _ => all.push(((*item).clone(), 1)),
        }
    }
    let told = |(mut item, count): (Item, u32)| {
        if count > 1 {
            item.words = format!("{} and {} more at about this time", item.words, count - 1);
        }
        item
    };
    all.into_iter().map(told).collect()
}

impl Item {
    fn draw(&self, axis: &Axis, y: f64) -> Markup {
        let x = axis.x(self.from);
        html! {
            @if let Some(to) = self.to {
                @let width = (axis.x(to) - x).max(BAR_MIN);
                rect class=(self.class) x=(at(x)) y=(at(y - 6.0)) width=(at(width)) height="12" rx="2" { title { (self.words) } }
            } @else {
                path class=(self.class) d=(format_args!("M{x:.1} {:.1}l5 6l-5 6l-5 -6z", y - 6.0)) { title { (self.words) } }
            }
        }
    }

    /// Where its label has room, from left to right.
    fn label_at(&self, axis: &Axis, free: &mut f64) -> Option<f64> {
        if self.label.is_empty() {
            return None;
        }
        let half = self.label.chars().count() as f64 * LETTER / 2.0;
        let middle = f64::midpoint(axis.x(self.from), axis.x(self.to.unwrap_or(self.from)));
        let x = middle.clamp(axis.left + half, axis.right - half);
        (x - half > *free).then(|| {
            *free = x + half + 4.0;
            x
        })
    }
}

/// A number as the drawing has it.
pub(super) fn at(number: f64) -> String {
    format!("{number:.1}")
}

/// At most so many letters.
pub(super) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let end: String = text.chars().skip(text.chars().count() - (most - 1)).collect();
    format!("…{end}")
}
