//! `init`: a root, with all that a first day needs.

mod owner;
mod show;
mod wanted;

use std::path::{Path, PathBuf};

use holdfast::Exit;
use holdfast::config::Config;
use holdfast::sys::{Kind, ReadError, Secrecy, Sys};
use serde::Serialize;
use sshsig::NewKey;

use crate::cli::{Cli, InitArgs};
use crate::files;
use crate::out::Refusal;
use owner::Team;
use wanted::{Entry, Thing};

const CONFIG: &str = include_str!("../../templates/holdfast.toml");
const ZONE: &str = "@ZONE@";

/// What came of a file or a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Fate {
    /// It was not there.
    Made,
    /// It was there, and is as it was.
    Kept,
    /// It was there, and had another owner or mode.
    Mended,
}

/// A path, and what came of it.
#[derive(Clone, Debug, Serialize)]
struct Outcome {
    path: String,
    what: Fate,
}

pub(crate) fn init(args: &InitArgs, cli: &Cli, sys: &Sys) -> Result<Exit, Refusal> {
    let root = place(cli)?;
    let text = config(&args.zone)?;
    let team = Team::find(args)?;
    let init = Init { sys, root: &root, team: team.as_ref() };
    let mut done = Vec::new();
    for entry in wanted::folders(team.as_ref()) {
        done.push(init.settle(&entry)?);
    }
    done.push(init.settle(&wanted::config(text.into_bytes(), team.as_ref()))?);
    let key = init.configured_key()?;
    if let Some(key) = &key {
        done.extend(init.key(key)?);
    }
    for entry in wanted::logs(team.as_ref()) {
        done.push(init.settle(&entry)?);
    }
    Ok(show::answer(&root, &done, key.is_some(), cli.json))
}

/// The root is made where it is told; it need not be there.
fn place(cli: &Cli) -> Result<PathBuf, Refusal> {
    let environment =
        || std::env::var_os("HOLDFAST_ROOT").filter(|value| !value.is_empty()).map(PathBuf::from);
    let told = cli.root.clone().or_else(environment).unwrap_or_else(|| PathBuf::from("."));
    std::path::absolute(&told).map_err(|error| {
        Refusal::new(Exit::Config, format!("{}: {error}\n  name the root with --root DIR", told.display()))
    })
}

/// The configuration, with a zone that there is.
fn config(zone: &str) -> Result<String, Refusal> {
    let text = CONFIG.replace(ZONE, zone);
    match Config::from_bytes(with_examples(&text).as_bytes()) {
        Ok(_) => Ok(text),
        Err(error) => Err(Refusal::new(
            Exit::Usage,
            format!("--zone {zone:?} is no time zone: {}\n  name one as Europe/Berlin", first_line(&error)),
        )),
    }
}

fn first_line(error: &impl ToString) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The same with every example in force.
fn with_examples(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(example) if !example.starts_with([' ', '#']) => format!("{example}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

struct Init<'a> {
    sys: &'a Sys<'a>,
    root: &'a Path,
    team: Option<&'a Team>,
}

impl Init<'_> {
    /// Makes a file or a folder if nothing is there, and sees to its owner and mode.
    fn settle(&self, entry: &Entry) -> Result<Outcome, Refusal> {
        let path = self.root.join(&entry.path);
        let path = if entry.path.is_empty() { self.root.to_owned() } else { path };
        self.settle_at(&path, entry).map(|what| Outcome { path: path.display().to_string(), what }).map_err(
            |error| {
                Refusal::new(
                    Exit::Io,
                    format!("{}: {error}\n  mend that, and do the same again", path.display()),
                )
            },
        )
    }

    fn settle_at(&self, path: &Path, entry: &Entry) -> std::io::Result<Fate> {
        let store = self.sys.store;
        let (found, kind) = (store.stat(path)?, entry.thing.kind());
        match found {
            Some(stat) if stat.kind != kind => {
                let what = if kind == Kind::Dir { "a folder" } else { "a regular file" };
                return Err(std::io::Error::other(format!("is not {what}")));
            }
            Some(_) => {}
            None => match &entry.thing {
                Thing::Folder => files::make_folders(store, path)?,
                Thing::File(bytes, secrecy) => store.replace(path, bytes, *secrecy)?,
            },
        }
        let is_new = found.is_none();
        // Without a team, what is there is as its owner wants it.
        let mode = entry.mode.filter(|_| is_new || self.team.is_some());
        let is_mended = files::set(path, self.team.map(|team| (team.uid, team.gid)), mode)?;
        Ok(match (is_new, is_mended) {
            (true, _) => Fate::Made,
            (false, true) => Fate::Mended,
            (false, false) => Fate::Kept,
        })
    }

    /// Where the configuration that is there now has the key.
    fn configured_key(&self) -> Result<Option<PathBuf>, Refusal> {
        let path = self.root.join("holdfast.toml");
        let advice = "mend it; all its mistakes: watchdog validate";
        let refuse = |error: &dyn std::fmt::Display| {
            Refusal::new(Exit::Config, format!("{} cannot be used: {error}\n  {advice}", path.display()))
        };
        let bytes = self.sys.store.read(&path).map_err(|error: ReadError| refuse(&error))?;
        let config = Config::from_bytes(&bytes).map_err(|error| refuse(&first_line(&error)))?;
        Ok(config.audit.key.map(|key| self.root.join(key)))
    }

    /// The key that seals, without a passphrase: a timer cannot type one.
    fn key(&self, path: &Path) -> Result<Vec<Outcome>, Refusal> {
        let is_there =
            self.sys.store.stat(path).map_err(|error| {
                Refusal::new(Exit::Io, format!("{}: {error}\n  look at it", path.display()))
            })?;
        let at = |path: &Path| path.to_string_lossy().into_owned();
        let secret = |thing| Entry { path: at(path), thing, mode: Some(0o600) };
        if is_there.is_some() {
            return Ok(vec![self.settle(&secret(Thing::File(Vec::new(), Secrecy::Secret)))?]);
        }
        let key = NewKey::make("holdfast").ok_or_else(|| {
            Refusal::new(
                Exit::Io,
                "no key can be made: the system gives no random bytes\n  do the same again",
            )
        })?;
        let public = Entry {
            path: format!("{}.pub", at(path)),
            thing: Thing::File(format!("{}\n", key.public).into_bytes(), Secrecy::Shared),
            mode: None,
        };
        let private = secret(Thing::File(key.private.as_bytes().to_vec(), Secrecy::Secret));
        // The public half first: a crash between them leaves no key that looks complete.
        self.sys.store.remove(Path::new(&public.path)).map_err(|error| Refusal::new(Exit::Io, error))?;
        Ok(vec![self.settle(&public)?, self.settle(&private)?])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_good_as_it_is_and_with_its_examples() {
        let text = config("Europe/Berlin").unwrap();
        let as_it_is = Config::from_bytes(text.as_bytes()).unwrap();
        assert!(as_it_is.watches.is_empty() && as_it_is.channels.is_empty());
        assert_eq!(as_it_is.audit.key.as_deref(), Some(Path::new("secrets/audit_ed25519")));
        let with_examples = Config::from_bytes(with_examples(&text).as_bytes()).unwrap();
        assert_eq!((with_examples.watches.len(), with_examples.channels.len()), (2, 2));
        assert!(with_examples.ping.is_some() && with_examples.calendars.len() == 1);
        assert!(text.contains("zone = \"Europe/Berlin\""));
    }

    #[test]
    fn a_zone_that_is_none_is_refused() {
        for zone in ["Mars/Olympus", "", "a\"\nb = 1"] {
            assert_eq!(config(zone).unwrap_err().exit, Exit::Usage, "{zone:?}");
        }
    }
}
