//! What people are told: what happened, since when, what is paused, what to do.

use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::incident::Incident;
use crate::advice::Advice;
use crate::calendar::Zone;
use crate::circuit::{Hold, Mode, View};
use crate::local;
use crate::text::printable;

/// How many holds a message names.
const SHOWN: usize = 10;
/// How much of somebody's name and of somebody's words is shown, in characters.
const NAME_MAX: usize = 60;
const WORDS_MAX: usize = 400;
/// The longest text, in bytes.
const TEXT_MAX: usize = 64 << 10;
/// The longest subject, in characters.
const SUBJECT_MAX: usize = 300;

/// One message, about everything that one check found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The same for every copy of it: a receiver can tell a repeated one.
    pub id: String,
    /// The gravest thing in it: `opened`, `worse`, `repeat`, `closed` or `notice`.
    pub kind: String,
    /// One line.
    pub subject: String,
    /// All of it.
    pub text: String,
    /// The incidents that it speaks of.
    pub incidents: Vec<String>,
    /// What each of them has come to, in the words of `kind`.
    #[serde(default)]
    pub turns: Vec<String>,
    /// When it was made, in Unix seconds.
    pub at: f64,
    /// It goes to channels of this level and lower: 1, or 2 for what nobody has acknowledged.
    #[serde(default = "first_level")]
    pub level: u8,
}

fn first_level() -> u8 {
    1
}

/// One thing that people are to be told.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum News {
    Incident(Turn, Box<Incident>),
    Paused(Hold),
    Resumed { by: String, why: String, holds: Vec<String> },
    EditedByHand { voided: Vec<String> },
    TripFailed(String),
    Notice(String),
}

/// What an incident has come to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Turn {
    Opened,
    Worse,
    Repeat,
    /// It failed, was well, and fails again.
    Again,
    /// That goes on and on.
    Flapping,
    /// Nobody has acknowledged it.
    Escalated,
    /// How it ended.
    Closed(String),
}

impl Turn {
    fn kind(&self) -> &'static str {
        match self {
            Turn::Opened | Turn::Again => "opened",
            Turn::Worse | Turn::Flapping | Turn::Escalated => "worse",
            Turn::Repeat => "repeat",
            Turn::Closed(_) => "closed",
        }
    }

    fn line(&self, incident: &Incident, wall: f64, zone: &Zone) -> String {
        let is = format!("{} is {}: {}", incident.watch, incident.verdict.word(), incident.detail);
        let since = || local::since(incident.at, wall, zone);
        match self {
            Turn::Opened => format!("NEW: {is}"),
            Turn::Worse => format!("WORSE: {is}"),
            Turn::Repeat => format!("STILL, {}: {is}", since()),
            Turn::Again => format!("AGAIN, first {}: {is}", since()),
            Turn::Flapping => format!(
                "FLAPPING, failed again {} times {}: {is}; it is told of rarely until it was well for half an hour",
                incident.flaps,
                since()
            ),
            Turn::Escalated => format!("NOBODY HAS ACKNOWLEDGED, {}: {is}", since()),
            Turn::Closed(how) => format!("OVER: {} {how}", incident.watch),
        }
    }
}

impl News {
    fn kind(&self) -> &'static str {
        match self {
            News::Incident(turn, _) => turn.kind(),
            News::TripFailed(_) => "opened",
            News::Paused(_) | News::Resumed { .. } | News::EditedByHand { .. } | News::Notice(_) => "notice",
        }
    }

    /// What a message is about, the gravest first: a pause is not told as the end of something.
    fn rank(&self) -> (u8, &'static str) {
        let grave = matches!(self, News::Paused(_) | News::EditedByHand { .. });
        let rank = match self.kind() {
            "opened" => 0,
            "worse" => 1,
            "repeat" => 2,
            "notice" if grave => 3,
            "closed" => 4,
            _ => 5,
        };
        (rank, self.kind())
    }

    fn incident(&self) -> Option<&Incident> {
        if let News::Incident(_, incident) = self { Some(incident) } else { None }
    }

    fn line(&self, wall: f64, zone: &Zone) -> String {
        match self {
            News::Incident(turn, incident) => turn.line(incident, wall, zone),
            News::Paused(hold) => {
                let host = printable(&hold.host, NAME_MAX);
                format!("PAUSED {} on {host}: {}", by(hold), printable(&hold.reason, WORDS_MAX))
            }
            News::Resumed { by, why, holds } => {
                let (by, why) = (printable(by, NAME_MAX), printable(why, WORDS_MAX));
                format!("RESUMED by {by}: {why} (lifted: {})", listed(holds))
            }
            News::EditedByHand { voided } => {
                format!("EDITED BY HAND: data/circuit.json no longer holds: {}", listed(voided))
            }
            News::TripFailed(what) => what.clone(),
            News::Notice(what) => format!("NOTE: {what}"),
        }
    }
}

/// `by ann`; a hold that a hand made says so itself.
fn by(hold: &Hold) -> String {
    let by = printable(&hold.by, NAME_MAX);
    if by.starts_with("by ") { by } else { format!("by {by}") }
}

/// Causes of holds in one line.
fn listed(reasons: &[String]) -> String {
    let mut shown: Vec<String> =
        reasons.iter().take(SHOWN).map(|reason| printable(reason, WORDS_MAX)).collect();
    if reasons.len() > SHOWN {
        shown.push(format!("and {} more", reasons.len() - SHOWN));
    }
    shown.join("; ")
}

/// Everything that a message needs beside the news.
pub(super) struct Setting<'a> {
    pub(super) host: &'a str,
    pub(super) root: &'a str,
    pub(super) view: &'a View,
    pub(super) wall: f64,
    /// Nobody of level 1 can be told.
    pub(super) deaf: bool,
}

/// One message for all the news, or none without any, with times as people here read them.
pub(super) fn compose(setting: &Setting, news: &[News], id: impl FnOnce() -> String) -> Option<Message> {
    if news.is_empty() { None } else { compose_in(&local::zone(), setting, news, id) }
}

/// The same for people in `zone`.
pub(super) fn compose_in(
    zone: &Zone,
    setting: &Setting,
    news: &[News],
    id: impl FnOnce() -> String,
) -> Option<Message> {
    let kind = news.iter().map(News::rank).min()?.1;
    let line = |news: &News| news.line(setting.wall, zone);
    let failed = news.iter().any(|news| matches!(news, News::TripFailed(_)));
    let state = if failed { "NOT PAUSED, STOP IT BY HAND" } else { state(setting.view) };
    let first = news.iter().find(|news| news.kind() == kind).map(line).unwrap_or_default();
    // A subject is one line.
    let first = first.lines().next().unwrap_or_default();
    let more = if news.len() > 1 { format!(" (and {} more)", news.len() - 1) } else { String::new() };
    let mut text = headline(setting, zone);
    text.push('\n');
    let paused = |news: &&News| matches!(news, News::Paused(_));
    let unnamed = news.iter().filter(paused).count().saturating_sub(SHOWN);
    let mut named = 0;
    for news in news {
        named += usize::from(paused(&news));
        if paused(&news) && named > SHOWN {
            continue;
        }
        let _ = write!(text, "\n{}", line(news));
        if let Some(incident) = news.incident() {
            let _ = write!(text, "\n  incident {}", incident.id);
        }
    }
    if unnamed > 0 {
        let _ = write!(text, "\nPAUSED {unnamed} times more");
    }
    text.push_str(&to_do(setting, news));
    // By the first, copies of a message and its end are known: it is one of what the message is about.
    let mut told: Vec<&News> = news.iter().filter(|news| news.incident().is_some()).collect();
    told.sort_by_key(|news| news.kind() != kind);
    let incidents = told.iter().filter_map(|news| Some(news.incident()?.id.clone())).collect();
    let turns = told.iter().map(|news| news.kind().to_owned()).collect();
    let escalated = told.iter().filter_map(|news| news.incident()).any(|told| told.escalated);
    Some(Message {
        id: id(),
        kind: kind.to_owned(),
        subject: format!("[{}] {state}: {}{more}", setting.host, printable(first, SUBJECT_MAX)),
        text: bounded(text),
        incidents,
        turns,
        at: setting.wall,
        level: if setting.deaf || escalated { 2 } else { 1 },
    })
}

/// A message that no reader takes would be lost.
fn bounded(mut text: String) -> String {
    if text.len() > TEXT_MAX {
        text.truncate(text.floor_char_boundary(TEXT_MAX));
        text.push_str("… (cut)");
    }
    text
}

fn state(view: &View) -> &'static str {
    match view.verdict.word() {
        "green" => "armed",
        "reduce" => "REDUCE ONLY",
        _ => "PAUSED",
    }
}

fn headline(setting: &Setting, zone: &Zone) -> String {
    let Setting { host, view, wall, .. } = setting;
    let Some(oldest) = view.holds.first() else { return format!("Trading on {host} is armed (not paused).") };
    let mode = view.holds.iter().map(|hold| hold.mode).max().unwrap_or_default();
    let state = match mode {
        Mode::Halt => "PAUSED",
        Mode::Reduce => "REDUCED to orders that lower risk",
    };
    let since = local::since(oldest.since, *wall, zone);
    let mut text = format!("Trading on {host} is {state} {since}. What holds it:");
    for hold in view.holds.iter().take(SHOWN) {
        let (reason, id) = (printable(&hold.reason, WORDS_MAX), printable(&hold.id, NAME_MAX));
        let _ = write!(text, "\n- {reason} ({}, {id})", by(hold));
    }
    if view.holds.len() > SHOWN {
        let _ = write!(text, "\n- and {} more", view.holds.len() - SHOWN);
    }
    text
}

fn to_do(setting: &Setting, news: &[News]) -> String {
    let advice = Advice::elsewhere(Path::new(setting.root));
    let mut text = String::new();
    if !setting.view.holds.is_empty() {
        text.push_str("\n\nOpen positions and resting orders stay as they are: look at them first.");
        let resume = advice.call("circuit-ctl", "resume");
        let _ = write!(text, "\nWhen it is mended, on a terminal: {resume}");
    }
    let is_open = |news: &&News| !matches!(news, News::Incident(Turn::Closed(_), _));
    if let Some(incident) = news.iter().filter(is_open).find_map(News::incident) {
        let ack = advice.call("circuit-ctl", &format!("ack {}", incident.id));
        let _ = write!(text, "\nTo stop the repeats: {ack}");
    }
    text
}
