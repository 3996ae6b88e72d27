//! Units as they may be shown: an allow-list of keys, and of commands what is known to be no secret.

use super::secrets::STRUCK;
use super::units::PROGRAMS;

/// Variables that may be shown.
const VARIABLES: [&str; 11] = [
    "HOLDFAST_ROOT",
    "HOLDFAST_MODE",
    "HOME",
    "LANG",
    "LC_ALL",
    "NO_COLOR",
    "PATH",
    "PYTHONPATH",
    "TZ",
    "USER",
    "VIRTUAL_ENV",
];

/// Keys of systemd whose values may be shown, beside those that stand in our own units.
const SYSTEMD: [&str; 40] = [
    "After",
    "Alias",
    "Also",
    "AmbientCapabilities",
    "Before",
    "BindsTo",
    "Conflicts",
    "Documentation",
    "EnvironmentFile",
    "GuessMainPID",
    "IOSchedulingClass",
    "LimitNOFILE",
    "MemoryHigh",
    "MemoryMax",
    "Nice",
    "OnBootSec",
    "OnCalendar",
    "OnSuccess",
    "OnUnitActiveSec",
    "OnUnitInactiveSec",
    "PIDFile",
    "PartOf",
    "Persistent",
    "ReadOnlyPaths",
    "RequiredBy",
    "Requires",
    "RuntimeDirectory",
    "RuntimeMaxSec",
    "Slice",
    "StandardError",
    "StandardInput",
    "StandardOutput",
    "StateDirectory",
    "SupplementaryGroups",
    "SyslogIdentifier",
    "TasksMax",
    "TimeoutSec",
    "Unit",
    "Upholds",
    "Wants",
];

/// Keys of launchd whose values may be shown.
const LAUNCHD: [&str; 26] = [
    "AbandonProcessGroup",
    "Disabled",
    "ExitTimeOut",
    "GroupName",
    "HardResourceLimits",
    "InitGroups",
    "KeepAlive",
    "Label",
    "LegacyTimers",
    "LimitLoadToSessionType",
    "LowPriorityIO",
    "Nice",
    "ProcessType",
    "Program",
    "QueueDirectories",
    "RunAtLoad",
    "SoftResourceLimits",
    "StandardErrorPath",
    "StandardInPath",
    "StandardOutPath",
    "StartCalendarInterval",
    "StartInterval",
    "ThrottleInterval",
    "Umask",
    "UserName",
    "WorkingDirectory",
];

/// A unit of systemd without comments; and which keys lost something.
pub(super) fn systemd(text: &str, shipped: &[&str]) -> (String, Vec<String>) {
    let mut struck = Vec::new();
    let mut out = String::new();
    let templates: Vec<&str> = shipped.iter().flat_map(|text| text.lines()).collect();
    for line in joined(text) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            let section = line.starts_with('[') && line.ends_with(']');
            out.push_str(if section { line } else { STRUCK });
            out.push('\n');
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        let as_shipped = || templates.iter().any(|template| fills(template, line));
        let known =
            || templates.iter().any(|line| line.split_once('=').is_some_and(|(known, _)| known == key));
        let shown = if as_shipped() || value.is_empty() {
            value.to_owned()
        } else if key == "Environment" {
            environment(value)
        } else if key.starts_with("Exec") {
            command(value)
        } else if SYSTEMD.contains(&key) || known() {
            value.to_owned()
        } else {
            STRUCK.to_owned()
        };
        if shown != value {
            struck.push(key.to_owned());
        }
        out.push_str(&format!("{key}={shown}\n"));
    }
    struck.dedup();
    (out, struck)
}

/// Lines, with those that a backslash continues put together.
fn joined(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let part = line.strip_suffix('\\').unwrap_or(line);
        match lines.last_mut() {
            // A comment between the parts of a line is none of them.
            Some(_) if open && line.trim_start().starts_with(['#', ';']) => continue,
            Some(last) if open => {
                let last: &mut String = last;
                last.push(' ');
                last.push_str(part.trim());
            }
            _ => lines.push(part.to_owned()),
        }
        open = line.ends_with('\\') && !line.trim_start().starts_with(['#', ';']);
    }
    lines
}

/// The line is a shipped one with its placeholders, `@ROOT@`, filled in: with a path or a name, and nothing else.
fn fills(template: &str, line: &str) -> bool {
    let mut parts = template.split('@');
    let Some(first) = parts.next() else { return false };
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    // Text and placeholders alternate where every @ is one of a pair.
    let parts: Vec<&str> = parts.collect();
    if parts.len() % 2 != 0 {
        return false;
    }
    for pair in parts.chunks_exact(2) {
        let filled = |c: char| c.is_ascii_alphanumeric() || "/._- ".contains(c);
        let end = rest.find(|c| !filled(c)).unwrap_or(rest.len());
        let Some(at) = (0..=end).rev().find(|at| rest[*at..].starts_with(pair[1])) else { return false };
        rest = &rest[at + pair[1].len()..];
    }
    rest.is_empty()
}

/// `A=b "C=d e"`, with the values of unknown variables struck out.
fn environment(value: &str) -> String {
    let shown = words(value).into_iter().map(|word| variable(&word));
    shown.collect::<Vec<_>>().join(" ")
}

fn variable(word: &str) -> String {
    match word.split_once('=') {
        Some((name, value)) if VARIABLES.contains(&name) => format!("{name}={value}"),
        Some((name, _)) => format!("{name}={STRUCK}"),
        None => STRUCK.to_owned(),
    }
}

/// A command line, shown as [`arguments`] has it.
fn command(value: &str) -> String {
    let shown = arguments(&words(value));
    let plain = |word: &String| !word.is_empty() && !word.contains([' ', '"', '\'', '\\']);
    let quoted = shown
        .iter()
        .map(|word| if plain(word) || word == STRUCK { word.clone() } else { format!("\"{word}\"") });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Words between blanks; quotes hold some together.
fn words(text: &str) -> Vec<String> {
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
fn arguments(words: &[String]) -> Vec<String> {
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

/// Arguments of a program of ours. `--set`, `--json` and `--reason` carry what a person likes.
fn own(arguments: &[String]) -> Vec<String> {
    const FREE: [&str; 4] = ["--set", "--json", "--reason", "--why"];
    let mut free = false;
    let mut shown = Vec::new();
    for word in arguments {
        let name = word.split('=').next().unwrap_or_default();
        let strike = std::mem::replace(&mut free, FREE.contains(&word.as_str()));
        shown.push(match word {
            word if strike && !word.starts_with("--") => STRUCK.to_owned(),
            word if FREE.contains(&name) && word.contains('=') => format!("{name}={STRUCK}"),
            word => word.clone(),
        });
    }
    shown
}

fn is_ours(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
    PROGRAMS.contains(&name.strip_suffix(".exe").unwrap_or(name))
}

/// A property list without comments; and which keys lost something.
pub(super) fn plist(text: &str) -> (String, Vec<String>) {
    let mut out = String::new();
    let mut struck = Vec::new();
    // The key that each dict is at; the depth of the one that decides.
    let (mut keys, mut argv): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for (tag, content) in elements(text) {
        match tag.as_str() {
            "dict" => keys.push(String::new()),
            "/dict" => drop(keys.pop()),
            "key" => {
                if let Some(key) = keys.last_mut() {
                    key.clone_from(&content);
                }
                argv.clear();
            }
            _ => {}
        }
        let top = keys.first().map_or("", String::as_str);
        let shown = match (tag.as_str(), top) {
            ("string" | "data", "EnvironmentVariables") => {
                let name = keys.last().map_or("", String::as_str);
                if VARIABLES.contains(&name) { content.clone() } else { STRUCK.to_owned() }
            }
            ("string", "ProgramArguments") => {
                argv.push(content.clone());
                let shown = arguments(&argv);
                shown.get(argv.len() - 1).cloned().unwrap_or_else(|| STRUCK.to_owned())
            }
            ("string" | "data" | "integer" | "real" | "date", key) if !LAUNCHD.contains(&key) => {
                STRUCK.to_owned()
            }
            _ => content.clone(),
        };
        if shown != content {
            struck.push(keys.iter().filter(|key| !key.is_empty()).cloned().collect::<Vec<_>>().join("."));
        }
        let shown = if shown == STRUCK { "&lt;struck out&gt;" } else { &shown };
        let close = if content.is_empty() && shown.is_empty() { String::new() } else { format!("</{tag}>") };
        out.push_str(&format!("{}<{tag}>{shown}{close}\n", "  ".repeat(keys.len())));
    }
    struck.dedup();
    (out, struck)
}

/// A task of the Task Scheduler without comments, its commands shown as [`arguments`] has them.
pub(super) fn task(text: &str) -> (String, Vec<String>) {
    let mut out = String::new();
    let mut struck = Vec::new();
    let mut program = String::new();
    for (tag, content) in elements(text) {
        let shown = match tag.as_str() {
            "Command" => {
                program = content.trim_matches('"').replace("&quot;", "");
                content.clone()
            }
            "Arguments" => {
                let line = content.replace("&quot;", "\"");
                let all: Vec<String> = std::iter::once(program.clone()).chain(words(&line)).collect();
                arguments(&all)[1..].join(" ")
            }
            _ => content.clone(),
        };
        if shown.contains(STRUCK) {
            struck.push(tag.clone());
        }
        let close = if content.is_empty() { String::new() } else { format!("</{tag}>") };
        out.push_str(&format!("<{tag}>{}{close}\n", shown.replace(STRUCK, "&lt;struck out&gt;")));
    }
    (out, struck)
}

/// The tags of some XML with the text that follows each opening one. No comments, no closing tags behind text, no
/// attributes but those of the file's own beginning.
fn elements(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, behind)| behind);
            continue;
        }
        let Some((tag, behind)) = rest[1..].split_once('>') else { break };
        let content = behind.split('<').next().unwrap_or_default();
        rest = behind;
        if tag.starts_with(['?', '!']) {
            continue;
        }
        let closes = tag.strip_prefix('/');
        let had_text = closes
            .is_some_and(|name| found.last().is_some_and(|(tag, text)| tag == name && !text.is_empty()));
        if !had_text {
            let name = tag.split(' ').next().unwrap_or(tag);
            let name =
                if tag.ends_with('/') && !name.ends_with('/') { format!("{name}/") } else { name.to_owned() };
            found.push((name, content.trim().to_owned()));
        }
    }
    found
}
