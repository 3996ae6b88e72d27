//! The channel `ntfy`: a message to a topic, as JSON.

use std::path::{Path, PathBuf};

use holdfast::config;
use holdfast::json::Value;
use holdfast::sys::Store;
use holdfast_http::{Reply, is_server};
use serde_json::json;

use crate::alert::{Alert, AlertKind, one_line};
use crate::post::{Post, Service, bearer, post};
use crate::secret::{Secret, Veil};
use crate::transport::{Sending, Verdict};

/// A longer message becomes a file that nobody sees on a phone; in bytes.
const MESSAGE_MAX: usize = 4096;
/// A title is one line on a phone.
const TITLE_MAX: usize = 250;
/// The longest name of a topic.
const TOPIC_MAX: usize = 64;

/// Ready to send.
pub(crate) struct Ntfy<'a> {
    base_url: &'a str,
    topic: Secret,
    token: Option<Secret>,
}

impl<'a> Ntfy<'a> {
    /// Reads the files that it needs.
    pub(crate) fn new(
        store: &dyn Store,
        root: &Path,
        base_url: &'a str,
        topic: &config::Secret,
        token_file: Option<&PathBuf>,
    ) -> Result<Self, String> {
        if !is_server(base_url) {
            return Err("base_url is no URL of a server: write it like https://ntfy.sh".to_owned());
        }
        let topic = Secret::of(store, root, topic, "the topic_file", "the topic")?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if topic.expose().len() > TOPIC_MAX || !topic.expose().bytes().all(plain) || topic.expose().is_empty()
        {
            return Err(format!("the topic is no name of one: at most {TOPIC_MAX} of A-Z a-z 0-9 _ -"));
        }
        let token = token_file.map(|file| Secret::token(store, &root.join(file))).transpose()?;
        Ok(Self { base_url, topic, token })
    }

    /// Sends once.
    pub(crate) fn send(self, sending: &Sending, wall: f64) -> Verdict {
        let body = body(&sending.alert, self.topic.expose());
        let mut headers = vec![("Content-Type", "application/json".to_owned())];
        let mut veil = Veil::default().hiding(self.topic.expose());
        if let Some(token) = &self.token {
            headers.push(("Authorization", bearer(token)));
            veil = veil.hiding(token.expose());
        }
        let post_it = Post { url: self.base_url, headers, body, timeout: sending.timeout };
        post(&post_it, &Server, &veil, wall)
    }
}

fn body(alert: &Alert, topic: &str) -> Vec<u8> {
    let (priority, tag) = match alert.kind {
        AlertKind::Opened | AlertKind::Worse => (5, "rotating_light"),
        AlertKind::Repeat => (4, "rotating_light"),
        AlertKind::Notice | AlertKind::Reminder => (3, "warning"),
        AlertKind::Closed => (3, "white_check_mark"),
        AlertKind::Test => (3, "test_tube"),
    };
    let body = json!({
        "topic": topic,
        "title": one_line(&alert.subject, TITLE_MAX),
        "message": alert.details(MESSAGE_MAX, char::len_utf8),
        "priority": priority,
        "tags": [tag],
    });
    body.to_string().into_bytes()
}

struct Server;

impl Service for Server {
    fn mend(&self, status: u16) -> &'static str {
        match status {
            401 | 403 => {
                "we may not write to this topic: put a token that may into token_file, or take another topic"
            }
            404 | 405 => "this is no ntfy server: check base_url, which has no path",
            _ => "check topic and base_url",
        }
    }

    fn says_more_than_its_status(&self) -> bool {
        true
    }

    /// A portal says 200, too, and rings no phone.
    fn doubt(&self, reply: &Reply) -> Option<&'static str> {
        let told = serde_json::from_slice::<Value>(&reply.body).is_ok_and(|answer| {
            answer.get("id").is_some_and(Value::is_string)
                && answer.get("event").and_then(Value::as_str) == Some("message")
        });
        (!told).then_some("not as an ntfy server does: check base_url and the network")
    }
}
