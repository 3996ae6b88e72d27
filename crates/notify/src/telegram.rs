//! The channel `telegram`: `sendMessage` of the Bot API, of telegram.org or of a server of one's own.

use std::time::Duration;

use holdfast::json::{Object, Value};
use holdfast_http::ureq::http::Response;
use holdfast_http::ureq::{self, Body};
use holdfast_http::{agent, explain, is_server, server};
use serde_json::json;

use crate::alert::{Alert, one_line};
use crate::token::Token;
use crate::transport::{Answer, Verdict};

/// The longest message, in UTF-16 units.
const MESSAGE_MAX: usize = 4096;
/// The most that is read of an answer.
const ANSWER_MAX: u64 = 64 << 10;
/// How much of what a server says is repeated.
const SAID_MAX: usize = 200;

/// A bot and the chat that it talks to.
pub(crate) struct Bot<'a> {
    pub(crate) base_url: &'a str,
    pub(crate) token: &'a Token,
    pub(crate) chat: &'a str,
}

/// What a Bot API server says when it does not take a message.
struct Complaint {
    status: u16,
    said: String,
    retry_after: Option<u64>,
    migrated_to: Option<String>,
}

impl Bot<'_> {
    /// Sends once. A group that has moved is told back: the next try goes to its new chat.
    pub(crate) fn send(&self, alert: &Alert, timeout: Duration) -> Answer {
        let sent = self.post(&alert.message(MESSAGE_MAX), timeout);
        let moved_to = match &sent {
            Err(Failed::Complaint(complaint)) => complaint.migrated_to.clone(),
            _ => None,
        };
        // Whatever a library or a server repeats, the token does not leave this function.
        Answer { moved_to, ..self.token.veil().over(self.verdict(sent, timeout)).into() }
    }

    fn post(&self, message: &str, timeout: Duration) -> Result<(), Failed> {
        if let Some(fault) = base_url_fault(self.base_url) {
            return Err(Failed::Fault(fault));
        }
        let base = self.base_url.trim_end_matches('/');
        let url = format!("{base}/bot{}/sendMessage", self.token.expose());
        let body =
            json!({ "chat_id": self.chat, "text": message, "link_preview_options": { "is_disabled": true } });
        let response = agent(self.base_url, timeout).post(url).send_json(&body).map_err(Failed::Http)?;
        judge(response)
    }

    /// The beginning of what somebody says. The token is hidden first: a part of it would not be known.
    fn repeat(&self, text: &str) -> String {
        one_line(&self.token.veil().clean(text), SAID_MAX)
    }

    fn verdict(&self, sent: Result<(), Failed>, timeout: Duration) -> Verdict {
        let server = server(self.base_url);
        match sent {
            Ok(()) => Verdict::Accepted,
            Err(Failed::Fault(why)) => Verdict::Refused { why },
            Err(Failed::Stranger(why)) => Verdict::later(format!("{server} {why}")),
            Err(Failed::Http(ureq::Error::Timeout(_))) => {
                Verdict::later(format!("{server} gave no answer within {:.1}s", timeout.as_secs_f64()))
            }
            Err(Failed::Http(error)) => {
                Verdict::later(format!("{server}: {}", explain(&self.repeat(&error.to_string()))))
            }
            Err(Failed::Complaint(complaint)) => {
                let said = self.repeat(&complaint.said);
                Complaint { said, ..complaint }.verdict(&server)
            }
        }
    }
}

/// Why a message was not taken.
enum Failed {
    /// Our own configuration.
    Fault(String),
    /// The network, or something that is not HTTP.
    Http(ureq::Error),
    /// HTTP, but not a Bot API server: a portal, a proxy, a wrong address.
    Stranger(String),
    /// A Bot API server that says no.
    Complaint(Complaint),
}

impl Complaint {
    fn verdict(self, server: &str) -> Verdict {
        let Self { status, said, retry_after, migrated_to } = self;
        let said = format!("{server} says {status} {said}");
        if migrated_to.is_some() {
            return Verdict::Later { why: said, after: Some(Duration::ZERO) };
        }
        let mend = match status {
            429 => {
                return Verdict::Later {
                    why: said,
                    after: retry_after.map(|s| Duration::from_secs(s.max(1))),
                };
            }
            401 | 404 => "the token is not valid: put the one that BotFather shows into the token file",
            403 => "let the bot back into the chat (in a private chat: press Start), or name another chat",
            400 if no_such_chat(&said) => "name another chat, and let the bot into it",
            _ => return Verdict::later(said),
        };
        Verdict::Refused { why: format!("{said}; {mend}") }
    }
}

/// The refusals with status 400 that no retry mends.
fn no_such_chat(said: &str) -> bool {
    let said = said.to_lowercase();
    let known = [
        "chat not found",
        "chat_id",
        "peer_id_invalid",
        "user not found",
        "group chat was deactivated",
        "chat_write_forbidden",
        "not enough rights",
    ];
    known.iter().any(|each| said.contains(each))
}

fn judge(mut response: Response<Body>) -> Result<(), Failed> {
    let status = response.status().as_u16();
    if response.status().is_redirection() {
        return Err(Failed::Stranger(format!(
            "sends us elsewhere ({status}): redirects are not followed, check base_url and the network"
        )));
    }
    let waits = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let body = match response.body_mut().with_config().limit(ANSWER_MAX).read_to_vec() {
        Ok(body) => body,
        Err(ureq::Error::BodyExceedsLimit(_)) => {
            return Err(Failed::Stranger(format!("answers {status} with more than {ANSWER_MAX} bytes")));
        }
        Err(error) => return Err(Failed::Http(error)),
    };
    let Ok(Value::Object(answer)) = serde_json::from_slice(&body) else {
        return Err(stranger(status));
    };
    match answer.get("ok") {
        Some(Value::Bool(true)) if status == 200 => Ok(()),
        Some(Value::Bool(false)) => Err(Failed::Complaint(complaint(status, &answer, waits))),
        _ => Err(stranger(status)),
    }
}

fn stranger(status: u16) -> Failed {
    Failed::Stranger(format!("answers {status}, but not as a Telegram Bot API server does"))
}

fn complaint(status: u16, answer: &Object, waits: Option<u64>) -> Complaint {
    let parameter = |name: &str| answer.get("parameters").and_then(|parameters| parameters.get(name));
    let said = answer.get("description").and_then(Value::as_str).unwrap_or("without a reason");
    let chat = |value: &Value| value.as_i64().map(|id| id.to_string());
    Complaint {
        status,
        said: said.to_owned(),
        retry_after: parameter("retry_after").and_then(Value::as_u64).or(waits),
        migrated_to: parameter("migrate_to_chat_id").and_then(chat),
    }
}

/// What is wrong with a base URL.
pub(crate) fn base_url_fault(base_url: &str) -> Option<String> {
    (!is_server(base_url))
        .then(|| "base_url is no URL of a server: write it like https://api.telegram.org".to_owned())
}
