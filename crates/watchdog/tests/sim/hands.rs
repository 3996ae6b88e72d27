//! People who edit, restore and delete files with their own hands.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use holdfast::sys::{Secrecy, Store};

use crate::world::World;

impl World {
    /// A person's editor: whole files, as editors write them.
    pub(crate) fn edit(&self, path: &Path, bytes: &[u8]) {
        self.note(|| format!("hand: {} = {}", path.display(), String::from_utf8_lossy(bytes)));
        let hand = self.host.process("hand");
        let done = if self.chance(0.5) {
            hand.overwrite(path, bytes)
        } else {
            hand.replace(path, bytes, Secrecy::Shared)
        };
        if let Err(error) = done {
            assert_eq!(error.kind(), ErrorKind::StorageFull, "the hand is never hindered otherwise");
        }
    }

    pub(crate) fn edit_green(self: &Arc<Self>) {
        let face = self.host.peek(&self.root.circuit());
        let text = match face.and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(text) if self.chance(0.5) => text.replace("\"paused\":true", "\"paused\":false"),
            _ => "{\"paused\": false}".to_owned(),
        };
        self.edit(&self.root.circuit(), text.as_bytes());
    }

    pub(crate) fn edit_paused(self: &Arc<Self>) {
        let text = self
            .pick(&["{\"paused\": true}", "{\"paused\": true, \"mode\": \"reduce\", \"reason\": \"lunch\"}"]);
        self.edit(&self.root.circuit(), text.as_bytes());
    }

    pub(crate) fn edit_broken(self: &Arc<Self>) {
        let text =
            self.pick(&["", "{", "{\"paused\": \"no\"}", "{\"paused\": false, \"v\": 2}", "[]", "\0\0\0"]);
        self.edit(&self.root.circuit(), text.as_bytes());
    }

    /// An older copy of the face comes back; now and then a copy is made.
    pub(crate) fn restore(self: &Arc<Self>) {
        let copy = {
            let mut state = self.state();
            let copies = state.copies.clone();
            if copies.is_empty() || state.rng.chance(0.3) {
                None
            } else {
                Some(state.rng.pick(&copies).clone())
            }
        };
        if let Some(copy) = copy {
            self.restore_face(&copy);
        } else {
            let face = self.host.peek(&self.root.circuit());
            self.state().copies.extend(face);
        }
    }

    /// A copy that knows the ledger is no decision of a person, whatever it says of trips that it does not know.
    fn restore_face(&self, copy: &[u8]) {
        let edited = self.state().edited;
        let knows =
            serde_json::from_slice::<serde_json::Value>(copy).is_ok_and(|face| face["trips"].is_u64());
        self.edit(&self.root.circuit(), copy);
        if knows {
            let mut state = self.state();
            state.edited = edited;
            // A face that knows the length of another ledger than this one: only the watchdog's memory knows better.
            let all: Vec<String> =
                state.trips.iter().map(|(id, _)| id.clone()).filter(|_| state.rewritten).collect();
            state.lifted.extend(all);
            if state.rewritten {
                state.foreign = state.seq;
            }
        }
    }

    pub(crate) fn restore_ledger(self: &Arc<Self>) {
        let copy = {
            let mut state = self.state();
            let copies = state.ledger_copies.clone();
            if copies.is_empty() || state.rng.chance(0.5) {
                None
            } else {
                Some(state.rng.pick(&copies).clone())
            }
        };
        if let Some(copy) = copy {
            self.restore_ledger_from(&copy);
        } else {
            let ledger = self.host.peek(&self.root.ledger());
            self.state().ledger_copies.extend(ledger);
        }
    }

    fn restore_ledger_from(&self, copy: &[u8]) {
        self.edit(&self.root.ledger(), copy);
        // A full disk leaves less than was meant.
        let left = self.host.peek(&self.root.ledger()).unwrap_or_default();
        let text = String::from_utf8_lossy(&left);
        let belongs = self.is_green();
        let mut state = self.state();
        let cut: Vec<String> =
            state.trips.iter().map(|(id, _)| id).filter(|id| !text.contains(*id)).cloned().collect();
        // A face that agrees with just this ledger, or none beside an empty one: only the watchdog's memory knows
        // better.
        if belongs { &mut state.lifted } else { &mut state.cut }.extend(cut);
        state.rewritten = true;
    }

    /// The face is deleted. Without its ledger that would be a new root.
    pub(crate) fn delete(self: &Arc<Self>) {
        self.note(|| "hand: deletes data/circuit.json".to_owned());
        let edited = self.state().edited;
        self.host.process("hand").remove(&self.root.circuit()).expect("the hand is never hindered");
        self.state().edited = edited;
    }
}
