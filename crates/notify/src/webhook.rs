//! The channel `webhook`: an HTTP POST to anything.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use holdfast::config::{self, Auth};
use holdfast::sys::{Clock, Store};
use holdfast_http::{HttpError, Reply, is_server};
use sha2::Sha256;

use crate::alert::{Alert, AlertKind};
use crate::deadline::Deadline;
use crate::post::{Headers, Post, Service, basic, bearer, post};
use crate::secret::{Secret, Veil};
use crate::template::{Facts, fill, names_incident};
use crate::transport::{Sending, Verdict};

const TYPE: &str = "Content-Type";
const AUTHORIZATION: &str = "Authorization";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// A message about more incidents than this says the rest in its text alone.
const OTHERS_MAX: usize = 20;
/// Ours, in lowercase.
const OWN: &str = "x-holdfast-";

/// As it stands in the configuration.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    pub(crate) url: &'a config::Secret,
    pub(crate) secret_file: Option<&'a PathBuf>,
    pub(crate) body_file: Option<&'a PathBuf>,
    pub(crate) headers: &'a BTreeMap<String, String>,
    pub(crate) auth: Option<&'a Auth>,
}

/// Ready to send.
pub(crate) struct Webhook<'a> {
    url: Secret,
    key: Option<Secret>,
    /// The template, and whether it is to be JSON.
    template: Option<(Vec<u8>, bool)>,
    headers: Headers<'a>,
    veil: Veil,
}

impl<'a> Webhook<'a> {
    /// Reads the files that it needs.
    pub(crate) fn new(store: &dyn Store, root: &Path, settings: Settings<'a>) -> Result<Self, String> {
        let url = Secret::of(store, root, settings.url, "the url_file", "the address")?;
        if !is_server(url.expose()) {
            return Err(match settings.url {
                config::Secret::Plain(_) => format!("url: {}", HttpError::Url),
                config::Secret::File(file) => {
                    format!("url_file {}: {}", root.join(file).display(), HttpError::Url)
                }
            });
        }
        let holds = "the key that the receiver knows";
        let key =
            settings.secret_file.map(|file| Secret::read(store, &root.join(file), "the secret_file", holds));
        let key = key.transpose()?;
        let mut veil = Veil::default().hiding_url(url.expose());
        if let Some(key) = &key {
            veil = veil.hiding(key.expose());
        }
        let (headers, veil) = headers(store, root, settings, veil)?;
        let is = |(name, value): &(&str, String), part| {
            name.eq_ignore_ascii_case(TYPE) && value.to_ascii_lowercase().contains(part)
        };
        if settings.body_file.is_some() && headers.iter().any(|header| is(header, FORM)) {
            return Err(format!("headers has {TYPE} {FORM}, in which a text could add fields: use JSON"));
        }
        let json = headers.iter().any(|header| is(header, "json"));
        let template =
            settings.body_file.map(|file| read_template(store, &root.join(file), json)).transpose()?;
        let veil = template.iter().flat_map(|(bytes, _)| literals(bytes)).fold(veil, Veil::hiding);
        Ok(Self { url, key, template: template.map(|(bytes, _)| (bytes, json)), headers, veil })
    }

    /// Sends once: to a service that keeps incidents of its own, of each by itself. What of it was taken is sent again
    /// with the rest, if anything is not; the service knows it by its key.
    pub(crate) fn send(self, sending: &Sending, host: &str, clock: &'static (dyn Clock + Sync)) -> Verdict {
        let alert = &sending.alert;
        let each = self.template.as_ref().is_some_and(|(template, _)| names_incident(template));
        let others = alert.others.iter().filter(|_| each).take(OTHERS_MAX);
        let other = |(incident, kind): &(String, AlertKind)| {
            let incident = Some(incident.clone());
            Cow::Owned(Alert { incident, kind: *kind, others: Vec::new(), ..alert.clone() })
        };
        let all: Vec<Cow<'_, Alert>> = [Cow::Borrowed(alert)].into_iter().chain(others.map(other)).collect();
        let deadline = Deadline::after(clock, sending.timeout);
        for (told, alert) in all.iter().enumerate() {
            let Ok(timeout) = deadline.left() else {
                return Verdict::later(format!(
                    "took {told} of {} incidents within {}",
                    all.len(),
                    sending.given()
                ));
            };
            match self.send_one(alert, timeout, host, clock.now().wall) {
                Verdict::Accepted => {}
                trouble => return trouble,
            }
        }
        Verdict::Accepted
    }

    fn send_one(&self, alert: &Alert, timeout: Duration, host: &str, wall: f64) -> Verdict {
        let facts = Facts { alert, host };
        let body = match &self.template {
            None => facts.json(),
            Some((template, json)) => match fill(template, *json, &facts) {
                Ok(body) => body,
                Err(why) => return Verdict::refused(format!("the body_file {why}")),
            },
        };
        let mut headers = self.headers.clone();
        if let Some(key) = &self.key {
            let timestamp = format!("{:.0}", wall.floor());
            headers.push(("X-Holdfast-Signature", sign(key, &timestamp, &body)));
            headers.push(("X-Holdfast-Timestamp", timestamp));
        }
        post(&Post { url: self.url.expose(), headers, body, timeout }, &AnyService, &self.veil, wall)
    }
}

/// `v1=` and the HMAC-SHA256 over `<timestamp>.<body>` in hexadecimal digits. The time is in it, so that a receiver can
/// refuse what somebody has kept and sends again.
fn sign(key: &Secret, timestamp: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("a key of any length will do");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    digest.iter().fold("v1=".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn headers<'a>(
    store: &dyn Store,
    root: &Path,
    settings: Settings<'a>,
    mut veil: Veil,
) -> Result<(Headers<'a>, Veil), String> {
    let named = |wanted: &str| settings.headers.keys().find(|name| name.eq_ignore_ascii_case(wanted));
    if let Some(name) = settings.headers.keys().find(|name| name.to_ascii_lowercase().starts_with(OWN)) {
        return Err(format!("headers has {name}, which is ours to send: take it out"));
    }
    if settings.auth.is_some() && named(AUTHORIZATION).is_some() {
        return Err("headers has Authorization, and auth says the same: keep auth".to_owned());
    }
    let mut headers: Headers<'_> =
        settings.headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    if named(TYPE).is_none() {
        headers.push((TYPE, JSON.to_owned()));
    }
    let authorization = match settings.auth {
        None => return Ok((headers, veil)),
        Some(Auth::Bearer { token_file }) => {
            let token = Secret::token(store, &root.join(token_file))?;
            veil = veil.hiding(token.expose());
            bearer(&token)
        }
        Some(Auth::Basic { user, password_file }) => {
            let path = root.join(password_file);
            let password = Secret::read(store, &path, "the password_file", "the password")?;
            veil = veil.hiding(password.expose());
            basic(user, &password)
        }
    };
    let sent = authorization.split_once(' ').map_or("", |(_, sent)| sent).to_owned();
    headers.push((AUTHORIZATION, authorization));
    Ok((headers, veil.hiding(sent)))
}

/// A template that has been tried.
fn read_template(store: &dyn Store, path: &Path, json: bool) -> Result<(Vec<u8>, bool), String> {
    let shown = path.display();
    let template =
        store.read(path).map_err(|error| format!("the body_file {shown} {error}: put a template there"))?;
    let sample = Alert {
        id: String::new(),
        incident: None,
        others: Vec::new(),
        kind: AlertKind::Test,
        level: 1,
        subject: String::new(),
        text: String::new(),
        at: 0.0,
        expires_at: 0.0,
    };
    fill(&template, json, &Facts { alert: &sample, host: "" })
        .map_err(|why| format!("the body_file {shown} {why}"))?;
    Ok((template, json))
}

/// Long words of a template may be keys of a service, which a server may repeat.
fn literals(template: &[u8]) -> Vec<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '/' | '=');
    let text = String::from_utf8_lossy(template);
    text.split(|c| !word(c)).filter(|word| word.len() >= 20).map(str::to_owned).collect()
}

struct AnyService;

impl Service for AnyService {
    fn mend(&self, status: u16) -> &'static str {
        match status {
            401 | 403 => "it does not let us in: check auth, secret_file and the address",
            404 | 410 => {
                "nobody takes messages at this address any more: put the right one into url or url_file"
            }
            405 => "it takes no POST there: check the address",
            407 => "the proxy wants a login: check the proxy's variables",
            413 => "the body is too long: bound it in body_file, as in {{text:1000}}",
            415 => "it wants another kind of body: set Content-Type in headers, and body_file",
            _ => "it does not take this body: hold body_file against what the service documents",
        }
    }

    fn says_more_than_its_status(&self) -> bool {
        false
    }

    fn doubt(&self, _: &Reply) -> Option<&'static str> {
        None
    }
}
