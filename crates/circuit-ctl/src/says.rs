//! What the watches say now, for a person who is about to resume.

use holdfast::Root;
use holdfast::circuit::Hold;
use holdfast::config::Config;
use holdfast::sys::{ReadError, Sys};
use holdfast::text::printable;
use holdfast::watch::{self, Said};

use crate::show::{NAME_MAX, REASON_MAX};

/// What each watch says.
pub(crate) enum Says {
    /// Judged just now.
    Known(Vec<Said>),
    /// The configuration cannot be read: the fact.
    Unknown(String),
}

impl Says {
    pub(crate) fn now(sys: &Sys, root: &Root) -> Self {
        match config(sys, root) {
            Ok(config) => Self::Known(watch::ask(sys, root, &config)),
            Err(what) => Self::Unknown(what),
        }
    }

    /// Why this hold must stand: its cause still fails, or nobody can tell (**fail-closed**).
    pub(crate) fn against(&self, hold: &Hold) -> Option<String> {
        let watch = hold.watch.as_deref()?;
        match self {
            Self::Unknown(what) => Some(what.clone()),
            Self::Known(all) => all.iter().find(|said| said.watch == watch && said.blocks_resume).map(line),
        }
    }

    /// One line for each watch.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self {
            Self::Known(all) => all.iter().map(line).collect(),
            Self::Unknown(what) => vec![what.clone()],
        }
    }
}

fn line(said: &Said) -> String {
    let watch = printable(&said.watch, NAME_MAX);
    let detail = printable(&said.detail, REASON_MAX);
    let after = if said.blocks_resume { ": a resume would leave this standing" } else { "" };
    format!("{watch}: {}: {detail}{after}", said.verdict.word())
}

/// The configuration; one that has become invalid is the watchdog's last good one.
fn config(sys: &Sys, root: &Root) -> Result<Config, String> {
    let parse = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
        Config::parse(&text).map_err(|error| printable(&error.to_string(), REASON_MAX))
    };
    let fault = match sys.store.read(&root.config()) {
        Err(ReadError::Missing) => return Ok(Config::default()),
        Err(error) => error.to_string(),
        Ok(bytes) => match parse(bytes) {
            Ok(config) => return Ok(config),
            Err(fault) => fault,
        },
    };
    let last_good = sys.store.read(&root.last_good_config()).ok().and_then(|bytes| parse(bytes).ok());
    last_good.ok_or_else(|| format!("nobody knows what the watches say: holdfast.toml {fault}"))
}
