//! Scheduler units: the templates in `plists/`, `systemd/` and `windows/`, and how they are rendered.
//!
//! A template holds placeholders such as `@ROOT@`. Rendering puts absolute paths and user names in their place,
//! escaped as the format of the platform wants it. The rules stand in `docs/schedulers.md`.

use std::fmt::Write as _;

use crate::templates::{LAUNCHD, SYSTEMD, WINDOWS};

/// Whose units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// launchd, macOS.
    Launchd,
    /// systemd's system manager, Linux.
    Systemd,
    /// A user's own systemd: without what only the system manager can do.
    SystemdUser,
    /// Task Scheduler, Windows.
    Windows,
}

impl Platform {
    /// Every platform.
    pub const ALL: [Self; 4] = [Self::Launchd, Self::Systemd, Self::SystemdUser, Self::Windows];

    /// Whether a path there begins at the top.
    pub fn is_absolute(self, path: &str) -> bool {
        match self {
            Self::Windows => path.get(1..3) == Some(":\\") || path.starts_with("\\\\"),
            _ => path.starts_with('/'),
        }
    }

    /// The templates of the platform, by file name.
    pub const fn templates(self) -> &'static [Template] {
        match self {
            Self::Launchd => LAUNCHD,
            Self::Systemd | Self::SystemdUser => SYSTEMD,
            Self::Windows => WINDOWS,
        }
    }
}

/// A unit with placeholders in it.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// The file's name.
    pub name: &'static str,
    /// What is in it.
    pub text: &'static str,
}

/// What stands in for the placeholders.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// `@BIN@`: the folder of the programs.
    pub bin: String,
    /// `@ROOT@`: the root.
    pub root: String,
    /// `@USER@`: the user of the watchdog.
    pub user: String,
    /// `@GROUP@`: the group that the users share.
    pub group: String,
    /// `@BOT_USER@`: the user of the pipeline.
    pub bot_user: String,
    /// `@PIPELINE@`: the program that runs one cycle.
    pub pipeline: String,
}

/// A unit cannot be rendered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A value that the format has no way to write.
    #[error("{placeholder} is {value:?}, and {reason}\n  use another one")]
    Value {
        /// The placeholder.
        placeholder: &'static str,
        /// What was to stand in for it.
        value: String,
        /// Why it cannot.
        reason: &'static str,
    },
    /// The template has a placeholder that nobody knows.
    #[error("{0} is not a placeholder: use one of those in docs/schedulers.md")]
    Unknown(String),
}

/// Puts the values in the place of the placeholders.
pub fn render(platform: Platform, template: &str, values: &Values) -> Result<String, Refused> {
    let mut text = match platform {
        Platform::SystemdUser => without_system_only(template),
        _ => template.to_owned(),
    };
    let pairs = [
        ("@BIN@", &values.bin, true),
        ("@ROOT@", &values.root, true),
        ("@PIPELINE@", &values.pipeline, true),
        ("@USER@", &values.user, false),
        ("@GROUP@", &values.group, false),
        ("@BOT_USER@", &values.bot_user, false),
    ];
    if let Some(name) = placeholders(&text).find(|name| pairs.iter().all(|pair| pair.0 != name)) {
        return Err(Refused::Unknown(name));
    }
    // In one pass over the template: a value that looks like a placeholder is not one.
    let mut done = String::new();
    while let Some((at, pair)) =
        pairs.iter().filter_map(|pair| Some((text.find(pair.0)?, pair))).min_by_key(|hit| hit.0)
    {
        let (placeholder, value, is_path) = *pair;
        if let Some(reason) = refusal(platform, value, is_path) {
            return Err(Refused::Value { placeholder, value: value.clone(), reason });
        }
        done.push_str(&text[..at]);
        done.push_str(&escape(platform, value));
        text.drain(..at + placeholder.len());
    }
    Ok(done + &text)
}

/// The lines between `# system only [` and `# ] system only` are for the system manager.
fn without_system_only(template: &str) -> String {
    let mut keep = true;
    let mut text = String::new();
    for line in template.lines() {
        if line == "# system only [" {
            keep = false;
        }
        if keep {
            text.push_str(line);
            text.push('\n');
        }
        if line == "# ] system only" {
            keep = true;
        }
    }
    text
}

/// Everything between two `@` that is written like a placeholder.
fn placeholders(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split('@')
        .skip(1)
        .filter(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .map(|word| format!("@{word}@"))
}

fn refusal(platform: Platform, value: &str, is_path: bool) -> Option<&'static str> {
    if value.is_empty() {
        return Some("nothing can be named so");
    }
    if is_path && !platform.is_absolute(value) {
        return Some("a scheduler needs an absolute path");
    }
    if value.chars().any(char::is_control) {
        return Some("a control character cannot stand in a unit");
    }
    match platform {
        Platform::Systemd | Platform::SystemdUser if value.contains(['"', '\'', '\\', '$']) => {
            Some("systemd takes \", ', \\ and $ nowhere in the name of a program")
        }
        Platform::Windows if value.contains(['"', '%']) || value.contains("$(") => {
            Some("Task Scheduler has no way to quote \", % and $(")
        }
        Platform::Windows if is_path && value.ends_with('\\') => {
            Some("a \\ before a quote would quote the quote")
        }
        _ => None,
    }
}

fn escape(platform: Platform, value: &str) -> String {
    match platform {
        Platform::Systemd | Platform::SystemdUser => value.replace('%', "%%"),
        // All but ASCII as character references: then no tool can take the file for another encoding.
        Platform::Launchd | Platform::Windows => value.chars().fold(String::new(), |mut text, c| {
            match c {
                '&' | '<' | '>' | '"' | '\'' => drop(write!(text, "&#{};", u32::from(c))),
                c if c.is_ascii() => text.push(c),
                c => drop(write!(text, "&#x{:X};", u32::from(c))),
            }
            text
        }),
    }
}
