//! How fast lines become a tree, against `openssl dgst -sha256` of the same file.
//!
//! `cargo run --release -p tlog --example leaf_rate [MIB] [LINE_BYTES] [THREADS]`
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a bench on the real machine, not a program"
)]

use std::convert::Infallible;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use tlog::tile::Builder;
use tlog::{Hash, Tile};

const ROUNDS: usize = 9;
const BUFFER_BYTES: usize = 4 << 20;

fn main() {
    let number =
        |nth, or| std::env::args().nth(nth).map_or(or, |text| text.parse::<usize>().expect("a number"));
    let threads = number(3, std::thread::available_parallelism().map_or(1, usize::from));
    let (mib, line_bytes) = (number(1, 256), number(2, 300));
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("lines");
    let bytes = write_lines(&path, mib << 20, line_bytes);

    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let status = Command::new("openssl").args(["dgst", "-sha256"]).arg(&path).output().expect("openssl");
        let openssl = begin.elapsed().as_secs_f64();
        assert!(status.status.success());

        let begin = Instant::now();
        let builder = tree_of(&path, threads);
        let ours = begin.elapsed().as_secs_f64();
        println!(
            "openssl {:.3} s ({:.2} GB/s)  tree {ours:.3} s ({:.2} GB/s)  ratio {:.2}  {} lines, root {}",
            openssl,
            bytes as f64 / openssl / 1e9,
            bytes as f64 / ours / 1e9,
            ours / openssl,
            builder.size(),
            &builder.root().to_string()[..16],
        );
        ratios.push(ours / openssl);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "median ratio {:.2} with {threads} threads (below 1 is faster than openssl)",
        ratios[ROUNDS / 2]
    );
}

fn write_lines(path: &Path, bytes: usize, line_bytes: usize) -> usize {
    let mut file = std::io::BufWriter::new(File::create(path).expect("a file"));
    let lines = bytes / line_bytes;
    for i in 0..lines {
        writeln!(file, "{i:0width$}", width = line_bytes - 1).expect("space");
    }
    file.flush().expect("space");
    lines * line_bytes
}

/// Reads one buffer while the one before is hashed.
fn tree_of(path: &Path, threads: usize) -> Builder {
    let mut file = File::open(path).expect("the file");
    let mut builder = Builder::new();
    let (mut now, mut next) = (Vec::new(), Vec::new());
    fill(&mut file, &mut now);
    while !now.is_empty() {
        let lines = std::thread::scope(|scope| {
            next.clear();
            let reading = scope.spawn(|| fill(&mut file, &mut next));
            let lines = tlog::lines::hash_lines(&now, threads);
            reading.join().expect("read");
            lines
        });
        let kept = |_: Tile, _: &[Hash]| Ok::<(), Infallible>(());
        let Ok(()) = builder.extend(&lines.leaves, threads, kept);
        next.splice(0..0, now[lines.sealed_len..].iter().copied());
        std::mem::swap(&mut now, &mut next);
    }
    builder
}

fn fill(file: &mut File, buffer: &mut Vec<u8>) {
    file.take(BUFFER_BYTES as u64).read_to_end(buffer).expect("the file");
}
