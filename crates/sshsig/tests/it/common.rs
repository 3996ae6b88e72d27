//! A folder with keys, and the programs of OpenSSH.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use holdfast::sys::real::RealStore;
use sshsig::{Agent, AskError, Key, KeyError};
use zeroize::Zeroizing;

pub(crate) const NAMESPACE: &str = "pack@holdfast";
pub(crate) const PASSPHRASE: &str = "correct horse";

/// A folder that goes when the test ends.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// A new key by `ssh-keygen`, with these arguments beside the type.
    pub(crate) fn key(&self, name: &str, kind: &str, arguments: &[&str]) -> PathBuf {
        let path = self.path(name);
        let file = path.to_str().unwrap();
        let common = ["-q", "-t", kind, "-C", name, "-f", file];
        assert_ok(&keygen(&[&common, arguments].concat(), b""));
        path
    }

    pub(crate) fn plain(&self, name: &str) -> PathBuf {
        self.key(name, "ed25519", &["-N", ""])
    }
}

pub(crate) fn keygen(arguments: &[&str], stdin: &[u8]) -> Output {
    run(Command::new("ssh-keygen").args(arguments).env_remove("SSH_AUTH_SOCK"), stdin)
}

/// With `TZ` set.
pub(crate) fn keygen_in(zone: &str, arguments: &[&str], stdin: &[u8]) -> Output {
    run(Command::new("ssh-keygen").args(arguments).env("TZ", zone), stdin)
}

pub(crate) fn run(command: &mut Command, stdin: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // Who reads nothing closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

pub(crate) fn assert_ok(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// `ssh-keygen -Y sign`: the text of the signature.
pub(crate) fn sign(key: &Path, hash: &str, message: &[u8]) -> Vec<u8> {
    let hash = format!("-Ohashalg={hash}");
    let output = keygen(&["-Y", "sign", "-f", key.to_str().unwrap(), "-n", NAMESPACE, &hash], message);
    assert_ok(&output);
    output.stdout
}

/// `ssh-keygen -Y verify`, with options such as `-Overify-time=…` behind the others.
pub(crate) fn verify(
    allowed: &Path,
    signature: &Path,
    (identity, namespace): (&str, &str),
    options: &[&str],
    message: &[u8],
) -> Output {
    let (allowed, signature) = (allowed.to_str().unwrap(), signature.to_str().unwrap());
    let common = ["-Y", "verify", "-f", allowed, "-s", signature, "-I", identity, "-n", namespace];
    keygen(&[&common, options].concat(), message)
}

/// Opens a key whose passphrase nobody is asked for.
pub(crate) fn open(path: &Path, agent: Option<&Agent>) -> Result<Key, KeyError> {
    Key::open(&RealStore, path, agent, &mut |_| panic!("nobody is to be asked"))
}

/// Opens a key with a passphrase.
pub(crate) fn unlock(path: &Path, passphrase: &str) -> Result<Key, KeyError> {
    Key::open(&RealStore, path, None, &mut |_| Ok::<_, AskError>(Zeroizing::new(passphrase.to_owned())))
}

/// A string as SSH writes it on the wire.
pub(crate) fn put(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    to.extend(bytes);
}
