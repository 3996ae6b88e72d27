//! The system calls of `watchdog check` on the root that is named, and no judgement, for `cargo xtask bench`: every
//! heartbeat is opened and read, the watchdog's memory is read and written anew, durably.
#![allow(clippy::disallowed_methods, reason = "this is what the doors of holdfast::sys are measured against")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let data = PathBuf::from(std::env::args_os().nth(1).unwrap_or_default()).join("data");
    let mut buffer = vec![0; 64 << 10];
    for entry in fs::read_dir(data.join("heartbeats"))? {
        let mut file = File::open(entry?.path())?;
        file.metadata()?;
        if file.read(&mut buffer)? == 0 {
            return Err(io::Error::other("an empty heartbeat"));
        }
    }
    rewrite(&data, "watchdog.json")
}

/// Replaces a file by itself, **old-or-new**.
fn rewrite(data: &Path, name: &str) -> io::Result<()> {
    let bytes = fs::read(data.join(name))?;
    let temp = data.join(format!(".{name}.{}.tmp", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&temp)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temp, data.join(name))?;
    File::open(data)?.sync_all()
}
