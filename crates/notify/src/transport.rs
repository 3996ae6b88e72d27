//! How one message goes through one channel.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::Duration;

use holdfast::Root;
use holdfast::config::{Channel, ChannelKind};
use holdfast::sys::{Store, Sys};

use crate::alert::Alert;
use crate::ntfy::Ntfy;
use crate::smtp::Mailer;
use crate::token::Token;
use crate::webhook::Webhook;
use crate::{command, desktop, smtp, telegram, webhook};

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
    /// Receivers that an accepted message does not reach.
    pub missed: Option<Missed>,
}

/// Some of the receivers of a channel are refused, while others are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Who.
    pub who: String,
    /// What was said of them, and what to do.
    pub why: String,
}

impl From<Verdict> for Answer {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, moved_to: None, missed: None }
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
        let Sys { clock, store, spawner, host } = self.sys;
        let wall = || clock.now().wall;
        let ready = match Ready::of(store, &self.root, &sending.channel) {
            Ok(ready) => ready,
            Err(why) => return Verdict::Refused { why }.into(),
        };
        match ready {
            Ready::Telegram { token, chat, base_url } => {
                let chat = sending.chat.as_deref().unwrap_or(chat);
                telegram::Bot { base_url, token: &token, chat }.send(&sending.alert, sending.timeout)
            }
            Ready::Smtp(mailer) => mailer.send(sending, host, clock),
            Ready::Webhook(webhook) => webhook.send(sending, host, clock).into(),
            Ready::Ntfy(ntfy) => ntfy.send(sending, wall()).into(),
            Ready::Desktop => desktop::send(spawner, &self.root, sending).into(),
            Ready::Command(command) => command::send(spawner, &self.root, command, sending).into(),
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
    Ready::of(store, root, channel).err()
}

/// A channel with everything that it needs to send.
enum Ready<'a> {
    Telegram { token: Token, chat: &'a str, base_url: &'a str },
    Smtp(Box<Mailer<'a>>),
    Webhook(Webhook<'a>),
    Ntfy(Ntfy<'a>),
    Desktop,
    Command(&'a [String]),
}

impl<'a> Ready<'a> {
    /// Reads the files that the channel names. An error says what is wrong and what to do.
    fn of(store: &dyn Store, root: &Path, channel: &'a Channel) -> Result<Self, String> {
        Ok(match &channel.kind {
            ChannelKind::Telegram { token_file, chat, base_url } => {
                let token = Token::read(store, &root.join(token_file))?;
                telegram::base_url_fault(base_url).map_or(Ok(()), Err)?;
                Self::Telegram { token, chat, base_url }
            }
            ChannelKind::Smtp { host, port, security, login, from, to } => {
                let (port, security, login) = (*port, *security, login.as_ref());
                let settings = smtp::Settings { host, port, security, login, from, to };
                Self::Smtp(Box::new(Mailer::new(store, root, settings)?))
            }
            ChannelKind::Webhook { url, secret_file, body_file, headers, auth } => {
                let (secret_file, body_file, auth) =
                    (secret_file.as_ref(), body_file.as_ref(), auth.as_ref());
                let settings = webhook::Settings { url, secret_file, body_file, headers, auth };
                Self::Webhook(Webhook::new(store, root, settings)?)
            }
            ChannelKind::Ntfy { topic, token_file, base_url } => {
                Self::Ntfy(Ntfy::new(store, root, base_url, topic, token_file.as_ref())?)
            }
            ChannelKind::Desktop => desktop::fault().map_or(Ok(Self::Desktop), Err)?,
            ChannelKind::Command { command } if command.is_empty() => return Err(command::EMPTY.to_owned()),
            ChannelKind::Command { command } => Self::Command(command),
        })
    }
}
