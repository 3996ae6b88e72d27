//! Heads of a log in any text: mails, exports of chats, notes, what a store kept.
//!
//! A head is `<origin> <size> <root>`, the root in hex or base64, as it stands at the end of every alert; or the text of a
//! chain, `<origin>/seals`, the number of records, the hash of the last one. Between its parts may be what mail programs
//! and exports put there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tlog::{Hash, NUMBER_MAX, Origin};

/// What of a log somebody has written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Head {
    /// Its tree.
    Tree {
        /// Lines.
        size: u64,
        /// The root over them.
        root: Hash,
    },
    /// Its SEALS.
    Chain {
        /// Lines of SEALS.
        records: u64,
        /// SHA-256 of the last of them.
        head: Hash,
    },
}

/// Between two parts stands not more, in bytes.
const GAP_MAX: usize = 80;

/// All heads of this log in a text, each once.
pub fn heads(text: &[u8], origin: &Origin) -> Vec<Head> {
    let text = String::from_utf8_lossy(text);
    let mut found = Vec::new();
    let plain = text.replace("\\/", "/");
    scan(&plain, origin.as_str(), &mut found);
    // A mail as it was sent: long lines are broken, and `=` is written as a number.
    if text.to_ascii_lowercase().contains("quoted-printable") {
        scan(&unquoted(&text), origin.as_str(), &mut found);
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn scan(text: &str, origin: &str, found: &mut Vec<Head>) {
    for (at, _) in text.match_indices(origin) {
        let (before, behind) = (&text[..at], &text[at + origin.len()..]);
        if !begins(before) {
            continue;
        }
        let (is_chain, behind) = match behind.strip_prefix("/seals") {
            Some(behind) => (true, behind),
            None => (false, behind),
        };
        let Some((number, hash)) = pair(behind) else { continue };
        found.push(if is_chain {
            Head::Chain { records: number, head: hash }
        } else {
            Head::Tree { size: number, root: hash }
        });
    }
}

/// Whether a name can begin behind this text: it is not the end of a longer name.
fn begins(before: &str) -> bool {
    let escaped = ["\\n", "\\r", "\\t"].iter().any(|escape| before.ends_with(escape));
    escaped
        || before
            .chars()
            .next_back()
            .is_none_or(|c| c.is_whitespace() || !c.is_ascii() || "\"'`>(*_".contains(c))
}

/// A number and a hash.
fn pair(text: &str) -> Option<(u64, Hash)> {
    let text = gap(text)?;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, text) = text.split_at(digits);
    let canonical = number == "0" || !number.starts_with('0');
    let number = number.parse().ok().filter(|&n: &u64| canonical && n <= NUMBER_MAX)?;
    Some((number, hash(gap(text)?)?))
}

/// Behind what stands between two parts: at least one space or line end, and what exports put around links.
fn gap(text: &str) -> Option<&str> {
    let mut rest = text;
    let mut spaces = 0;
    loop {
        let (len, is_space) = if rest.starts_with("</a>") {
            (4, false)
        } else if rest.starts_with("\\n") {
            (2, true)
        } else {
            match rest.chars().next()? {
                c if c.is_whitespace() => (c.len_utf8(), true),
                c if "\"'`{}[],*_".contains(c) => (1, false),
                _ => break,
            }
        };
        spaces += usize::from(is_space);
        rest = &rest[len..];
        if text.len() - rest.len() > GAP_MAX {
            return None;
        }
    }
    (spaces > 0).then_some(rest)
}

/// 64 digits of hex, or 44 characters of base64, and nothing of either kind behind them.
fn hash(text: &str) -> Option<Hash> {
    let part = |len: usize| {
        let part = text.get(..len)?;
        let goes_on =
            text[len..].chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || "+/=".contains(c));
        (!goes_on).then_some(part)
    };
    let hex = part(64).and_then(|hex| Hash::from_hex(&hex.to_ascii_lowercase()));
    hex.or_else(|| Hash::from_base64(part(44)?)).or_else(|| {
        // Some programs drop the `=` at the end.
        let bytes = STANDARD.decode(format!("{}=", part(43)?)).ok()?;
        Some(Hash::from_bytes(<[u8; Hash::LEN]>::try_from(bytes).ok()?))
    })
}

fn unquoted(text: &str) -> String {
    let joined = text.replace("=\r\n", "").replace("=\n", "");
    let mut plain = String::with_capacity(joined.len());
    let mut rest = joined.as_str();
    while let Some(at) = rest.find('=') {
        plain.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = code.filter(u8::is_ascii) {
            plain.push(char::from(byte));
            rest = &rest[at + 3..];
        } else {
            plain.push('=');
            rest = &rest[at + 1..];
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests;
