//! What single values can be.

use std::path::PathBuf;

use toml::de::DeValue;

use super::section::{Read, Value, not_a, parsed, text};
use super::{Pointer, error::Problem};
use crate::heartbeat::Name;
use crate::json;
use crate::time::Span;

/// What names may be, those of heartbeats and of all else.
pub(super) const NAME_ADVICE: &str = "write 1 to 64 of a-z 0-9 . _ -, such as trader-run";

impl Read for String {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        text(value).map(str::to_owned)
    }
}

impl Read for PathBuf {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        text(value).map(Self::from)
    }
}

impl Read for Span {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        if matches!(value.get_ref(), DeValue::Integer(_) | DeValue::Float(_)) {
            let advice = "say the unit, in quotes: \"90s\", \"15m\", \"1h30m\" or \"1d\"";
            return Err(not_a(value, "a duration", advice));
        }
        parsed(value)
    }
}

impl Read for Pointer {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        parsed(value)
    }
}

impl Read for Name {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let name = text(value)?;
        name.parse().map_err(|_| Problem::new(&value.span(), format!("{name:?} is not a name"), NAME_ADVICE))
    }
}

impl Read for bool {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        match value.get_ref() {
            DeValue::Boolean(truth) => Ok(*truth),
            _ => Err(not_a(value, "true or false", "write true or false, without quotes")),
        }
    }
}

impl Read for f64 {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let number = match value.get_ref() {
            DeValue::Integer(number) => integer(number).map(|number| number as f64),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => return Err(not_a(value, "a number", "write a number, without quotes")),
        };
        number.filter(|number: &f64| number.is_finite()).ok_or_else(|| {
            Problem::new(&value.span(), "it is not a finite number", "write a number such as 20.0")
        })
    }
}

/// A whole number of a range.
pub(super) struct Whole<const MIN: u32, const MAX: u32>(pub(super) u32);

impl<const MIN: u32, const MAX: u32> Read for Whole<MIN, MAX> {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let advice = format!("write a whole number from {MIN} to {MAX}");
        let DeValue::Integer(number) = value.get_ref() else {
            return Err(not_a(value, "a whole number", advice.as_str()));
        };
        integer(number)
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (MIN..=MAX).contains(number))
            .map(Self)
            .ok_or_else(|| Problem::new(&value.span(), format!("{number} is out of range"), advice))
    }
}

fn integer(number: &toml::de::DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A list, not empty; errors point at the item.
impl<T: Read> Read for Vec<T> {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let DeValue::Array(items) = value.get_ref() else {
            return Err(not_a(value, "a list", "put it in [brackets], items between commas"));
        };
        if items.is_empty() {
            return Err(Problem::new(
                &value.span(),
                "it is an empty list",
                "write at least one item, or leave the key out",
            ));
        }
        items.iter().map(T::read).collect()
    }
}

/// One item, or a list of them.
pub(super) struct OneOrMore<T>(pub(super) Vec<T>);

impl<T: Read> Read for OneOrMore<T> {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        match value.get_ref() {
            DeValue::Array(_) => Vec::read(value).map(Self),
            _ => T::read(value).map(|item| Self(vec![item])),
        }
    }
}

/// A program and its arguments; no shell stands between.
pub(super) struct Argv(pub(super) Vec<String>);

impl Read for Argv {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let advice =
            "write the program and each argument as an item: [\"/usr/bin/ssh\", \"mini\", \"cat beat.json\"]";
        let DeValue::Array(items) = value.get_ref() else { return Err(not_a(value, "a list", advice)) };
        let mut items = items.iter();
        let Some(program) = items.next() else {
            return Err(Problem::new(&value.span(), "it is an empty list", advice));
        };
        let mut argv = vec![text(program)?.to_owned()];
        for argument in items {
            // An argument, unlike a program, may be empty.
            match argument.get_ref() {
                DeValue::String(argument) if argument.is_empty() => argv.push(String::new()),
                _ => argv.push(text(argument)?.to_owned()),
            }
        }
        Ok(Self(argv))
    }
}

/// An `http://` or `https://` address without credentials.
pub(super) struct Url(pub(super) String);

impl Read for Url {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let url = text(value)?;
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
        if host.contains('@') {
            let advice = "take them out of the URL: secrets stand in files of their own";
            return Err(Problem::new(&value.span(), "it holds a name or a password", advice));
        }
        let (name, port) = host_and_port(host);
        let well_formed =
            !name.is_empty() && port.is_none_or(is_port) && url.bytes().all(|byte| byte.is_ascii_graphic());
        if !well_formed {
            let advice =
                "write http:// or https://, a host and a path, such as \"https://example.com/health\"";
            // Not quoted: of many services the URL is itself the secret, and errors travel.
            return Err(Problem::new(&value.span(), "it is not a URL", advice));
        }
        Ok(Self(url.to_owned()))
    }
}

/// `host:port`, the host a name, an IPv4 address or an IPv6 address in brackets.
pub(super) struct Address(pub(super) String);

impl Read for Address {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let address = text(value)?;
        let (name, port) = host_and_port(address);
        let well_formed = !name.is_empty() && port.is_some_and(is_port) && !address.contains(['/', ' ', '@']);
        if !well_formed {
            let advice = "write host:port, such as \"127.0.0.1:9002\" or \"[::1]:9002\"";
            return Err(Problem::new(
                &value.span(),
                format!("{address:?} is not an address with a port"),
                advice,
            ));
        }
        Ok(Self(address.to_owned()))
    }
}

fn host_and_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        // The colons of an address in brackets are its own.
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A single value as JSON has it, to compare a reply with.
impl Read for json::Value {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.as_ref().into()),
            DeValue::Boolean(truth) => Ok((*truth).into()),
            DeValue::Integer(number) => integer(number).map(Self::from).ok_or_else(|| {
                Problem::new(&value.span(), "it is too large a number", "write a smaller one")
            }),
            DeValue::Float(_) => f64::read(value).map(json::number),
            _ => Err(not_a(value, "a single value", "write text in quotes, a number, true or false")),
        }
    }
}

/// A name or a number, as Telegram's chats have both.
pub(super) struct TextOrNumber(pub(super) String);

impl Read for TextOrNumber {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => Ok(Self(number.as_str().to_owned())),
            _ => text(value).map(|text| Self(text.to_owned())),
        }
    }
}

/// The node exporter reads files of this ending only.
pub(super) struct PromFile(pub(super) PathBuf);

impl Read for PromFile {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let file = PathBuf::read(value)?;
        if file.extension().is_none_or(|ending| ending != "prom") {
            let advice = "end it in .prom: the node exporter reads no other files";
            return Err(Problem::new(
                &value.span(),
                format!("{} does not end in .prom", file.display()),
                advice,
            ));
        }
        Ok(Self(file))
    }
}
