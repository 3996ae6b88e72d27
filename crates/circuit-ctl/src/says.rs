//! What the watches say now, for a person who is about to resume.

use holdfast::Root;
use holdfast::circuit::Hold;
use holdfast::settings::Settings;
use holdfast::sys::Sys;
use holdfast::text::printable;
use holdfast::watch::{self, Said};

use crate::show::{self, NAME_MAX, REASON_MAX};

/// What each watch says.
pub(crate) enum Says {
    /// Judged just now, perhaps by the last good configuration.
    Known { said: Vec<Said>, trouble: Option<String> },
    /// The configuration cannot be read: the fact.
    Unknown(String),
}

impl Says {
    pub(crate) fn now(sys: &Sys, root: &Root) -> Self {
        let Settings { config, trouble, unusable, .. } = Settings::read(sys, root);
        let trouble = trouble.map(|trouble| show::lines(&trouble));
        match trouble {
            Some(trouble) if unusable => {
                Self::Unknown(format!("nobody knows what the watches say: {trouble}"))
            }
            trouble => Self::Known { said: watch::ask(sys, root, &config), trouble },
        }
    }

    /// Why this hold must stand: its cause still fails, or nobody can tell (**fail-closed**).
    pub(crate) fn against(&self, hold: &Hold) -> Option<String> {
        let watch = hold.watch.as_deref()?;
        match self {
            Self::Unknown(what) => Some(what.clone()),
            Self::Known { said, .. } => {
                said.iter().find(|said| said.watch == watch && said.blocks_resume).map(line)
            }
        }
    }

    /// One line for each watch.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self {
            Self::Known { said, trouble } => said.iter().map(line).chain(trouble.clone()).collect(),
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
