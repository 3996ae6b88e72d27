//! Lines to leaves, on all cores.

use memchr::{memchr, memchr_iter, memrchr};

use crate::hash::{Hash, LEAF_PREFIX};
use crate::lanes::Lanes;
use crate::threads;

/// Below this many bytes a second thread costs more than it saves.
const THREAD_BYTES_MIN: usize = 1 << 16;

/// The leaves of some bytes that begin where a line begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// One leaf for each line, in order.
    pub leaves: Vec<Hash>,
    /// How many bytes those lines have, with their LFs.
    pub sealed_len: usize,
    /// How many bytes stand behind the last LF: the unsealed tail, which is in no leaf.
    pub tail_len: usize,
}

/// Hashes every line of `bytes` on at most `threads` threads.
pub fn hash_lines(bytes: &[u8], threads: usize) -> Lines {
    let sealed_len = memrchr(b'\n', bytes).map_or(0, |last| last + 1);
    let threads = threads.min(sealed_len / THREAD_BYTES_MIN).max(1);
    let mut parts = threads::each(split(&bytes[..sealed_len], threads), hash_part).into_iter();
    let mut leaves = parts.next().unwrap_or_default();
    for part in parts {
        leaves.extend(part);
    }
    Lines { leaves, sealed_len, tail_len: bytes.len() - sealed_len }
}

/// Cuts whole lines into at most `count` parts of about the same size, each of whole lines.
fn split(mut bytes: &[u8], count: usize) -> Vec<&[u8]> {
    let mut parts = Vec::with_capacity(count);
    for left in (2..=count).rev() {
        let about = bytes.len() / left;
        let Some(lf) = memchr(b'\n', &bytes[about..]) else { break };
        let (part, rest) = bytes.split_at(about + lf + 1);
        parts.push(part);
        bytes = rest;
    }
    parts.push(bytes);
    parts
}

fn hash_part(bytes: &[u8]) -> Vec<Hash> {
    let mut leaves = Vec::with_capacity(bytes.len() / 256);
    let mut lanes = Lanes::new(LEAF_PREFIX);
    let mut begin = 0;
    for lf in memchr_iter(b'\n', bytes) {
        lanes.add(&bytes[begin..=lf], &mut leaves);
        begin = lf + 1;
    }
    lanes.flush(&mut leaves);
    leaves
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_by_one(bytes: &[u8]) -> Vec<Hash> {
        bytes.split_inclusive(|&b| b == b'\n').filter(|line| line.ends_with(b"\n")).map(Hash::leaf).collect()
    }

    #[test]
    fn empty_lines_count_and_the_tail_does_not() {
        for (bytes, lines, tail_len) in [
            (&b""[..], 0, 0),
            (b"\n", 1, 0),
            (b"\n\n", 2, 0),
            (b"torn", 0, 4),
            (b"a\nb", 1, 1),
            (b"a\r\n\0\nb\n", 3, 0),
        ] {
            let got = hash_lines(bytes, 2);
            assert_eq!((got.leaves.len(), got.tail_len), (lines, tail_len), "{bytes:?}");
            assert_eq!(got.sealed_len + got.tail_len, bytes.len());
            assert_eq!(got.leaves, one_by_one(bytes));
        }
    }

    #[test]
    fn any_number_of_threads_makes_the_same_leaves() {
        let mut bytes = Vec::new();
        for i in 0..6000_usize {
            bytes.extend(std::iter::repeat_n(b'x', i * 31 % 300));
            bytes.push(b'\n');
        }
        // One line that is longer than several threads' shares.
        bytes.extend(std::iter::repeat_n(b'y', 600_000));
        bytes.extend(b"\nz\ntail");
        let expected = one_by_one(&bytes);
        for threads in [0, 1, 2, 3, 7, 16, 64] {
            let lines = hash_lines(&bytes, threads);
            assert_eq!(lines.leaves, expected, "{threads} threads");
            assert_eq!(lines.tail_len, 4);
        }
    }

    #[test]
    fn parts_are_whole_lines_of_about_the_same_size() {
        let bytes = b"aaaa\n".repeat(1000);
        let parts = split(&bytes, 4);
        assert_eq!(parts.len(), 4);
        assert!(parts.iter().all(|part| part.ends_with(b"\n") && (1240..=1260).contains(&part.len())));
        assert_eq!(parts.concat(), bytes);
    }
}
