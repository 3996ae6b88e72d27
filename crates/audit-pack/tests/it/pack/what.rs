//! What is packed of a log that grows, and of a host.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use super::world::{World, run, try_run};

/// Tells a writer to end, also when a test fails meanwhile.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_log_that_grows_is_packed_up_to_its_last_seal() {
    const LINES_MAX: u32 = 20_000;
    let world = World::new();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _ends = Ends(&done);
        scope.spawn(|| {
            for n in 0..LINES_MAX {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                // Torn for a moment, as simple writers leave their lines.
                world.append(
                    "root/memory/decisions.jsonl",
                    &format!("{{\"n\":{n},\"pad\":\"{}\"}}", "x".repeat(500)),
                );
                world.append("root/memory/decisions.jsonl", "\n");
            }
        });
        let mut before = 0;
        for _ in 0..4 {
            world.pack();
            let packed = world.packed("data/log/memory/decisions.jsonl").unwrap();
            let whole = fs::read(world.path("root/memory/decisions.jsonl")).unwrap();
            assert!(packed.ends_with(b"\n") && whole.starts_with(&packed));
            let fact = &world.facts()["logs"][0];
            assert_eq!(fact["bytes"], packed.len());
            assert_eq!(fact["lines"], packed.split(|byte| *byte == b'\n').count() - 1);
            assert!(packed.len() >= before);
            before = packed.len();
            let x = world.unpack();
            run("sha256sum", &["--strict", "--quiet", "-c", "manifest-sha256.txt"], &x);
            fs::remove_dir_all(x).unwrap();
        }
    });
}

/// The unpacked log is a sealed log like the one that was packed.
#[test]
fn what_was_packed_is_a_sealed_log_again() {
    let world = World::new();
    for n in 0..3000 {
        world.append("root/memory/decisions.jsonl", &format!("{{\"n\":{n}}}\n"));
    }
    world.pack();
    world.append("root/memory/decisions.jsonl", "{\"late\":true}\n");
    world.run(&["pack", "--no-seal", "-o", "../x.tar"]).ends(0);
    assert_eq!(world.facts()["logs"][0]["unsealed_bytes"], 14);
    let x = world.unpack();
    let log = x.join("data/log/memory/decisions.jsonl");
    let key = world.path("key");
    let ran = try_run(
        env!("CARGO_BIN_EXE_audit-pack"),
        &["check", log.to_str().unwrap(), "--deep", "--key", key.to_str().unwrap()],
        &world.path(""),
    );
    assert!(ran.code == 0 && ran.out.contains("3003 lines"), "{} {}", ran.out, ran.err);
    let source = x.join("data/source/watchdog");
    let digest = run("sh", &["-c", "find * -type f | LC_ALL=C sort | xargs sha256sum | sha256sum"], &source);
    assert!(digest.starts_with(world.facts()["watchdog"]["packed"].as_str().unwrap()), "{digest}");
    for file in ["crates/watchdog/src/main.rs", "crates/holdfast/Cargo.toml", "Cargo.lock"] {
        assert!(source.join(file).is_file(), "{file}");
    }
}

#[test]
fn the_facts_say_who_owned_what_and_which_programs_are_here() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let world = World::new();
    let beat = world.path("root/data/heartbeat.json");
    fs::set_permissions(&beat, fs::Permissions::from_mode(0o640)).unwrap();
    let digest = "ab".repeat(32);
    world.write("root/data/watchdog.json", &format!("{{\"v\":1,\"source\":\"{digest}\"}}"));
    world.pack();
    let facts = world.facts();
    let files = facts["files"].as_array().unwrap();
    let fact = files.iter().find(|fact| fact["source"] == "data/heartbeat.json").unwrap();
    let meta = fs::metadata(&beat).unwrap();
    assert_eq!(fact["path"], "data/state/heartbeat.json");
    assert_eq!((&fact["uid"], &fact["gid"]), (&meta.uid().into(), &meta.gid().into()));
    assert_eq!(
        (&fact["mode"], &fact["size_before"], &fact["size_after"]),
        (&"0640".into(), &meta.len().into(), &meta.len().into())
    );
    assert_eq!(facts["watchdog"]["running"], digest.as_str());
    assert_eq!(facts["watchdog"]["agree"], false);
    let ours =
        facts["programs"].as_array().unwrap().iter().find(|program| program["name"] == "audit-pack").unwrap();
    let sum = run("sha256sum", &[env!("CARGO_BIN_EXE_audit-pack")], &world.path(""));
    assert!(sum.starts_with(ours["sha256"].as_str().unwrap()));
    assert!(
        !world.packed_text("data/host/facts.json").contains(world.dir.path().to_str().unwrap()),
        "no path of this machine"
    );
}

#[test]
fn logs_outside_and_absent_ones_are_told_apart() {
    let world = World::new();
    world.write("elsewhere/trades.jsonl", "{\"t\":1}\n");
    let config = format!(
        "[audit]\nkey = \"../key\"\nlogs = [\"memory/decisions.jsonl\", \"{}\", \"memory/never.jsonl\"]\n",
        world.path("elsewhere/trades.jsonl").display()
    );
    world.write("root/holdfast.toml", &config);
    world.pack();
    assert_eq!(world.packed_text("data/log/outside/trades.jsonl"), "{\"t\":1}\n");
    assert!(world.packed("data/log/outside/trades.jsonl.audit/SEALS").is_some());
    assert!(!world.paths().iter().any(|path| path.contains("never")));
}

#[test]
fn the_newest_drill_report_is_packed() {
    let world = World::new();
    for (name, age) in [("old", 9), ("new", 1)] {
        for ending in ["json", "txt"] {
            let file = format!("root/data/drill/{name}.{ending}");
            world.write(&file, &format!("{name}\n"));
            run("touch", &["-d", &format!("2026-01-0{} 00:00", 10 - age), &file], &world.path(""));
        }
    }
    world.pack();
    assert_eq!(world.packed_text("data/drill/new.txt"), "new\n");
    assert!(world.packed("data/drill/new.json").is_some() && world.packed("data/drill/old.json").is_none());
}
