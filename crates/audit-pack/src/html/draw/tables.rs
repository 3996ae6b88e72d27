//! All of it once more, in tables.

use maud::{Markup, html};

use super::words::{count, grouped, lasted, stamp, theirs, time};
use crate::anchored::Class;
use crate::html::gather::incidents::Incident;
use crate::html::gather::journal::Entry;
use crate::html::gather::kept::Kept;
use crate::html::gather::logs::LogStory;
use crate::html::gather::pauses::{End, Hold, Pause};
use crate::html::gather::{Anchor, Source, Story};

/// So many rows are shown of a table, the newest; the others are counted.
const ROWS_MAX: usize = 300;

pub(super) fn draw(story: &Story) -> Markup {
    html! {
        (pauses(story))
        (incidents(story))
        (entries("alerts", "Alerts", &story.journal.alerts, ["When (UTC)", "What", "About", "Channel", "Words"], |entry| html! {
            td { (alert(&entry.kind)) } td { (theirs(&entry.about)) } td { (theirs(&entry.channel)) } td { (theirs(&entry.words)) }
        }))
        (entries("drills", "Drills", &story.journal.drills, ["When (UTC)", "By", "On", "Result", ""], |entry| html! {
            td { (theirs(&entry.by)) } td { (theirs(&entry.host)) } td colspan="2" { (theirs(&entry.words)) }
        }))
        (entries("others", "Other events", &story.journal.others, ["When (UTC)", "What", "By", "On", "Words"], |entry| html! {
            td { (theirs(&entry.kind)) } td { (theirs(&entry.by)) } td { (theirs(&entry.host)) } td { (theirs(&entry.words)) }
        }))
        (logs(story))
    }
}

/// A table with a head.
pub(super) fn table(head: &[&str], rows: &Markup) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Table" {
            table {
                thead { tr { @for cell in head { th scope="col" { (cell) } } } }
                tbody { (rows) }
            }
        }
    }
}

pub(super) fn left_out(more: u64, what: &str) -> Markup {
    html! { @if more > 0 { p.left { "Left out: " (count(more, what)) "." } } }
}

/// Where something stands, and how much that is worth.
fn source(source: Option<&Source>, what: &str) -> Markup {
    html! {
        @match source {
            None => p.left { "There is no " (what) " in this pack." },
            Some(source) => p.source {
                "Read from the " (what) ", " (theirs(&source.path)) ", " (count(source.lines, "line"))
                @if source.sealed { ", which is a sealed log." }
                @else { ", which is not sealed: it is as it stood when the pack was made." }
                @if source.unreadable > 0 { " " (count(source.unreadable, "line")) " could not be read and are left out." }
            },
        }
    }
}

fn pauses(story: &Story) -> Markup {
    let skip = story.pauses.len().saturating_sub(ROWS_MAX);
    let rows = html! {
        @for (index, pause) in story.pauses.iter().enumerate().skip(skip) {
            @for (nth, hold) in pause.holds.iter().take(ROWS_MAX).enumerate() { (hold_row(index, nth, pause, hold)) }
            @if pause.holds.len() > ROWS_MAX {
                tr { td colspan="6" { "and " (count((pause.holds.len() - ROWS_MAX) as u64, "cause")) " more" } }
            }
        }
    };
    html! {
        section {
            h2 id="pauses" { "Pauses: when trading was stopped, why, and who let it go on" }
            p { "A pause begins by itself, when the watchdog or a person finds a cause. It ends only by a person. The numbers are those in the timeline." }
            (source(story.ledger_from.as_ref(), "ledger of trips"))
            (source(story.journal_from.as_ref(), "journal"))
            @if story.pauses.is_empty() { p { "No pause is recorded." } }
            @else { (table(&["No.", "From (UTC)", "Why it was paused", "By", "Until (UTC)", "Who let it go on, and why"], &rows)) }
            (left_out(skip as u64, "older pause"))
            (left_out(story.trips_left_out, "older circuit event"))
        }
    }
}

fn hold_row(index: usize, nth: usize, pause: &Pause, hold: &Hold) -> Markup {
    let Entry { at, words, by, watch, mode, .. } = &hold.trip;
    html! {
        tr {
            td.number { @if nth == 0 { strong { (index + 1) } } }
            td.time { (stamp(*at)) }
            td { (theirs(words)) @if mode == "reduce" { " (orders that reduce risk were allowed)" } }
            td { (theirs(by)) @if !watch.is_empty() { ", watch " (theirs(watch)) } }
            @match &hold.end {
                End::Resumed { at: end, by, why } => {
                    td.time { (stamp(*end)) br; span.quiet { (lasted(*at, *end)) } }
                    td { strong { (theirs(by)) } ": " (theirs(why)) }
                },
                End::Edited { at: end, words } => {
                    td.time { (stamp(*end)) br; span.quiet { (lasted(*at, *end)) } }
                    td { strong { "An edit of the file by hand" } @if !words.is_empty() { ": " (theirs(words)) } }
                },
                End::Stands => { td { strong { "still paused" } } td { "It stood when the pack was made." } },
                End::NotRecorded => { td { "not recorded" } td { "No entry that was read names its end." } },
            }
        }
        @if nth > 0 && nth + 1 == pause.holds.len().min(ROWS_MAX) {
            tr.note { td {} td colspan="5" { (count(pause.holds.len() as u64, "cause")) " overlap; trading went on when all of them were lifted." } }
        }
    }
}

fn incidents(story: &Story) -> Markup {
    let skip = story.incidents.len().saturating_sub(ROWS_MAX);
    let row = |it: &Incident| {
        let Entry { at, watch, verdict, words, .. } = &it.opened;
        html! {
            tr {
                td.time { (stamp(*at)) }
                td { (theirs(watch)) } td { (theirs(verdict)) } td { (theirs(words)) }
                @match &it.closed {
                    Some((end, how)) => { td.time { (stamp(*end)) br; span.quiet { (lasted(*at, *end)) } } td { (theirs(how)) } },
                    None if it.stands => { td { strong { "still open" } } td { "It was open when the pack was made." } },
                    None => { td { "not recorded" } td {} },
                }
                td { @if let Some(by) = &it.acked { (theirs(by)) } }
            }
        }
    };
    let rows = html! { @for it in story.incidents.iter().skip(skip) { (row(it)) } };
    html! {
        section {
            h2 id="incidents" { "Incidents: late heartbeats, and whatever else the watchdog saw" }
            @if story.incidents.is_empty() { p { "No incident is recorded." } }
            @else { (table(&["From (UTC)", "Watch", "Verdict", "What was seen", "Until (UTC)", "How it ended", "Seen by"], &rows)) }
            (left_out(skip as u64, "older incident"))
            (left_out(story.journal.incidents.left_out, "older incident event"))
        }
    }
}

fn alert(kind: &str) -> &'static str {
    match kind {
        "alert-accepted" => "accepted",
        "alert-failed" => "refused",
        _ => "reached nobody in time",
    }
}

fn entries(
    id: &str,
    name: &str,
    all: &Kept<Entry>,
    head: [&str; 5],
    row: impl Fn(&Entry) -> Markup,
) -> Markup {
    let skip = all.iter().len().saturating_sub(ROWS_MAX);
    let rows =
        html! { @for entry in all.iter().skip(skip) { tr { td.time { (stamp(entry.at)) } (row(entry)) } } };
    html! {
        section {
            h2 id=(id) { (name) }
            @if all.count() == 0 { p { "None are recorded." } } @else { (table(&head, &rows)) }
            (left_out(all.left_out + skip as u64, "older one"))
        }
    }
}

fn anchors(story: &Story) -> Markup {
    let row = |anchor: &Anchor| {
        html! {
            tr {
                td.name { (theirs(&anchor.log)) } td { (theirs(&anchor.by)) }
                td.number { (grouped(anchor.lines)) }
                td.time { @if let Some(at) = anchor.at { (stamp(at)) } @else { "not said" } }
                td {
                    @match anchor.class {
                        Class::Uniqueness => "that there is no second history",
                        Class::Existence => "that this one was there by then",
                    }
                }
            }
        }
    };
    let rows = html! { @for anchor in story.anchors.iter().take(ROWS_MAX) { (row(anchor)) } };
    html! {
        @if !story.anchors.is_empty() {
            h3 { "Seen by others" }
            (table(&["Log", "Who", "Lines up to there", "When (UTC)", "What it shows"], &rows))
            (left_out(story.anchors.len().saturating_sub(ROWS_MAX) as u64, "anchor"))
        }
    }
}

fn logs(story: &Story) -> Markup {
    let row = |log: &LogStory| {
        html! {
            tr {
                td.name { (theirs(&log.log)) @if let Some(state) = &log.state { br; span.quiet { (theirs(state.origin.as_str())) } } }
                @if let Some(state) = &log.state {
                    td.number { (grouped(state.lines)) } td.number { (grouped(state.seals)) }
                    td.time { @if let Some(begun) = log.begun { (stamp(begun)) } }
                    td.time { @if let Some(ms) = state.sealed_ms { (stamp(ms as f64 / 1e3)) } }
                    td { @if let Some((from, to)) = log.gap { (lasted(from, to)) br; span.quiet { "from " (time(from)) } } }
                    td {
                        @if log.by_packs_key { "the pack's signer" } @else { strong { "another key" } }
                        @if log.key_changes > 0 { "; the key changed " (count(log.key_changes, "time")) }
                        @if log.signed_lines < state.lines { "; only " (count(log.signed_lines, "line")) " are covered by a signature" }
                    }
                } @else { td colspan="6" { "no seals that could be read" } }
            }
        }
    };
    let rows = html! { @for log in story.logs.iter().take(ROWS_MAX) { (row(log)) } };
    html! {
        section {
            h2 id="logs" { "Sealed logs" }
            p { "A seal is a checksum over everything up to a line, signed with a key. If one letter before it is changed later, it does not fit any more." }
            @if story.logs.is_empty() { p { "There is none in this pack." } }
            @else { (table(&["Log", "Lines", "Seals", "Begun (UTC)", "Last seal (UTC)", "Longest time between seals", "Signed by"], &rows)) }
            (left_out(story.logs.len().saturating_sub(ROWS_MAX) as u64, "log"))
            (anchors(story))
        }
    }
}
