//! What a person at a terminal sees and is asked, and keys that are in no plain file.

use std::fs;
use std::process::Command;

use holdfast_tests::harness::{Pty, Run, Running, Scratch, eventually, program};

use super::logs::{KEY, LOG, ORIGIN, all_sealed, audit, init, line, lines, root, seal, write};

const PASSPHRASE: &str = "correct horse";

/// Work on more than 64 MiB shows how far it is, to a person.
#[test]
fn long_work_shows_a_bar_on_a_terminal_and_nothing_elsewhere() {
    let root = root();
    init(&root).finish().expect(0);
    let text = lines(0..10_000).repeat(72);
    assert!(text.len() > 66 << 20, "{}", text.len());
    write(&root, &text);
    let tar = ["-o", "../evidence.tar"];
    for (args, exit) in [
        (vec!["seal", LOG, "--key", KEY], 0),
        (vec!["check", LOG], 0),
        ([&["pack", "--key", KEY][..], &tar].concat(), 0),
        // Signed by nobody whom it knows.
        (vec!["verify", "../evidence.tar"], 5),
    ] {
        let elsewhere = root.copy();
        let mut command = root.any("/usr/bin/env");
        command.arg("TERM=xterm").arg(program("audit-pack")).args(&args);
        let ended = Pty::start(&root, &command).ended().expect(exit);
        assert!(ended.stdout.contains("MiB/"), "{args:?}: no bar\n{ended}");
        if args[0] != "verify" {
            let ended = audit(&elsewhere, &args).finish().expect(exit);
            assert!(!ended.stderr.contains("MiB/") && !ended.stderr.contains('\u{1b}'), "{ended}");
        }
    }
}

/// A root whose key has a passphrase.
fn locked() -> Scratch {
    let root = root();
    fs::remove_file(root.path(KEY)).expect("removed");
    fs::remove_file(root.path("key/audit.pub")).expect("removed");
    let mut keygen = Command::new("/usr/bin/ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-a", "2", "-N", PASSPHRASE, "-f"]).arg(root.path(KEY));
    keygen.finish().expect(0);
    write(&root, &lines(0..5));
    root
}

#[test]
fn a_key_with_a_passphrase_seals_and_packs_for_who_knows_it() {
    let root = locked();
    let on_terminal = |args: &[&str], answer: &str| {
        let person = Pty::start(&root, &audit(&root, args));
        person.expect(&["Passphrase of "]).expect("it asks");
        person.type_line(answer);
        let ended = person.ended();
        assert_eq!(ended.stdout.matches("Passphrase of ").count(), 1, "asked once for one key\n{ended}");
        ended
    };
    let begin = ["init", LOG, "--key", KEY, "--origin", ORIGIN];
    on_terminal(&begin, "wrong").expect(78).says("does not open the key");
    on_terminal(&begin, PASSPHRASE).expect(0);
    on_terminal(&["seal", LOG, "--key", KEY], PASSPHRASE).expect(0);
    all_sealed(&root);
    write(&root, &line(5));
    // Whom nobody can ask.
    seal(&root).finish().expect(78).says("ssh-add");
    on_terminal(&["pack", "--key", KEY, "-o", "../evidence.tar"], PASSPHRASE).expect(0);
    all_sealed(&root);
    signed_by_the_key(&root);
}

/// ssh-keygen, which knows nothing of us, says who signed the pack.
fn signed_by_the_key(root: &Scratch) {
    let public = root.text("key/audit.pub");
    root.put("allowed", format!("desk@example.com {public}"));
    let script = "ssh-keygen -Y verify -f allowed -I desk@example.com -n pack@holdfast -s ../evidence.tar.sig < ../evidence.tar";
    root.sh(script).finish().expect(0).says("Good \"pack@holdfast\" signature");
}

struct Agent(#[expect(dead_code, reason = "it ends when this is dropped")] Running);

impl Agent {
    /// With the key of the root in it, which is then in no file.
    fn holding_key_of(root: &Scratch) -> Self {
        let mut agent = root.any("/usr/bin/ssh-agent");
        let agent = agent.args(["-D", "-a", "agent.sock"]).start();
        eventually("the agent is there", || root.path("agent.sock").exists());
        fs::set_permissions(root.path(KEY), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .expect("a key of one's own");
        root.sh(&format!("SSH_AUTH_SOCK=agent.sock ssh-add -q {KEY}")).finish().expect(0);
        fs::remove_file(root.path(KEY)).expect("removed");
        Self(agent)
    }
}

#[test]
fn a_key_that_only_an_agent_has_seals_and_packs() {
    let root = root();
    write(&root, &lines(0..5));
    let agent = Agent::holding_key_of(&root);
    let socket = root.path("agent.sock");
    let ours = |args: &[&str]| audit(&root, args).env("SSH_AUTH_SOCK", &socket).finish();
    ours(&["init", LOG, "--key", "key/audit.pub", "--origin", ORIGIN]).expect(0);
    ours(&["seal", LOG, "--key", "key/audit.pub"]).expect(0);
    ours(&["pack", "--key", "key/audit.pub", "-o", "../evidence.tar"]).expect(0);
    signed_by_the_key(&root);
    let answer = ours(&["check", LOG, "--key", "key/audit.pub", "--deep", "--json"]).expect(0);
    assert!(answer.stdout.contains("\"signed_lines\":5"), "{answer}");
    write(&root, &line(5));
    drop(agent);
    let ended = ours(&["seal", LOG, "--key", "key/audit.pub"]);
    assert!(ended.code != Some(0) && ended.stderr.contains("agent"), "{ended}");
}
