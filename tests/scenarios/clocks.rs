//! What happens to the clocks of a host between two looks, and what follows, by the real programs under clocks that
//! are really so: a time namespace for suspend, a faked wall clock for steps, another boot id for a reboot.

mod change;
mod during;
mod rows;

use std::process::Command;

use holdfast::json::Value;
use holdfast_tests::harness::{Ended, Host, Run, Scratch, read};

use crate::alerts::script;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const STALE: &str = "PAUSED: NEW: bot is stale: heartbeat stale: last beat ";
const AHEAD: &str =
    "armed: NEW: bot is clock-ahead: the beat is from the future: its time is ahead of ours by ";
const STILL_AHEAD: &str = "PAUSED: WORSE: bot is clock-ahead: ";
const OVER: &str = "armed: OVER: bot is well again: ";
const FORWARD: &str = "NOTE: the wall clock was moved forward by ";
const BACK: &str = "NOTE: the wall clock was moved back by ";

#[derive(Clone, Copy, Debug)]
enum Event {
    /// `hb-write`.
    Beat,
    /// Five lines of Python: no boot clock in the beat.
    Plain,
    /// `watchdog check`, and its verdict.
    Check(&'static str),
    Passes(i64),
    /// Time passes until the wall clock says this.
    Until(&'static str),
    Sleeps(i64),
    Steps(i64),
    Set(i64),
    Reboots(i64),
}
use Event::{Beat, Check, Passes, Plain, Reboots, Set, Sleeps, Steps, Until};

/// A root with a watch of one heartbeat, a channel that adds to `mail`, and the host that it is on.
struct Story {
    root: Scratch,
    host: Host,
    /// `TZ`.
    zone: &'static str,
}

impl Story {
    fn new(host: Host, zone: &'static str, watch: &str) -> Self {
        let root = Scratch::new();
        let mail = script("mail", "cat >> mail");
        root.put("holdfast.toml", format!("{mail}[[watch]]\nname = \"bot\"\nkind = \"heartbeat\"\n{watch}"));
        Self { root, host, zone }
    }

    fn on(&self, command: &Command) -> Command {
        let mut command = self.host.on(command);
        command.env("TZ", self.zone);
        command
    }

    fn run(&self, command: &Command) -> Ended {
        self.on(command).finish()
    }

    fn tell(&mut self, event: Event) {
        match event {
            Beat => self.beat(&self.root.hb(&[])),
            Plain => self.beat(&self.root.python("writer.py", &["ok", "0"])),
            Check(verdict) => self.check(verdict),
            Passes(seconds) => self.host.passes(seconds),
            Until(time) => self.host.passes_until(utc(time)),
            Sleeps(seconds) => self.host.sleeps(seconds),
            Steps(seconds) => self.host.steps(seconds),
            Set(wall) => self.host.set(wall),
            Reboots(off) => self.host.reboots(off),
        }
    }

    /// A beat, which says by what clocks it was made: each must be the one that was asked for, and nothing that sets one
    /// of them may touch another.
    #[track_caller]
    fn beat(&self, writer: &Command) {
        /// Programs and the harness may round.
        const SLACK: f64 = 0.01;
        let before = self.host.now();
        self.run(writer).expect(0);
        let after = self.host.now();
        let beat = self.root.json("data/heartbeat.json");
        let clocks = [
            ("at", before.wall, after.wall),
            ("up", before.up, after.up),
            ("awake", before.awake, after.awake),
        ];
        for (clock, before, after) in clocks {
            let Some(said) = beat[clock].as_f64() else { continue };
            assert!((before - SLACK..=after + SLACK).contains(&said), "{clock}: {before} {after}: {beat}");
        }
        if let Some(boot) = beat["boot"].as_str() {
            assert_eq!(Some(boot), before.boot.as_deref(), "{beat}");
        }
    }

    #[track_caller]
    fn check(&self, verdict: &str) {
        let ended = self.run(&self.root.watchdog(&["check", "--json"]));
        let answer: Value =
            serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}\n{ended}"));
        assert_eq!(answer["watches"]["bot"]["verdict"], verdict, "{ended}");
    }

    fn paused(&self) -> bool {
        let ended = self.run(&self.root.ctl(&["check"]));
        match ended.code {
            Some(0) => false,
            Some(2) => true,
            _ => panic!("no verdict\n{ended}"),
        }
    }

    /// Fails the test unless people were told this, message by message.
    #[track_caller]
    fn told(&self, parts: &[&str]) {
        let told = self.subjects();
        let matches = told.iter().zip(parts).all(|(told, part)| told.contains(part));
        assert!(matches && told.len() == parts.len(), "{parts:#?}\n{told:#?}");
    }

    /// The subjects of the messages.
    fn subjects(&self) -> Vec<String> {
        let mail = read(&self.root.path("mail")).unwrap_or_default();
        let mail = String::from_utf8_lossy(&mail);
        mail.lines().filter(|line| line.starts_with('[')).map(str::to_owned).collect()
    }
}

/// Unix seconds of `2026-11-21T08:00:00Z`.
fn utc(time: &str) -> i64 {
    holdfast::time::parse_utc(time).unwrap_or_else(|| panic!("{time}")) as i64
}
