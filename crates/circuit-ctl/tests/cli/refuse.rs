//! **fail-closed**: whatever keeps us from knowing that the circuit is green is refused, at once.

use std::process::Command;
use std::time::Duration;

use super::broken::{Case, GREEN, LINE, NO_ROOT, chmod, contents, forbidden, states};
use super::{Ended, Scratch};

const AT_ONCE: Duration = Duration::from_secs(1);

/// Runs it until it was quick once: a busy machine is nobody's fault.
fn promptly(run: impl Fn() -> Ended) -> Ended {
    let mut ended = run();
    for _ in 0..4 {
        if ended.took < AT_ONCE {
            break;
        }
        ended = run();
    }
    assert!(ended.took < AT_ONCE, "{ended}");
    ended
}

/// `check` and `guard` in a broken root end with its code, say what to do, and run nothing.
fn refuses(case: &Case, scratch: &Scratch, command: &dyn Fn(&[&str]) -> Command) {
    let Case(name, _, code) = case;
    for args in
        [&["check"][..], &["guard", "--", "touch", "ran"], &["guard", "--allow-reduce", "--", "touch", "ran"]]
    {
        let ended = promptly(|| Ended::of(&mut command(args)));
        assert_eq!(ended.code(), Some(*code), "{name}: {args:?}: {ended}");
        assert_eq!(ended.stdout, "", "{name}: {args:?}: {ended}");
        let advice = if *code == NO_ROOT { "mkdir -p" } else { "circuit-ctl resume" };
        let fact = if *code == NO_ROOT { "is not a Holdfast root" } else { "PAUSED (halt): " };
        assert!(ended.stderr.contains(fact) && ended.stderr.contains(advice), "{name}: {args:?}: {ended}");
    }
    assert!(!scratch.path("ran").exists(), "{name}: it was run");
    let status = command(&["status"]).output().expect("it starts");
    assert_eq!(status.status.code(), Some(*code), "{name}");
}

#[test]
fn bad_contents_of_the_face_are_refused() {
    let cases = contents();
    assert!(cases.len() >= 30);
    // Each is read again for a fifth of a second, in case a writer is at work: many wait together.
    std::thread::scope(|scope| {
        for some in cases.chunks(cases.len().div_ceil(8)) {
            scope.spawn(|| some.iter().for_each(refused));
        }
    });
}

fn refused(case: &Case) {
    let scratch = Scratch::new();
    case.1(&scratch);
    refuses(case, &scratch, &|args| scratch.command(args));
}

#[test]
fn bad_states_of_face_ledger_and_root_are_refused() {
    states().iter().for_each(refused);
}

#[test]
fn a_root_that_is_not_there_is_refused() {
    let scratch = Scratch::new();
    for root in ["nowhere", "", "data/none"] {
        let ended = scratch.run(&["--root", root, "check"]);
        let code = if root.is_empty() { 64 } else { NO_ROOT };
        assert_eq!(ended.code(), Some(code), "{root:?}: {ended}");
    }
    let ended = Ended::of(scratch.command(&["guard", "--", "touch", "ran"]).env("HOLDFAST_ROOT", "nowhere"));
    assert_eq!(ended.code(), Some(NO_ROOT), "{ended}");
    assert!(!scratch.path("ran").exists());
}

/// As nobody, because root may read everything.
#[test]
fn what_may_not_be_read_is_refused() {
    for case in forbidden() {
        let scratch = Scratch::new();
        chmod(&scratch.path(""), 0o755);
        chmod(&scratch.path("data"), 0o755);
        case.1(&scratch);
        // Its own folder may be one that nobody can enter.
        let program = scratch_program();
        refuses(&case, &scratch, &|args| {
            let mut command = as_nobody(&program.1);
            command.arg("--root").arg(scratch.path("")).args(args);
            command
        });
        chmod(&scratch.path(""), 0o755);
        chmod(&scratch.path("data"), 0o755);
    }
}

/// A copy of the program where everybody can run it.
pub(crate) fn scratch_program() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    chmod(dir.path(), 0o755);
    let copy = dir.path().join("circuit-ctl");
    // By another process: what this one has open for writing is open in whatever another test starts just then, and a
    // program that is open for writing cannot be run.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_circuit-ctl")).arg(&copy).status().expect("cp");
    assert!(copied.success(), "{copied}");
    (dir, copy)
}

/// A program as a user who has no rights; without root's the tests run as such a user anyway.
pub(crate) fn as_nobody(program: &std::path::Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program).env_clear();
    command.env("PATH", "/usr/bin:/bin").current_dir("/");
    command
}

#[test]
fn green_is_green_where_the_table_says_so() {
    let greens: [(&str, Option<&str>, Option<&str>); 8] = [
        ("nothing at all", None, None),
        ("an empty ledger", None, Some("")),
        ("our face", Some(GREEN), None),
        ("our face, and an empty ledger", Some(GREEN), Some("")),
        ("a person's face", Some("{ \"paused\": false }"), None),
        ("a BOM", Some("\u{feff}{\"paused\":false}\r\n"), None),
        ("keys of others", Some("{\"paused\":false,\"ticket\":7,\"reason\":\"old\"}"), None),
        ("a person's face after a trip", Some("{\"paused\":false}"), Some(LINE)),
    ];
    for (name, face, ledger) in greens {
        let scratch = Scratch::new();
        if let Some(ledger) = ledger {
            scratch.put("data/trips.jsonl", ledger);
            let past = std::time::SystemTime::now() - Duration::from_secs(10);
            let file = std::fs::File::options().append(true).open(scratch.path("data/trips.jsonl"));
            file.and_then(|file| file.set_modified(past)).expect("dated");
        }
        if let Some(face) = face {
            scratch.put("data/circuit.json", face);
        }
        assert_eq!(scratch.says(0, &["check"]), "green\n", "{name}");
        scratch.says(0, &["guard", "--", "touch", "ran"]);
        assert!(scratch.path("ran").exists(), "{name}");
    }
}

#[test]
fn reduce_is_an_exit_code_of_its_own() {
    let scratch = Scratch::new();
    scratch.says(0, &["trip", "--reason", "margin call", "--mode", "reduce"]);
    let ended = scratch.run(&["check"]);
    assert_eq!(ended.code(), Some(3), "{ended}");
    assert!(ended.stderr.contains("REDUCE ONLY: margin call"), "{ended}");
    assert!(scratch.says(3, &["check", "--json"]).contains("\"verdict\":\"reduce\",\"exit\":3"));
    scratch.trip("and a halt");
    scratch.says(2, &["check"]);
}

#[test]
fn an_answer_that_cannot_be_written_is_told() {
    let scratch = Scratch::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let status = scratch.command(&["check"]).stdout(full()).stderr(std::process::Stdio::null()).status();
    assert_eq!(status.expect("it starts").code(), Some(74));
    scratch.trip("x");
    let status = scratch.command(&["status"]).stdout(full()).stderr(full()).status();
    assert_eq!(status.expect("it starts").code(), Some(74));
    let status = scratch.command(&["check"]).stdout(full()).stderr(full()).status();
    assert_eq!(status.expect("it starts").code(), Some(2));
}
