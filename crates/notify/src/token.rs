//! A bot's token: read for each send, shown to nobody.

use std::fmt;
use std::path::Path;

use holdfast::sys::{ReadError, Store};

/// The secret of a Telegram bot. It has no `Display`, and its `Debug` does not show it.
pub(crate) struct Token(String);

impl Token {
    /// Reads the token from `path`. An error says what to do and never what the file holds.
    pub(crate) fn read(store: &dyn Store, path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let bytes = store.read(path).map_err(|error| match error {
            ReadError::Missing => {
                format!(
                    "the token file {shown} is missing: put the bot's token into it, then chmod 600 {shown}"
                )
            }
            error => format!("the token file {shown} {error}"),
        })?;
        let mode = store.stat(path).ok().flatten().and_then(|stat| stat.owner.mode);
        if let Some(mode) = mode.filter(|mode| mode & 0o077 != 0) {
            return Err(format!(
                "the token file {shown} can be read by others (mode {mode:o}): chmod 600 {shown}"
            ));
        }
        match str::from_utf8(&bytes).map(str::trim) {
            Ok("") => Err(format!("the token file {shown} is empty: put the bot's token into it")),
            Ok(token) if looks_right(token) => Ok(Self(token.to_owned())),
            _ => Err(format!(
                "the token file {shown} holds no bot token: it should be one line like 123456:ABC-def, as BotFather gave it"
            )),
        }
    }

    /// For the one URL that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// `text` without the token, in whatever form a library or a server may repeat it.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut clean = text.replace(&self.0, "***").replace(&self.0.replace(':', "%3A"), "***");
        if let Some((_, secret)) = self.0.split_once(':') {
            clean = clean.replace(secret, "***");
        }
        clean
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// A bot's number, a colon, and characters that mean nothing in a URL.
fn looks_right(token: &str) -> bool {
    let secret = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    token.split_once(':').is_some_and(|(bot, rest)| {
        !bot.is_empty() && bot.bytes().all(|b| b.is_ascii_digit()) && rest.len() >= 8 && secret(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        let token = Token("123456:ABC-def_ghi".to_owned());
        assert_eq!(format!("{token:?}"), "Token(***)");
        for text in ["/bot123456:ABC-def_ghi/send", "bot123456%3AABC-def_ghi", "secret ABC-def_ghi!"] {
            let clean = token.redact(text);
            assert!(!clean.contains("ABC-def") && clean.contains("***"), "{clean}");
        }
    }

    #[test]
    fn only_what_fits_into_a_url_is_a_token() {
        for good in ["1:abcdefgh", "123456:ABC-def_ghi0"] {
            assert!(looks_right(good), "{good}");
        }
        for bad in [
            "",
            "123456",
            "123456:",
            "123456:short",
            "x:abcdefgh",
            "1:abcdefgh/../x",
            "1:abcdefgh\n2:abcdefgh",
        ] {
            assert!(!looks_right(bad), "{bad}");
        }
    }
}
