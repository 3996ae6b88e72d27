//! A message as one HTTP POST, and what its answer means: for `webhook` and `ntfy`.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use holdfast_http::{Call, HttpError, Reply, call, call_for_status, server};

use crate::alert::one_line;
use crate::secret::{Secret, Veil};
use crate::transport::Verdict;

/// The most that is read of an answer, in bytes.
const ANSWER_MAX: u64 = 64 << 10;
/// How much of what goes wrong is repeated.
const SAID_MAX: usize = 400;

/// Names and values.
pub(crate) type Headers<'a> = Vec<(&'a str, String)>;

/// What is sent.
pub(crate) struct Post<'a> {
    pub(crate) url: &'a str,
    pub(crate) headers: Headers<'a>,
    pub(crate) body: Vec<u8>,
    pub(crate) timeout: Duration,
}

/// What a channel knows of its service.
pub(crate) trait Service {
    /// What to do about a refusal with this status.
    fn mend(&self, status: u16) -> &'static str;

    /// Its yes is in the body; otherwise the status says everything.
    fn says_more_than_its_status(&self) -> bool;

    /// What is wrong with an answer that says yes.
    fn doubt(&self, reply: &Reply) -> Option<&'static str>;
}

/// Sends once. `wall` is for dates that a server names, `veil` for what it repeats: hidden before anything is cut.
pub(crate) fn post(post: &Post<'_>, service: &dyn Service, veil: &Veil, wall: f64) -> Verdict {
    let headers: Vec<(&str, &str)> =
        post.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let ask = if service.says_more_than_its_status() { call } else { call_for_status };
    let asked = ask(&Call {
        method: "POST",
        url: post.url,
        headers: &headers,
        body: &post.body,
        timeout: post.timeout,
        most: ANSWER_MAX,
    });
    match asked {
        Ok(reply) => judge(&reply, &server(post.url), service, veil, wall),
        Err(error @ HttpError::Url) => Verdict::refused(error.to_string()),
        Err(error) => Verdict::later(one_line(&veil.clean(&error.to_string()), SAID_MAX)),
    }
}

fn judge(reply: &Reply, server: &str, service: &dyn Service, veil: &Veil, wall: f64) -> Verdict {
    let status = reply.status;
    let said = one_line(&format!("{server} says {status} {}", veil.clean(&reply.text())), SAID_MAX);
    match status {
        200..=299 => match service.doubt(reply) {
            None => Verdict::Accepted,
            Some(doubt) => Verdict::later(format!("{server} answers {status}, but {doubt}")),
        },
        408 | 425 | 429 | 500..=599 => Verdict::Later { why: said, after: retry_after(reply, wall) },
        400..=499 => Verdict::refused(format!("{said}; {}", service.mend(status))),
        _ => Verdict::later(said),
    }
}

/// How long the server asks us to wait: in seconds, or until a date. A date is held against the server's own clock where
/// it tells that, because ours may be wrong (**clock-honest**).
fn retry_after(reply: &Reply, wall: f64) -> Option<Duration> {
    let text = reply.header("retry-after")?.trim();
    let date = |text: &str| {
        let time = httpdate::parse_http_date(text).ok()?;
        time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs_f64())
    };
    let seconds = match text.parse::<u32>() {
        Ok(seconds) => f64::from(seconds),
        Err(_) => date(text)? - reply.header("date").and_then(date).unwrap_or(wall),
    };
    // An hour and more is cut where it is used.
    Some(Duration::from_secs_f64(seconds.clamp(1.0, f64::from(u32::MAX))))
}

/// `Authorization` with a token.
pub(crate) fn bearer(token: &Secret) -> String {
    format!("Bearer {}", token.expose())
}

/// `Authorization` with user and password.
pub(crate) fn basic(user: &str, password: &Secret) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose())))
}
