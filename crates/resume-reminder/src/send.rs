//! Sending once per day: stored before it is sent (**no-silent-alert**), known by its id ever after.

use std::time::Duration;

use holdfast::circuit::new_id;
use holdfast::config::Channel;
use holdfast::journal::{self, Entry};
use holdfast::json::{Object, Value};
use holdfast::sys::Sys;
use holdfast::time::Span;
use holdfast::watch::recall;
use holdfast::{Exit, Root, say};
use holdfast_notify::{Alert, AlertKind, Delivery, Direct, Outbox, Put, States, audience, states_of};

use crate::PROGRAM;
use crate::facts::Facts;
use crate::message::Message;

/// All sends of one round end within this; there are at most two.
const BUDGET: Duration = Duration::from_secs(12);

/// What was done about the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// There was none.
    Nothing,
    /// Some channel has accepted it.
    Sent,
    /// It is stored, and nobody has accepted it yet.
    Waiting,
    /// It was told earlier today.
    Already,
    /// No channel is configured.
    NoChannel,
    /// Only shown.
    Rehearsed,
}

impl What {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            What::Nothing => "nothing",
            What::Sent => "sent",
            What::Waiting => "waiting",
            What::Already => "already",
            What::NoChannel => "no-channel",
            What::Rehearsed => "dry-run",
        }
    }
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Did {
    pub(crate) what: What,
    /// The channels that accepted it, or in a dry run would get it.
    pub(crate) channels: Vec<String>,
    pub(crate) exit: Exit,
}

impl Did {
    fn new(what: What, exit: Exit) -> Self {
        Self { what, channels: Vec::new(), exit }
    }

    /// For a person, or the log of a scheduler.
    pub(crate) fn words(&self, message: &Message, day: &str, zone: &str) -> String {
        let subject = &message.subject;
        let through = self.channels.join(", ");
        match self.what {
            What::Nothing => String::new(),
            What::Sent => format!("sent through {through}: {subject}\n"),
            What::Waiting => format!("stored in data/outbox, not accepted yet: {subject}\n"),
            What::Already => format!("told already on {day} ({zone}), nothing new: {subject}\n"),
            What::NoChannel => format!("told nobody: {subject}\n"),
            What::Rehearsed => {
                let to = if through.is_empty() { "nobody: no channel is configured" } else { &through };
                format!(
                    "dry run, nothing is sent; {day} ({zone}), would go to {to}\n\n{subject}\n\n{}",
                    message.text
                )
            }
        }
    }
}

/// Everything that sending needs.
pub(crate) struct Sender<'a> {
    pub(crate) sys: Sys<'static>,
    pub(crate) root: &'a Root,
    pub(crate) channels: &'a [Channel],
    /// These are the configured channels; not so where no good configuration is known.
    pub(crate) known: bool,
    /// The local date.
    pub(crate) day: &'a str,
}

impl Sender<'_> {
    /// What a run would do, without doing it.
    pub(crate) fn rehearse(&self, message: Option<&Message>) -> Did {
        let Some(message) = message else { return Did::new(What::Nothing, Exit::Ok) };
        let (told, exit) = self.told(message);
        let what = if told { What::Already } else { What::Rehearsed };
        let channels = audience(1, self.channels).map(|channel| channel.name.clone()).collect();
        Did { channels, ..Did::new(what, exit) }
    }

    /// Stores, records and sends the message, and whatever else waits in the outbox.
    pub(crate) fn send(&self, message: Option<&Message>, facts: &Facts, expire_after: Span) -> Did {
        let mut outbox = Outbox::open(self.root);
        let mut did = match message {
            None => Did::new(What::Nothing, Exit::Ok),
            Some(message) => self.store(&mut outbox, message, facts, expire_after),
        };
        let id = message.map(|message| self.id(message.paused));
        let mut states =
            recall(&self.sys, self.root).map(|(_, memory)| states_of(&memory.channels)).unwrap_or_default();
        let mut delivery = self.deliver(&mut outbox, &states, &mut did, id.as_deref());
        if !delivery.notes.is_empty() {
            // A channel that has broken is told through the others, at once.
            states = delivery.states();
            if !delivery.expired_unheard.is_empty() {
                did.exit = did.exit.and(Exit::Undelivered);
            }
            tell_all(&delivery.account().1);
            self.put_notes(&mut outbox, &delivery, expire_after, &mut did);
            delivery = self.deliver(&mut outbox, &states, &mut did, id.as_deref());
        }
        let (account, said) = delivery.account();
        tell_all(&said);
        did.exit = did.exit.and(account);
        did
    }

    /// `reminder-2026-11-21`: two runs on a day make the same one.
    fn id(&self, paused: bool) -> String {
        format!("{}-{}", if paused { "reminder" } else { "digest" }, self.day)
    }

    /// Whether people were told already today. A digest only proves that they can be told, so a reminder does
    /// for it. A journal that cannot be read tells nothing: rather twice than never.
    fn told(&self, message: &Message) -> (bool, Exit) {
        let mut ids = vec![self.id(message.paused)];
        if !message.paused {
            ids.push(self.id(true));
        }
        match journal::recent(&self.sys, self.root) {
            Ok((lines, _)) => (lines.iter().any(|line| tells(line, &ids)), Exit::Ok),
            Err(error) => {
                say::tell(
                    PROGRAM,
                    &format_args!("memory/journal.jsonl {error}; this may be told twice today"),
                );
                (false, Exit::Io)
            }
        }
    }

    /// First the outbox, then the journal: killed between the two, the next run finds the alert waiting, or
    /// the record of whoever sent it.
    fn store(&self, outbox: &mut Outbox, message: &Message, facts: &Facts, expire_after: Span) -> Did {
        let (told, exit) = self.told(message);
        if told {
            return Did::new(What::Already, exit);
        }
        let alert = self.alert(&self.id(message.paused), AlertKind::Reminder, message, expire_after);
        let mut did = Did::new(What::Waiting, exit);
        let put = if self.known {
            outbox.put(&self.sys, &alert, self.channels)
        } else {
            // It waits until somebody can tell whom it is for (**no-silent-alert**).
            outbox.hold(&self.sys, &alert)
        };
        match put {
            Ok(Put::NoChannel) => {
                let advice = "no alert channel is configured, so nobody is told\n  add a [[channel]] to";
                say::tell(PROGRAM, &format_args!("{advice} {}", self.root.config().display()));
                return Did::new(What::NoChannel, exit.and(Exit::Undelivered));
            }
            Ok(Put::Stored | Put::Already) => {}
            Err(error) => {
                say::tell(PROGRAM, &format_args!("{error}; it is sent all the same"));
                did.exit = did.exit.and(Exit::Io);
            }
        }
        let entry = Entry::new("reminder", PROGRAM)
            .with("alert", alert.id)
            .with("day", self.day)
            .with("zone", facts.zone_name())
            .with("circuit", facts.verdict.word())
            .with("holds", facts.holds.iter().map(|hold| hold.id.clone()).collect::<Vec<_>>());
        did.exit = did.exit.and(self.journal([entry]));
        did
    }

    fn alert(&self, id: &str, kind: AlertKind, message: &Message, expire_after: Span) -> Alert {
        let at = self.sys.clock.now().wall;
        Alert {
            id: id.to_owned(),
            incident: None,
            others: Vec::new(),
            kind,
            level: 1,
            subject: message.subject.clone(),
            text: message.text.clone(),
            at,
            expires_at: at + expire_after.as_secs_f64(),
        }
    }

    fn put_notes(&self, outbox: &mut Outbox, delivery: &Delivery, expire_after: Span, did: &mut Did) {
        let notes: Vec<String> = delivery.notes.iter().map(ToString::to_string).collect();
        let subject = format!("[{}] {}", self.sys.host, notes[0]);
        let message = Message { paused: false, subject, text: notes.join("\n") };
        let id = new_id(self.sys.clock.now().wall);
        let alert = self.alert(&id, AlertKind::Notice, &message, expire_after);
        if let Err(error) = outbox.put(&self.sys, &alert, self.channels) {
            say::tell(PROGRAM, &format_args!("{error}; it is sent all the same"));
            did.exit = did.exit.and(Exit::Io);
        }
    }

    fn deliver(&self, outbox: &mut Outbox, states: &States, did: &mut Did, id: Option<&str>) -> Delivery {
        let transport = Direct::new(self.sys, self.root);
        let delivery = if self.channels.is_empty() && self.known {
            outbox.give_up(&self.sys)
        } else {
            outbox.deliver(&self.sys, self.channels, states, BUDGET, &transport)
        };
        did.exit = did.exit.and(self.journal(delivery.events.iter().map(|event| event.entry(PROGRAM))));
        let text = |fields: &Object, key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
        let accepted = delivery
            .events
            .iter()
            .filter(|event| event.kind == "alert-accepted" && text(&event.fields, "alert").as_deref() == id)
            .filter_map(|event| text(&event.fields, "channel"));
        did.channels.extend(accepted);
        if !did.channels.is_empty() {
            did.what = What::Sent;
        }
        delivery
    }

    fn journal(&self, entries: impl IntoIterator<Item = Entry>) -> Exit {
        let mut exit = Exit::Ok;
        for entry in entries {
            if let Err(error) = journal::append(&self.sys, self.root, &entry) {
                say::tell(PROGRAM, &format_args!("memory/journal.jsonl cannot be written: {error}"));
                exit = Exit::Io;
            }
        }
        exit
    }
}

fn tell_all(said: &[String]) {
    for line in said {
        say::tell(PROGRAM, line);
    }
}

/// A line of the journal that says that one of these was stored, heard, or given up.
fn tells(line: &Object, ids: &[String]) -> bool {
    let text = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or_default();
    ["reminder", "alert-accepted", "alert-expired"].contains(&text("kind"))
        && ids.iter().any(|id| id == text("alert"))
}
