//! Which crates of the workspace a program is built with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::Error;

/// The folders of `package` and of the crates of the workspace that it needs, build scripts too, tests not.
pub(crate) fn folders(root: &Path, package: &str) -> Result<BTreeSet<String>, Error> {
    let workspace = read(&root.join("Cargo.toml"))?;
    let workspace = table(&workspace, "workspace").cloned().unwrap_or_default();
    let shared = table(&workspace, "dependencies").cloned().unwrap_or_default();
    let members = members(root, &workspace)?;
    let start = members
        .get(package)
        .cloned()
        .ok_or_else(|| Error::NoPackage { root: root.to_owned(), package: package.to_owned() })?;
    let (mut found, mut waiting) = (BTreeSet::new(), vec![start]);
    while let Some(folder) = waiting.pop() {
        if !found.insert(folder.clone()) {
            continue;
        }
        let manifest = read(&root.join(&folder).join("Cargo.toml"))?;
        refuse_elsewhere(&folder, &manifest)?;
        for (name, dependency) in dependencies(&manifest) {
            let inherited = dependency.get("workspace").and_then(Value::as_bool) == Some(true);
            let (base, said) = if inherited { ("", shared.get(name)) } else { (&*folder, Some(dependency)) };
            if let Some(path) = said.and_then(|said| said.get("path")).and_then(Value::as_str) {
                waiting.push(joined(base, path)?);
            }
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Table, Error> {
    let text = fs::read_to_string(path).map_err(|error| Error::Io { path: path.to_owned(), error })?;
    text.parse().map_err(|error| Error::Toml { path: path.to_owned(), error: Box::new(error) })
}

fn table<'a>(of: &'a Table, key: &str) -> Option<&'a Table> {
    of.get(key).and_then(Value::as_table)
}

/// Folders of the members by the names of their packages.
fn members(root: &Path, workspace: &Table) -> Result<BTreeMap<String, String>, Error> {
    let mut folders = Vec::new();
    let patterns = workspace.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
    for pattern in patterns.iter().filter_map(Value::as_str) {
        let Some(above) = pattern.strip_suffix("/*") else {
            folders.push(pattern.to_owned());
            continue;
        };
        let full = root.join(above);
        let failed = |error| Error::Io { path: full.clone(), error };
        for entry in fs::read_dir(&full).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            folders.push(format!("{above}/{}", name.to_string_lossy()));
        }
    }
    let mut members = BTreeMap::new();
    for folder in folders {
        let path: PathBuf = root.join(&folder).join("Cargo.toml");
        // An unpacked source has only the crates that it needs.
        if !path.is_file() {
            continue;
        }
        let manifest = read(&path)?;
        let name =
            table(&manifest, "package").and_then(|package| package.get("name")).and_then(Value::as_str);
        members.extend(name.map(|name| (name.to_owned(), folder)));
    }
    Ok(members)
}

/// What goes into the program, on any platform.
fn dependencies(manifest: &Table) -> Vec<(&str, &Value)> {
    let targets = table(manifest, "target").into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let scopes = std::iter::once(manifest).chain(targets);
    let kinds = ["dependencies", "build-dependencies"];
    let tables = scopes.flat_map(|scope| kinds.into_iter().filter_map(|kind| table(scope, kind)));
    tables.flatten().map(|(name, value)| (name.as_str(), value)).collect()
}

/// Code outside `src/` would be missing.
fn refuse_elsewhere(folder: &str, manifest: &Table) -> Result<(), Error> {
    let lib = manifest.get("lib").into_iter();
    let programs = manifest.get("bin").and_then(Value::as_array).into_iter().flatten();
    let mut paths = lib.chain(programs).filter_map(|target| target.get("path")?.as_str());
    let script = table(manifest, "package").and_then(|package| package.get("build")).and_then(Value::as_str);
    let elsewhere =
        paths.any(|path| !path.starts_with("src/")) || script.is_some_and(|path| path != "build.rs");
    let what = "the code is not in src/ and build.rs, which are what is collected: move it there";
    if elsewhere { Err(Error::Odd { path: format!("{folder}/Cargo.toml"), what }) } else { Ok(()) }
}

/// A path below the workspace, without `.` and `..`.
fn joined(base: &str, path: &str) -> Result<String, Error> {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_some() => {}
            ".." => {
                let what = "is outside of the workspace, and would be missing from the source";
                return Err(Error::Odd { path: path.to_owned(), what });
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}
