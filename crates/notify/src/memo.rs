//! What a channel taught us and every program that sends should know: `data/channels.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use holdfast::json;
use holdfast::sys::{Now, ReadError, Secrecy, Store};
use serde::{Deserialize, Serialize};

use crate::entry::Due;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Lesson {
    /// Where a Telegram group has moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moved: Option<Moved>,
    /// Until when the channel asked not to be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pause: Option<Due>,
    /// The receivers that were refused last, and told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missed: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Moved {
    from: String,
    to: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    v: u32,
    channels: BTreeMap<String, Lesson>,
}

/// The lessons of all channels. They are kept in memory while they cannot be stored.
#[derive(Debug)]
pub(crate) struct Memo {
    path: PathBuf,
    lessons: BTreeMap<String, Lesson>,
    unsaved: bool,
}

impl Memo {
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), lessons: BTreeMap::new(), unsaved: false }
    }

    /// Takes what other processes have learned. A file that cannot be read teaches nothing and is reported.
    pub(crate) fn refresh(&mut self, store: &dyn Store) -> Result<(), String> {
        if self.unsaved {
            return Ok(());
        }
        self.lessons = match store.read(&self.path) {
            Err(ReadError::Missing) => BTreeMap::new(),
            Err(error) => return Err(format!("{} {error}", self.path.display())),
            Ok(bytes) => parse(&bytes).map_err(|why| {
                format!("{} {why}; it is written anew: nothing else is lost", self.path.display())
            })?,
        };
        Ok(())
    }

    /// The chat to use in place of `configured`. A chat that was configured since is used as it is.
    pub(crate) fn chat(&self, channel: &str, configured: &str) -> Option<String> {
        let moved = self.lessons.get(channel)?.moved.as_ref()?;
        (moved.from == configured).then(|| moved.to.clone())
    }

    /// Seconds for which the channel asked not to be used.
    pub(crate) fn paused(&self, channel: &str, now: &Now) -> Option<f64> {
        let remaining = self.lessons.get(channel)?.pause.as_ref()?.remaining(now);
        (remaining > 0.0).then_some(remaining)
    }

    pub(crate) fn moved(
        &mut self,
        store: &dyn Store,
        channel: &str,
        from: &str,
        to: &str,
    ) -> Result<(), String> {
        self.lesson(channel).moved = Some(Moved { from: from.to_owned(), to: to.to_owned() });
        self.save(store)
    }

    pub(crate) fn pause(&mut self, store: &dyn Store, channel: &str, due: Due) -> Result<(), String> {
        self.lesson(channel).pause = Some(due);
        self.save(store)
    }

    /// Whether it is news that these receivers were refused, while others were not.
    pub(crate) fn misses(&self, channel: &str, who: Option<&str>) -> bool {
        self.lessons.get(channel).and_then(|lesson| lesson.missed.as_deref()) != who
    }

    pub(crate) fn missed(
        &mut self,
        store: &dyn Store,
        channel: &str,
        who: Option<&str>,
    ) -> Result<(), String> {
        self.lesson(channel).missed = who.map(str::to_owned);
        self.save(store)
    }

    fn lesson(&mut self, channel: &str) -> &mut Lesson {
        self.lessons.entry(channel.to_owned()).or_default()
    }

    fn save(&mut self, store: &dyn Store) -> Result<(), String> {
        let content = Content { v: 1, channels: self.lessons.clone() };
        let mut text = serde_json::to_string_pretty(&content).expect("strings and finite numbers are JSON");
        text.push('\n');
        let saved = store.replace(&self.path, text.as_bytes(), Secrecy::Shared);
        self.unsaved = saved.is_err();
        saved.map_err(|error| format!("{} cannot be written: {error}", self.path.display()))
    }
}

fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Lesson>, String> {
    let object = json::object(bytes)?;
    let content: Content =
        serde_json::from_value(object.into()).map_err(|error| format!("is malformed: {error}"))?;
    if content.v == 1 {
        Ok(content.channels)
    } else {
        Err(format!("has \"v\":{}; this version knows 1", content.v))
    }
}
