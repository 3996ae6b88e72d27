//! The output of a program as it comes, whole, whatever its length.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{RealClock, collect, command, feed, kill_group, spawn, thread, wait};
use crate::sys::{Clock, Ended, Job, Outcome};

/// What is read at once, in bytes.
const CHUNK: usize = 1 << 16;
/// So many chunks wait for a sink that is slower than the program.
const WAITING: usize = 4;
/// What a program gets of our environment. The rest is what Windows itself needs.
const KEPT: [&str; 6] = ["PATH", "PATHEXT", "SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP"];

/// Runs a program, and hands its stdout on.
pub(super) fn stream(job: &Job, sink: &mut dyn Write) -> io::Result<Outcome> {
    let mut command = command(&job.argv)?;
    command.env_clear();
    command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    let end = RealClock.now().up + job.timeout.as_secs_f64();
    let mut child = spawn(command, job)?;
    let streamed = taken(&mut child, job, end, sink);
    if streamed.is_err() {
        // Nobody takes its output any more.
        kill_group(&mut child);
        child.wait()?;
    }
    streamed
}

fn taken(child: &mut Child, job: &Job, end: f64, sink: &mut dyn Write) -> io::Result<Outcome> {
    feed(child, job.stdin.clone())?;
    let said = Arc::new(Mutex::new(Vec::new()));
    let stderr = child.stderr.take().map(|pipe| collect(pipe, &said)).transpose()?;
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("a program without stdout"))?;
    let (sender, chunks) = sync_channel(WAITING);
    thread(move || read(stdout, &sender))?;
    let ended = if hand_on(&chunks, end, sink)? {
        let left = (end - RealClock.now().up).max(0.0);
        wait(child, Duration::from_secs_f64(left))?
    } else {
        kill_group(child);
        child.wait()?;
        Ended::TimedOut
    };
    if let Some(stderr) = stderr.filter(|_| ended != Ended::TimedOut) {
        let drained = RealClock.now().up + super::DRAIN.as_secs_f64();
        while !stderr.is_finished() && RealClock.now().up < drained {
            RealClock.wait(super::STEP);
        }
    }
    let said = said.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Outcome { ended, output: String::from_utf8_lossy(&said).into_owned() })
}

/// Reads to the end, to an error (which is passed on: half of an output must not look whole), or until nobody listens.
fn read(mut stdout: ChildStdout, to: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut chunk = vec![0; CHUNK];
        let read = stdout.read(&mut chunk).map(|read| {
            chunk.truncate(read);
            chunk
        });
        match &read {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(chunk) if chunk.is_empty() => return,
            _ => {}
        }
        let failed = read.is_err();
        if to.send(read).is_err() || failed {
            return;
        }
    }
}

/// True at the end of the output, false at the deadline.
fn hand_on(chunks: &Receiver<io::Result<Vec<u8>>>, end: f64, sink: &mut dyn Write) -> io::Result<bool> {
    loop {
        let left = (end - RealClock.now().up).max(0.0);
        match chunks.recv_timeout(Duration::from_secs_f64(left)) {
            Ok(chunk) => sink.write_all(&chunk?)?,
            Err(RecvTimeoutError::Disconnected) => return Ok(true),
            Err(RecvTimeoutError::Timeout) => return Ok(false),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn job(script: &str, timeout_ms: u64) -> Job {
        Job {
            argv: ["/bin/sh", "-c", script].map(str::to_owned).into(),
            env: vec![("OURS".to_owned(), "here".to_owned())],
            dir: None,
            stdin: b"asked".to_vec(),
            timeout: Duration::from_millis(timeout_ms),
        }
    }

    #[test]
    fn all_of_a_long_output_comes_through_and_what_is_said_beside_it_is_kept() {
        let mut taken = Vec::new();
        let script = "head -c 5000000 /dev/zero; cat; echo \"$OURS ${HOME-no home}\" >&2; exit 3";
        let outcome = stream(&job(script, 60_000), &mut taken).expect("it ran");
        assert_eq!(outcome, Outcome { ended: Ended::Code(3), output: "here no home\n".to_owned() });
        assert_eq!(taken.len(), 5_000_005);
        assert!(taken.ends_with(b"\0asked"));
    }

    #[test]
    fn at_its_deadline_it_is_killed_whether_it_writes_or_not() {
        for script in ["sleep 1000", "while :; do echo y; done"] {
            let outcome = stream(&job(script, 100), &mut io::sink()).expect("it ran");
            assert_eq!(outcome.ended, Ended::TimedOut, "{script}");
        }
    }

    #[test]
    fn an_error_of_the_sink_ends_it() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = stream(&job("while :; do echo y; done", 60_000), &mut Full).expect_err("a full sink");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
