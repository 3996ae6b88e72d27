//! `holdfast.toml`, and its last good copy.

use holdfast::Root;
use holdfast::config::Config;
use holdfast::sys::{ReadError, Secrecy, Sys};

/// The configuration in force.
pub(crate) struct Settings {
    pub(crate) config: Config,
    /// Why it is not what stands in `holdfast.toml`.
    pub(crate) trouble: Option<String>,
    /// No good configuration is known: only the defaults are in force.
    pub(crate) unusable: bool,
    bytes: Option<Vec<u8>>,
}

impl Settings {
    /// Reads the configuration. A good one is copied; in place of a bad one, or of one that has vanished, the
    /// copy is used: a slip of the pen must not end the watch (**silence-is-not-health**).
    pub(crate) fn load(sys: &Sys, root: &Root) -> Self {
        let copy = || sys.store.read(&root.last_good_config()).ok();
        match sys.store.read(&root.config()) {
            Ok(bytes) => match parse(&bytes) {
                Ok(config) => {
                    if copy().as_ref() != Some(&bytes) {
                        // Without the copy everything works but the going on after a slip.
                        if let Err(error) =
                            sys.store.replace(&root.last_good_config(), &bytes, Secrecy::Shared)
                        {
                            eprintln!("watchdog: data/config-last-good.toml cannot be written: {error}");
                        }
                    }
                    Self { config, trouble: None, unusable: false, bytes: Some(bytes) }
                }
                Err(error) => Self::from_copy(copy(), error, Some(bytes)),
            },
            Err(ReadError::Missing) => match copy() {
                None => Self { config: Config::default(), trouble: None, unusable: false, bytes: None },
                copy => Self::from_copy(copy, GONE.to_owned(), None),
            },
            Err(error) => Self::from_copy(copy(), format!("holdfast.toml {error}"), None),
        }
    }

    /// Reads it again if its bytes have changed.
    pub(crate) fn refresh(&mut self, sys: &Sys, root: &Root) {
        if sys.store.read(&root.config()).ok() != self.bytes || self.trouble.is_some() {
            *self = Self::load(sys, root);
        }
    }

    fn from_copy(copy: Option<Vec<u8>>, trouble: String, bytes: Option<Vec<u8>>) -> Self {
        match copy.and_then(|copy| parse(&copy).ok()) {
            Some(config) => Self { config, trouble: Some(trouble), unusable: false, bytes },
            None => Self { config: Config::default(), trouble: Some(trouble), unusable: true, bytes },
        }
    }
}

const GONE: &str = "holdfast.toml is gone; the last good copy is in use\n  \
                    if that is meant, delete data/config-last-good.toml too";

fn parse(bytes: &[u8]) -> Result<Config, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("holdfast.toml is not UTF-8: {error}"))?;
    Config::parse(text).map_err(|error| error.to_string())
}
