//! Channels for the scenarios: a Telegram on loopback, and programs.

use std::fs;
use std::path::Path;

use holdfast_notify::standin::{CHAT, Telegram};
use holdfast_tests::harness::{Run, Scratch};

/// A channel to this server, with its secret in the root.
pub(crate) fn telegram(root: &Scratch, server: &Telegram) -> String {
    fs::create_dir_all(root.path("secrets")).expect("secrets");
    let token = Telegram::token_file(&root.path("secrets"));
    let (token, url) = (token.display(), server.base_url());
    format!(
        "[[channel]]\nkind = \"telegram\"\ntoken_file = \"{token}\"\nchat = \"{CHAT}\"\nbase_url = \"{url}\"\n"
    )
}

/// A channel that is a shell script; the message comes on stdin.
pub(crate) fn script(name: &str, script: &str) -> String {
    format!(
        "[[channel]]\nkind = \"command\"\nname = \"{name}\"\ncommand = [\"/bin/sh\", \"-c\", '''{script}''']\n"
    )
}

/// A channel that adds every message to a file.
pub(crate) fn to_file(file: &Path) -> String {
    script("mail", &format!("cat >> {}", file.display()))
}

/// A beat as a five-line writer leaves it.
pub(crate) fn beat(root: &Scratch, status: &str, seconds_ago: u32) {
    root.python("writer.py", &[status, &seconds_ago.to_string()]).finish().expect(0);
}
