//! Where the real programs are.

use std::path::{Path, PathBuf};

use holdfast::sys::{Kind, Sys};

/// What the drill needs beside itself.
const NEEDED: [&str; 5] = ["hb-write", "circuit-ctl", "watchdog", "resume-reminder", "audit-pack"];

/// The folder of the programs.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    dir: PathBuf,
    /// This very program, which plays the bot.
    pub(crate) ours: PathBuf,
}

impl Programs {
    /// Takes `dir`, or the folder of this program, if it has all of them.
    pub(crate) fn find(sys: &Sys, dir: Option<&Path>) -> Result<Self, String> {
        let ours =
            std::env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?;
        let dir = dir.or_else(|| ours.parent()).map_or_else(PathBuf::new, Path::to_owned);
        // Programs are started from other folders.
        let dir = std::path::absolute(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let programs = Self { dir, ours };
        let is_missing = |name: &&&str| !matches!(sys.store.stat(&programs.path(name)), Ok(Some(stat)) if stat.kind == Kind::File);
        match NEEDED.iter().find(is_missing) {
            None => Ok(programs),
            Some(name) => Err(format!(
                "{name} is not in {}\n  build it there (cargo build --workspace --bins), or name the folder with --bin-dir DIR",
                programs.dir.display()
            )),
        }
    }

    /// One of them.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// Their folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }
}
