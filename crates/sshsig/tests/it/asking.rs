//! The passphrase comes from a terminal, and from nothing else.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Folder, NAMESPACE, PASSPHRASE, run, sign};

/// `examples/sign.rs`, which stands beside this program's folder.
fn program(key: &Path) -> Vec<String> {
    let folder = PathBuf::from(std::env::current_exe().unwrap().ancestors().nth(2).unwrap());
    [&folder.join("examples/sign"), key, Path::new(NAMESPACE)]
        .map(|word| word.to_str().unwrap().to_owned())
        .to_vec()
}

fn locked(folder: &Folder) -> PathBuf {
    folder.key("key", "ed25519", &["-N", PASSPHRASE, "-a", "2"])
}

#[test]
fn without_a_terminal_the_error_says_what_to_do_and_stdin_is_not_asked() {
    let folder = Folder::new();
    let program = program(&locked(&folder));
    let mut command = Command::new("setsid");
    command.arg("--wait").args(&program).env_remove("SSH_AUTH_SOCK");
    let output = run(&mut command, format!("{PASSPHRASE}\n").as_bytes());
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    for word in ["no terminal", "ssh-add", "SSH_AUTH_SOCK", "without passphrase"] {
        assert!(said.contains(word), "{word} in {said}");
    }
}

/// A person whose terminal is not stdin: that is the message.
fn typed(folder: &Folder, key: &Path, answer: &str) -> (String, String) {
    let message = folder.write("message", "message");
    let result = folder.path("result");
    let script = format!("{} < {} > {}", program(key).join(" "), message.display(), result.display());
    let mut command = Command::new("sh");
    command.args(["-c", &script]).env_remove("SSH_AUTH_SOCK");
    let mut session = rexpect::session::spawn_command(command, Some(20_000)).unwrap();
    session.exp_string("Passphrase of ").unwrap();
    session.exp_string("key: ").unwrap();
    session.send_line(answer).unwrap();
    (session.exp_eof().unwrap(), folder.read("result"))
}

#[test]
fn on_a_terminal_a_person_is_asked_and_what_is_typed_is_not_shown() {
    let folder = Folder::new();
    let path = locked(&folder);
    let (shown, signature) = typed(&folder, &path, PASSPHRASE);
    assert!(!shown.contains(PASSPHRASE), "{shown}");
    assert!(keygen_signs_the_same(&folder, &path, &signature), "{shown} {signature}");

    let (shown, signature) = typed(&folder, &path, "wrong");
    assert!(shown.contains("the passphrase does not open the key") && signature.is_empty(), "{shown}");
    let (shown, _) = typed(&folder, &path, "");
    assert!(shown.contains("none was given"), "{shown}");
}

/// With the passphrase taken off.
fn keygen_signs_the_same(folder: &Folder, path: &Path, signature: &str) -> bool {
    let open = folder.path("open");
    std::fs::copy(path, &open).unwrap();
    let file = open.to_str().unwrap();
    let off = crate::common::keygen(&["-q", "-p", "-P", PASSPHRASE, "-N", "", "-f", file], b"");
    crate::common::assert_ok(&off);
    sign(&open, "sha256", b"message") == signature.as_bytes()
}
