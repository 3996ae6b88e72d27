//! A key that signs where another one should.

use tlog::Note;
use tlog::note::MemoryKey;

use super::{LOG, ORIGIN, Scene};
use crate::shell::log::note_key;

/// A log whose key was changed between two anchors, unpacked; the auditor knows both keys.
fn changed() -> Scene {
    let scene = Scene::new();
    let world = &scene.world;
    world.anchor().ends(0);
    world.sh("ssh-keygen -q -t ed25519 -N '' -f key2");
    world.run(&["rekey", LOG, "--key", "../key", "--new-key", "../key2"]).ends(0);
    let config = world.read("root/holdfast.toml");
    world.write("root/holdfast.toml", &config.replacen("../key\"", "../key2\"", 1));
    let lines = ["key.pub", "key2.pub"].map(|name| format!("desk@example.com {}", world.read(name)));
    world.write("allowed_signers", &lines.concat());
    world.grow("{\"n\":4}");
    // Nobody told the witness of the new key.
    let ran = world.anchor().ends(69);
    assert!(ran.out.contains("takes no signature of this log's key"), "{}", ran.out);
    scene.packed();
    world.unpack();
    scene
}

impl crate::world::World {
    /// Signs a note in the unpacked pack anew.
    fn sign_note(&self, file: &str, keys: &mut [MemoryKey]) {
        let name = format!("x/data/log/{LOG}.audit/{file}");
        let note = Note::parse(self.read(&name).as_bytes()).unwrap();
        let mut keys: Vec<_> = keys.iter_mut().map(|key| key as _).collect();
        self.write(&name, &Note::sign(note.text(), &mut keys).unwrap().to_string());
    }
}

#[test]
fn a_key_signs_on_its_own_side_of_the_change_only() {
    let scene = changed();
    scene.judged("x.tar", 0, "UNCHANGED", "UNCHANGED");
    let world = &scene.world;
    let (before, after) = ("anchors/00000000000000000002", "anchors/00000000000000000005");
    let files = |folder: &str| ["chain", "checkpoint"].map(|file| format!("{folder}{file}"));
    // Whose notes, and which key signs them: the old one what came after, the new one what was before.
    for (folder, key) in [("", "key"), (&*format!("{after}/"), "key"), (&*format!("{before}/"), "key2")] {
        for file in files(folder) {
            world.sh("rm -rf x; tar -xf x.tar");
            world.sign_note(&file, &mut [note_key(world, key, ORIGIN)]);
            world.remake("key2");
            scene.judged_by(super::Nobody, "y.tar", 1, "unsigned", "its key has not signed it");
        }
    }
    // The change itself is signed by both.
    for key in ["key", "key2"] {
        world.sh("rm -rf x; tar -xf x.tar");
        world.sign_note("keys/00000000000000000003", &mut [note_key(world, key, ORIGIN)]);
        world.remake("key2");
        scene.judged_by(super::Nobody, "y.tar", 1, "unsigned", "its key has not signed it");
    }
}
