//! Commands and variables as they may be shown.

use super::PROGRAMS;
use crate::pack::secrets::STRUCK;

/// Variables that may be shown.
const VARIABLES: &str = "\
    HOLDFAST_ROOT HOLDFAST_MODE HOME LANG LC_ALL NO_COLOR PATH PYTHONPATH TZ USER VIRTUAL_ENV";

/// Flags of our programs whose values may be shown.
const FLAGS: &str =
    "by every interval key last listen log max-unsealed mode name origin output require-watchdog root";

/// The value of this variable may be shown.
pub(super) fn is_shown(variable: &str) -> bool {
    VARIABLES.split(' ').any(|known| known == variable)
}

/// A command line, shown as [`arguments`] has it.
pub(super) fn line(value: &str) -> String {
    let shown = arguments(&words(value));
    let plain = |word: &String| !word.is_empty() && !word.contains([' ', '"', '\'', '\\']);
    let quoted = shown
        .iter()
        .map(|word| if plain(word) || word == STRUCK { word.clone() } else { format!("\"{word}\"") });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Words between blanks; quotes hold some together.
pub(super) fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut any) = (Vec::new(), String::new(), None, false);
    for c in text.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => (quote, any) = (Some(c), true),
            (c, None) if c.is_whitespace() => {
                if any {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            (c, _) => {
                word.push(c);
                any = true;
            }
        }
    }
    if any {
        words.push(word);
    }
    words
}

/// A command: of ours everything but the values that a person sets; of others the program alone. Ours may start others,
/// behind `--`.
pub(super) fn arguments(words: &[String]) -> Vec<String> {
    let mut shown = Vec::new();
    let mut rest = words;
    while let [program, arguments @ ..] = rest {
        let plain = program.trim_start_matches(['-', '@', ':', '+', '!']);
        if plain.contains('=') {
            shown.push(STRUCK.to_owned());
            return shown;
        }
        shown.push(program.clone());
        if !is_ours(plain) {
            if !arguments.is_empty() {
                shown.push(STRUCK.to_owned());
            }
            return shown;
        }
        let end = arguments.iter().position(|word| word == "--").map_or(arguments.len(), |at| at + 1);
        shown.extend(own(&arguments[..end]));
        rest = &arguments[end..];
    }
    shown
}

/// Arguments of a program of ours: its command, paths, and the values of flags that take no free text.
fn own(arguments: &[String]) -> Vec<String> {
    let (mut known, mut shown) = (false, Vec::new());
    for (number, word) in arguments.iter().enumerate() {
        let value_of_known = std::mem::take(&mut known);
        let command = number == 0 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let path = ["/", "./", "../", "memory/", "data/"].iter().any(|start| word.starts_with(start));
        shown.push(match word.split_once('=') {
            None if word.starts_with('-') => {
                known = is_known(word);
                word.clone()
            }
            Some((flag, _)) if flag.starts_with('-') && !is_known(flag) => format!("{flag}={STRUCK}"),
            Some((flag, _)) if flag.starts_with('-') => word.clone(),
            _ if value_of_known || command || (path && !word.contains('=')) => word.clone(),
            _ => STRUCK.to_owned(),
        });
    }
    shown
}

/// The value of this flag is no free text.
fn is_known(flag: &str) -> bool {
    FLAGS.split(' ').any(|known| flag.strip_prefix("--") == Some(known)) || flag == "-o"
}

fn is_ours(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
    PROGRAMS.contains(&name.strip_suffix(".exe").unwrap_or(name))
}
