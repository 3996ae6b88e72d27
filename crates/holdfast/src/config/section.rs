//! Reading a table of the file: known keys only, each value as what it must be.

use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Blame, Problem};
use super::near::nearest;

/// The keys of the file itself. Below a table's name, TOML takes them for that table's.
pub(super) const AT_THE_TOP: [&str; 3] = ["trip_when_mute", "alerts_expire_after", "prometheus_file"];

/// Where a value stands that the file does not have.
pub(super) const NOWHERE: Range<usize> = usize::MAX..usize::MAX;

/// A value and where it stands.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// A table of the file, and how errors call it.
pub(super) struct Section<'a, 'i> {
    name: String,
    at: Range<usize>,
    table: &'a DeTable<'i>,
}

/// What the keys of a table may be: those of every kind, and those of each kind.
pub(super) struct Schema {
    pub(super) common: &'static [&'static str],
    pub(super) kinds: &'static [(&'static str, &'static [&'static str])],
}

impl<'a, 'i> Section<'a, 'i> {
    pub(super) fn new(name: impl Into<String>, at: Range<usize>, table: &'a DeTable<'i>) -> Self {
        Self { name: name.into(), at, table }
    }

    /// A value that must be a table.
    pub(super) fn of(name: impl Into<String>, value: &'a Value<'i>) -> Result<Self, Problem> {
        let name = name.into();
        match value.get_ref() {
            DeValue::Table(table) => Ok(Self::new(name, value.span(), table)),
            other => {
                let advice = format!("write {name} in brackets on a line of its own, and its keys below");
                Err(Problem::new(&value.span(), format!("{name} is not a table but {}", kind(other)), advice))
            }
        }
    }

    /// The same table, called by what stands at `key` from here on: `[[watch]] "trader-run"`.
    pub(super) fn called_by(mut self, key: &str) -> Self {
        if let Some(DeValue::String(name)) =
            self.value(key).filter(|name| name.span() != NOWHERE).map(Spanned::get_ref)
            && !name.is_empty()
        {
            self.name = format!("{} {name:?}", self.name);
        }
        self
    }

    /// Refuses every key that is not one of `keys`.
    pub(super) fn only(&self, keys: &[&'static str]) -> Result<(), Problem> {
        self.unknown(keys).into_iter().next().map_or(Ok(()), Err)
    }

    /// Every key that is not one of `keys`, in the order of the file.
    pub(super) fn unknown(&self, keys: &[&'static str]) -> Vec<Problem> {
        let tell = |(at, key): (Range<usize>, &str)| {
            let hint = match nearest(key, keys.iter().copied()) {
                _ if AT_THE_TOP.contains(&key) => {
                    "it stands at the top of the file, before every [table]; ".to_owned()
                }
                Some(near) => format!("did you mean {near}? "),
                None => String::new(),
            };
            let advice = format!("{hint}known here: {}", keys.join(", "));
            Problem::new(&at, format!("{key:?} is not a key of {}", self.name), advice)
        };
        self.beyond(keys).into_iter().map(tell).collect()
    }

    /// Refuses every key that does not go with `kind`, one of `schema.kinds`.
    pub(super) fn only_of_kind(&self, schema: &Schema, kind: &str) -> Result<(), Problem> {
        let own = schema.kinds.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, keys)| keys);
        let allowed: Vec<&'static str> = schema.common.iter().chain(own).copied().collect();
        let Some((at, key)) = self.beyond(&allowed).into_iter().next() else { return Ok(()) };
        let others: Vec<_> = schema
            .kinds
            .iter()
            .filter(|(_, keys)| keys.contains(&key))
            .map(|(name, _)| format!("{name:?}"))
            .collect();
        if others.is_empty() {
            return self.only(&allowed);
        }
        let fact = format!("{key} does not go with kind = {kind:?} in {}", self.name);
        let advice =
            format!("it is a key of kind = {}; known here: {}", others.join(", "), allowed.join(", "));
        Err(Problem::new(&at, fact, advice))
    }

    fn beyond(&self, keys: &[&str]) -> Vec<(Range<usize>, &str)> {
        let beyond = self.table.iter().filter(|(key, _)| !keys.contains(&key.get_ref().as_ref()));
        let mut beyond: Vec<_> = beyond.map(|(key, _)| (key.span(), key.get_ref().as_ref())).collect();
        beyond.sort_by_key(|(at, _)| at.start);
        beyond
    }

    /// The kind that the table says it is, or `default`.
    pub(super) fn kind(
        &self,
        schema: &Schema,
        default: Option<&'static str>,
    ) -> Result<&'static str, Problem> {
        let names: Vec<_> = schema.kinds.iter().map(|(name, _)| *name).collect();
        let Some(value) = self.value("kind") else {
            return default.ok_or_else(|| {
                let (fact, advice) = self.missing("kind");
                Problem::new(&self.at, fact, format!("{advice}: one of {}", quoted(&names)))
            });
        };
        one_of(value, &names).map_err(|problem| problem.of(self.key("kind")))
    }

    pub(super) fn value(&self, key: &str) -> Option<&'a Value<'i>> {
        self.table.get(key)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Where the key's value stands, else where the table does.
    pub(super) fn at(&self, key: &str) -> Range<usize> {
        self.value(key).map_or_else(|| self.at.clone(), Spanned::span)
    }

    pub(super) fn entries(
        &self,
    ) -> impl Iterator<Item = (&'a Spanned<toml::de::DeString<'i>>, &'a Value<'i>)> {
        self.table.iter()
    }

    pub(super) fn get<T: Read>(&self, key: &'static str) -> Result<Option<T>, Problem> {
        self.value(key).map(T::read).transpose().map_err(|problem| problem.of(self.key(key)))
    }

    pub(super) fn get_or<T: Read>(&self, key: &'static str, default: T) -> Result<T, Problem> {
        Ok(self.get(key)?.unwrap_or(default))
    }

    pub(super) fn need<T: Read>(&self, key: &'static str, example: &'static str) -> Result<T, Problem> {
        self.get(key)?.ok_or_else(|| self.needed(key, example))
    }

    fn needed(&self, key: &'static str, example: &'static str) -> Problem {
        let (fact, advice) = self.missing(key);
        let advice = format!("{advice}: for example {key} = {example}");
        Problem::new(&self.at, fact, advice).blaming(Blame::Missing(key, example))
    }

    /// Two keys that go together, or neither.
    pub(super) fn both<A: Read, B: Read>(
        &self,
        first: &'static str,
        second: &'static str,
    ) -> Result<Option<(A, B)>, Problem> {
        let alone = |key: &str, other: &str| {
            self.problem(key, format!("{key} without {other}"), format!("add {other}"))
        };
        match (self.get(first)?, self.get(second)?) {
            (Some(a), Some(b)) => Ok(Some((a, b))),
            (None, None) => Ok(None),
            (Some(_), None) => Err(alone(first, second)),
            (None, Some(_)) => Err(alone(second, first)),
        }
    }

    fn missing(&self, key: &str) -> (String, String) {
        (format!("{} has no {key}", self.name), format!("add {key}"))
    }

    /// What is wrong with the table as a whole, or with one key's value.
    pub(super) fn problem(
        &self,
        key: &str,
        fact: impl std::fmt::Display,
        advice: impl Into<String>,
    ) -> Problem {
        Problem::new(&self.at(key), format!("{}: {fact}", self.name), advice).blaming(Blame::Together)
    }

    fn key(&self, key: &str) -> String {
        format!("{key} of {}", self.name)
    }
}

/// What can stand as a value.
pub(super) trait Read: Sized {
    fn read(value: &Value<'_>) -> Result<Self, Problem>;
}

/// Text that is one of `words`.
pub(super) fn one_of(value: &Value<'_>, words: &[&'static str]) -> Result<&'static str, Problem> {
    let text = text(value)?;
    words.iter().find(|word| **word == text).copied().ok_or_else(|| {
        let hint = nearest(text, words.iter().copied())
            .map(|near| format!("did you mean {near:?}? "))
            .unwrap_or_default();
        Problem::new(
            &value.span(),
            format!("{text:?} is not known"),
            format!("{hint}write one of {}", quoted(words)),
        )
    })
}

pub(super) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
}

/// Text, not empty.
pub(super) fn text<'v>(value: &'v Value<'_>) -> Result<&'v str, Problem> {
    let DeValue::String(text) = value.get_ref() else { return Err(not_a(value, "text", "put it in quotes")) };
    if text.trim().is_empty() {
        return Err(Problem::new(&value.span(), "it is empty", "write a value, or leave the key out"));
    }
    if text.contains('\0') {
        return Err(Problem::new(&value.span(), "it holds a NUL character", "take it out"));
    }
    Ok(text)
}

/// Text that a type of its own reads; its error says the fact, a colon and what to do.
pub(super) fn parsed<T: FromStr<Err: std::fmt::Display>>(value: &Value<'_>) -> Result<T, Problem> {
    text(value)?.parse().map_err(|error: T::Err| said(value, &error))
}

/// An error of another module as a problem of this value.
pub(super) fn said(value: &Value<'_>, error: &dyn std::fmt::Display) -> Problem {
    let error = error.to_string();
    // The text itself may hold a colon: the advice begins behind the last `: `.
    let (fact, advice) = error.rsplit_once(": ").unwrap_or((&error, "see docs/config.md"));
    Problem::new(&value.span(), fact, advice)
}

pub(super) fn not_a(value: &Value<'_>, what: &str, advice: &str) -> Problem {
    Problem::new(&value.span(), format!("it is not {what} but {}", kind(value.get_ref())), advice)
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
