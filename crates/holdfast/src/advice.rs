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

/// A word as a shell of this host takes it: a POSIX shell, on Windows its own.
pub fn quoted(word: &str) -> String {
    if cfg!(windows) { quoted_on_windows(word) } else { quoted_for_posix(word) }
}

fn quoted_for_posix(word: &str) -> String {
    let word = printable(word, PATH_MAX);
    if is_plain(&word, "/._-+@%:,") { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// A name there holds no `"`, and a `%` is left to who names a folder so.
fn quoted_on_windows(word: &str) -> String {
    let word = printable(word, PATH_MAX);
    if is_plain(&word, r"\/._-+@:") { word } else { format!("\"{word}\"") }
}

fn is_plain(word: &str, marks: &str) -> bool {
    !word.is_empty() && word.chars().all(|char| char.is_ascii_alphanumeric() || marks.contains(char))
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
            assert_eq!(quoted_for_posix(path), text);
        }
        for (path, text) in [
            (r"C:\trader-1", r"C:\trader-1"),
            (r"C:\my bot\é", r#""C:\my bot\é""#),
            ("a&b", r#""a&b""#),
            ("", r#""""#),
        ] {
            assert_eq!(quoted_on_windows(path), text);
        }
    }

    #[test]
    fn who_is_elsewhere_is_told_the_whole_path() {
        assert_eq!(Advice::told(None).call("circuit-ctl", "status"), "circuit-ctl status");
        let told = Advice::told(Some(Path::new("a b")));
        let there = quoted("a b");
        assert_eq!(told.call("watchdog", "check"), format!("watchdog check --root {there}"));
        let whole = std::env::current_dir().expect("a folder").join("a b");
        let elsewhere = Advice::elsewhere(Path::new("a b"));
        assert_eq!(elsewhere, Advice::told(Some(&whole)));
    }
}
