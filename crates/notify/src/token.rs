//! A bot's token: read for each send, shown to nobody.

use std::path::Path;

use holdfast::sys::Store;

use crate::secret::{Secret, Veil};

/// The secret of a Telegram bot.
#[derive(Debug)]
pub(crate) struct Token(Secret);

impl Token {
    /// Reads the token from `path`. An error says what to do and never what the file holds.
    pub(crate) fn read(store: &dyn Store, path: &Path) -> Result<Self, String> {
        let secret = Secret::read(store, path, "the token file", "the bot's token")?;
        if looks_right(secret.expose()) {
            return Ok(Self(secret));
        }
        Err(format!(
            "the token file {} holds no bot token: it should be one line like 123456:ABC-def, as BotFather gave it",
            path.display()
        ))
    }

    /// For the one URL that needs it.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Hides the token, in whatever form a library or a server may repeat it.
    pub(crate) fn veil(&self) -> Veil {
        let token = self.expose();
        let secret = token.split_once(':').map_or(token, |(_, secret)| secret);
        Veil::default().hiding(token).hiding(token.replace(':', "%3A")).hiding(secret)
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
    use holdfast::sys::Sys;

    #[test]
    fn a_token_is_never_shown() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Sys::real().store;
        let path = dir.path().join("token");
        store.replace(&path, b"123456:ABC-def_ghi\n", holdfast::sys::Secrecy::Secret).expect("written");
        let token = Token::read(store, &path).expect("a token");
        assert!(!format!("{token:?}").contains("ABC-def"));
        for text in ["/bot123456:ABC-def_ghi/send", "bot123456%3AABC-def_ghi", "secret ABC-def_ghi!"] {
            let clean = token.veil().clean(text);
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
