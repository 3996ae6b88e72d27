//! `[fleet]`: the hosts that share pauses, beats and heads over etcd.

use std::path::PathBuf;

use super::error::Problem;
use super::section::{Section, Value};
use super::values::Url;
use super::watch::OnFail;
use crate::heartbeat::Name;
use crate::time::Span;

/// A fleet, as one of its hosts sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fleet {
    /// The etcd servers.
    pub etcd: Vec<String>,
    /// Under which its keys stand.
    pub prefix: String,
    /// This host; by default the machine's name.
    pub host: Option<Name>,
    /// The hosts that are expected; one that is missing is an incident.
    pub hosts: Vec<Name>,
    /// Without the store for longer, `on_lost_contact` follows.
    pub lose_contact_after: Span,
    /// What follows; by default an alert alone, for an outage of the store must not by itself stop every trader.
    pub on_lost_contact: OnFail,
    /// The certificate authority of the servers.
    pub ca_file: Option<PathBuf>,
    /// This host's certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// User, and the file that holds the password.
    pub login: Option<(String, PathBuf)>,
}

impl Fleet {
    pub(super) fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("[fleet]", value)?;
        section.only(&[
            "etcd",
            "prefix",
            "host",
            "hosts",
            "lose_contact_after",
            "on_lost_contact",
            "ca_file",
            "cert_file",
            "key_file",
            "user",
            "password_file",
        ])?;
        let etcd: Vec<Url> = section.need("etcd", "[\"https://etcd1:2379\"]")?;
        Ok(Self {
            etcd: etcd.into_iter().map(|url| url.0).collect(),
            prefix: section.get_or("prefix", "/holdfast/".to_owned())?,
            host: section.get("host")?,
            hosts: section.get("hosts")?.unwrap_or_default(),
            lose_contact_after: section.get_or("lose_contact_after", Span::secs(30))?,
            on_lost_contact: section.get("on_lost_contact")?.unwrap_or(OnFail::alert_only()),
            ca_file: section.get("ca_file")?,
            certificate: section.both("cert_file", "key_file")?,
            login: section.both("user", "password_file")?,
        })
    }
}
