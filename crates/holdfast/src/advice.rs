//! Commands that people are told, ready to be pasted into a shell.

use std::path::Path;

use crate::text::printable;

/// Longer paths are cut: nobody pastes them.
const PATH_MAX: usize = 1000;

/// How a person calls our programs for one root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// ` --root DIR`, or nothing.
    root: String,
}

impl Advice {
    /// For who has just called us with this `--root`, or without one, in the same folder and environment.
    pub fn told(root: Option<&Path>) -> Self {
        let root = root.map(|root| format!(" --root {}", quoted(&root.to_string_lossy())));
        Self { root: root.unwrap_or_default() }
    }

    /// For who reads it elsewhere and later: in a message.
    pub fn elsewhere(root: &Path) -> Self {
        Self::told(Some(&std::path::absolute(root).unwrap_or_else(|_| root.to_owned())))
    }

    /// `circuit-ctl resume --root '/srv/my bot'`.
    pub fn call(&self, program: &str, words: &str) -> String {
        format!("{program} {words}{}", self.root)
    }
}

/// A word as a POSIX shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "/._-+@%:,".contains(char);
    let word = printable(word, PATH_MAX);
    if !word.is_empty() && word.chars().all(plain) {
        word
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_quoted_where_a_shell_would_split_it() {
        for (path, text) in [
            ("/srv/trader-1", "/srv/trader-1"),
            ("/srv/my bot", "'/srv/my bot'"),
            ("/tmp/a b'c", r"'/tmp/a b'\''c'"),
            ("$HOME;`x`", "'$HOME;`x`'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(path), text);
        }
    }

    #[test]
    fn who_is_elsewhere_is_told_the_whole_path() {
        assert_eq!(Advice::told(None).call("circuit-ctl", "status"), "circuit-ctl status");
        let told = Advice::told(Some(Path::new("a b")));
        assert_eq!(told.call("watchdog", "check"), "watchdog check --root 'a b'");
        let here = Advice::elsewhere(Path::new("."));
        assert!(here.call("watchdog", "check").starts_with("watchdog check --root /"), "{here:?}");
    }
}
