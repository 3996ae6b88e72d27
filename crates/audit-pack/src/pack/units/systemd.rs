//! Units of systemd as they may be shown: an allow-list of keys, and shipped lines.

use std::fmt::Write as _;

use super::command::{is_shown, words};
use crate::pack::secrets::STRUCK;

/// Keys whose values may be shown, beside those that stand in our own units.
const KEYS: &str = "\
    After Alias Also AmbientCapabilities Before BindsTo Conflicts Documentation EnvironmentFile \
    GuessMainPID IOSchedulingClass LimitNOFILE MemoryHigh MemoryMax Nice OnBootSec OnCalendar OnSuccess \
    OnUnitActiveSec OnUnitInactiveSec PIDFile PartOf Persistent ReadOnlyPaths RequiredBy Requires \
    RuntimeDirectory RuntimeMaxSec Slice StandardError StandardInput StandardOutput StateDirectory \
    SupplementaryGroups SyslogIdentifier TasksMax TimeoutSec Unit Upholds Wants";

/// A unit of systemd without comments; and which keys lost something.
pub(super) fn shown(text: &str, shipped: &[&str]) -> (String, Vec<String>) {
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
            super::command::line(value)
        } else if KEYS.split(' ').any(|known| known == key) || known() {
            value.to_owned()
        } else {
            STRUCK.to_owned()
        };
        if shown != value {
            struck.push(key.to_owned());
        }
        let _ = writeln!(out, "{key}={shown}");
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
    if !parts.len().is_multiple_of(2) {
        return false;
    }
    for pair in parts.chunks_exact(2) {
        let filled = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
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
        Some((name, value)) if is_shown(name) => format!("{name}={value}"),
        Some((name, _)) => format!("{name}={STRUCK}"),
        None => STRUCK.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{fills, shown};

    const UNIT: &str = r#"# secret0
[Service]
Type=oneshot
ExecStart="/opt/bin/circuit-ctl" guard --root "/srv/my bot" -- /opt/bin/hb-write exec --name bot --set secret1 -- \
  # secret2
  /usr/bin/env KEY=secret3
ExecStartPre=/bin/sh -c 'echo secret4'
ExecStartPost=KEY=secret5
ExecStop=/opt/bin/circuit-ctl trip --reason "secret6" --root /srv ; /usr/bin/curl secret7
Environment=HOLDFAST_ROOT=/srv "API_KEY=secret8 x" secret9
SetCredential=key:secret10
Odd=secret11
secret12
WorkingDirectory=/srv
"#;

    #[test]
    fn a_unit_keeps_what_is_known() {
        let (text, struck) = shown(UNIT, &["Type=@TYPE@\nWorkingDirectory=@ROOT@"]);
        assert!((0..13).all(|number| !text.contains(&format!("secret{number}"))), "{text}");
        insta::assert_snapshot!(format!("{text}struck out: {}", struck.join(" ")));
    }

    #[test]
    fn shipped_lines_are_shown_with_their_placeholders_filled_in() {
        for (path, text) in crate::pack::units::SHIPPED {
            if path.starts_with("systemd/") {
                let filled = ["BIN", "ROOT", "USER", "GROUP", "PIPELINE", "BOT_USER"]
                    .iter()
                    .fold((*text).to_owned(), |text, name| text.replace(&format!("@{name}@"), "/srv/x"));
                let (_, struck) = shown(&filled, &[text]);
                assert!(struck.is_empty(), "{path}: {struck:?}");
            }
        }
        let template = r#"ExecStop=/bin/sh -c 'x "$0"' "@BIN@/y""#;
        assert!(fills(template, r#"ExecStop=/bin/sh -c 'x "$0"' "/opt/a/y""#));
        for other in [
            r#"ExecStop=/bin/sh -c 'z "$0"' "/opt/a/y""#,
            r#"ExecStop=/bin/sh -c 'x "$0"' "/opt/a/y" secret"#,
            r#"ExecStop=/bin/sh -c 'x "$0"' "a" "b/y""#,
        ] {
            assert!(!fills(template, other), "{other}");
        }
    }
}
