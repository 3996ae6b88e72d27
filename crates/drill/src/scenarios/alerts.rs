//! Alert channels that do not do their work. A trip never waits for them (**trip-first**).

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use holdfast::sys::{Ended, Secrecy};
use holdfast::watch::Verdict;
use holdfast::{Root, circuit};

use crate::stage::{Crew, INBOX, Seen, Stage, Trouble, broken, failed};

/// `watchdog check` ends within this, whatever hangs.
const CHECK_MOST_S: f64 = 30.0;

pub(super) fn dead(stage: &Stage) -> Result<Seen, Trouble> {
    // Nobody listens on a port that was just given back.
    let port = listen()?.1;
    stage.configure(&telegram(stage, port)?)?;
    let Crew { mut bot, watchdog } = stage.healthy()?;
    let injected = stage.now();
    bot.0.kill();
    let (seen, incident) = stage.paused_by(&injected, "bot", Verdict::Stale)?;
    stage.until("the journal tells that the alert failed", || stage.journalled("alert-failed", |_| true))?;
    drop(watchdog);
    let check = stage.run("watchdog", &["check"])?;
    if check.ended != Ended::Code(69) {
        return failed(format!(
            "watchdog check ended with {:?}, not 69: {}",
            check.ended,
            check.output.trim()
        ));
    }
    stage.configure(INBOX)?;
    let reminder = stage.run("resume-reminder", &[])?;
    let inbox = stage.inbox();
    if !reminder.ok() || !inbox.contains(&incident) || !inbox.contains("STILL PAUSED") {
        let said = reminder.output.trim();
        return failed(format!("with a channel that works, resume-reminder {:?}: {said}", reminder.ended));
    }
    let told_s = Some(stage.now().up - injected.up);
    let text = format!("{}; the alert waited (69) and was heard with the reminder", seen.text);
    Ok(Seen { text, told_s, ..seen })
}

pub(super) fn hangs(stage: &Stage) -> Result<Seen, Trouble> {
    let (listener, port) = listen()?;
    let first_bytes = accept_and_hang(stage, listener);
    stage.configure(&telegram(stage, port)?)?;
    let Crew { mut bot, watchdog } = stage.healthy()?;
    let injected = stage.now();
    bot.0.kill();
    let (seen, _) = stage.paused_by(&injected, "bot", Verdict::Stale)?;
    let (up, was_paused) = stage.until("the channel gets a byte", || first_bytes.try_recv().ok())?;
    if !was_paused {
        return failed("the channel got a byte while trading was not paused on disk");
    }
    drop(watchdog);
    let began = stage.now().up;
    let check = stage.run("watchdog", &["check"])?;
    let took_s = stage.now().up - began;
    if check.ended != Ended::Code(69) || took_s > CHECK_MOST_S {
        return failed(format!("watchdog check took {took_s:.1} s and ended with {:?}, not 69", check.ended));
    }
    stage.check_refuses()?;
    let text = format!(
        "{}; first byte to the channel at {:.2} s; watchdog check ended after {took_s:.1} s (69)",
        seen.text,
        up - injected.up
    );
    Ok(Seen { text, ..seen })
}

fn listen() -> Result<(TcpListener, u16), Trouble> {
    let listen = || {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    };
    listen().map_err(|error: std::io::Error| broken("no port on loopback")(&error))
}

/// A channel of Telegram's kind on this port.
fn telegram(stage: &Stage, port: u16) -> Result<String, Trouble> {
    let token = stage.root.path().join("telegram-token");
    stage
        .sys
        .store
        .replace(&token, b"123456:a_token-for_the-drill\n", Secrecy::Secret)
        .map_err(|error| broken("the token file cannot be written")(&error))?;
    Ok(format!(
        "[[channel]]\nkind = \"telegram\"\ntoken_file = \"telegram-token\"\nchat = \"-100\"\n\
         base_url = \"http://127.0.0.1:{port}\"\n"
    ))
}

/// Accepts connections and never answers. For each first byte: when it came, and whether trading was paused on
/// disk by then. It goes on until the drill ends.
fn accept_and_hang(stage: &Stage, listener: TcpListener) -> Receiver<(f64, bool)> {
    let (to, first_bytes) = channel();
    let (sys, root): (_, Root) = (stage.sys, stage.root.clone());
    std::thread::spawn(move || {
        let mut held: Vec<TcpStream> = Vec::new();
        for mut connection in listener.incoming().map_while(Result::ok) {
            let mut byte = [0];
            // A peer that opens a connection and says nothing must not keep the next one waiting for ever.
            let limited = connection.set_read_timeout(Some(Duration::from_secs(1)));
            if limited.is_ok() && matches!(connection.read(&mut byte), Ok(1)) {
                let paused = !circuit::check(&sys, &root).verdict.is_green();
                let _ = to.send((sys.clock.now().up, paused));
            }
            held.push(connection);
        }
    });
    first_bytes
}
