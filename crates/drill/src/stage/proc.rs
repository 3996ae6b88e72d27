//! Programs that stay, and what happens to them.
#![expect(
    clippy::disallowed_methods,
    reason = "a drill treats programs as the world does; a Spawner only runs them to their end"
)]

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use super::Trouble;

/// What a program is started with.
pub(crate) struct Launch<'a> {
    pub(crate) argv: Vec<OsString>,
    pub(crate) env: Vec<(&'a str, OsString)>,
    /// Where its words go.
    pub(crate) log: &'a Path,
}

/// A program that is under way. It is killed when this is dropped.
pub(crate) struct Proc {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Proc {
    /// Starts a program with a pipe to its stdin.
    pub(crate) fn start(launch: &Launch) -> io::Result<Self> {
        let (program, args) =
            launch.argv.split_first().ok_or_else(|| io::Error::other("the command is empty"))?;
        let log = OpenOptions::new().create(true).append(true).open(launch.log)?;
        let mut command = Command::new(program);
        command.args(args).env_remove("HOLDFAST_ROOT");
        command.envs(launch.env.iter().map(|(key, value)| (key, value)));
        let mut child = command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log).spawn()?;
        let stdin = child.stdin.take();
        Ok(Self { child, stdin })
    }

    /// Writes to its stdin. That it does not listen is not our concern.
    pub(crate) fn say(&mut self, text: &str) {
        if let Some(stdin) = &mut self.stdin {
            let _ = stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush());
        }
    }

    /// Lets its stdin end.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself; either way it is over after this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGSTOP.
    #[cfg(unix)]
    pub(crate) fn stop(&self) -> Result<(), Trouble> {
        self.signal(rustix::process::Signal::STOP)
    }

    /// SIGCONT.
    #[cfg(unix)]
    pub(crate) fn go_on(&self) -> Result<(), Trouble> {
        self.signal(rustix::process::Signal::CONT)
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) -> Result<(), Trouble> {
        use rustix::process::{Pid, kill_process};
        kill_process(Pid::from_child(&self.child), signal)
            .map_err(|error| Trouble::Failed(format!("{signal:?} cannot be sent: {error}")))
    }
}

/// Where there are no such signals.
#[cfg(not(unix))]
impl Proc {
    pub(crate) fn stop(&self) -> Result<(), Trouble> {
        Err(Trouble::NotRun("this system has no SIGSTOP".to_owned()))
    }

    pub(crate) fn go_on(&self) -> Result<(), Trouble> {
        self.stop()
    }
}

impl Drop for Proc {
    fn drop(&mut self) {
        self.kill();
    }
}
