//! Who is at the keyboard.

use std::ffi::OsStr;

/// Who acts: as told, else the login user, else the number of the user.
pub fn by(told: Option<&OsStr>) -> String {
    told.map(|name| name.to_string_lossy().trim().to_owned())
        .filter(|name| !name.is_empty())
        .or_else(login)
        .unwrap_or_else(user)
}

/// Whose process this is, where nobody says a name: cron, services, containers. Names are not looked up: that may
/// ask the network.
#[cfg(unix)]
fn user() -> String {
    format!("uid {}", rustix::process::getuid())
}

#[cfg(not(unix))]
fn user() -> String {
    "unknown".to_owned()
}

/// The login user. Under `sudo` that is the person who called it.
pub fn login() -> Option<String> {
    let name =
        |key| std::env::var(key).ok().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    ["SUDO_USER", "LOGNAME", "USER", "USERNAME"].into_iter().find_map(name)
}
