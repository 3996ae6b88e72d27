//! Times and the words for people who do not know ours.

use holdfast::text::printable;
use holdfast::time::{age, possible, utc};
use maud::{Markup, html};

use crate::finding::Kind;

/// At most so much of one text is shown.
const TEXT_MAX: usize = 2000;

/// A text of somebody else: harmless, and with a direction of its own.
pub(super) fn theirs(text: &str) -> Markup {
    html! { bdi { (printable(text, TEXT_MAX)) } }
}

/// Date and time in UTC.
pub(super) fn stamp(wall: f64) -> String {
    if possible(wall) {
        utc(wall).format("%Y-%m-%d %H:%M:%S").to_string()
    } else {
        "an impossible time".to_owned()
    }
}

/// The same with its zone.
pub(super) fn moment(wall: f64) -> String {
    format!("{} UTC", stamp(wall))
}

/// The same in a text, where it is not broken into lines.
pub(super) fn time(wall: f64) -> Markup {
    html! { span.time { (moment(wall)) } }
}

pub(super) fn time_ms(ms: u64) -> Markup {
    time(ms as f64 / 1e3)
}

/// `3 lines`, `1 line`.
pub(super) fn count(number: u64, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {what}{s}", grouped(number))
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How long something took.
pub(super) fn lasted(from: f64, to: f64) -> String {
    age(to - from)
}

/// What happened, for somebody who has never heard of it.
pub(super) fn kind(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Edited => ("Edited", "It has other content than when it was sealed or packed."),
        Kind::Deleted => ("Deleted", "A record that was sealed is gone."),
        Kind::Inserted => ("Inserted", "Something stands there that was not there."),
        Kind::Swapped => ("Swapped", "Sealed records stand in another order."),
        Kind::Duplicated => ("Duplicated", "A sealed record stands there a second time."),
        Kind::Truncated => ("Cut short", "The records end before the last one that was sealed."),
        Kind::RolledBack => ("Rolled back", "The records are those of an earlier time: later ones are gone."),
        Kind::Replaced => ("Replaced", "So much is different that it is something else."),
        Kind::Torn => ("Torn", "A record is incomplete: a write was not finished, or its end was cut off."),
        Kind::Forked => ("Forked", "There are two histories, and neither is the beginning of the other."),
        Kind::Restarted => (
            "Begun anew",
            "These records took the place of others that are not shown, so nobody can say what those said.",
        ),
        Kind::Unsigned => {
            ("Signature wrong", "A signature is not by the key that it must be by, or not of this.")
        }
        Kind::Missing => ("Missing", "Something that must be there is not."),
        Kind::Undecided => ("Not asked for", "Something was traded that no sealed decision asks for."),
        Kind::Unfilled => {
            ("Not traded", "A sealed decision asks for a trade that is not among those that were made.")
        }
        Kind::Malformed => ("Not in form", "It does not have the form that it must have."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_easy_to_read() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!((count(1, "line"), count(2, "line")), ("1 line".to_owned(), "2 lines".to_owned()));
        assert_eq!(moment(1_795_248_000.9), "2026-11-21 08:00:00 UTC");
        assert_eq!(moment(f64::MAX), "an impossible time UTC");
    }

    #[test]
    fn text_of_others_is_text() {
        let shown = theirs("<script>alert('x')</script>\u{202e}\u{0}\"&").into_string();
        assert_eq!(shown, r"<bdi>&lt;script&gt;alert('x')&lt;/script&gt;\u{202e}\u{0}&quot;&amp;</bdi>");
    }
}
