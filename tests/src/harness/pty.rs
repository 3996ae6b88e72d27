//! A terminal with a person at it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::ended::Ended;
use super::running::Running;
use super::scratch::Scratch;
use super::wait::PATIENCE;

/// A program on a terminal of its own.
#[derive(Debug)]
pub struct Pty {
    running: Running,
    master: File,
    screen: Arc<Screen>,
}

#[derive(Debug, Default)]
struct Screen {
    shown: Mutex<Shown>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Shown {
    /// Everything that the program wrote, with what was typed.
    text: String,
    /// How much of it was looked at.
    seen: usize,
    /// The program has let go of the terminal.
    closed: bool,
}

impl Pty {
    /// Starts `program` with a new terminal as its controlling terminal.
    pub fn start(scratch: &Scratch, program: &Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pty");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("a pty of our own");
        let slave = ptsname(&master, Vec::new()).expect("its name");
        let slave = Path::new(std::ffi::OsStr::from_bytes(slave.as_bytes()));
        let slave =
            OpenOptions::new().read(true).write(true).custom_flags(NOCTTY).open(slave).expect("its slave");
        // setsid execs the program, which so has the process id that we know.
        let mut command = scratch.any("/usr/bin/setsid");
        command.arg("--ctty").arg(program.get_program()).args(program.get_args()).env("LOGNAME", "operator");
        let end = || slave.try_clone().expect("a file descriptor");
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("setsid starts");
        let running = Running::of(child, (format!("{command:?}"), scratch.dir().to_owned()));
        let screen = Arc::new(Screen::default());
        let master = File::from(master);
        let reading = (master.try_clone().expect("a file descriptor"), Arc::clone(&screen));
        std::thread::spawn(move || watch(reading.0, &reading.1));
        Self { running, master, screen }
    }

    /// The process at the terminal.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Waits until one of these texts is on the screen after what was looked at before. Returns which, and what
    /// stood before it; `None` if the program let go of the terminal first.
    pub fn expect(&self, texts: &[&str]) -> Option<(usize, String)> {
        let hit = |shown: &Shown| {
            let new = &shown.text[shown.seen..];
            let hits = texts.iter().enumerate().filter_map(|(which, text)| Some((new.find(text)?, which)));
            hits.min().map(|(at, which)| (which, shown.seen + at))
        };
        let shown = self.screen.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |shown: &mut Shown| hit(shown).is_none() && !shown.closed;
        let (mut shown, _) = self
            .screen
            .changed
            .wait_timeout_while(shown, PATIENCE, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        match hit(&shown) {
            Some((which, at)) => {
                let before = shown.text[shown.seen..at].to_owned();
                shown.seen = at + texts[which].len();
                Some((which, before))
            }
            None if shown.closed => None,
            None => panic!("none of {texts:?} came within {PATIENCE:?} on this screen:\n{}", shown.text),
        }
    }

    /// Types a line. A program that has let go of the terminal does not read it.
    pub fn type_line(&self, line: &str) {
        let _ = (&self.master).write_all(format!("{line}\n").as_bytes());
    }

    /// Everything on the screen so far.
    pub fn screen(&self) -> String {
        self.screen.shown.lock().unwrap_or_else(PoisonError::into_inner).text.clone()
    }

    /// Waits for its end. What it wrote to the terminal is in `stdout`.
    #[track_caller]
    pub fn ended(self) -> Ended {
        let Self { running, screen, .. } = self;
        let mut ended = running.ended();
        let shown = screen.shown.lock().unwrap_or_else(PoisonError::into_inner);
        // The last words are still on their way through the kernel.
        let (shown, _) = screen
            .changed
            .wait_timeout_while(shown, Duration::from_secs(5), |shown| !shown.closed)
            .unwrap_or_else(PoisonError::into_inner);
        ended.stdout.clone_from(&shown.text);
        ended
    }
}

/// `O_NOCTTY`: the terminal is the program's, not the test's.
const NOCTTY: i32 = rustix::fs::OFlags::NOCTTY.bits().cast_signed();

fn watch(mut master: File, screen: &Screen) {
    let mut chunk = [0; 4096];
    let mut pending = Vec::new();
    loop {
        let read = master.read(&mut chunk);
        let mut shown = screen.shown.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(read @ 1..) => {
                pending.extend_from_slice(&chunk[..read]);
                let whole = match std::str::from_utf8(&pending) {
                    Ok(text) => text.len(),
                    Err(error) => error.valid_up_to(),
                };
                let text: Vec<u8> = pending.drain(..whole).collect();
                shown.text += &String::from_utf8_lossy(&text);
            }
            // EIO: nobody has the slave open any more.
            Ok(_) | Err(_) => shown.closed = true,
        }
        let over = shown.closed;
        drop(shown);
        screen.changed.notify_all();
        if over {
            return;
        }
    }
}

/// Somebody who resumes.
#[derive(Clone, Debug)]
pub struct Person {
    /// Types this as a name.
    pub name: String,
    /// Lifts every hold that is shown; else only the first.
    pub lifts_all: bool,
}

impl Person {
    /// Somebody who lifts every hold that is shown.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), lifts_all: true }
    }

    /// Answers `circuit-ctl resume` to its end.
    pub fn answer(&self, pty: &Pty) {
        const WHO: &str = "Who are you?";
        const WHY: &str = "Why is it safe to go on?";
        const HOLD: &str = " to lift this hold";
        const END: &str = "Enter to leave it: ";
        let mut lifted = 0;
        while let Some((which, before)) = pty.expect(&[WHO, WHY, HOLD]) {
            if which == 2 && pty.expect(&[END]).is_none() {
                break;
            }
            match which {
                0 => pty.type_line(&self.name),
                1 => pty.type_line("looked at it"),
                _ if self.lifts_all || lifted == 0 => {
                    let word = before.rsplit("Type ").next().unwrap_or_default();
                    pty.type_line(word);
                    lifted += 1;
                }
                _ => pty.type_line(""),
            }
        }
    }

    /// Runs `circuit-ctl resume` and answers it.
    #[track_caller]
    pub fn resumes(&self, scratch: &Scratch) -> Ended {
        let pty = Pty::start(scratch, &scratch.ctl(&["resume"]));
        self.answer(&pty);
        pty.ended()
    }
}
