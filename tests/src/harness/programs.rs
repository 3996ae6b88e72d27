//! Where the programs are that the scenarios run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use super::running::Run;

/// The built program of this name. Fails where it is missing or older than its sources: a test of yesterday's
/// program would show nothing.
pub fn program(name: &str) -> PathBuf {
    let ours = std::env::current_exe().expect("a test has a path");
    // target/PROFILE/deps/scenarios-HASH
    let profile = ours.ancestors().nth(2).expect("a test lies in target/PROFILE/deps");
    let program = profile.join(name);
    let advice = "build all programs first: cargo build --workspace --bins";
    let built = modified(&program).unwrap_or_else(|| panic!("{} is missing; {advice}", program.display()));
    let sources = fs::read_to_string(profile.join(format!("{name}.d"))).unwrap_or_default();
    let newer = sources.split_whitespace().skip(1).find(|source| modified(Path::new(source)) > Some(built));
    assert_eq!(newer, None, "{} is older than this source; {advice}", program.display());
    program
}

/// Puts a copy of the built program into a folder. By another process: what this one has open for writing is open in
/// whatever another test starts just then, and a program that is open for writing cannot be run.
pub fn copy_program(name: &str, folder: &Path) {
    Command::new("/bin/cp").arg(program(name)).arg(folder).finish().expect(0);
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// A script in `tests/python`: the articles' own manner, in a few lines.
pub fn python(script: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script);
    assert!(path.is_file(), "{} is missing", path.display());
    path
}
