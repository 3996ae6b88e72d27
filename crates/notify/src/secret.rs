//! What a file holds that nobody else may read: read for each send, shown to nobody.

use std::fmt;
use std::path::Path;

use holdfast::config;
use holdfast::sys::{ReadError, Store};
use holdfast_http::ureq::http::Uri;

use crate::transport::Verdict;

/// A shorter part of an address is no secret: `api`, `services`, `webhooks`.
const SECRET_LEAST: usize = 12;

/// A secret. It has no `Display`, and its `Debug` does not show it.
pub(crate) struct Secret(String);

impl Secret {
    /// Reads the one line of a file: `called` names the file and `holds` what belongs into it. An error says what to do
    /// and never what the file holds.
    pub(crate) fn read(store: &dyn Store, path: &Path, called: &str, holds: &str) -> Result<Self, String> {
        let shown = path.display();
        let bytes = store.read(path).map_err(|error| match error {
            ReadError::Missing => {
                format!("{called} {shown} is missing: put {holds} into it, then chmod 600 {shown}")
            }
            error => format!("{called} {shown} {error}"),
        })?;
        let mode = store.stat(path).ok().flatten().and_then(|stat| stat.owner.mode);
        if let Some(mode) = mode.filter(|mode| mode & 0o077 != 0) {
            return Err(format!("{called} {shown} can be read by others (mode {mode:o}): chmod 600 {shown}"));
        }
        match str::from_utf8(&bytes).map(str::trim) {
            Ok("") => Err(format!("{called} {shown} is empty: put {holds} into it")),
            Ok(secret) if !secret.contains(char::is_control) => Ok(Self(secret.to_owned())),
            _ => Err(format!(
                "{called} {shown} is not one line of text: put {holds} into it, and nothing else"
            )),
        }
    }

    /// The same for what may stand in the configuration itself.
    pub(crate) fn of(
        store: &dyn Store,
        root: &Path,
        secret: &config::Secret,
        called: &str,
        holds: &str,
    ) -> Result<Self, String> {
        match secret {
            config::Secret::Plain(text) => Ok(Self(text.clone())),
            config::Secret::File(file) => Self::read(store, &root.join(file), called, holds),
        }
    }

    /// A token for a header: what else could stand there would be no token.
    pub(crate) fn token(store: &dyn Store, path: &Path) -> Result<Self, String> {
        let (called, holds) = ("the token file", "the token");
        let secret = Self::read(store, path, called, holds)?;
        if secret.0.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(secret);
        }
        Err(format!("{called} {} holds no token: it should be one word of plain ASCII", path.display()))
    }

    /// For the one place that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Takes secrets out of what libraries and servers repeat.
#[derive(Default)]
pub(crate) struct Veil(Vec<String>);

impl Veil {
    /// Hides this, too.
    #[must_use]
    pub(crate) fn hiding(mut self, secret: impl Into<String>) -> Self {
        let secret = secret.into();
        if !secret.is_empty() {
            self.0.push(secret);
            // What is longer may hold what is shorter.
            self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
        self
    }

    /// Hides what an address has behind the name of its server, and in front of it.
    #[must_use]
    pub(crate) fn hiding_url(self, url: &str) -> Self {
        let uri = url.parse::<Uri>().unwrap_or_default();
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        let user = uri.authority().and_then(|all| Some(all.as_str().rsplit_once('@')?.0.to_owned()));
        let parts = path.split(['/', '?', '&', '=']).chain([path]).filter(|part| part.len() >= SECRET_LEAST);
        let veil = self.hiding(user.unwrap_or_default());
        parts.fold(veil, Self::hiding)
    }

    /// `text` without them.
    pub(crate) fn clean(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }

    /// A verdict without them.
    pub(crate) fn over(&self, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::Accepted => Verdict::Accepted,
            Verdict::Later { why, after } => Verdict::Later { why: self.clean(&why), after },
            Verdict::Refused { why } => Verdict::Refused { why: self.clean(&why) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_in_an_address_is_never_shown() {
        let veil = Veil::default()
            .hiding_url("https://me:pass-word@hooks.example/services/T0/XXXXXXXXXXXX?k=YYYYYYYYYYYY");
        for text in [
            "POST /services/T0/XXXXXXXXXXXX?k=YYYYYYYYYYYY",
            "no XXXXXXXXXXXX",
            "k YYYYYYYYYYYY",
            "as me:pass-word",
        ] {
            let clean = veil.clean(text);
            assert!(
                !clean.contains("XXXX") && !clean.contains("YYYY") && !clean.contains("pass-word"),
                "{clean}"
            );
            assert!(clean.contains("***"), "{clean}");
        }
        assert_eq!(veil.clean("https://hooks.example says 404"), "https://hooks.example says 404");
    }

    #[test]
    fn a_secret_is_never_shown() {
        assert_eq!(format!("{:?}", Secret("x".to_owned())), "Secret(***)");
    }
}
