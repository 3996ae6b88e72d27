//! Incidents: from when to when the watchdog saw something wrong.

use std::collections::{HashMap, HashSet};

use super::journal::Entry;

/// What the watchdog saw.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Incident {
    pub(crate) opened: Entry,
    /// When, and how it ended.
    pub(crate) closed: Option<(f64, String)>,
    /// It was open when the pack was made.
    pub(crate) stands: bool,
    /// Who said that they had seen it.
    pub(crate) acked: Option<String>,
}

/// Joins what was opened with what was closed, in the order in which they were opened. What was opened before the part
/// that is read begins there. `standing` are those that the watchdog itself still has.
pub(crate) fn incidents<'a>(
    entries: impl Iterator<Item = &'a Entry>,
    standing: &HashSet<String>,
) -> Vec<Incident> {
    let mut all: Vec<Incident> = Vec::new();
    let mut open: HashMap<&str, usize> = HashMap::new();
    for entry in entries {
        let known = open.get(entry.id.as_str()).copied();
        match (entry.kind.as_str(), known) {
            ("incident-opened", _) | ("incident-worse", None) => {
                open.insert(&entry.id, all.len());
                all.push(Incident { opened: entry.clone(), closed: None, stands: false, acked: None });
            }
            ("incident-worse", Some(index)) => all[index].opened.verdict.clone_from(&entry.verdict),
            ("incident-closed", Some(index)) => {
                open.remove(entry.id.as_str());
                all[index].closed = Some((entry.at, entry.words.clone()));
            }
            ("ack", Some(index)) => all[index].acked = Some(entry.by.clone()),
            _ => {}
        }
    }
    for (id, index) in open {
        all[index].stands = standing.contains(id);
    }
    all
}

/// The verdicts that say that a beat did not come when it should.
pub(crate) fn is_late(verdict: &str) -> bool {
    matches!(verdict, "stale" | "missing" | "overrun" | "not-advancing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_opened_is_closed_by_its_own_end() {
        let entry = |kind: &str, id: &str, at: f64| Entry {
            kind: kind.to_owned(),
            id: id.to_owned(),
            at,
            ..Entry::default()
        };
        let story = [
            entry("incident-closed", "before", 1.0),
            entry("incident-opened", "a", 2.0),
            entry("incident-opened", "b", 3.0),
            entry("ack", "b", 4.0),
            entry("incident-closed", "a", 5.0),
            entry("incident-opened", "a", 6.0),
        ];
        let standing = HashSet::from(["b".to_owned(), "before".to_owned()]);
        let told: Vec<String> = incidents(story.iter(), &standing)
            .into_iter()
            .map(|it| {
                let end = match it.closed {
                    Some((at, _)) => at.to_string(),
                    None => if it.stands { "…" } else { "?" }.to_owned(),
                };
                let acked = if it.acked.is_some() { " acked" } else { "" };
                format!("{} {}-{end}{acked}", it.opened.id, it.opened.at)
            })
            .collect();
        assert_eq!(told, ["a 2-5", "b 3-… acked", "a 6-?"]);
    }
}
