//! Whose the files are.

use std::io;
use std::path::Path;

use holdfast::Exit;

use crate::cli::InitArgs;
use crate::out::Refusal;
use crate::users;

/// The users of a root: the watchdog's owns it, the bot's is another one of the same group.
#[derive(Debug)]
pub(super) struct Team {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// A bot was named.
    pub(super) has_bot: bool,
}

impl Team {
    /// Those named, if any are.
    pub(super) fn find(args: &InitArgs) -> Result<Option<Self>, Refusal> {
        let (Some(user), Some(group)) = (&args.user, &args.group) else { return Ok(None) };
        let refuse = |text: String| Refusal::new(Exit::Config, text);
        let gid = users::gid(group).ok_or_else(|| {
            refuse(format!("there is no group {group}\n  make it: groupadd --system {group}"))
        })?;
        for name in std::iter::once(user).chain(&args.bot_user) {
            if users::uid(name).is_none() {
                let make = format!("useradd --system --gid {group} {name}");
                return Err(refuse(format!("there is no user {name}\n  make it: {make}")));
            }
            if !users::is_member(name, group) {
                let join = format!("usermod --append --groups {group} {name}");
                return Err(refuse(format!("{name} is not in the group {group}\n  put it there: {join}")));
            }
        }
        if args.bot_user.as_ref() == Some(user) {
            let why = "the bot is the watchdog's own user, so the watchdog is not independent of it";
            return Err(Refusal::new(Exit::Usage, format!("{why}\n  name two users, or none")));
        }
        if !users::is_root() {
            return Err(refuse(
                "only root can give files to other users\n  do it with sudo, or without --user".to_owned(),
            ));
        }
        let uid = users::uid(user).unwrap_or_default();
        Ok(Some(Self { uid, gid, has_bot: args.bot_user.is_some() }))
    }
}

/// Gives what is at `path` to this user and group, with this mode; whether that changed anything. A link is an error:
/// `data/` belongs to the bot's group, too.
#[cfg(unix)]
pub(super) fn set(path: &Path, owner: Option<(u32, u32)>, mode: Option<u32>) -> io::Result<bool> {
    use rustix::fs::{Gid, Mode, OFlags, Uid, fchmod, fchown, fstat, open};
    if owner.is_none() && mode.is_none() {
        return Ok(false);
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = open(path, flags, Mode::empty())?;
    let found = fstat(&file)?;
    let mut is_changed = false;
    if let Some((uid, gid)) = owner
        && (found.st_uid, found.st_gid) != (uid, gid)
    {
        fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        is_changed = true;
    }
    if let Some(mode) = mode.map(Mode::from_raw_mode)
        // A change of the owner takes some bits away.
        && (is_changed || Mode::from_raw_mode(found.st_mode) != mode)
    {
        fchmod(&file, mode)?;
        is_changed = true;
    }
    Ok(is_changed)
}

/// Windows has no modes, and its owners are not ours to set.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
pub(super) fn set(_path: &Path, _owner: Option<(u32, u32)>, _mode: Option<u32>) -> io::Result<bool> {
    Ok(false)
}
