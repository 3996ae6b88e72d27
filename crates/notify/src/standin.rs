//! A Telegram-shaped server on loopback, with the ways in which the real one and the network fail.
//!
//! Only for tests, behind the feature `standin`.
#![expect(clippy::disallowed_methods, reason = "a stand-in for a server has the real clock of one")]

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

/// A token that looks like one.
pub const TOKEN: &str = "123456:stand-in_token-0123456789";
/// A chat to send to.
pub const CHAT: &str = "-100123";
/// How often a connection looks whether the server is being stopped.
const STEP: Duration = Duration::from_millis(20);

/// What the server does with a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Behaviour {
    /// Accepts the message.
    Ok,
    /// 429, to be tried again after so many seconds.
    TooManyRequests(u64),
    /// 400: chat not found.
    ChatNotFound,
    /// 400 with `migrate_to_chat_id`, until the message goes to that chat.
    Migrated(i64),
    /// 401: the token is not valid.
    Unauthorized,
    /// 404: no such bot.
    NotFound,
    /// 403: the bot was blocked.
    Blocked,
    /// 500.
    ServerError,
    /// 400 for a reason that nobody knows, repeating the token.
    EchoesToken,
    /// Accepts at once and says so after a while.
    Slow(Duration),
    /// Accepts the connection and never answers.
    NeverAnswers,
    /// Sends half an answer and cuts the connection.
    ResetMidAnswer,
    /// Something that is not HTTP.
    Garbage,
    /// 200 with this body: what a portal or some other server says.
    Says(&'static str),
    /// A byte of the answer's head each 50 ms, for ever.
    DripHead,
    /// A byte of the answer's body each 50 ms, for ever.
    DripBody,
    /// `{"ok":true}` behind a megabyte of white space.
    Huge,
    /// 302 to this address.
    Redirect(String),
}

/// A message that the server accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The token in the request's path.
    pub token: String,
    /// The chat that it was for.
    pub chat: String,
    /// The message.
    pub text: String,
    /// When it was accepted.
    pub at: SystemTime,
}

type Hook = Box<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct State {
    script: VecDeque<Behaviour>,
    received: Vec<Message>,
    requests: usize,
    first_byte_at: Option<SystemTime>,
    stopped: bool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    on_first_byte: Hook,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until `ready`, at most `timeout`. Returns whether it came to that.
    fn wait(&self, timeout: Duration, mut ready: impl FnMut(&State) -> bool) -> bool {
        let waiting = self.changed.wait_timeout_while(self.state(), timeout, |state| !ready(state));
        !waiting.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Waits for `duration` unless the server is stopped. Returns whether it goes on.
    fn pause(&self, duration: Duration) -> bool {
        !self.wait(duration, |state| state.stopped)
    }
}

/// The server. It stops when this is dropped.
pub struct Telegram {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Telegram {
    /// A server that always behaves like this.
    pub fn start(behaviour: Behaviour) -> Self {
        Self::script([behaviour])
    }

    /// A server that behaves like this request by request, and like the last one from then on.
    pub fn script(behaviours: impl IntoIterator<Item = Behaviour>) -> Self {
        Self::with_hook(behaviours, || {})
    }

    /// The same, and calls `on_first_byte` when the first byte of a request has arrived, before it looks at
    /// anything else: what must be on disk by then can be looked for there (**trip-first**).
    pub fn with_hook(
        behaviours: impl IntoIterator<Item = Behaviour>,
        on_first_byte: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound listener has an address");
        let state = State { script: behaviours.into_iter().collect(), ..State::default() };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            on_first_byte: Box::new(on_first_byte),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || accept(&listener, &accepting));
        Self { shared, address }
    }

    /// What to write as `base_url`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Behaves like this from the next request on.
    pub fn set(&self, behaviour: Behaviour) {
        self.shared.change(|state| state.script = VecDeque::from([behaviour]));
    }

    /// The messages accepted so far.
    pub fn received(&self) -> Vec<Message> {
        self.shared.state().received.clone()
    }

    /// How many requests came, accepted or not.
    pub fn requests(&self) -> usize {
        self.shared.state().requests
    }

    /// Waits until at least `count` messages were accepted, and returns all; after `timeout` those there are.
    pub fn wait_for(&self, count: usize, timeout: Duration) -> Vec<Message> {
        self.shared.wait(timeout, |state| state.received.len() >= count);
        self.received()
    }

    /// Waits until the first byte of any request has arrived, at most `timeout`.
    pub fn first_byte_at(&self, timeout: Duration) -> Option<SystemTime> {
        self.shared.wait(timeout, |state| state.first_byte_at.is_some());
        self.shared.state().first_byte_at
    }

    /// Writes a token file as it should be (0600) into `dir`, and returns its path.
    pub fn token_file(dir: &Path) -> PathBuf {
        let path = dir.join("telegram-token");
        std::fs::write(&path, format!("{TOKEN}\n")).expect("a token file can be written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let secret = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&path, secret).expect("its mode can be set");
        }
        path
    }
}

impl Drop for Telegram {
    fn drop(&mut self) {
        self.shared.change(|state| state.stopped = true);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.state().stopped {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // A peer that goes away is no concern of a server.
        std::thread::spawn(move || serve(stream, &shared).ok());
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_read_timeout(Some(STEP))?;
    let Some((path, body)) = read_request(&mut stream, shared)? else { return Ok(()) };
    let mut behaviour = Behaviour::Ok;
    shared.change(|state| {
        state.requests += 1;
        let next =
            if state.script.len() > 1 { state.script.pop_front() } else { state.script.front().cloned() };
        behaviour = next.unwrap_or(Behaviour::Ok);
    });
    let request = Request { token: token_of(&path), body };
    answer(&mut stream, shared, &request, behaviour)
}

struct Request {
    token: String,
    body: Value,
}

impl Request {
    fn field(&self, name: &str) -> String {
        match &self.body[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// The path and the JSON of a request; `None` if the peer went away or the server is being stopped.
fn read_request(stream: &mut TcpStream, shared: &Shared) -> std::io::Result<Option<(String, Value)>> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(None),
            Ok(read) => {
                if bytes.is_empty() {
                    (shared.on_first_byte)();
                    shared.change(|state| {
                        state.first_byte_at.get_or_insert_with(SystemTime::now);
                    });
                }
                bytes.extend_from_slice(&chunk[..read]);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if shared.state().stopped {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error),
        }
        if let Some(request) = parse_request(&bytes) {
            return Ok(Some(request));
        }
    }
}

/// A whole request, if that is what `bytes` holds.
fn parse_request(bytes: &[u8]) -> Option<(String, Value)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let body = bytes[end + 4..].get(..length.unwrap_or(0))?;
    let path = head.split_whitespace().nth(1)?.to_owned();
    Some((path, serde_json::from_slice(body).unwrap_or(Value::Null)))
}

fn token_of(path: &str) -> String {
    path.strip_prefix("/bot").and_then(|rest| rest.split('/').next()).unwrap_or_default().to_owned()
}

fn answer(
    stream: &mut TcpStream,
    shared: &Shared,
    request: &Request,
    behaviour: Behaviour,
) -> std::io::Result<()> {
    match behaviour {
        Behaviour::Ok => take(stream, shared, request, Duration::ZERO),
        Behaviour::Migrated(to) if request.field("chat_id") == to.to_string() => {
            take(stream, shared, request, Duration::ZERO)
        }
        Behaviour::Slow(duration) => take(stream, shared, request, duration),
        Behaviour::NeverAnswers => {
            shared.wait(Duration::MAX, |state| state.stopped);
            Ok(())
        }
        Behaviour::ResetMidAnswer => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"ok\":")?;
            stream.shutdown(Shutdown::Both)
        }
        Behaviour::Garbage => stream.write_all(b"\x15\x03\x01\x00\x02\x02\x16 not HTTP\r\n\r\n"),
        Behaviour::Says(body) => respond(stream, "200 OK", body, ""),
        Behaviour::DripHead => drip(stream, shared, b"HTTP/1.1 200 OK\r\nx-drip: "),
        Behaviour::DripBody => {
            drip(stream, shared, b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{\"ok\":")
        }
        Behaviour::Huge => respond(stream, "200 OK", &(" ".repeat(1 << 20) + "{\"ok\":true}"), ""),
        Behaviour::Redirect(to) => respond(stream, "302 Found", "", &format!("location: {to}\r\n")),
        refusal => {
            let (code, description, parameters) = refusal_of(&refusal, request);
            let mut body = json!({ "ok": false, "error_code": code, "description": description });
            if !parameters.is_null() {
                body["parameters"] = parameters;
            }
            respond(stream, &format!("{code} No"), &body.to_string(), "")
        }
    }
}

/// In the words of the real server.
fn refusal_of(behaviour: &Behaviour, request: &Request) -> (u16, String, Value) {
    let plain = |code, text: &str| (code, text.to_owned(), Value::Null);
    match behaviour {
        Behaviour::TooManyRequests(seconds) => {
            (429, format!("Too Many Requests: retry after {seconds}"), json!({ "retry_after": seconds }))
        }
        Behaviour::ChatNotFound => plain(400, "Bad Request: chat not found"),
        Behaviour::Migrated(to) => (
            400,
            "Bad Request: group chat was upgraded to a supergroup chat".to_owned(),
            json!({ "migrate_to_chat_id": to }),
        ),
        Behaviour::Unauthorized => plain(401, "Unauthorized"),
        Behaviour::NotFound => plain(404, "Not Found"),
        Behaviour::Blocked => plain(403, "Forbidden: bot was blocked by the user"),
        Behaviour::EchoesToken => {
            (400, format!("Bad Request: /bot{}/sendMessage", request.token), Value::Null)
        }
        _ => plain(500, "Internal Server Error"),
    }
}

/// Accepts a message, and says so after a while.
fn take(stream: &mut TcpStream, shared: &Shared, request: &Request, after: Duration) -> std::io::Result<()> {
    let message = Message {
        token: request.token.clone(),
        chat: request.field("chat_id"),
        text: request.field("text"),
        at: SystemTime::now(),
    };
    let mut id = 0;
    shared.change(|state| {
        state.received.push(message);
        id = state.received.len();
    });
    if !after.is_zero() && !shared.pause(after) {
        return Ok(());
    }
    let body = json!({ "ok": true, "result": { "message_id": id } });
    respond(stream, "200 OK", &body.to_string(), "")
}

fn respond(stream: &mut TcpStream, status: &str, body: &str, more: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{more}\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

/// Sends `start` and then a byte at a time until the peer goes away or the server is stopped.
fn drip(stream: &mut TcpStream, shared: &Shared, start: &[u8]) -> std::io::Result<()> {
    stream.write_all(start)?;
    let began = Instant::now();
    while shared.pause(Duration::from_millis(50)) && began.elapsed() < Duration::from_mins(2) {
        stream.write_all(b" ")?;
    }
    Ok(())
}
