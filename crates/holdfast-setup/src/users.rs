//! Users and groups of this system. Windows has its own way of naming them, and nothing is asked there.

/// The number of the user who runs this.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
pub(crate) fn own_uid() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// The number of a user; `None` where there is none of this name.
#[cfg(unix)]
pub(crate) fn uid(name: &str) -> Option<u32> {
    nix::unistd::User::from_name(name).ok().flatten().map(|user| user.uid.as_raw())
}

/// The number of a group; `None` where there is none of this name.
#[cfg(unix)]
pub(crate) fn gid(name: &str) -> Option<u32> {
    nix::unistd::Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}

/// Whether a user belongs to a group.
#[cfg(unix)]
pub(crate) fn is_member(user: &str, group: &str) -> bool {
    let Ok(Some(group)) = nix::unistd::Group::from_name(group) else { return false };
    let is_first = matches!(nix::unistd::User::from_name(user), Ok(Some(user)) if user.gid == group.gid);
    is_first || group.mem.iter().any(|member| member == user)
}

/// The same, by their numbers.
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
pub(crate) fn is_member(_user: &str, _group: &str) -> bool {
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
