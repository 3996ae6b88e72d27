//! Disks that are full, that refuse writes, that lose power. They need root, or sudo without a password.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{getgid, getuid};
use tempfile::TempDir;

use super::ended::Ended;
use super::running::Run;

/// Runs a program as root.
#[track_caller]
pub fn privileged(program: &str, args: &[&str]) -> Ended {
    let mut command = if getuid().is_root() { Command::new(program) } else { Command::new("sudo") };
    if !getuid().is_root() {
        command.args(["-n", program]);
    }
    let ended = command.args(args).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").finish();
    let advice = "this test needs root, or sudo without a password, and a kernel that lets it mount";
    assert_eq!(ended.code, Some(0), "{advice}\n{ended}");
    ended
}

/// A mounted file system. It is unmounted when this is dropped.
#[derive(Debug)]
pub struct Mounted {
    point: PathBuf,
    _dir: TempDir,
}

impl Mounted {
    #[track_caller]
    fn new(args: &[&str], source: &str) -> Self {
        let dir = tempfile::tempdir().expect("a mount point");
        let point = fs::canonicalize(dir.path()).expect("its real path");
        privileged("mount", &[args, &[source, path_str(&point)]].concat());
        let mounted = Self { point, _dir: dir };
        let (uid, gid) = (getuid().as_raw(), getgid().as_raw());
        if fs::metadata(&mounted.point).expect("the mount point").uid() != uid {
            privileged("chown", &[&format!("{uid}:{gid}"), path_str(&mounted.point)]);
        }
        mounted
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.point
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // A panic here would hide the failure that may have brought us here.
        let sudo = if getuid().is_root() { "env" } else { "sudo" };
        let _ = Command::new(sudo).args(["umount", "--lazy", path_str(&self.point)]).finish();
    }
}

/// A file system in memory with so many bytes and files (the folder itself is one).
#[track_caller]
pub fn full_disk(bytes: u64, inodes: u64) -> Mounted {
    Mounted::new(&["-t", "tmpfs", "-o", &format!("size={bytes},nr_inodes={inodes}")], "tmpfs")
}

/// The same folder once more, where nobody can write.
#[track_caller]
pub fn read_only(dir: &Path) -> Mounted {
    let mounted = Mounted::new(&["--bind"], path_str(dir));
    privileged("mount", &["-o", "remount,bind,ro", path_str(mounted.path())]);
    mounted
}

/// A disk in a file.
#[derive(Debug)]
pub struct Image {
    file: PathBuf,
    _dir: TempDir,
}

impl Default for Image {
    fn default() -> Self {
        Self::new()
    }
}

impl Image {
    /// An empty one with ext4.
    #[track_caller]
    pub fn new() -> Self {
        const BYTES: u64 = 8 << 20;
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("disk");
        fs::File::create(&file).and_then(|disk| disk.set_len(BYTES)).expect("a disk image");
        let mut make = Command::new("/usr/sbin/mkfs.ext4");
        make.args(["-q", "-E", "nodiscard"]).arg(&file).finish().expect(0);
        Self { file, _dir: dir }
    }

    /// Mounts it so that the file system writes nothing by itself for minutes.
    #[track_caller]
    pub fn mount(&self) -> Mounted {
        Mounted::new(&["-o", "loop,commit=300"], path_str(&self.file))
    }

    /// The disk as it is at this moment, as a loss of power would leave it.
    #[must_use]
    #[track_caller]
    pub fn without_power(&self) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("disk");
        fs::copy(&self.file, &file).expect("a copy of the disk");
        Self { file, _dir: dir }
    }
}

fn path_str(path: &Path) -> &str {
    path.to_str().expect("an UTF-8 path")
}
