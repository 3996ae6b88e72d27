//! ssh-agent: the real one, and some that are not what they seem.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};
use sshsig::{Agent, AgentError, Digest, HashKind, Key, KeyError, PublicKey, SignError, Signature};

use crate::common::{Folder, NAMESPACE, PASSPHRASE, assert_ok, open, put, run, unlock, verify};

/// A real ssh-agent, which ends with the test.
struct RealAgent {
    child: Child,
    socket: PathBuf,
}

impl RealAgent {
    /// `askpass` is whom it asks before it uses a key that was added with `-c`.
    fn start(folder: &Folder, askpass: &str) -> Self {
        let socket = folder.path("agent");
        let mut command = Command::new("ssh-agent");
        command.args(["-D", "-a", socket.to_str().unwrap()]).stdout(Stdio::null());
        command.env("SSH_ASKPASS", askpass).env("SSH_ASKPASS_REQUIRE", "force");
        let child = command.spawn().unwrap();
        let began = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "no agent at {}", socket.display());
            std::thread::yield_now();
        }
        Self { child, socket }
    }

    fn add(&self, key: &Path, arguments: &[&str]) {
        let mut command = Command::new("ssh-add");
        command.args(arguments).arg(key).env("SSH_AUTH_SOCK", &self.socket);
        assert_ok(&run(&mut command, b""));
    }

    fn agent(&self) -> Agent {
        Agent::at(&self.socket)
    }
}

impl Drop for RealAgent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn digest() -> Digest {
    Digest::of(HashKind::Sha256, b"message")
}

#[test]
fn the_agent_signs_for_a_public_file_for_a_locked_key_and_for_one_that_is_gone() {
    let folder = Folder::new();
    let path = folder.plain("key");
    let own = Signature::sign(&mut open(&path, None).unwrap(), NAMESPACE, &digest()).unwrap();
    let real = RealAgent::start(&folder, "/bin/false");
    real.add(&path, &["-q"]);
    let signs = |path: &Path, comment: &str| {
        let mut key = open(path, Some(&real.agent())).unwrap();
        assert!(key.is_in_agent());
        assert_eq!(key.comment(), comment);
        assert_eq!(Signature::sign(&mut key, NAMESPACE, &digest()).unwrap(), own, "{}", path.display());
        let note = key.note_key("bot").map(|mut signer| tlog::note::Note::sign("text\n", &mut [&mut signer]));
        assert!(note.is_ok_and(|note| note.is_ok()));
    };
    signs(&folder.path("key.pub"), "key");
    assert!(!open(&path, Some(&real.agent())).unwrap().is_in_agent(), "its own file is enough");
    let file = path.to_str().unwrap();
    assert_ok(&crate::common::keygen(&["-q", "-p", "-N", PASSPHRASE, "-f", file], b""));
    signs(&path, "");
    std::fs::remove_file(&path).unwrap();
    signs(&path, "key");
}

#[test]
fn an_agent_that_does_not_hold_the_key_or_is_not_there_is_named() {
    let folder = Folder::new();
    let path = folder.plain("key");
    let public = folder.path("key.pub");
    let refused = open(&public, None).unwrap_err();
    assert!(matches!(&refused, KeyError::NoAgent(path) if *path == public), "{refused}");
    let refused = open(&public, Some(&Agent::at(folder.path("nobody")))).unwrap_err();
    assert!(matches!(&refused, KeyError::Agent(AgentError::Io { .. })), "{refused}");
    assert!(refused.to_string().contains("SSH_AUTH_SOCK"), "{refused}");

    let real = RealAgent::start(&folder, "/bin/false");
    real.add(&folder.plain("other"), &["-q"]);
    let refused = open(&public, Some(&real.agent())).unwrap_err();
    assert!(matches!(&refused, KeyError::NotHeld { .. }), "{refused}");
    assert!(refused.to_string().contains("ssh-add"), "{refused}");

    // A locked key whose agent is gone or has other keys: then the passphrase.
    let file = path.to_str().unwrap();
    assert_ok(&crate::common::keygen(&["-q", "-p", "-N", PASSPHRASE, "-f", file], b""));
    unlock(&path, PASSPHRASE).unwrap();
    for agent in [real.agent(), Agent::at(folder.path("nobody"))] {
        let mut asked = 0;
        let store = holdfast::sys::real::RealStore;
        let key = Key::open(&store, &path, Some(&agent), &mut |_| {
            asked += 1;
            Ok(zeroize::Zeroizing::new(PASSPHRASE.to_owned()))
        });
        assert!(!key.unwrap().is_in_agent());
        assert_eq!(asked, 1);
    }
}

#[test]
fn a_person_who_is_asked_by_the_agent_may_say_no() {
    let folder = Folder::new();
    let path = folder.plain("key");
    let real = RealAgent::start(&folder, "/bin/false");
    real.add(&path, &["-q", "-c"]);
    let mut key = open(&folder.path("key.pub"), Some(&real.agent())).unwrap();
    let refused = key.sign(b"message").unwrap_err();
    assert!(matches!(refused, KeyError::Agent(AgentError::Refused { .. })), "{refused}");
}

/// Whoever listens, one connection after the other, until the test ends.
fn listen(folder: &Folder, mut answer: impl FnMut(UnixStream) + Send + 'static) -> Agent {
    let path = folder.path("agent");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(&mut answer));
    Agent::at(path)
}

fn framed(stream: &mut UnixStream) -> Vec<u8> {
    let mut len = [0; 4];
    stream.read_exact(&mut len).unwrap();
    let mut body = vec![0; u32::from_be_bytes(len) as usize];
    stream.read_exact(&mut body).unwrap();
    body
}

fn list_of(blob: &[u8]) -> Vec<u8> {
    let mut answer = vec![12, 0, 0, 0, 1];
    put(&mut answer, blob);
    put(&mut answer, b"a comment");
    answer
}

fn reply(stream: &mut UnixStream, answer: &[u8]) {
    let mut whole = Vec::new();
    put(&mut whole, answer);
    // Whoever asked may be gone.
    let _ = stream.write_all(&whole);
}

/// An agent that holds a key and answers each request for a signature with this blob.
fn with_key(folder: &Folder, key: Vec<u8>, mut sign: impl FnMut(&[u8]) -> Vec<u8> + Send + 'static) -> Agent {
    listen(folder, move |mut stream| {
        let request = framed(&mut stream);
        match request.split_first() {
            Some((11, [])) => reply(&mut stream, &list_of(&key)),
            Some((13, rest)) => {
                let message = rest.get(4 + key.len() + 4..rest.len() - 4).unwrap();
                let mut answer = vec![14];
                put(&mut answer, &sign(message));
                reply(&mut stream, &answer);
            }
            other => panic!("{other:?}"),
        }
    })
}

#[test]
fn an_agent_that_hangs_does_not_hang_us() {
    type Answer = fn(UnixStream);
    let hanging: [(&str, Answer); 3] = [
        ("says nothing", std::mem::forget),
        ("stops in the middle", |mut stream| {
            let _ = stream.write_all(&[0, 0, 0, 9, 12]);
            std::mem::forget(stream);
        }),
        ("drips", |mut stream| {
            let _ = stream.write_all(&[0, 0, 1, 0]);
            while stream.write_all(&[12]).is_ok() {
                std::thread::sleep(Duration::from_millis(500));
            }
        }),
    ];
    let threads = hanging.map(|(name, answer)| {
        std::thread::spawn(move || {
            let folder = Folder::new();
            folder.plain("key");
            let agent = listen(&folder, answer);
            let began = Instant::now();
            let refused = open(&folder.path("key.pub"), Some(&agent)).unwrap_err();
            let took = began.elapsed();
            assert!(
                matches!(refused, KeyError::Agent(AgentError::Slow { seconds: 5, .. })),
                "{name}: {refused}"
            );
            assert!((4.9..9.0).contains(&took.as_secs_f64()), "{name}: {took:?}");
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn what_answers_otherwise_than_an_agent_is_named() {
    let answers: [(&str, &[u8]); 7] = [
        ("another protocol", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ("an endless answer", &[255, 255, 255, 255, 12]),
        ("nothing in it", &[0, 0, 0, 0]),
        ("another kind", &[0, 0, 0, 1, 6]),
        ("a count without keys", &[0, 0, 0, 5, 12, 255, 255, 255, 255]),
        ("a key beyond the end", &[0, 0, 0, 9, 12, 0, 0, 0, 1, 255, 255, 255, 255]),
        ("something behind", &[0, 0, 0, 6, 12, 0, 0, 0, 0, 0]),
    ];
    for (name, answer) in answers {
        let folder = Folder::new();
        folder.plain("key");
        let agent = listen(&folder, move |mut stream| {
            framed(&mut stream);
            let _ = stream.write_all(answer);
        });
        let refused = open(&folder.path("key.pub"), Some(&agent)).unwrap_err();
        assert!(matches!(refused, KeyError::Agent(AgentError::Strange { .. })), "{name}: {refused}");
    }
    let folder = Folder::new();
    folder.plain("key");
    let agent = listen(&folder, drop);
    let refused = open(&folder.path("key.pub"), Some(&agent)).unwrap_err();
    assert!(matches!(refused, KeyError::Agent(AgentError::Io { .. })), "hangs up: {refused}");
}

#[test]
fn a_wrong_signature_by_an_agent_is_never_used() {
    let folder = Folder::new();
    folder.plain("key");
    let public = folder.read("key.pub");
    let (public, _) = PublicKey::parse(&public).unwrap();
    let mut made = Vec::new();
    put(&mut made, b"ssh-ed25519");
    put(&mut made, &SigningKey::from_bytes(&[7; 32]).sign(b"whatever").to_bytes());
    let agent = with_key(&folder, public.blob().to_vec(), move |_| made.clone());
    let mut key = open(&folder.path("key.pub"), Some(&agent)).unwrap();
    let refused = key.sign(b"message").unwrap_err();
    assert!(matches!(refused, KeyError::WrongSignature { .. }), "{refused}");
    let refused = Signature::sign(&mut key, NAMESPACE, &digest()).unwrap_err();
    assert!(matches!(refused, SignError::Signature(_)), "{refused}");
}

/// No such device is at hand, so this one is made of its definition (PROTOCOL.u2f); ssh-keygen says that it is right.
#[test]
fn a_security_key_signs_packs_but_no_notes() {
    const APPLICATION: &[u8] = b"ssh:";
    const TOUCHED_AND_COUNTER: [u8; 5] = [1, 0, 0, 0, 9];
    let folder = Folder::new();
    let device = SigningKey::from_bytes(&[7; 32]);
    let mut blob = Vec::new();
    put(&mut blob, b"sk-ssh-ed25519@openssh.com");
    put(&mut blob, device.verifying_key().as_bytes());
    put(&mut blob, APPLICATION);
    let public = PublicKey::from_blob(&blob).unwrap();
    let path = folder.write("key.pub", format!("{public} token\n"));
    let agent = with_key(&folder, blob, move |message| {
        let (application, message) = (Sha256::digest(APPLICATION), Sha256::digest(message));
        let signed = [&application[..], &TOUCHED_AND_COUNTER, &message[..]].concat();
        let mut answer = Vec::new();
        put(&mut answer, b"sk-ssh-ed25519@openssh.com");
        put(&mut answer, &device.sign(&signed).to_bytes());
        answer.extend(TOUCHED_AND_COUNTER);
        answer
    });
    let mut key = open(&path, Some(&agent)).unwrap();
    assert_eq!(key.ed25519(), None);
    assert_eq!(key.comment(), "token");
    assert!(matches!(key.sign(b"message"), Err(KeyError::SecurityKey(_))));
    let refused = key.note_key("bot").map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("can sign packs but no notes"), "{refused}");

    let signature = Signature::sign(&mut key, NAMESPACE, &digest()).unwrap();
    let allowed = folder.write("allowed", format!("bot@host {public}"));
    let file = folder.write("signature", signature.to_string());
    assert_ok(&verify(&allowed, &file, ("bot@host", NAMESPACE), &[], b"message"));
    assert!(signature.verify(NAMESPACE, &Digest::of(HashKind::Sha256, b"another")).is_err());
}
