//! The outgoing ping: it says that the watchdog works and would be heard, and nothing else.

use std::fmt::Write as _;
use std::fs;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use holdfast_http::standin::{Answer, Server};

use crate::{Scratch, wait_until};

const CHECK: &str = "5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278";

/// A server that speaks as healthchecks does: a check is pinged by its number, whatever the method, and says `OK`.
struct Health {
    server: Server,
    pings: Arc<AtomicUsize>,
}

impl Health {
    fn start() -> Self {
        let pings = Arc::new(AtomicUsize::new(0));
        let heard = Arc::clone(&pings);
        let server = Server::start(move |asked| {
            if asked.path != format!("/ping/{CHECK}") {
                return Answer::new(404, "not found");
            }
            heard.fetch_add(1, Ordering::SeqCst);
            Answer::new(200, "OK")
        });
        Self { server, pings }
    }

    fn pings(&self) -> usize {
        self.pings.load(Ordering::SeqCst)
    }

    /// A root whose watchdog pings it, with these channels.
    fn watched(&self, check: &str, channels: &[&str]) -> Scratch {
        let url = format!("{}/ping/{check}", self.server.url());
        let mut config = String::new();
        for command in channels {
            let _ = write!(config, "[[channel]]\nkind = \"command\"\ncommand = [\"{command}\"]\n");
        }
        let scratch = Scratch::with(&format!("{config}[ping]\nurl = \"{url}\"\n"));
        scratch.beat(1.0, "ok");
        scratch
    }
}

#[test]
fn it_is_sent_after_a_complete_check_with_a_working_channel_and_only_then() {
    for (what, channels, status, breaks, pinged) in [
        ("all is well", ["true"].as_slice(), "ok", "", true),
        ("an alarm that somebody hears", &["true"], "failed", "", true),
        ("an alarm that one of two hears", &["false", "true"], "failed", "", true),
        ("an alarm that nobody hears", &["false"], "failed", "", false),
        ("nobody to tell", &[], "ok", "", false),
        ("the record cannot be written", &["true"], "ok", "memory/journal.jsonl", false),
        ("its own heartbeat cannot be written", &["true"], "ok", "data/watchdog.json", false),
    ] {
        let health = Health::start();
        let scratch = health.watched(CHECK, channels);
        scratch.beat(1.0, status);
        if !breaks.is_empty() {
            // Nothing can take the place of a folder that is not empty.
            fs::create_dir_all(scratch.path(breaks).join("full")).expect("a folder");
        }
        let ended = scratch.run(&["check"]);
        assert_eq!(health.pings(), usize::from(pinged), "{what}: {ended:?}");
    }
}

#[test]
fn a_configuration_that_is_not_valid_is_missed_elsewhere() {
    let health = Health::start();
    let scratch = health.watched(CHECK, &["true"]);
    scratch.run(&["check"]);
    scratch.put("holdfast.toml", "max_age = 15");
    // The last good one is in force: that is an alarm, and somebody hears it.
    scratch.run(&["check"]);
    assert_eq!(health.pings(), 2);
    fs::remove_file(scratch.path("data/config-last-good.toml")).expect("there");
    scratch.run(&["check"]);
    assert_eq!(health.pings(), 2);
}

#[test]
fn what_is_wrong_with_it_is_told_without_its_secret() {
    let health = Health::start();
    let scratch = health.watched("00000000-secret-0000", &["true"]);
    let ended = scratch.run(&["check"]);
    assert_eq!(ended.code, Some(0), "a check is as good as it was: {ended:?}");
    assert!(ended.err.contains("the ping was not heard: ") && ended.err.contains("says 404"), "{ended:?}");
    let told =
        ended.err + &ended.out + &scratch.read("memory/journal.jsonl") + &scratch.read("data/watchdog.json");
    assert!(told.contains("ping-failed") && !told.contains("secret"), "{told}");

    let nobody = Scratch::with(
        "[[channel]]\nkind = \"command\"\ncommand = [\"true\"]\n[ping]\nurl_file = \"secrets/ping\"\n",
    );
    let refused = nobody.run(&["validate"]);
    assert!(refused.code == Some(78) && refused.err.contains("[ping]: url_file"), "{refused:?}");
    let alone = Scratch::with("[ping]\nurl = \"http://127.0.0.1:1/x\"\n");
    assert!(alone.run(&["validate"]).out.contains("[ping]: it is sent only while some channel works"));
}

#[test]
fn one_that_stays_pings_at_once_and_then_once_a_minute() {
    let health = Health::start();
    let scratch = health.watched(CHECK, &["true"]);
    let mut resident = scratch.command(&["run"]).stderr(Stdio::null()).spawn().expect("starts");
    wait_until("pinged", || health.pings() == 1);
    // It goes on looking, and has pinged enough for now.
    scratch.beat(0.0, "failed");
    wait_until("paused", || scratch.paused());
    scratch.beat(0.0, "ok");
    wait_until("well again", || scratch.journal().contains(&"incident-closed".to_owned()));
    assert_eq!(health.pings(), 1);
    resident.kill().expect("runs");
    resident.wait().expect("ends");
}
