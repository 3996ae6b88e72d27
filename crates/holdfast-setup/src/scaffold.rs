//! `scaffold`: a starter pipeline.

use std::path::{Path, PathBuf};

use holdfast::advice::{Advice, quoted};
use holdfast::sys::{Secrecy, Sys};
use holdfast::{Exit, Root};

use crate::cli::{Cli, Language, ScaffoldArgs};
use crate::files;
use crate::install::place;
use crate::out::{self, Refusal};

const PYTHON: &str = include_str!("../templates/cycle.py");
const SHELL: &str = include_str!("../templates/cycle.sh");

pub(crate) fn scaffold(args: &ScaffoldArgs, cli: &Cli, sys: &Sys) -> Result<Exit, Refusal> {
    let root =
        Root::find(sys.store, cli.root.as_deref()).map_err(|error| Refusal::new(Exit::Config, error))?;
    let bin = match &args.bin {
        Some(dir) => dir.clone(),
        None => place::own_folder()?,
    };
    let (bin, root) = (whole(&bin)?, whole(root.path())?);
    let dir = args.dir.as_deref().map(whole).transpose()?.unwrap_or_else(|| root.clone());
    let (name, text) = starter(args.lang, text_of(&bin)?, text_of(&root)?);
    let path = dir.join(name);
    let is_new = write(sys, &dir, &path, &text).map_err(|error| {
        Refusal::new(Exit::Io, format!("{}: {error}\n  name another folder with --dir DIR", path.display()))
    })?;
    Ok(answer(&root, &path, is_new, cli.json))
}

fn whole(path: &Path) -> Result<PathBuf, Refusal> {
    std::path::absolute(path).map_err(|error| {
        Refusal::new(Exit::Config, format!("{}: {error}\n  name the whole path", path.display()))
    })
}

fn text_of(path: &Path) -> Result<&str, Refusal> {
    path.to_str().ok_or_else(|| {
        Refusal::new(Exit::Config, format!("{} is not Unicode\n  use another path", path.display()))
    })
}

/// The name of the file, and what is in it.
fn starter(language: Language, bin: &str, root: &str) -> (&'static str, String) {
    let (name, text, quote): (_, _, fn(&str) -> String) = match language {
        // What is a string in JSON is one in Python.
        Language::Python => ("cycle.py", PYTHON, |path| serde_json::Value::from(path).to_string()),
        Language::Sh => ("cycle.sh", SHELL, quoted),
    };
    // In one pass: a path that looks like a placeholder is none.
    let filled = text.split("@BIN@").map(|part| part.replace("@ROOT@", &quote(root))).collect::<Vec<_>>();
    (name, filled.join(&quote(bin)))
}

/// Writes it, as a program, if nothing is there.
fn write(sys: &Sys, dir: &Path, path: &Path, text: &str) -> std::io::Result<bool> {
    files::make_folders(sys.store, dir)?;
    if sys.store.stat(path)?.is_some() {
        return Ok(false);
    }
    sys.store.replace(path, text.as_bytes(), Secrecy::Public)?;
    files::set(path, None, Some(0o755))?;
    Ok(true)
}

fn answer(root: &Path, path: &Path, is_new: bool, json: bool) -> Exit {
    if json {
        let what = if is_new { "made" } else { "kept" };
        return out::answer_json(
            &serde_json::json!({ "exit": 0, "path": path.display().to_string(), "what": what }),
        );
    }
    let shown = quoted(&path.to_string_lossy());
    let what = if is_new { "made" } else { "kept, as it is:" };
    let install = Advice::elsewhere(root).call("holdfast-setup", &format!("install --pipeline {shown}"));
    out::answer(&format!(
        "{what} {shown}\n\nNext:\n  try it                   {shown}\n  have it run for ever     {install}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_as_the_language_wants_it_and_never_taken_for_a_placeholder() {
        for (language, bin, root) in [
            (
                Language::Python,
                r#"Path("/b \"@ROOT@\" 'x'")"#,
                r#"Path(os.environ.get("HOLDFAST_ROOT") or "/größe $1")"#,
            ),
            (Language::Sh, "bin='/b \"@ROOT@\" '\\''x'\\'''\n", "root='/größe $1'\n"),
        ] {
            let (_, text) = starter(language, "/b \"@ROOT@\" 'x'", "/größe $1");
            assert!(text.contains(bin) && text.contains(root), "{text}");
        }
    }
}
