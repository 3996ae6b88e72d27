//! What a run was told and what the configuration says.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use holdfast::settings::Settings;
use holdfast::sys::Sys;
use holdfast::{Exit, Root};
use tlog::Origin;

use crate::keys::Keyring;
use crate::log::Log;
use crate::out;

/// The circumstances of a run.
pub(crate) struct Context<'a> {
    pub(crate) sys: &'a Sys<'a>,
    pub(crate) told_root: Option<&'a Path>,
    pub(crate) json: bool,
    pub(crate) threads: usize,
    pub(crate) keyring: Rc<Keyring>,
}

/// A root and what is configured in it.
pub(crate) struct Configured {
    pub(crate) root: Root,
    pub(crate) settings: Settings,
}

/// A log, and which key is configured for it.
pub(crate) struct Chosen {
    pub(crate) log: Log,
    pub(crate) key: Option<PathBuf>,
    /// It stands in the configuration, so that it is begun where it was not.
    pub(crate) configured: bool,
}

impl<'a> Context<'a> {
    pub(crate) fn new(sys: &'a Sys<'a>, told_root: Option<&'a Path>, json: bool) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { sys, told_root, json, threads, keyring: Rc::default() }
    }

    /// Says why there is no answer; where a machine asked, as the answer, too.
    pub(crate) fn refuse(&self, why: &dyn Display, exit: Exit) -> Exit {
        out::refuse(self.json, why, exit)
    }

    /// The same run, whose story is not the answer of the program.
    pub(crate) fn in_passing(&self) -> Self {
        Self { json: false, keyring: Rc::clone(&self.keyring), ..*self }
    }

    /// The root and its configuration.
    pub(crate) fn configured(&self) -> Result<Configured, Exit> {
        let root =
            Root::find(self.sys.store, self.told_root).map_err(|error| self.refuse(&error, Exit::Config))?;
        let settings = Settings::read(self.sys, &root);
        match settings.story() {
            Some(story) if settings.unusable => return Err(self.refuse(&story, Exit::Config)),
            Some(story) => out::tell(&story),
            None => {}
        }
        Ok(Configured { root, settings })
    }

    /// The logs that are meant, as [`Context::choose_any`] has them; each is a file or, where it is sealed, was one.
    pub(crate) fn choose(&self, named: &[PathBuf], told_key: Option<&Path>) -> Result<Vec<Chosen>, Exit> {
        let chosen = self.choose_any(named, told_key)?;
        for Chosen { log, .. } in &chosen {
            // In the place of a sealed log it is a finding.
            let is_sealed = !matches!(self.sys.store.stat(&log.sidecar()), Ok(None));
            if !is_sealed && let Some(what) = log.stands_instead(self.sys.store) {
                let path = log.path();
                let what = format_args!(
                    "{} is no log, but {what}\n  a log is a plain file: put one there, or name another path",
                    path.display()
                );
                return Err(self.refuse(&what, Exit::Usage));
            }
        }
        Ok(chosen)
    }

    /// The logs that are meant: those that were named, else those of the configuration. What the configuration says of
    /// the key is followed for those that stand in it.
    pub(crate) fn choose_any(&self, named: &[PathBuf], told_key: Option<&Path>) -> Result<Vec<Chosen>, Exit> {
        // Without logs a root is needed; with some it is welcome.
        let configured = if named.is_empty() { Some(self.configured()?) } else { self.quietly() };
        let own: Vec<PathBuf> = configured.as_ref().map(Configured::logs).unwrap_or_default();
        let key = configured.as_ref().and_then(Configured::key);
        let paths = if named.is_empty() { own.as_slice() } else { named };
        let mut chosen = self.choose_any_of(paths)?;
        for (chosen, path) in chosen.iter_mut().zip(paths) {
            chosen.configured = own.iter().any(|own| same_path(own, path));
            chosen.key = told_key.map(Path::to_owned).or_else(|| key.clone().filter(|_| chosen.configured));
        }
        Ok(chosen)
    }

    /// These logs, with the keys that they remember themselves.
    pub(crate) fn choose_any_of(&self, paths: &[PathBuf]) -> Result<Vec<Chosen>, Exit> {
        let log = |path: &PathBuf| Log::new(path).map_err(|error| self.refuse(&error, Exit::Usage));
        paths.iter().map(|path| Ok(Chosen { log: log(path)?, key: None, configured: false })).collect()
    }

    /// The same, if it can be used; nothing is told of it.
    pub(crate) fn quietly(&self) -> Option<Configured> {
        let root = Root::find(self.sys.store, self.told_root).ok()?;
        let settings = Settings::read(self.sys, &root);
        (!settings.unusable).then_some(Configured { root, settings })
    }

    /// The name of a log that was given none.
    pub(crate) fn origin(&self, log: &Log) -> Result<Origin, Exit> {
        let configured = self.quietly().and_then(|configured| configured.settings.config.audit.origin);
        let host: String = self.sys.host.chars().filter(|c| c.is_ascii_graphic() && *c != '+').collect();
        let name = format!("{}/{}", configured.unwrap_or(host), log.stem());
        Origin::new(&name).map_err(|error| {
            let what =
                format_args!("{name:?} cannot be the name of a log: {error}\n  name it with --origin NAME");
            self.refuse(&what, Exit::Config)
        })
    }

    /// Unix milliseconds.
    pub(crate) fn now_ms(&self) -> u64 {
        (self.sys.clock.now().wall * 1e3) as u64
    }
}

impl Configured {
    pub(crate) fn logs(&self) -> Vec<PathBuf> {
        self.settings.config.audit.logs.iter().map(|log| self.root.path().join(log)).collect()
    }

    /// Logs whose place others have taken.
    pub(crate) fn past(&self) -> Vec<PathBuf> {
        self.settings.config.audit.past.iter().map(|log| self.root.path().join(log)).collect()
    }

    pub(crate) fn key(&self) -> Option<PathBuf> {
        self.settings.config.audit.key.as_ref().map(|key| self.root.path().join(key))
    }
}

/// Both mean the same file, links aside.
pub(crate) fn same_path(a: &Path, b: &Path) -> bool {
    let whole = |path: &Path| std::path::absolute(path).map(|path| path.components().collect::<PathBuf>());
    matches!((whole(a), whole(b)), (Ok(a), Ok(b)) if a == b)
}
