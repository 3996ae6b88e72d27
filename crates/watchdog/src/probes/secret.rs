//! How we say who we are: read from its file for each question, shown to nobody.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdfast::config::Auth;
use holdfast::sys::{ReadError, Store};

/// The value of an `Authorization` header. It has no `Display` and no `Debug`.
pub(super) struct Secret {
    pub(super) header: String,
    /// What must be shown nowhere.
    parts: Vec<String>,
}

impl Secret {
    /// Reads it. An error says what to do, and never what the file holds.
    pub(super) fn of(store: &dyn Store, root: &Path, auth: &Auth) -> Result<Self, String> {
        Ok(match auth {
            Auth::Bearer { token_file } => {
                let token = read(store, &root.join(token_file))?;
                Self { header: format!("Bearer {token}"), parts: vec![token] }
            }
            Auth::Basic { user, password_file } => {
                let password = read(store, &root.join(password_file))?;
                let encoded = STANDARD.encode(format!("{user}:{password}"));
                Self { header: format!("Basic {encoded}"), parts: vec![encoded, password] }
            }
        })
    }

    /// `text` without it.
    pub(super) fn redact(&self, text: &str) -> String {
        self.parts.iter().fold(text.to_owned(), |text, part| text.replace(part, "***"))
    }
}

fn read(store: &dyn Store, path: &Path) -> Result<String, String> {
    let shown = path.display();
    let bytes = store.read(path).map_err(|error| match error {
        ReadError::Missing => {
            format!("the secret file {shown} is missing: put the secret into it, then chmod 600 {shown}")
        }
        error => format!("the secret file {shown} {error}"),
    })?;
    let mode = store.stat(path).ok().flatten().and_then(|stat| stat.owner.mode);
    if let Some(mode) = mode.filter(|mode| mode & 0o077 != 0) {
        return Err(format!(
            "the secret file {shown} can be read by others (mode {mode:o}): chmod 600 {shown}"
        ));
    }
    match str::from_utf8(&bytes).map(str::trim) {
        Ok("") => Err(format!("the secret file {shown} is empty: put the secret into it")),
        Ok(secret) if secret.chars().all(|char| !char.is_control()) => Ok(secret.to_owned()),
        _ => Err(format!("the secret file {shown} holds more than one line of text: keep one")),
    }
}
