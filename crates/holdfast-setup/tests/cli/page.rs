//! What people read first.

use std::fmt::Write as _;

use super::Scratch;

#[test]
fn help_has_examples_and_exit_codes() {
    let scratch = Scratch::new();
    let mut text = String::new();
    for args in [
        &["--help"][..],
        &["init", "--help"],
        &["install", "--help"],
        &["uninstall", "--help"],
        &["doctor", "--help"],
    ] {
        let said = scratch.says(0, args);
        let _ = writeln!(text, "$ holdfast-setup {}\n{said}", args.join(" "));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn wrong_usage_ends_with_64() {
    let scratch = Scratch::new();
    for args in [
        &[][..],
        &["install", "--only", "watchdgo"],
        &["install", "--scheduler", "cron"],
        &["install", "--only", "pipeline", "--scheduler", "systemd-user", "--root", "größe 1"],
        &["doctor", "--fast"],
        &["scaffold"],
        &["scaffold", "--lang", "cobol"],
        &["init", "--user", "root"],
        &["init", "--zone", "Mars/Olympus"],
    ] {
        let ended = scratch.run(args);
        assert_eq!(ended.code, Some(64), "{args:?}: {ended}");
        assert!(!ended.stderr.is_empty(), "{args:?}");
    }
}
