//! The outgoing ping: a server elsewhere misses it when the watchdog, its host, its network or its channels are dead.

use std::path::Path;
use std::time::Duration;

use holdfast::config::Ping;
use holdfast::sys::Store;
use holdfast_http::{Call, call, is_server, server};

use crate::alert::one_line;
use crate::secret::{Secret, Veil};

/// The most that is read of an answer, in bytes.
const ANSWER_MAX: u64 = 64 << 10;
/// How much of what goes wrong is repeated.
const SAID_MAX: usize = 400;

/// Asks for the URL once, within its timeout and `most`. An error never shows the URL, which is a secret.
pub fn ping(store: &dyn Store, root: &Path, ping: &Ping, most: Duration) -> Result<(), String> {
    let url = url(store, root, ping)?;
    let timeout = ping.timeout.0.min(most);
    let asked =
        call(&Call { method: "GET", url: url.expose(), headers: &[], body: &[], timeout, most: ANSWER_MAX });
    let why = match asked {
        Ok(reply) if (200..=299).contains(&reply.status) => return Ok(()),
        Ok(reply) => format!("{} says {} {}", server(url.expose()), reply.status, reply.text()),
        Err(error) => error.to_string(),
    };
    Err(one_line(&Veil::default().hiding_url(url.expose()).clean(&why), SAID_MAX))
}

/// What is wrong with it as it stands, without asking anybody.
pub fn ping_fault(store: &dyn Store, root: &Path, ping: &Ping) -> Option<String> {
    url(store, root, ping).err()
}

fn url(store: &dyn Store, root: &Path, ping: &Ping) -> Result<Secret, String> {
    let url = Secret::of(store, root, &ping.url, "url_file", "the URL that is to be asked for")?;
    if is_server(url.expose()) {
        return Ok(url);
    }
    Err("url_file holds no URL of a server: put one like https://hc.example.com/ping/b7e1 into it".to_owned())
}
