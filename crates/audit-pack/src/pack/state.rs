//! The state files, the last drill's report, and what the configuration includes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use holdfast::Root;
use holdfast::sys::Itself;

use super::config;
use super::logs::from_root;
use super::parcel::{Parcel, fits, safe};
use super::secrets::Secrets;
use crate::sidecar::SUFFIX;

/// The most files that an `include` may lead to, and how deep its folders may be.
const INCLUDED_MAX: usize = 10_000;
const DEPTH_MAX: usize = 12;
const BEATS_MAX: usize = 10_000;
const REPORTS_MAX: usize = 10_000;

/// The watchdog's own state, from the root.
pub(super) const WATCHDOG: &str = "data/watchdog.json";

/// Packs the state of the root. `sealed` are the logs that are packed as such.
pub(super) fn pack(root: &Root, sealed: &[String], parcel: &mut Parcel<'_>) {
    let all = |bytes| Ok((bytes, Vec::new()));
    for name in ["heartbeat.json", "circuit.json", "watchdog.json"] {
        let source = format!("data/{name}");
        parcel.file(&format!("data/state/{name}"), &source, &root.path().join(&source), all);
    }
    for (name, itself) in parcel.names("data/heartbeats", &root.heartbeats(), BEATS_MAX) {
        if itself == Itself::File && Path::new(&name).extension().is_some_and(|ending| ending == "json") {
            let path = format!("data/state/heartbeats/{name}");
            parcel.file(&path, &format!("data/heartbeats/{name}"), &root.heartbeats().join(&name), all);
        }
    }
    for (name, source, from) in [
        ("trips.jsonl", "data/trips.jsonl", root.ledger()),
        ("journal.jsonl", "memory/journal.jsonl", root.journal()),
    ] {
        if !sealed.iter().any(|log| log == source) {
            parcel.file(&format!("data/state/{name}"), source, &from, all);
        }
    }
    for (name, source, from) in [
        ("holdfast.toml", "holdfast.toml", root.config()),
        ("config-last-good.toml", "data/config-last-good.toml", root.last_good_config()),
    ] {
        parcel.file(&format!("data/state/{name}"), source, &from, config::shown);
    }
    drill(root, parcel);
}

/// The newest report in `data/drill/`, as text and as JSON.
fn drill(root: &Root, parcel: &mut Parcel<'_>) {
    let dir = root.data().join("drill");
    let names = parcel.names("data/drill", &dir, REPORTS_MAX);
    let stems = names
        .iter()
        .filter(|(_, itself)| *itself == Itself::File)
        .filter_map(|(name, _)| name.strip_suffix(".json"));
    let dated = stems.filter_map(|stem| {
        let stat = parcel.store().stat(&dir.join(format!("{stem}.json"))).ok().flatten()?;
        Some((stat.modified, stem))
    });
    let Some((_, stem)) = dated.max() else { return };
    for ending in ["txt", "json"] {
        let name = format!("{stem}.{ending}");
        parcel.file(
            &format!("data/drill/{name}"),
            &format!("data/drill/{name}"),
            &dir.join(&name),
            |bytes| Ok((bytes, Vec::new())),
        );
    }
}

/// What `include` of `[audit]` names.
pub(super) struct Includes<'a> {
    pub(super) root: &'a Root,
    pub(super) secrets: &'a Secrets,
    /// The pack itself and what lies beside it while it is written.
    pub(super) output: &'a Path,
    /// The logs that are packed as such, from the root.
    pub(super) sealed: &'a [String],
}

impl Includes<'_> {
    pub(super) fn pack(&self, include: &[PathBuf], parcel: &mut Parcel<'_>) {
        // A file may be named twice, by itself and by its folder.
        let mut done = BTreeSet::new();
        for path in include {
            let from = self.root.path().join(path);
            let (path, source) = match from_root(self.root.path(), &from) {
                Some(inner) if inner.is_empty() => {
                    self.below("data/include", "", &from, &mut done, parcel);
                    continue;
                }
                Some(inner) => (format!("data/include/{inner}"), inner),
                None => {
                    let name =
                        from.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                    (format!("data/include/outside/{name}"), path.display().to_string())
                }
            };
            // A link is not followed here either: what it leads to may be anything.
            let (above, name) = (from.parent().unwrap_or(Path::new(".")), from.file_name());
            let found = parcel.store().scan(above, usize::MAX).ok();
            let itself = found.and_then(|found| {
                let name = name?.to_string_lossy().into_owned();
                found.into_iter().find(|(found, _)| *found == name).map(|(_, itself)| itself)
            });
            match itself {
                None => parcel.without(&source, "is missing"),
                Some(itself) => {
                    self.add(path.trim_end_matches('/'), &source, &from, itself, &mut done, parcel);
                }
            }
        }
    }

    fn add(
        &self,
        path: &str,
        source: &str,
        from: &Path,
        itself: Itself,
        done: &mut BTreeSet<String>,
        parcel: &mut Parcel<'_>,
    ) {
        if self.is_elsewhere(source) {
            return;
        }
        if let Some(why) = self.never(source, from) {
            parcel.without(source, why);
            return;
        }
        match itself {
            Itself::File if done.contains(source) => {}
            Itself::File if done.len() == INCLUDED_MAX => {
                parcel.without(source, format!("more than {INCLUDED_MAX} files are included"));
            }
            Itself::File if !fits(&safe(path)) => {
                parcel.without(source, "its path is too long or too deep for a tar");
            }
            Itself::File => {
                done.insert(source.to_owned());
                parcel.file(path, source, from, |bytes| Ok((bytes, Vec::new())));
            }
            Itself::Dir if source.split('/').count() > DEPTH_MAX => {
                parcel.without(source, "its folders are too deep");
            }
            Itself::Dir => self.below(path, source, from, done, parcel),
            Itself::Link => parcel.without(source, "is a link, which is not followed"),
            Itself::Other => parcel.without(source, "is no regular file"),
        }
    }

    fn below(
        &self,
        path: &str,
        source: &str,
        from: &Path,
        done: &mut BTreeSet<String>,
        parcel: &mut Parcel<'_>,
    ) {
        for (name, itself) in parcel.names(source, from, INCLUDED_MAX) {
            let source = if source.is_empty() { name.clone() } else { format!("{source}/{name}") };
            self.add(&format!("{path}/{name}"), &source, &from.join(&name), itself, done, parcel);
        }
    }

    /// It is in the pack already: with the state, without its secrets, or with the sealed logs, as far as they are sealed.
    fn is_elsewhere(&self, source: &str) -> bool {
        ["holdfast.toml", "data/config-last-good.toml"].contains(&source)
            || self.sealed.iter().any(|log| log == source)
            || source.split('/').any(|part| part.ends_with(SUFFIX))
    }

    /// Why this is never packed, whoever includes it.
    fn never(&self, source: &str, from: &Path) -> Option<&'static str> {
        let name = from.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let output =
            self.output.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let beside_output = from.parent().zip(self.output.parent()).is_some_and(|(a, b)| {
            let whole = |path: &Path| std::path::absolute(path).ok();
            let here = if b.as_os_str().is_empty() { Path::new(".") } else { b };
            whole(a).map(|path| path.components().collect::<PathBuf>())
                == whole(here).map(|path| path.components().collect())
        });
        if self.secrets.is_secret_file(from) {
            Some("holds a secret")
        } else if source.split('/').any(|part| part == "secrets") {
            Some("lies in secrets/")
        } else if name == ".env" || name.starts_with(".env.") {
            Some("is an environment file, which holds secrets")
        } else if name == ".git" {
            Some("is the store of git, which may hold tokens and all that was ever in it")
        } else if beside_output
            && (name == output || name == format!("{output}.sig") || name.starts_with(&format!(".{output}.")))
        {
            Some("is the pack itself")
        } else {
            None
        }
    }
}
