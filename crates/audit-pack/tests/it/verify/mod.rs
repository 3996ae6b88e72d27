//! `audit-pack verify`: what an auditor is told of packs that are right, changed, forged and hostile.

mod bounds;
mod facts;
pub(crate) mod forged;
pub(crate) mod hostile;
pub(crate) mod signers;
mod since;
pub(crate) mod words;

use std::fs;
use std::path::Path;

use crate::world::{Ran, World, run};

/// The arguments of an auditor who knows the key.
pub(crate) const KNOWN: [&str; 4] = ["--allowed-signers", "allowed_signers", "--signer", "desk@example.com"];

impl World {
    /// `verify`, in the folder with the packs.
    pub(crate) fn verify(&self, pack: &str, arguments: &[&str]) -> Ran {
        let mut command = self.audit_pack(&["verify", pack]);
        Ran::of(&command.args(arguments).current_dir(self.path("")).output().unwrap())
    }

    /// A shell in the folder with the packs.
    #[track_caller]
    pub(crate) fn sh(&self, script: &str) {
        run("sh", &["-euc", script], &self.path(""));
    }

    /// Makes `name` of the unpacked folder `x`, with stock tools, in the form of ours.
    #[track_caller]
    fn tar(&self, name: &str) {
        let time = run("tar", &["--utc", "--full-time", "-tvf", "x.tar", "x/bagit.txt"], &self.path(""));
        let time: Vec<&str> = time.split_whitespace().collect();
        self.sh(&format!(
            "find x -type f | LC_ALL=C sort > list && tar --format=ustar --owner=0 --group=0 --numeric-owner --mode=644 \
             --mtime='{} {} UTC' -b 1 -T list -cf {name} && rm list",
            time[3], time[4]
        ));
    }

    /// A root on a host of its own: beside the packer lies a watchdog that says what it was built from, and the clock
    /// follows another one.
    pub(crate) fn on_a_host(watchdog: Option<&str>) -> Self {
        let world = Self::new();
        let bin = world.path("bin");
        fs::create_dir(&bin).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_audit-pack"));
        let there = bin.join("audit-pack");
        fs::hard_link(program, &there).or_else(|_| fs::copy(program, &there).map(drop)).unwrap();
        let said = watchdog.map_or_else(String::new, |digest| format!("watchdog 0 (source {digest})"));
        // Not by this process: a program that is open for writing, here or in a child, cannot be run.
        world.sh(&format!(
            "printf '#!/bin/sh\\necho \"{said}\"\\n' > bin/watchdog && printf '#!/bin/sh\\necho yes\\n' > bin/timedatectl && \
             chmod +x bin/*"
        ));
        world
    }

    /// Packs `x.tar` on such a host.
    #[track_caller]
    fn pack_on_host(&self) {
        let mut command = std::process::Command::new(self.path("bin/audit-pack"));
        command
            .args(["pack", "-o", "../x.tar"])
            .current_dir(self.path("root"))
            .env("HOME", self.path("home"));
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        Ran::of(&command.env("PATH", path).env_remove("SSH_AUTH_SOCK").output().unwrap()).ends(0);
    }
}
