//! `[audit]`, `[[anchor]]` and `[evidence]`: what is sealed, who witnesses it, where the evidence goes.

use std::path::PathBuf;

use super::error::Problem;
use super::section::{Read, Schema, Section, Value, text};
use super::values::Url;
use crate::heartbeat::Name;
use crate::time::Span;

const LOGS: [&str; 3] = ["memory/decisions.jsonl", "memory/journal.jsonl", "data/trips.jsonl"];

/// What is sealed and packed.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// The logs, from the root.
    pub logs: Vec<PathBuf>,
    /// Logs whose place another one has taken: they are checked and packed, and not sealed any more.
    pub past: Vec<PathBuf>,
    /// The signing key; without one nothing is sealed.
    pub key: Option<PathBuf>,
    /// The name that new sidecars carry; by default the host's and the log's.
    pub origin: Option<String>,
    /// Files and folders that are packed too.
    pub include: Vec<PathBuf>,
    /// Lines unsealed for longer are an incident.
    pub max_unsealed_age: Span,
    /// A last outside anchor older than this is an incident.
    pub max_anchor_age: Option<Span>,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            logs: LOGS.map(PathBuf::from).to_vec(),
            past: Vec::new(),
            key: None,
            origin: None,
            include: Vec::new(),
            max_unsealed_age: Span::secs(5 * 60),
            max_anchor_age: None,
        }
    }
}

impl Audit {
    pub(super) fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("[audit]", value)?;
        section.only(&["logs", "past", "key", "origin", "include", "max_unsealed_age", "max_anchor_age"])?;
        let default = Self::default();
        let logs = section.get_or("logs", default.logs)?;
        let past: Vec<PathBuf> = section.get("past")?.unwrap_or_default();
        let all: Vec<&PathBuf> = logs.iter().chain(&past).collect();
        if let Some((n, twice)) = all.iter().enumerate().find(|(n, log)| all[..*n].contains(log)) {
            let (key, text) = if n < logs.len() {
                ("logs", format!("{} stands twice in logs", twice.display()))
            } else {
                ("past", format!("{} stands twice in logs and past", twice.display()))
            };
            return Err(section.problem(key, text, "take one out"));
        }
        Ok(Self {
            logs,
            past,
            key: section.get("key")?,
            origin: section.get::<Origin>("origin")?.map(|origin| origin.0),
            include: section.get("include")?.unwrap_or_default(),
            max_unsealed_age: section.get_or("max_unsealed_age", default.max_unsealed_age)?,
            max_anchor_age: section.get("max_anchor_age")?,
        })
    }
}

/// Somebody outside who sees a log's head.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    /// Names it in verdicts; unique.
    pub name: Name,
    /// Not asked more often than this.
    pub every: Span,
    /// One attempt may take this long.
    pub timeout: Span,
    /// What it is.
    pub kind: AnchorKind,
}

/// What an anchor is.
#[derive(Clone, Debug, PartialEq)]
pub enum AnchorKind {
    /// A C2SP witness.
    Witness {
        /// Its submission prefix.
        url: String,
        /// Its verifier key, `name+hash+key`.
        key: String,
    },
    /// An RFC 3161 time-stamping authority.
    Timestamp {
        /// Its address.
        url: String,
        /// The certificates that its tokens are checked with.
        ca_file: Option<PathBuf>,
        /// Certificates that lead from the authority to those, for who has the root alone.
        chain_file: Option<PathBuf>,
    },
    /// A bucket.
    Store(Bucket),
}

/// A place in an object store.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// `s3://`, `gs://` or `az://` with bucket and prefix, or `file://` with a folder.
    pub url: String,
    /// The server, where it is not the cloud's own.
    pub endpoint: Option<String>,
    /// Holds the credentials; without it, those of the environment.
    pub credentials_file: Option<PathBuf>,
    /// Objects are locked for this long.
    pub retain: Option<Span>,
    /// It belongs to somebody else: then it counts against a second history.
    pub foreign: bool,
}

const ANCHORS: Schema = Schema {
    common: &["name", "kind", "every", "timeout"],
    kinds: &[
        ("witness", &["url", "key"]),
        ("timestamp", &["url", "ca_file", "chain_file"]),
        ("store", &["url", "endpoint", "credentials_file", "retain", "foreign"]),
    ],
};

impl Anchor {
    pub(super) fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("[[anchor]]", value)?.called_by("name");
        let kind = section.kind(&ANCHORS, None)?;
        section.only_of_kind(&ANCHORS, kind)?;
        let every = Span::secs(if kind == "witness" { 60 * 60 } else { 24 * 60 * 60 });
        Ok(Self {
            name: section.need("name", "\"friend\"")?,
            every: section.get_or("every", every)?,
            timeout: section.get_or("timeout", Span::secs(30))?,
            kind: match kind {
                "witness" => AnchorKind::Witness {
                    url: section.need::<Url>("url", "\"https://witness.example.com\"")?.0,
                    key: section.need::<VerifierKey>("key", "\"witness.example.com+a1b2c3d4+AR3…\"")?.0,
                },
                "timestamp" => AnchorKind::Timestamp {
                    url: section.need::<Url>("url", "\"https://freetsa.org/tsr\"")?.0,
                    ca_file: section.get("ca_file")?,
                    chain_file: section.get("chain_file")?,
                },
                _ => AnchorKind::Store(Bucket::read(&section)?),
            },
        })
    }
}

impl Bucket {
    fn read(section: &Section<'_, '_>) -> Result<Self, Problem> {
        Ok(Self {
            url: section.need::<StoreUrl>("url", "\"s3://evidence/desk\"")?.0,
            endpoint: section.get::<Url>("endpoint")?.map(|url| url.0),
            credentials_file: section.get("credentials_file")?,
            retain: section.get("retain")?,
            foreign: section.get_or("foreign", false)?,
        })
    }
}

/// Where evidence packs are sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The place.
    pub store: Bucket,
    /// How often.
    pub every: Span,
}

impl Evidence {
    pub(super) fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("[evidence]", value)?;
        section.only(&["url", "endpoint", "credentials_file", "retain", "foreign", "every"])?;
        Ok(Self { store: Bucket::read(&section)?, every: section.get_or("every", Span::secs(24 * 60 * 60))? })
    }
}

struct StoreUrl(String);

impl Read for StoreUrl {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let url = text(value)?;
        let rest = ["s3://", "gs://", "az://", "file:///"].iter().find_map(|scheme| url.strip_prefix(scheme));
        if rest.is_none_or(str::is_empty)
            || !url.bytes().all(|byte| byte.is_ascii_graphic())
            || url.contains('@')
        {
            let advice = "write s3://, gs:// or az:// with bucket and prefix, or file:/// with a folder";
            return Err(Problem::new(&value.span(), format!("{url:?} is not an object store"), advice));
        }
        Ok(Self(url.to_owned()))
    }
}

/// A key of a signed note: `name+hash+key`.
struct VerifierKey(String);

impl Read for VerifierKey {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let key = text(value)?;
        let mut parts = key.splitn(3, '+');
        let name = parts.next().unwrap_or_default();
        let hash = parts.next().unwrap_or_default();
        let well_formed = !name.is_empty()
            && hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && parts.next().is_some_and(|key| !key.is_empty())
            && !key.contains(char::is_whitespace);
        if !well_formed {
            let advice = "write it as the witness publishes it: name+8 hex digits+base64";
            return Err(Problem::new(&value.span(), format!("{key:?} is not a verifier key"), advice));
        }
        Ok(Self(key.to_owned()))
    }
}

/// The name of a log: what a note's first line and its signer's name may be.
struct Origin(String);

impl Read for Origin {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let origin = text(value)?;
        if origin.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control()) {
            let advice = "write a name without blanks and +, such as \"example.com/desk\"";
            return Err(Problem::new(&value.span(), format!("{origin:?} is not an origin"), advice));
        }
        Ok(Self(origin.to_owned()))
    }
}
