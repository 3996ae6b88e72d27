//! Which scheduler, and where its units are.

use std::path::{Path, PathBuf};

use holdfast::Exit;
use holdfast::sys::Store;

use super::jobs::Job;
use super::scheduler::Where;
use crate::cli::Scheduler;
use crate::out::Refusal;
use crate::render::Platform;
use crate::users;

/// As told, else what this system has.
pub(super) fn of(told: Option<Scheduler>, unit_dir: Option<&Path>) -> Result<Where, Refusal> {
    at(told.map_or_else(default, Scheduler::platform), unit_dir)
}

/// The same; where nobody told it, the one that has a watchdog of ours: whoever asks need not be who installed it.
pub(crate) fn found(
    store: &dyn Store,
    told: Option<Scheduler>,
    unit_dir: Option<&Path>,
) -> Result<Where, Refusal> {
    let place = of(told, unit_dir)?;
    let is_watched = |place: &Where| {
        let files = [Job::Watchdog, Job::WatchdogCheck].map(|job| place.join(&job.files(place.platform)[0]));
        files.iter().any(|file| matches!(store.stat(Path::new(file)), Ok(Some(_))))
    };
    let other = match place.platform {
        Platform::Systemd => Platform::SystemdUser,
        Platform::SystemdUser => Platform::Systemd,
        Platform::Launchd | Platform::Windows => return Ok(place),
    };
    if told.is_some() || unit_dir.is_some() || is_watched(&place) {
        return Ok(place);
    }
    Ok(at(other, None).ok().filter(is_watched).unwrap_or(place))
}

fn at(platform: Platform, unit_dir: Option<&Path>) -> Result<Where, Refusal> {
    let dir = match unit_dir {
        Some(dir) => dir.to_owned(),
        None => units(platform)?,
    };
    let domain = match users::own_uid() {
        Some(uid @ 1..) => format!("gui/{uid}"),
        _ => "system".to_owned(),
    };
    Ok(Where { platform, dir: absolute(platform, &dir)?, domain })
}

fn default() -> Platform {
    match std::env::consts::OS {
        "macos" => Platform::Launchd,
        "windows" => Platform::Windows,
        _ if users::is_root() => Platform::Systemd,
        _ => Platform::SystemdUser,
    }
}

/// Where the scheduler looks for units; on Windows, where it keeps none, where ours are kept to be compared.
fn units(platform: Platform) -> Result<PathBuf, Refusal> {
    match platform {
        Platform::Systemd => Ok(PathBuf::from("/etc/systemd/system")),
        Platform::SystemdUser => match folder("XDG_CONFIG_HOME") {
            Ok(config) => Ok(config.join("systemd/user")),
            Err(_) => Ok(folder("HOME")?.join(".config/systemd/user")),
        },
        Platform::Launchd if users::is_root() => Ok(PathBuf::from("/Library/LaunchDaemons")),
        Platform::Launchd => Ok(folder("HOME")?.join("Library/LaunchAgents")),
        Platform::Windows => Ok(folder("ProgramData")?.join("Holdfast").join("tasks")),
    }
}

/// The folder that a variable of the environment names.
fn folder(variable: &str) -> Result<PathBuf, Refusal> {
    let told = std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    told.filter(|dir| dir.is_absolute()).ok_or_else(|| {
        Refusal::new(
            Exit::Config,
            format!("{variable} names no folder\n  name that of the units with --unit-dir DIR"),
        )
    })
}

/// The folder of this program, links followed: a unit outlives a link.
pub(crate) fn own_folder() -> Result<PathBuf, Refusal> {
    let ours = std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_owned));
    ours.ok_or_else(|| {
        Refusal::new(
            Exit::Config,
            "this program cannot find itself\n  name the folder of the programs with --bin DIR",
        )
    })
}

/// A path as it stands in a unit.
pub(super) fn absolute(platform: Platform, path: &Path) -> Result<String, Refusal> {
    let text = path.to_str().ok_or_else(|| {
        Refusal::new(
            Exit::Config,
            format!("{} is not Unicode, and no unit can name it\n  use another path", path.display()),
        )
    })?;
    if platform.is_absolute(text) {
        return Ok(text.to_owned());
    }
    let whole = std::path::absolute(path).map_err(|error| {
        Refusal::new(Exit::Config, format!("{}: {error}\n  name the whole path", path.display()))
    })?;
    // It is the folder of the current process, which is Unicode where its answer is.
    Ok(whole.to_string_lossy().into_owned())
}
