//! Whose the files are.

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
            if users::is_outside(name, group) {
                let join = format!("usermod --append --groups {group} {name}");
                return Err(refuse(format!("{name} is not in the group {group}\n  put it there: {join}")));
            }
        }
        if args.bot_user.as_ref().is_some_and(|bot| users::uid(bot) == users::uid(user)) {
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
