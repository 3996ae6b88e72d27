//! `holdfast.toml` as it is in force: itself, or the last good copy in its place.

use std::io;

use crate::config::Config;
use crate::root::Root;
use crate::sys::{ReadError, Secrecy, Sys};

/// The configuration in force.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is configured.
    pub config: Config,
    /// Why that is not what stands in `holdfast.toml`.
    pub trouble: Option<String>,
    /// No good configuration is known: only the defaults are in force.
    pub unusable: bool,
    bytes: Option<Vec<u8>>,
}

impl Settings {
    /// Reads the configuration. In place of a bad one, or of one that has vanished, the watchdog's last good
    /// copy is used: a slip of the pen must neither end the watch nor silence a channel
    /// (**silence-is-not-health**). Writes nothing.
    pub fn read(sys: &Sys, root: &Root) -> Self {
        let copy = || sys.store.read(&root.last_good_config());
        match sys.store.read(&root.config()) {
            Ok(bytes) => match parse(&bytes) {
                Ok(config) => Self { config, trouble: None, unusable: false, bytes: Some(bytes) },
                Err(error) => Self::from_copy(copy(), error, Some(bytes)),
            },
            Err(ReadError::Missing) => match copy() {
                Err(ReadError::Missing) => {
                    Self { config: Config::default(), trouble: None, unusable: false, bytes: None }
                }
                copy => Self::from_copy(copy, GONE.to_owned(), None),
            },
            Err(error) => {
                let advice = "make it a regular file that this user can read";
                Self::from_copy(copy(), format!("holdfast.toml {error}\n  {advice}"), None)
            }
        }
    }

    /// They would read differently now, or were in trouble.
    pub fn outdated(&self, sys: &Sys, root: &Root) -> bool {
        self.trouble.is_some() || sys.store.read(&root.config()).ok() != self.bytes
    }

    /// Keeps a copy of a good configuration; does nothing where it is kept already. For the watchdog alone.
    pub fn keep_copy(&self, sys: &Sys, root: &Root) -> io::Result<()> {
        let (Some(bytes), None) = (&self.bytes, &self.trouble) else { return Ok(()) };
        let path = root.last_good_config();
        if sys.store.read(&path).is_ok_and(|copy| copy == *bytes) {
            return Ok(());
        }
        // It may hold secrets: nobody reads the copy who does not read the original.
        let mode = sys.store.stat(&root.config()).ok().flatten().and_then(|stat| stat.owner.mode);
        let others_read = mode.is_none_or(|mode| mode & 0o077 != 0);
        sys.store.replace(&path, bytes, if others_read { Secrecy::Shared } else { Secrecy::Secret })
    }

    /// The trouble in one line, beginning with what it means.
    pub fn story(&self) -> Option<String> {
        let lines: Vec<&str> = self.trouble.as_ref()?.lines().map(str::trim).collect();
        let means = if self.unusable {
            "the defaults are in force: your watches and channels are NOT"
        } else {
            "going on by the last good copy"
        };
        Some(format!("{means}: {}", lines.join("; ")))
    }

    fn from_copy(copy: Result<Vec<u8>, ReadError>, trouble: String, bytes: Option<Vec<u8>>) -> Self {
        match copy.ok().and_then(|copy| parse(&copy).ok()) {
            Some(config) => Self { config, trouble: Some(trouble), unusable: false, bytes },
            None => Self { config: Config::default(), trouble: Some(trouble), unusable: true, bytes },
        }
    }
}

const GONE: &str = "holdfast.toml is gone\n  \
                    put it back; if that is meant, delete data/config-last-good.toml too";

fn parse(bytes: &[u8]) -> Result<Config, String> {
    Config::from_bytes(bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test plays the person at the keyboard")]
mod tests {
    use super::*;

    const GOOD: &str = "[[watch]]\nname = \"bot\"\n";
    const BAD: &str = "[[watch]]\nnam = \"bot\"\n";

    fn names(settings: &Settings) -> Vec<String> {
        settings.config.watches.iter().map(|watch| watch.name.to_string()).collect()
    }

    #[test]
    fn a_bad_or_vanished_configuration_is_replaced_by_the_last_good_one() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("data")).expect("data");
        let sys = Sys::real();
        let root = Root::open(sys.store, dir.path()).expect("a root");
        let settings = Settings::read(&sys, &root);
        assert!(settings.config.watches.is_empty() && settings.trouble.is_none() && !settings.unusable);

        std::fs::write(root.config(), BAD).expect("written");
        let settings = Settings::read(&sys, &root);
        assert!(settings.unusable && settings.trouble.is_some(), "nothing good is known");
        let story = settings.story().expect("trouble");
        assert!(
            story.starts_with("the defaults are in force: your watches and channels are NOT: "),
            "{story}"
        );
        assert!(!story.contains('\n'), "{story:?}");
        settings.keep_copy(&sys, &root).expect("nothing to do");
        assert!(!root.last_good_config().exists(), "a bad one is no good copy");

        std::fs::write(root.config(), GOOD).expect("written");
        assert!(settings.outdated(&sys, &root));
        let settings = Settings::read(&sys, &root);
        settings.keep_copy(&sys, &root).expect("kept");
        assert!(!settings.outdated(&sys, &root) && settings.trouble.is_none());

        std::fs::write(root.config(), BAD).expect("written");
        let settings = Settings::read(&sys, &root);
        assert_eq!(names(&settings), ["bot"]);
        assert!(!settings.unusable && settings.trouble.is_some_and(|trouble| trouble.contains("nam")));

        std::fs::remove_file(root.config()).expect("removed");
        let settings = Settings::read(&sys, &root);
        assert_eq!(names(&settings), ["bot"]);
        assert!(settings.story().is_some_and(|story| story.starts_with("going on by the last good copy: ")));
        assert!(settings.trouble.is_some_and(|trouble| trouble.contains("is gone")));

        // What cannot be read is not known to be meant.
        std::fs::remove_file(root.last_good_config()).expect("removed");
        std::fs::create_dir(root.last_good_config()).expect("in its place");
        let settings = Settings::read(&sys, &root);
        assert!(settings.unusable && settings.trouble.is_some(), "{settings:?}");
    }
}
