//! Users and groups of this system. Windows has its own way of naming them, and nothing is asked there.

/// The number of the user who runs this.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
pub(crate) fn own_uid() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// A user by name, or by number as for `chown`.
#[cfg(unix)]
fn user(name: &str) -> Option<nix::unistd::User> {
    use nix::unistd::{Uid, User};
    let by_number = || User::from_uid(Uid::from_raw(name.parse().ok()?)).ok().flatten();
    User::from_name(name).ok().flatten().or_else(by_number)
}

/// A group by name, or by number.
#[cfg(unix)]
fn group(name: &str) -> Option<nix::unistd::Group> {
    use nix::unistd::{Gid, Group};
    let by_number = || Group::from_gid(Gid::from_raw(name.parse().ok()?)).ok().flatten();
    Group::from_name(name).ok().flatten().or_else(by_number)
}

/// The number of a user; `None` where there is none of this name. A number needs no name.
#[cfg(unix)]
pub(crate) fn uid(name: &str) -> Option<u32> {
    user(name).map(|user| user.uid.as_raw()).or_else(|| name.parse().ok())
}

/// The number of a group; `None` where there is none of this name. A number needs no name.
#[cfg(unix)]
pub(crate) fn gid(name: &str) -> Option<u32> {
    group(name).map(|group| group.gid.as_raw()).or_else(|| name.parse().ok())
}

/// A user is known not to belong to a group. Of those without a name nobody knows.
#[cfg(unix)]
pub(crate) fn is_outside(name: &str, of: &str) -> bool {
    let (Some(user), Some(group)) = (user(name), group(of)) else { return false };
    user.gid != group.gid && !group.mem.contains(&user.name)
}

/// Whether a user belongs to a group.
#[cfg(unix)]
pub(crate) fn belongs(uid: u32, gid: u32) -> bool {
    use nix::unistd::{Gid, Group, Uid, User};
    let Ok(Some(user)) = User::from_uid(Uid::from_raw(uid)) else { return false };
    let is_named = |group: Group| group.mem.contains(&user.name);
    user.gid.as_raw() == gid || Group::from_gid(Gid::from_raw(gid)).ok().flatten().is_some_and(is_named)
}

#[cfg(not(unix))]
pub(crate) fn belongs(_uid: u32, _gid: u32) -> bool {
    false
}

#[cfg(not(unix))]
pub(crate) fn is_outside(_name: &str, _of: &str) -> bool {
    false
}

#[cfg(not(unix))]
pub(crate) fn own_uid() -> Option<u32> {
    None
}

#[cfg(not(unix))]
pub(crate) fn uid(_name: &str) -> Option<u32> {
    None
}

#[cfg(not(unix))]
pub(crate) fn gid(_name: &str) -> Option<u32> {
    None
}

/// Whether we may do everything.
pub(crate) fn is_root() -> bool {
    own_uid() == Some(0)
}
