//! The two questions that we have for ssh-agent (draft-ietf-sshm-ssh-agent): which keys it holds, and a signature.
//!
//! The crates that speak the whole protocol link RSA and three elliptic curves and have no deadline.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::public::{Algorithm, PublicKey};
use crate::wire::{Reader, put_string};

/// How long an agent may take. One that asks a person is not for unattended work.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a person may take to touch a security key.
const PATIENCE_FOR_TOUCH: Duration = Duration::from_mins(1);
/// The longest answer, in bytes, as OpenSSH has it.
const ANSWER_MAX: u32 = 256 * 1024;

const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGNED: u8 = 14;

/// Why an agent did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// Nobody listens there, or the connection broke.
    #[error("ssh-agent at {} cannot be asked ({source}): start one (`eval $(ssh-agent)`), or mend SSH_AUTH_SOCK", path.display())]
    Io {
        /// Where the agent was looked for.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No answer in time.
    #[error(
        "ssh-agent at {} did not answer within {seconds} s: it may wait for a person (a key added with `ssh-add -c`, a \
         locked agent, a security key to touch), or hang", path.display()
    )]
    Slow {
        /// Where the agent is.
        path: PathBuf,
        /// How long it was given.
        seconds: u64,
    },
    /// The agent says no.
    #[error("ssh-agent at {} refused: look with `ssh-add -l` whether it holds the key and is not locked", path.display())]
    Refused {
        /// Where the agent is.
        path: PathBuf,
    },
    /// Bytes that are no answer.
    #[error("what listens at {} does not answer as an ssh-agent does: mend SSH_AUTH_SOCK", path.display())]
    Strange {
        /// Where the agent is.
        path: PathBuf,
    },
}

/// Where an agent listens. Nothing is asked before it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    path: PathBuf,
}

impl Agent {
    /// The agent of this session: `SSH_AUTH_SOCK`, on Windows else the pipe of its OpenSSH.
    pub fn here() -> Option<Self> {
        let named = std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
        let pipe = || cfg!(windows).then(|| OsString::from(r"\\.\pipe\openssh-ssh-agent"));
        named.or_else(pipe).map(Self::at)
    }

    /// An agent at a socket, or on Windows at a named pipe.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it listens.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the agent holds the private half of a key.
    pub fn holds(&self, public: &PublicKey) -> Result<bool, AgentError> {
        let answer = self.ask(&[REQUEST_IDENTITIES], PATIENCE)?;
        let listed = listed(&answer).ok_or_else(|| self.strange(&answer))?;
        Ok(listed.contains(&public.blob()))
    }

    /// A signature by a key that the agent holds: a name and bytes, and for a security key flags and a counter.
    pub(crate) fn sign(&self, public: &PublicKey, message: &[u8]) -> Result<Vec<u8>, AgentError> {
        const FLAGS: [u8; 4] = [0; 4];
        let mut request = vec![SIGN_REQUEST];
        put_string(&mut request, public.blob());
        put_string(&mut request, message);
        request.extend(FLAGS);
        let touch = public.algorithm() == Algorithm::SkEd25519;
        let answer = self.ask(&request, if touch { PATIENCE_FOR_TOUCH } else { PATIENCE })?;
        signature(&answer).map(<[u8]>::to_vec).ok_or_else(|| self.strange(&answer))
    }

    fn strange(&self, answer: &[u8]) -> AgentError {
        let path = self.path.clone();
        if answer.first() == Some(&FAILURE) {
            AgentError::Refused { path }
        } else {
            AgentError::Strange { path }
        }
    }

    /// One question and its answer, on a connection and in a thread of its own: also connecting may hang.
    fn ask(&self, request: &[u8], patience: Duration) -> Result<Vec<u8>, AgentError> {
        let (sender, receiver) = mpsc::channel();
        let (path, mut framed) = (self.path.clone(), Vec::new());
        put_string(&mut framed, request);
        thread::spawn(move || {
            let answer = connect(&path, patience).and_then(|mut stream| exchange(&mut stream, &framed));
            // Nobody listens any more when it came too late.
            let _ = sender.send(answer);
        });
        let path = self.path.clone();
        match receiver.recv_timeout(patience) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => Err(AgentError::Strange { path }),
            Ok(Err(error)) if is_timeout(&error) => {
                Err(AgentError::Slow { path, seconds: patience.as_secs() })
            }
            Ok(Err(source)) => Err(AgentError::Io { path, source }),
            Err(RecvTimeoutError::Timeout) => Err(AgentError::Slow { path, seconds: patience.as_secs() }),
            Err(RecvTimeoutError::Disconnected) => Err(AgentError::Strange { path }),
        }
    }
}

/// The keys of an answer.
fn listed(answer: &[u8]) -> Option<Vec<&[u8]>> {
    let mut reader = Reader::new(answer);
    (reader.u8()? == IDENTITIES).then_some(())?;
    let mut keys = Vec::new();
    for _ in 0..reader.u32()? {
        keys.push(reader.string()?);
        let _comment = reader.string()?;
    }
    reader.end()?;
    Some(keys)
}

fn signature(answer: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(answer);
    (reader.u8()? == SIGNED).then_some(())?;
    let signature = reader.string()?;
    reader.end().map(|()| signature)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn exchange(stream: &mut (impl Read + Write), framed: &[u8]) -> io::Result<Vec<u8>> {
    stream.write_all(framed)?;
    stream.flush()?;
    let mut len = [0; 4];
    stream.read_exact(&mut len)?;
    let len = u32::from_be_bytes(len);
    if len > ANSWER_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut answer = vec![0; len as usize];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// The waits in it end a little later than ours, so that the thread ends too.
#[cfg(unix)]
fn connect(path: &Path, patience: Duration) -> io::Result<std::os::unix::net::UnixStream> {
    let stream = std::os::unix::net::UnixStream::connect(path)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

/// A named pipe is opened as a file is. Its waits have no end; the thread ends with the process.
#[cfg(windows)]
#[expect(clippy::disallowed_methods, reason = "a pipe is no state file")]
fn connect(path: &Path, _: Duration) -> io::Result<std::fs::File> {
    std::fs::OpenOptions::new().read(true).write(true).open(path)
}
