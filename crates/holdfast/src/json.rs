//! JSON as state files use it: one object, no key twice.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer as _, Error, IgnoredAny,
    IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};
use serde_json::Deserializer;
use serde_json::de::SliceRead;
use serde_json::map::Entry;
pub use serde_json::{Map, Number, Value};

/// An object of JSON.
pub type Object = Map<String, Value>;

/// Reads one JSON object. A key that stands twice is an error, at any depth: readers differ on which one
/// counts, and `{"paused":true,"paused":false}` must not be green for anybody (**fail-closed**).
pub fn object(bytes: &[u8]) -> Result<Object, String> {
    read(bytes, StrictVisitor { keys: None, inner: false })
}

/// The same of these keys alone. What stands under others is skipped, which is a good deal faster.
pub fn object_of(bytes: &[u8], keys: &[&str]) -> Result<Object, String> {
    read(bytes, StrictVisitor { keys: Some(keys), inner: false })
}

/// These keys as [`object_of`] reads them, and all others as a `T`, in one pass over what may be large.
pub fn object_and<T: DeserializeOwned>(bytes: &[u8], keys: &[&str]) -> Result<(Object, T), String> {
    let mut json = parser(bytes)?;
    let parted = json.deserialize_map(PartingVisitor { keys, rest: PhantomData });
    parted.and_then(|parted| json.end().map(|()| parted)).map_err(|error| {
        let what = if error.is_data() { "" } else { "is not JSON: " };
        format!("{what}{error}")
    })
}

fn parser(bytes: &[u8]) -> Result<Deserializer<SliceRead<'_>>, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("is empty".to_owned());
    }
    // Editors of another system put it there; it carries nothing.
    Ok(Deserializer::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)))
}

fn read(bytes: &[u8], visitor: StrictVisitor) -> Result<Object, String> {
    let mut json = parser(bytes)?;
    match json.deserialize_any(visitor).and_then(|value| json.end().map(|()| value)) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(format!("is not a JSON object but {}", kind(&other))),
        Err(error) => Err(format!("is not JSON: {error}")),
    }
}

/// What a value is, for an error.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A finite number as JSON; `null` for what JSON has no number for.
pub fn number(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor { keys: None, inner: true }).map(Strict)
    }
}

/// Takes in the value of `key`, which must be new.
fn insert<'de, A: MapAccess<'de>>(object: &mut Object, key: String, entries: &mut A) -> Result<(), A::Error> {
    match object.entry(key) {
        Entry::Occupied(known) => {
            Err(A::Error::custom(format_args!("the key {:?} stands twice", known.key())))
        }
        Entry::Vacant(free) => {
            let Strict(value) = entries.next_value()?;
            free.insert(value);
            Ok(())
        }
    }
}

struct StrictVisitor<'k> {
    /// Of the outermost object; without them all are kept.
    keys: Option<&'k [&'k str]>,
    /// It stands within another value.
    inner: bool,
}

impl<'de> Visitor<'de> for StrictVisitor<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        // Room for a beat: an object that grows entry by entry is moved four times.
        const USUAL: usize = 14;
        let mut object = Object::with_capacity(if self.inner { 0 } else { USUAL });
        while let Some(key) = entries.next_key::<String>()? {
            if self.keys.is_some_and(|keys| !keys.contains(&key.as_str())) {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            insert(&mut object, key, &mut entries)?;
        }
        Ok(object.into())
    }
}

struct PartingVisitor<'k, T> {
    keys: &'k [&'k str],
    rest: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for PartingVisitor<'_, T> {
    type Value = (Object, T);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(Object, T), A::Error> {
        let mut object = Object::new();
        let parting = Parting { entries, keys: self.keys, object: &mut object };
        let rest = T::deserialize(MapAccessDeserializer::new(parting))?;
        Ok((object, rest))
    }
}

/// Takes some entries aside while the others are read.
struct Parting<'a, A> {
    entries: A,
    keys: &'a [&'a str],
    object: &'a mut Object,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Parting<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.entries.next_key::<String>()? {
            if !self.keys.contains(&key.as_str()) {
                return seed.deserialize(key.into_deserializer()).map(Some);
            }
            insert(self.object, key, &mut self.entries)?;
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.entries.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_being_written_and_read_again() {
        for number in ["1763711999.1808887", "10234.569999999999", "5e-324", "1.7976931348623157e308"] {
            let read = object(format!("{{\"a\":{number}}}").as_bytes()).expect(number);
            let again = object(Value::from(read.clone()).to_string().as_bytes()).expect(number);
            assert_eq!(read, again, "{number}");
        }
    }

    #[test]
    fn of_a_large_object_some_keys_can_be_read_alone() {
        let text = br#"{"v":1,"watches":{"a":[1,{"b":2}]},"seq":7}"#;
        let some = object_of(text, &["seq", "v"]).expect("JSON");
        assert_eq!(Value::from(some).to_string(), r#"{"v":1,"seq":7}"#);
        for bad in ["{\"v\":1,\"v\":2}", "{\"v\":{\"a\":1,\"a\":2}}", "{\"x\":[}", "{\"v\":1} {}", "[]"] {
            assert!(object_of(bad.as_bytes(), &["v"]).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_large_object_is_parted_in_one_pass() {
        type Rest = std::collections::BTreeMap<String, Value>;
        let parted = |text: &str| object_and::<Rest>(text.as_bytes(), &["seq", "v"]);
        let (some, rest) = parted(r#"{"v":1,"watches":{"a":2},"seq":7,"x":null}"#).expect("JSON");
        assert_eq!(Value::from(some).to_string(), r#"{"v":1,"seq":7}"#);
        assert_eq!(rest.keys().collect::<Vec<_>>(), ["watches", "x"]);
        for (bad, says) in [
            ("{\"v\":1,\"v\":2}", "stands twice"),
            ("{\"v\":{\"a\":1,\"a\":2}}", "stands twice"),
            ("{\"x\":[}", "is not JSON"),
            ("{\"v\":1} {}", "is not JSON"),
            ("[]", "expected a JSON object"),
            (" ", "is empty"),
        ] {
            let error = parted(bad).expect_err(bad);
            assert!(error.contains(says), "{bad}: {error}");
        }
    }

    #[test]
    fn one_object_without_double_keys_is_read_and_nothing_else() {
        for good in ["{}", " {\"a\":1}\n", "\u{feff}{\"a\":[1,{\"b\":null}]}"] {
            assert!(object(good.as_bytes()).is_ok(), "{good}");
        }
        for (bad, says) in [
            ("", "is empty"),
            (" \n", "is empty"),
            ("[]", "a list"),
            ("{\"a\":1,\"a\":1}", "stands twice"),
            ("{\"a\":{\"b\":1,\"b\":2}}", "stands twice"),
            ("{\"a\":1", "not JSON"),
            ("{\"a\":1} {}", "not JSON"),
            ("{\"a\":NaN}", "not JSON"),
            ("\0\0\0", "not JSON"),
        ] {
            let error = object(bad.as_bytes()).expect_err(bad);
            assert!(error.contains(says), "{bad}: {error}");
        }
    }
}
