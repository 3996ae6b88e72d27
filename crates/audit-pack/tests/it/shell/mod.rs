//! `audit/verify.sh`, which verifies a pack without our programs, in four shells with four userlands: its verdict is that
//! of `audit-pack verify`, but for what it says that it does not check.

mod anchors;
pub(crate) mod lands;
pub(crate) mod log;
mod logs;
mod packs;
mod vectors;

use std::path::Path;
use std::process::Command;

use crate::world::{run, try_run};

/// Where it lies.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../audit/verify.sh");
const PARTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../audit/verify");

#[test]
fn shellcheck_has_nothing_to_say() {
    let parts = std::fs::read_dir(PARTS).unwrap().map(|entry| entry.unwrap().path());
    let shells = parts.filter(|path| path.extension().is_some_and(|ending| ending == "sh"));
    let mut command = Command::new("shellcheck");
    let output = command.arg("--external-sources").arg(SCRIPT).args(shells).output();
    let output = output.expect("shellcheck; scripts/install-test-tools.sh has it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn its_help_is_its_header() {
    let ran = try_run(SCRIPT, &["--help"], Path::new("/")).ends(0);
    insta::assert_snapshot!(ran.out);
}

/// A variable that is not set takes no demand away.
#[test]
fn an_empty_word_is_refused() {
    let world = crate::world::World::new();
    world.pack();
    for arguments in [
        &["--tsa-ca", "", "x.tar", "allowed_signers"][..],
        &["--witness", "", "x.tar", "allowed_signers"],
        &["--verify-time", "", "x.tar", "allowed_signers"],
        &["x.tar", "allowed_signers", ""],
        &["x.tar", ""],
        &["", "allowed_signers"],
    ] {
        for land in lands::Lands::new().all() {
            land.verify(arguments, &world.path("")).ends(64);
        }
    }
}

/// The outer signature is by the key of the inner one, also where its armour is not as we write it.
#[test]
fn two_keys_do_not_pass_for_one_by_odd_armour() {
    let world = crate::world::World::new();
    world.pack();
    world.sh("ssh-keygen -q -t ed25519 -N '' -f other; rm x.tar.sig
        ssh-keygen -q -Y sign -f other -n pack@holdfast x.tar 2> /dev/null
        echo \"desk@example.com $(cat other.pub)\" >> allowed_signers");
    for spaced in [false, true] {
        if spaced {
            world.sh("sed -i '2s/^\\(....\\)/\\1 /' x.tar.sig");
            world.sh("ssh-keygen -Y check-novalidate -n pack@holdfast -s x.tar.sig < x.tar > said");
        }
        for land in lands::Lands::new().all() {
            land.verify(&["x.tar", "allowed_signers"], &world.path("")).ends(1);
        }
        assert_eq!(world.verify("x.tar", &crate::verify::KNOWN).code, 1);
    }
}

/// What it needs is what it says that it needs: each tool that is not there is named, and nothing is decided.
#[test]
fn a_tool_that_is_not_there_is_named() {
    let world = crate::world::World::new();
    world.pack();
    let lands = lands::Lands::new();
    let land = &lands.all()[0];
    for tool in
        lands::TOOLS.iter().filter(|tool| **tool != "dirname").chain(&["awk", "openssl", "ssh-keygen"])
    {
        let gone = land.without(tool);
        let ran = gone.verify(&["x.tar", "allowed_signers"], &world.path("")).ends(78);
        assert!(ran.err.contains(&format!("{tool} is not there")), "{tool}: {}", ran.err);
    }
    let ran = land.without("sha256sum").verify(&["x.tar", "allowed_signers"], &world.path("")).ends(78);
    assert!(ran.err.contains("neither sha256sum nor shasum is there"), "{}", ran.err);
    // An openssl that cannot verify Ed25519, as that of macOS: the notes are not checked, and that is less.
    let old = land.without("openssl");
    let script = format!(
        "#!{}\ncase \" $* \" in *' -rawin '*) exit 1 ;; esac\nexec {} \"$@\"\n",
        lands::found("dash").display(),
        lands::found("openssl").display()
    );
    run("sh", &["-euc", "printf '%s' \"$0\" > openssl; chmod +x openssl", &script], old.bin());
    let ran = old.verify(&["x.tar", "allowed_signers"], &world.path("")).ends(5);
    assert!(ran.out.contains("the notes' own signatures were NOT checked"), "{}", ran.out);
}
