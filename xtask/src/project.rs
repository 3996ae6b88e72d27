//! The project's folder, its files and its packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The project's top folder.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// The folder that cargo builds into: this program lies in `target/PROFILE/`.
pub(crate) fn target() -> PathBuf {
    let ours = std::env::current_exe().ok();
    let target = ours.as_deref().and_then(Path::parent).and_then(Path::parent);
    target.map_or_else(|| top().join("target"), Path::to_owned)
}

/// A text file of the project, by its path from the top, with `/` between folders.
pub(crate) struct Text {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Text {
    /// Whether the name ends so.
    pub(crate) fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

/// Every text file: what git has, or would have if it were added.
pub(crate) fn texts(top: &Path) -> Result<Vec<Text>> {
    let listed = output(top, "git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let mut texts = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        match std::fs::read(top.join(path)) {
            Ok(bytes) => {
                texts.extend(String::from_utf8(bytes).ok().map(|text| Text { path: path.to_owned(), text }));
            }

            // Deleted, and git was not told yet.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).context(path.to_owned()),
        }
    }
    texts.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(texts)
}

/// A package of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// The programs that it builds.
    pub(crate) programs: Vec<String>,
    /// Its folder, from the top.
    pub(crate) folder: String,
}

/// The packages of the workspace.
pub(crate) fn packages(top: &Path) -> Result<Vec<Package>> {
    let json = output(top, env!("CARGO"), &["metadata", "--no-deps", "--format-version=1"])?;
    let metadata: Value = serde_json::from_str(&json).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("cargo metadata tells no packages")?;
    packages.iter().map(|package| read_package(top, package).context("cargo metadata")).collect()
}

fn read_package(top: &Path, package: &Value) -> Option<Package> {
    let is_program =
        |target: &&Value| target["kind"].as_array().is_some_and(|kinds| kinds.contains(&"bin".into()));
    let programs = package["targets"].as_array()?.iter().filter(is_program);
    let manifest = Path::new(package["manifest_path"].as_str()?);
    Some(Package {
        name: package["name"].as_str()?.to_owned(),
        description: package["description"].as_str().map(str::to_owned),
        programs: programs.filter_map(|target| Some(target["name"].as_str()?.to_owned())).collect(),
        folder: manifest.parent()?.strip_prefix(top).ok()?.to_str()?.replace('\\', "/"),
    })
}

/// What a command prints, if it succeeds.
pub(crate) fn output(top: &Path, program: &str, args: &[&str]) -> Result<String> {
    let line = || format!("{program} {}", args.join(" "));
    let output = Command::new(program).args(args).current_dir(top).output().with_context(line)?;
    ensure!(output.status.success(), "{}: {}", line(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).with_context(line)
}
