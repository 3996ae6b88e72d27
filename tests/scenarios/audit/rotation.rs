//! Logs that are rotated: what logrotate does is no change, and what somebody else did meanwhile still is one.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use holdfast::json::Value;
use holdfast_tests::harness::{Ended, Run, Scratch};

use super::logs::{LOG, SIDECAR, append, audit, checked, line, lines, seal, sealed, write};

const OLD: &str = "memory/decisions.jsonl-20261128";

/// The real one, once, with these directives.
fn logrotate(root: &Scratch, directives: &str) {
    let dir = root.path("memory");
    let config = format!(
        "{}/decisions.jsonl {{\n  su root root\n  rotate 9\n  {}\n}}\n",
        dir.display(),
        directives.replace("; ", "\n  ")
    );
    root.put("logrotate.conf", config);
    fs::set_permissions(root.path("logrotate.conf"), mode(0o644)).expect("a mode");
    fs::set_permissions(&dir, mode(0o755)).expect("a mode");
    root.sh("PATH=$PATH:/usr/sbin logrotate --force --state ./state ./logrotate.conf").finish().expect(0);
}

fn mode(mode: u32) -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(mode)
}

/// Nobody has written into these files for a while.
fn quiet(root: &Scratch, files: &[&str]) {
    for file in files {
        root.sh(&format!("touch -d '2 minutes ago' {file}")).finish().expect(0);
    }
}

/// What it is called since it was rotated.
fn rotated(root: &Scratch) -> String {
    let names = root.names("memory").into_iter();
    let mut names = names.filter(|name| name.starts_with("decisions.jsonl-") || name.ends_with(".jsonl.1"));
    format!("memory/{}", names.next().expect("a rotated file"))
}

fn check(root: &Scratch) -> Ended {
    audit(root, &["check", LOG, "--key", "key/audit", "--deep"]).finish()
}

#[track_caller]
fn seals_all(root: &Scratch, count: u64) -> Value {
    let answer = checked(root);
    assert_eq!(answer["lines"], count, "{answer}");
    assert_eq!(answer["signed_lines"], count, "{answer}");
    assert_eq!(answer["unsealed_bytes"], 0, "{answer}");
    answer
}

/// A log with 20 sealed lines and 5 more, which was rotated, and goes on with 3.
fn prepared(directives: &str) -> (Scratch, String) {
    let root = sealed(20);
    write(&root, &lines(20..25));
    logrotate(&root, directives);
    write(&root, &lines(25..28));
    let old = rotated(&root);
    (root, old)
}

#[test]
fn a_log_that_logrotate_renames_goes_on_in_the_new_file() {
    for directives in ["dateext; create", "dateext; nocreate"] {
        let (root, old) = prepared(directives);
        // Before the sealer comes, and while it waits for who still writes into the old file.
        check(&root).expect(0).says("renamed");
        seal(&root).finish().expect(0).says("5 new lines").says("60 s");
        check(&root).expect(0).says("renamed");
        let late = OpenOptions::new().append(true).open(root.path(&old));
        late.expect("it is open").write_all(line(900).as_bytes()).expect("written");
        seal(&root).finish().expect(0).says("1 new lines");
        quiet(&root, &[&old]);
        seal(&root).finish().expect(0).says("3 new lines").says("closed");
        seals_all(&root, 29);
        for number in 28..30 {
            write(&root, &line(number));
            seal(&root).finish().expect(0);
        }
        seals_all(&root, 31);
        let pack = ["pack", "-o", "out.tar", "--key", "key/audit"];
        root.put("holdfast.toml", format!("[audit]\nlogs = [\"{LOG}\"]\n"));
        audit(&root, &pack).finish().expect(0);
        let judged = audit(&root, &["verify", "out.tar"]).finish().expect(5);
        judged.says("31 lines");
    }
}

#[test]
fn nothing_stands_in_the_new_file_yet() {
    let root = sealed(20);
    fs::rename(root.path(LOG), root.path(OLD)).expect("renamed");
    quiet(&root, &[OLD]);
    seal(&root).finish().expect(0).says("when a line stands there");
    seals_all(&root, 20);
    // Its first line is not written to its end.
    write(&root, "{\"id\":");
    seal(&root).finish().expect(0).says("closed");
    write(&root, "20}\n");
    seal(&root).finish().expect(0).says("1 new lines");
    seals_all(&root, 21);
}

/// A receipt is a promise: a line that no seal covers yet gets none, and one that gets one has its number in the whole log.
#[test]
fn a_line_that_is_appended_while_the_log_is_rotated_gets_no_wrong_receipt() {
    let (root, old) = prepared("dateext; create");
    root.put("new", lines(28..30));
    let refused = append(&root).finish().expect(4).says("do not append them again");
    assert_eq!(refused.stdout, "", "no receipt\n{refused}");
    quiet(&root, &[&old]);
    root.put("new", lines(30..32));
    let told = append(&root).finish().expect(0);
    let receipts: Vec<String> = told.stdout.lines().map(str::to_owned).collect();
    let expected =
        (31..33).map(|number: u64| format!("{number} {}", tlog::Hash::leaf(line(number - 1).as_bytes())));
    assert_eq!(receipts, expected.collect::<Vec<_>>(), "{told}");
    seals_all(&root, 32);
    append(&root).finish().expect(0).says("33 ").says("34 ");
}

/// What a person must decide: what was done to the log, what the sealer says, and what helps.
struct Decided {
    does: fn(&Scratch),
    code: i32,
    says: &'static str,
    helps: fn(&Scratch),
    lines: u64,
}

fn rotate(root: &Scratch, closed: &[&str]) {
    let mut args = vec!["rotate", LOG, "--key", "key/audit"];
    for file in closed {
        args.extend(["--closed", file]);
    }
    audit(root, &args).finish().expect(0).says("closed");
}

const DECIDED: [Decided; 5] = [
    Decided {
        does: |root| {
            logrotate(root, "nodateext; create");
            write(root, &lines(25..28));
            quiet(root, &["memory/decisions.jsonl.1"]);
        },
        code: 4,
        says: "dateext",
        helps: |root| fs::rename(root.path("memory/decisions.jsonl.1"), root.path(OLD)).expect("renamed"),
        lines: 28,
    },
    Decided {
        does: |root| {
            logrotate(root, "nodateext; copytruncate");
            write(root, &lines(25..26));
        },
        code: 1,
        says: "copytruncate",
        helps: |root| rotate(root, &["memory/decisions.jsonl.1"]),
        lines: 26,
    },
    Decided {
        does: |root| {
            logrotate(root, "nodateext; copytruncate");
            // It grows beyond what it was.
            write(root, &lines(25..60));
        },
        code: 1,
        says: "copytruncate",
        helps: |root| rotate(root, &["decisions.jsonl.1"]),
        lines: 60,
    },
    Decided {
        does: |root| {
            for (name, numbers) in [("1", 25..28), ("2", 28..31)] {
                fs::rename(root.path(LOG), root.path(&format!("memory/decisions.jsonl-{name}")))
                    .expect("renamed");
                write(root, &lines(numbers));
            }
            quiet(root, &["memory/decisions.jsonl-1", "memory/decisions.jsonl-2"]);
            // What was there before the log was begun is none of it.
            root.put("memory/decisions.jsonl-0", "old\n");
            root.sh("touch -d '2 years ago' memory/decisions.jsonl-0").finish().expect(0);
            fs::File::options()
                .append(true)
                .open(root.path("memory/decisions.jsonl-2"))
                .expect("it is there")
                .set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(5))
                .expect("a time");
        },
        code: 4,
        says: "decisions.jsonl-2 may have been the log",
        helps: |root| rotate(root, &["memory/decisions.jsonl-1", "memory/decisions.jsonl-2"]),
        lines: 31,
    },
    Decided {
        does: |root| {
            write(root, "{\"torn\":");
            fs::rename(root.path(LOG), root.path(OLD)).expect("renamed");
            write(root, &lines(25..28));
            quiet(root, &[OLD]);
        },
        code: 4,
        says: "echo >>",
        helps: |root| {
            root.sh(&format!("echo >> {OLD}")).finish().expect(0);
            quiet(root, &[OLD]);
        },
        lines: 29,
    },
];

#[test]
fn what_only_a_person_can_decide_is_told_and_decided() {
    for Decided { does, code, says, helps, lines: count } in DECIDED {
        let root = sealed(20);
        write(&root, &lines(20..25));
        does(&root);
        let told = seal(&root).finish().expect(code).says(says);
        // What was sealed is as it was.
        check(&root).expect(0);
        // It is told until somebody decides.
        assert_eq!(seal(&root).finish().code, told.code, "{told}");
        helps(&root);
        seal(&root).finish().expect(0);
        seals_all(&root, count);
    }
}

#[test]
fn files_that_were_not_the_log_are_none_of_it() {
    let (root, old) = prepared("dateext; create");
    root.put("memory/other.jsonl", lines(1..21));
    for (closed, says) in [
        ("memory/gone.jsonl", "is not there"),
        ("memory/other.jsonl", "does not hold"),
        ("/etc/passwd", "beside the log"),
        (LOG, "another file"),
    ] {
        audit(&root, &["rotate", LOG, "--key", "key/audit", "--closed", closed])
            .finish()
            .expect(64)
            .says(says);
    }
    audit(&root, &["rotate", LOG, "--key", "key/audit", "--closed", &old]).finish().expect(0).says("closed");
    seals_all(&root, 28);
}

/// Something that is done to a rotated log, and what a check finds.
const CHANGED: [(&str, &str); 8] = [
    (
        "sed -i 's/\"id\":7,/\"id\":8,/' memory/decisions.jsonl-*",
        "edited      memory/decisions.jsonl-20261128, line 8,",
    ),
    ("sed -i 3d memory/decisions.jsonl-*", "deleted     memory/decisions.jsonl-20261128, line 3,"),
    ("sed -i '3i {}' memory/decisions.jsonl-*", "inserted    memory/decisions.jsonl-20261128, line 3,"),
    (
        "sed -i 's/\"id\":26,/\"id\":8,/' memory/decisions.jsonl",
        "edited      memory/decisions.jsonl, line 27,",
    ),
    ("for f in memory/decisions.jsonl*8; do echo '{}' >> $f; done", "were added to a closed file"),
    (
        "for f in memory/decisions.jsonl*8; do truncate -s 900 $f; done",
        "truncated   memory/decisions.jsonl-20261128,",
    ),
    ("rm memory/decisions.jsonl-*", "missing     memory/decisions.jsonl-20261128"),
    ("mv memory/decisions.jsonl-* memory/decisions.jsonl.2", "missing     memory/decisions.jsonl-20261128"),
];

#[test]
fn what_is_changed_in_any_of_its_files_is_found_there() {
    let template = sealed(20);
    write(&template, &lines(20..25));
    fs::rename(template.path(LOG), template.path(OLD)).expect("renamed");
    quiet(&template, &[OLD]);
    write(&template, &lines(25..28));
    seal(&template).finish().expect(0).says("closed");
    seals_all(&template, 28);
    for (does, finds) in CHANGED {
        let root = template.copy();
        root.sh(does).finish().expect(0);
        let told = check(&root).expect(1).says(finds);
        assert!(told.stdout.contains("1 finding\n"), "{does}: only that is told\n{told}");
        // All of it is told, in each file.
        root.sh("sed -i 's/\"id\":25,/\"id\":2,/' memory/decisions.jsonl").finish().expect(0);
        check(&root).expect(1).says("edited      memory/decisions.jsonl, line");
    }
}

#[test]
fn an_edited_log_with_a_copy_beside_it_is_no_rotation() {
    // In the same file, and by another file under its name, as editors do.
    for edit in [
        "cp {c} memory/kept && sed 's/:17,/:99,/' memory/kept > {c}",
        "sed 's/:17,/:99,/' {c} > memory/new; mv memory/new {c}",
    ] {
        let root = sealed(20);
        root.sh("cp memory/decisions.jsonl memory/decisions.jsonl-kept").finish().expect(0);
        root.sh(&edit.replace("{c}", LOG)).finish().expect(0);
        write(&root, &line(20));
        seal(&root).finish().expect(1).says("edited");
        check(&root).expect(1).says("edited");
    }
}

#[test]
fn a_record_of_a_rotation_that_never_was_is_refused() {
    let (root, old) = prepared("dateext; create");
    let seals = format!("{SIDECAR}/SEALS");
    let before = root.text(&seals);
    let state = super::intruder::state(&root);
    let name = |name: &str| tlog::FileName::new(name).expect("a name");
    let old = old.strip_prefix("memory/").expect("it is there");
    root.put("memory/mine.jsonl", lines(7..9));
    for (closed, new) in [(old, "mine.jsonl"), ("mine.jsonl", "decisions.jsonl")] {
        let record = state.rotation(1_795_000_120_000, name(closed), name(new));
        root.put(&seals, format!("{before}{record}"));
        seal(&root).finish().expect(1).says("never signed");
    }
    // The one that the sealer would have made is taken over.
    let record = state.rotation(1_795_000_120_000, name(old), name("decisions.jsonl"));
    root.put(&seals, format!("{before}{record}"));
    audit(&root, &["check", LOG, "--key", "key/audit"]).finish().expect(1);
}
