//! `init`: what is there stays, what is missing is made.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::{Scratch, names};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_root_is_made_with_all_that_a_first_day_needs() {
    let scratch = Scratch::new();
    let first = scratch.says(0, &["init", "--root", "ein bot/größe", "--zone", "Europe/Berlin"]);
    let root = scratch.path("ein bot/größe");
    assert_eq!(names(&root), ["data", "holdfast.toml", "memory", "secrets"]);
    assert_eq!(mode(&root.join("secrets")), 0o700);
    assert_eq!(mode(&root.join("secrets/audit_ed25519")), 0o600);
    assert!(fs::read_to_string(root.join("holdfast.toml")).unwrap().contains("\"Europe/Berlin\""));
    insta::assert_snapshot!(first);
}

#[test]
fn what_is_there_stays_and_is_named() {
    let scratch = Scratch::new();
    scratch.says(0, &["init", "--root", "bot"]);
    scratch.put("bot/holdfast.toml", "[audit]\nkey = \"secrets/audit_ed25519\"\n# mine\n");
    let key = scratch.text("bot/secrets/audit_ed25519");
    for folder in ["bot/data", "bot/secrets"] {
        fs::set_permissions(scratch.path(folder), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let again = scratch.says(0, &["init", "--root", "bot"]);
    assert!(!again.contains("made") && !again.contains("mended"), "{again}");
    assert_eq!(scratch.text("bot/secrets/audit_ed25519"), key);
    assert!(scratch.text("bot/holdfast.toml").ends_with("# mine\n"));
    for folder in ["bot/data", "bot/secrets"] {
        assert_eq!(mode(&scratch.path(folder)), 0o755, "its owner wants it so");
    }

    fs::remove_dir(scratch.path("bot/memory")).unwrap();
    let mended = scratch.says(0, &["init", "--root", "bot", "--json"]);
    insta::assert_snapshot!(mended);
}

#[test]
fn the_key_is_one_that_ssh_keygen_knows_and_its_halves_belong_together() {
    let scratch = Scratch::new();
    scratch.says(0, &["init", "--root", "bot"]);
    let mut ask = std::process::Command::new("ssh-keygen");
    let output = ask.arg("-y").arg("-f").arg(scratch.path("bot/secrets/audit_ed25519")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("ssh-ed25519 "), "{said}");
    let half = |text: &str| text.split(' ').nth(1).unwrap().trim().to_owned();
    assert_eq!(half(&said), half(&scratch.text("bot/secrets/audit_ed25519.pub")));
}

#[test]
fn a_configuration_that_names_no_key_gets_none() {
    let scratch = Scratch::new();
    scratch.put("bot/holdfast.toml", "");
    let said = scratch.says(0, &["init", "--root", "bot"]);
    assert!(said.contains("note    holdfast.toml names no key under [audit]: nothing is sealed\n"), "{said}");
    assert!(names(&scratch.path("bot/secrets")).is_empty());
}

#[test]
fn what_stands_in_the_way_is_named() {
    let scratch = Scratch::new();
    scratch.put("file/data", "");
    scratch.put("bad/holdfast.toml", "[[watch]]\nnam = \"x\"\n");
    for (args, code, fact) in [
        (&["--root", "file"][..], 74, "file/data: is not a folder"),
        (&["--root", "bad"], 78, "bad/holdfast.toml cannot be used: "),
        (
            &["--root", "a", "--user", "nobody-of-this-name", "--group", "root"],
            78,
            "there is no user nobody-of-this-name",
        ),
        (
            &["--root", "a", "--user", "root", "--group", "no-such-group"],
            78,
            "there is no group no-such-group",
        ),
        (&["--root", "a", "--user", "root", "--group", "daemon"], 78, "root is not in the group daemon"),
        (&["--root", "a", "--user", "root", "--group", "root", "--bot-user", "root"], 64, "not independent"),
    ] {
        let ended = scratch.run(&[&["init"], args].concat());
        assert_eq!(ended.code, Some(code), "{args:?}: {ended}");
        assert!(ended.stderr.contains(fact), "{args:?}: {ended}");
        assert!(!scratch.path("a").exists());
    }
}

/// Needs root, as the tests of `tests/scenarios` with other users do.
#[test]
fn with_users_everything_is_theirs_and_the_bot_may_write_where_it_must() {
    let scratch = Scratch::new();
    let args = ["init", "--root", "bot", "--user", "daemon", "--group", "daemon"];
    scratch.put("bot/data/heartbeat.json", "{}");
    scratch.says(0, &args);
    let daemon = fs::metadata(scratch.path("bot")).unwrap().uid();
    assert_ne!(daemon, 0);
    for (path, bits) in [
        ("bot", 0o2750),
        ("bot/data", 0o2770),
        ("bot/data/heartbeats", 0o2770),
        ("bot/memory", 0o2770),
        ("bot/secrets", 0o700),
        ("bot/holdfast.toml", 0o640),
        ("bot/secrets/audit_ed25519", 0o600),
    ] {
        let found = fs::metadata(scratch.path(path)).unwrap();
        assert_eq!((mode(&scratch.path(path)), found.uid(), found.gid()), (bits, daemon, daemon), "{path}");
    }
    let again = scratch.says(0, &args);
    assert!(!again.contains("made") && !again.contains("mended"), "{again}");
    fs::set_permissions(scratch.path("bot/secrets"), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(scratch.says(0, &args).contains("mended  [here]/bot/secrets\n"));
    assert_eq!(mode(&scratch.path("bot/secrets")), 0o700);
}

/// Needs root. As in a container, where nobody has a name.
#[test]
fn users_may_be_numbers_and_the_bot_may_trip() {
    let scratch = Scratch::new();
    scratch.says(0, &["init", "--root", "bot", "--user", "64101", "--group", "64100", "--bot-user", "64102"]);
    for log in ["bot/data/trips.jsonl", "bot/memory/journal.jsonl"] {
        let found = fs::metadata(scratch.path(log)).unwrap();
        assert_eq!((mode(&scratch.path(log)), found.uid(), found.gid()), (0o660, 64_101, 64_100), "{log}");
    }
}

/// Needs root.
#[test]
fn a_link_of_the_bot_leads_nobody_to_give_away_another_file() {
    let scratch = Scratch::new();
    scratch.says(0, &["init", "--root", "bot", "--user", "daemon", "--group", "daemon"]);
    scratch.put("precious", "");
    fs::remove_dir(scratch.path("bot/data/heartbeats")).unwrap();
    fs::create_dir(scratch.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(scratch.path("elsewhere"), scratch.path("bot/data/heartbeats")).unwrap();
    let ended = scratch.run(&["init", "--root", "bot", "--user", "daemon", "--group", "daemon"]);
    assert_eq!(ended.code, Some(74), "{ended}");
    assert!(ended.stderr.contains("data/heartbeats: is a symbolic link, which is not followed"), "{ended}");
    assert_eq!(fs::metadata(scratch.path("elsewhere")).unwrap().uid(), 0);
}
