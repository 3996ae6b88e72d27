//! Lines that a crash tore.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

const STEP: Duration = Duration::from_millis(1);
/// A line that is written in one go grows on within so many looks.
const STILL: usize = 50;
/// Nobody keeps a trip waiting for longer by writing on and on (**trip-first**): an empty line does no harm.
const MOST: usize = 300;

/// The last line has no LF, and gets none: one that somebody writes at this moment is seen while it grows.
pub(super) fn ends_torn(file: &mut File) -> io::Result<bool> {
    let (mut still, mut torn_at) = (0, None);
    for _ in 0..MOST {
        let torn = without_lf(file)?;
        still = if torn == torn_at { still + 1 } else { 0 };
        if torn.is_none() || still == STILL {
            return Ok(torn.is_some());
        }
        torn_at = torn;
        std::thread::sleep(STEP);
    }
    Ok(true)
}

/// How long the file is, if it does not end in an LF.
fn without_lf(file: &mut File) -> io::Result<Option<u64>> {
    let len = file.metadata()?.len();
    if len == 0 {
        return Ok(None);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(len - 1))?;
    // Nothing to read: somebody has cut the file since, and nothing is torn.
    let is_torn = file.read(&mut last)? == 1 && last != *b"\n";
    Ok(is_torn.then_some(len))
}
