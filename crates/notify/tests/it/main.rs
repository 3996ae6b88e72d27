//! The outbox and its channels against real loopback servers, real programs and a real disk.
#![cfg(unix)] // programs are played by /bin/sh
#![allow(clippy::disallowed_methods, reason = "a test plays the world around the library")]

mod budget;
mod command;
mod failures;
mod ntfy;
mod outbox;
#[path = "../peers/mod.rs"]
mod peers;
mod secrets;
mod several;
mod smtp;
mod telegram;
mod webhook;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use holdfast::Root;
use holdfast::config::{self, Channel, ChannelKind};
use holdfast::sys::{Clock, Now, Sys};
use holdfast::time::Span;
use holdfast_notify::standin::{CHAT, Telegram};
use holdfast_notify::{Alert, AlertKind, ChannelState, Delivery, Direct, Outbox, Put, States};

pub(crate) const BUDGET: Duration = Duration::from_secs(8);

/// A root of its own for each test.
pub(crate) struct World {
    dir: tempfile::TempDir,
    pub(crate) root: Root,
    pub(crate) sys: Sys<'static>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Sys::real())
    }

    fn with(sys: Sys<'static>) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("data")).expect("data");
        let root = Root::open(sys.store, dir.path()).expect("a root");
        Telegram::token_file(dir.path());
        Self { dir, root, sys }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Runs as a new process would: with nothing but what is on disk.
    pub(crate) fn deliver(&self, channels: &[Channel]) -> Delivery {
        self.deliver_within(channels, BUDGET)
    }

    pub(crate) fn deliver_within(&self, channels: &[Channel], budget: Duration) -> Delivery {
        let mut outbox = Outbox::open(&self.root);
        outbox.deliver(&self.sys, channels, &States::new(), budget, &Direct::new(self.sys, &self.root))
    }

    pub(crate) fn put(&self, alert: &Alert, channels: &[Channel]) {
        let put = Outbox::open(&self.root).put(&self.sys, alert, channels);
        assert_eq!(put.expect("stored"), Put::Stored);
    }

    pub(crate) fn alert(&self, id: &str) -> Alert {
        let at = self.sys.clock.now().wall;
        Alert {
            id: id.to_owned(),
            incident: Some("20261121T080000Z-7f3a".to_owned()),
            others: Vec::new(),
            kind: AlertKind::Opened,
            level: 1,
            subject: "trader-run: heartbeat stale".to_owned(),
            text: "1260s > 900s".to_owned(),
            at,
            expires_at: at + 3600.0,
        }
    }

    /// The names in the outbox, locks and temporary files included.
    pub(crate) fn outbox(&self) -> Vec<String> {
        self.sys.store.list(&self.root.outbox()).expect("a folder")
    }
}

pub(crate) fn telegram(base_url: impl Into<String>) -> Channel {
    let (token_file, chat) = ("telegram-token".into(), CHAT.to_owned());
    channel("telegram", ChannelKind::Telegram { token_file, chat, base_url: base_url.into() })
}

pub(crate) fn channel(name: &str, kind: ChannelKind) -> Channel {
    Channel { name: name.to_owned(), level: 1, timeout: Span::secs(2), kind }
}

/// Puts a secret into a file as it should be, and names it from the root.
pub(crate) fn secret(world: &World, name: &str, content: &str) -> PathBuf {
    let path = world.file(name);
    std::fs::write(&path, format!("{content}\n")).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
    name.into()
}

pub(crate) fn webhook(url: impl Into<String>) -> Channel {
    let (url, headers) = (config::Secret::Plain(url.into()), BTreeMap::new());
    channel("webhook", ChannelKind::Webhook { url, secret_file: None, body_file: None, headers, auth: None })
}

pub(crate) fn ntfy(base_url: impl Into<String>) -> Channel {
    let topic = config::Secret::Plain("desk-secret".to_owned());
    channel("ntfy", ChannelKind::Ntfy { topic, token_file: None, base_url: base_url.into() })
}

pub(crate) fn smtp(host: &str, port: u16) -> Channel {
    let (host, security) = (host.to_owned(), config::Security::None);
    let (from, to) = ("watchdog@example.com".to_owned(), vec!["me@example.com".to_owned()]);
    channel("smtp", ChannelKind::Smtp { host, port, security, login: None, from, to })
}

pub(crate) fn command(name: &str, argv: &[&str]) -> Channel {
    let command = argv.iter().map(|&argument| argument.to_owned()).collect();
    channel(name, ChannelKind::Command { command })
}

/// A channel that runs this line of shell.
pub(crate) fn shell(name: &str, script: &str) -> Channel {
    command(name, &["/bin/sh", "-c", script])
}

pub(crate) fn kinds(delivery: &Delivery) -> Vec<&'static str> {
    delivery.events.iter().map(|event| event.kind).collect()
}

pub(crate) fn error_of(delivery: &Delivery, channel: &str) -> String {
    delivery.channels[channel].error.clone().unwrap_or_default()
}

pub(crate) fn is_failing(delivery: &Delivery, channel: &str) -> bool {
    matches!(delivery.channels[channel].state, ChannelState::Failing { .. })
}

/// The host's clocks, moved on by a fixed time: what a later run sees.
#[derive(Clone, Copy)]
pub(crate) struct Later {
    pub(crate) wall: f64,
    pub(crate) up: f64,
}

impl Clock for Later {
    fn now(&self) -> Now {
        let now = Sys::real().clock.now();
        Now { wall: now.wall + self.wall, up: now.up + self.up, awake: now.awake + self.up, boot: now.boot }
    }

    fn wait(&self, duration: Duration) {
        Sys::real().clock.wait(duration);
    }
}

impl World {
    /// The same root, `seconds` later on every clock.
    pub(crate) fn later(&mut self, seconds: f64) {
        self.clock(Later { wall: seconds, up: seconds });
    }

    pub(crate) fn clock(&mut self, clock: Later) {
        // A handful for the whole test binary.
        self.sys.clock = Box::leak(Box::new(clock));
    }
}
