//! What stood in the pack when it was made, and what the pack says of its host.

use maud::{Markup, html};

use super::tables::{left_out, table};
use super::words::{stamp, theirs, time};
use crate::html::Seen;
use crate::html::gather::Story;

pub(super) fn draw(seen: &Seen<'_>, story: &Story) -> Markup {
    html! {
        (state(story))
        (rehearsals(story))
        section {
            h2 id="claims" { "What the pack says of the host that packed it" }
            p { "These are claims of that host, but for the digest of the watchdog's source in the pack, which was computed here." }
            pre { @for line in seen.verdict.facts.text().lines() { (theirs(line.trim_end())) "\n" } }
            @for trouble in &story.troubles { p { strong { "Could not be read: " } (theirs(trouble)) } }
        }
        (glossary())
    }
}

fn state(story: &Story) -> Markup {
    let state = &story.state;
    let beats = html! {
        @for it in &state.beats {
            tr {
                td { (theirs(&it.name)) }
                @match &it.beat {
                    Ok((at, status)) => { td.time { (stamp(*at)) } td { (theirs(status)) } },
                    Err(why) => { td colspan="2" { "no heartbeat: " (theirs(why)) } },
                }
            }
        }
    };
    let watches = html! {
        @for watch in &state.watches { tr { td { (theirs(&watch.name)) } td { (theirs(&watch.verdict)) } td { (theirs(&watch.detail)) } } }
    };
    html! {
        section {
            h2 id="state" { "As it stood when the pack was made" }
            p { "These files are not sealed one by one; only the signature of the pack covers them." }
            h3 { "Trading" }
            p { (circuit(story)) }
            h3 { "Last heartbeats" }
            @if state.beats.is_empty() { p { "There is none in this pack." } } @else { (table(&["Who", "When (UTC)", "Status"], &beats)) }
            (left_out(state.beats_left_out as u64, "heartbeat"))
            h3 { "What the watchdog said at last" }
            @if state.watches.is_empty() { p { "Its file is not in this pack, or says nothing." } }
            @else {
                @if let Some(at) = state.last_check { p { "It looked last at " (time(at)) "." } }
                (table(&["Watch", "Verdict", "What was seen"], &watches))
            }
            (left_out(state.watches_left_out as u64, "verdict"))
        }
    }
}

fn circuit(story: &Story) -> Markup {
    html! {
        @match &story.state.face {
            None => "There is no file of the circuit in this pack.",
            Some(Err(why)) => { "The file of the circuit cannot be understood, which counts as paused: " (theirs(why)) },
            Some(Ok(face)) if face.paused => { strong { "Paused" } @if let Some(reason) = &face.reason { ": " (theirs(reason)) } },
            Some(Ok(_)) => "The file of the circuit says that trading was allowed.",
        }
    }
}

fn rehearsals(story: &Story) -> Markup {
    let Some(drill) = &story.state.drill else { return Markup::default() };
    let rows = html! {
        @for row in &drill.rows {
            tr {
                td { (theirs(&row.name)) } td { (theirs(&row.injected)) } td { (theirs(&row.expected)) }
                td { @if row.result == "passed" { "passed" } @else { strong { (theirs(&row.result)) } } }
                td { (theirs(&row.seen)) }
            }
        }
    };
    html! {
        section {
            h2 id="rehearsals" { "The last drill" }
            p { "A drill breaks things on purpose and looks whether they are noticed. "
                @if let Some(at) = drill.at { "It was held at " (time(at)) "." } }
            (table(&["Rehearsal", "What was done", "What had to happen", "Result", "What was seen"], &rows))
            (left_out(drill.left_out as u64, "rehearsal"))
        }
    }
}

fn glossary() -> Markup {
    html! {
        section {
            h2 id="words" { "Words" }
            dl.words {
                dt { "Log" } dd { "A file to which lines are only ever added, such as the decisions of a trading program." }
                dt { "Seal" } dd { "A checksum over all lines so far, signed with a key. It fits only those very lines in that very order." }
                dt { "Key" } dd { "A secret file. Whoever has it can sign. Its fingerprint (SHA256:…) tells it from all others." }
                dt { "Pack" } dd { "The file that was checked here: logs, seals, state and source code, signed as a whole." }
                dt { "Anchor" } dd { "A copy of a seal with somebody else, who attests when they got it." }
                dt { "Heartbeat" } dd { "A sign of life that a program leaves each time it has done its work." }
                dt { "Watchdog" } dd { "Another program that looks at the heartbeats, and pauses trading when they are late or wrong." }
                dt { "Circuit" } dd { "The switch that says whether trading may go on. It turns itself off; only a person turns it on." }
                dt { "Drill" } dd { "A rehearsal of failures with the real programs." }
            }
        }
    }
}
