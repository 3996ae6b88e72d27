//! Text of others, shown safely.

/// Text that somebody else wrote, as it may be shown on a terminal or in a message: control characters, bidi
/// controls and what has no width are escaped (`\n`, `\u{1b}`), and beyond `max_chars` it is cut with an `…`.
/// A reason must not move the cursor, hide another line, or reach a person's confirmation.
pub fn printable(text: &str, max_chars: usize) -> String {
    // Nearly always it is plain: a look at a thousand watches shows each a few times.
    if text.len() <= max_chars && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut left = max_chars;
    for char in text.chars() {
        let escaped = hidden(char).then(|| char.escape_default().to_string());
        let width = escaped.as_ref().map_or(1, String::len);
        if width > left {
            shown.push('…');
            break;
        }
        left -= width;
        match escaped {
            Some(escaped) => shown.push_str(&escaped),
            None => shown.push(char),
        }
    }
    shown
}

/// Does something else than stand where it is.
fn hidden(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_or_hides_is_shown_as_text() {
        for (text, shown) in [
            ("stale: 1260s > 900s", "stale: 1260s > 900s"),
            ("größer, 価格", "größer, 価格"),
            ("a\nb\tc\r", r"a\nb\tc\r"),
            ("\u{1b}[2J\u{7}green", r"\u{1b}[2J\u{7}green"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("\u{202e}neerg\u{2066}", r"\u{202e}neerg\u{2066}"),
            ("a\u{200b}b\u{2028}c\u{feff}", r"a\u{200b}b\u{2028}c\u{feff}"),
            ("\u{fffe}\u{ffff}", r"\u{fffe}\u{ffff}"),
            ("", ""),
        ] {
            assert_eq!(printable(text, 100), shown);
        }
    }

    #[test]
    fn the_length_is_bounded_and_an_escape_is_never_cut() {
        assert_eq!(printable("abcdef", 6), "abcdef");
        assert_eq!(printable("abcdefg", 6), "abcdef…");
        assert_eq!(printable("abcd\u{1b}", 6), "abcd…");
        assert_eq!(printable("abc", 0), "…");
    }

    proptest::proptest! {
        #[test]
        fn nothing_hidden_is_left(text in ".*|\\PC*|[\u{0}-\u{ff}]*", max in 0_usize..50) {
            let shown = printable(&text, max);
            proptest::prop_assert!(!shown.chars().any(hidden));
            proptest::prop_assert!(shown.chars().count() <= max + 1);
        }
    }
}
