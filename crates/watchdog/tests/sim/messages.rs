//! What the watchdog keeps to tell, and whether anybody hears of it (**no-silent-alert**).

use std::collections::BTreeMap;

use holdfast::sys::Clock as _;
use serde_json::Value;

use crate::world::World;

impl World {
    /// The messages that wait in the watchdog's memory, as readers find it: id, text, and when they were made.
    pub(crate) fn unstored(&self) -> BTreeMap<String, (String, f64)> {
        let memory = self.host.peek(&self.root.watchdog()).unwrap_or_default();
        let memory = serde_json::from_slice::<Value>(&memory).unwrap_or_default();
        let all = memory["unstored"].as_array().into_iter().flatten();
        let text = |message: &Value, key: &str| message[key].as_str().unwrap_or_default().to_owned();
        let at = |message: &Value| message["at"].as_f64().unwrap_or_default();
        all.map(|message| (text(message, "id"), (text(message, "text"), at(message)))).collect()
    }

    /// The watchdog has written its memory: what it lets go of is durable in the outbox, or somebody has heard it.
    pub(crate) fn no_silent_alert(&self) {
        // What nobody took for a day has expired, and that is told. Nearly: the clock may have drifted.
        const EXPIRED: f64 = 80_000.0;
        let now = self.host.clock.now().wall;
        let waiting = self.unstored();
        let before = std::mem::replace(&mut self.state().waiting, waiting.clone());
        let gone = before.iter().filter(|(id, _)| !waiting.contains_key(*id));
        for (id, (text, _)) in gone.filter(|(_, (_, at))| (now - at).abs() < EXPIRED) {
            let entry = self.root.outbox().join(format!("{id}.json"));
            if self.host.durable(&entry).is_none() && !self.state().told.contains(text.as_str()) {
                self.breaks("no-silent-alert", format!("message {id} is let go of before it is stored"));
            }
        }
    }

    /// What is durable of the incidents must reach somebody.
    pub(crate) fn remember_what_must_be_told(&self) {
        let Some(Ok(memory)) =
            self.host.durable(&self.root.watchdog()).map(|bytes| serde_json::from_slice::<Value>(&bytes))
        else {
            return;
        };
        let ids = |list: &str, key: &str| -> Vec<String> {
            let each = memory[list].as_array().cloned().unwrap_or_default();
            each.iter().flat_map(|each| text_of(&each[key])).collect()
        };
        let found: Vec<String> =
            ids("incidents", "id").into_iter().chain(ids("unstored", "incidents")).collect();
        self.state().must_tell.extend(found);
    }
}

fn text_of(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(text_of).collect(),
        _ => Vec::new(),
    }
}
