//! Threads for what can hang: nobody waits for one, and there are never two of one name.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Alive;
use crate::events::Wake;

/// So many results wait for whoever takes them.
const WAITING: usize = 1024;

/// At work, and what came of it.
pub(crate) struct Crew<T> {
    sender: SyncSender<T>,
    results: Receiver<T>,
    /// Who is to be woken by a result; without it, somebody waits.
    wake: Option<SyncSender<Wake>>,
    /// A thread that is stuck beyond its deadline still counts: it is not joined by a second one.
    working: BTreeMap<String, Weak<()>>,
}

/// Where a thread of the crew leaves what came of its work.
struct Post<T> {
    sender: SyncSender<T>,
    wake: Option<SyncSender<Wake>>,
}

impl<T> Post<T> {
    fn leave(&self, result: T, alive: Alive) {
        // Nobody listens to a watchdog that has ended.
        let _ = self.sender.send(result);
        drop(alive);
        if let Some(wake) = &self.wake {
            let _ = wake.try_send(Wake);
        }
    }
}

impl<T: Send + 'static> Crew<T> {
    pub(crate) fn new(wake: Option<SyncSender<Wake>>) -> Self {
        let (sender, results) = sync_channel(WAITING);
        Self { sender, results, wake, working: BTreeMap::new() }
    }

    /// Somebody waits for the results.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.wake.is_none()
    }

    pub(crate) fn is_at(&self, name: &str) -> bool {
        self.working.get(name).is_some_and(|alive| alive.strong_count() > 0)
    }

    /// Begins `work` in a thread of its own; the error is that none was to be had.
    pub(crate) fn begin(
        &mut self,
        name: &str,
        work: impl FnOnce(&Alive) -> T + Send + 'static,
    ) -> std::io::Result<()> {
        let alive: Alive = Arc::new(());
        self.working.insert(name.to_owned(), Arc::downgrade(&alive));
        let post = Post { sender: self.sender.clone(), wake: self.wake.clone() };
        let act = move || {
            let result = work(&alive);
            post.leave(result, alive);
        };
        std::thread::Builder::new().name("beside".to_owned()).spawn(act).map(drop)
    }

    /// What has come.
    pub(crate) fn come(&self) -> Vec<T> {
        self.results.try_iter().collect()
    }

    /// The next that comes within `patience`.
    pub(crate) fn next_within(&self, patience: Duration) -> Option<T> {
        self.results.recv_timeout(patience).ok()
    }
}
