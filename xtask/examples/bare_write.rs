//! The system calls of `hb-write` on the root that is named, and nothing else, for `cargo xtask bench`.
#![allow(clippy::disallowed_methods, reason = "this is what the doors of holdfast::sys are measured against")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let data = PathBuf::from(std::env::args_os().nth(1).unwrap_or_default()).join("data");
    let target = data.join("heartbeat.json");
    fs::metadata(&data)?;
    // What the circuit says, and the last beat.
    fs::metadata(data.join("circuit.json"))?;
    read(&data.join("circuit.json"))?;
    fs::metadata(data.join("trips.jsonl"))?;
    let last = read(&target).unwrap_or_default();
    fs::read_to_string("/proc/sys/kernel/random/boot_id")?;

    let temp = data.join(format!(".heartbeat.json.{}.tmp", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(&temp)?;
    file.metadata()?;
    fs::metadata(&target).ok();
    fs::metadata(&data)?;
    file.write_all(&last)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temp, &target)?;
    File::open(&data)?.sync_all()
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::with_capacity(file.metadata()?.len() as usize + 1);
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
