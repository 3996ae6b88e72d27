//! Asking a person for a passphrase.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

/// What opens a locked key. It is wiped from memory when it goes.
pub type Passphrase = Zeroizing<String>;

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No terminal: a timer, a service, a pipeline.
    #[error(
        "the key is locked by a passphrase and there is no terminal to ask for it: add the key to an ssh-agent \
         (`ssh-add`) and set SSH_AUTH_SOCK, or take a key without passphrase that only the sealing user can read \
         (`ssh-keygen -t ed25519 -N ''`)"
    )]
    NoTerminal(#[source] io::Error),
    /// Whoever was asked gave none.
    #[error("the key is locked by a passphrase, and none was given")]
    NotGiven,
}

/// Asks on the terminal, never on stdin, and shows nothing of what is typed.
pub fn ask_on_terminal(path: &Path) -> Result<Passphrase, AskError> {
    let question = format!("Passphrase of {}: ", path.display());
    match rpassword::prompt_password(question) {
        Ok(passphrase) if passphrase.is_empty() => Err(AskError::NotGiven),
        Ok(passphrase) => Ok(Zeroizing::new(passphrase)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(AskError::NotGiven),
        Err(error) => Err(AskError::NoTerminal(error)),
    }
}
