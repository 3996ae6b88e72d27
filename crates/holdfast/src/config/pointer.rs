//! JSON pointers, RFC 6901.

use std::fmt;
use std::str::FromStr;

use crate::json::{Object, Value};

/// A place in a JSON object: `/candle_at`, `/account/equity`, `/positions/0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pointer {
    text: String,
    tokens: Vec<String>,
}

/// Not a JSON pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a JSON pointer: write / and the key, such as /candle_at or /account/equity")]
pub struct NotAPointer(String);

impl Pointer {
    /// The value at this place.
    pub fn get<'a>(&self, object: &'a Object) -> Option<&'a Value> {
        let (first, rest) = self.tokens.split_first()?;
        rest.iter().try_fold(object.get(first)?, |value, token| match value {
            Value::Object(object) => object.get(token),
            Value::Array(items) => items.get(index(token)?),
            _ => None,
        })
    }

    /// The key of the object itself in which the place is.
    pub fn first(&self) -> &str {
        self.tokens.first().map_or("", String::as_str)
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// A position in a list: digits, without leading zeros.
fn index(token: &str) -> Option<usize> {
    token.parse().ok().filter(|position: &usize| position.to_string() == token)
}

impl FromStr for Pointer {
    type Err = NotAPointer;

    fn from_str(text: &str) -> Result<Self, NotAPointer> {
        // The pointer "" names the whole object, which no watch can compare.
        let tokens =
            text.strip_prefix('/').and_then(|rest| rest.split('/').map(unescape).collect::<Option<Vec<_>>>());
        match tokens {
            Some(tokens) => Ok(Self { text: text.to_owned(), tokens }),
            None => Err(NotAPointer(text.to_owned())),
        }
    }
}

/// `~1` is `/` and `~0` is `~`; no other use of `~` is allowed.
fn unescape(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        let (sign, rest) = match part.as_bytes().first()? {
            b'0' => ('~', &part[1..]),
            b'1' => ('/', &part[1..]),
            _ => return None,
        };
        plain.push(sign);
        plain.push_str(rest);
    }
    Some(plain)
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_find_what_rfc_6901_says() {
        let text = br#"{"foo":["bar","baz"],"":0,"a/b":1,"m~n":8,"deep":{"x":{"y":2}},"~1":3}"#;
        let object = crate::json::object(text).expect("JSON");
        for (pointer, value) in [
            ("/foo/0", Some(Value::from("bar"))),
            ("/", Some(Value::from(0))),
            ("/a~1b", Some(Value::from(1))),
            ("/m~0n", Some(Value::from(8))),
            ("/~01", Some(Value::from(3))),
            ("/deep/x/y", Some(Value::from(2))),
            ("/foo/2", None),
            ("/foo/00", None),
            ("/foo/+1", None),
            ("/foo/-", None),
            ("/deep/x/y/z", None),
            ("/nothing", None),
        ] {
            let pointer: Pointer = pointer.parse().expect(pointer);
            assert_eq!(pointer.get(&object), value.as_ref(), "{pointer}");
        }
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for text in ["", "candle_at", "#/a", "/a~", "/a~2", " /a"] {
            assert!(text.parse::<Pointer>().is_err(), "{text:?}");
        }
    }
}
