//! Keeping a text that somebody else holds: a claim in the pack, and a check of the log at once.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anchor::heads::{Head, heads};
use holdfast::Exit;
use holdfast::sys::{ReadError, Store};
use tlog::Hash;
use tlog::seals::State;

use super::tell::Imported;
use super::{ANCHORS, AnchorError, lock, put};
use crate::context::Context;
use crate::finding::{Finding, Kind};
use crate::log::Log;
use crate::pack::logs::look;
use crate::place::{FileError, Folder};
use crate::seals::walk;
use crate::sidecar::Sidecar;

/// Kept with the log for ever, so not a whole mailbox; in bytes.
const TEXT_MAX: u64 = 16 << 20;

pub(super) fn import(context: &Context<'_>, log: &Log, file: &Path) -> Result<Exit, AnchorError> {
    let store = context.sys.store;
    let shown = file.display().to_string();
    let bytes = read_text(store, file).map_err(|error| match error {
        ReadError::TooLarge(len) => AnchorError::TooLong { file: shown.clone(), len },
        error => FileError::new(&shown, error).into(),
    })?;
    let held = lock(context, log)?;
    let state = look(context, log, String::new(), String::new())?.state;
    let found = heads(&bytes, &state.origin);
    if found.is_empty() {
        return Err(AnchorError::NoHead { file: shown, origin: state.origin.to_string() });
    }
    let (mut findings, mut newest) = (Vec::new(), 0);
    for (head, placed) in found.iter().zip(place(context, log, &found, &state)?) {
        match placed {
            Ok(records) => newest = newest.max(records),
            Err(kind) => findings.push(finding(log, *head, kind, &shown)),
        }
    }
    if newest > 0 {
        let name = format!("{}.text", file_name(file, &bytes));
        for dir in [ANCHORS.to_owned(), format!("{ANCHORS}/{newest:020}")] {
            let dir = log.in_sidecar(&dir);
            store.make_dir(&dir).map_err(FileError::at(&dir))?;
        }
        put(context, &log.in_sidecar(&format!("{ANCHORS}/{newest:020}/{name}")), &bytes)?;
    }
    drop(held);
    let imported =
        Imported { log: log.path().display().to_string(), file: shown, heads: found.len(), findings };
    Ok(imported.tell(context, newest))
}

/// Over how many lines of SEALS each head is, or why it is of another history.
fn place(
    context: &Context<'_>,
    log: &Log,
    heads: &[Head],
    state: &State,
) -> Result<Vec<Result<u64, Kind>>, AnchorError> {
    let folder = Folder { store: context.sys.store, dir: log.dir.clone() };
    let sidecar = Sidecar::new(&folder, log.name.clone());
    let name = sidecar.name("SEALS");
    let Some(file) = sidecar.open(&name)? else { return Ok(vec![Err(Kind::Missing); heads.len()]) };
    let wanted: HashSet<Head> = heads.iter().copied().collect();
    let mut found = HashMap::new();
    let walked = walk(&*file, |_, at, _| {
        let tree = Head::Tree { size: at.lines, root: at.root };
        let chain = Head::Chain { records: at.records, head: at.head };
        for head in [tree, chain].into_iter().filter(|head| wanted.contains(head)) {
            found.entry(head).or_insert(at.records);
        }
    });
    walked.map_err(|error| sidecar.error(&name, error))?;
    let placed = heads.iter().map(|head| {
        let is_beyond = match head {
            Head::Tree { size, .. } => *size > state.lines,
            Head::Chain { records, .. } => *records > state.records,
        };
        let missing = if is_beyond { Kind::RolledBack } else { Kind::Forked };
        found.get(head).copied().ok_or(missing)
    });
    Ok(placed.collect())
}

fn finding(log: &Log, head: Head, kind: Kind, file: &str) -> Finding {
    let what = match head {
        Head::Tree { size, root } => format!("{size} lines with the root {root}"),
        Head::Chain { records, head } => format!("{records} lines of SEALS up to {head}"),
    };
    let says = format!("{file} knows {what}, and that is not what is sealed");
    Finding::new(kind, log.path().display().to_string()).says(says)
}

fn read_text(store: &dyn Store, file: &Path) -> Result<Vec<u8>, ReadError> {
    let file = store.open(file)?;
    let len = file.size()?;
    if len > TEXT_MAX {
        return Err(ReadError::TooLarge(len));
    }
    let mut bytes = vec![0; len as usize];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// What it is kept as: another text of the same name takes nothing away.
fn file_name(path: &Path, bytes: &[u8]) -> String {
    let name = path.file_stem().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = name.chars().map(plain).take(31).collect();
    let name = if name.is_empty() { "text" } else { &name };
    format!("{name}-{}", &Hash::of(bytes).to_string()[..8])
}
