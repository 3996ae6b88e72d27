//! Lines that a crash tore.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

/// A line that is written in one go is whole after a moment.
const STEP: Duration = Duration::from_millis(1);
const LOOKS: usize = 50;

/// The last line has no LF, and gets none: one that somebody writes at this moment is seen while it grows.
pub(super) fn ends_torn(file: &mut File) -> io::Result<bool> {
    for _ in 0..LOOKS {
        if !ends_without_lf(file)? {
            return Ok(false);
        }
        std::thread::sleep(STEP);
    }
    Ok(true)
}

fn ends_without_lf(file: &mut File) -> io::Result<bool> {
    let len = file.metadata()?.len();
    if len == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(len - 1))?;
    // Nothing to read: somebody has cut the file since, and nothing is torn.
    Ok(file.read(&mut last)? == 1 && last != *b"\n")
}
