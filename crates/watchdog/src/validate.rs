//! `watchdog validate` and `watchdog test-alert`.

use std::path::Path;
use std::time::Duration;

use holdfast::circuit::new_id;
use holdfast::config::{BeatSource, Config, WatchKind};
use holdfast::sys::{ReadError, Sys};
use holdfast::{Exit, Root};
use holdfast_notify::{Alert, AlertKind, Direct, States, fault, test_alert as try_channels};

use crate::cli::Cli;
use crate::settings;
use crate::{answer, tell};

/// All channels together.
const BUDGET: Duration = Duration::from_secs(25);

/// Reads the configuration and everything that it names.
pub(crate) fn validate(cli: &Cli, sys: &Sys, root: &Root, file: Option<&Path>) -> Exit {
    let path = file.map_or_else(|| root.config(), Path::to_owned);
    let config = match sys.store.read(&path) {
        Ok(bytes) => match std::str::from_utf8(&bytes)
            .map_err(|error| error.to_string())
            .and_then(|text| Config::parse(text).map_err(|error| error.to_string()))
        {
            Ok(config) => config,
            Err(error) => return refuse(cli, &[error]),
        },
        Err(ReadError::Missing) if file.is_none() => {
            return answer(&format!(
                "{} is missing; the defaults are in force
",
                path.display()
            ));
        }
        Err(error) => return refuse(cli, &[format!("{} {error}", path.display())]),
    };
    let faults: Vec<String> = config
        .channels
        .iter()
        .filter_map(|channel| fault(sys.store, root.path(), channel))
        .chain(unbuilt(&config))
        .collect();
    if !faults.is_empty() {
        return refuse(cli, &faults);
    }
    let text = if cli.json {
        let (watches, channels) = (config.watches.len(), config.channels.len());
        format!("{}\n", serde_json::json!({ "valid": true, "watches": watches, "channels": channels }))
    } else {
        summary(&path, &config)
    };
    answer(&text)
}

fn summary(path: &Path, config: &Config) -> String {
    let mut text = format!(
        "{} is valid: {} watch(es), {} channel(s), {} calendar(s), {} action(s)\n",
        path.display(),
        config.watches.len(),
        config.channels.len(),
        config.calendars.len(),
        config.actions.len()
    );
    if config.channels.is_empty() {
        text.push_str("no alert channel is configured: trading is paused all the same, but nobody is told\n");
    }
    text
}

fn refuse(cli: &Cli, faults: &[String]) -> Exit {
    if cli.json {
        // The exit code says more than a failed write.
        let _ = answer(&format!("{}\n", serde_json::json!({ "valid": false, "faults": faults })));
    }
    for fault in faults {
        tell(&format_args!("{fault}"));
    }
    Exit::Config
}

/// What the schema knows and this version does not do: it must not look as if it were done.
fn unbuilt(config: &Config) -> Vec<String> {
    let watches = config
        .watches
        .iter()
        .filter(|watch| !matches!(watch.kind, WatchKind::Heartbeat(BeatSource::File(_))));
    let mut all: Vec<String> = watches
        .map(|watch| {
            format!("[[watch]] {}: this version watches local heartbeats only; take it out", watch.name)
        })
        .collect();
    let actions = config.actions.iter().filter(|(_, action)| action.on_healthy);
    all.extend(actions.map(|(name, _)| format!("[action.{name}]: on_healthy is not built yet; take it out")));
    let keys = [("ping", config.ping.is_some()), ("prometheus_file", config.prometheus_file.is_some())];
    all.extend(
        keys.into_iter()
            .filter(|(_, set)| *set)
            .map(|(key, _)| format!("{key} is not built yet; take it out")),
    );
    all
}

/// Sends a test through each channel.
pub(crate) fn test_alert(cli: &Cli, sys: &Sys<'static>, root: &Root) -> Exit {
    let settings = settings::load(sys, root);
    if let Some(trouble) = &settings.trouble {
        tell(&format_args!("{trouble}"));
        if settings.unusable {
            return Exit::Config;
        }
    }
    let channels = &settings.config.channels;
    if channels.is_empty() {
        tell(&format_args!(
            "no alert channel is configured\n  add a [[channel]] to {}",
            root.config().display()
        ));
        return Exit::Config;
    }
    let wall = sys.clock.now().wall;
    let alert = Alert {
        id: new_id(wall),
        incident: None,
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
        let error =
            (report.accepted == 0).then(|| report.error.unwrap_or_else(|| "no answer in time".to_owned()));
        if error.is_some() {
            exit = Exit::Undelivered;
        }
        let line = match (cli.json, error) {
            (true, error) => {
                serde_json::json!({ "channel": channel.name, "works": error.is_none(), "error": error })
                    .to_string()
            }
            (false, None) => format!("{} {}: works", channel.kind_name(), channel.name),
            (false, Some(error)) => {
                format!("{} {}: DOES NOT WORK: {error}", channel.kind_name(), channel.name)
            }
        };
        exit = exit.and(answer(&(line + "\n")));
    }
    exit
}
