//! Rules about a single file.

use std::path::Path;

use super::Finding;
use crate::project::Text;

const LINES_MAX: usize = 500;
const LINES_WARN: usize = 400;
/// People copy the client for Python beside their bot: it is one file by design.
const ONE_FILE: (&str, usize) = ("clients/python/holdfast.py", 1000);

/// Nobody reads a giant file.
pub(super) fn length(file: &Text) -> Option<Finding> {
    let is_code = ["rs", "py", "sh"].iter().any(|extension| file.is(extension));
    let lines = file.text.lines().count();
    match lines {
        _ if !is_code || (file.path == ONE_FILE.0 && lines <= ONE_FILE.1) => None,
        lines if lines > LINES_MAX => {
            Some(Finding::error(&file.path, format!("{lines} lines, at most {LINES_MAX}: split it by ideas")))
        }
        lines if lines > LINES_WARN => {
            Some(Finding::warning(&file.path, format!("{lines} lines: it wants splitting")))
        }
        _ => None,
    }
}

/// Where this machine keeps the project and its user's files.
pub(super) fn machine_paths(top: &Path) -> Vec<String> {
    let home = std::env::var_os("HOME").map(std::path::PathBuf::from);
    let folders = [Some(top.to_owned()), home];
    let paths = folders.into_iter().flatten().filter(|path| path.components().count() > 1);
    paths.filter_map(|path| Some(format!("{}/", path.to_str()?.trim_end_matches('/')))).collect()
}

/// A path of one machine helps nobody on another.
pub(super) fn machine(file: &Text, machine: &[String]) -> Vec<Finding> {
    lines(
        file,
        |line| machine.iter().any(|path| line.contains(path)),
        "a path of this machine: use one from the top",
    )
}

/// Words that are wrong here.
pub(super) fn words(file: &Text) -> Vec<Finding> {
    // This file has to name them.
    if file.path == "xtask/src/tidy/text.rs" {
        return Vec::new();
    }
    let circuit = |line: &str| {
        let line = line.to_lowercase();
        [
            "circuit is open",
            "circuit is closed",
            "open circuit",
            "closed circuit",
            "opens the circuit",
            "closes the circuit",
        ]
        .iter()
        .any(|words| line.contains(words))
    };
    let later = |line: &str| {
        ["TODO", "FIXME", "XXX"].iter().any(|word| line.split(is_no_letter).any(|part| part == *word))
    };
    let mut findings =
        lines(file, circuit, "a circuit is green or armed, paused or tripped: never open or closed");
    findings.extend(lines(file, later, "what is left to do stands in an issue"));
    findings
}

fn is_no_letter(c: char) -> bool {
    !c.is_alphanumeric() && c != '_'
}

fn lines(file: &Text, is_wrong: impl Fn(&str) -> bool, what: &str) -> Vec<Finding> {
    let numbered = file.text.lines().zip(1..).filter(|(line, _)| is_wrong(line));
    numbered.map(|(_, number)| Finding::error(format!("{}:{number}", file.path), what)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::{Text, length, machine, machine_paths, words};

    fn file(path: &str, text: &str) -> Text {
        Text { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn long_code_is_told_and_long_data_is_not() {
        let severity =
            |path, lines| length(&file(path, &"x\n".repeat(lines))).map(|finding| finding.severity);
        assert_eq!(severity("a.rs", 400), None);
        assert_eq!(severity("a.rs", 401), Some(Severity::Warning));
        assert_eq!(severity("a.sh", 501), Some(Severity::Error));
        assert_eq!(severity("prices.csv", 5000), None);
        assert_eq!(severity("clients/python/holdfast.py", 1000), None);
        assert_eq!(severity("clients/python/holdfast.py", 1001), Some(Severity::Error));
    }

    #[test]
    fn a_path_of_this_machine_is_told_with_its_line() {
        let paths = machine_paths(std::path::Path::new("/somewhere/else"));
        assert!(paths.contains(&"/somewhere/else/".to_owned()));
        let found = machine(&file("a.md", "one\nsee /somewhere/else/x\n"), &paths);
        assert_eq!(found.iter().map(|finding| finding.at.as_str()).collect::<Vec<_>>(), ["a.md:2"]);
        assert!(
            machine(&file("a.md", "see /somewhere/elsewhere\n"), &["/somewhere/else/".to_owned()]).is_empty()
        );
    }

    #[test]
    fn wrong_words_are_told() {
        for (text, expected) in [
            ("the Circuit is open", 1),
            ("// TODO: later", 1),
            ("FIXME\nXXX", 2),
            ("mktemp XXXXXX", 0),
            ("fail-closed, and the circuit is paused", 0),
        ] {
            assert_eq!(words(&file("a.rs", text)).len(), expected, "{text}");
        }
    }
}
