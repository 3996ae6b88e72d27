//! Many files at once, and files larger than memory.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Place, not_regular, open_in_place, parent, platform, temp_beside, unopened, write_temp};
use crate::sys::{Draft, ReadAt, ReadError, Secrecy};

pub(super) fn open(path: &Path) -> Result<Box<dyn ReadAt>, ReadError> {
    let file = match open_in_place(OpenOptions::new().read(true), path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ReadError::Missing),
        Err(_) if fs::symlink_metadata(path).is_ok_and(|itself| itself.is_symlink()) => {
            return Err(ReadError::NotRegular("a link, which is not followed"));
        }
        Err(error) => return Err(unopened(path, error)),
    };
    match not_regular(&file.metadata()?) {
        None => Ok(Box::new(Positioned(file))),
        Some(what) => Err(ReadError::NotRegular(what)),
    }
}

struct Positioned(File);

impl ReadAt for Positioned {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        // No file reaches so far, and the system would call it an error.
        if offset.checked_add(buf.len() as u64).is_none_or(|end| end > i64::MAX.cast_unsigned()) {
            return Ok(0);
        }
        let mut read = 0;
        while read < buf.len() {
            match platform::read_at(&self.0, &mut buf[read..], offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }
}

/// Under another name first, so that nobody sees half of it; a second name is given to no file that is there.
pub(super) fn create(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let place = Place::of(path)?;
    let path = place.path();
    let temp = temp_beside(path);
    let linked = write_temp(&temp, path, bytes, Secrecy::Shared)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::hard_link(&temp, path));
    // What stays is a second name of the same, or of nothing.
    let _ = fs::remove_file(&temp);
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        linked => linked.and_then(|()| platform::sync_dir(parent(path))).map(|()| true),
    }
}

/// Writes all, makes all durable, and only then gives them their names: **old-or-new** for each.
pub(super) fn replace_all(files: &[(PathBuf, Vec<u8>)], secrecy: Secrecy) -> io::Result<()> {
    let mut temps = Vec::with_capacity(files.len());
    let done = write_all(files, secrecy, &mut temps);
    if done.is_err() {
        for temp in &temps {
            // The error is what counts; a temp file that stays is swept later.
            let _ = fs::remove_file(temp);
        }
    }
    done
}

/// From this many files on, one sync of the whole file system is cheaper than one for each.
const TOGETHER_MIN: usize = 16;

fn write_all(files: &[(PathBuf, Vec<u8>)], secrecy: Secrecy, temps: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut last = None;
    for (path, bytes) in files {
        let temp = temp_beside(path);
        temps.push(temp.clone());
        let file = write_temp(&temp, path, bytes, secrecy)?;
        if files.len() < TOGETHER_MIN {
            file.sync_all()?;
        }
        last = Some(file);
    }
    let Some(last) = last else { return Ok(()) };
    let together = files.len() >= TOGETHER_MIN;
    if together && !platform::sync_file_system(&last)? {
        for temp in temps.iter() {
            OpenOptions::new().write(true).open(temp)?.sync_all()?;
        }
    }
    for (temp, (path, _)) in temps.iter().zip(files) {
        platform::rename(temp, path)?;
    }
    let dirs: BTreeSet<&Path> = files.iter().map(|(path, _)| parent(path)).collect();
    dirs.into_iter().try_for_each(platform::sync_dir)
}

/// What the file holds, and its name.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    // Windows makes durable only what may be written.
    let options = if cfg!(windows) { options.append(true) } else { options.read(true) };
    open_in_place(options, path)?.sync_all()?;
    platform::sync_dir(parent(path))
}

/// Removes what killed writers left, of these names in a folder.
pub(super) fn sweep(dir: &Path, names: &[String], age: Duration) -> io::Result<usize> {
    let mut swept = 0;
    for name in names.iter().filter(|name| is_temp(name)) {
        let place = Place::of(&dir.join(name))?;
        if file_age(place.path())? >= age {
            fs::remove_file(place.path())?;
            swept += 1;
        }
    }
    Ok(swept)
}

fn is_temp(name: &str) -> bool {
    let hidden = name.starts_with('.');
    hidden && Path::new(name).extension().is_some_and(|extension| extension == "tmp")
}

fn file_age(path: &Path) -> io::Result<Duration> {
    Ok(SystemTime::now().duration_since(fs::symlink_metadata(path)?.modified()?).unwrap_or_default())
}

/// How much of a draft is written at once, in bytes.
const DRAFT_PIECE: usize = 256 << 10;

struct OnDisk {
    temp: PathBuf,
    path: PathBuf,
    file: BufWriter<File>,
    kept: bool,
}

pub(super) fn draft(path: &Path, secrecy: Secrecy) -> io::Result<Box<dyn Draft>> {
    let temp = temp_beside(path);
    // Dropped on any error from here on, and the temp file with it.
    let file = write_temp(&temp, path, &[], secrecy).inspect_err(|_| drop(fs::remove_file(&temp)))?;
    let file = BufWriter::with_capacity(DRAFT_PIECE, file);
    Ok(Box::new(OnDisk { temp, path: path.to_owned(), file, kept: false }))
}

impl Write for OnDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Draft for OnDisk {
    fn keep(mut self: Box<Self>) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        platform::rename(&self.temp, &self.path)?;
        self.kept = true;
        platform::sync_dir(parent(&self.path))
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        if !self.kept {
            // What stays is swept later, as after a crash.
            let _ = fs::remove_file(&self.temp);
        }
    }
}
