//! A process that is under way, and never left behind.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::ended::Ended;
use super::wait::{PATIENCE, eventually, until};

/// How long a pipe may stay open after its program has ended: nobody else should hold it.
const DRAIN: Duration = Duration::from_secs(5);

/// Starts programs so that they cannot hang a test or outlive it.
pub trait Run {
    /// Starts it with captured output.
    fn start(&mut self) -> Running;

    /// Runs it to its end.
    #[track_caller]
    fn finish(&mut self) -> Ended {
        self.start().ended()
    }
}

impl Run for Command {
    fn start(&mut self) -> Running {
        let child = self.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{self:?} cannot be started: {error}"));
        let dir = self.get_current_dir().map_or_else(|| PathBuf::from("."), PathBuf::from);
        Running::of(child, (format!("{self:?}"), dir))
    }
}

/// A process that is under way. It is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    output: [Option<JoinHandle<Vec<u8>>>; 2],
    began: Instant,
    told: (String, PathBuf),
}

impl Running {
    pub(super) fn of(mut child: Child, told: (String, PathBuf)) -> Self {
        let output = [child.stdout.take().map(collect), child.stderr.take().map(collect)];
        Self { child, output, began: Instant::now(), told }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal. That it has just ended is no error: it is not reaped before [`Running::ended`].
    pub fn send(&self, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Stops it, and waits until it stands still or has ended. Returns whether it stands still.
    pub fn stop(&self) -> bool {
        self.send(Signal::STOP);
        let mut state = '?';
        eventually("a process stops", || {
            state = self.state();
            matches!(state, 'T' | 'Z' | 'X')
        });
        state == 'T'
    }

    /// Its state as in `/proc`: `T` stopped, `Z` ended.
    pub fn state(&self) -> char {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        // The name in parentheses may hold anything.
        stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap_or('X')
    }

    /// It has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.state(), 'Z' | 'X')
    }

    /// Waits for its end, and fails the test if that takes longer than [`PATIENCE`].
    #[track_caller]
    pub fn ended(self) -> Ended {
        let lived = self.began.elapsed();
        self.ended_within(lived + PATIENCE)
    }

    /// Waits for its end, and fails the test if that takes longer than `limit` from its start.
    #[track_caller]
    pub fn ended_within(mut self, limit: Duration) -> Ended {
        let left = limit.saturating_sub(self.began.elapsed());
        let status = until(left, || self.child.try_wait().expect("a child can be waited for"));
        let took = self.began.elapsed();
        let Some(status) = status else {
            let (command, dir) = &self.told;
            panic!(
                "not ended within {limit:?}: cd {}; {command}\n{}",
                dir.display(),
                super::ended::files(dir)
            );
        };
        let output = self.output.each_mut().map(|pipe| pipe.take().map_or_else(String::new, drain));
        Ended::new(status, output, took, self.told.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already, or ended by this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error still counts.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

fn drain(pipe: JoinHandle<Vec<u8>>) -> String {
    let all = until(DRAIN, || pipe.is_finished().then_some(()));
    all.expect("nobody holds the output of a program that has ended");
    String::from_utf8_lossy(&pipe.join().expect("a reader")).into_owned()
}
