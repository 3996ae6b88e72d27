//! `watchdog validate` and `watchdog test-alert`.

use std::path::Path;
use std::time::Duration;

use holdfast::circuit::new_id;
use holdfast::config::Config;
use holdfast::journal::{self, Entry};
use holdfast::sys::{ReadError, Sys};
use holdfast::{Exit, Root};
use holdfast_notify::{Alert, AlertKind, Direct, States, fault, test_alert as try_channels};

use crate::cli::Cli;
use crate::deliver::LONGEST;
use crate::evaluate::CHECK_MOST;
use crate::{answer, probes, settings, tell, unbuilt};

/// All channels together.
const BUDGET: Duration = Duration::from_secs(25);

/// Reads the configuration and everything that it names.
pub(crate) fn validate(cli: &Cli, sys: &Sys, root: &Root, file: Option<&Path>) -> Exit {
    let path = file.map_or_else(|| root.config(), Path::to_owned);
    let config = match sys.store.read(&path) {
        Ok(bytes) => match Config::from_bytes(&bytes) {
            Ok(config) => config,
            Err(error) => return refuse(cli, &[error.to_string()]),
        },
        Err(ReadError::Missing) if file.is_none() => {
            let note = format!("{} is missing; the defaults are in force", path.display());
            return if cli.json {
                answer(&json(&Config::default(), &[note]))
            } else {
                answer(&(note + "\n"))
            };
        }
        Err(error) => {
            let advice = match error {
                ReadError::Missing => "name a file that is there",
                _ => "make it a regular file of at most 1 MiB that this user can read",
            };
            return refuse(cli, &[format!("{} {error}\n  {advice}", path.display())]);
        }
    };
    let faults: Vec<String> = config
        .channels
        .iter()
        .filter_map(|channel| Some((channel, fault(sys.store, root.path(), channel)?)))
        .map(|(channel, fault)| format!("[[channel]] {}: {fault}", channel.name))
        .chain(ping_fault(&config, sys, root))
        .chain(probes::faults(&config, sys.store, root.path()))
        .chain(unbuilt::parts(&config))
        .collect();
    if !faults.is_empty() {
        return refuse(cli, &faults);
    }
    let notes = notes(&config);
    answer(&if cli.json { json(&config, &notes) } else { summary(&path, &config, &notes) })
}

fn ping_fault(config: &Config, sys: &Sys, root: &Root) -> Option<String> {
    let fault = holdfast_notify::ping_fault(sys.store, root.path(), config.ping.as_ref()?)?;
    Some(format!("[ping]: {fault}"))
}

fn json(config: &Config, notes: &[String]) -> String {
    let (watches, channels) = (config.watches.len(), config.channels.len());
    let valid =
        serde_json::json!({ "valid": true, "watches": watches, "channels": channels, "notes": notes });
    format!("{valid}\n")
}

/// What is good, and yet not what its author may think.
fn notes(config: &Config) -> Vec<String> {
    let most = LONGEST.as_secs_f64();
    let channels = config
        .channels
        .iter()
        .map(|channel| (format!("[[channel]] {}", channel.name), channel.timeout.as_secs_f64()));
    let actions = config
        .actions
        .iter()
        .map(|(name, action)| (format!("[action.{name}]"), action.timeout.as_secs_f64()));
    let cut = channels.chain(actions).filter(|(_, timeout)| *timeout > most);
    let mut notes: Vec<String> = cut
        .map(|(what, timeout)| {
            format!(
                "{what}: of its timeout of {timeout}s, watchdog check gives it {most:.0}s, for it must end within 30 s; \
                 watchdog run gives it all"
            )
        })
        .collect();
    let most = CHECK_MOST.as_secs();
    let asked = config.watches.iter().filter(|watch| watch.kind.is_asked());
    notes.extend(asked.filter(|watch| watch.probe.timeout.0 > CHECK_MOST).map(|watch| {
        let (name, timeout) = (&watch.name, watch.probe.timeout);
        format!(
            "[[watch]] {name}: of its timeout of {timeout}, watchdog check gives it {most}s; watchdog run gives it all"
        )
    }));
    if config.channels.is_empty() {
        notes.push(
            "no alert channel is configured: trading is paused all the same, but nobody is told".to_owned(),
        );
        if config.ping.is_some() {
            notes.push("[ping]: it is sent only while some channel works, so it is never sent".to_owned());
        }
    }
    notes
}

fn summary(path: &Path, config: &Config, notes: &[String]) -> String {
    let mut text = format!(
        "{} is valid: {} watch(es), {} channel(s), {} calendar(s), {} action(s)\n",
        path.display(),
        config.watches.len(),
        config.channels.len(),
        config.calendars.len(),
        config.actions.len()
    );
    text.extend(notes.iter().map(|note| format!("{note}\n")));
    text
}

fn refuse(cli: &Cli, faults: &[String]) -> Exit {
    if cli.json {
        // The exit code says more than a failed write.
        let _ = answer(&format!(
            "{}\n",
            serde_json::json!({ "valid": false, "exit": Exit::Config.code(), "faults": faults })
        ));
    }
    for fault in faults {
        tell(&format_args!("{fault}"));
    }
    Exit::Config
}

/// Sends a test through each channel.
pub(crate) fn test_alert(cli: &Cli, sys: &Sys<'static>, root: &Root) -> Exit {
    let (settings, _) = settings::load(sys, root);
    if let Some(story) = settings.story() {
        if settings.unusable {
            return crate::refuse(cli.json, &story, Exit::Config);
        }
        tell(&story);
    }
    let channels = &settings.config.channels;
    if channels.is_empty() {
        let config = root.config();
        let what = format!("no alert channel is configured\n  add a [[channel]] to {}", config.display());
        return crate::refuse(cli.json, &what, Exit::Config);
    }
    let wall = sys.clock.now().wall;
    let alert = Alert {
        id: new_id(wall),
        incident: None,
        others: Vec::new(),
        kind: AlertKind::Test,
        level: u8::MAX,
        subject: format!("[{}] Holdfast test alert", sys.host),
        text: "Somebody ran watchdog test-alert. If you read this, this channel works. Nothing is wrong."
            .to_owned(),
        at: wall,
        expires_at: wall + BUDGET.as_secs_f64(),
    };
    let transport = Direct::new(*sys, root);
    let delivery = try_channels(sys, root, channels, &States::new(), BUDGET, &alert, &transport);
    let mut exit = Exit::Ok;
    for channel in channels {
        let report = delivery.channels.get(&channel.name).cloned().unwrap_or_default();
        let works = report.accepted > 0;
        let error = report.error.or_else(|| (!works).then(|| "no answer in time".to_owned()));
        if !works {
            exit = Exit::Undelivered;
        }
        let (kind, name) = (channel.kind_name(), &channel.name);
        exit = exit.and(journalled(sys, root, name, works, error.as_deref()));
        let line = match (cli.json, works, error) {
            (true, works, error) => {
                serde_json::json!({ "channel": name, "works": works, "error": error }).to_string()
            }
            (false, true, None) => format!("{kind} {name}: works"),
            (false, true, Some(error)) => format!("{kind} {name}: works, but {error}"),
            (false, false, error) => format!("{kind} {name}: DOES NOT WORK: {}", error.unwrap_or_default()),
        };
        exit = exit.and(answer(&(line + "\n")));
    }
    exit
}

/// What was tried is kept: who asks later whether the channels work is not told that nobody knows.
fn journalled(sys: &Sys, root: &Root, channel: &str, works: bool, why: Option<&str>) -> Exit {
    let by = holdfast::who::by(None);
    let entry =
        Entry::new("channel-tested", by).with("channel", channel).with("works", works).with("why", why);
    match journal::append(sys, root, &entry) {
        Ok(_) => Exit::Ok,
        Err(error) => {
            tell(&format_args!(
                "memory/journal.jsonl cannot be written: {error}\n  the test was made, and is not recorded: mend the disk or the permissions"
            ));
            Exit::Io
        }
    }
}
