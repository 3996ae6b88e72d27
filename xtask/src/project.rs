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

/// What a run was made on.
pub(crate) fn machine() -> Result<Vec<String>> {
    let top = top();
    let said =
        |program: &str, args: &[&str]| Ok::<_, anyhow::Error>(output(&top, program, args)?.trim().to_owned());
    let processors = std::fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo")?;
    let model = processors.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown processor", |rest| rest.trim_start_matches(['\t', ' ', ':']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").context("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    Ok(vec![
        said("date", &["-u", "+%F"])?,
        format!("{model}, {cores} cores"),
        said("uname", &["-sr"])?,
        format!("disk {}", said("stat", &["--file-system", "--format=%T", "."])?),
        said("rustc", &["--version"])?,
        said("/usr/bin/python3", &["--version"])?,
        format!("load at the start {load}"),
    ])
}

/// Puts `text` into a page of the project, between `<!-- NAME: begin -->` and `<!-- NAME: end -->`.
pub(crate) fn write_between(page: &str, name: &str, text: &str) -> Result<()> {
    let path = top().join(page);
    let old = std::fs::read_to_string(&path).with_context(|| page.to_owned())?;
    let new =
        between(&old, name, text).with_context(|| format!("{page} has no <!-- {name}: begin --> and end"))?;
    std::fs::write(&path, new).with_context(|| page.to_owned())
}

fn between(old: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}: begin -->"), format!("<!-- {name}: end -->"));
    let (before, rest) = old.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn what_stands_between_the_marks_is_replaced_and_nothing_else() {
        let old = "# Page\n<!-- a: begin -->\nold\n<!-- a: end -->\nrest\n";
        let new = "# Page\n<!-- a: begin -->\n\nnew\n\n<!-- a: end -->\nrest\n";
        assert_eq!(between(old, "a", "new\n").as_deref(), Some(new));
        assert_eq!(between(new, "a", "new").as_deref(), Some(new));
        assert_eq!(between(old, "b", "new"), None);
    }
}
