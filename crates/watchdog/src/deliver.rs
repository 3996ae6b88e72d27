//! Sends and actions: the last of the order of acts, side by side, each with a deadline.

use std::collections::HashSet;
use std::time::Duration;

use holdfast::config::Config;
use holdfast::journal::{self, Entry};
use holdfast::sys::{Job, Sys};
use holdfast::watch::Message;
use holdfast::{Exit, Root};
use holdfast_notify::{Alert, AlertKind, Delivery, Direct, Event, Outbox, Put, States, Transport};

use crate::evaluate::BY;
use crate::{action, tell};

/// All sends and actions of one round of `check` end within this; there are at most two.
const BUDGET: Duration = Duration::from_secs(12);
/// What a send may take of it.
pub(crate) const LONGEST: Duration = Duration::from_millis(11_700);
/// What is left beside the longest send where nobody waits for the end.
const MARGIN: Duration = Duration::from_secs(2);
/// Between two deliveries, in seconds.
const PAUSE_LEAST: f64 = 1.0;

/// What somebody who may wait has to do.
#[derive(Clone)]
pub struct Work {
    pub(crate) config: Config,
    /// These are the configured channels; not so where no good configuration is known.
    pub(crate) channels_known: bool,
    pub(crate) messages: Vec<Message>,
    pub(crate) actions: Vec<(String, String)>,
    pub(crate) states: States,
}

impl Work {
    /// What people are about to be told.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.messages.iter().map(|message| message.text.as_str())
    }
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
    /// Actions that were run.
    pub(crate) begun: Vec<(String, String)>,
    /// Subjects of what nobody has heard yet.
    pub(crate) unheard: Vec<String>,
}

/// Keeps the outbox between rounds.
pub struct Deliverer<'a> {
    sys: Sys<'a>,
    root: Root,
    outbox: Outbox,
    transport: Box<dyn Transport + Send + 'a>,
    /// Nobody waits for the end: every send has its own timeout.
    resident: bool,
}

impl Deliverer<'static> {
    /// For the outbox of `root`, through this host's network and processes.
    pub fn new(sys: Sys<'static>, root: Root) -> Self {
        let transport = Direct::new(sys, &root);
        Self::through(sys, root, transport)
    }

    /// The same for a watchdog that stays: timeouts are those of the configuration.
    pub(crate) fn resident(sys: Sys<'static>, root: Root) -> Self {
        Self { resident: true, ..Self::new(sys, root) }
    }
}

impl<'a> Deliverer<'a> {
    /// For the outbox of `root`, through a transport of the caller's.
    pub fn through(sys: Sys<'a>, root: Root, transport: impl Transport + Send + 'a) -> Self {
        let outbox = Outbox::open(&root);
        Self { sys, root, outbox, transport: Box::new(transport), resident: false }
    }

    /// Stores every message before anything is sent (**no-silent-alert**), then sends what is due and runs
    /// the actions.
    pub fn deliver(&mut self, work: &Work) -> Delivered {
        let mut stored: HashSet<String> = HashSet::new();
        let mut exit = Exit::Ok;
        for message in &work.messages {
            exit = exit.and(self.put(work, message, &mut stored));
        }
        let sys = self.sys;
        let runs = runs(&self.root, &work.config, &work.actions, BUDGET);
        let (delivery, mut journal) = std::thread::scope(|scope| {
            let runs: Vec<_> = runs.into_iter().map(|run| scope.spawn(move || run.perform(&sys))).collect();
            let delivery = self.send(work);
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
            next: self.next(work),
            begun: work.actions.clone(),
            unheard: self.unheard(),
        }
    }

    /// What nobody has heard yet, in a line each.
    fn unheard(&self) -> Vec<String> {
        const SHOWN: usize = 10;
        let pending = self.outbox.pending(&self.sys);
        let unheard = pending.entries.iter().filter(|entry| !entry.heard());
        unheard.map(|entry| entry.alert.subject.clone()).take(SHOWN).collect()
    }

    fn send(&mut self, work: &Work) -> Delivery {
        let channels = &work.config.channels;
        if channels.is_empty() && work.channels_known {
            return self.outbox.give_up(&self.sys);
        }
        let longest = channels.iter().map(|channel| channel.timeout.0 + MARGIN).max();
        let budget = longest.filter(|_| self.resident).unwrap_or(BUDGET).max(BUDGET);
        self.outbox.deliver(&self.sys, channels, &work.states, budget, &*self.transport)
    }

    fn put(&mut self, work: &Work, message: &Message, stored: &mut HashSet<String>) -> Exit {
        let alert = alert(message, &work.config);
        let put = if work.channels_known {
            self.outbox.put(&self.sys, &alert, &work.config.channels)
        } else {
            // It waits until somebody can tell whom it is for (**no-silent-alert**).
            tell(&format_args!(
                "no good configuration is known, so nobody was told yet; it waits in data/outbox: {}",
                message.subject
            ));
            self.outbox.hold(&self.sys, &alert)
        };
        match put {
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

    /// When the next try of anything in the outbox is due. One that was due and was not made is not made at once: what
    /// held it up is likely to be there still.
    fn next(&self, work: &Work) -> Option<f64> {
        Some(self.outbox.next_try(&self.sys, &work.config.channels)?.max(PAUSE_LEAST))
    }
}

/// Begins actions, each in a thread of its own.
pub(crate) fn begin(sys: Sys<'static>, root: &Root, config: &Config, actions: &[(String, String)]) {
    for run in runs(root, config, actions, Duration::MAX) {
        run.detach(sys);
    }
}

/// What is to be run of them: what is no longer configured is not. `most` is the longest time of each.
fn runs(root: &Root, config: &Config, actions: &[(String, String)], most: Duration) -> Vec<Run> {
    let run = |(name, incident): &(String, String)| {
        let action = config.actions.get(name)?;
        let job = action::job(root.path(), name, action, Some(incident), action.timeout.0.min(most));
        let entry = Entry::new("action", BY).with("action", name.clone()).with("incident", incident.clone());
        Some(Run { root: root.clone(), job, entry })
    };
    actions.iter().filter_map(run).collect()
}

fn alert(message: &Message, config: &Config) -> Alert {
    let turns = message.turns.iter().map(|turn| AlertKind::named(turn));
    let told = message.incidents.iter().cloned().zip(turns);
    let kind = AlertKind::named(&message.kind);
    // A pause or a resume is told beside the end of something, and is not that.
    let first = usize::from(kind != AlertKind::Notice);
    Alert {
        id: message.id.clone(),
        incident: message.incidents.first().filter(|_| first == 1).cloned(),
        others: told.skip(first).collect(),
        kind,
        level: message.level,
        subject: message.subject.clone(),
        text: message.text.clone(),
        at: message.at,
        expires_at: message.at + config.alerts_expire_after.as_secs_f64(),
    }
}

/// An action that is to be run.
struct Run {
    root: Root,
    job: Job,
    entry: Entry,
}

impl Run {
    /// Runs it to its end, or kills it at its timeout.
    fn perform(self, sys: &Sys) -> Entry {
        match sys.spawner.run(&self.job) {
            Ok(outcome) => {
                let ended = action::ended(&outcome, self.job.timeout);
                self.entry.with("ended", ended).with("output", outcome.output)
            }
            Err(error) => self.entry.with("ended", format!("could not be started: {error}")),
        }
    }

    /// Runs it beside everything else.
    fn detach(self, sys: Sys<'static>) {
        let (root, name) = (self.root.clone(), self.job.argv.join(" "));
        let act = move || {
            if let Err(error) = journal::append(&sys, &root, &self.perform(&sys)) {
                tell(&format_args!("memory/journal.jsonl cannot be written: {error}"));
            }
        };
        if let Err(error) = std::thread::Builder::new().name("action".to_owned()).spawn(act) {
            tell(&format_args!("no thread can be had for an action, so it was not run ({error}): {name}"));
        }
    }
}
