//! Other people's programs, for the tests of this crate and of `watchdog`.
#![allow(clippy::disallowed_methods, reason = "a test plays the world around the library")]
#![allow(dead_code, reason = "each of them uses a part")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// How long a peer may take to start, and a mail to come. Never reached by a test that passes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server, which ends with the value.
pub(crate) struct Sink {
    child: Child,
    lines: Receiver<String>,
    /// Where it listens.
    pub(crate) port: u16,
}

impl Sink {
    /// Starts `mail_sink.py` with these arguments.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::script("mail_sink.py", args)
    }

    /// Starts `https_sink.py`, which tells what was posted to it instead of mails.
    pub(crate) fn https(certificates: &Certificates) -> Self {
        Self::script("https_sink.py", &certificates.args())
    }

    fn script(script: &str, args: &[&str]) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../notify/tests/peers");
        let tools = here.join("../../../../scripts/install-test-tools.sh");
        let python = Command::new(tools).arg("--smtp-python").output().expect("a shell");
        assert!(python.status.success(), "{python:?}");
        let python = String::from_utf8(python.stdout).expect("a path");
        let mut child = Command::new(python.trim())
            .arg(here.join(script))
            .args(args)
            .stdout(Stdio::piped())
            // Clients that break off are what it is here for.
            .stderr(Stdio::null())
            .spawn()
            .expect("python");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (tell, lines) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let port = lines.recv_timeout(PATIENCE).expect("it listens").parse().expect("a port");
        Self { child, lines, port }
    }

    /// The next mail that came, as Python's email package reads it, or the next body.
    pub(crate) fn next(&self) -> Value {
        serde_json::from_str(&self.lines.recv_timeout(PATIENCE).expect("a mail")).expect("JSON")
    }

    /// Whether nothing has come but what was taken out. What is sent is told before it is accepted.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.try_recv().is_err()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority of one's own with a certificate for `localhost`.
pub(crate) struct Certificates {
    /// The authority's.
    pub(crate) authority: PathBuf,
    /// The server's.
    pub(crate) server: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
}

impl Certificates {
    /// Made by openssl in `dir`.
    pub(crate) fn make(dir: &Path) -> Self {
        let openssl = |args: &str| {
            let made = Command::new("openssl").args(args.split(' ')).current_dir(dir).output();
            let made = made.expect("openssl; scripts/install-test-tools.sh has it");
            assert!(made.status.success(), "{made:?}");
        };
        std::fs::write(dir.join("names"), "subjectAltName=DNS:localhost\n").expect("written");
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=desk"));
        openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"));
        openssl(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
        );
        Self { authority: dir.join("ca.pem"), server: dir.join("server.pem"), key: dir.join("server.key") }
    }

    /// What the server is told of them.
    pub(crate) fn args(&self) -> [&str; 4] {
        let [certificate, key] = [&self.server, &self.key].map(|path| path.to_str().expect("UTF-8"));
        ["--certificate", certificate, "--key", key]
    }
}
