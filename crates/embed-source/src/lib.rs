//! The source that a program was built from, for build scripts.
//!
//! An auditor who reads source must know that it is the source of the program that ran. So a program says the digest of its
//! own source (`watchdog --version`), and the evidence carries that source. It is the program's crate and the crates of
//! this workspace that it is built with: `Cargo.toml`, `build.rs` and `src/` of each, and the workspace's `Cargo.toml`
//! and `Cargo.lock`, which pins everything else by its hash. No tests beside `src/` and no snapshots: they are not in the
//! program.
//!
//! The digest is the SHA-256 of the list of the files' SHA-256, so that stock tools recompute it. In a folder that holds
//! these files and nothing else:
//!
//! ```sh
//! find * -type f | LC_ALL=C sort | xargs sha256sum | sha256sum
//! ```
//!
//! In a build script, [`name_source`] gives the digest to the program, as `env!("HOLDFAST_SOURCE")`, and [`embed`] writes the
//! files as Rust code. Neither needs git. Both tell cargo what to watch, so that nothing is built again without a change.
#![expect(clippy::disallowed_methods, reason = "a build script reads source, not state")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::Digest as _;

mod cargo;
mod closure;

pub use cargo::{embed, name_source, write_rust};

/// The source of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Paths below the workspace and contents, in byte order of the paths.
    pub files: Vec<(String, Vec<u8>)>,
    /// SHA-256 of the lines `<sha256>  <path>`, in hex.
    pub digest: String,
    /// The files and folders that it was collected from, below the workspace.
    pub watched: Vec<String>,
}

/// Why there is no source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A `Cargo.toml` that cargo would not take either.
    #[error("{path} is not TOML: {error}")]
    Toml {
        /// Which.
        path: PathBuf,
        /// Why.
        error: Box<toml::de::Error>,
    },
    /// Not a member of the workspace.
    #[error("the workspace at {root} has no member named {package}")]
    NoPackage {
        /// The workspace.
        root: PathBuf,
        /// The name.
        package: String,
    },
    /// What cannot be collected would be missing from the evidence.
    #[error("{path}: {what}")]
    Odd {
        /// Where.
        path: String,
        /// What is wrong and what to do.
        what: &'static str,
    },
}

/// Collects the source of `package`, a member of the workspace at `root`.
pub fn collect(root: &Path, package: &str) -> Result<Source, Error> {
    let mut watched = vec!["Cargo.lock".to_owned(), "Cargo.toml".to_owned()];
    for folder in closure::folders(root, package)? {
        watched.push(format!("{folder}/Cargo.toml"));
        let script = format!("{folder}/build.rs");
        if root.join(&script).is_file() {
            watched.push(script);
        }
        watched.push(format!("{folder}/src"));
    }
    let mut files = Vec::new();
    for path in &watched {
        add(root, path, &mut files)?;
    }
    files.sort();
    let digest = digest(&files);
    Ok(Source { files, digest, watched })
}

/// As `sha256sum` of its own output has it.
fn digest(files: &[(String, Vec<u8>)]) -> String {
    let mut list = sha2::Sha256::new();
    for (path, bytes) in files {
        list.update(format!("{}  {path}\n", hex(&sha2::Sha256::digest(bytes))));
    }
    hex(&list.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Adds a file, or all files below a folder.
fn add(root: &Path, path: &str, files: &mut Vec<(String, Vec<u8>)>) -> Result<(), Error> {
    let full = root.join(path);
    let failed = |error| Error::Io { path: full.clone(), error };
    let kind = fs::symlink_metadata(&full).map_err(failed)?.file_type();
    let odd = |what| Err(Error::Odd { path: path.to_owned(), what });
    if kind.is_dir() {
        for entry in fs::read_dir(&full).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_string_lossy();
            // What tests expect, under names that a tar of the old form is too narrow for.
            if name == "snapshots" {
                continue;
            }
            add(root, &format!("{path}/{name}"), files)?;
        }
        return Ok(());
    }
    // What editors leave while somebody works is no source.
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.starts_with('.') || name.ends_with('~') {
        return Ok(());
    }
    if !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte)) {
        return odd(
            "the name has other characters than A-Z a-z 0-9 . _ -, which evidence cannot carry: rename it",
        );
    }
    if !kind.is_file() {
        return odd("is a link or a special file, which evidence cannot carry: put the file itself there");
    }
    files.push((path.to_owned(), fs::read(&full).map_err(failed)?));
    Ok(())
}
