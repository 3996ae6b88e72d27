//! What somebody who mistyped may have meant.

/// No key, kind or zone is longer; a longer word is not worth the comparison.
const LONGEST: usize = 64;

/// The word of `known` that `word` is a slip of, if it is near enough to be one.
pub(super) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    if word.len() > LONGEST {
        return None;
    }
    let bound = word.chars().count().div_ceil(3);
    known
        .map(|other| (distance(word, other), other))
        .filter(|(slips, _)| *slips <= bound)
        .min()
        .map(|(_, other)| other)
}

/// How many characters to insert, delete or replace between `a` and `b`; case and `-` for `_` count nothing.
fn distance(a: &str, b: &str) -> usize {
    let fold = |text: &str| text.to_lowercase().replace('-', "_").chars().collect::<Vec<_>>();
    let (a, b) = (fold(a), fold(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["max_age", "max_run", "name", "escalate_after"];
        for (word, near) in [
            ("max_ag", Some("max_age")),
            ("max-age", Some("max_age")),
            ("NAME", Some("name")),
            ("nmae", Some("name")),
            ("nam", Some("name")),
            ("escalateafter", Some("escalate_after")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), near, "{word}");
        }
    }

    #[test]
    fn a_very_long_word_is_not_compared_for_ever() {
        assert_eq!(nearest(&"x".repeat(100_000), ["name"].into_iter()), None);
    }
}
