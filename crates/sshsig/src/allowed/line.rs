//! One line: signers, options, key.

use jiff::tz::TimeZone;

use super::Refused;
use super::options::Options;
use super::pattern::matches_list;
use crate::public::{PublicKey, PublicKeyError};

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// One signer, or several that share a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    number: usize,
    principals: String,
    options: Options,
    key: PublicKey,
}

impl Line {
    /// `PRINCIPALS [OPTIONS] TYPE BASE64 [COMMENT]`; `None` for a blank line or a comment.
    pub(super) fn parse(number: usize, text: &str, zone: &TimeZone) -> Result<Option<Self>, String> {
        let text = text.trim_matches(BLANKS);
        if text.is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        let (principals, rest) = principals(text)?;
        if principals.is_empty() {
            return Err("names no signer in its first word".to_owned());
        }
        let key = |text: &str| PublicKey::parse(text).map(|(key, _comment)| key);
        let wrong = |error: PublicKeyError| match error {
            PublicKeyError::Damaged(_) => format!("has a key that {error}: copy it again from the .pub file"),
            error => format!(
                "has no key behind the signers ({error}): it should be `SIGNER OPTIONS TYPE BASE64`, the last two as in a \
                 .pub file"
            ),
        };
        match key(rest) {
            Ok(key) => Ok(Some(Self { number, principals, options: Options::default(), key })),
            Err(error @ PublicKeyError::Damaged(_)) => Err(wrong(error)),
            // What is no key has to be options.
            Err(error) => {
                let (options, behind) = Options::split(rest)?;
                if behind.is_empty() {
                    return Err(wrong(error));
                }
                let options = Options::parse(options, zone)?;
                let key = key(behind).map_err(wrong)?;
                Ok(Some(Self { number, principals, options, key }))
            }
        }
    }

    /// From 1 on.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The patterns of signers, as they stand there.
    pub fn principals(&self) -> &str {
        &self.principals
    }

    /// The key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether it is about this signer.
    pub fn names(&self, identity: &str) -> bool {
        matches_list(identity, &self.principals)
    }

    /// Whether the key may sign files for this purpose at this moment.
    pub fn allows(&self, namespace: &str, at_s: u64) -> Result<(), Refused> {
        let (options, line) = (&self.options, self.number);
        if options.authority {
            return Err(Refused::Authority(line));
        }
        if options.namespaces.as_ref().is_some_and(|list| !matches_list(namespace, list)) {
            return Err(Refused::OtherNamespaces { line, namespace: namespace.to_owned() });
        }
        if let Some(from_s) = options.valid_after_s.filter(|from_s| at_s < *from_s) {
            return Err(Refused::TooEarly { line, from_s, at_s });
        }
        if let Some(until_s) = options.valid_before_s.filter(|until_s| at_s > *until_s) {
            return Err(Refused::Expired { line, until_s, at_s });
        }
        Ok(())
    }
}

/// The first word, which a quotation mark in it prolongs to the next one, and what follows.
fn principals(text: &str) -> Result<(String, &str), String> {
    let end = text.find(|c| BLANKS.contains(&c) || c == '"').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let Some(quoted) = rest.strip_prefix('"') else {
        return Ok((word.to_owned(), rest.trim_start_matches(BLANKS)));
    };
    let closed = quoted.split_once('"').ok_or("opens a quotation mark and does not close it")?;
    Ok((format!("{word}{}", closed.0), closed.1.trim_start_matches(BLANKS)))
}
