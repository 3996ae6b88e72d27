//! The options of a line.

use jiff::tz::TimeZone;

use super::time::moment;
use crate::public::shown;

/// What a line restricts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) authority: bool,
    pub(super) namespaces: Option<String>,
    pub(super) valid_after_s: Option<u64>,
    pub(super) valid_before_s: Option<u64>,
}

impl Options {
    /// The options at the front, up to the first blank outside quotation marks, and what follows.
    pub(super) fn split(text: &str) -> Result<(&str, &str), String> {
        let (mut quoted, mut escaped) = (false, false);
        for (at, c) in text.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = text[at..].starts_with("\\\""),
                '"' => quoted = !quoted,
                ' ' | '\t' if !quoted => {
                    return Ok((&text[..at], text[at..].trim_start_matches([' ', '\t'])));
                }
                _ => {}
            }
        }
        if quoted { Err(UNCLOSED.to_owned()) } else { Ok((text, "")) }
    }

    /// `name` or `name="value"`, with commas between.
    pub(super) fn parse(text: &str, zone: &TimeZone) -> Result<Self, String> {
        let mut options = Self::default();
        let mut rest = text;
        loop {
            rest = options.take(rest, zone)?;
            if rest.is_empty() {
                break;
            }
            rest = rest.strip_prefix(',').ok_or_else(|| unknown(rest))?;
        }
        match (options.valid_after_s, options.valid_before_s) {
            (Some(after), Some(before)) if before <= after => {
                Err("has a valid-before that is not later than its valid-after: mend one of them".to_owned())
            }
            _ => Ok(options),
        }
    }

    /// Takes the first option; what follows it.
    fn take<'a>(&mut self, text: &'a str, zone: &TimeZone) -> Result<&'a str, String> {
        if let Some(rest) = named(text, "cert-authority") {
            self.authority = true;
            return Ok(rest);
        }
        if let Some(rest) = named(text, "namespaces=") {
            let (value, rest) = unquote(rest, "namespaces")?;
            once(&mut self.namespaces, value, "namespaces")?;
            return Ok(rest);
        }
        for (name, slot) in
            [("valid-after", &mut self.valid_after_s), ("valid-before", &mut self.valid_before_s)]
        {
            let value = named(text, name).and_then(|rest| rest.strip_prefix('='));
            if let Some(rest) = value {
                let (value, rest) = unquote(rest, name)?;
                // Nought would mean to OpenSSH that there is no such option.
                let at_s = moment(&value, zone).filter(|at_s| *at_s > 0);
                let at_s = at_s.ok_or_else(|| {
                    format!(
                        "has {name}={:?}, which is no time: YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, and a Z for UTC",
                        shown(&value)
                    )
                })?;
                once(slot, at_s, name)?;
                return Ok(rest);
            }
        }
        Err(unknown(text))
    }
}

const UNCLOSED: &str = "opens a quotation mark and does not close it";

fn unknown(text: &str) -> String {
    let name = text.split([',', '=']).next().unwrap_or_default();
    format!(
        "has the unknown option {:?}: cert-authority, namespaces=\"…\", valid-after=\"…\" and valid-before=\"…\" are known, \
         with commas between",
        shown(name)
    )
}

/// What follows a name, which may be in capital letters.
fn named<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (front, rest) = text.split_at_checked(name.len())?;
    front.eq_ignore_ascii_case(name).then_some(rest)
}

/// The value between quotation marks, in which `\"` is one of them, and what follows.
fn unquote<'a>(text: &'a str, name: &str) -> Result<(String, &'a str), String> {
    let quoted = text.strip_prefix('"');
    let mut rest = quoted.ok_or_else(|| format!("has {name} without quotation marks: {name}=\"…\""))?;
    let mut value = String::new();
    loop {
        let at = rest.find(['"', '\\']).ok_or(UNCLOSED)?;
        value.push_str(&rest[..at]);
        if let Some(behind) = rest[at..].strip_prefix("\\\"") {
            value.push('"');
            rest = behind;
        } else if let Some(behind) = rest[at..].strip_prefix('\\') {
            value.push('\\');
            rest = behind;
        } else {
            return Ok((value, &rest[at + 1..]));
        }
    }
}

fn once<T>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), String> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("has {name} twice: join them, or take one away")),
    }
}
