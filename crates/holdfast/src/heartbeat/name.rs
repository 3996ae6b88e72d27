//! What a heartbeat is called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// The name of a heartbeat: one to 64 of `a-z`, `0-9`, `.`, `_` and `-`, and neither `.` nor `..`, so that it
/// is a file name on every system and leads to no other folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Name(String);

/// Not the name of a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAName {
    /// Too long, too short, or of other characters.
    #[error("{0:?} is not a heartbeat name: take 1 to 64 of a-z 0-9 . _ -, for example trader-run")]
    Unfit(String),
    /// A watch would not know which file is meant.
    #[error(
        "\"heartbeat\" is the name of data/heartbeat.json, the beat without a name: give no name, or take another, for example trader-run"
    )]
    Main,
}

impl Name {
    /// What `data/heartbeat.json`, the file without a name, is called as a watch.
    pub fn main() -> Self {
        Self("heartbeat".to_owned())
    }

    /// The name of a beat in a file of its own, `data/heartbeats/NAME.json`.
    pub fn of_own(text: &str) -> Result<Self, NotAName> {
        text.parse().and_then(|name| if name == Self::main() { Err(NotAName::Main) } else { Ok(name) })
    }

    /// The watchdog, whose own beat is `data/watchdog.json`.
    pub(super) fn watchdog() -> Self {
        Self("watchdog".to_owned())
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        const LONGEST: usize = 64;
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        let good =
            (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain) && text != "." && text != "..";
        if good { Ok(Self(text.to_owned())) } else { Err(NotAName::Unfit(text.to_owned())) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, NotAName};

    #[test]
    fn what_the_beat_without_a_name_is_called_is_no_name_of_another() {
        assert!("heartbeat".parse::<Name>().is_ok(), "a watch may bear it");
        assert_eq!(Name::of_own("heartbeat"), Err(NotAName::Main));
        assert_eq!(Name::of_own("A"), Err(NotAName::Unfit("A".to_owned())));
        assert_eq!(Name::of_own("heartbeats").expect("a name").as_str(), "heartbeats");
    }

    #[test]
    fn a_name_is_a_file_name_everywhere_and_leads_nowhere_else() {
        let longest = "a".repeat(64);
        for good in ["a", "trader-run", "hl_2.beta", "0", "...", "-x", longest.as_str()] {
            assert_eq!(good.parse::<Name>().expect(good).to_string(), good);
        }
        let too_long = "a".repeat(65);
        for bad in ["", ".", "..", "A", "a b", "a/b", "../a", "ä", "a\n", "a\0", "a:b", too_long.as_str()] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
            let json = serde_json::to_string(bad).expect("a string");
            assert!(serde_json::from_str::<Name>(&json).is_err(), "{bad:?}");
        }
    }
}
