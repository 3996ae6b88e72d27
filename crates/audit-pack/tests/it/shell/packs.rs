//! Packs that are right, changed, forged and hostile: the exit code is that of `audit-pack verify`.

use std::fs;

use super::lands::{Land, Lands};
use super::log::Log;
use crate::hostile_tars::{foreign, tricks};
use crate::verify::forged::{CASES, made};
use crate::verify::hostile::FOLDERS;
use crate::verify::signers;
use crate::world::{World, run};

const KNOWN: [&str; 2] = ["allowed_signers", "desk@example.com"];

/// Both say the same of a pack.
#[track_caller]
fn agrees(land: &Land, world: &World, pack: &str, code: i32, story: &str) -> String {
    let ours = world.verify(pack, &crate::verify::KNOWN);
    assert_eq!(ours.code, code, "{story}: {}{}", ours.out, ours.err);
    let ran = land.verify(&[&[pack][..], &KNOWN].concat(), &world.path(""));
    assert_eq!(ran.code, code, "{}: {story}: {pack}\n{}{}", land.name, ran.out, ran.err);
    ran.out
}

#[test]
fn a_good_pack_is_unchanged_in_every_land() {
    let world = World::new();
    for n in 4..8 {
        world.append("root/memory/decisions.jsonl", &format!("{{\"n\":{n}}}\n"));
        world.run(&["seal"]).ends(0);
    }
    // Any bytes: no LF for long, NUL, none.
    let mut odd = vec![b'x'; 2_500_000];
    odd.extend_from_slice(b"\0\xff\n\n\0\n");
    fs::write(world.path("root/memory/journal.jsonl"), odd).unwrap();
    world.pack();
    world.unpack();
    for land in Lands::new().all() {
        for pack in ["x.tar", "x", "./x/"] {
            let out = agrees(land, &world, pack, 0, "good");
            assert!(out.contains("decisions.jsonl: "), "{out}");
        }
        let out = land.verify(&["x.tar", "allowed_signers"], &world.path("")).ends(0).out;
        insta::assert_snapshot!("a-good-pack", crate::verify::words::redacted(&out));
    }
}

#[test]
fn what_was_forged_is_found() {
    let lands = Lands::new();
    for (number, (script, forger, code, _)) in CASES.into_iter().enumerate() {
        let world = made(script, forger);
        for (turn, pack) in ["x", "y.tar"].into_iter().enumerate() {
            let out = agrees(lands.turn(number + turn), &world, pack, code, script);
            assert!(out.contains("CHANGED, or not") == (code == 1), "{script}: {out}");
        }
    }
}

#[test]
fn whose_keys_count_and_when_is_for_the_auditor_to_say() {
    let lands = Lands::new();
    let world = World::new();
    Log::new(&world, false).write("{\"n\":1}\n").seal().pack(&world, "key");
    world.sh("ssh-keygen -q -t ed25519 -N '' -f other");
    for (number, case) in signers::CASES.iter().enumerate() {
        world.write("allowed", &signers::allowed(&world, case));
        let mut arguments = Vec::new();
        arguments.extend(case.time.iter().flat_map(|time| ["--verify-time", *time]));
        for (pack, code) in [("x.tar", case.tar), ("x", case.folder)] {
            let land = lands.turn(number);
            let story = format!("{}: {pack}: {} at {:?}", land.name, case.allowed, case.time);
            let arguments = [&arguments[..], &[pack, "allowed", "desk@example.com"]].concat();
            let ran = land.verify(&arguments, &world.path(""));
            assert_eq!(ran.code, code, "{story}\n{}{}", ran.out, ran.err);
        }
    }
}

/// Two signers whom the auditor knows: neither has signed all of it.
#[test]
fn the_tar_and_the_manifests_are_signed_by_one_key() {
    let world = World::new();
    Log::new(&world, false).pack(&world, "key");
    let lines = ["key.pub", "key2.pub"].map(|name| format!("desk@example.com {}", world.read(name)));
    world.write("allowed_signers", &lines.concat());
    world.sh("rm x.tar.sig; ssh-keygen -q -Y sign -f key2 -n pack@holdfast x.tar 2> /dev/null");
    for land in Lands::new().all() {
        let out = agrees(land, &world, "x.tar", 1, "two keys");
        assert!(out.contains("signed by another key than the tar"), "{out}");
    }
}

#[test]
fn a_key_that_anybody_of_the_file_has_will_do_without_a_name() {
    let world = World::new();
    Log::new(&world, false).pack(&world, "key");
    world.sh("ssh-keygen -q -t ed25519 -N '' -f other");
    let public = world.read("key.pub");
    for (allowed, code) in [
        (format!("a@example.com,b@example.com {public}"), 0),
        (format!("!a@example.com,*@example.com {public}"), 0),
        (format!("a@example.com {}", world.read("other.pub")), 5),
        (String::new(), 5),
    ] {
        world.write("allowed", &allowed);
        for land in Lands::new().all() {
            let ran = land.verify(&["x.tar", "allowed"], &world.path(""));
            assert_eq!(ran.code, code, "{}: {allowed}: {}{}", land.name, ran.out, ran.err);
        }
    }
}

#[test]
fn what_cannot_be_read_ends_with_the_exit_code_of_its_cause() {
    let world = World::new();
    world.pack();
    world.write("broken", "desk@example.com ssh-ed25519 not-base64\n");
    world.sh("mkfifo fifo && ln -s x.tar link && truncate -s 2M long");
    for (arguments, code) in [
        (&["nowhere.tar", "allowed_signers"][..], 64),
        (&["fifo", "allowed_signers"], 64),
        (&["link", "allowed_signers"], 64),
        (&["x.tar"], 64),
        (&["x.tar", "nowhere"], 64),
        (&["x.tar", "fifo"], 64),
        (&["x.tar", "broken"], 65),
        (&["x.tar", "long"], 74),
        (&["--what", "x.tar", "allowed_signers"], 64),
        (&["--tsa-ca", "nowhere", "x.tar", "allowed_signers"], 64),
        (&["--witness", "w", "x.tar", "allowed_signers"], 64),
        (&["--verify-time", "soon", "x.tar", "allowed_signers"], 64),
    ] {
        for land in Lands::new().all() {
            let ran = land.verify(arguments, &world.path("")).ends(code);
            assert!(
                ran.out.is_empty() && ran.err.starts_with("verify.sh: "),
                "{arguments:?}: {}{}",
                ran.out,
                ran.err
            );
        }
    }
    for (make, code) in [
        ("truncate -s 1T x.tar.sig", 74),
        ("mkfifo x.tar.sig", 64),
        ("ln -s /dev/zero x.tar.sig", 64),
        ("echo x > x.tar.sig", 1),
        ("ssh-keygen -q -Y sign -f key -n manifest@holdfast x.tar", 1),
        ("true", 5),
    ] {
        world.sh(&format!("rm -f x.tar.sig; {make}"));
        agrees(Lands::new().turn(0), &world, "x.tar", code, make);
    }
}

/// Nothing is written but below the folder for temporary files, and no odd name comes further than to be refused.
#[test]
fn hostile_tars_are_refused() {
    let lands = Lands::new();
    let world = World::new();
    // By its form, before it is asked what is in it.
    let refuses = |number: usize, reason: &str| {
        let out = agrees(lands.turn(number), &world, "x.tar", 1, reason);
        let says = out.contains("  CHANGED     the tar: ") || out.contains("x.tar: ");
        assert!(says && !out.contains("VERIFY.md: is missing"), "{reason}: {out}");
    };
    for (number, (tar, reason)) in tricks().enumerate() {
        fs::write(world.path("x.tar"), &tar).unwrap();
        refuses(number, reason);
    }
    for (number, (script, reason)) in foreign().enumerate() {
        world.sh(&format!("rm -f x.tar; {script}"));
        refuses(number, reason);
    }
    for (number, make) in [
        ": > x.tar",
        "printf x > x.tar",
        "head -c 512 /dev/zero > x.tar",
        "head -c 1024 /dev/zero > x.tar",
        "truncate -s 100G x.tar",
        "yes | head -c 100000 > x.tar",
        "cp /bin/true x.tar",
    ]
    .into_iter()
    .enumerate()
    {
        world.sh(&format!("rm -f x.tar; {make}"));
        refuses(number, make);
    }
}

#[test]
fn hostile_folders_are_refused() {
    let lands = Lands::new();
    for (number, (make, _)) in FOLDERS.into_iter().enumerate() {
        let world = World::new();
        let script = format!(
            "mkdir -p x.tar/data/state x.tar/data/log/d.jsonl.audit; touch x.tar/data/log/d.jsonl.audit/SEALS x.tar/data/state/a; {make}"
        );
        world.sh(&script);
        let out = agrees(lands.turn(number), &world, "x.tar", 1, make);
        assert!(!out.contains('\u{1b}'), "{out}");
        // By what is in it, or else by what is missing.
        assert_eq!(out.contains("VERIFY.md: is missing"), number >= 8, "{make}: {out}");
    }
}

/// A shell takes no harm from where things lie.
#[test]
fn odd_places_do_no_harm() {
    let world = World::new();
    Log::new(&world, false).pack(&world, "key");
    let odd = world.path("-odd $(touch harm) 'a' \"b\" \\n *");
    fs::create_dir(&odd).unwrap();
    run("cp", &["-r", "--", "x.tar", "x.tar.sig", "allowed_signers", odd.to_str().unwrap()], &world.path(""));
    run(
        "sh",
        &["-euc", "mv -- x.tar '-n;$(touch harm).tar'; mv -- x.tar.sig '-n;$(touch harm).tar.sig'"],
        &odd,
    );
    for land in Lands::new().all() {
        let ran = land.verify(&["--", "-n;$(touch harm).tar", "allowed_signers"], &odd);
        assert_eq!(ran.code, 0, "{}: {}{}", land.name, ran.out, ran.err);
    }
    assert_eq!(fs::read_dir(&odd).unwrap().count(), 3, "something was made");
}
