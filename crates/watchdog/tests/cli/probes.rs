//! Watches that are asked, each failure of each kind, against real sockets and processes, all in one check.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use holdfast_http::standin::{Answer, Server};
use serde_json::Value;

use crate::Scratch;

/// What must be shown nowhere.
const SECRET: &str = "hunter2-and-more";

/// A server that does this with each connection.
fn raw(act: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let act = std::sync::Arc::new(act);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let act = std::sync::Arc::clone(&act);
            std::thread::spawn(move || act(stream));
        }
    });
    address
}

/// Writes a byte now and then, for ever.
fn drip(mut stream: TcpStream, head: &str) {
    let _ = stream.write_all(head.as_bytes());
    while stream.write_all(b"x").is_ok() {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// An address at which every connection hangs: its queue is full.
struct Hole(
    SocketAddr,
    #[expect(dead_code, reason = "open as long as the test")] (TcpListener, Vec<TcpStream>),
);

impl Hole {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
        let queue = std::iter::from_fn(connect).collect();
        Self(address, (listener, queue))
    }
}

/// A server with a certificate that nobody knows.
struct Stranger(Child, u16);

impl Stranger {
    fn start(scratch: &Scratch) -> Self {
        let openssl = |args: &[&str]| {
            let mut command = Command::new("openssl");
            command.args(args).current_dir(scratch.path("")).stderr(Stdio::null());
            command
        };
        let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem -days 2 -subj /CN=x";
        let new: Vec<&str> = new.split(' ').collect();
        assert!(openssl(&new).status().expect("openssl").success(), "a certificate");
        let serve = ["s_server", "-accept", "127.0.0.1:0", "-cert", "tls.pem", "-key", "tls.key", "-www"];
        let mut child = openssl(&serve).stdout(Stdio::piped()).spawn().expect("openssl");
        let lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let accepts = lines.map_while(Result::ok).find(|line| line.starts_with("ACCEPT"));
        let port = accepts.as_ref().and_then(|line| line.rsplit(':').next()?.trim().parse().ok());
        Self(child, port.unwrap_or_else(|| panic!("a port in {accepts:?}")))
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a path of the test's own server answers.
fn answers(path: &str, bearer: Option<&str>) -> Answer {
    match path {
        "/ok" => Answer::new(200, r#"{"status":"ok","deep":{"n":1}}"#),
        "/moved" => Answer::new(302, "").header("location", "http://127.0.0.1:1/x"),
        "/never" => Answer::never(),
        "/cut" => Answer::cut(),
        "/long" => Answer::new(200, vec![b' '; (1 << 20) + 1]),
        "/slow" => {
            std::thread::sleep(Duration::from_millis(150));
            Answer::new(200, "")
        }
        "/list" => Answer::new(200, "[1]"),
        "/guarded" if bearer == Some(&format!("Bearer {SECRET}")) => Answer::new(200, "{}"),
        "/guarded" if bearer == Some("Basic bWU6aHVudGVyMi1hbmQtbW9yZQ==") => Answer::new(200, "{}"),
        "/guarded" => Answer::new(401, ""),
        "/echo" => Answer::new(200, format!("{{\"you\":\"{}\"}}", bearer.unwrap_or_default())),
        path if path.contains("token") => Answer::new(200, format!("{{\"you\":\"{path}\"}}")),
        _ => Answer::new(503, "down"),
    }
}

fn serve() -> Server {
    Server::start(|asked| answers(&asked.path, asked.header("authorization")))
}

/// A name that nobody has. Its first part is too long for one, so that no name server is asked.
const NOBODY: &str = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.invalid";

/// A watch, and what is said of it.
type Row = (String, &'static str, &'static str);

fn row(keys: impl Into<String>, verdict: &'static str, words: &'static str) -> Row {
    (keys.into(), verdict, words)
}

/// All of them in one check, which none holds up; with the answer as it was given.
fn check(scratch: &Scratch, rows: &[Row]) -> String {
    let mut config = String::new();
    for (number, (keys, ..)) in rows.iter().enumerate() {
        let _ = write!(config, "[[watch]]\nname = \"w{number}\"\non_fail = [\"alert\"]\n{keys}\n");
    }
    scratch.put("holdfast.toml", &config);
    let began = Instant::now();
    let ended = scratch.run(&["check", "--json"]);
    assert!(began.elapsed() < Duration::from_secs(9), "side by side: {:?}", began.elapsed());
    let found = ended.json();
    for (number, (keys, verdict, words)) in rows.iter().enumerate() {
        let said = &found["watches"][format!("w{number}")];
        let detail = said["detail"].as_str().unwrap_or_default();
        assert_eq!(said["verdict"], *verdict, "{keys}\n{said}");
        assert!(detail.contains(words), "{words:?} of {keys}\n{said}");
        let act = match *verdict {
            "fresh" => "none",
            "unknown" | "missing" => "alert",
            _ => "trip",
        };
        assert_eq!(said["act"], act, "{keys}\n{said}");
    }
    assert_eq!(found["circuit"], "green", "told, and not paused");
    ended.out + &ended.err
}

#[test]
fn http() {
    let scratch = Scratch::new();
    let server = serve();
    let at = |path: &str, more: &str| format!("kind = \"http\"\nurl = \"{}{path}\"\n{more}", server.url());
    let to = |address: SocketAddr| format!("kind = \"http\"\nurl = \"http://{address}/\"\ntimeout = \"1s\"");
    let expect = |what: &str| at("/ok", &format!("expect = {{ {what} }}"));
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let reset = raw(|stream| {
        let _ = stream.peek(&mut [0]);
    });
    let garbage = raw(|mut stream| {
        let _ = stream.read(&mut [0; 512]);
        let _ = stream.write_all(b"\0\x01SSH-2.0-what\r\n\r\n");
    });
    let head = raw(|stream| drip(stream, "HTTP/1.1 200 OK\r\nx-slow: "));
    let body = raw(|stream| drip(stream, "HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n"));
    let plain = raw(|stream| drip(stream, "220 mail ready\r\n"));
    let stranger = Stranger::start(&scratch);
    let hole = Hole::new();
    let https = |port: u16| format!("kind = \"http\"\nurl = \"https://127.0.0.1:{port}/\"\ntimeout = \"2s\"");
    let said = check(
        &scratch,
        &[
            row(at("/ok", ""), "fresh", "answers 200"),
            row(at("/down", ""), "failed", "answers 503, expected 200 to 299"),
            row(at("/down", "status = [200, 503]"), "fresh", "answers 503"),
            row(at("/ok", "status = 204"), "failed", "answers 200, expected 204"),
            row(at("/moved", ""), "failed", "sends us elsewhere (302)"),
            row(at("/moved", "status = 302"), "fresh", "answers 302"),
            row(expect("pointer = \"/status\", equals = \"ok\""), "fresh", "/status is \"ok\""),
            row(expect("pointer = \"/status\""), "fresh", "/status is \"ok\""),
            row(expect("pointer = \"/deep/n\", equals = 1.0"), "fresh", "/deep/n is 1"),
            row(expect("pointer = \"/status\", equals = \"up\""), "failed", "is \"ok\", expected \"up\""),
            row(expect("pointer = \"/none\""), "failed", "/none is not in the body"),
            row(
                at("/list", "expect = { pointer = \"/x\" }"),
                "failed",
                "body is not a JSON object but a list",
            ),
            row(at("/down", "status = 503\nexpect = { pointer = \"/x\" }"), "failed", "the body is not JSON"),
            row(at("/never", "timeout = \"500ms\""), "failed", "gave no answer within 0.5s"),
            row(at("/cut", ""), "failed", "127.0.0.1"),
            row(at("/long", ""), "failed", "answers with more than 1048576 bytes"),
            row(at("/slow", "max_latency = \"100ms\""), "failed", "ms to answer, allowed 100ms"),
            row(at("/slow", "max_latency = \"9s\""), "fresh", "answers 200"),
            row(to(closed), "failed", "refused"),
            row(to(reset), "failed", "reset"),
            row(to(garbage), "failed", "127.0.0.1"),
            row(to(head), "failed", "gave no answer within 1.0s"),
            row(to(body), "failed", "gave no answer within 1.0s"),
            row(to(hole.0), "failed", "gave no answer within 1.0s"),
            row(https(plain.port()), "failed", "127.0.0.1"),
            row(https(stranger.1), "failed", "certificate"),
            row(format!("kind = \"http\"\nurl = \"http://{NOBODY}/\"\ntimeout = \"5s\""), "failed", NOBODY),
        ],
    );
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn secrets_are_read_for_each_question_and_shown_nowhere() {
    let scratch = Scratch::new();
    let server = serve();
    let keep = |name: &str, text: &str, mode: u32| {
        scratch.put(name, text);
        fs::set_permissions(scratch.path(name), fs::Permissions::from_mode(mode)).expect("chmod");
    };
    keep("good", &format!("{SECRET}\n"), 0o600);
    keep("bad", "else", 0o600);
    keep("open", SECRET, 0o644);
    keep("empty", "\n", 0o600);
    keep("lines", &format!("{SECRET}\n{SECRET}"), 0o600);
    let with = |path: &str, auth: &str, more: &str| {
        format!("kind = \"http\"\nurl = \"{}{path}\"\nauth = {{ {auth} }}\n{more}", server.url())
    };
    let token = |file: &str| with("/guarded", &format!("token_file = \"{file}\""), "");
    let echo = "expect = { pointer = \"/you\", equals = \"x\" }";
    let path = "/token-0123456789?key=hidden-in-the-query";
    let url = format!("kind = \"http\"\nurl = \"{}{path}\"\n", server.url());
    let said = check(
        &scratch,
        &[
            row(token("good"), "fresh", "answers 200"),
            row(with("/guarded", "user = \"me\", password_file = \"good\"", ""), "fresh", "answers 200"),
            row(token("bad"), "failed", "answers 401"),
            row(token("missing"), "unknown", "is missing: put the secret into it, then chmod 600"),
            row(token("open"), "unknown", "can be read by others (mode 644): chmod 600"),
            row(token("empty"), "unknown", "is empty"),
            row(token("lines"), "unknown", "more than one line"),
            row(with("/echo", "token_file = \"good\"", echo), "failed", "/you is \"Bearer ***\""),
            row(with("/echo", "user = \"me\", password_file = \"good\"", echo), "failed", "\"Basic ***\""),
            row(format!("{url}{echo}"), "failed", "/you is \"***\""),
            row(format!("{url}status = 204"), "failed", "answers 200, expected 204"),
            row(format!("url = \"{}/token-0123456789/down\"", server.url()), "malformed", "at is missing"),
        ],
    );
    let kept = said + &scratch.read("data/watchdog.json") + &scratch.read("memory/journal.jsonl");
    for hidden in [SECRET, "bWU6aHVudGVy", "token-0123456789", "hidden-in-the-query"] {
        assert!(!kept.contains(hidden), "{hidden} in {kept}");
    }
    let refused = scratch.run(&["validate"]);
    assert_eq!(refused.code, Some(78), "{refused:?}");
    for fault in ["w3: the secret file", "w4: the secret file", "w5: the secret file", "w6: the secret file"]
    {
        assert!(refused.err.contains(fault), "{}", refused.err);
    }
    assert!(!refused.err.contains("w0") && !refused.err.contains(SECRET), "{}", refused.err);
    // What was missing is found when it is there.
    keep("missing", SECRET, 0o600);
    check(&scratch, &[row(token("missing"), "fresh", "answers 200")]);
}

#[test]
fn tcp() {
    let scratch = Scratch::new();
    let four = TcpListener::bind("127.0.0.1:0").expect("a port");
    let six = TcpListener::bind("[::1]:0").expect("a port of IPv6");
    let of = |listener: &TcpListener| listener.local_addr().expect("an address");
    let closed = TcpListener::bind("127.0.0.1:0").map(|listener| of(&listener)).expect("a port");
    let at = |address: &str, more: &str| format!("kind = \"tcp\"\naddress = \"{address}\"\n{more}");
    let hole = Hole::new();
    let (four, six) = (of(&four), of(&six));
    check(
        &scratch,
        &[
            row(at(&four.to_string(), ""), "fresh", "connects in"),
            row(at(&six.to_string(), ""), "fresh", "connects in"),
            row(at(&format!("localhost:{}", four.port()), ""), "fresh", "connects in"),
            row(at(&four.to_string(), "max_latency = \"1ns\""), "failed", "to connect, allowed 1ns"),
            row(at(&four.to_string(), "max_latency = \"9s\""), "fresh", "connects in"),
            row(at(&closed.to_string(), ""), "failed", "refused"),
            row(at(&hole.0.to_string(), "timeout = \"500ms\""), "failed", "gave no connection within 0.5s"),
            row(at(&format!("{NOBODY}:80"), "timeout = \"5s\""), "failed", NOBODY),
        ],
    );
}

#[test]
fn commands() {
    let scratch = Scratch::new();
    scratch.put("no-program", "#!/bin/sh\n");
    let sh = |script: &str, more: &str| {
        format!("kind = \"command\"\ncommand = [\"/bin/sh\", \"-c\", '''{script}''']\n{more}")
    };
    let run = |program: &str| format!("kind = \"command\"\ncommand = [\"{program}\"]");
    check(
        &scratch,
        &[
            row(sh("echo one; echo two", ""), "fresh", "/bin/sh ended with exit code 0: two"),
            row(sh("exit 0", ""), "fresh", "exit code 0"),
            row(
                sh("exec >&2; echo first; echo no margin; echo; exit 3", ""),
                "failed",
                "exit code 3: no margin",
            ),
            row(sh("kill -SEGV $$", ""), "failed", "was ended by signal 11"),
            row(
                sh("echo begins; sleep 1000", "timeout = \"500ms\""),
                "failed",
                "0.5s and was killed: begins",
            ),
            row(sh("yes | head -c 9000000; printf 'the\\033[2Jend'", ""), "fresh", "the\\u{1b}[2Jend"),
            row(sh("while :; do echo y; done", "timeout = \"500ms\""), "failed", "did not end within 0.5s"),
            row(
                sh("test \"$HOLDFAST_WATCH\" = w7 && test -d \"$HOLDFAST_ROOT/data\"", ""),
                "fresh",
                "code 0",
            ),
            row(run("/nowhere/to-be-found"), "unknown", "was not found: install it"),
            row(run("./no-program"), "unknown", "may not be run: chmod +x it"),
        ],
    );
    crate::wait_until("what hung is ended, with its children", || processes_in(&scratch).is_empty());
}

/// Processes that still have their working directory in the root.
pub(crate) fn processes_in(scratch: &Scratch) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("proc").flatten();
    let root = fs::canonicalize(scratch.path("")).expect("a root");
    let inside = processes.filter(|one| fs::read_link(one.path().join("cwd")).is_ok_and(|cwd| cwd == root));
    inside.map(|one| one.file_name().to_string_lossy().into_owned()).collect()
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64()
}

#[test]
fn heartbeats_elsewhere() {
    let scratch = Scratch::new();
    let beat = |status: &str| format!("{{\"at\":{},\"status\":\"{status}\"}}", now());
    let (ok, failed, torn) = (beat("ok"), beat("failed"), AtomicUsize::new(0));
    scratch.put("beat.json", &ok);
    let (fine, whole) = (ok.clone(), ok.clone());
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/ok" => Answer::new(200, ok.clone()),
        "/failed" => Answer::new(200, failed.clone()),
        "/none" => Answer::new(404, "not here"),
        "/torn" if torn.fetch_add(1, Ordering::Relaxed) == 0 => Answer::new(200, ok[..20].to_owned()),
        "/torn" => Answer::new(200, whole.clone()),
        "/page" => Answer::new(200, "<html>"),
        path => answers(path, None),
    });
    let at = |path: &str, more: &str| format!("url = \"{}{path}\"\n{more}", server.url());
    let sh = |script: &str, more: &str| format!("command = [\"/bin/sh\", \"-c\", '''{script}''']\n{more}");
    let big = "head -c 2000000 /dev/zero";
    check(
        &scratch,
        &[
            row(at("/ok", ""), "fresh", "last beat 0s ago, allowed 15m"),
            row(at("/torn", ""), "fresh", "last beat 0s ago"),
            row(at("/failed", ""), "reported", "status \"failed\""),
            row(at("/none", ""), "missing", "there is no heartbeat"),
            row(at("/page", ""), "malformed", "the heartbeat is not JSON"),
            row(at("/long", ""), "malformed", "is longer than 1048576 bytes"),
            row(at("/down", ""), "unknown", "answers 503; stale in 1"),
            row(at("/moved", ""), "unknown", "sends us elsewhere"),
            row(at("/never", "timeout = \"500ms\""), "unknown", "gave no answer within 0.5s"),
            row(format!("url = \"http://{NOBODY}/beat\"\ntimeout = \"5s\""), "unknown", NOBODY),
            row(sh("cat beat.json", ""), "fresh", "last beat"),
            row(sh("echo Warning: new key >&2; cat beat.json", ""), "fresh", "last beat"),
            row(sh("echo no route to host >&2; exit 255", ""), "unknown", "exit code 255: no route to host"),
            row(sh("exit 0", ""), "malformed", "the heartbeat is empty"),
            row(sh(big, ""), "malformed", "is longer than"),
            row(sh("kill -9 $$", ""), "unknown", "was ended by signal 9"),
            row(sh("sleep 1000", "timeout = \"500ms\""), "unknown", "did not end within 0.5s"),
            row("command = [\"/nowhere/ssh\"]", "unknown", "was not found"),
        ],
    );
    assert!(!fine.is_empty());
    let found: Value = scratch.json("data/watchdog.json");
    assert_eq!(found["watches"]["w0"]["probed"]["heard"]["beat"]["status"], "ok", "{found}");
}
