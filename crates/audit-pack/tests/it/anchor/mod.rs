//! Anchors, with a witness, an authority and a store of other people's making.

mod crosswise;
mod forged;
mod import;
mod odd;
pub(crate) mod peers;
mod stamps;
mod stores;
mod witness;
mod words;

use crate::world::{Ran, World};

pub(crate) const LOG: &str = "memory/decisions.jsonl";
pub(crate) const SIDECAR: &str = "root/memory/decisions.jsonl.audit";
const ORIGIN: &str = "example.com/bot1/decisions";

/// A root whose only log is sealed, and in whose configuration these anchors stand.
fn world(anchors: &str) -> World {
    let world = World::new();
    configure(&world, anchors);
    world.run(&["seal"]).ends(0);
    world
}

fn configure(world: &World, anchors: &str) {
    let text =
        format!("[audit]\nkey = \"../key\"\norigin = \"example.com/bot1\"\nlogs = [\"{LOG}\"]\n{anchors}");
    world.write("root/holdfast.toml", &text);
}

impl World {
    /// Writes a line and seals it.
    fn grow(&self, line: &str) {
        self.append(&format!("root/{LOG}"), &format!("{line}\n"));
        self.run(&["seal"]).ends(0);
    }

    fn anchor(&self) -> Ran {
        self.run(&["anchor", "--now"])
    }

    /// Packs, and verifies as somebody who knows the signer.
    fn packed_and_verified(&self, policy: &[&str]) -> Ran {
        self.pack();
        let mut arguments = vec!["verify", "../x.tar", "--allowed-signers", "../allowed_signers"];
        arguments.extend(["--signer", "desk@example.com"]);
        arguments.extend(policy);
        self.run(&arguments)
    }

    /// The verifier key of the log.
    fn vkey(&self) -> String {
        let seals = self.read(&format!("{SIDECAR}/SEALS"));
        seals.split_whitespace().nth(3).unwrap().to_owned()
    }

    /// Everything of the log, to be put back later.
    fn snapshot(&self) -> Snapshot {
        let copy = tempfile::tempdir().unwrap();
        let to = copy.path().to_str().unwrap();
        crate::world::run("cp", &["-a", "root/memory", "key.signed", to], &self.path(""));
        Snapshot(copy)
    }

    /// As an operator does it who has the key: the log, its sidecar and what is remembered beside the key.
    fn put_back(&self, snapshot: &Snapshot) {
        for name in ["root/memory", "key.signed"] {
            std::fs::remove_dir_all(self.path(name)).unwrap();
        }
        let from = snapshot.0.path().to_str().unwrap();
        crate::world::run("cp", &["-a", &format!("{from}/memory"), "root/"], &self.path(""));
        crate::world::run("cp", &["-a", &format!("{from}/key.signed"), "."], &self.path(""));
    }

    /// Writes the whole history anew with the key, and leaves the anchors of the true one.
    fn rewrite(&self, lines: &[&str]) {
        let anchors = self.path(&format!("{SIDECAR}/anchors"));
        let aside = self.path("anchors.aside");
        std::fs::rename(&anchors, &aside).unwrap();
        std::fs::remove_dir_all(self.path(SIDECAR)).unwrap();
        std::fs::remove_dir_all(self.path("key.signed")).unwrap();
        std::fs::remove_file(self.path(&format!("root/{LOG}"))).unwrap();
        for line in lines {
            self.append_new(line);
            self.run(&["seal"]).ends(0);
        }
        std::fs::rename(&aside, &anchors).unwrap();
    }

    fn append_new(&self, lines: &str) {
        use std::io::Write;
        let path = self.path(&format!("root/{LOG}"));
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(lines.as_bytes()).unwrap();
    }
}

struct Snapshot(tempfile::TempDir);
