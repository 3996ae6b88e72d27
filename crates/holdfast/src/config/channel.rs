//! `[[channel]]`: how people are told; `[action.X]`: what is run; `[ping]`: who hears that all is well.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::error::Problem;
use super::section::{Read, Schema, Section, Value, not_a, one_of, text};
use super::values::{Argv, TextOrNumber, Url, Whole};
use super::{Auth, Secret};
use crate::heartbeat::Name;
use crate::time::Span;

const TIMEOUT: Span = Span::secs(10);
/// The longest that one attempt to tell people may take: later alerts wait for it.
const TIMEOUT_MOST: Span = Span::secs(60);

const SCHEMA: Schema = Schema {
    common: &["kind", "name", "level", "timeout"],
    kinds: &[
        ("telegram", &["token_file", "chat", "base_url"]),
        ("smtp", &["host", "port", "security", "user", "password_file", "from", "to"]),
        ("webhook", &["url", "url_file", "secret_file", "body_file", "headers", "auth"]),
        ("ntfy", &["topic", "topic_file", "token_file", "base_url"]),
        ("desktop", &[]),
        ("command", &["command"]),
    ],
};

/// A way to tell people.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Names it in the journal and in status; unique. By default its kind, with a number from the second on.
    pub name: String,
    /// 1: told at once; 2: told of incidents that nobody acknowledged.
    pub level: u8,
    /// One attempt may take this long.
    pub timeout: Span,
    /// What it is.
    pub kind: ChannelKind,
}

/// What a channel is. Files are meant from the root.
#[derive(Clone, Debug, PartialEq)]
pub enum ChannelKind {
    /// A Telegram bot.
    Telegram {
        /// Holds the bot's token.
        token_file: PathBuf,
        /// The chat's number, or `@name`.
        chat: String,
        /// The Bot API server.
        base_url: String,
    },
    /// Mail.
    Smtp {
        /// The mail server.
        host: String,
        /// Its port.
        port: u16,
        /// How the connection is encrypted.
        security: Security,
        /// User, and the file that holds the password.
        login: Option<(String, PathBuf)>,
        /// The sender.
        from: String,
        /// The receivers.
        to: Vec<String>,
    },
    /// An HTTP POST.
    Webhook {
        /// Where to; of many services the address is itself the secret.
        url: Secret,
        /// Holds the key of an HMAC over time stamp and body.
        secret_file: Option<PathBuf>,
        /// Holds the template of the body.
        body_file: Option<PathBuf>,
        /// More headers.
        headers: BTreeMap<String, String>,
        /// How we say who we are.
        auth: Option<Auth>,
    },
    /// A topic of ntfy.
    Ntfy {
        /// The topic; who knows it can read along.
        topic: Secret,
        /// Holds an access token.
        token_file: Option<PathBuf>,
        /// The server.
        base_url: String,
    },
    /// A notification on the desktop of this machine.
    Desktop,
    /// A program that gets the message on stdin.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
    },
}

/// How mail is encrypted on its way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// From the first byte, port 465.
    Tls,
    /// After STARTTLS, never without it; port 587.
    Starttls,
    /// Not at all, port 25: for a relay on the same machine.
    None,
}

/// A program that a watch may run.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// It may take this long.
    pub timeout: Span,
    /// Also run after every check in which everything was healthy and the circuit green: refreshes an
    /// exchange's own dead-man switch, which lapses after a trip.
    pub on_healthy: bool,
}

/// A URL that is asked for after every complete check with a working channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Ping {
    /// The URL; who knows it can ping too.
    pub url: Secret,
    /// It may take this long.
    pub timeout: Span,
}

impl Channel {
    /// Reads a channel; its name stays empty where the file gives none.
    pub(super) fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("[[channel]]", value)?.called_by("name");
        let kind = section.kind(&SCHEMA, None)?;
        section.only_of_kind(&SCHEMA, kind)?;
        let name: Option<Name> = section.get("name")?;
        let level: Option<Whole<1, 2>> = section.get("level")?;
        Ok(Self {
            name: name.map_or_else(String::new, |name| name.to_string()),
            level: level.map_or(1, |level| level.0 as u8),
            timeout: read_timeout(&section)?,
            kind: read_kind(&section, kind)?,
        })
    }

    /// The word for its kind in the file.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            ChannelKind::Telegram { .. } => "telegram",
            ChannelKind::Smtp { .. } => "smtp",
            ChannelKind::Webhook { .. } => "webhook",
            ChannelKind::Ntfy { .. } => "ntfy",
            ChannelKind::Desktop => "desktop",
            ChannelKind::Command { .. } => "command",
        }
    }
}

fn read_timeout(section: &Section<'_, '_>) -> Result<Span, Problem> {
    let timeout = section.get_or("timeout", TIMEOUT)?;
    if timeout.0 > TIMEOUT_MOST.0 {
        let advice = "write at most \"1m\": other alerts wait for it";
        return Err(section.problem("timeout", format!("a timeout of {timeout} is too long"), advice));
    }
    Ok(timeout)
}

fn read_kind(section: &Section<'_, '_>, kind: &str) -> Result<ChannelKind, Problem> {
    Ok(match kind {
        "telegram" => ChannelKind::Telegram {
            token_file: section.need("token_file", "\"secrets/telegram\"")?,
            chat: section.need::<TextOrNumber>("chat", "\"-100123\"")?.0,
            base_url: base_url(section, "https://api.telegram.org")?,
        },
        "smtp" => read_smtp(section)?,
        "webhook" => ChannelKind::Webhook {
            url: Secret::need::<Url>(section, "url", "url_file", |url| url.0)?,
            secret_file: section.get("secret_file")?,
            body_file: section.get("body_file")?,
            headers: section.get::<Headers>("headers")?.map(|headers| headers.0).unwrap_or_default(),
            auth: section.get("auth")?,
        },
        "ntfy" => ChannelKind::Ntfy {
            topic: Secret::need::<String>(section, "topic", "topic_file", |topic| topic)?,
            token_file: section.get("token_file")?,
            base_url: base_url(section, "https://ntfy.sh")?,
        },
        "desktop" => ChannelKind::Desktop,
        _ => ChannelKind::Command {
            command: section.need::<Argv>("command", "[\"/usr/local/bin/page-me\"]")?.0,
        },
    })
}

fn base_url(section: &Section<'_, '_>, default: &str) -> Result<String, Problem> {
    let url = section.get_or("base_url", Url(default.to_owned()))?.0;
    Ok(url.trim_end_matches('/').to_owned())
}

fn read_smtp(section: &Section<'_, '_>) -> Result<ChannelKind, Problem> {
    let security = section.get_or("security", Security::Tls)?;
    let port: Option<Whole<1, 65535>> = section.get("port")?;
    let login = section.both("user", "password_file")?;
    if login.is_some() && security == Security::None {
        let advice = "write security = \"tls\" or \"starttls\", or take user and password_file out";
        return Err(section.problem("security", "a password would travel in the clear", advice));
    }
    Ok(ChannelKind::Smtp {
        host: section.need("host", "\"mail.example.com\"")?,
        port: port.map_or(security.port(), |port| port.0 as u16),
        security,
        login,
        from: section.need::<Mailbox>("from", "\"watchdog@example.com\"")?.0,
        to: section.need::<Vec<Mailbox>>("to", "[\"me@example.com\"]")?.into_iter().map(|to| to.0).collect(),
    })
}

impl Security {
    fn port(self) -> u16 {
        match self {
            Security::Tls => 465,
            Security::Starttls => 587,
            Security::None => 25,
        }
    }
}

impl Read for Security {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        Ok(match one_of(value, &["tls", "starttls", "none"])? {
            "tls" => Security::Tls,
            "starttls" => Security::Starttls,
            _ => Security::None,
        })
    }
}

/// A mail address, alone or as `Name <address>`; what it holds further is the mail server's to judge.
struct Mailbox(String);

impl Read for Mailbox {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let mailbox = text(value)?;
        let parts = mailbox.split_once('@').filter(|(local, host)| !local.is_empty() && !host.is_empty());
        if parts.is_none() || mailbox.contains(char::is_control) {
            let advice = "write name@host, or \"Name <name@host>\"";
            return Err(Problem::new(&value.span(), format!("{mailbox:?} is not a mail address"), advice));
        }
        Ok(Self(mailbox.to_owned()))
    }
}

struct Headers(BTreeMap<String, String>);

impl Read for Headers {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("headers", value)?;
        let mut headers = BTreeMap::new();
        for (key, value) in section.entries() {
            let name = key.get_ref().as_ref();
            let clean = |text: &str| text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
            let content = text(value)?;
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                let advice = "write letters, digits and -, such as \"X-Source\" = \"holdfast\"";
                return Err(Problem::new(
                    &key.span(),
                    format!("{name:?} is not the name of a header"),
                    advice,
                ));
            }
            if !clean(content) {
                return Err(not_a(value, "plain ASCII text", "take other characters out"));
            }
            headers.insert(name.to_owned(), content.to_owned());
        }
        Ok(Self(headers))
    }
}

impl Action {
    pub(super) fn read(name: &str, value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of(format!("[action.{name}]"), value)?;
        section.only(&["command", "timeout", "on_healthy"])?;
        Ok(Self {
            command: section.need::<Argv>("command", "[\"/usr/local/bin/cancel-entry-orders\"]")?.0,
            timeout: section.get_or("timeout", TIMEOUT)?,
            on_healthy: section.get_or("on_healthy", false)?,
        })
    }
}

impl Ping {
    pub(super) fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("[ping]", value)?;
        section.only(&["url", "url_file", "timeout"])?;
        Ok(Self {
            url: Secret::need::<Url>(&section, "url", "url_file", |url| url.0)?,
            timeout: section.get_or("timeout", TIMEOUT)?,
        })
    }
}
