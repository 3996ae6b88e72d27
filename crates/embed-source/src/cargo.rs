//! What a build script tells cargo.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::{Error, Source, collect};

/// Gives the program that is being built the digest of the source of `package`, as `env!("HOLDFAST_SOURCE")`. For a
/// build script; an error ends the build.
pub fn name_source(package: &str) {
    told(source_of(package).map(|_| ()));
}

/// Writes `source.rs` into `OUT_DIR`, for `include!` into a module of its own: `DIGEST`, and `files()` with path and bytes
/// of each file of the source of `package`. For a build script; an error ends the build.
pub fn embed(package: &str) {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    told(source_of(package).and_then(|source| write_rust(&source, &out)));
}

fn source_of(package: &str) -> Result<Source, Error> {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let is_root = |folder: &&Path| folder.join("Cargo.lock").is_file();
    let root = folder.ancestors().find(is_root).ok_or_else(|| Error::Io {
        path: folder.join("Cargo.lock"),
        error: io::Error::new(io::ErrorKind::NotFound, "neither here nor in any folder above"),
    })?;
    let source = collect(root, package)?;
    let mut lines = String::new();
    for path in &source.watched {
        let _ = writeln!(lines, "cargo::rerun-if-changed={}", root.join(path).display());
    }
    let _ = writeln!(lines, "cargo::rustc-env=HOLDFAST_SOURCE={}", source.digest);
    say(&lines);
    Ok(source)
}

fn told(done: Result<(), Error>) {
    if let Err(error) = done {
        say(&format!("cargo::error=the source cannot be collected: {error}\n"));
    }
}

/// To cargo, which reads what a build script prints.
fn say(lines: &str) {
    // Without a reader there is no build.
    let _ = io::stdout().write_all(lines.as_bytes());
}

/// Writes the files as Rust code: `source.rs`, and `source.bin`, which it includes.
pub fn write_rust(source: &Source, out: &Path) -> Result<(), Error> {
    let mut bytes = Vec::new();
    let mut code = format!(
        "/// SHA-256 of the list of the files' SHA-256, in hex.\n\
         pub(crate) const DIGEST: &str = \"{}\";\n\
         static BYTES: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/source.bin\"));\n\
         static FILES: &[(&str, usize, usize)] = &[\n",
        source.digest
    );
    for (path, content) in &source.files {
        let start = bytes.len();
        bytes.extend_from_slice(content);
        let _ = writeln!(code, "    ({path:?}, {start}, {}),", bytes.len());
    }
    code.push_str(
        "];\n\
         /// Path and bytes of each file, in byte order of the paths.\n\
         pub(crate) fn files() -> impl ExactSizeIterator<Item = (&'static str, &'static [u8])> {\n    \
         FILES.iter().map(|(path, start, end)| (*path, &BYTES[*start..*end]))\n}\n",
    );
    for (name, content) in [("source.bin", bytes.as_slice()), ("source.rs", code.as_bytes())] {
        let path = out.join(name);
        fs::write(&path, content).map_err(|error| Error::Io { path, error })?;
    }
    Ok(())
}
