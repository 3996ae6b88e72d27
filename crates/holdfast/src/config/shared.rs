//! Words that several tables of the file share.

use std::fmt;
use std::path::PathBuf;

use super::Pointer;
use super::error::Problem;
use super::section::{Read, Section, Value};
use crate::json;

/// A value that may be a secret: it stands in the file, or in a file of its own.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// Here.
    Plain(String),
    /// In this file, from the root.
    File(PathBuf),
}

/// Never shows what may be a secret.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::File(file) => f.debug_tuple("File").field(file).finish(),
        }
    }
}

impl Secret {
    /// Exactly one of two keys.
    pub(super) fn need<T: Read>(
        section: &Section<'_, '_>,
        key: &'static str,
        file_key: &'static str,
        plain: impl FnOnce(T) -> String,
    ) -> Result<Self, Problem> {
        match (section.get::<T>(key)?, section.get::<PathBuf>(file_key)?) {
            (Some(value), None) => Ok(Self::Plain(plain(value))),
            (None, Some(file)) => Ok(Self::File(file)),
            (None, None) => {
                let advice = format!("add {key}, or {file_key} with the name of a file that holds it");
                Err(section.problem("", format!("it has neither {key} nor {file_key}"), advice))
            }
            (Some(_), Some(_)) => Err(section.problem(
                file_key,
                format!("{key} and {file_key} say the same"),
                "keep one of them",
            )),
        }
    }
}

/// How we say who we are to an HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer` with what the file holds.
    Bearer {
        /// Holds the token.
        token_file: PathBuf,
    },
    /// User and password.
    Basic {
        /// The user.
        user: String,
        /// Holds the password.
        password_file: PathBuf,
    },
}

impl Read for Auth {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("auth", value)?;
        section.only(&["token_file", "user", "password_file"])?;
        match (section.get("token_file")?, section.get("user")?, section.get("password_file")?) {
            (Some(token_file), None, None) => Ok(Self::Bearer { token_file }),
            (None, Some(user), Some(password_file)) => Ok(Self::Basic { user, password_file }),
            _ => {
                let advice = "write { token_file = \"secrets/x\" }, or { user = \"me\", password_file = \"secrets/x\" }";
                Err(Problem::new(&value.span(), "it is neither a token nor user and password", advice))
            }
        }
    }
}

/// What the JSON of a reply must say.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    /// Where.
    pub pointer: Pointer,
    /// What; nothing: it need only be there.
    pub equals: Option<json::Value>,
    /// Bounds on it, if it is to be a number.
    pub bounds: Bounds,
}

/// Bounds on a number. Without any, everything is within them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// It may not be less.
    pub min: Option<f64>,
    /// It may not be greater.
    pub max: Option<f64>,
}

impl Bounds {
    /// `min` and `max` of a table.
    pub(super) fn read(section: &Section<'_, '_>) -> Result<Self, Problem> {
        let bounds = Self { min: section.get("min")?, max: section.get("max")? };
        match (bounds.min, bounds.max) {
            (Some(min), Some(max)) if min > max => {
                Err(section.problem("min", format!("min {min} is above max {max}"), "exchange them"))
            }
            _ => Ok(bounds),
        }
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The bound that `value` is beyond, in words.
    pub fn crossed(&self, value: f64) -> Option<String> {
        let above = self.max.filter(|max| value > *max).map(|max| format!("limit {max}"));
        above.or_else(|| self.min.filter(|min| value < *min).map(|min| format!("must be at least {min}")))
    }
}

impl Read for Expect {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("the expected reply", value)?;
        section.only(&["pointer", "equals", "min", "max"])?;
        let expect = Self {
            pointer: section.need("pointer", "\"/status\"")?,
            equals: section.get("equals")?,
            bounds: Bounds::read(&section)?,
        };
        if expect.equals.is_some() && !expect.bounds.is_empty() {
            let fact = "equals and min or max say different things of one value";
            return Err(section.problem("equals", fact, "keep equals, or min and max"));
        }
        Ok(expect)
    }
}
