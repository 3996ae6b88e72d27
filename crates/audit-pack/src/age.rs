//! How old something is by a clock that may be wrong, its own or ours (**clock-honest**).

use holdfast::time::Span;

/// A clock may be wrong by this many seconds.
const SKEW_S: u64 = 600;

/// How long ago it was, both in Unix seconds; nothing where it is still to come, which is not young.
pub(crate) fn age(now_s: u64, then_s: u64) -> Option<Span> {
    let is_to_come = then_s > now_s.saturating_add(SKEW_S);
    (!is_to_come).then(|| Span::secs(now_s.saturating_sub(then_s).max(1)))
}

/// The same in words, behind the time itself.
pub(crate) fn ago(now_s: u64, then_s: u64) -> String {
    age(now_s, then_s).map_or_else(|| "still to come".to_owned(), |age| format!("{age} ago"))
}

#[cfg(test)]
mod tests {
    use super::{SKEW_S, ago};

    #[test]
    fn what_is_to_come_is_not_young() {
        for (now_s, then_s, says) in [
            (1000, 1000, "1s ago"),
            (1000, 940, "1m ago"),
            (1000, 1000 + SKEW_S, "1s ago"),
            (1000, 1001 + SKEW_S, "still to come"),
            (1000, u64::MAX, "still to come"),
            (u64::MAX, u64::MAX, "1s ago"),
        ] {
            assert_eq!(ago(now_s, then_s), says, "{now_s} {then_s}");
        }
    }
}
