//! Stock tools, and the pack's own instructions.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::world::{World, run, try_run};

const NAMESPACES: [(&str, &str, &str); 2] = [
    ("pack@holdfast", "x.tar.sig", "x.tar"),
    ("manifest@holdfast", "x/tagmanifest-sha256.txt.sig", "x/tagmanifest-sha256.txt"),
];

fn ssh_keygen_accepts(folder: &Path, (namespace, signature, file): (&str, &str, &str)) -> bool {
    let mut command = Command::new("ssh-keygen");
    command.args([
        "-Y",
        "verify",
        "-f",
        "allowed_signers",
        "-I",
        "desk@example.com",
        "-n",
        namespace,
        "-s",
        signature,
    ]);
    command
        .current_dir(folder)
        .stdin(fs::File::open(folder.join(file)).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().unwrap().success()
}

#[test]
fn ssh_keygen_tar_sha256sum_and_bagit_take_it_and_refuse_a_changed_one() {
    let world = World::new();
    world.pack();
    let x = world.unpack();
    for signed in NAMESPACES {
        assert!(ssh_keygen_accepts(&world.path(""), signed), "{signed:?}");
    }
    let listed = |program| run(program, &["-tf", "x.tar"], &world.path(""));
    assert_eq!(listed("tar"), listed("bsdtar"));
    let other = world.path("other");
    fs::create_dir(&other).unwrap();
    run("bsdtar", &["-xf", "../x.tar"], &other);
    run("diff", &["-r", "x", "other/x"], &world.path(""));
    let sums = ["--strict", "-c", "manifest-sha256.txt", "tagmanifest-sha256.txt"];
    run("sha256sum", &sums, &x);
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let script = top.join("scripts/install-test-tools.sh");
    let python = run(script.to_str().unwrap(), &["--bagit-python"], &top);
    let bagit = ["-c", "import bagit; bagit.Bag('x').validate()"];
    run(python.trim_end(), &bagit, &world.path(""));

    fs::write(x.join("data/log/memory/decisions.jsonl"), "{\"n\":1}\n{\"n\":9}\n{\"n\":3}\n").unwrap();
    assert_ne!(try_run("sha256sum", &sums, &x).code, 0);
    assert_ne!(try_run(python.trim_end(), &bagit, &world.path("")).code, 0);
    for (_, _, file) in NAMESPACES {
        let path = world.path(file);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    for signed in NAMESPACES {
        assert!(!ssh_keygen_accepts(&world.path(""), signed), "{signed:?}");
    }
}

/// The shell of VERIFY.md, run as it stands there, in the folder with the tar.
fn follow_the_instructions(world: &World, skip: usize) -> (bool, String) {
    let text = world.packed_text("VERIFY.md");
    let blocks =
        text.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```").map(|(block, _)| block));
    let script: String = blocks.skip(skip).collect();
    let script = if skip > 0 { format!("cd x\n{script}") } else { script };
    let mut command = Command::new("sh");
    command.args(["-euc", &script]).current_dir(world.path("")).env("signer", "desk@example.com");
    let output = command.output().unwrap();
    assert_eq!(output.status.signal(), None);
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

#[test]
fn its_own_instructions_can_be_followed() {
    let world = World::new();
    world.pack();
    // More than one seal, a second log, and an unsealed line.
    for n in 4..8 {
        world.append("root/memory/decisions.jsonl", &format!("{{\"n\":{n}}}\n"));
        world.run(&["seal"]).ends(0);
    }
    world.write("root/memory/journal.jsonl", "{\"kind\":\"x\"}\n");
    world.pack();
    let (good, said) = follow_the_instructions(&world, 0);
    assert!(good, "{said}");
    assert!(
        said.contains("decisions.jsonl: 6 lines of SEALS and 56 bytes are as they were signed"),
        "{said}"
    );
    assert!(said.contains("journal.jsonl: 2 lines of SEALS and 13 bytes are as they were signed"), "{said}");
    let x = world.path("x");
    fs::remove_dir_all(&x).unwrap();

    // The logs alone, as if the manifests had been made anew by a forger.
    for (file, old, new, what) in [
        ("decisions.jsonl", "{\"n\":5}", "{\"n\":6}", "seal 3: bytes 32 to 40 are not what was sealed"),
        ("decisions.jsonl.audit/SEALS", "s1 3 ", "s1 4 ", "line 4 of SEALS is not what it was"),
        ("decisions.jsonl.audit/chain", "\n6\n", "\n7\n", "chain is over another number of lines"),
        ("decisions.jsonl.audit/chain", "example.com", "example.org", "its key has not signed chain"),
    ] {
        let x = world.unpack();
        let path = x.join("data/log/memory").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{text}");
        fs::write(&path, text.replacen(old, new, 1)).unwrap();
        let (good, said) = follow_the_instructions(&world, 2);
        assert!(!good && said.contains(what), "{what}: {said}");
        fs::remove_dir_all(&x).unwrap();
    }
}

/// The worked example of the format, which was rotated and got another key.
#[test]
fn a_rotated_log_is_packed_with_its_closed_files() {
    let format = include_str!("../../../../../audit/FORMAT.md");
    let block = |name: &str| {
        let (_, rest) = format.split_once(&format!("```text {name}\n")).unwrap();
        rest.split_once("```").unwrap().0
    };
    let world = World::new();
    for log in ["decisions-2026-10.jsonl", "decisions.jsonl"] {
        world.write(&format!("root/memory/{log}"), block(log));
    }
    let sidecar = "root/memory/decisions.jsonl.audit";
    for file in ["SEALS", "checkpoint", "chain"] {
        world.write(&format!("{sidecar}/{file}"), block(file));
    }
    let digit = |c: char| c.to_digit(16).unwrap() as u8;
    let leaves: Vec<char> = block("leaves").chars().filter(|c| !c.is_whitespace()).collect();
    let tile: Vec<u8> = leaves.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
    fs::create_dir_all(world.path(&format!("{sidecar}/tile/0/000.p"))).unwrap();
    fs::write(world.path(&format!("{sidecar}/tile/0/000.p/5")), &tile).unwrap();
    world.write(&format!("{sidecar}/keys/00000000000000000005"), block("chain"));
    for file in ["signer", "reserve", "outbox/1"] {
        world.write(&format!("{sidecar}/{file}"), "x\n");
    }
    world.append("root/memory/decisions-2026-10.jsonl", "{\"late\":1}\n");
    world.run(&["pack", "--no-seal", "-o", "../x.tar"]).ends(0);
    assert_eq!(
        world.packed_text("data/log/memory/decisions-2026-10.jsonl"),
        block("decisions-2026-10.jsonl")
    );
    assert_eq!(world.packed_text("data/log/memory/decisions.jsonl"), block("decisions.jsonl"));
    let inside = |file: &str| world.packed(&format!("data/log/memory/decisions.jsonl.audit/{file}"));
    assert_eq!(inside("tile/0/000.p/5").unwrap(), tile);
    assert_eq!(inside("keys/00000000000000000005").unwrap(), block("chain").as_bytes());
    for file in ["signer", "reserve", "lock", "outbox/1"] {
        assert!(inside(file).is_none(), "{file}");
    }
    let (good, said) = follow_the_instructions(&world, 0);
    assert!(good && said.contains("5 lines of SEALS and 111 bytes"), "{said}");
}

#[test]
fn the_instructions_are_these() {
    let world = World::new();
    world.pack();
    let key = run("ssh-keygen", &["-l", "-f", "key.pub"], &world.path(""));
    let fingerprint = key.split(' ').nth(1).unwrap();
    let text = world.packed_text("VERIFY.md");
    assert!(text.contains(fingerprint), "{text}");
    insta::assert_snapshot!(text.replace(fingerprint, "SHA256:…"));
}
