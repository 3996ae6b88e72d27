//! The secrets that are known here, so that none of them gets into a pack.

mod forms;

use std::path::{Path, PathBuf};

use holdfast::config::{ChannelKind, Config, Secret};
use holdfast::sys::{ReadAt, ReadError, Store};
use memchr::memmem;

use super::parcel;

/// What stands in the place of a secret.
pub(super) const STRUCK: &str = "<struck out>";
/// Anything shorter stands everywhere by chance: striking it out would take evidence away.
const WHOLE_MIN: usize = 6;
/// The same for a part of a secret.
const PART_MIN: usize = 16;
/// How much of a log is searched at once, in bytes.
const PIECE: usize = 1 << 20;

/// The secrets, the longest first.
#[derive(Default)]
pub(super) struct Secrets {
    needles: Vec<Needle>,
    /// Files that hold them, and are never packed.
    files: Vec<PathBuf>,
    /// What could not be searched for, and why.
    pub(super) unsearched: Vec<String>,
}

struct Needle {
    bytes: Vec<u8>,
    /// How people are told of it: where it stands, never what it is.
    name: String,
}

/// A secret that stands in a log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InLog {
    /// Which secret.
    pub(super) name: String,
    /// The line in this part of the log, from 1.
    pub(super) line: u64,
}

impl Secrets {
    /// Those of the files that the configuration names, and those that stand in it.
    pub(super) fn gather(store: &dyn Store, root: &Path, config: &Config, key: &Path) -> Self {
        let mut secrets = Self::default();
        let mut named: Vec<(String, PathBuf)> = config
            .secret_files()
            .into_iter()
            .map(|file| (file.display().to_string(), root.join(file)))
            .collect();
        named.push(("the signing key".to_owned(), key.to_owned()));
        for (name, path) in named {
            match store.read(&path) {
                Ok(bytes) => {
                    secrets.add_file(&format!("the secret of {name}"), &String::from_utf8_lossy(&bytes));
                }
                Err(ReadError::Missing) => {}
                Err(error) => secrets.unsearched.push(format!("{name} {error}")),
            }
            secrets.files.push(path);
        }
        secrets.add_inline(config);
        secrets.needles.sort_by(|a, b| b.bytes.len().cmp(&a.bytes.len()).then_with(|| a.bytes.cmp(&b.bytes)));
        secrets.needles.dedup_by(|b, a| a.bytes == b.bytes);
        secrets
    }

    /// This file holds a secret.
    pub(super) fn is_secret_file(&self, path: &Path) -> bool {
        let whole =
            |path: &Path| std::path::absolute(path).ok().map(|path| path.components().collect::<PathBuf>());
        let path = whole(path);
        path.is_none() || self.files.iter().any(|file| whole(file) == path)
    }

    fn add(&mut self, name: &str, secret: &str, min: usize) {
        let secret = secret.trim();
        if secret.len() < min {
            if min == WHOLE_MIN && !secret.is_empty() {
                self.unsearched.push(format!("{name} is shorter than {WHOLE_MIN} characters"));
            }
            return;
        }
        for form in forms::of(secret) {
            if self.needles.iter().all(|needle| needle.bytes != form.as_bytes()) {
                self.needles.push(Needle { bytes: form.into(), name: name.to_owned() });
            }
        }
    }

    /// The content of a file: as a whole, and each line and value that is long enough to be no chance.
    fn add_file(&mut self, name: &str, content: &str) {
        // Nothing but the public half; that is to be seen.
        if content.starts_with("ssh-") || content.starts_with("sk-ssh-") {
            return;
        }
        self.add(name, content, WHOLE_MIN);
        let of_key = parcel::holds_private_key(content.as_bytes());
        for (number, line) in content.lines().map(str::trim).enumerate() {
            // What all unencrypted OpenSSH keys begin with is no secret.
            if content.lines().count() < 2 || line.starts_with("-----") || (of_key && number == 1) {
                continue;
            }
            self.add(name, line, PART_MIN);
            let values = line.split(['=', ':', ',', '"', '\'', ' ', '\t']);
            values
                .filter(|value| !value.contains(['@', '/']))
                .for_each(|value| self.add(name, value, PART_MIN));
        }
    }

    fn add_inline(&mut self, config: &Config) {
        for channel in &config.channels {
            let name = &channel.name;
            match &channel.kind {
                ChannelKind::Webhook { url, headers, .. } => {
                    self.add_url(&format!("the url of the channel {name}"), url);
                    for (header, value) in headers {
                        let name = format!("the header {header} of the channel {name}");
                        self.add(&name, value, PART_MIN);
                        value.split_whitespace().for_each(|word| self.add(&name, word, PART_MIN));
                    }
                }
                ChannelKind::Ntfy { topic: Secret::Plain(topic), .. } => {
                    self.add(&format!("the topic of the channel {name}"), topic, WHOLE_MIN);
                }
                ChannelKind::Command { command } => {
                    self.add_words(&format!("a word of the command of the channel {name}"), command);
                }
                _ => {}
            }
        }
        for (name, action) in &config.actions {
            self.add_words(&format!("a word of the command of the action {name}"), &action.command);
        }
        if let Some(ping) = &config.ping {
            self.add_url("the url of the ping", &ping.url);
        }
    }

    /// The whole address, and its path, which is what is secret about it.
    fn add_url(&mut self, name: &str, url: &Secret) {
        let Secret::Plain(url) = url else { return };
        self.add(name, url, WHOLE_MIN);
        let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| path);
        for part in path.into_iter().flat_map(|path| path.split(['/', '?', '&', '='])) {
            self.add(name, part, PART_MIN);
        }
    }

    /// Of a command, what looks like a token: long, of letters and digits. A path or a flag is none.
    fn add_words(&mut self, name: &str, command: &[String]) {
        for word in command.iter().flat_map(|argument| argument.split(['=', ':', ' '])) {
            let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            let mixed = word.contains(|c: char| c.is_ascii_digit())
                && word.contains(|c: char| c.is_ascii_alphabetic());
            if plain && mixed {
                self.add(name, word, PART_MIN);
            }
        }
    }

    /// The bytes without the secrets, and which ones stood there.
    pub(super) fn strike(&self, mut bytes: Vec<u8>) -> (Vec<u8>, Vec<String>) {
        let mut found = Vec::new();
        for needle in &self.needles {
            let places: Vec<usize> = memmem::find_iter(&bytes, &needle.bytes).collect();
            if places.is_empty() {
                continue;
            }
            let mut clean = Vec::with_capacity(bytes.len());
            let mut at = 0;
            for place in places {
                clean.extend_from_slice(&bytes[at..place]);
                clean.extend_from_slice(STRUCK.as_bytes());
                at = place + needle.bytes.len();
            }
            clean.extend_from_slice(&bytes[at..]);
            bytes = clean;
            if !found.contains(&needle.name) {
                found.push(needle.name.clone());
            }
        }
        (bytes, found)
    }

    /// The first secret in some bytes of a log, which are read in pieces.
    pub(super) fn find(&self, file: &dyn ReadAt, end: u64) -> std::io::Result<Option<InLog>> {
        let overlap = self.needles.first().map_or(0, |needle| needle.bytes.len().saturating_sub(1));
        let mut buf = vec![0; PIECE + overlap];
        let finders: Vec<_> = self.needles.iter().map(|needle| memmem::Finder::new(&needle.bytes)).collect();
        let (mut at, mut lines) = (0, 0);
        while at < end && !finders.is_empty() {
            let most = buf.len().min(usize::try_from(end - at).unwrap_or(usize::MAX));
            let read = file.read_at(at, &mut buf[..most])?;
            let piece = &buf[..read];
            let hits = finders
                .iter()
                .zip(&self.needles)
                .filter_map(|(finder, needle)| Some((finder.find(piece)?, needle)));
            if let Some((place, needle)) = hits.min_by_key(|(place, _)| *place) {
                let line = lines + memchr::memchr_iter(b'\n', &piece[..place]).count() as u64 + 1;
                return Ok(Some(InLog { name: needle.name.clone(), line }));
            }
            if read < most || read as u64 == end - at {
                break;
            }
            let step = read - overlap;
            lines += memchr::memchr_iter(b'\n', &piece[..step]).count() as u64;
            at += step as u64;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(list: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        for secret in list {
            secrets.add(&format!("the secret {}", secret.len()), secret, WHOLE_MIN);
        }
        secrets.needles.sort_by_key(|needle| std::cmp::Reverse(needle.bytes.len()));
        secrets
    }

    #[test]
    fn every_occurrence_is_struck_out_and_named_once() {
        let secrets = secrets(&["hunter2hunter2", "a/\"b\"/c"]);
        for (text, clean, found) in [
            ("nothing here", "nothing here", 0),
            ("xhunter2hunter2x hunter2hunter2", "x<struck out>x <struck out>", 1),
            (r#"{"k":"a/\"b\"/c"}"#, r#"{"k":"<struck out>"}"#, 1),
            (r#"{"k":"a/"b"/c"} hunter2hunter2"#, r#"{"k":"<struck out>"} <struck out>"#, 2),
        ] {
            let (bytes, names) = secrets.strike(text.into());
            assert_eq!((String::from_utf8(bytes).unwrap().as_str(), names.len()), (clean, found), "{text}");
        }
    }

    #[test]
    fn a_secret_is_struck_out_however_a_file_writes_it() {
        let secret = "a&b<\"c\">d/e f?~\u{fc}\u{ff}pq";
        let secrets = secrets(&[secret]);
        // Each written by another program: Python's html, urllib, plistlib and base64.
        for (text, clean) in [
            ("<string>a&amp;b&lt;\"c\"&gt;d/e f?~\u{fc}\u{ff}pq</string>", "<string><struck out></string>"),
            ("k='a&amp;b&lt;&quot;c&quot;&gt;d/e f?~\u{fc}\u{ff}pq'", "k='<struck out>'"),
            ("?k=a%26b%3C%22c%22%3Ed%2Fe%20f%3F~%C3%BC%C3%BFpq&x", "?k=<struck out>&x"),
            ("YSZiPCJjIj5kL2UgZj9+w7zDv3Bx", "<struck out>"),
            ("YSZiPCJjIj5kL2UgZj9+w7zDv3BxCg==", "<struck out>Cg=="),
            ("YSZiPCJjIj5kL2UgZj9-w7zDv3Bx", "<struck out>"),
            ("dTphJmI8ImMiPmQvZSBmP37DvMO/cHE=", "dTp<struck out>E="),
            ("bWU6YSZiPCJjIj5kL2UgZj9+w7zDv3Bx", "bWU6<struck out>"),
        ] {
            let (bytes, names) = secrets.strike(text.into());
            assert_eq!((String::from_utf8(bytes).unwrap().as_str(), names.len()), (clean, 1), "{text}");
        }
        // Too short to be no chance.
        let (bytes, _) = self::secrets(&["hunter2"]).strike(b"aHVudGVyMg==".to_vec());
        assert_eq!(bytes, b"aHVudGVyMg==");
    }

    #[test]
    fn a_secret_is_found_in_its_line_also_where_two_pieces_meet() {
        let secrets = secrets(&["hunter2hunter2"]);
        for before in [0, 10, PIECE - 7, PIECE, PIECE + 5, 2 * PIECE + 3] {
            let mut text = b"x\n".repeat(before / 2);
            text.extend_from_slice(b"hunter2hunter2\n");
            let found = secrets.find(&text, text.len() as u64).unwrap();
            let expected = InLog { name: "the secret 14".to_owned(), line: before as u64 / 2 + 1 };
            assert_eq!(found, Some(expected), "{before}");
            let found = secrets.find(&text, text.len() as u64 - 3).unwrap();
            assert_eq!(found, None, "not in what is packed");
        }
    }

    #[test]
    fn short_secrets_are_told_of_and_constants_of_key_files_are_none() {
        let mut secrets = Secrets::default();
        secrets.add_file("pin", "1234\n");
        assert!(secrets.needles.is_empty() && secrets.unsearched.len() == 1);
        let public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGv3 desk";
        secrets.add_file("key", public);
        assert!(secrets.needles.is_empty());
        secrets.add_file("s3", "[default]\naws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCYEX\n");
        let (bytes, _) = secrets.strike(b"wJalrXUtnFEMIK7MDENGbPxRfiCYEX".to_vec());
        assert_eq!(bytes, STRUCK.as_bytes());
    }
}
