//! A terminal at which nobody sits.

use super::Trouble;

pub(crate) use platform::Terminal;

#[cfg(unix)]
mod platform {
    use std::ffi::OsStr;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::PathBuf;

    use rustix::io::{FdFlags, fcntl_setfd};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    use super::Trouble;

    /// It hangs up when this is dropped.
    pub(crate) struct Terminal {
        _master: OwnedFd,
        pub(crate) path: PathBuf,
    }

    impl Terminal {
        pub(crate) fn new() -> Result<Self, Trouble> {
            let open = || -> rustix::io::Result<Self> {
                let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
                // Not every system can open it so; a child that held it would keep it from hanging up.
                fcntl_setfd(&master, FdFlags::CLOEXEC)?;
                grantpt(&master)?;
                unlockpt(&master)?;
                let path = PathBuf::from(OsStr::from_bytes(ptsname(&master, Vec::new())?.as_bytes()));
                Ok(Self { _master: master, path })
            };
            open().map_err(|error| Trouble::NotRun(format!("this system gives no terminal: {error}")))
        }
    }
}

#[cfg(not(unix))]
mod platform {
    use std::path::PathBuf;

    use super::Trouble;

    /// See the Unix version.
    pub(crate) struct Terminal {
        pub(crate) path: PathBuf,
    }

    impl Terminal {
        pub(crate) fn new() -> Result<Self, Trouble> {
            Err(Trouble::NotRun("terminals are rehearsed on Unix only".to_owned()))
        }
    }
}
