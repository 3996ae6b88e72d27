//! Clocks that are moved by hand.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use super::lock;
use crate::sys::{Clock, Now};

/// The clocks of a simulated machine. They stand still unless they are moved.
#[derive(Debug)]
pub struct SimClock(Mutex<State>);

#[derive(Debug)]
struct State {
    now: Now,
    boots: u64,
    has_boot_id: bool,
    /// How much faster than time the wall clock runs.
    drift: f64,
}

impl SimClock {
    /// A machine that was booted a while ago.
    pub fn new(wall: f64) -> Self {
        const UP: f64 = 5000.0;
        const AWAKE: f64 = 4000.0;
        let now = Now { wall, up: UP, awake: AWAKE, boot: None };
        let clock = Self(Mutex::new(State { now, boots: 0, has_boot_id: true, drift: 0.0 }));
        clock.name_boot();
        clock
    }

    /// Time passes, with the machine awake.
    pub fn advance(&self, seconds: f64) {
        let mut state = lock(&self.0);
        state.now.wall += seconds * (1.0 + state.drift);
        state.now.up += seconds;
        state.now.awake += seconds;
    }

    /// Time passes, with the machine asleep.
    pub fn suspend(&self, seconds: f64) {
        let mut state = lock(&self.0);
        state.now.wall += seconds;
        state.now.up += seconds;
    }

    /// Somebody sets the wall clock forward, or back by a number below zero.
    pub fn step_wall(&self, seconds: f64) {
        let mut state = lock(&self.0);
        state.now.wall = (state.now.wall + seconds).max(0.0);
    }

    /// From now on the wall clock gains this much, in parts per million.
    pub fn drift(&self, ppm: f64) {
        lock(&self.0).drift = ppm / 1e6;
    }

    /// The operating system has no boot id.
    pub fn hide_boot_id(&self) {
        lock(&self.0).has_boot_id = false;
        self.name_boot();
    }

    /// The machine was off for `off_s` seconds, in which its wall clock ran on.
    pub fn reboot(&self, off_s: f64) {
        const BOOTING: f64 = 10.0;
        {
            let mut state = lock(&self.0);
            state.boots += 1;
            state.now.wall += off_s + BOOTING;
            state.now.up = BOOTING;
            state.now.awake = BOOTING;
        }
        self.name_boot();
    }

    fn name_boot(&self) {
        let mut state = lock(&self.0);
        state.now.boot = state.has_boot_id.then(|| format!("boot-{}", state.boots));
    }

    /// The wall clock as files are stamped with it, every `tick` seconds.
    pub(super) fn stamp(&self, tick: f64) -> SystemTime {
        let wall = lock(&self.0).now.wall;
        SystemTime::UNIX_EPOCH + Duration::from_secs_f64((wall / tick).floor() * tick)
    }
}

impl Clock for SimClock {
    fn now(&self) -> Now {
        lock(&self.0).now.clone()
    }

    /// Never no time at all, or whoever waits for a moment between two ticks would wait for ever.
    fn wait(&self, duration: Duration) {
        const LEAST: f64 = 1e-6;
        self.advance(duration.as_secs_f64().max(LEAST));
    }
}
