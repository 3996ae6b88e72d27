//! `audit-pack pack`: the evidence in one signed tarball.
//!
//! What is evidence by itself, the sealed logs, is packed as it is. What may hold a secret goes through allow-lists, and
//! everything small is searched for the secrets that are known here.

mod config;
mod guide;
mod host;
pub(crate) mod logs;
mod parcel;
mod secrets;
mod state;
mod tell;
mod units;
mod write;

use std::fmt::Display;
use std::path::{Path, PathBuf};

use bag::Recipe;
use holdfast::Exit;
use holdfast::time::iso;
use sshsig::Key;

use crate::cli::PackArgs;
use crate::context::{Chosen, Configured, Context};
use crate::{keys, out, sealing};
use guide::Guide;
use host::{Facts, Sources};
use logs::{LogError, LogFact};
use parcel::Parcel;
use secrets::Secrets;
use state::Includes;
use tell::Summary;

/// The longest name that a pack is given by itself.
const NAME_MAX: usize = 80;

pub(crate) fn run(args: &PackArgs, context: &Context<'_>) -> Exit {
    match pack(args, context) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn pack(args: &PackArgs, context: &Context<'_>) -> Result<Exit, Exit> {
    let configured = context.configured()?;
    if let Some(output) = &args.output {
        top_folder(context, output)?;
    }
    let chosen = present(context, context.choose(&[], args.key.as_deref())?);
    let key_path = key_path(args, context, &configured, &chosen)?;
    // A log that cannot be sealed is told, and is no refusal of the pack.
    let mut exit = if args.no_seal { Exit::Ok } else { seal(&context.in_passing(), &chosen) };
    let mut chosen = chosen;
    chosen.extend(context.choose_any_of(&configured.past())?);
    let nothing = |why: &dyn Display, exit| context.refuse(&format_args!("nothing was packed: {why}"), exit);
    let mut key =
        context.keyring.open(context.sys.store, &key_path).map_err(|error| nothing(&error, Exit::Config))?;
    let config = &configured.settings.config;
    let root = configured.root.path();
    let secrets = Secrets::gather(context.sys.store, root, config, &key_path);
    for what in &secrets.unsearched {
        out::tell(&format_args!("{what}: the pack cannot be searched for it"));
    }
    let mut parcel = Parcel::new(context.sys.store);
    let (facts, told) = pack_logs(args, context, &configured, &chosen, &secrets, &mut parcel)?;
    exit = exit.and(told);
    let output = match &args.output {
        Some(output) => output.clone(),
        None => PathBuf::from(default_name(&facts)),
    };
    let name = top_folder(context, &output)?;
    let sources = collect(context, &configured, &secrets, &output, &facts, &mut parcel);
    let all = Facts::new(context.sys, &sources, &facts, &parcel.facts, &parcel.not_packed);
    let text = serde_json::to_string_pretty(&all).map_err(|error| nothing(&error, Exit::Io))?;
    let (text, _) = secrets.strike(format!("{text}\n").into_bytes());
    parcel.exact("data/host/facts.json".to_owned(), text);
    finish(context, &output, &name, &facts, &sources, parcel, &mut key).map(|told| exit.and(told))
}

/// The logs that have begun. One of the defaults that does not exist here is no log of this host.
fn present(context: &Context<'_>, chosen: Vec<Chosen>) -> Vec<Chosen> {
    let there = |path: &Path| !matches!(context.sys.store.stat(path), Ok(None));
    chosen.into_iter().filter(|chosen| there(&chosen.log.path()) || there(&chosen.log.sidecar())).collect()
}

/// The key that seals and signs: as told, as configured, or as the first log remembers it.
fn key_path(
    args: &PackArgs,
    context: &Context<'_>,
    configured: &Configured,
    chosen: &[Chosen],
) -> Result<PathBuf, Exit> {
    if let Some(key) = args.key.clone().or_else(|| configured.key()) {
        return Ok(key);
    }
    let mut known =
        chosen.iter().filter_map(|chosen| keys::of_log(context.sys.store, &chosen.log, None).ok());
    known.next().ok_or_else(|| {
        let why = "nothing was packed: no key is known to sign with\n  name it with --key KEY, or as `key` under [audit] \
                   in holdfast.toml";
        context.refuse(&why, Exit::Config)
    })
}

/// Seals what was appended, so that the evidence is fresh. What is wrong with a log is told, and is evidence: it is
/// packed all the same.
fn seal(context: &Context<'_>, chosen: &[Chosen]) -> Exit {
    let mut exit = Exit::Ok;
    for chosen in chosen {
        if let Err(failed) = sealing::begin_where_missing(context, chosen) {
            exit = exit.and(failed);
            continue;
        }
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method alone is not general enough"
        )]
        let (sealed, full) = sealing::seal(context, chosen, |sealer, signer| sealer.seal(signer));
        exit = exit.and(if full { Exit::Io } else { Exit::Ok });
        match sealed {
            Ok(sealed) if sealed.findings.is_empty() => {}
            Ok(sealed) => {
                let shown = chosen.log.path().display().to_string();
                out::tell(&format_args!(
                    "{shown}: what was sealed long ago is not what it was\n{}",
                    sealed.findings
                ));
                exit = exit.and(Exit::No);
            }
            Err(failed) => exit = exit.and(failed),
        }
    }
    exit
}

fn pack_logs(
    args: &PackArgs,
    context: &Context<'_>,
    configured: &Configured,
    chosen: &[Chosen],
    secrets: &Secrets,
    parcel: &mut Parcel<'_>,
) -> Result<(Vec<LogFact>, Exit), Exit> {
    let (mut facts, mut exit): (Vec<LogFact>, Exit) = (Vec::new(), Exit::Ok);
    for chosen in chosen {
        let log = &chosen.log;
        let source = logs::from_root(configured.root.path(), &log.path());
        let inner = source.clone().unwrap_or_else(|| {
            let number = facts.iter().filter(|fact| fact.path.starts_with("data/log/outside/")).count();
            // Logs outside the root may share a name; their folders tell too much.
            if number == 0 {
                format!("outside/{}", log.name)
            } else {
                format!("outside/{}/{}", number + 1, log.name)
            }
        });
        let source = source.unwrap_or_else(|| log.path().display().to_string());
        let looked = logs::look(context, log, format!("data/log/{inner}"), source.clone());
        let packed =
            looked.and_then(|log| log.pack(context.sys.store, secrets, args.allow_secret_in_log, parcel));
        match packed {
            Ok(fact) => facts.push(fact),
            Err(error @ (LogError::Secret { .. } | LogError::Busy(_) | LogError::File(_))) => {
                let why = format_args!("nothing was packed: {source}: {error}");
                return Err(context.refuse(&why, error.exit()));
            }
            Err(error) => {
                out::tell(&format_args!("{source} is not packed: {error}"));
                parcel.without(&source, error.to_string().lines().next().unwrap_or_default());
                exit = exit.and(error.exit());
            }
        }
    }
    if facts.is_empty() {
        let why = "nothing was packed: there is no sealed log\n  begin with: audit-pack init LOG --key KEY";
        return Err(context.refuse(&why, exit.and(Exit::Config)));
    }
    Ok((facts, exit))
}

/// Everything beside the logs.
fn collect(
    context: &Context<'_>,
    configured: &Configured,
    secrets: &Secrets,
    output: &Path,
    facts: &[LogFact],
    parcel: &mut Parcel<'_>,
) -> Sources {
    let sealed: Vec<String> =
        facts.iter().filter_map(|fact| fact.path.strip_prefix("data/log/")).map(str::to_owned).collect();
    state::pack(&configured.root, &sealed, parcel);
    let home = std::env::home_dir();
    units::pack(context.sys, home.as_deref(), parcel);
    let sources = host::source(context.sys, parcel);
    let includes = Includes { root: &configured.root, secrets, output, sealed: &sealed };
    includes.pack(&configured.settings.config.audit.include, parcel);
    parcel.strike(secrets);
    sources
}

fn finish(
    context: &Context<'_>,
    output: &Path,
    name: &str,
    facts: &[LogFact],
    sources: &Sources,
    parcel: Parcel<'_>,
    key: &mut Key,
) -> Result<Exit, Exit> {
    let newest = facts.iter().filter_map(|fact| fact.sealed_ms).max().unwrap_or_default() / 1000;
    let fingerprint = key.fingerprint();
    let guide = Guide {
        name,
        fingerprint: &fingerprint,
        logs: facts.iter().map(|fact| fact.path.as_str()).collect(),
    };
    let info = info(name, context.sys.host, newest);
    let guide = guide.text();
    let recipe = Recipe { name, mtime: newest, info: &info, guide: &guide };
    let packed = Summary::new(output, facts, sources, &parcel, fingerprint.clone());
    let written = write::write(context.sys.store, output, &recipe, parcel.payload(), key)
        .map_err(|error| context.refuse(&format_args!("nothing was packed: {error}"), error.exit()))?;
    Ok(packed.tell(context.json, &written))
}

fn info(name: &str, host: &str, newest: u64) -> Vec<(String, String)> {
    let day = iso(newest as f64);
    let one_line =
        |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned();
    [
        ("Bag-Software-Agent", concat!("audit-pack ", env!("CARGO_PKG_VERSION")).to_owned()),
        ("Bagging-Date", day.split('T').next().unwrap_or_default().to_owned()),
        ("External-Identifier", name.to_owned()),
        (
            "External-Description",
            one_line(&format!("Sealed logs of {host}, and how it is operated; as of the newest seal")),
        ),
    ]
    .map(|(label, value)| (label.to_owned(), value))
    .to_vec()
}

/// `evidence-NAME-LINES.tar`, after the first log.
fn default_name(facts: &[LogFact]) -> String {
    let (origin, lines) = facts.first().map_or(("", 0), |fact| (fact.origin.as_str(), fact.lines));
    let system = origin.rsplit_once('/').map_or(origin, |(system, _)| system);
    let clean: String = system
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' })
        .collect();
    format!("evidence-{}-{lines}.tar", clean.chars().take(NAME_MAX).collect::<String>())
}

/// The folder that everything in the tar lies in: its name without `.tar`.
fn top_folder(context: &Context<'_>, output: &Path) -> Result<String, Exit> {
    let name = output.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".tar"));
    let plain = |name: &&str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !name.is_empty() && name.len() <= 100 && name.bytes().all(allowed) && !name.starts_with(['-', '.'])
    };
    name.filter(plain).map(str::to_owned).ok_or_else(|| {
        let why = format_args!(
            "{} is no name for a pack\n  name it X.tar, with only A-Z a-z 0-9 . _ - in X, which begins with a letter, a \
             digit or _",
            output.display()
        );
        context.refuse(&why, Exit::Usage)
    })
}
