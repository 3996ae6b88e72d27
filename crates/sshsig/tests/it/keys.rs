//! Private key files.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use holdfast::sys::real::RealStore;
use sshsig::{AskError, Digest, HashKind, Key, KeyError, NewKey, Signature};
use tlog::note::Note;

use crate::common::{Folder, NAMESPACE, PASSPHRASE, assert_ok, keygen, open, unlock, verify};

/// The key signs what `ssh-keygen` verifies with the public file beside it.
fn assert_signs(folder: &Folder, name: &str, key: &mut Key) {
    let digest = Digest::of(HashKind::Sha256, b"message");
    let signature = Signature::sign(key, NAMESPACE, &digest).unwrap();
    let file = folder.write("signature", signature.to_string());
    let allowed = folder.write("allowed", format!("bot@host {}", folder.read(&format!("{name}.pub"))));
    assert_ok(&verify(&allowed, &file, ("bot@host", NAMESPACE), &[], b"message"));
}

#[test]
fn a_key_without_passphrase_is_opened_without_asking() {
    let folder = Folder::new();
    let path = folder.plain("key");
    let mut key = open(&path, None).unwrap();
    assert_eq!(key.comment(), "key");
    assert!(!key.is_in_agent());
    let public = folder.read("key.pub");
    assert!(public.starts_with(&key.public().to_string()), "{public}");
    assert_signs(&folder, "key", &mut key);
}

#[test]
fn a_key_with_passphrase_is_opened_whatever_the_cipher() {
    let folder = Folder::new();
    let ciphers = [
        "aes128-ctr",
        "aes192-ctr",
        "aes256-ctr",
        "aes128-cbc",
        "aes192-cbc",
        "aes256-cbc",
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "chacha20-poly1305@openssh.com",
    ];
    for cipher in ciphers {
        let name = &format!("key-{cipher}");
        let path = folder.key(name, "ed25519", &["-N", PASSPHRASE, "-Z", cipher, "-a", "2"]);
        let mut key = unlock(&path, PASSPHRASE).unwrap_or_else(|error| panic!("{cipher}: {error}"));
        assert_eq!(key.comment(), name);
        assert_signs(&folder, name, &mut key);
        for wrong in ["correct horsf", ""] {
            let refused = unlock(&path, wrong).unwrap_err();
            assert!(matches!(refused, KeyError::Passphrase(_)), "{cipher}: {refused}");
        }
    }
    let path = folder.key("old", "ed25519", &["-N", PASSPHRASE, "-Z", "3des-cbc", "-a", "2"]);
    let refused = unlock(&path, PASSPHRASE).unwrap_err();
    assert!(matches!(&refused, KeyError::Cipher { cipher, .. } if cipher == "3des-cbc"), "{refused}");
    assert!(refused.to_string().contains("ssh-keygen -p -f"), "{refused}");
}

#[test]
fn who_is_asked_is_asked_once_and_may_decline() {
    let folder = Folder::new();
    let path = folder.key("key", "ed25519", &["-N", PASSPHRASE, "-a", "2"]);
    let mut asked = Vec::new();
    let refused = Key::open(&RealStore, &path, None, &mut |path: &Path| {
        asked.push(path.to_owned());
        Err(AskError::NotGiven)
    });
    assert!(matches!(refused, Err(KeyError::Ask { source: AskError::NotGiven, .. })));
    assert_eq!(asked, [path]);
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_chmod_that_mends_it() {
    let folder = Folder::new();
    let path = folder.plain("key");
    let set = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o601, 0o660, 0o644, 0o777] {
        set(mode);
        let refused = open(&path, None).unwrap_err().to_string();
        let shown = path.display();
        assert_eq!(
            refused,
            format!("the key {shown} can be read by others (mode {mode:o}): chmod 600 {shown}")
        );
    }
    for mode in [0o600, 0o400, 0o700] {
        set(mode);
        open(&path, None).unwrap_or_else(|error| panic!("{mode:o}: {error}"));
    }
}

#[test]
fn what_is_no_key_is_refused_with_a_reason() {
    let folder = Folder::new();
    let good = folder.plain("key");
    let text = folder.read("key");
    let private = |name: &str, text: &str| {
        let path = folder.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    folder.key("rsa", "rsa", &["-N", "", "-b", "2048"]);
    folder.key("pem", "rsa", &["-N", "", "-b", "2048", "-m", "PEM"]);
    symlink(folder.path("nothing"), folder.path("dangling")).unwrap();
    symlink(&good, folder.path("link")).unwrap();
    fifo(&folder);
    open(&folder.path("link"), None).unwrap();
    let table = [
        (folder.path("missing"), "is missing: make one with `ssh-keygen -t ed25519 -f "),
        (folder.path("dangling"), "is a link that leads nowhere"),
        (folder.path("."), "is not a regular file (a folder)"),
        (folder.path("fifo"), "is not a regular file (a FIFO, socket or device)"),
        (private("empty", ""), "holds no OpenSSH key"),
        (private("noise", "noise\n"), "holds no OpenSSH key"),
        (private("binary", "\u{1}\u{2}"), "holds no OpenSSH key"),
        (folder.path("rsa"), "is of type ssh-rsa, and only Ed25519 keys sign here"),
        (folder.path("rsa.pub"), "is of type ssh-rsa, and only Ed25519 keys sign here"),
        (folder.path("pem"), "holds no OpenSSH key"),
        (private("cut", &text[..200]), "cannot be read ("),
        (private("two.pub", &folder.read("key.pub").repeat(2)), "holds no OpenSSH key"),
        (private("changed.pub", &folder.read("key.pub").replace("AAAAC3", "AAAAC4")), "is damaged"),
    ];
    for (path, expected) in table {
        let refused = open(&path, None).unwrap_err().to_string();
        assert!(refused.contains(expected) && refused.contains(path.to_str().unwrap()), "{refused}");
    }
}

fn fifo(folder: &Folder) {
    let mut command = std::process::Command::new("mkfifo");
    assert_ok(&crate::common::run(command.arg(folder.path("fifo")), b""));
}

/// No bit of the private half can be turned without notice: the file names the public half twice.
#[test]
fn a_damaged_key_never_signs_as_another() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let folder = Folder::new();
    let path = folder.plain("key");
    let sound = open(&path, None).unwrap();
    let text = folder.read("key");
    let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let bytes = STANDARD.decode(base64).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let base64 = STANDARD.encode(changed);
        let lines: Vec<_> = base64.as_bytes().chunks(70).map(|line| str::from_utf8(line).unwrap()).collect();
        let (begin, end) = ("-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----");
        folder.write("key", format!("{begin}\n{}\n{end}\n", lines.join("\n")));
        if let Ok(key) = open(&path, None) {
            // The comment, and check numbers that both changed, prove nothing.
            assert_eq!(key.public(), sound.public(), "byte {at}");
            let digest = Digest::of(HashKind::Sha256, b"message");
            let mut key = key;
            Signature::sign(&mut key, NAMESPACE, &digest).unwrap();
        }
    }
}

#[test]
fn a_key_signs_notes_under_a_name() {
    let folder = Folder::new();
    let mut key = open(&folder.plain("key"), None).unwrap();
    let mut signer = key.note_key("example.com/bot1/decisions").unwrap();
    let note = Note::sign("example.com/bot1/decisions\n0\nhash\n", &mut [&mut signer]).unwrap();
    let vkey = tlog::note::Signer::vkey(&signer).clone();
    assert_eq!(note.verify(&vkey).unwrap(), note.text());
    assert_eq!(Some(*vkey.public()), key.ed25519());
    assert!(key.note_key("two words").is_err());
}

#[test]
fn the_fingerprint_is_the_one_that_people_see() {
    let folder = Folder::new();
    let path = folder.plain("key");
    let shown = keygen(&["-l", "-f", path.to_str().unwrap()], b"");
    let fingerprint = open(&path, None).unwrap().fingerprint();
    assert!(String::from_utf8(shown.stdout).unwrap().contains(&format!(" {fingerprint} ")));
}

#[test]
fn a_new_key_is_one_that_ssh_keygen_reads_and_that_signs() {
    let folder = Folder::new();
    let new = NewKey::make("made for a test").unwrap();
    let path = folder.write("new", new.private.as_bytes());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    folder.write("new.pub", format!("{}\n", new.public));
    let read = keygen(&["-y", "-f", path.to_str().unwrap()], b"");
    assert_eq!(String::from_utf8_lossy(&read.stdout).trim(), new.public);
    let mut key = open(&path, None).unwrap();
    assert_eq!(key.comment(), "made for a test");
    assert_signs(&folder, "new", &mut key);
    assert_ne!(NewKey::make("made for a test").unwrap().public, new.public);
}
