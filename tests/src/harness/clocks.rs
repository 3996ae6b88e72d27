//! A host whose clocks a test sets: real programs in a time namespace, with a wall clock of their own and, after a
//! reboot, another boot id.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use holdfast::sys::{Clock, Now, real::RealClock};
use tempfile::TempDir;

use super::running::Run;

/// How long the host has been up when a test begins, in seconds.
const UP: i64 = 100_000;
/// How long of that it was awake.
const AWAKE: i64 = 90_000;
/// How long a host has been up when something first runs after a reboot.
const BOOTING: i64 = 30;

/// A host whose clocks a test sets. Time flows on it as everywhere; what is done to its clocks comes on top. The times
/// of files are the kernel's, which nobody can set here.
#[derive(Debug)]
pub struct Host {
    dir: TempDir,
    /// The library that sets the wall clock.
    preload: String,
    /// By how many seconds its clocks are ahead of ours.
    up: i64,
    awake: i64,
    wall: i64,
    boots: u8,
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Host {
    /// A host that has been up for a day and has our wall clock.
    pub fn new() -> Self {
        let mut preload = Command::new("/usr/bin/faketime");
        preload.args(["-f", "+0", "/usr/bin/printenv", "LD_PRELOAD"]);
        let preload = preload.finish().expect(0).stdout.trim().to_owned();
        let dir = tempfile::tempdir().expect("a folder");
        let mut host = Self { dir, preload, up: 0, awake: 0, wall: 0, boots: 0 };
        host.booted(UP, AWAKE);
        host.steps(0);
        host
    }

    /// The same with another wall clock, in Unix seconds.
    pub fn at(wall: i64) -> Self {
        let mut host = Self::new();
        host.set(wall);
        host
    }

    /// What its clocks say now.
    pub fn now(&self) -> Now {
        let now = RealClock.now();
        Now {
            wall: now.wall + self.wall as f64,
            up: now.up + self.up as f64,
            awake: now.awake + self.awake as f64,
            boot: Some(fs::read_to_string(self.boot_id()).expect("a boot id").trim().to_owned()),
        }
    }

    /// So many seconds pass.
    pub fn passes(&mut self, seconds: i64) {
        self.awake += seconds;
        self.sleeps(seconds);
    }

    /// Time passes until its wall clock says this, in Unix seconds.
    pub fn passes_until(&mut self, wall: i64) {
        let seconds = wall - seconds(self.now().wall);
        assert!(seconds >= 0, "that was {} s ago", -seconds);
        self.passes(seconds);
    }

    /// It is suspended for so long.
    pub fn sleeps(&mut self, seconds: i64) {
        self.up += seconds;
        self.steps(seconds);
    }

    /// Its wall clock is set forward, or back. Programs that are under way see it too.
    pub fn steps(&mut self, seconds: i64) {
        self.wall += seconds;
        // Renamed, for somebody may be reading it.
        let new = self.dir.path().join("new");
        fs::write(&new, format!("{:+}", self.wall)).expect("written");
        fs::rename(new, self.wall_file()).expect("renamed");
    }

    /// Its wall clock is set to this, in Unix seconds.
    pub fn set(&mut self, wall: i64) {
        self.steps(wall - seconds(self.now().wall));
    }

    /// It is off for so long, and boots.
    pub fn reboots(&mut self, off: i64) {
        self.booted(BOOTING, BOOTING);
        self.steps(off + BOOTING);
    }

    fn booted(&mut self, up: i64, awake: i64) {
        let now = RealClock.now();
        (self.up, self.awake) = (up - seconds(now.up), awake - seconds(now.awake));
        self.boots += 1;
        let id = format!("9b2f0c1e-0000-4000-8000-{:012}\n", self.boots);
        fs::write(self.boot_id(), id).expect("written");
    }

    /// The file with the seconds that its wall clock is ahead of ours, as `+7200`.
    pub fn wall_file(&self) -> PathBuf {
        self.dir.path().join("wall")
    }

    fn boot_id(&self) -> PathBuf {
        self.dir.path().join(format!("boot-{}", self.boots))
    }

    /// The program on this host. Its boot clocks are those of now, its wall clock goes on to be that of the host.
    pub fn on(&self, program: &Command) -> Command {
        const SCRIPT: &str = "mount --bind \"$1\" /proc/sys/kernel/random/boot_id && shift && exec \"$@\"";
        let mut command = Command::new("/usr/bin/unshare");
        command.args(["--user", "--map-root-user", "--mount", "--time", "--fork", "--kill-child"]);
        command.arg(format!("--boottime={}", self.up)).arg(format!("--monotonic={}", self.awake));
        command.args(["/bin/sh", "-c", SCRIPT, "sh"]).arg(self.boot_id()).arg("/usr/bin/env");
        command.arg(format!("LD_PRELOAD={}", self.preload));
        command.arg(format!("FAKETIME_TIMESTAMP_FILE={}", self.wall_file().display()));
        // Else a step is seen ten seconds later.
        command.args(["FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"]);
        command.arg(program.get_program()).args(program.get_args());
        command.current_dir(program.get_current_dir().unwrap_or(Path::new("/"))).env_clear();
        command.envs(program.get_envs().filter_map(|(key, value)| Some((key, value?))));
        command.stdin(std::process::Stdio::null());
        command
    }
}

fn seconds(clock: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a clock of this century")]
    let seconds = clock.round() as i64;
    seconds
}
