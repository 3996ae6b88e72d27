//! Builds into the program what goes into each pack: the watchdog's source and the units that are shipped.
#![expect(clippy::disallowed_methods, reason = "a build script reads source, not state")]

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Where the units are, from the top of the workspace.
const FOLDERS: [&str; 3] = ["plists", "systemd", "windows"];

fn main() -> io::Result<()> {
    embed_source::embed("watchdog");
    let variable = |name| PathBuf::from(std::env::var_os(name).unwrap_or_default());
    let top = variable("CARGO_MANIFEST_DIR").join("../..");
    fs::write(variable("OUT_DIR").join("units.rs"), units(&top)?)
}

/// Path and text of each unit, as Rust code.
fn units(top: &Path) -> io::Result<String> {
    let mut code = String::from("static SHIPPED: &[(&str, &str)] = &[\n");
    for folder in FOLDERS {
        let dir = top.join(folder);
        writeln!(io::stdout(), "cargo::rerun-if-changed={}", dir.display())?;
        let mut names = Vec::new();
        for entry in fs::read_dir(&dir)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        // What editors leave while somebody works is no unit.
        for name in names.iter().filter(|name| !name.starts_with('.') && !name.ends_with('~')) {
            let text = fs::read_to_string(dir.join(name))?;
            let _ = writeln!(code, "    ({:?}, {text:?}),", format!("{folder}/{name}"));
        }
    }
    code.push_str("];\n");
    Ok(code)
}
