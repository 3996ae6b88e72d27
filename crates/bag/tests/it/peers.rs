//! Stock tools take our bags, and refuse damaged ones as far as each can.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::{MTIME, NAME, bagit_python, fails, passes, small, unpacked, written_of};

/// Paths as our tar has them.
fn paths(tar: &[u8]) -> Vec<String> {
    let bag = bag::Bag::open_tar(&tar, Some(NAME)).unwrap();
    bag.entries().iter().map(|entry| format!("{NAME}/{}", entry.path)).collect()
}

const PYTHON_LIST: &str = "
import sys, tarfile
with tarfile.open('x.tar', 'r:') as tar:
    for member in tar:
        assert member.isreg() and member.uid == member.gid == 0, member
        assert member.uname == member.gname == '' and member.pax_headers == {}, member
        assert member.mtime == int(sys.argv[1]) and member.mode in (0o644, 0o755), member
        print(member.name)
";

#[test]
fn gnu_tar_bsdtar_and_python_list_the_same_members_without_a_word() {
    let tar = small();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("x.tar"), &tar).unwrap();
    let python = ["-c", PYTHON_LIST, &MTIME.to_string()];
    for (program, arguments) in
        [("tar", &["-tf", "x.tar"][..]), ("bsdtar", &["-tf", "x.tar"]), ("python3", &python)]
    {
        let output = crate::common::run(dir.path(), program, arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{program}: {said}");
        let listed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(listed.lines().collect::<Vec<_>>(), paths(&tar), "{program}");
    }
}

#[test]
fn gnu_tar_and_bsdtar_unpack_what_was_packed() {
    let tar = small();
    let bag = bag::Bag::open_tar(&tar, Some(NAME)).unwrap();
    for program in ["tar", "bsdtar"] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("x.tar"), &tar).unwrap();
        passes(dir.path(), program, &["-xpf", "x.tar"]);
        for entry in bag.entries() {
            let path = dir.path().join(NAME).join(&*entry.path);
            assert_eq!(std::fs::read(&path).unwrap(), bag.read(entry, u64::MAX).unwrap(), "{path:?}");
            let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
            let expected = if entry.mode == Some(bag::Mode::Plain) { 0o644 } else { 0o755 };
            assert_eq!(mode, expected, "{program}: {path:?}");
        }
    }
}

/// Whoever has a pack unpacked makes the tar again, and its signature holds.
#[test]
fn gnu_tar_makes_the_same_bytes_from_the_unpacked_folder() {
    let tar = small();
    let (dir, _) = unpacked(&tar);
    let script = format!(
        "find {NAME} -type f | LC_ALL=C sort | tar --create --file=again.tar --format=ustar --blocking-factor=1 \
         --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime=@{MTIME} --no-recursion --files-from=-"
    );
    passes(dir.path(), "sh", &["-c", &script]);
    let again = std::fs::read(dir.path().join("again.tar")).unwrap();
    assert!(again == tar, "GNU tar wrote {} bytes, we {}", again.len(), tar.len());
}

#[test]
fn the_hash_of_the_whole_is_that_of_sha256sum() {
    let (tar, written) = written_of(crate::common::payload());
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("x.tar"), &tar).unwrap();
    let told = passes(dir.path(), "sha256sum", &["x.tar"]);
    assert_eq!(told, format!("{}  x.tar\n", written.sha256));
    assert_eq!(written.len, tar.len() as u64);
}

/// One way to damage an unpacked bag.
type Damage = fn(&Path);

const DAMAGES: [(&str, Damage); 4] = [
    ("edited payload", |bag| std::fs::write(bag.join("data/block"), "other").unwrap()),
    ("removed payload", |bag| std::fs::remove_file(bag.join("data/block")).unwrap()),
    ("edited manifest", |bag| {
        let path = bag.join("manifest-sha256.txt");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen(['0', '1'], "2", 1)).unwrap();
    }),
    ("edited tag", |bag| std::fs::write(bag.join("VERIFY.md"), "All is well.\n").unwrap()),
];

const SUMS: [&str; 4] = ["--strict", "-c", "manifest-sha256.txt", "tagmanifest-sha256.txt"];

#[test]
fn sha256sum_takes_ours_and_refuses_damaged_ones() {
    let (_dir, bag) = unpacked(&small());
    passes(&bag, "sha256sum", &SUMS);
    for (what, damage) in DAMAGES {
        let (_dir, bag) = unpacked(&small());
        damage(&bag);
        let said = fails(&bag, "sha256sum", &SUMS);
        assert!(said.contains("FAILED"), "{what}: {said}");
    }
}

const PYTHON_BAGIT: &str = "
import bagit, sys
bag = bagit.Bag(sys.argv[1])
bag.validate()
assert bag.version == '1.0' and bag.has_oxum(), bag.version
assert bag.info['External-Identifier'] == \"bot, J\\u00fcrg's\", bag.info
";

#[test]
fn the_bagit_package_takes_ours_and_refuses_damaged_ones() {
    let python = bagit_python();
    let python = python.to_str().unwrap();
    let (dir, _) = unpacked(&small());
    passes(dir.path(), python, &["-c", PYTHON_BAGIT, NAME]);
    let added: (&str, Damage) =
        ("added payload", |bag| std::fs::write(bag.join("data/added"), "more").unwrap());
    for (what, damage) in DAMAGES.into_iter().chain([added]) {
        let (dir, bag) = unpacked(&small());
        damage(&bag);
        let said = fails(dir.path(), python, &["-c", PYTHON_BAGIT, NAME]);
        assert!(said.contains("BagValidationError") || said.contains("BagError"), "{what}: {said}");
    }
}

#[test]
fn gnu_tar_bsdtar_and_python_refuse_a_damaged_header_as_we_do() {
    let mut tar = small();
    tar[3] ^= 1;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("x.tar"), &tar).unwrap();
    fails(dir.path(), "tar", &["-tf", "x.tar"]);
    fails(dir.path(), "bsdtar", &["-tf", "x.tar"]);
    fails(dir.path(), "python3", &["-c", PYTHON_LIST, &MTIME.to_string()]);
    assert!(crate::common::said_against(&tar)[0].contains("checksum is wrong"));
}
