//! What is collected, and that a shell comes to the same digest.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the tests make folders and run stock tools"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use embed_source::{Source, collect, write_rust};

/// The command that the crate's documentation and the watchdog's page give for a folder with nothing else in it.
const COMMAND: &str = "find * -type f | LC_ALL=C sort | xargs sha256sum | sha256sum";

fn shell(folder: &Path, command: &str) -> String {
    let output = Command::new("sh").current_dir(folder).args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn put(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// A workspace where `dog` needs `lib` (inherited), `low` (by `lib`, on one platform) and `step` (to be built).
fn workspace() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    put(
        dir.path(),
        &[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"crates/*\", \"tests\"]\n[workspace.dependencies]\n\
                 lib = { path = \"crates/lib\" }\nserde = \"1\"\nhelp = { path = \"crates/help\" }\n",
            ),
            ("Cargo.lock", "version = 4\n"),
            (
                "crates/dog/Cargo.toml",
                "[package]\nname = \"dog\"\n[dependencies]\nlib.workspace = true\nserde.workspace = true\n\
                 [build-dependencies]\nstep = { path = \"../step\" }\n[dev-dependencies]\nhelp.workspace = true\n",
            ),
            ("crates/dog/build.rs", "fn main() {}\n"),
            ("crates/dog/src/main.rs", "fn main() {}\n"),
            ("crates/dog/src/.main.rs.swp", "an editor"),
            ("crates/dog/src/main.rs~", "an editor"),
            ("crates/dog/tests/it.rs", "tests"),
            ("crates/dog/README.md", "words"),
            (
                "crates/lib/Cargo.toml",
                "[package]\nname = \"lib\"\n[target.'cfg(unix)'.dependencies]\n\
                 other = { package = \"low\", path = \"../../low\" }\n",
            ),
            ("crates/lib/src/lib.rs", "\r\n"),
            ("crates/lib/src/a/b.rs", ""),
            ("crates/lib/src/a-b.txt", "data that is compiled in"),
            ("crates/step/Cargo.toml", "[package]\nname = \"step\"\n"),
            ("crates/step/src/lib.rs", ""),
            ("crates/help/Cargo.toml", "[package]\nname = \"help\"\n"),
            ("crates/help/src/lib.rs", ""),
            ("low/Cargo.toml", "[package]\nname = \"low\"\n"),
            ("low/src/lib.rs", ""),
            ("tests/Cargo.toml", "[package]\nname = \"tests\"\n"),
        ],
    );
    dir
}

fn unpacked(source: &Source) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, bytes) in &source.files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dir
}

#[test]
fn the_source_is_the_crate_and_what_it_is_built_with() {
    let dir = workspace();
    let source = collect(dir.path(), "dog").unwrap();
    let paths: Vec<_> = source.files.iter().map(|(path, _)| path.as_str()).collect();
    let expected = [
        "Cargo.lock",
        "Cargo.toml",
        "crates/dog/Cargo.toml",
        "crates/dog/build.rs",
        "crates/dog/src/main.rs",
        "crates/lib/Cargo.toml",
        "crates/lib/src/a-b.txt",
        "crates/lib/src/a/b.rs",
        "crates/lib/src/lib.rs",
        "crates/step/Cargo.toml",
        "crates/step/src/lib.rs",
        "low/Cargo.toml",
        "low/src/lib.rs",
    ];
    assert_eq!(paths, expected);
    let bytes = &source.files.iter().find(|(path, _)| path == "crates/lib/src/lib.rs").unwrap().1;
    assert_eq!(bytes, b"\r\n", "as it is");
    assert!(source.watched.iter().any(|path| path == "crates/lib/src"), "{:?}", source.watched);
}

#[test]
fn a_shell_comes_to_the_same_digest_and_so_do_we_from_what_was_unpacked() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (root, package) in [(workspace().path(), "dog"), (own.as_path(), "watchdog")] {
        let source = collect(root, package).unwrap();
        let dir = unpacked(&source);
        assert_eq!(shell(dir.path(), COMMAND), format!("{}  -\n", source.digest), "{package}");
        assert_eq!(collect(dir.path(), package).unwrap(), source, "{package}");
    }
}

#[test]
fn every_change_changes_the_digest() {
    let dir = workspace();
    let mut seen = vec![collect(dir.path(), "dog").unwrap().digest];
    for (path, text) in [
        ("crates/dog/src/main.rs", "fn main() { }\n"),
        ("crates/step/src/more.rs", ""),
        ("Cargo.lock", "version = 3\n"),
        ("low/build.rs", "fn main() {}\n"),
    ] {
        put(dir.path(), &[(path, text)]);
        let digest = collect(dir.path(), "dog").unwrap().digest;
        assert!(!seen.contains(&digest), "{path}");
        seen.push(digest);
    }
    put(dir.path(), &[("crates/help/src/lib.rs", "other"), ("crates/dog/tests/it.rs", "other")]);
    assert_eq!(collect(dir.path(), "dog").unwrap().digest, seen[4], "what is not in the program");
}

#[test]
fn what_would_be_missing_from_the_evidence_is_an_error() {
    let cases: [(&str, &str, &str); 5] = [
        ("crates/lib/src/a b.rs", "", "crates/lib/src/a b.rs: the name has other characters"),
        (
            "low/Cargo.toml",
            "[package]\nname = \"low\"\n[lib]\npath = \"lib.rs\"\n",
            "low/Cargo.toml: the code is not",
        ),
        (
            "low/Cargo.toml",
            "[package]\nname = \"low\"\nbuild = \"b.rs\"\n",
            "low/Cargo.toml: the code is not",
        ),
        (
            "low/Cargo.toml",
            "[dependencies]\nx = { path = \"../../x\" }\n",
            "../../x: is outside of the workspace",
        ),
        ("low/Cargo.toml", "[dependencies\n", "Cargo.toml is not TOML"),
    ];
    for (path, text, reason) in cases {
        let dir = workspace();
        put(dir.path(), &[(path, text)]);
        let error = collect(dir.path(), "dog").unwrap_err().to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    }
    let dir = workspace();
    let error = collect(dir.path(), "cat").unwrap_err().to_string();
    assert!(error.ends_with("has no member named cat"), "{error}");
    fs::remove_file(dir.path().join("Cargo.lock")).unwrap();
    assert!(collect(dir.path(), "dog").unwrap_err().to_string().contains("Cargo.lock: "));
}

#[cfg(unix)]
#[test]
fn a_link_among_the_source_is_an_error() {
    let dir = workspace();
    std::os::unix::fs::symlink("/etc/hosts", dir.path().join("low/src/hosts.rs")).unwrap();
    let error = collect(dir.path(), "dog").unwrap_err().to_string();
    assert!(error.starts_with("low/src/hosts.rs: is a link"), "{error}");
}

/// As a program that includes it would see it.
#[test]
fn the_written_code_gives_the_files_back() {
    let dir = workspace();
    let source = collect(dir.path(), "dog").unwrap();
    write_rust(&source, dir.path()).unwrap();
    let main = "mod source { include!(concat!(env!(\"OUT_DIR\"), \"/source.rs\")); }\n\
                fn main() {\n    println!(\"{}\", source::DIGEST);\n    \
                for (path, bytes) in source::files() { println!(\"{path} {}\", bytes.len()); }\n}\n";
    put(dir.path(), &[("show.rs", main)]);
    let mut rustc = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned()));
    rustc.current_dir(dir.path()).env("OUT_DIR", dir.path()).args([
        "--edition=2024",
        "-Dwarnings",
        "show.rs",
    ]);
    let output = rustc.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = source.files.iter().map(|(path, bytes)| format!("{path} {}", bytes.len()));
    let expected: Vec<_> = std::iter::once(source.digest.clone()).chain(lines).collect();
    assert_eq!(shell(dir.path(), "./show").lines().collect::<Vec<_>>(), expected);
}
