//! Tars made by an enemy, without the code under test. The tests of `audit-pack` have them, too.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

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

pub(crate) fn member(name: &str, data: &[u8]) -> Vec<u8> {
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

/// Every trick that fits into a few blocks: a tar, and why it is refused.
pub(crate) fn tricks() -> impl Iterator<Item = (Vec<u8>, &'static str)> {
    let whole = |(members, reason): Case| ([members.concat(), vec![0; 1024]].concat(), reason);
    [names(), types(), parts()].into_iter().flatten().map(whole)
}

/// Scripts that make `x.tar` of files with other programs, in other forms.
pub(crate) fn foreign() -> impl Iterator<Item = (String, &'static str)> {
    let long = format!("t/data/{}", "n".repeat(120));
    let make = format!(
        "mkdir -p t/data && echo x >t/data/a && truncate -s 10G t/data/s && echo y >{long} && ln t/data/a t/data/b \
         && ln -s a t/data/c && mkfifo t/data/f"
    );
    let cases = [
        ("tar --format=gnu -cf", long.clone(), "it is a GNU long name"),
        ("tar --format=gnu --sparse -cf", "t/data/s".to_owned(), "it is a GNU sparse file"),
        ("tar --format=pax -cf", long, "it is a pax header"),
        ("tar --format=v7 -cf", "t/data/a".to_owned(), "it is a file of a tar older than ustar"),
        ("tar --format=ustar --no-recursion -cf", "t".to_owned(), "it is a folder"),
        ("bsdtar --format=ustar -cf", "t/data/a".to_owned(), "the header's"),
    ];
    cases
        .into_iter()
        .map(move |(program, from, reason)| (format!("{make} && {program} x.tar {from} && rm -r t"), reason))
}

fn file(path: &Path) -> BufWriter<File> {
    BufWriter::new(File::create(path).unwrap())
}

/// A tar with more members than are read.
pub(crate) fn a_million(path: &Path) {
    let mut out = file(path);
    for number in 0..=200_000 {
        out.write_all(&member(&format!("t/data/{number:06}"), b"")).unwrap();
    }
    // The others are only promised: the reader must not come to them.
    out.into_inner().unwrap().set_len(1_000_000 * 512 + 1024).unwrap();
}

/// As many members and as long a manifest as are read at all, and nothing in it is right: 199,006 findings.
pub(crate) fn all_wrong(path: &Path) {
    const MEMBERS: usize = 199_000;
    let mut out = file(path);
    let path = |number: usize| format!("data/{:05}/{number:06}", number / 10);
    for number in 0..MEMBERS {
        out.write_all(&member(&format!("t/{}", path(number)), b"")).unwrap();
    }
    let wrong = "ab".repeat(32);
    let lines: Vec<String> = (0..MEMBERS).map(|number| format!("{wrong}  {}\n", path(number))).collect();
    let manifest = lines.concat();
    assert!(manifest.len() < 17 << 20, "{}", manifest.len());
    out.write_all(&member("t/manifest-sha256.txt", manifest.as_bytes())).unwrap();
    out.write_all(&[0; 1024]).unwrap();
    out.flush().unwrap();
}
