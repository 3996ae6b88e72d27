//! Who may write what: the bot must not be able to switch its own watch off (**independent-witness**).

use std::path::{Path, PathBuf};

use holdfast::advice::Advice;
use holdfast::sys::Owner;

use super::finding::Finding;
use super::units::Unit;
use super::{Patient, word};
use crate::users;

const CHECK: &str = "rights";

/// A user, and the groups of whose files are asked.
#[derive(Clone, Debug)]
struct Person {
    uid: u32,
    gids: Vec<u32>,
}

/// Something that the bot must not write.
#[derive(Clone, Debug)]
struct Guarded {
    path: PathBuf,
    itself: Owner,
    /// Whoever writes the folder can put another file in its place.
    folder: Owner,
}

#[derive(Debug)]
pub(super) struct Rights {
    /// Whose beats there are.
    bot: Option<Person>,
    /// Whose the watchdog's own beat is.
    watchdog: Option<u32>,
    guarded: Vec<Guarded>,
    /// The system has no such owners.
    is_elsewhere: bool,
}

pub(super) fn look(patient: &Patient<'_>, units: &[Unit]) -> Rights {
    let root = patient.root;
    let owner = |path: &Path| patient.sys.store.stat(path).ok().flatten().map(|stat| stat.owner);
    let named = [
        root.config(),
        root.path().join("secrets"),
        patient.program("watchdog"),
        patient.program("circuit-ctl"),
    ];
    let units = units.iter().flat_map(|unit| unit.files.iter().map(|file| PathBuf::from(&file.0)));
    let guarded: Vec<Guarded> = named
        .into_iter()
        .chain(units)
        .filter_map(|path| {
            let folder = owner(path.parent()?)?;
            Some(Guarded { itself: owner(&path)?, folder, path })
        })
        .collect();
    let asked = guarded.iter().flat_map(|file| [file.itself.gid, file.folder.gid]).flatten();
    let mut gids: Vec<u32> = asked.collect();
    gids.sort_unstable();
    gids.dedup();
    let bot = newest_beat(patient)
        .and_then(|path| owner(&path)?.uid)
        .map(|uid| Person { uid, gids: gids.into_iter().filter(|gid| users::belongs(uid, *gid)).collect() });
    let watchdog = owner(&root.watchdog()).and_then(|owner| owner.uid);
    Rights { bot, watchdog, guarded, is_elsewhere: cfg!(not(unix)) }
}

/// The heartbeat that was written last.
fn newest_beat(patient: &Patient<'_>) -> Option<PathBuf> {
    let (store, root) = (patient.sys.store, patient.root);
    let names = store.list(&root.heartbeats()).unwrap_or_default();
    let beats = names.iter().filter(|name| !name.starts_with('.')).map(|name| root.heartbeats().join(name));
    let dated = beats.chain([root.heartbeat(None)]).filter_map(|path| {
        let modified = store.stat(&path).ok().flatten()?.modified;
        Some((modified, path))
    });
    dated.max().map(|(_, path)| path)
}

pub(super) fn judge(rights: &Rights, advice: &Advice) -> Vec<Finding> {
    if rights.is_elsewhere {
        let look = "see to it that the bot's user may write neither holdfast.toml nor the tasks";
        return vec![Finding::warn(CHECK, "unknown on this system", look)];
    }
    let Some(bot) = &rights.bot else {
        return vec![Finding::warn(
            CHECK,
            "unknown: there is no heartbeat yet",
            "let the bot beat: hb-write",
        )];
    };
    if bot.uid == 0 {
        let fact = "the bot runs as root: nothing is safe from it";
        return vec![Finding::bad(CHECK, fact, "run it as a user of its own: docs/schedulers.md")];
    }
    match rights.watchdog {
        None => {
            return vec![Finding::warn(
                CHECK,
                "unknown: no watchdog has run here yet",
                advice.call("watchdog", "check"),
            )];
        }
        Some(watchdog) if watchdog == bot.uid => {
            let two = "two users: sudo holdfast-setup init --user holdfast --group trading --bot-user bot";
            return vec![Finding::warn(CHECK, "same user: the watchdog is not independent of the bot", two)];
        }
        Some(_) => {}
    }
    let writable: Vec<Finding> = rights.guarded.iter().filter_map(|file| judge_one(bot, file)).collect();
    if writable.is_empty() {
        let fact = format!(
            "uid {} (the bot) can write none of {} files that guard it",
            bot.uid,
            rights.guarded.len()
        );
        return vec![Finding::ok(CHECK, fact)];
    }
    writable
}

fn judge_one(bot: &Person, file: &Guarded) -> Option<Finding> {
    let path = word(&file.path);
    let folder = word(file.path.parent().unwrap_or(&file.path));
    if may_write(bot, file.itself) {
        return Some(Finding::bad(CHECK, format!("the bot can write {path}"), mend(bot, file.itself, &path)));
    }
    if may_replace(bot, file) {
        let fact = format!("the bot can put another file in the place of {path}");
        return Some(Finding::bad(CHECK, fact, mend(bot, file.folder, &folder)));
    }
    None
}

fn mend(bot: &Person, owner: Owner, path: &str) -> String {
    let own = if owner.uid == Some(bot.uid) { format!("chown root {path} && ") } else { String::new() };
    format!("{own}chmod go-w {path}")
}

fn may_write(person: &Person, Owner { uid, gid, mode }: Owner) -> bool {
    let (Some(uid), Some(gid), Some(mode)) = (uid, gid, mode) else { return false };
    // Its owner can change the mode.
    person.uid == uid || (mode & 0o020 != 0 && person.gids.contains(&gid)) || mode & 0o002 != 0
}

fn may_replace(person: &Person, file: &Guarded) -> bool {
    let is_sticky = file.folder.mode.is_some_and(|mode| mode & 0o1000 != 0);
    may_write(person, file.folder) && (!is_sticky || file.folder.uid == Some(person.uid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn owner(uid: u32, gid: u32, mode: u32) -> Owner {
        Owner { uid: Some(uid), gid: Some(gid), mode: Some(mode) }
    }

    /// The bot is 7, in the group 50; the watchdog is 8.
    fn judged(itself: Owner, folder: Owner) -> Vec<Finding> {
        let guarded = vec![Guarded { path: PathBuf::from("/r/holdfast.toml"), itself, folder }];
        let bot = Some(Person { uid: 7, gids: vec![50] });
        judge(&Rights { bot, watchdog: Some(8), guarded, is_elsewhere: false }, &Advice::default())
    }

    #[test]
    fn what_guards_the_bot_must_not_be_written_by_it() {
        let good = owner(8, 50, 0o2750);
        for (itself, folder, fact, mend) in [
            (owner(8, 50, 0o640), good, "uid 7 (the bot) can write none of 1 files that guard it", None),
            (
                owner(8, 50, 0o660),
                good,
                "the bot can write /r/holdfast.toml",
                Some("chmod go-w /r/holdfast.toml"),
            ),
            (owner(8, 51, 0o660), good, "uid 7 (the bot) can write none of 1 files that guard it", None),
            (
                owner(8, 51, 0o602),
                good,
                "the bot can write /r/holdfast.toml",
                Some("chmod go-w /r/holdfast.toml"),
            ),
            (
                owner(7, 50, 0o400),
                good,
                "the bot can write /r/holdfast.toml",
                Some("chown root /r/holdfast.toml && chmod go-w /r/holdfast.toml"),
            ),
            (
                owner(8, 50, 0o640),
                owner(8, 50, 0o770),
                "the bot can put another file in the place of /r/holdfast.toml",
                Some("chmod go-w /r"),
            ),
            (
                owner(8, 50, 0o640),
                owner(0, 0, 0o1777),
                "uid 7 (the bot) can write none of 1 files that guard it",
                None,
            ),
        ] {
            let findings = judged(itself, folder);
            assert_eq!((findings[0].fact.as_str(), findings[0].mend.as_deref()), (fact, mend), "{itself:?}");
        }
    }

    #[test]
    fn who_is_not_known_or_not_another_is_said() {
        let rights = |bot: Option<u32>, watchdog| Rights {
            bot: bot.map(|uid| Person { uid, gids: Vec::new() }),
            watchdog,
            guarded: Vec::new(),
            is_elsewhere: false,
        };
        for (rights, fact) in [
            (rights(None, Some(8)), "unknown: there is no heartbeat yet"),
            (rights(Some(7), None), "unknown: no watchdog has run here yet"),
            (rights(Some(7), Some(7)), "same user: the watchdog is not independent of the bot"),
            (rights(Some(0), Some(7)), "the bot runs as root: nothing is safe from it"),
            (rights(Some(7), Some(0)), "uid 7 (the bot) can write none of 0 files that guard it"),
        ] {
            assert_eq!(judge(&rights, &Advice::default())[0].fact, fact);
        }
    }
}
