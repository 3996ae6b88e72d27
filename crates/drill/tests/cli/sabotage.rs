//! A drill that cannot fail shows nothing: here the programs do not do their work.

use std::fs;

use super::evidence::instead;
use super::{Ended, Scratch, built};

/// Plays them, and expects that each fails, and says this.
#[track_caller]
fn fails(scratch: &Scratch, names: &[&str], says: &str) -> Ended {
    let ended = scratch.plays(names, &[]).expect(1);
    let report = ended.report();
    assert_eq!(report["failed"], names.len(), "{report:#}");
    for row in report["rows"].as_array().expect("rows") {
        assert_eq!(row["result"], "failed", "{row}");
        assert!(row["seen"].as_str().is_some_and(|seen| seen.contains(says)), "{row}");
        assert!(std::path::Path::new(row["folder"].as_str().expect("a folder")).is_dir(), "kept: {row}");
    }
    ended
}

#[test]
fn a_watchdog_that_ends_at_once_fails_every_row() {
    let scratch = Scratch::sabotaged("watchdog", "exit 0");
    fails(&scratch, &["kill", "torn-beat", "full-disk", "alert-hangs"], "the watchdog ended by itself");
    let table = fs::read_to_string(scratch.path("here/drill-report.txt")).expect("the report");
    assert!(table.contains("kill FAILED: the watchdog ended by itself"), "{table}");
    assert!(table.contains("0 passed, 4 failed, 0 not run") && !table.contains(" passed \n"), "{table}");
}

#[test]
fn a_watchdog_that_does_nothing_is_found_out() {
    let scratch = Scratch::sabotaged("watchdog", "exec sleep 100");
    fails(&scratch, &["kill", "bad-status"], "it did not come to this: the watchdog finds the bot fresh");
}

/// It finds the bot fresh, and then sees nothing any more.
#[test]
fn a_watchdog_that_falls_asleep_is_found_out() {
    let script = "'REAL' check --root \"$HOLDFAST_ROOT\" > /dev/null; exec sleep 100";
    let real = built().join("watchdog").display().to_string();
    let scratch = Scratch::sabotaged("watchdog", &script.replace("REAL", &real));
    fails(&scratch, &["kill", "not-advancing"], "it did not come to this: trading is paused on disk");
    let scratch = Scratch::sabotaged("watchdog", &script.replace("REAL", &real));
    fails(&scratch, &["two-writers"], "it did not come to this: the watchdog finds bot two-writers");
}

/// Nobody looks at what was put back.
#[test]
fn a_watchdog_that_does_not_come_back_is_found_out() {
    let script = "cd \"$HOLDFAST_ROOT\"; test -e begun && exec sleep 100; touch begun; exec 'REAL' \"$@\"";
    let real = built().join("watchdog").display().to_string();
    let scratch = Scratch::sabotaged("watchdog", &script.replace("REAL", &real));
    fails(&scratch, &["data-restored"], "it did not come to this: trading is paused again");
}

#[test]
fn programs_that_go_on_without_their_folder_are_found_out() {
    let real = built().join("circuit-ctl").display().to_string();
    let script = format!("cd \"$HOLDFAST_ROOT\"; test -d data || exit 0; exec '{real}' \"$@\"");
    let scratch = Scratch::sabotaged("circuit-ctl", &script);
    fails(&scratch, &["data-gone"], "without data/ circuit-ctl ended with Code(0), not 78");
}

/// Root alone can rehearse it; for others it is not run, and never passed.
#[test]
fn a_trip_that_does_nothing_at_another_users_lock_is_found_out() {
    let scratch = Scratch::sabotaged("circuit-ctl", "exit 0");
    if rustix::process::geteuid().is_root() {
        fails(&scratch, &["lock-foreign"], "circuit-ctl check ended with Code(0), not 2");
        return;
    }
    let report = scratch.plays(&["lock-foreign"], &[]).expect(1).report();
    assert_eq!((&report["passed"], &report["not_run"]), (&0.into(), &1.into()), "{report:#}");
}

#[test]
fn a_circuit_ctl_that_always_says_yes_is_found_out() {
    let scratch = Scratch::sabotaged("circuit-ctl", "exit 0");
    fails(&scratch, &["resume-alone", "circuit-deleted"], "circuit-ctl trip did not pause");
    // It pauses, but anybody may resume.
    let real = built().join("circuit-ctl").display().to_string();
    let resumes = "if [ \"$1\" = resume ]; then rm -f \"$HOLDFAST_ROOT\"/data/circuit.json \"$HOLDFAST_ROOT\"/data/trips.jsonl; exit 2; fi";
    let scratch = Scratch::sabotaged("circuit-ctl", &format!("{resumes}\nexec '{real}' \"$@\""));
    fails(&scratch, &["resume-alone"], "RESUMED without a person");
}

#[test]
fn an_hb_write_that_writes_nothing_is_found_out() {
    let scratch = Scratch::sabotaged("hb-write", "exit 0");
    fails(&scratch, &["kill"], "it did not come to this: the bot beats");
}

/// It trips, and forgets to tell.
#[test]
fn a_reminder_that_sends_nothing_is_found_out() {
    let scratch = Scratch::sabotaged("resume-reminder", "exit 0");
    fails(&scratch, &["alert-dead"], "with a channel that works, resume-reminder");
}

/// Rows about a sealed log.
const CHECKED: [&str; 5] =
    ["decision-edited", "decision-deleted", "decision-inserted", "log-restored", "seals-remade"];

#[test]
fn an_audit_pack_that_finds_nothing_is_found_out() {
    let script = "echo '{\"verdict\":\"unchanged\",\"findings\":[]}'; exit 0";
    let scratch = Scratch::sabotaged("audit-pack", &instead("check", script));
    fails(&scratch, &CHECKED, "audit-pack check ended with Code(0), not 1");
    let scratch = Scratch::sabotaged("audit-pack", &instead("verify", script));
    fails(&scratch, &["pack-flipped"], "audit-pack verify ended with Code(0), not 1");
}

/// It says that something was changed, and names another place or another kind.
#[test]
fn an_audit_pack_that_names_something_else_is_found_out() {
    let checked = ("check", &CHECKED[..3]);
    for ((command, names), is, other) in [
        (checked, "\"line\":2", "\"line\":3"),
        (checked, "\"byte\":", "\"byte\":1"),
        (checked, "\"kind\":\"[a-z]*ed\"", "\"kind\":\"swapped\""),
        (checked, "\"verdict\":\"changed\"", "\"verdict\":\"unchanged\""),
        (("verify", &["pack-flipped"]), "\"line\":2", "\"line\":3"),
    ] {
        let script = format!("'REAL' \"$@\" > ../said; code=$?; sed 's/{is}/{other}/g' ../said; exit $code");
        let scratch = Scratch::sabotaged("audit-pack", &instead(command, &script));
        fails(&scratch, names, "does not name ");
    }
}

/// It refuses, as it should, and signs all the same.
#[test]
fn an_audit_pack_that_signs_what_was_rewritten_is_found_out() {
    let forget = "rm -rf ../audit_ed25519.signed memory/decisions.jsonl.audit";
    let resign = format!("'REAL' \"$@\" || {{ {forget}; 'REAL' init \"$2\" > /dev/null; exit 1; }}; exit 0");
    for (command, names) in [("seal", &["log-restored", "seals-remade"][..]), ("init", &["seals-remade"][..])]
    {
        let scratch = Scratch::sabotaged("audit-pack", &instead(command, &resign));
        fails(&scratch, names, "but it has SIGNED what was rewritten");
    }
    let script = format!("{forget}; exec 'REAL' \"$@\"");
    let scratch = Scratch::sabotaged("audit-pack", &instead("init", &script));
    fails(&scratch, &["seals-remade"], "audit-pack init ended with Code(0), not 1");
}

/// To the watchdog it says what it said before.
#[test]
fn a_watchdog_that_never_hears_of_a_change_is_found_out() {
    let said = "\"$HOLDFAST_ROOT\"/../said";
    let script = format!("'REAL' \"$@\" > {said}.now && cp {said}.now {said}; cat {said}; exit 0");
    let scratch = Scratch::sabotaged("audit-pack", &instead("check", &script));
    // It asks the one that lies beside itself.
    let watchdog = scratch.path("bin/watchdog");
    fs::remove_file(&watchdog).and_then(|()| fs::copy(built().join("watchdog"), &watchdog)).expect("a copy");
    fails(&scratch, &["edit-watched"], "it did not come to this: trading is paused on disk");
}
