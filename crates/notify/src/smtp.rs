//! The channel `smtp`: a mail through a server of the operator's.

mod dialogue;
mod wire;

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use holdfast::config::Security;
use holdfast::sys::{Clock, Store};
use holdfast_http::explain;
use holdfast_http::rustls::pki_types::ServerName;
use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes};
use lettre::transport::smtp::authentication::Credentials;

use crate::alert::{Alert, one_line};
use crate::deadline::Deadline;
use crate::secret::{Secret, Veil};
use crate::transport::{Answer, Missed, Sending, Verdict};
use dialogue::{Failed, Stage, Talk};

/// How much of what a server says is repeated.
const SAID_MAX: usize = 200;
/// A longer line in a header helps nobody.
const SUBJECT_MAX: usize = 250;

/// As it stands in the configuration.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) login: Option<&'a (String, PathBuf)>,
    pub(crate) from: &'a str,
    pub(crate) to: &'a [String],
}

/// Ready to send.
pub(crate) struct Mailer<'a> {
    settings: Settings<'a>,
    server: ServerName<'static>,
    from: Mailbox,
    to: Vec<Mailbox>,
    credentials: Option<Credentials>,
    veil: Veil,
}

impl<'a> Mailer<'a> {
    /// Reads the file that it needs, and the addresses.
    pub(crate) fn new(store: &dyn Store, root: &Path, settings: Settings<'a>) -> Result<Self, String> {
        let host = settings.host;
        let server = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("host {host:?} is no name of a server: write it like mail.example.com"))?;
        if settings.to.is_empty() {
            return Err("to is empty: name a receiver".to_owned());
        }
        let mut veil = Veil::default();
        let credentials = match settings.login {
            None => None,
            Some((user, file)) => {
                let holds = "the password";
                let password = Secret::read(store, &root.join(file), "the password_file", holds)?;
                let (plain, both) = (password.expose(), format!("\0{user}\0{}", password.expose()));
                veil = veil.hiding(plain).hiding(STANDARD.encode(plain)).hiding(STANDARD.encode(both));
                Some(Credentials::new(user.clone(), plain.to_owned()))
            }
        };
        let to = settings.to.iter().map(|to| mailbox(to)).collect::<Result<_, _>>()?;
        Ok(Self { server, from: mailbox(settings.from)?, to, credentials, veil, settings })
    }

    /// Sends once, within the time that `sending` has.
    pub(crate) fn send(
        &self,
        sending: &Sending,
        our_name: &str,
        clock: &'static (dyn Clock + Sync),
    ) -> Answer {
        let message = match self.letter(&sending.alert) {
            Ok(message) => message,
            Err(why) => return Verdict::refused(why).into(),
        };
        let deadline = Deadline::after(clock, sending.timeout);
        let talk = Talk {
            settings: &self.settings,
            server: &self.server,
            our_name,
            credentials: self.credentials.as_ref(),
            from: &self.from.email,
            to: &self.to,
        };
        let (verdict, missed) = match talk.carry(&message.formatted(), deadline) {
            Ok(refused) => (Verdict::Accepted, missed(&refused, &self.veil)),
            Err(failed) => (self.verdict(&failed, sending.timeout), None),
        };
        Answer { missed, ..self.veil.over(verdict).into() }
    }

    /// Copies of an alert have the same id, so that a mail program shows one.
    fn letter(&self, alert: &Alert) -> Result<Message, String> {
        let date = UNIX_EPOCH + Duration::from_secs_f64(alert.at.clamp(0.0, 4e9));
        let to: Mailboxes = self.to.iter().cloned().collect();
        let mut message = Message::builder()
            .date(date)
            .message_id(Some(format!("<{}@{}>", alert.id, self.from.email.domain())))
            .from(self.from.clone())
            .mailbox(lettre::message::header::To::from(to))
            .subject(one_line(&alert.subject, SUBJECT_MAX))
            .header(ContentType::TEXT_PLAIN)
            .body(alert.message(usize::MAX) + "\n")
            .map_err(|error| format!("the mail cannot be written: {error}"))?;
        // No answering machine answers it.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(automatic, "auto-generated".to_owned()));
        Ok(message)
    }

    fn verdict(&self, failed: &Failed, timeout: Duration) -> Verdict {
        let Settings { host, port, security, .. } = self.settings;
        let server = format!("{host}:{port}");
        match failed {
            Failed::Late => {
                Verdict::later(format!("{server} gave no answer within {:.1}s", timeout.as_secs_f64()))
            }
            Failed::Network(error) => {
                let what = repeat(&error.to_string(), &self.veil);
                let plain = security == Security::Tls && what.contains("InvalidContentType");
                let advice = if plain { ": no TLS there; try security = \"starttls\"" } else { "" };
                Verdict::later(format!("{server}: {}{advice}", explain(&what)))
            }
            Failed::Stranger(what) => Verdict::later(format!("{server} {what}, not as a mail server does")),
            Failed::Fault(why) => Verdict::refused(format!("{server} {why}")),
            Failed::Said { code, text, stage } => {
                let said = format!("{server} says {code} {} to {}", repeat(text, &self.veil), stage.name());
                if *code >= 500 {
                    Verdict::refused(format!("{said}; {}", mend(*code, stage)))
                } else {
                    Verdict::later(said)
                }
            }
        }
    }
}

/// The beginning of what somebody says. Secrets are hidden first: a part of one would not be known.
fn repeat(text: &str, veil: &Veil) -> String {
    one_line(&veil.clean(text), SAID_MAX)
}

/// What to do about a refusal for good.
fn mend(code: u16, stage: &Stage) -> &'static str {
    match (code, stage) {
        (530, Stage::Login | Stage::Sender) => {
            "it wants encryption or a login: check security, user and password_file"
        }
        (_, Stage::Login) => {
            "the login is not valid: check user, and put the right password into password_file"
        }
        (_, Stage::Sender) => "it does not take mail from this sender: check from, user and password_file",
        (_, Stage::Receiver(_)) => "no receiver is known there: check to",
        (_, Stage::Greeting | Stage::Hello | Stage::Starttls) => {
            "it does not serve us: check host, port and security"
        }
        (_, Stage::Data | Stage::Text) => "it does not take this mail: look for the reason in its log",
    }
}

/// The mail went out, but not to everybody.
fn missed(refused: &[Failed], veil: &Veil) -> Option<Missed> {
    let each = refused.iter().filter_map(|failed| match failed {
        Failed::Said { code, text, stage: Stage::Receiver(to) } => {
            Some((to.clone(), format!("{to} ({code} {})", repeat(text, veil))))
        }
        _ => None,
    });
    let (who, why): (Vec<_>, Vec<_>) = each.unzip();
    (!who.is_empty()).then(|| Missed {
        who: who.join(", "),
        why: format!("its server refuses {}, and took the mail for the others: check to", why.join(", ")),
    })
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    let fault = |error: &dyn std::fmt::Display| {
        format!("{text:?} is not a mail address ({error}): write name@host, or \"Name <name@host>\"")
    };
    let mailbox: Mailbox = text.parse().map_err(|error| fault(&error))?;
    // Few servers take anything else, and the domain has a form in ASCII.
    let email: &str = mailbox.email.as_ref();
    if email.is_ascii() {
        Ok(mailbox)
    } else {
        Err(fault(&"it is not ASCII; a domain begins with xn-- then"))
    }
}
