//! The one HTTP client: a request, an answer of bounded size within a bounded time, and no redirects.
//!
//! What goes to a server may be a secret in its URL, and what comes back is a stranger's. So an error names the server
//! and never the URL, and a redirect is an error: nothing that we send leads elsewhere.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

pub use ureq;
use ureq::http::{HeaderMap, Request, Uri};
use ureq::tls::TlsConfig;
use ureq::{Agent, AsSendBody};

#[cfg(feature = "standin")]
pub mod standin;
mod trust;

pub use rustls;
pub use trust::{explain, tls};

/// What is asked of a server.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `GET`, `PUT`, `POST`, `HEAD`.
    pub method: &'a str,
    /// Where.
    pub url: &'a str,
    /// Beside what every request has.
    pub headers: &'a [(&'a str, &'a str)],
    /// With what.
    pub body: &'a [u8],
    /// From the first look for an address to the last byte of the answer.
    pub timeout: Duration,
    /// An answer is not longer, in bytes.
    pub most: u64,
}

/// What a server answered, whatever its status.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All that it says. Who hides secrets does it here: what is cut could hold a part of one.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The beginning of what it says, on one line.
    pub fn said(&self) -> String {
        const MOST: usize = 200;
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(4 * MOST)]);
        let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST);
        plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The URL is none of a server.
    #[error("the address is no URL of a server: write it like https://example.com/path")]
    Url,
    /// Too slow.
    #[error("{server} gave no answer within {:.1}s", .timeout.as_secs_f64())]
    Timeout {
        /// Who.
        server: String,
        /// How long it had.
        timeout: Duration,
    },
    /// Too much.
    #[error("{server} answers with more than {most} bytes")]
    TooLong {
        /// Who.
        server: String,
        /// What it might have said.
        most: u64,
    },
    /// Elsewhere.
    #[error(
        "{server} sends us elsewhere ({status}): redirects are not followed, check the address and the network"
    )]
    Moved {
        /// Who.
        server: String,
        /// How.
        status: u16,
    },
    /// The network, or something that is not HTTP.
    #[error("{server}: {what}")]
    Failed {
        /// Who.
        server: String,
        /// What happened.
        what: String,
    },
}

/// Asks once.
pub fn call(call: &Call<'_>) -> Result<Reply, HttpError> {
    ask(call, Needs::Body)
}

/// Asks once for a status: what comes behind it, and how, changes nothing. A body that does not come whole is empty, since
/// the part of a secret that a server repeats could not be told from other text.
pub fn call_for_status(call: &Call<'_>) -> Result<Reply, HttpError> {
    ask(call, Needs::Status)
}

/// What an answer has to have.
#[derive(Clone, Copy, PartialEq)]
enum Needs {
    Status,
    Body,
}

fn ask(call: &Call<'_>, needs: Needs) -> Result<Reply, HttpError> {
    if !is_server(call.url) {
        return Err(HttpError::Url);
    }
    let failed = |error: &dyn std::fmt::Display| HttpError::Failed {
        server: server(call.url),
        what: error.to_string(),
    };
    let request = Request::builder().method(call.method).uri(call.url);
    let request = call.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    match call.method {
        "GET" | "HEAD" => run(call, request.body(()).map_err(|error| failed(&error))?, needs),
        _ => run(call, request.body(call.body).map_err(|error| failed(&error))?, needs),
    }
}

fn run(call: &Call<'_>, request: Request<impl AsSendBody>, needs: Needs) -> Result<Reply, HttpError> {
    let server = || server(call.url);
    let failed = |error: ureq::Error| match error {
        ureq::Error::Timeout(_) => HttpError::Timeout { server: server(), timeout: call.timeout },
        ureq::Error::BodyExceedsLimit(_) => HttpError::TooLong { server: server(), most: call.most },
        error => HttpError::Failed { server: server(), what: explain(&error.to_string()) },
    };
    let mut response = agent(call.url, call.timeout).run(request).map_err(failed)?;
    let status = response.status();
    if status.is_redirection() {
        return Err(HttpError::Moved { server: server(), status: status.as_u16() });
    }
    let read = response.body_mut().with_config().limit(call.most).read_to_vec();
    let body = if needs == Needs::Status { read.unwrap_or_default() } else { read.map_err(failed)? };
    Ok(Reply { status: status.as_u16(), headers: response.headers().clone(), body })
}

/// A client for one request to this address.
pub fn agent(url: &str, timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .http_status_as_error(false)
        .tls_config(TlsConfig::builder().root_certs(trust::roots()).build())
        .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")));
    // A server of one's own on this host is not behind the proxy.
    let config = if is_loopback(url) { config.proxy(None) } else { config };
    config.build().new_agent()
}

/// Whether this is the address of a server.
pub fn is_server(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

/// Scheme, host and port, without the user and password that a URL may carry.
pub fn server(url: &str) -> String {
    let uri = url.parse::<Uri>().unwrap_or_default();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{}://{host}", uri.scheme_str().unwrap_or_default())
}

fn is_loopback(url: &str) -> bool {
    let uri = url.parse::<Uri>().unwrap_or_default();
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::standin::{Answer, Server};
    use super::*;

    #[test]
    fn a_server_is_named_without_its_password() {
        assert_eq!(server("https://me:secret@api.example:8443/path"), "https://api.example:8443");
        assert_eq!(server("http://127.0.0.1:8081"), "http://127.0.0.1:8081");
    }

    #[test]
    fn only_an_address_of_a_server_is_one() {
        for good in ["https://api.telegram.org", "http://127.0.0.1:8081/", "http://[::1]:80"] {
            assert!(is_server(good), "{good}");
        }
        for bad in ["", "api.telegram.org", "ftp://x", "https://", "https:// x", "/x"] {
            assert!(!is_server(bad), "{bad}");
        }
    }

    #[test]
    fn only_this_host_is_loopback() {
        for (url, loopback) in [
            ("http://127.0.0.1:8081", true),
            ("http://localhost:8081/", true),
            ("http://[::1]:8081", true),
            ("https://api.telegram.org", false),
            ("http://127.0.0.1.example", false),
        ] {
            assert_eq!(is_loopback(url), loopback, "{url}");
        }
    }

    #[test]
    fn an_answer_has_a_bound_in_time_and_size_and_leads_nowhere() {
        let server = Server::start(|request| match request.path.as_str() {
            "/slow" => Answer::never(),
            "/long" => Answer::new(200, vec![b'x'; 101]),
            "/moved" => Answer::new(302, "").header("location", "http://127.0.0.1:1/secret"),
            "/cut" => Answer::cut(),
            _ => Answer::new(418, request.body.clone()).header("x-seen", &request.method),
        });
        let ask = |method: &str, path: &str| {
            let timeout = Duration::from_millis(if path == "/slow" { 200 } else { 10_000 });
            let url = format!("http://me:secret@{}{path}", server.address());
            call(&Call { method, url: &url, headers: &[], body: b"body", timeout, most: 100 })
        };
        let long = format!("{}/long", server.url());
        let call = Call {
            method: "POST",
            url: &long,
            headers: &[],
            body: b"",
            timeout: Duration::from_secs(10),
            most: 100,
        };
        let reply = call_for_status(&call).expect("a status");
        assert_eq!((reply.status, reply.body.len()), (200, 0));
        let reply = ask("POST", "/echo").expect("an answer");
        assert_eq!(
            (reply.status, reply.said().as_str(), reply.header("x-seen")),
            (418, "body", Some("POST"))
        );
        assert_eq!(ask("GET", "/echo").expect("an answer").body, b"");
        let named = format!("http://{}", server.address());
        for (path, says) in [
            ("/slow", "gave no answer within 0.2s"),
            ("/long", "answers with more than 100 bytes"),
            ("/moved", "sends us elsewhere (302)"),
            ("/cut", "http"),
        ] {
            let error = ask("GET", path).expect_err(path).to_string();
            assert!(
                error.starts_with(&named) && error.contains(says) && !error.contains("secret"),
                "{error}"
            );
        }
    }
}
