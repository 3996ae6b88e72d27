//! Where a moment lies on a drawing, and what is written below it.

use holdfast::time::utc;

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;
/// How far marks may be apart.
const STEPS: [f64; 17] = [
    MINUTE,
    5.0 * MINUTE,
    15.0 * MINUTE,
    30.0 * MINUTE,
    HOUR,
    3.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY,
    2.0 * DAY,
    7.0 * DAY,
    14.0 * DAY,
    28.0 * DAY,
    91.0 * DAY,
    182.0 * DAY,
    364.0 * DAY,
    3640.0 * DAY,
];
/// At most so many marks are written.
const MARKS_MAX: f64 = 9.0;

/// A line of time from left to right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    from: f64,
    to: f64,
    pub(super) left: f64,
    pub(super) right: f64,
}

/// What is written at a place of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) x: f64,
    /// The time of day, or the date where marks are days apart.
    pub(super) label: String,
    /// The date, where it is another one than that of the mark before.
    pub(super) date: Option<String>,
}

impl Axis {
    /// From `from` to `to` in Unix seconds, with a little room on both sides.
    pub(super) fn new((from, to): (f64, f64), left: f64, right: f64) -> Self {
        let room = (to - from).max(1.0) * 0.015;
        Self { from: from - room, to: to + room, left, right }
    }

    /// Where a moment lies; one beyond an end lies at that end.
    pub(super) fn x(&self, at: f64) -> f64 {
        let part = ((at - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        self.left + part * (self.right - self.left)
    }

    /// Whether it lies between the ends.
    pub(super) fn has(&self, at: f64) -> bool {
        (self.from..=self.to).contains(&at)
    }

    /// The moment at the right end.
    pub(super) fn right_end(&self) -> f64 {
        self.to
    }

    /// How many seconds are as wide as this.
    pub(super) fn seconds(&self, width: f64) -> f64 {
        (self.to - self.from) * width / (self.right - self.left)
    }

    pub(super) fn marks(&self) -> Vec<Mark> {
        let long = self.to - self.from;
        let step = STEPS.into_iter().find(|step| long / step <= MARKS_MAX).unwrap_or(long / MARKS_MAX);
        let mut marks = Vec::new();
        let mut last = String::new();
        let mut at = (self.from / step).ceil() * step;
        while at <= self.to && marks.len() <= MARKS_MAX as usize {
            let time = utc(at);
            let (label, date) = if step >= DAY {
                (time.format("%b %-d").to_string(), time.format("%Y").to_string())
            } else {
                (time.format("%H:%M").to_string(), time.format("%b %-d, %Y").to_string())
            };
            let new = (date != last).then(|| date.clone());
            last = date;
            marks.push(Mark { x: self.x(at), label, date: new });
            at += step;
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(from: f64, long: f64) -> String {
        let marks = Axis::new((from, from + long), 0.0, 1000.0).marks();
        let words = |mark: Mark| match mark.date {
            Some(date) => format!("{}[{date}]", mark.label),
            None => mark.label,
        };
        marks.into_iter().map(words).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn marks_are_round_and_few() {
        let from = 1_795_248_000.0;
        assert_eq!(told(from, 600.0), "08:00[Nov 21, 2026] 08:05 08:10");
        assert_eq!(
            told(from, 20.0 * HOUR),
            "09:00[Nov 21, 2026] 12:00 15:00 18:00 21:00 00:00[Nov 22, 2026] 03:00"
        );
        assert_eq!(told(from, 5.0 * DAY), "Nov 22[2026] Nov 23 Nov 24 Nov 25 Nov 26");
        for long in [1.0, 100.0, 1e4, 1e6, 1e8, 1e10] {
            let marks = Axis::new((0.0, long), 0.0, 1000.0).marks();
            assert!(
                marks.len() <= 10 && marks.windows(2).all(|two| two[1].x - two[0].x > 50.0),
                "{long}: {marks:?}"
            );
        }
    }

    #[test]
    fn what_lies_beyond_lies_at_the_end() {
        let axis = Axis::new((100.0, 200.0), 10.0, 110.0);
        assert_eq!((axis.x(0.0), axis.x(1e9)), (10.0, 110.0));
        assert!((axis.x(150.0) - 60.0).abs() < 1e-9);
        assert!(axis.has(150.0) && !axis.has(0.0));
    }
}
