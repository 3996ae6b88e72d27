//! Files among the heartbeats that no watch can be named after: somebody believes that they are watched
//! (**silence-is-not-health**).

use super::judge::Judged;
use super::verdict::{Act, Verdict};
use crate::heartbeat::Name;
use crate::root::Root;
use crate::sys::{Kind, Sys};
use crate::text::printable;

/// Under what it is said; no watch can bear this name.
pub(super) const HEARTBEATS: &str = "holdfast/heartbeats";
/// How many files are named, and how much of each name, in characters.
const SHOWN: usize = 3;
const NAME_MAX: usize = 40;

/// What lies in `data/heartbeats` and is no heartbeat.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Strays {
    files: Vec<String>,
    /// Why nobody can tell what lies there.
    error: Option<String>,
}

impl Strays {
    pub(super) fn find(sys: &Sys, root: &Root) -> Self {
        let folder = root.heartbeats();
        let there = match sys.store.list(&folder) {
            Ok(there) => there,
            Err(error) => return Self { files: Vec::new(), error: Some(error.to_string()) },
        };
        let is_dir = |file: &str| {
            sys.store
                .stat(&folder.join(file))
                .is_ok_and(|stat| stat.is_some_and(|stat| stat.kind == Kind::Dir))
        };
        let stray = |file: &&String| name(file).is_none() && !in_passing(file, &there) && !is_dir(file);
        Self { files: there.iter().filter(stray).cloned().collect(), error: None }
    }

    /// The verdict of all of them.
    pub(super) fn judge(&self) -> Judged {
        if let Some(error) = &self.error {
            let detail = format!("data/heartbeats cannot be listed, so nobody knows what to watch: {error}");
            return Judged::new(Verdict::Unknown, Act::Alert, detail);
        }
        if self.files.is_empty() {
            return Judged::new(Verdict::Fresh, Act::None, "every heartbeat that is there is watched");
        }
        let mut shown: Vec<String> =
            self.files.iter().take(SHOWN).map(|file| printable(file, NAME_MAX)).collect();
        if let Some(more @ 1..) = self.files.len().checked_sub(SHOWN) {
            shown.push(format!("and {more} more"));
        }
        let detail = format!(
            "not watched, its name is no heartbeat name: data/heartbeats/{}; rename it to NAME.json, NAME of a-z 0-9 . _ - \
             and not heartbeat, or take it away",
            shown.join(", ")
        );
        Judged::new(Verdict::Unknown, Act::Alert, detail)
    }
}

/// The name of the heartbeat in `file`.
pub(super) fn name(file: &str) -> Option<Name> {
    Name::of_own(file.strip_suffix(".json")?).ok()
}

/// A temporary file, ours or another writer's, or something that a tool hides there.
fn in_passing(file: &str, there: &[String]) -> bool {
    let ending = |ending: &str| file.to_ascii_lowercase().ends_with(ending);
    let hidden = file.starts_with('.') && !ending(".json");
    let beside = |other: &String| name(other).is_some() && file.starts_with(other.as_str());
    hidden || ending(".tmp") || there.iter().any(beside)
}
