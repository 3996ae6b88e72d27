//! Lists of patterns (`ssh_config(5)`, PATTERNS), on bytes as in OpenSSH.

/// OpenSSH reads no longer pattern, and lets nothing match a list that has one.
const PATTERN_MAX: usize = 1022;

/// Whether a list matches: one of its patterns does, and none with a `!` does.
pub(super) fn matches_list(text: &str, list: &str) -> bool {
    let mut any = false;
    for pattern in list.split(',') {
        let (negated, pattern) = match pattern.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, pattern),
        };
        if pattern.len() > PATTERN_MAX {
            return false;
        }
        if matches(text.as_bytes(), pattern.as_bytes()) {
            if negated {
                return false;
            }
            any = true;
        }
    }
    any
}

/// `*` is any bytes, `?` is one. In time of at most the product of the lengths.
fn matches(text: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut of) = (0, 0);
    // Behind the last star, and how far the text was when it was met.
    let mut star = None;
    while at < text.len() {
        match pattern.get(of) {
            Some(b'*') => {
                star = Some((of + 1, at));
                of += 1;
            }
            Some(&one) if one == b'?' || one == text[at] => {
                at += 1;
                of += 1;
            }
            _ => match &mut star {
                // The star takes one byte more.
                Some((behind, from)) => {
                    *from += 1;
                    (of, at) = (*behind, *from);
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|&one| one == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches_list;

    #[test]
    fn patterns_match_as_in_ssh_config() {
        let table = [
            ("bot@host", "bot@host", true),
            ("bot@host", "other,bot@host", true),
            ("bot@host", "bot@hos", false),
            ("bot@host", "bot@hostt", false),
            ("bot@host", "*", true),
            ("", "*", true),
            ("bot@host", "*@host", true),
            ("bot@host", "bot@*t", true),
            ("bot@host", "b*t@h*t", true),
            ("bot@host", "b?t@h??t", true),
            ("bot@host", "b?t@h?t", false),
            ("bot@host", "*,!bot@*", false),
            ("bot@host", "!bot@*,*", false),
            ("bot@host", "*,!other@*", true),
            ("bot@host", "!other@*", false),
            ("bot@host", "BOT@host", false),
            ("aaab", "*aab", true),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", false),
            ("a", "", false),
            ("", "", true),
            ("bot", "bot,", true),
            ("bot*", "bot?", true),
        ];
        for (text, list, expected) in table {
            assert_eq!(matches_list(text, list), expected, "{text:?} in {list:?}");
        }
        assert!(!matches_list("a", &format!("a,{}", "b".repeat(1023))));
        assert!(matches_list("a", &format!("a,{}", "b".repeat(1022))));
    }
}
