//! Packs made by an enemy, given to the program itself: each is refused at once, in little memory, and nothing is left
//! behind or written anywhere.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::hostile_tars::{a_million, all_wrong, foreign, tricks};
use crate::world::{Ran, run};

/// However large the pack is; of processor time, which does not depend on what else the machine does.
const TIME: Duration = Duration::from_secs(5);
const MEMORY_KIB: u64 = 64 << 10;

/// Runs a program and tells on its last line what it cost.
pub(crate) const MEASURE: &str = "import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
cost = resource.getrusage(resource.RUSAGE_CHILDREN)
print('cost', cost.ru_maxrss, cost.ru_utime + cost.ru_stime)
sys.exit(code)";

/// Takes what it cost off the answer of a program: seconds of processor time, and KiB.
#[track_caller]
pub(crate) fn cost(ran: &mut Ran) -> (f64, u64) {
    let at = ran.out.rfind("cost ").unwrap_or_else(|| panic!("{}{}", ran.out, ran.err));
    let cost = ran.out.split_off(at);
    let numbers: Vec<&str> = cost.split_whitespace().collect();
    (numbers[2].parse().unwrap(), numbers[1].parse().unwrap())
}

/// Folders for an auditor: one with the pack, one for temporary files, one at home. And what is in all of them.
pub(super) struct Desk(TempDir);

impl Desk {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["here", "tmp", "home"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        Self(dir)
    }

    pub(super) fn here(&self) -> std::path::PathBuf {
        self.0.path().join("here")
    }

    fn everything(&self) -> String {
        run("find", &[".", "-printf", "%p %y %s %T@ %C@\n"], self.0.path())
    }

    /// `verify x.tar`, which must hold to its bounds and leave everything as it is.
    #[track_caller]
    pub(super) fn verify(&self, arguments: &[&str], story: &str) -> Ran {
        let before = self.everything();
        let mut command = Command::new("python3");
        command
            .args(["-S", "-c", MEASURE, env!("CARGO_BIN_EXE_audit-pack"), "verify", "x.tar"])
            .args(arguments);
        command.current_dir(self.here()).stdin(Stdio::null());
        command.env("HOME", self.0.path().join("home")).env("TMPDIR", self.0.path().join("tmp"));
        let mut ran = Ran::of(&command.output().unwrap());
        let (seconds, kib) = cost(&mut ran);
        assert!(seconds < TIME.as_secs_f64(), "{story}: {seconds} s");
        assert!(kib < MEMORY_KIB, "{story}: {kib} KiB");
        assert_eq!(self.everything(), before, "{story}: something was written");
        assert!(!ran.err.contains("panicked"), "{story}: {}", ran.err);
        ran
    }

    #[track_caller]
    fn refuses(&self, reason: &str) {
        let ran = self.verify(&[], reason).ends(1);
        assert!(ran.out.contains(reason), "{reason}: {}", ran.out);
        assert!(ran.out.starts_with("x.tar: CHANGED, or not what it says it is"), "{}", ran.out);
        assert!(ran.out.contains("nothing in it was looked at"), "{}", ran.out);
    }
}

#[test]
fn every_trick_is_refused_with_its_reason() {
    let desk = Desk::new();
    for (tar, reason) in tricks() {
        fs::write(desk.here().join("x.tar"), &tar).unwrap();
        desk.refuses(reason);
    }
}

#[test]
fn what_other_programs_make_is_refused_with_the_reason() {
    for (script, reason) in foreign() {
        let desk = Desk::new();
        run("sh", &["-c", &script], &desk.here());
        desk.refuses(reason);
    }
}

#[test]
fn more_members_than_there_can_be_are_refused() {
    let desk = Desk::new();
    a_million(&desk.here().join("x.tar"));
    desk.refuses("it has more than 200000 members");
}

#[test]
fn as_much_as_is_looked_at_with_everything_wrong_is_within_bounds() {
    let desk = Desk::new();
    all_wrong(&desk.here().join("x.tar"));
    for arguments in [&[][..], &["--json"]] {
        let ran = desk.verify(arguments, "all is wrong").ends(1);
        assert!(ran.out.contains("199006") || ran.out.contains("and 198006 more"), "{:.2000}", ran.out);
    }
}

/// What is no tar at all: packed by other programs, without an end, or nothing.
#[test]
fn what_is_no_tar_is_refused() {
    let reasons = ["header", "it is cut", "the tar is empty", "something stands behind the end mark"];
    for make in [
        ": > x.tar",
        "printf x > x.tar",
        "head -c 512 /dev/zero > x.tar",
        "head -c 1024 /dev/zero > x.tar",
        "truncate -s 100G x.tar",
        "head -c 100000000 /dev/zero | gzip -9 > x.tar",
        "head -c 100000000 /dev/zero | xz -0 > x.tar",
        "yes | head -c 100000 > x.tar",
        "cp /bin/true x.tar",
        "echo '<html>' > x.tar",
    ] {
        let desk = Desk::new();
        run("sh", &["-c", make], &desk.here());
        let ran = desk.verify(&[], make).ends(1);
        assert!(reasons.iter().any(|reason| ran.out.contains(reason)), "{make}: {}", ran.out);
    }
}

/// What is done to an unpacked folder, and why it is refused.
pub(crate) const FOLDERS: [(&str, &str); 13] = [
    ("ln -s /etc/passwd x.tar/data/state/passwd", "is a link; a pack has plain files only"),
    ("ln -s . x.tar/data/loop", "is a link; a pack has plain files only"),
    ("mkfifo x.tar/data/state/fifo", "is a FIFO, socket or device"),
    ("mkdir x.tar/data/empty", "is an empty folder"),
    ("touch 'x.tar/data/a b'", "has the byte 0x20"),
    ("touch \"x.tar/data/$(printf 'a\\033[2J')\"", "a\\u{1b}[2J"),
    ("mkdir -p x.tar/data/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "components deep"),
    ("touch x.tar/.hidden", "inserted    .hidden"),
    (
        "truncate -s 8T x.tar/data/state/large || truncate -s 1T x.tar/data/state/large",
        "inserted    data/state/large",
    ),
    (
        "truncate -s 1T x.tar/manifest-sha256.txt",
        "manifest-sha256.txt: cannot be read: is 1099511627776 bytes long",
    ),
    ("truncate -s 1G x.tar/data/log/d.jsonl.audit/SEALS", "SEALS"),
    ("truncate -s 1T x.tar/data/log/d.jsonl.audit/chain", "chain"),
    ("truncate -s 1T x.tar/tagmanifest-sha256.txt.sig", "tagmanifest-sha256.txt.sig"),
];

/// An unpacked folder may hold anything, too.
#[test]
fn a_hostile_folder_is_refused_with_its_reason() {
    for (make, reason) in FOLDERS {
        let desk = Desk::new();
        run("sh", &["-ec", "mkdir -p x.tar/data/state x.tar/data/log/d.jsonl.audit"], &desk.here());
        run(
            "sh",
            &["-ec", &format!("touch x.tar/data/log/d.jsonl.audit/SEALS x.tar/data/state/a; {make}")],
            &desk.here(),
        );
        let ran = desk.verify(&[], make).ends(1);
        assert!(ran.out.contains(reason), "{make}: {}", ran.out);
        assert!(!ran.out.contains('\u{1b}'), "{make}: {}", ran.out);
    }
}

#[test]
fn a_signature_without_end_beside_the_tar_is_not_read() {
    let world = crate::world::World::new();
    world.pack();
    let desk = Desk::new();
    for (make, code, says) in [
        ("truncate -s 1T x.tar.sig", 74, "x.tar.sig"),
        ("head -c 20000 /dev/zero > x.tar.sig", 74, "x.tar.sig: is 20000 bytes long"),
        ("mkfifo x.tar.sig", 64, "x.tar.sig: is not a regular file"),
        ("ln -s /dev/zero x.tar.sig", 64, "x.tar.sig: is not a regular file"),
    ] {
        fs::copy(world.path("x.tar"), desk.here().join("x.tar")).unwrap();
        run("sh", &["-ec", &format!("rm -f x.tar.sig; {make}")], Path::new(&desk.here()));
        let ran = desk.verify(&[], make).ends(code);
        assert!(ran.err.contains(says), "{make}: {}", ran.err);
    }
}
