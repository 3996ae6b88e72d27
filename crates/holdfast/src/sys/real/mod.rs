//! The operating system: the only module that may call what `clippy.toml` bans.
#![expect(clippy::disallowed_methods, reason = "this is the door that the bans point to")]

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Clock, Now};

mod files;
mod foreground;
mod limits;
mod processes;

pub use files::RealStore;
pub use foreground::foreground;
pub use limits::take_limits_as_errors;
pub use processes::{RealSpawner, end_within, exec};

/// The clocks of this host.
#[derive(Clone, Copy, Debug)]
pub struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Now {
        const NANOS: f64 = 1e9;
        Now {
            wall: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()),
            up: zeitstempel::now() as f64 / NANOS,
            awake: zeitstempel::now_awake() as f64 / NANOS,
            boot: boot_id().map(str::to_owned),
        }
    }

    fn wait(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// Which boot this is. Windows documents no such id: there, `up` going back means another boot.
fn boot_id() -> Option<&'static str> {
    static ID: OnceLock<Option<String>> = OnceLock::new();
    ID.get_or_init(read_boot_id).as_deref()
}

#[cfg(target_os = "linux")]
fn read_boot_id() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(target_os = "macos")]
fn read_boot_id() -> Option<String> {
    use sysctl::Sysctl;
    sysctl::Ctl::new("kern.bootsessionuuid").ok()?.value_string().ok().filter(|id| !id.is_empty())
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn read_boot_id() -> Option<String> {
    None
}

/// The name of this host, `unknown` if it has none.
pub fn host() -> &'static str {
    static HOST: OnceLock<String> = OnceLock::new();
    HOST.get_or_init(|| {
        Some(read_host()).filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
    })
}

#[cfg(unix)]
fn read_host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn read_host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}
