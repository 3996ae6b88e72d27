//! Other programs, each in a process group of its own and with a deadline.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::RealClock;
use crate::exit::Exit;
use crate::sys::{Clock, Ended, Job, Outcome, Spawner};

#[path = "processes/stream.rs"]
mod stream;

/// How often a running program is looked at.
const STEP: Duration = Duration::from_millis(5);
/// How long output may still come after the program has ended (a grandchild may hold the pipe open).
const DRAIN: Duration = Duration::from_millis(200);
/// How much of the output is kept, in bytes.
const KEEP: usize = 8 << 10;

/// The processes of this host.
#[derive(Clone, Copy, Debug)]
pub struct RealSpawner;

impl Spawner for RealSpawner {
    fn stream(&self, job: &Job, sink: &mut dyn Write) -> io::Result<Outcome> {
        stream::stream(job, sink)
    }

    fn run(&self, job: &Job) -> io::Result<Outcome> {
        let mut child = command(&job.argv).and_then(|command| spawn(command, job))?;
        feed(&mut child, job.stdin.clone())?;
        let output = Arc::new(Mutex::new(Vec::new()));
        let readers = [
            child.stdout.take().map(|pipe| collect(pipe, &output)).transpose()?,
            child.stderr.take().map(|pipe| collect(pipe, &output)).transpose()?,
        ];
        let ended = wait(&mut child, job.timeout)?;
        let end = RealClock.now().up + DRAIN.as_secs_f64();
        while RealClock.now().up < end && readers.iter().flatten().any(|reader| !reader.is_finished()) {
            RealClock.wait(STEP);
        }
        let output = output.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Outcome { ended, output: String::from_utf8_lossy(&output).into_owned() })
    }
}

fn command(argv: &[impl AsRef<OsStr>]) -> io::Result<Command> {
    let (program, arguments) = argv
        .split_first()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(command)
}

fn spawn(mut command: Command, job: &Job) -> io::Result<Child> {
    command.envs(job.env.iter().map(|(key, value)| (key, value)));
    if let Some(dir) = job.dir.as_ref().filter(|dir| dir.is_dir()) {
        command.current_dir(dir);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

/// Writes stdin from a thread: a program that never reads must not hold us up.
fn feed(child: &mut Child, bytes: Vec<u8>) -> io::Result<()> {
    if let Some(mut pipe) = child.stdin.take() {
        // A program that ends without reading is no error of ours.
        thread(move || drop(pipe.write_all(&bytes)))?;
    }
    Ok(())
}

/// A thread, or the error that there is none: a panic would end the watchdog.
fn thread(work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().spawn(work)
}

fn collect(mut pipe: impl Read + Send + 'static, output: &Arc<Mutex<Vec<u8>>>) -> io::Result<JoinHandle<()>> {
    let output = Arc::clone(output);
    thread(move || {
        let mut chunk = [0; 4096];
        while let Ok(read @ 1..) = pipe.read(&mut chunk) {
            let mut kept = output.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&chunk[..read]);
            let excess = kept.len().saturating_sub(KEEP);
            kept.drain(..excess);
        }
    })
}

fn wait(child: &mut Child, timeout: Duration) -> io::Result<Ended> {
    let end = RealClock.now().up + timeout.as_secs_f64();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(ended(status));
        }
        if RealClock.now().up >= end {
            kill_group(child);
            child.wait()?;
            return Ok(Ended::TimedOut);
        }
        RealClock.wait(STEP);
    }
}

#[cfg(unix)]
fn kill_group(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    // Not reaped yet, so the id is still its own. A group that is gone already is what we want.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

#[cfg(not(unix))]
fn kill_group(child: &mut Child) {
    let _ = child.kill();
}

/// How an exit status reads.
#[cfg(unix)]
fn ended(status: ExitStatus) -> Ended {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Code(code),
        (None, Some(signal)) => Ended::Signal(signal),
        (None, None) => Ended::Code(-1),
    }
}

#[cfg(not(unix))]
fn ended(status: ExitStatus) -> Ended {
    Ended::Code(status.code().unwrap_or(-1))
}

/// Becomes another program; returns only if that fails. Where a process cannot do that (Windows) the program
/// is run to its end and its exit code returned.
#[cfg(unix)]
pub fn exec(argv: &[OsString], env: &[(&str, &str)]) -> io::Result<i32> {
    use std::os::unix::process::CommandExt;
    Err(command(argv)?.envs(env.iter().copied()).exec())
}

/// See the Unix version.
#[cfg(not(unix))]
pub fn exec(argv: &[OsString], env: &[(&str, &str)]) -> io::Result<i32> {
    Ok(command(argv)?.envs(env.iter().copied()).status()?.code().unwrap_or(-1))
}

/// Ends this process with `exit` after `most`, whatever it is stuck in by then: a file system that hangs
/// cannot be waited out any other way.
#[expect(clippy::exit, reason = "the only way out of a system call that does not return")]
pub fn end_within(program: &'static str, most: Duration, exit: Exit, last_words: &'static str) {
    let timer = std::thread::Builder::new().name("deadline".to_owned()).spawn(move || {
        RealClock.wait(most);
        crate::say::tell(program, &last_words);
        std::process::exit(exit.code().into());
    });
    // Without it we may hang, but a panic here would come before the trip.
    if let Err(error) = timer {
        crate::say::tell(program, &format_args!("no thread can be had, so no deadline is kept: {error}"));
    }
}
