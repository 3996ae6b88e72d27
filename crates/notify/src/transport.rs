//! How one message goes through one channel.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::Duration;

use holdfast::Root;
use holdfast::config::{Channel, ChannelKind};
use holdfast::sys::{Store, Sys};

use crate::alert::Alert;
use crate::token::Token;
use crate::{command, telegram};

/// One message on its way through one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    /// Where to.
    pub channel: Channel,
    /// What.
    pub alert: Alert,
    /// The Telegram chat to use in place of the configured one, which has moved there.
    pub chat: Option<String>,
    /// How long it may take.
    pub timeout: Duration,
}

impl Sending {
    /// How long it had, and whether that was all that it may have.
    pub(crate) fn given(&self) -> String {
        let (given, whole) = (self.timeout, self.channel.timeout.0);
        let cut = if given < whole {
            format!(" (all that this run has; its timeout is {:.0}s)", whole.as_secs_f64())
        } else {
            String::new()
        };
        format!("{:.1}s{cut}", given.as_secs_f64())
    }
}

/// What a channel said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It took the message.
    Accepted,
    /// Not now.
    Later {
        /// What happened.
        why: String,
        /// How long the channel asked us to wait.
        after: Option<Duration>,
    },
    /// Not before somebody mends it.
    Refused {
        /// What happened, and what to do.
        why: String,
    },
}

impl Verdict {
    pub(crate) fn later(why: impl Into<String>) -> Self {
        Self::Later { why: why.into(), after: None }
    }

    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into() }
    }
}

/// A verdict with what was learned on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the channel said.
    pub verdict: Verdict,
    /// The Telegram chat that the configured one has become.
    pub moved_to: Option<String>,
}

impl From<Verdict> for Answer {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, moved_to: None }
    }
}

/// Where the answer to a [`Sending`] goes. Dropping it is an answer too: that the message was not sent.
#[derive(Debug)]
pub struct Reply {
    lane: usize,
    to: Option<Sender<(usize, Answer)>>,
}

impl Reply {
    pub(crate) fn new(lane: usize, to: Sender<(usize, Answer)>) -> Self {
        Self { lane, to: Some(to) }
    }

    /// Gives the answer. One that comes after the budget of its run is not heard: the alert is sent again.
    pub fn give(mut self, answer: impl Into<Answer>) {
        self.send(answer.into());
    }

    fn send(&mut self, answer: Answer) {
        if let Some(to) = self.to.take() {
            let _ = to.send((self.lane, answer));
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.send(Verdict::later("could not be sent: no thread was to be had for it").into());
    }
}

/// Carries messages. A simulation may answer within `start`; the real one must not block there.
pub trait Transport {
    /// Begins to send and gives the answer when it is there.
    fn start(&self, sending: Sending, reply: Reply);
}

/// The real transport: each message in a thread of its own, which is left behind if it hangs.
#[derive(Clone)]
pub struct Direct {
    sys: Sys<'static>,
    root: PathBuf,
}

impl Direct {
    /// Sends through this host's network and processes. Relative token files are under `root`.
    pub fn new(sys: Sys<'static>, root: &Root) -> Self {
        Self { sys, root: root.path().to_owned() }
    }

    fn send(&self, sending: &Sending) -> Answer {
        match &sending.channel.kind {
            ChannelKind::Telegram { token_file, chat, base_url } => {
                let token = match Token::read(self.sys.store, &self.root.join(token_file)) {
                    Ok(token) => token,
                    Err(why) => return Verdict::Refused { why }.into(),
                };
                let chat = sending.chat.as_deref().unwrap_or(chat);
                telegram::Bot { base_url, token: &token, chat }.send(&sending.alert, sending.timeout)
            }
            ChannelKind::Command { command } => {
                command::send(self.sys.spawner, &self.root, command, sending).into()
            }
            _ => Verdict::refused(unbuilt(&sending.channel)).into(),
        }
    }
}

impl Transport for Direct {
    fn start(&self, sending: Sending, reply: Reply) {
        let (direct, name) = (self.clone(), format!("alert-{}", sending.channel.name));
        // Where no thread can be had the reply is dropped, and says so.
        let _ = std::thread::Builder::new().name(name).spawn(move || reply.give(direct.send(&sending)));
    }
}

/// What is wrong with a channel as it stands, without sending anything: for `validate`, `status` and `doctor`.
pub fn fault(store: &dyn Store, root: &Path, channel: &Channel) -> Option<String> {
    match &channel.kind {
        ChannelKind::Telegram { token_file, base_url, .. } => {
            Token::read(store, &root.join(token_file)).err().or_else(|| telegram::base_url_fault(base_url))
        }
        ChannelKind::Command { command } if command.is_empty() => Some(command::EMPTY.to_owned()),
        ChannelKind::Command { .. } => None,
        _ => Some(unbuilt(channel)),
    }
}

fn unbuilt(channel: &Channel) -> String {
    format!("not built yet: kind {}; use command or telegram", channel.kind_name())
}
