//! The configuration, good, bad, gone.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::Scratch;

const WATCH: &str = "[[watch]]\nname = \"trader\"\nmax_age = \"1h\"\n";

#[test]
fn a_slip_of_the_pen_does_not_end_the_watch() {
    let scratch = Scratch::with(WATCH);
    scratch.beat(0.0, "ok");
    assert_eq!(scratch.run(&["check"]).code, Some(0));
    for (what, bad) in [("invalid", Some("[[watch]\n")), ("gone", None)] {
        match bad {
            Some(text) => scratch.put("holdfast.toml", text),
            None => fs::remove_file(scratch.path("holdfast.toml")).expect("holdfast.toml"),
        }
        let found = scratch.run(&["check", "--json"]).json();
        assert_eq!(found["watches"]["trader"]["verdict"], "fresh", "{what}: the last good copy is in force");
        assert_eq!(found["watches"]["holdfast/config"]["verdict"], "config-invalid", "{what}");
        assert_eq!(found["exit"], 1, "{what}: that is an alarm");
        assert_eq!(found["circuit"], "green", "{what}: but no reason to stop trading");
    }
    scratch.put("holdfast.toml", WATCH);
    assert_eq!(scratch.run(&["check"]).code, Some(0));
    assert!(scratch.journal().contains(&"incident-closed".to_owned()));
}

#[test]
fn without_any_good_copy_the_defaults_watch_and_the_exit_says_so() {
    let scratch = Scratch::with("max_age = 15");
    let ended = scratch.run(&["check", "--json"]);
    assert_eq!(ended.code, Some(78), "{ended:?}");
    assert_eq!(ended.json()["watches"]["heartbeat"]["verdict"], "missing");
    let detail = ended.json()["watches"]["holdfast/config"]["detail"].as_str().expect("text").to_owned();
    assert!(detail.starts_with("the defaults are in force: your watches and channels are NOT: "), "{detail}");
    assert!(detail.contains("known here") && !detail.contains('\n'), "{detail}");
}

const UNBUILT: &str = "[[watch]]\nname = \"trader\"\n\
    [[channel]]\nkind = \"command\"\ncommand = [\"/bin/cat\"]\n\
    [audit]\n[[anchor]]\nname = \"a\"\nkind = \"store\"\nurl = \"gs://b/c\"\nforeign = true\n\
    [evidence]\nurl = \"file:///mnt\"\n[overseer]\n[[service]]\nname = \"s\"\nport = 1\n\
    [fleet]\netcd = [\"https://e:2379\"]\n";

#[test]
fn nothing_that_is_configured_is_passed_over_in_silence() {
    let scratch = Scratch::with(UNBUILT);
    let refused = scratch.run(&["validate"]);
    assert_eq!(refused.code, Some(78), "{refused:?}");
    insta::assert_snapshot!("unbuilt", refused.err);
    scratch.beat(0.0, "ok");
    let found = scratch.run(&["check", "--json"]).json();
    let row = &found["watches"]["holdfast/config"];
    assert_eq!((&row["verdict"], &found["exit"]), (&"unknown".into(), &1.into()), "{found}");
    for part in ["[[anchor]]", "[overseer]", "[fleet]"] {
        assert!(row["detail"].as_str().expect("text").contains(part), "{part}: {row}");
    }
}

#[test]
fn validate_answers_in_json_and_says_what_to_do_in_every_case() {
    let scratch = Scratch::new();
    let none = scratch.run(&["validate", "--json"]);
    assert_eq!((none.code, &none.json()["valid"]), (Some(0), &true.into()), "{none:?}");
    fs::write(scratch.path("holdfast.toml"), b"# x\n\xff\xfe").expect("written");
    let bytes = scratch.run(&["validate", "--json"]);
    assert_eq!(bytes.json()["valid"], false);
    assert!(bytes.err.contains("holdfast.toml:2:1: is not UTF-8") && bytes.err.contains("\n  save it"));
    fs::remove_file(scratch.path("holdfast.toml")).expect("removed");
    fs::create_dir(scratch.path("holdfast.toml")).expect("a folder in its place");
    let folder = scratch.run(&["validate"]);
    assert_eq!(folder.code, Some(78));
    assert!(folder.err.contains("\n  make it a regular file"), "{}", folder.err);
}

#[test]
fn validate_says_what_a_check_cuts_short() {
    let scratch = Scratch::with(
        "[[watch]]\nname = \"trader\"\non_fail = [\"trip\", \"run:slow\"]\n\
         [[channel]]\nkind = \"command\"\ncommand = [\"/bin/cat\"]\ntimeout = \"30s\"\n\
         [action.slow]\ncommand = [\"/bin/sleep\", \"100\"]\ntimeout = \"60s\"\n",
    );
    let valid = scratch.run(&["validate"]);
    assert_eq!(valid.code, Some(0), "{valid:?}");
    for cut in
        ["[[channel]] command: of its timeout of 30s, watchdog check gives it 12s", "[action.slow]: of"]
    {
        assert!(valid.out.contains(cut), "{}", valid.out);
    }
    assert_eq!(scratch.run(&["validate", "--json"]).json()["notes"].as_array().map(Vec::len), Some(2));
    let page = include_str!("../../../../docs/config.md");
    let long =
        |line: &&str| line.starts_with("timeout = \"") && !["5s", "10s"].iter().any(|t| line.contains(t));
    let mut channels_and_actions =
        page.split("\n[").filter(|part| part.starts_with("[channel") || part.starts_with("action."));
    assert_eq!(channels_and_actions.find_map(|part| part.lines().find(long)), None, "no example contradicts");
}

#[test]
fn validate_reads_everything_that_the_file_names() {
    let telegram =
        "[[channel]]\nkind = \"telegram\"\ntoken_file = \"secrets/telegram\"\nchat = \"-100123\"\n";
    let scratch = Scratch::with(&format!("{WATCH}{telegram}"));
    let missing = scratch.run(&["validate"]);
    assert_eq!(missing.code, Some(78));
    assert!(missing.err.contains("secrets/telegram"), "{}", missing.err);
    fs::create_dir(scratch.path("secrets")).expect("secrets");
    scratch.put("secrets/telegram", "123456:AbCdEf-0123456789\n");
    let set_mode =
        |mode| fs::set_permissions(scratch.path("secrets/telegram"), fs::Permissions::from_mode(mode));
    set_mode(0o644).expect("chmod");
    let readable = scratch.run(&["validate"]);
    assert_eq!(readable.code, Some(78));
    assert!(readable.err.contains("chmod 600") && !readable.err.contains("AbCdEf"), "{}", readable.err);
    set_mode(0o600).expect("chmod");
    let good = scratch.run(&["validate"]);
    assert_eq!((good.code, good.err.as_str()), (Some(0), ""));
    assert!(good.out.contains("1 watch(es), 1 channel(s)"), "{}", good.out);
    scratch.put("other.toml", "[[watch]]\nname = \"trader\"\nmax-age = \"1h\"\n");
    let other = scratch.run(&["validate", "--config", "other.toml", "--json"]);
    assert_eq!(other.code, Some(78));
    assert_eq!(other.json()["valid"], false);
}

#[test]
fn a_heartbeat_that_vanishes_is_missing_not_forgotten() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("data/heartbeats")).expect("heartbeats");
    scratch.beat(0.0, "ok");
    fs::rename(scratch.path("data/heartbeat.json"), scratch.path("data/heartbeats/hl.json")).expect("rename");
    assert_eq!(
        scratch.run(&["check"]).code,
        Some(0),
        "with a named one, data/heartbeat.json is not expected"
    );
    fs::remove_file(scratch.path("data/heartbeats/hl.json")).expect("the beat");
    let found = scratch.run(&["check", "--json"]).json();
    assert_eq!(found["watches"]["hl"]["verdict"], "missing");
}

#[test]
fn the_copy_of_a_secret_configuration_is_as_secret() {
    use std::os::unix::fs::PermissionsExt as _;

    for (original, copy) in [(0o600, 0o600), (0o640, 0o640)] {
        let scratch = Scratch::with(WATCH);
        fs::set_permissions(scratch.path("holdfast.toml"), fs::Permissions::from_mode(original))
            .expect("ours");
        scratch.beat(0.0, "ok");
        scratch.run(&["check"]);
        let mode =
            fs::metadata(scratch.path("data/config-last-good.toml")).expect("kept").permissions().mode();
        assert_eq!(mode & 0o777, copy, "of {original:o}");
    }
}
