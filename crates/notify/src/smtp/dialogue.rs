//! What is said to a mail server, and what it answers (RFC 5321, 3207, 4954).

use std::fmt::Display;
use std::io::{self, ErrorKind};

use holdfast::config::Security;
use holdfast_http::rustls::pki_types::ServerName;
use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::commands::{Auth, Data, Ehlo, Mail, Quit, Rcpt, Starttls};
use lettre::transport::smtp::extension::{ClientId, Extension, ServerInfo};
use lettre::transport::smtp::response::Response;

use super::Settings;
use super::wire::Wire;
use crate::deadline::Deadline;

/// The most lines of one answer.
const LINES_MAX: usize = 100;
/// So often a server may ask on in a login.
const CHALLENGES_MAX: usize = 4;

/// Everything that a dialogue needs.
pub(super) struct Talk<'a> {
    pub(super) settings: &'a Settings<'a>,
    pub(super) server: &'a ServerName<'static>,
    pub(super) our_name: &'a str,
    pub(super) credentials: Option<&'a Credentials>,
    pub(super) from: &'a Address,
    pub(super) to: &'a [Mailbox],
}

/// What the server was answering.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stage {
    Greeting,
    Hello,
    Starttls,
    Login,
    Sender,
    /// The address.
    Receiver(String),
    /// Whether it wants to have the mail now.
    Data,
    Text,
}

impl Stage {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Greeting => "our coming".to_owned(),
            Self::Hello => "EHLO".to_owned(),
            Self::Starttls => "STARTTLS".to_owned(),
            Self::Login => "the login".to_owned(),
            Self::Sender => "the sender".to_owned(),
            Self::Receiver(to) => format!("the receiver {to}"),
            Self::Data | Self::Text => "the mail itself".to_owned(),
        }
    }

    /// The codes that say yes. Any other is the answer to something else, and no yes to this: a server that says one
    /// thing too many is one answer behind from there on.
    fn is_yes(&self, code: u16) -> bool {
        match self {
            Self::Data => code == 354,
            Self::Login => matches!(code, 235 | 334),
            _ => (200..300).contains(&code),
        }
    }
}

/// Why a mail was not taken.
#[derive(Debug)]
pub(super) enum Failed {
    /// The time is over.
    Late,
    /// The network, or TLS.
    Network(io::Error),
    /// What it does, which no mail server does.
    Stranger(String),
    /// It cannot be as the configuration wants it, and what to do.
    Fault(&'static str),
    /// It says no.
    Said { code: u16, text: String, stage: Stage },
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::TimedOut { Self::Late } else { Self::Network(error) }
    }
}

impl Talk<'_> {
    /// Hands the mail over. Returns the receivers that were refused while others were not.
    pub(super) fn carry(&self, mail: &[u8], deadline: Deadline) -> Result<Vec<Failed>, Failed> {
        let mut wire = Wire::connect(self.settings.host, self.settings.port, deadline)?;
        if self.settings.security == Security::Tls {
            wire = wire.encrypt(self.server)?;
        }
        answer(&mut wire, Stage::Greeting)?;
        let mut offers = self.hello(&mut wire)?;
        if self.settings.security == Security::Starttls {
            if !offers.supports_feature(Extension::StartTls) {
                return Err(Failed::Fault(
                    "offers no STARTTLS, so nothing was sent: check port, or write security = \"tls\"",
                ));
            }
            say(&mut wire, Starttls, Stage::Starttls)?;
            wire = wire.encrypt(self.server)?;
            offers = self.hello(&mut wire)?;
        }
        if let Some(credentials) = self.credentials {
            login(&mut wire, &offers, credentials)?;
        }
        say(&mut wire, Mail::new(Some(self.from.clone()), Vec::new()), Stage::Sender)?;
        let refused = self.receivers(&mut wire)?;
        say(&mut wire, Data, Stage::Data)?;
        wire.send(&stuffed(mail))?;
        answer(&mut wire, Stage::Text)?;
        // It has the mail: nothing that follows can change that.
        let _ = wire.send(Quit.to_string().as_bytes());
        Ok(refused)
    }

    fn hello(&self, wire: &mut Wire) -> Result<ServerInfo, Failed> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let name = if !self.our_name.is_empty() && self.our_name.chars().all(plain) {
            ClientId::Domain(self.our_name.to_owned())
        } else {
            ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST)
        };
        let said = say(wire, Ehlo::new(name), Stage::Hello)?;
        ServerInfo::from_response(&said).map_err(|_| Failed::Stranger("answers EHLO".to_owned()))
    }

    /// Names all receivers. Those that are refused do not hold up the others; where all are, the first refusal that may
    /// pass is the answer, or else the first.
    fn receivers(&self, wire: &mut Wire) -> Result<Vec<Failed>, Failed> {
        let mut refused = Vec::new();
        for to in self.to {
            let stage = Stage::Receiver(to.email.to_string());
            match say(wire, Rcpt::new(to.email.clone(), Vec::new()), stage) {
                Ok(_) => {}
                // The server is closing.
                Err(failed @ Failed::Said { code: 421, .. }) => return Err(failed),
                Err(failed @ Failed::Said { .. }) => refused.push(failed),
                Err(failed) => return Err(failed),
            }
        }
        if refused.len() < self.to.len() {
            return Ok(refused);
        }
        let passing = refused.iter().position(|failed| matches!(failed, Failed::Said { code: ..500, .. }));
        Err(refused.swap_remove(passing.unwrap_or(0)))
    }
}

fn login(wire: &mut Wire, offers: &ServerInfo, credentials: &Credentials) -> Result<(), Failed> {
    const NO_LOGIN: Failed = Failed::Fault(
        "offers no login that we know (PLAIN, LOGIN): check host and port, or take user and password_file out",
    );
    let mechanism = offers.get_auth_mechanism(DEFAULT_MECHANISMS).ok_or(NO_LOGIN)?;
    let strange = |_| Failed::Stranger("asks in a login".to_owned());
    let first = Auth::new(mechanism, credentials.clone(), None).map_err(strange)?;
    let mut said = say(wire, first, Stage::Login)?;
    for _ in 0..CHALLENGES_MAX {
        if !said.has_code(334) {
            return Ok(());
        }
        let next = Auth::new_from_response(mechanism, credentials.clone(), &said).map_err(strange)?;
        said = say(wire, next, Stage::Login)?;
    }
    Err(Failed::Stranger("asks on and on in a login".to_owned()))
}

fn say(wire: &mut Wire, command: impl Display, stage: Stage) -> Result<Response, Failed> {
    wire.send(command.to_string().as_bytes())?;
    answer(wire, stage)
}

/// The answer, if it is a yes.
fn answer(wire: &mut Wire, stage: Stage) -> Result<Response, Failed> {
    let stranger = || Failed::Stranger("answers".to_owned());
    let mut text = String::new();
    for _ in 0..LINES_MAX {
        let line = wire.line()?;
        if line.is_empty() {
            return Err(Failed::Network(io::Error::new(
                ErrorKind::UnexpectedEof,
                "it closed the connection",
            )));
        }
        text += &String::from_utf8_lossy(&line);
        if line.get(3) == Some(&b'-') && text.ends_with('\n') {
            continue;
        }
        // Some servers end lines with LF alone, or say a number and nothing else.
        let text = text.lines().fold(String::new(), |all, line| {
            let line = line.trim_end();
            all + line + if line.len() == 3 { " \r\n" } else { "\r\n" }
        });
        let said: Response = text.parse().map_err(|_| stranger())?;
        let code = said.code().into();
        return match code {
            _ if stage.is_yes(code) => Ok(said),
            400.. => Err(refusal(&said, stage)),
            _ => Err(Failed::Stranger(format!("answers {code} to {}", stage.name()))),
        };
    }
    Err(stranger())
}

fn refusal(said: &Response, stage: Stage) -> Failed {
    let text = said.message().collect::<Vec<_>>().join(" ");
    Failed::Said { code: said.code().into(), text, stage }
}

/// The mail as it travels: no line of it is the dot that ends it.
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + 8);
    let mut line_begins = true;
    for &byte in mail {
        if line_begins && byte == b'.' {
            out.push(b'.');
        }
        out.push(byte);
        line_begins = byte == b'\n';
    }
    if !mail.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}
