//! What no table can tell by itself: names that meet, and names that nothing bears.

use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;

use toml::de::DeValue;

use super::error::Problem;
use super::near::nearest;
use super::section::{Section, Value};
use super::watch::{BeatSource, OnFail, WatchKind};
use super::{Channel, Config};

/// Gives each channel without a name that of its kind, with a number where that is taken.
pub(super) fn name_channels(channels: &mut [Channel]) {
    let mut taken: HashSet<String> = channels.iter().map(|channel| channel.name.clone()).collect();
    for channel in channels.iter_mut().filter(|channel| channel.name.is_empty()) {
        let kind = channel.kind_name();
        let numbered = (2..).map(|number| format!("{kind}-{number}"));
        channel.name = std::iter::once(kind.to_owned())
            .chain(numbered)
            .find(|name| !taken.contains(name))
            .unwrap_or_default();
        taken.insert(channel.name.clone());
    }
}

/// Names and places that meet.
pub(super) fn clashes(config: &Config, file: &Section<'_, '_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let tables = |key| items(file, key);
    let watches = || config.watches.iter().zip(tables("watch"));
    let names = watches().map(|(watch, at)| (watch.name.to_string(), at));
    problems.extend(twice("[[watch]]", "name", names));
    let files = watches().filter_map(|(watch, at)| Some((beat_file(&watch.kind)?, at)));
    problems.extend(twice("[[watch]]", "heartbeat", files));
    problems.extend(twice(
        "[[channel]]",
        "name",
        config.channels.iter().map(|c| c.name.clone()).zip(tables("channel")),
    ));
    problems.extend(twice(
        "[[anchor]]",
        "name",
        config.anchors.iter().map(|a| a.name.to_string()).zip(tables("anchor")),
    ));
    problems.extend(twice(
        "[[service]]",
        "name",
        config.services.iter().map(|s| s.name.to_string()).zip(tables("service")),
    ));
    let ports = config.services.iter().zip(tables("service")).filter_map(|(s, at)| Some((s.port?, at)));
    problems.extend(twice("[[service]]", "port", ports));
    problems.extend(nobody_is_told(config, file));
    problems
}

/// Names that nothing bears.
pub(super) fn dangling(config: &Config, file: &Section<'_, '_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (watch, at) in config.watches.iter().zip(items(file, "watch")) {
        let what = format!("[[watch]] \"{}\"", watch.name);
        problems.extend(watch.during.as_ref().and_then(|name| unknown_calendar(config, &what, name, at)));
        problems.extend(unknown_actions(config, &what, &watch.on_fail, value_at(at, "on_fail")));
    }
    if let (Some(fleet), Some(at)) = (&config.fleet, file.value("fleet")) {
        problems.extend(unknown_actions(
            config,
            "[fleet]",
            &fleet.on_lost_contact,
            value_at(at, "on_lost_contact"),
        ));
    }
    problems
}

fn items<'a, 'i>(file: &Section<'a, 'i>, key: &str) -> impl Iterator<Item = &'a Value<'i>> + use<'a, 'i> {
    let list = file.value(key).and_then(|value| value.get_ref().as_array());
    list.into_iter().flat_map(|items| items.iter())
}

/// The key's value in a table, else the table.
fn value_at<'a, 'i>(table: &'a Value<'i>, key: &str) -> &'a Value<'i> {
    match table.get_ref() {
        DeValue::Table(keys) => keys.get(key).unwrap_or(table),
        _ => table,
    }
}

fn beat_file(kind: &WatchKind) -> Option<String> {
    match kind {
        WatchKind::Heartbeat(BeatSource::File(Some(name))) => Some(format!("data/heartbeats/{name}.json")),
        WatchKind::Heartbeat(BeatSource::File(None)) => Some("data/heartbeat.json".to_owned()),
        _ => None,
    }
}

fn twice<'a, 'i: 'a, T: Display + Eq + Hash>(
    what: &str,
    key: &str,
    values: impl Iterator<Item = (T, &'a Value<'i>)>,
) -> Vec<Problem> {
    let mut seen = HashSet::new();
    let mut problems = Vec::new();
    for (value, table) in values {
        let fact = format!("another {what} has the {key} {value}");
        if !seen.insert(value) {
            let advice = format!("give each {what} a {key} of its own");
            problems.push(Problem::new(&value_at(table, key).span(), fact, advice));
        }
    }
    problems
}

fn unknown_calendar(config: &Config, what: &str, name: &str, watch: &Value<'_>) -> Option<Problem> {
    let known = config.calendars.keys().map(String::as_str);
    (!config.calendars.contains_key(name))
        .then(|| unknown(what, "calendar", name, known, value_at(watch, "during")))
}

fn unknown_actions<'c>(config: &'c Config, what: &str, acts: &'c OnFail, at: &Value<'_>) -> Vec<Problem> {
    let missing = acts.run.iter().filter(|name| !config.actions.contains_key(*name));
    missing.map(|name| unknown(what, "action", name, config.actions.keys().map(String::as_str), at)).collect()
}

fn unknown<'k>(
    what: &str,
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'k str> + Clone,
    at: &Value<'_>,
) -> Problem {
    let all = known.clone().collect::<Vec<_>>().join(", ");
    let advice = match nearest(name, known) {
        _ if all.is_empty() => format!("add a table [{kind}.{name}]"),
        Some(near) => format!("did you mean {near}? there are: {all}"),
        None => format!("add a table [{kind}.{name}], or name one of: {all}"),
    };
    Problem::new(&at.span(), format!("{what}: there is no {kind} {name:?}"), advice)
}

/// **no-silent-alert**: alerts that only go to level 2 reach nobody until they are overdue.
fn nobody_is_told(config: &Config, file: &Section<'_, '_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !config.channels.is_empty() && config.channels.iter().all(|channel| channel.level > 1) {
        let at = items(file, "channel").next().map_or(0..0, |channel| value_at(channel, "level").span());
        let advice = "take level out of one [[channel]]: level 2 is told only of what nobody acknowledged";
        problems.push(Problem::new(&at, "every channel has level = 2: nobody is told at once", advice));
    }
    if config.trip_when_mute.is_some() && config.channels.is_empty() {
        let advice = "add a [[channel]], or take trip_when_mute out";
        problems.push(Problem::new(&file.at("trip_when_mute"), "trip_when_mute without any channel", advice));
    }
    problems
}
