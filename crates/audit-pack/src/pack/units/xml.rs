//! Property lists and tasks as they may be shown: an allow-list of keys.

use std::fmt::Write as _;

use super::command::{arguments, is_shown, words};
use crate::pack::secrets::STRUCK;

/// Keys of launchd whose values may be shown.
const KEYS: &str = "\
    AbandonProcessGroup Disabled ExitTimeOut GroupName HardResourceLimits InitGroups KeepAlive Label \
    LegacyTimers LimitLoadToSessionType LowPriorityIO Nice ProcessType Program QueueDirectories \
    RunAtLoad SoftResourceLimits StandardErrorPath StandardInPath StandardOutPath StartCalendarInterval \
    StartInterval ThrottleInterval Umask UserName WorkingDirectory";

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
                if is_shown(name) { content.clone() } else { STRUCK.to_owned() }
            }
            ("string", "ProgramArguments") => {
                argv.push(content.clone());
                let shown = arguments(&argv);
                shown.get(argv.len() - 1).cloned().unwrap_or_else(|| STRUCK.to_owned())
            }
            ("string" | "data" | "integer" | "real" | "date", key)
                if !KEYS.split(' ').any(|known| known == key) =>
            {
                STRUCK.to_owned()
            }
            _ => content.clone(),
        };
        if shown != content {
            struck.push(keys.iter().filter(|key| !key.is_empty()).cloned().collect::<Vec<_>>().join("."));
        }
        let shown = if shown == STRUCK { "&lt;struck out&gt;" } else { &shown };
        let close = if content.is_empty() && shown.is_empty() { String::new() } else { format!("</{tag}>") };
        let _ = writeln!(out, "{}<{tag}>{shown}{close}", "  ".repeat(keys.len()));
    }
    struck.dedup();
    (out, struck)
}

/// A task of the Task Scheduler without comments: the elements that ours have, commands shown as [`arguments`] has them.
pub(super) fn task(text: &str, shipped: &[&str]) -> (String, Vec<String>) {
    let (mut out, mut struck, mut program) = (String::new(), Vec::new(), String::new());
    let known: Vec<String> = shipped.iter().flat_map(|text| elements(text)).map(|(tag, _)| tag).collect();
    for (tag, content) in elements(text) {
        let shown = match tag.as_str() {
            "Command" => {
                program = content.replace("&quot;", "").replace('"', "");
                content.clone()
            }
            "Arguments" => {
                let line = content.replace("&quot;", "\"");
                let all: Vec<String> = std::iter::once(program.clone()).chain(words(&line)).collect();
                arguments(&all)[1..].join(" ")
            }
            _ if content.is_empty() || known.contains(&tag) => content.clone(),
            _ => STRUCK.to_owned(),
        };
        if shown.contains(STRUCK) {
            struck.push(tag.clone());
        }
        let close = if content.is_empty() { String::new() } else { format!("</{tag}>") };
        let _ = writeln!(out, "<{tag}>{}{close}", shown.replace(STRUCK, "&lt;struck out&gt;"));
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

#[cfg(test)]
mod tests {
    use super::{plist, task};

    const PLIST: &str = r#"<?xml version="1.0"?>
<!-- secret0 -->
<plist version="1.0"><dict>
<key>Label</key><string>holdfast.pipeline</string>
<key>ProgramArguments</key><array><string>/opt/hb-write</string><string>exec</string><string>--name</string>
<string>bot</string><string>--</string><string>/usr/bin/python3</string><string>secret1</string></array>
<key>EnvironmentVariables</key><dict><key>API_KEY</key><string>secret2</string><key>TZ</key><string>UTC</string></dict>
<key>RunAtLoad</key><true/>
<key>Umask</key><integer>27</integer>
<key>Odd</key><dict><key>Label</key><string>secret3</string></dict>
</dict></plist>
"#;

    #[test]
    fn a_property_list_keeps_what_is_known() {
        let (text, struck) = plist(PLIST);
        assert!((0..4).all(|number| !text.contains(&format!("secret{number}"))), "{text}");
        insta::assert_snapshot!(format!("{text}struck out: {}", struck.join(" ")));
    }

    #[test]
    fn shipped_ones_are_shown_whole() {
        for (path, text) in crate::pack::units::SHIPPED {
            let (_, struck) = match path.split_once('/') {
                Some(("plists", _)) => plist(text),
                Some(("windows", _)) => task(text, &[text]),
                _ => continue,
            };
            assert!(struck.is_empty(), "{path}: {struck:?}");
        }
    }

    #[test]
    fn a_task_keeps_what_is_known() {
        let text = "<Task><Description>x</Description><Odd>secret0</Odd><Exec><Command>\"C:\\h\\hb-write.exe\"</Command>\
                    <Arguments>exec --name bot -- py secret1</Arguments></Exec></Task>";
        let (text, struck) = task(text, &["<Task><Description>y</Description></Task>"]);
        assert!(!text.contains("secret") && text.contains("exec --name bot -- py"), "{text}");
        assert_eq!(struck, ["Odd", "Arguments"]);
    }
}
