//! Tars made by an enemy are refused with the reason, at once, in little memory, and nothing is written.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bag::{Bag, Digest};

use crate::common::{NAME, fails, passes, small};

/// However large the tar is.
const TIME: Duration = Duration::from_secs(5);
const MEMORY_KIB: u64 = 64 << 10;

/// What the example says of a tar, its peak of memory in KiB, and the processor time it took.
pub(crate) fn inspect(folder: &Path, arguments: &[&str]) -> (String, u64, Duration) {
    let own = std::env::current_exe().unwrap();
    let program = own.ancestors().nth(2).unwrap().join("examples/inspect");
    let output = Command::new(program).current_dir(folder).args(arguments).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let number = |start: &str| -> u64 {
        told.lines().find_map(|line| line.strip_prefix(start)).expect(&told).parse().expect(&told)
    };
    let (peak_kib, took) = (number("peak_kib: "), Duration::from_millis(number("cpu_ms: ")));
    (told, peak_kib, took)
}

/// Refused by a process of its own, which must hold to its bounds and leave nothing behind.
fn is_refused(folder: &Path, reason: &str) {
    let (told, peak_kib, took) = inspect(folder, &["x.tar"]);
    assert!(told.contains(reason), "{reason}: {told}");
    assert!(took < TIME, "{reason}: {took:?}");
    assert!(peak_kib < MEMORY_KIB, "{reason}: {peak_kib} KiB");
    let left: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["x.tar"], "{reason}");
}

/// A header as ustar has it, made without the code under test.
fn header(name: &[u8], flag: u8, size: &[u8]) -> [u8; 512] {
    let mut block = [0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name);
    put(100, b"0000644\x000000000\x000000000\0");
    put(124, size);
    put(136, b"00000000000\0");
    put(156, &[flag]);
    put(257, b"ustar\x0000");
    put(329, b"0000000\x000000000\0");
    summed(block)
}

fn summed(mut block: [u8; 512]) -> [u8; 512] {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn member(name: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = header(name.as_bytes(), b'0', format!("{:011o}\0", data.len()).as_bytes()).to_vec();
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

const ZERO: &[u8; 12] = b"00000000000\0";

fn typed(flag: u8) -> Vec<Vec<u8>> {
    vec![header(b"t/data/x", flag, ZERO).to_vec()]
}

fn patched(at: usize, bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut block = header(b"t/data/x", b'0', ZERO);
    block[at..at + bytes.len()].copy_from_slice(bytes);
    vec![summed(block).to_vec()]
}

fn named(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| member(name, b"")).collect()
}

/// Members, and why they are refused.
type Case = (Vec<Vec<u8>>, &'static str);

fn names() -> Vec<Case> {
    let deep = format!("t/data/{}x", "d/".repeat(20));
    vec![
        (named(&["t/data/../../etc/passwd"]), "has a component `.` or `..`"),
        (named(&["../x"]), "has a component `.` or `..`"),
        (named(&["./t/data/x"]), "has a component `.` or `..`"),
        (named(&["/etc/passwd"]), "the path is absolute"),
        (named(&["t/data//x"]), "has an empty component"),
        (named(&["t/data/x/"]), "has an empty component"),
        (named(&["t/data/--checkpoint"]), "begins with `-`"),
        (named(&["t/data/a\\b"]), "has the byte 0x5c"),
        (named(&["t/data/C:x"]), "has the byte 0x3a"),
        (named(&["t/data/a\nb"]), "t/data/a\\nb, at byte 0: the path has the byte 0x0a"),
        (named(&["t/data/\u{fc}"]), "has the byte 0xc3"),
        (named(&["t/data/%2e%2e"]), "has the byte 0x25"),
        (named(&[&deep]), "components deep; at most 16"),
        (named(&[""]), "the path is empty"),
        (named(&["t"]), "it is not in the folder t/"),
        (named(&["t/data/a", "u/data/b"]), "u/data/b, at byte 512: it is not in the folder t/"),
        (named(&["t/data/a", "tt/data/b"]), "it is not in the folder t/"),
        (named(&["t/data/b", "t/data/a"]), "it is not in byte order: it stands after data/b"),
        (named(&["t/data/a", "t/data/a"]), "the path is there twice"),
        (named(&["t/data/a", "t/data/b", "t/data/a"]), "the path is there twice"),
        (
            named(&["t/data/a", "t/data/a-b", "t/data/a/b"]),
            "t/data/a, at byte 0: the path is a file, and the folder",
        ),
        (named(&["t/.git"]), "no such file belongs beside the payload"),
    ]
}

fn types() -> Vec<Case> {
    vec![
        (typed(b'1'), "it is a hard link"),
        (typed(b'2'), "it is a symbolic link"),
        (typed(b'3'), "it is a character device"),
        (typed(b'4'), "it is a block device"),
        (typed(b'5'), "it is a folder"),
        (typed(b'6'), "it is a FIFO"),
        (typed(b'7'), "it is a contiguous file"),
        (typed(b'x'), "it is a pax header"),
        (typed(b'g'), "it is a global pax header"),
        (typed(b'L'), "it is a GNU long name"),
        (typed(b'K'), "it is a GNU long link name"),
        (typed(b'S'), "it is a GNU sparse file"),
        (typed(0), "it is a file of a tar older than ustar"),
        (typed(b'Z'), "it is of an unknown type"),
    ]
}

fn parts() -> Vec<Case> {
    let base_256 = [0x80, 0, 0, 0, 0, 0, 0, 2, 0x54, 0x0b, 0xe4, 0];
    vec![
        (patched(8, b"\0.exe"), "the header's name is not as we write it"),
        (patched(345, b"\0evil"), "the header's prefix is not as we write it"),
        (patched(345, b"p"), "the header's name is not as we write it"),
        (patched(100, b"0000777\0"), "the header's mode is not as we write it"),
        (patched(100, b"0004755\0"), "the header's mode is not as we write it"),
        (patched(100, b"   644 \0"), "the header's mode is not as we write it"),
        (patched(108, b"0001750\0"), "the header's uid is not as we write it"),
        (patched(116, b"0001750\0"), "the header's gid is not as we write it"),
        (patched(124, &base_256), "the header's size is not as we write it"),
        (patched(124, b"          0\0"), "the header's size is not as we write it"),
        (patched(124, b"-0000000001\0"), "the header's size is not as we write it"),
        (patched(136, b"0000000000 \0"), "the header's mtime is not as we write it"),
        (patched(157, b"/etc/passwd"), "the header's link name is not as we write it"),
        (patched(257, b"ustar  \0"), "the header is not that of a POSIX ustar"),
        (patched(257, &[0; 8]), "the header is not that of a POSIX ustar"),
        (patched(265, b"root"), "the header's user name is not as we write it"),
        (patched(297, b"root"), "the header's group name is not as we write it"),
        (patched(329, b"0000001\0"), "the header's device major is not as we write it"),
        (patched(511, b"x"), "the header's unused end is not as we write it"),
        (
            vec![member("t/data/a", b""), patched(136, b"00000000001\0").concat()],
            "its modification time is not that",
        ),
        (vec![member("t/data/x", b"123"), vec![1; 512]], "the header's checksum is wrong"),
        (vec![vec![0; 512], member("t/data/x", b"")], "something stands behind the end mark"),
        (vec![vec![0; 1024], member("t/data/x", b"")], "something stands behind the end mark"),
        (vec![], "the tar is empty"),
        (vec![header(b"t/data/x", b'0', b"00000002000\0").to_vec()], "it is cut"),
        (
            vec![header(b"t/data/x", b'0', b"67777777777\0").to_vec()],
            "said to be 7516192767 bytes long, but the file has",
        ),
        (vec![header(b"t/data/x", b'0', b"77777777777\0").to_vec()], "but the file has only 1024 more"),
    ]
}

#[test]
fn every_trick_is_refused_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    for (members, reason) in [names(), types(), parts()].concat() {
        let tar = [members.concat(), vec![0; 1024]].concat();
        let error = Bag::open_tar(&tar, None).expect_err(reason).to_string();
        assert!(error.contains(reason), "{reason}: {error}");
        assert!(error.contains("do not unpack it"), "{error}");
        std::fs::write(dir.path().join("x.tar"), &tar).unwrap();
        is_refused(dir.path(), reason);
    }
}

#[test]
fn another_top_folder_than_expected_is_refused() {
    let error = Bag::open_tar(&small(), Some("evidence-bot-4")).expect_err("another").to_string();
    assert!(error.contains("it is not in the folder evidence-bot-4/"), "{error}");
    let dirty = [small()[..512].to_vec(), vec![b'x'; 512 * 3]].concat();
    assert!(Bag::open_tar(&dirty, Some(NAME)).is_err());
}

#[test]
fn bytes_between_members_are_refused() {
    let mut first = member("t/data/x", b"123");
    first[512 + 4] = 1;
    let tar = [first, vec![0; 1024]].concat();
    let error = Bag::open_tar(&tar, None).expect_err("dirty").to_string();
    assert!(error.contains("bytes that are not zero stand behind it"), "{error}");
}

/// What other programs make of a folder has another form, and is refused for it.
#[test]
fn tars_of_other_programs_are_refused_with_the_reason() {
    let long = format!("t/data/{}", "n".repeat(120));
    let make = format!(
        "mkdir -p t/data && echo x >t/data/a && truncate -s 10G t/data/s && echo y >{long} && ln t/data/a t/data/b \
         && ln -s a t/data/c && mkfifo t/data/f"
    );
    for (arguments, reason) in [
        ("tar --format=gnu -cf", "it is a GNU long name"),
        ("tar --format=gnu --sparse -cf", "it is a GNU sparse file"),
        ("tar --format=pax -cf", "it is a pax header"),
        ("tar --format=v7 -cf", "it is a file of a tar older than ustar"),
        ("tar --format=ustar --no-recursion -cf", "it is a folder"),
        ("bsdtar --format=ustar -cf", "of"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        passes(dir.path(), "sh", &["-c", &make]);
        let from = match reason {
            "it is a GNU long name" | "it is a pax header" => &long,
            "it is a GNU sparse file" => "t/data/s",
            "it is a folder" => "t",
            _ => "t/data/a",
        };
        passes(dir.path(), "sh", &["-c", &format!("{arguments} x.tar {from} && rm -r t")]);
        is_refused(dir.path(), if reason == "of" { "the header's" } else { reason });
    }
}

fn file(folder: &Path) -> BufWriter<File> {
    BufWriter::new(File::create(folder.join("x.tar")).unwrap())
}

#[test]
fn a_million_members_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut out = file(dir.path());
    for number in 0..=200_000 {
        out.write_all(&member(&format!("t/data/{number:06}"), b"")).unwrap();
    }
    // The others are only promised: the reader must not come to them.
    out.into_inner().unwrap().set_len(1_000_000 * 512 + 1024).unwrap();
    is_refused(dir.path(), "it has more than 200000 members");
}

/// As many members and as long a manifest as are read at all, and nothing in it is right.
#[test]
fn the_largest_bag_with_everything_wrong_is_within_bounds() {
    const MEMBERS: usize = 199_000;
    let dir = tempfile::tempdir().unwrap();
    let mut out = file(dir.path());
    let path = |number: usize| format!("data/{:05}/{number:06}", number / 10);
    for number in 0..MEMBERS {
        out.write_all(&member(&format!("t/{}", path(number)), b"")).unwrap();
    }
    let wrong = Digest([0xab; 32]);
    let lines: Vec<String> = (0..MEMBERS).map(|number| format!("{wrong}  {}\n", path(number))).collect();
    let manifest = lines.concat();
    assert!(manifest.len() < 17 << 20, "{}", manifest.len());
    out.write_all(&member("t/manifest-sha256.txt", manifest.as_bytes())).unwrap();
    out.write_all(&[0; 1024]).unwrap();
    drop(out);
    let (told, peak_kib, took) = inspect(dir.path(), &["x.tar"]);
    assert!(told.contains("findings: 199006\n"), "{told}");
    assert!(took < TIME && peak_kib < MEMORY_KIB, "{took:?}, {peak_kib} KiB: {told}");
}

#[test]
fn a_fifo_or_link_in_the_place_of_a_tar_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    passes(dir.path(), "mkfifo", &["x.tar"]);
    is_refused(dir.path(), "x.tar is not a regular file (a FIFO, socket or device)");
    std::fs::remove_file(dir.path().join("x.tar")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("x.tar")).unwrap();
    is_refused(dir.path(), "x.tar is not a regular file (a link, which is not followed)");
    fails(dir.path(), "tar", &["-tf", "x.tar"]);
}
