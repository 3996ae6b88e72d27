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
