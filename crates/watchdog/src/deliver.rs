//! Sends and actions: the last of the order of acts, side by side, each with a deadline.

use std::collections::HashSet;
use std::time::Duration;

use holdfast::config::{Action, Config};
use holdfast::journal::Entry;
use holdfast::sys::{Ended, Job, Sys};
use holdfast::watch::Message;
use holdfast::{Exit, Root};
use holdfast_notify::{Alert, AlertKind, Direct, Event, Outbox, Progress, Put, States, Transport};

use crate::evaluate::BY;
use crate::tell;

/// All sends and actions of one round end within this.
const BUDGET: Duration = Duration::from_secs(12);

/// What somebody who may wait has to do.
#[derive(Clone)]
pub struct Work {
    pub(crate) config: Config,
    pub(crate) messages: Vec<Message>,
    pub(crate) actions: Vec<(String, String)>,
    pub(crate) states: States,
}

/// What came of it.
pub struct Delivered {
    /// Whether everything was heard.
    pub exit: Exit,
    /// For the journal.
    pub(crate) journal: Vec<Entry>,
    /// Ids of messages that are on disk, or were accepted at once.
    pub(crate) stored: Vec<String>,
    /// What is known of each channel now.
    pub(crate) states: States,
    /// To be told through the other channels.
    pub(crate) notes: Vec<String>,
    /// In how many seconds the next try is due.
    pub(crate) next: Option<f64>,
}

/// Keeps the outbox between rounds.
pub struct Deliverer<'a> {
    sys: Sys<'a>,
    root: Root,
    outbox: Outbox,
    transport: Box<dyn Transport + Send + 'a>,
}

impl Deliverer<'static> {
    /// For the outbox of `root`, through this host's network and processes.
    pub fn new(sys: Sys<'static>, root: Root) -> Self {
        let transport = Direct::new(sys, &root);
        Self::through(sys, root, transport)
    }
}

impl<'a> Deliverer<'a> {
    /// For the outbox of `root`, through a transport of the caller's.
    pub fn through(sys: Sys<'a>, root: Root, transport: impl Transport + Send + 'a) -> Self {
        let outbox = Outbox::open(&root);
        Self { sys, root, outbox, transport: Box::new(transport) }
    }

    /// Stores every message before anything is sent (**no-silent-alert**), then sends what is due and runs
    /// the actions.
    pub fn deliver(&mut self, work: &Work) -> Delivered {
        let mut stored: HashSet<String> = HashSet::new();
        let mut exit = Exit::Ok;
        for message in &work.messages {
            exit = exit.and(self.put(work, message, &mut stored));
        }
        let (sys, root) = (self.sys, &self.root);
        let (delivery, mut journal) = std::thread::scope(|scope| {
            let runs: Vec<_> = work
                .actions
                .iter()
                .filter_map(|(name, incident)| Some((name, incident, work.config.actions.get(name)?)))
                .map(|(name, incident, action)| scope.spawn(move || run(&sys, root, name, incident, action)))
                .collect();
            let (channels, transport) = (&work.config.channels, &*self.transport);
            let delivery = self.outbox.deliver(&sys, channels, &work.states, BUDGET, transport);
            // With panic = "abort" a panicked action is no longer a matter of this process.
            let results: Vec<Entry> = runs.into_iter().filter_map(|run| run.join().ok()).collect();
            (delivery, results)
        });
        let (account, said) = delivery.account();
        for line in &said {
            tell(line);
        }
        exit = exit.and(account);
        // Accepted or expired: over, whether or not the disk ever took it.
        let over = |event: &&Event| matches!(event.kind, "alert-accepted" | "alert-expired");
        stored.extend(
            delivery
                .events
                .iter()
                .filter(over)
                .filter_map(|event| event.fields.get("alert")?.as_str().map(str::to_owned)),
        );
        journal.extend(delivery.events.iter().map(|event| event.entry(BY)));
        Delivered {
            exit,
            journal,
            stored: stored.into_iter().collect(),
            states: delivery.states(),
            notes: delivery.notes.iter().map(ToString::to_string).collect(),
            next: self.next(),
        }
    }

    fn put(&mut self, work: &Work, message: &Message, stored: &mut HashSet<String>) -> Exit {
        let alert = alert(message, &work.config);
        match self.outbox.put(&self.sys, &alert, &work.config.channels) {
            Ok(Put::NoChannel) => {
                // Nobody can be told; that is no failure of delivery, but never silent.
                tell(&format_args!(
                    "no alert channel is configured, so nobody was told: {}",
                    message.subject
                ));
                stored.insert(message.id.clone());
                Exit::Ok
            }
            Ok(_) => {
                stored.insert(message.id.clone());
                Exit::Ok
            }
            Err(error) => {
                tell(&format_args!("{error}; the alert is sent all the same"));
                Exit::Io
            }
        }
    }

    /// When the next try of anything in the outbox is due.
    fn next(&self) -> Option<f64> {
        let now = self.sys.clock.now();
        let pending = self.outbox.pending(&self.sys);
        let due = |progress: &Progress| match progress {
            Progress::Pending { due, .. } => Some(due.as_ref().map_or(0.0, |due| due.remaining(&now))),
            Progress::Failed { due, .. } => Some(due.remaining(&now)),
            Progress::Accepted { .. } => None,
        };
        pending
            .entries
            .iter()
            .flat_map(|entry| entry.channels.values())
            .filter_map(due)
            .min_by(f64::total_cmp)
    }
}

fn alert(message: &Message, config: &Config) -> Alert {
    Alert {
        id: message.id.clone(),
        incident: message.incidents.first().cloned(),
        kind: match message.kind.as_str() {
            "opened" => AlertKind::Opened,
            "worse" => AlertKind::Worse,
            "repeat" => AlertKind::Repeat,
            "closed" => AlertKind::Closed,
            _ => AlertKind::Notice,
        },
        level: 1,
        subject: message.subject.clone(),
        text: message.text.clone(),
        at: message.at,
        expires_at: message.at + config.alerts_expire_after.as_secs_f64(),
    }
}

fn run(sys: &Sys, root: &Root, name: &str, incident: &str, action: &Action) -> Entry {
    let env = [
        ("HOLDFAST_ROOT", root.path().display().to_string()),
        ("HOLDFAST_ACTION", name.to_owned()),
        ("HOLDFAST_INCIDENT", incident.to_owned()),
    ];
    let job = Job {
        argv: action.command.clone(),
        env: env.map(|(key, value)| (key.to_owned(), value)).into(),
        stdin: Vec::new(),
        timeout: action.timeout.0.min(BUDGET),
    };
    let entry = Entry::new("action", BY).with("action", name).with("incident", incident);
    match sys.spawner.run(&job) {
        Ok(outcome) => {
            let ended = match outcome.ended {
                Ended::Code(code) => format!("exit {code}"),
                Ended::Signal(signal) => format!("signal {signal}"),
                Ended::TimedOut => "timed out".to_owned(),
            };
            entry.with("ended", ended).with("output", outcome.output)
        }
        Err(error) => entry.with("ended", format!("could not be started: {error}")),
    }
}
