//! Signs what stands on stdin, as `ssh-keygen -Y sign` does; asks for a passphrase on the terminal.
//!
//! ```sh
//! cargo run -p sshsig --example sign -- ~/.ssh/id_ed25519 file < letter > letter.sig
//! ```

use std::error::Error;
use std::io::Read as _;
use std::path::Path;

use holdfast::say;
use holdfast::sys::Sys;
use sshsig::{Agent, HashKind, Hasher, Key, Signature, ask_on_terminal};

const PIECE: usize = 64 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, namespace] = &arguments[..] else { return Err("usage: sign KEY NAMESPACE < FILE".into()) };
    let mut hasher = Hasher::new(HashKind::Sha256);
    let mut piece = vec![0; PIECE];
    loop {
        match std::io::stdin().read(&mut piece)? {
            0 => break,
            len => hasher.update(&piece[..len]),
        }
    }
    let mut key = Key::open(Sys::real().store, Path::new(path), Agent::here().as_ref(), &mut ask_on_terminal)
        .map_err(|error| error.to_string())?;
    let signature = Signature::sign(&mut key, namespace, &hasher.finish())?;
    say::answer("sign", &signature.to_string());
    Ok(())
}
