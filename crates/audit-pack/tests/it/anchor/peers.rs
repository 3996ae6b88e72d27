//! Other people's programs.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use holdfast_http::standin::{Answer, Server};

use crate::world::run;

/// The Python that has a package of `scripts/install-test-tools.sh`.
fn python(option: &str) -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let script = top.join("scripts/install-test-tools.sh");
    run(script.to_str().unwrap(), &[option], &top).trim().to_owned()
}

/// A server, which ends with the value.
pub(super) struct Peer {
    child: Child,
    pub(super) url: String,
}

impl Peer {
    /// Starts it; it says its address on stderr.
    fn start(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let url = lines.find_map(|line| {
            let at = line.find("http://127.0.0.1:")?;
            let rest = &line[at..];
            Some(rest.split([' ', ')']).next().unwrap_or(rest).to_owned())
        });
        // A pipe that nobody reads would stop it some day.
        std::thread::spawn(move || lines.for_each(drop));
        Self { url: url.expect("it listens"), child }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The package `aics-witness` of the Python registry.
pub(super) struct Witness {
    dir: PathBuf,
    python: String,
    /// Its verifier key.
    pub(super) key: String,
}

impl Witness {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self::named(dir, "witness.example.org/w1")
    }

    pub(super) fn named(dir: PathBuf, name: &str) -> Self {
        std::fs::create_dir(&dir).unwrap();
        let python = python("--witness-python");
        let name = ["--name", name, "--listen", "127.0.0.1:0"];
        let arguments = [&["-m", "aics_witness", "init", "--config", "w.json"][..], &name].concat();
        let key = run(&python, &arguments, &dir).trim().to_owned();
        Self { dir, python, key }
    }

    pub(super) fn trusts(&self, origin: &str, vkey: &str) {
        let log = ["--config", "w.json", "--origin", origin, "--vkey", vkey];
        run(&self.python, &[&["-m", "aics_witness", "add-log"][..], &log].concat(), &self.dir);
    }

    pub(super) fn serve(&self) -> Peer {
        let mut command = Command::new(&self.python);
        command.args(["-m", "aics_witness", "serve", "--config", "w.json"]).current_dir(&self.dir);
        Peer::start(&mut command)
    }

    /// What it knows of the only log, and how much evidence of a fork.
    pub(super) fn status(&self) -> (u64, u64) {
        let arguments = ["-m", "aics_witness", "status", "--config", "w.json", "--json"];
        let status: serde_json::Value =
            serde_json::from_str(&run(&self.python, &arguments, &self.dir)).unwrap();
        let log = &status["logs"][0];
        (log["size"].as_u64().unwrap_or(0), log["evidence"].as_u64().unwrap())
    }
}

/// moto, which speaks like S3, with a bucket whose objects can be locked.
pub(super) fn s3() -> Peer {
    let mut command = Command::new(python("--moto-python"));
    let peer = Peer::start(command.args(["-m", "moto.server", "-p", "0"]));
    let url = format!("{}/evidence", peer.url);
    let headers = [("x-amz-bucket-object-lock-enabled", "true")];
    let timeout = std::time::Duration::from_secs(30);
    let call =
        holdfast_http::Call { method: "PUT", url: &url, headers: &headers, body: b"", timeout, most: 9999 };
    assert_eq!(holdfast_http::call(&call).unwrap().status, 200);
    peer
}

/// An object, as another client of the store gets it.
pub(super) fn object(peer: &Peer, key: &str) -> Vec<u8> {
    let script = "import boto3, sys; s3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='us-east-1', \
                  aws_access_key_id='A', aws_secret_access_key='B'); \
                  sys.stdout.write(s3.get_object(Bucket='evidence', Key=sys.argv[2])['Body'].read().decode())";
    run(&python("--moto-python"), &["-c", script, &peer.url, key], Path::new("/")).into_bytes()
}

/// An authority, by openssl.
pub(crate) struct Authority {
    dir: PathBuf,
}

const CONFIG: &str = "\
[tsa]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
certs = ca.pem
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
[ca]
basicConstraints = critical,CA:TRUE
[signer]
extendedKeyUsage = critical,timeStamping
[req]
distinguished_name = name
[name]
";

impl Authority {
    /// With a certificate of its own, which is valid for two years from then. As those of real authorities it is older
    /// than what it stamps: `faketime` works in whole seconds, and a stamp of "now" may bear the second before.
    pub(crate) fn new(dir: PathBuf, since: &str) -> Self {
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join("tsa.cnf"), CONFIG).unwrap();
        std::fs::write(dir.join("serial"), "01\n").unwrap();
        for (name, subject) in [("ca", "/CN=Root"), ("tsa", "/CN=Authority")] {
            let key = format!("{name}.key");
            run(
                "openssl",
                &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &key],
                &dir,
            );
            let request = format!("{name}.csr");
            let arguments =
                ["req", "-new", "-config", "tsa.cnf", "-key", &key, "-subj", subject, "-out", &request];
            run("openssl", &arguments, &dir);
        }
        let at = |name: &str, by: &[&str], section: &str, days: &str| {
            let (request, certificate) = (format!("{name}.csr"), format!("{name}.pem"));
            let arguments =
                [&[since, "openssl", "x509", "-req", "-in", &request, "-out", &certificate][..], by].concat();
            let ends = ["-days", days, "-extfile", "tsa.cnf", "-extensions", section];
            run("faketime", &[&arguments[..], &ends].concat(), &dir);
        };
        at("ca", &["-signkey", "ca.key"], "ca", "7300");
        at("tsa", &["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"], "signer", "730");
        Self { dir }
    }

    pub(crate) fn ca(&self) -> String {
        self.dir.join("ca.pem").display().to_string()
    }

    /// Stamps what it is asked to, at its own time.
    pub(crate) fn serve(&self, at: &'static str) -> Server {
        let dir = self.dir.clone();
        Server::start(move |asked| {
            if asked.header("content-type") != Some("application/timestamp-query") {
                return Answer::new(415, "");
            }
            std::fs::write(dir.join("query"), &asked.body).unwrap();
            let arguments = [at, "openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa"];
            run("faketime", &[&arguments[..], &["-queryfile", "query", "-out", "reply"]].concat(), &dir);
            let reply = std::fs::read(dir.join("reply")).unwrap();
            Answer::new(200, reply).header("content-type", "application/timestamp-reply")
        })
    }
}
