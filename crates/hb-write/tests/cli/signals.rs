//! Signals between who sends them, us and the command.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use holdfast::heartbeat::Status;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde_json::json;

use crate::{PYTHON, Scratch};

/// Says which signals it gets; ends at USR2 with how many of each.
const LISTENER: &str = r#"
import collections, os, signal, sys
seen = collections.Counter()
def tell(number, _):
    seen[number] += 1
    os.write(1, b"got %d\n" % number)
    if number == signal.SIGUSR2:
        os.write(1, (" ".join("%d:%d" % pair for pair in sorted(seen.items())) + "\n").encode())
        os._exit(7)
for name in "HUP INT QUIT TERM USR1 USR2 TSTP CONT".split():
    signal.signal(getattr(signal, "SIG" + name), tell)
os.write(1, b"ready\n")
while True:
    signal.pause()
"#;

struct Run {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Run {
    fn start(scratch: &Scratch, script: &str) -> Self {
        let mut child = scratch.hb_python(script).stdout(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut run = Self { child, lines };
        assert_eq!(run.line(), "ready");
        run
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("hb-write lives");
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("a line").expect("text")
    }
}

fn got(signal: Signal) -> String {
    format!("got {}", signal.as_raw())
}

#[test]
fn signals_reach_the_command_each_once_and_it_ends_as_it_likes() {
    let scratch = Scratch::new();
    let mut run = Run::start(&scratch, LISTENER);
    for signal in [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM, Signal::USR1, Signal::CONT] {
        run.send(signal);
        assert_eq!(run.line(), got(signal));
    }
    run.send(Signal::USR2);
    assert_eq!(run.line(), got(Signal::USR2));
    assert_eq!(run.line(), "1:1 2:1 3:1 10:1 12:1 15:1 18:1");
    assert_eq!(run.child.wait().expect("it ends").code(), Some(7));
    assert_eq!(scratch.beat().fields["exit"], json!(7));
}

#[test]
fn told_to_end_we_stay_until_the_command_has_ended() {
    let script = "import signal, os\nsignal.signal(signal.SIGTERM, lambda *_: os.write(1, b'closing\\n'))\n\
                  signal.signal(signal.SIGUSR1, lambda *_: os._exit(0))\nos.write(1, b'ready\\n')\n\
                  while True: signal.pause()";
    let scratch = Scratch::new();
    let mut run = Run::start(&scratch, script);
    run.send(Signal::TERM);
    assert_eq!(run.line(), "closing");
    run.send(Signal::TERM);
    assert_eq!(run.line(), "closing");
    assert!(scratch.beat().running());
    run.send(Signal::USR1);
    assert_eq!(run.child.wait().expect("it ends").code(), Some(0));
    let beat = scratch.beat();
    assert_eq!((beat.status, beat.seq), (Status::Ok, Some(2)));
}

#[test]
fn a_command_that_dies_of_a_signal_passed_on_ends_us_by_it() {
    use std::os::unix::process::ExitStatusExt;
    for signal in [Signal::TERM, Signal::HUP, Signal::QUIT, Signal::USR1] {
        let scratch = Scratch::new();
        let mut run = Run::start(&scratch, "import os, signal; os.write(1, b'ready\\n'); signal.pause()");
        run.send(signal);
        assert_eq!(run.child.wait().expect("it ends").signal(), Some(signal.as_raw()));
        assert_eq!(scratch.beat().fields["signal"], json!(signal.as_raw()));
    }
}

#[test]
fn stop_and_continue_hold_for_both() {
    let scratch = Scratch::new();
    let mut run = Run::start(&scratch, LISTENER);
    run.send(Signal::TSTP);
    assert_eq!(run.line(), got(Signal::TSTP));
    let (_, status) =
        waitpid(Some(Pid::from_child(&run.child)), WaitOptions::UNTRACED).expect("wait").expect("a change");
    assert!(status.stopped(), "who stopped us finds us stopped");
    run.send(Signal::CONT);
    assert_eq!(run.line(), got(Signal::CONT));
    run.send(Signal::USR2);
    assert_eq!(run.child.wait().expect("it ends").code(), Some(7));
}

/// On a terminal the kernel sends Ctrl-C to the command itself; USR1 after it is passed on in order.
const TERMINAL: &str = r#"
import os, pty, signal, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
def until(word):
    global text
    while word not in text:
        text += os.read(terminal, 1000).replace(b"\r", b"")
text = b""
until(b"ready\n")
os.write(terminal, b"\x03")
until(b"got 2\n")
os.kill(pid, signal.SIGUSR1)
until(b"got 10\n")
os.kill(pid, signal.SIGINT)
until(b"got 10\ngot 2\n")
os.kill(pid, signal.SIGUSR2)
until(b":1\n")
print(text.decode().strip().splitlines()[-1], os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

#[test]
fn ctrl_c_reaches_the_command_once_and_a_sent_int_is_passed_on() {
    let scratch = Scratch::new();
    let mut command = scratch.command(PYTHON);
    command.args(["-c", TERMINAL, env!("CARGO_BIN_EXE_hb-write"), "exec", "--", PYTHON, "-c", LISTENER]);
    let output = command.output().expect("python");
    let counts = String::from_utf8_lossy(&output.stdout);
    assert_eq!(counts, "2:2 10:1 12:1 7\n", "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(scratch.beat().fields["exit"], json!(7));
}
