//! `verify --since`: whether the logs of a pack go on from those of an older one, and nothing was rewritten between two
//! audits (**never-rewritten**).
//!
//! Both packs are verified for themselves first. What is compared is what that recomputed: bytes hash to tiles, tiles to
//! the root, and each line of SEALS names the one before.

mod log;
#[cfg(test)]
mod tests;

use std::fmt;

use bag::Bag;
use serde::Serialize;
use tlog::seals::State;

use super::open::Pack;
use super::{LOGS, LogVerdict, Verdict};
use crate::finding::{Finding, Findings, Kind};
use crate::place::FileError;
use crate::sidecar::Sidecar;

/// What became of an older pack's logs.
#[derive(Serialize)]
pub(crate) struct Since {
    /// The older pack.
    pub(super) pack: String,
    /// Its own verdict.
    pub(super) verdict: &'static str,
    /// What it lacks by itself.
    pub(super) lacks: Vec<String>,
    pub(super) logs: Vec<Became>,
}

/// What became of one log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Became {
    pub(super) origin: String,
    #[serde(flatten)]
    pub(super) way: Way,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "became")]
pub(super) enum Way {
    /// It goes on from what it was, or is the same.
    Extended { lines_before: u64, lines: u64, new_key: bool },
    /// It ended, and another one goes on that names its whole head.
    Restarted { lines_before: u64, by: String },
    /// It was not there.
    Begun { lines: u64 },
    /// What it became is a finding.
    Rewritten { lines_before: u64 },
}

impl fmt::Display for Became {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = &self.origin;
        match &self.way {
            Way::Extended { lines_before, lines, .. } if lines_before == lines => {
                write!(f, "{origin} has the same {lines} lines")?;
            }
            Way::Extended { lines_before, lines, .. } => {
                write!(
                    f,
                    "{origin} grew from {lines_before} to {lines} lines, and nothing before was changed"
                )?;
            }
            Way::Restarted { lines_before, by } => write!(
                f,
                "{origin} ended with the {lines_before} lines that are there, and {by} goes on; keep that pack: only it \
                 has them"
            )?,
            Way::Begun { lines } => write!(f, "{origin} was not there, and has {lines} lines")?,
            Way::Rewritten { lines_before } => {
                write!(
                    f,
                    "{origin} had {lines_before} lines there, and does NOT go on from them: see above"
                )?;
            }
        }
        match &self.way {
            Way::Extended { new_key: true, .. } => {
                f.write_str("; its key was changed, and both keys signed that")
            }
            _ => Ok(()),
        }
    }
}

/// One log of one pack.
struct Side<'a> {
    sidecar: Sidecar<'a>,
    state: &'a State,
}

impl Side<'_> {
    fn origin(&self) -> &str {
        self.state.origin.as_str()
    }
}

fn sides<'a>(bag: &'a Bag<'_>, logs: &'a [LogVerdict]) -> Vec<Side<'a>> {
    let side = |log: &'a LogVerdict| {
        let sidecar = Sidecar::new(bag, format!("{LOGS}{}", log.log));
        Some(Side { sidecar, state: log.state.as_ref()? })
    };
    logs.iter().filter_map(side).collect()
}

/// Adds to the verdict of the new pack what is to be said of it beside the older one.
pub(super) fn compare(old: &Pack<'_>, before: Verdict, new: &Pack<'_>, verdict: &mut Verdict) {
    let mut since =
        Since { pack: before.pack.clone(), verdict: before.word(), lacks: before.lacks(), logs: Vec::new() };
    let mut findings = Findings::default();
    if let (Ok(old_bag), Ok(new_bag)) = (&old.bag, &new.bag) {
        let mut comparison = Comparison {
            pack: old.shown,
            olds: sides(old_bag, &before.logs),
            news: sides(new_bag, &verdict.logs),
            became: Vec::new(),
            findings: Findings::default(),
        };
        // Alone the new pack does not show the past of a log that took the place of another one. Whether that went on from
        // what the older pack shows is judged here.
        let shown = comparison.pasts();
        verdict.findings.retain(|it| it.kind != Kind::Restarted || !shown.contains(&it.file));
        if let Err(error) = comparison.run() {
            findings.add(Finding::new(Kind::Malformed, old.shown).says(format!("not compared: {error}")));
        }
        findings.extend(comparison.findings);
        since.logs = comparison.became;
    }
    let mut own = before.findings;
    for finding in own.listed.iter_mut().filter(|finding| !finding.file.starts_with(old.shown)) {
        finding.file = format!("{}: {}", old.shown, finding.file);
    }
    verdict.findings.extend(own);
    verdict.findings.extend(findings);
    verdict.since = Some(since);
}

struct Comparison<'a> {
    /// What the older pack is called.
    pack: &'a str,
    olds: Vec<Side<'a>>,
    news: Vec<Side<'a>>,
    became: Vec<Became>,
    findings: Findings,
}

impl Comparison<'_> {
    /// The logs of the new pack that took the place of one that the older pack has.
    fn pasts(&self) -> Vec<String> {
        let has_past = |new: &&Side<'_>| {
            let past = new.state.restart.as_ref().map(|head| head.origin.as_str());
            self.olds.iter().any(|old| Some(old.origin()) == past)
        };
        self.news.iter().filter(has_past).map(|new| new.sidecar.log.clone()).collect()
    }

    fn run(&mut self) -> Result<(), FileError> {
        for old in &self.olds {
            let same: Vec<&Side<'_>> = self.news.iter().filter(|new| new.origin() == old.origin()).collect();
            let lines_before = old.state.lines;
            let count = self.findings.count;
            let mut way = Way::Rewritten { lines_before };
            if let [_, second, ..] = same[..] {
                let says = format!("a second log calls itself {}", old.origin());
                self.findings.add(Finding::new(Kind::Forked, &*second.sidecar.log).says(says));
            }
            for new in &same {
                if let Some(finding) = log::rewritten(self.pack, old, new)? {
                    self.findings.add(finding);
                }
                let new_key = new.state.key != old.state.key;
                way = Way::Extended { lines_before, lines: new.state.lines, new_key };
            }
            if same.is_empty() {
                let (by, finding) = self.gone(old);
                if let Some(by) = by {
                    way = Way::Restarted { lines_before, by };
                }
                if let Some(finding) = finding {
                    self.findings.add(finding);
                }
            }
            if self.findings.count > count {
                way = Way::Rewritten { lines_before };
            }
            self.became.push(Became { origin: old.origin().to_owned(), way });
        }
        let begun = self.news.iter().filter(|new| self.olds.iter().all(|old| old.origin() != new.origin()));
        self.became.extend(begun.map(|new| {
            let way = Way::Begun { lines: new.state.lines };
            Became { origin: new.origin().to_owned(), way }
        }));
        Ok(())
    }

    /// A log that is not in the new pack: which one goes on from it, and what is wrong with that.
    fn gone(&self, old: &Side<'_>) -> (Option<String>, Option<Finding>) {
        let heads = self.news.iter().filter_map(|new| Some((new, new.state.restart.as_ref()?)));
        let heads: Vec<_> = heads.filter(|(_, head)| head.origin == old.state.origin).collect();
        let Some((new, head)) = heads.first() else {
            return (None, Some(log::gone(self.pack, old, &self.news)));
        };
        let whole = (head.size, head.root) == (old.state.lines, old.state.root) && heads.len() == 1;
        let broken = || log::broken_restart(self.pack, old, new, head);
        (Some(new.origin().to_owned()), (!whole).then(broken))
    }
}
