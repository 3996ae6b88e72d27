//! What people and the rotation of logs do.

use std::path::{Path, PathBuf};

use holdfast::Exit;
use holdfast::sys::Store as _;
use tlog::FileName;

use super::world::{KEYS, World};
use crate::context::{Chosen, Context};
use crate::seal::Sealer;
use crate::{rekey, sealing};

impl World {
    /// logrotate does its work: the log gets another name, and whoever writes next makes a new one.
    pub(super) fn rename(&self) {
        let log = self.log.path();
        // What was renamed before the log was begun never belonged to it.
        let is_begun = self.remembered().iter().any(|path| self.host.durable(path).is_some());
        if !is_begun || self.host.peek(&log).is_none_or(|bytes| bytes.is_empty()) {
            return;
        }
        let name = {
            let mut state = self.state();
            let name = format!("decisions.jsonl-{:02}", state.renamed.len());
            state.renamed.push(name.clone());
            name
        };
        self.note(|| format!("the log is {name} now"));
        self.host.rename(&log, &self.log.dir.join(name));
    }

    /// A person sees that a line was torn, and ends it.
    pub(super) fn end_torn_lines(&self) {
        let names = self.state().renamed.clone();
        let process = self.host.process("setup");
        for path in names.iter().map(|name| self.log.dir.join(name)).chain([self.log.path()]) {
            if self.host.peek(&path).is_some_and(|bytes| !bytes.is_empty() && !bytes.ends_with(b"\n")) {
                process.append(&path, "").expect("ended");
            }
        }
    }

    /// A person says which files were the log, in case the sealer cannot see it.
    pub(super) fn name_renamed(&self) {
        // One that was never durable may be gone.
        let mut names = self.state().renamed.clone();
        names.retain(|name| self.host.peek(&self.log.dir.join(name)).is_some());
        let closed: Vec<FileName> = names.iter().filter_map(|name| FileName::new(name).ok()).collect();
        // Nothing was renamed, or nobody can say yet what it was.
        let is_begun = self.host.peek(&self.log.in_sidecar("chain")).is_some();
        if closed.is_empty() || !is_begun {
            return;
        }
        let exit = self.as_sealer(|context, chosen| {
            let (sealed, full) = sealing::seal(context, chosen, |sealer, signer| {
                Sealer { closed: &closed, guard: sealer.guard.clone(), ..*sealer }.seal(signer)
            });
            sealing::finish(context, &chosen.log, sealed, full)
        });
        self.judge("rotate", exit);
    }

    pub(super) fn change_key(&self) {
        let next = self.state().key + 1;
        let is_begun = self.host.peek(&self.log.in_sidecar("chain")).is_some();
        let Some(path) = KEYS.get(next).filter(|_| is_begun) else { return };
        self.state().rekeying = true;
        let exit = self.as_sealer(|context, chosen| rekey::one(Path::new(path), context, chosen));
        // Something else may wait for a person.
        self.judge("rekey", exit.map(|exit| if exit == Exit::Unsealed { Exit::Ok } else { exit }));
        let signer = self.host.peek(&self.log.in_sidecar("signer")).unwrap_or_default();
        if signer == format!("{path}\n").as_bytes() {
            let mut state = self.state();
            (state.key, state.rekeying) = (next, false);
        }
    }

    pub(super) fn as_sealer(&self, work: impl FnOnce(&Context<'_>, &Chosen) -> Exit) -> Option<Exit> {
        let key = PathBuf::from(KEYS[self.state().key]);
        self.host.run("sealer", |process| {
            let sys = process.sys();
            let context = Context { threads: 1, ..Context::new(&sys, None, false) };
            let chosen = Chosen { log: self.log.clone(), key: Some(key), configured: true };
            work(&context, &chosen)
        })
    }
}
