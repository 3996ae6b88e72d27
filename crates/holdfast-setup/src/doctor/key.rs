//! Is the key that seals there, and a secret?

use std::path::PathBuf;

use holdfast::advice::Advice;
use holdfast::sys::{Kind, Stat};

use super::finding::Finding;
use super::{Patient, word};

const CHECK: &str = "key";

pub(super) struct Key {
    path: PathBuf,
    /// What is there, or why nobody knows.
    found: Result<Option<Stat>, String>,
    /// Only its public half: an agent holds the other one.
    is_public: bool,
}

pub(super) fn look(patient: &Patient<'_>) -> Option<Key> {
    let path = patient.root.path().join(patient.settings.config.audit.key.as_ref()?);
    let path = std::path::absolute(&path).unwrap_or(path);
    let store = patient.sys.store;
    let is_public = store.read(&path).is_ok_and(|bytes| bytes.starts_with(b"ssh-ed25519 "));
    Some(Key { found: store.stat(&path).map_err(|error| error.to_string()), is_public, path })
}

pub(super) fn judge(key: Option<&Key>, advice: &Advice) -> Vec<Finding> {
    let Some(Key { path, found, is_public }) = key else {
        let add = "name a key under [audit] in holdfast.toml, then holdfast-setup init";
        return vec![Finding::warn(CHECK, "none is configured: nothing is sealed", add)];
    };
    let shown = word(path);
    let finding = match found {
        Err(why) => Finding::warn(CHECK, format!("{shown} cannot be looked at: {why}"), "ask as its owner"),
        Ok(None) => Finding::bad(
            CHECK,
            format!("{shown} is not there: nothing is sealed"),
            format!("put it back from a backup; a first one: {}", advice.call("holdfast-setup", "init")),
        ),
        Ok(Some(stat)) if stat.kind != Kind::File => {
            Finding::bad(CHECK, format!("{shown} is no file"), "name a key under [audit] in holdfast.toml")
        }
        Ok(Some(_)) if *is_public => {
            Finding::ok(CHECK, format!("{shown} is the public half: an agent signs"))
        }
        Ok(Some(stat)) => match stat.owner.mode {
            Some(mode) if mode & 0o077 != 0 => {
                let fact = format!("{shown} has mode {mode:04o}: others than its owner may read it");
                Finding::bad(CHECK, fact, format!("chmod 600 {shown}"))
            }
            Some(_) => Finding::ok(CHECK, format!("{shown} is its owner's alone")),
            None => {
                Finding::warn(CHECK, format!("who may read {shown} is unknown on this system"), "see to it")
            }
        },
    };
    vec![finding]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level::{self, Bad, Ok as Good, Warn};
    use holdfast::sys::Owner;

    #[test]
    fn a_key_is_its_owners_alone() {
        let stat = |kind, mode| Stat {
            kind,
            len: 1,
            modified: std::time::UNIX_EPOCH,
            id: 1,
            owner: Owner { uid: Some(1), gid: Some(1), mode },
        };
        let cases: [(Result<Option<Stat>, String>, bool, Level); 8] = [
            (Ok(None), false, Bad),
            (Err("denied".to_owned()), false, Warn),
            (Ok(Some(stat(Kind::File, Some(0o600)))), false, Good),
            (Ok(Some(stat(Kind::File, Some(0o640)))), false, Bad),
            (Ok(Some(stat(Kind::File, Some(0o604)))), false, Bad),
            (Ok(Some(stat(Kind::File, Some(0o644)))), true, Good),
            (Ok(Some(stat(Kind::Dir, Some(0o600)))), false, Bad),
            (Ok(Some(stat(Kind::File, None))), false, Warn),
        ];
        for (found, is_public, level) in cases {
            let shown = format!("{found:?}");
            let key = Key { path: PathBuf::from("/k"), found, is_public };
            assert_eq!(judge(Some(&key), &Advice::default())[0].level, level, "{shown}");
        }
        assert_eq!(judge(None, &Advice::default())[0].level, Warn);
    }
}
