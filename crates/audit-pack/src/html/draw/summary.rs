//! The first screen: what was found, in large letters and in words that need no knowledge.

use holdfast::Exit;
use maud::{Markup, html};

use super::words::{count, grouped, lasted, theirs, time, time_ms};
use crate::anchored::Class;
use crate::anchored::tell::Held;
use crate::html::Seen;
use crate::html::gather::Story;
use crate::verify::Verdict;
use crate::verify::trust::Signed;

/// How the verdict looks: class, sign, headline, and what it means.
fn headline(verdict: &Verdict) -> [&'static str; 4] {
    match verdict.exit() {
        Exit::Ok => [
            "good",
            "✓",
            "The records are as they were sealed",
            "Nothing was altered, removed or added since they were sealed and signed.",
        ],
        Exit::No if !verdict.looked_into => [
            "bad",
            "✗",
            "This is not a pack that can be checked",
            "It does not have the form of one, so nothing in it was looked at. Do not rely on it.",
        ],
        Exit::No => [
            "bad",
            "✗",
            "Something was changed: do not rely on these records",
            "Records, files or signatures are not what they were when they were sealed and signed.",
        ],
        _ if matches!(verdict.inner, Signed::Unknown { .. }) => [
            "less",
            "!",
            "Nothing was found changed, but nobody vouches for who signed it",
            "The records fit together. Whether they are the right ones depends on whose key it is.",
        ],
        _ => [
            "less",
            "!",
            "Nothing was found changed, but not all that was asked for is there",
            "The records fit together. What is missing to rely on them is named here.",
        ],
    }
}

pub(super) fn draw(seen: &Seen<'_>) -> Markup {
    let verdict = seen.verdict;
    let [class, sign, words, means] = headline(verdict);
    html! {
        header {
            p.kind { "Evidence report for " (theirs(&verdict.pack)) }
            div class=(format_args!("verdict {class}")) {
                span.sign aria-hidden="true" { (sign) }
                div { h1 { (words) } p { (means) } }
            }
        }
        (list("What is missing to rely on them", &verdict.lacks()))
        @if let Some(story) = seen.story { (numbers(seen, story)) }
        (list("What should be known, too", &verdict.warnings()))
    }
}

fn list(name: &str, all: &[String]) -> Markup {
    html! {
        @if !all.is_empty() {
            section.card { h2 { (name) } ul { @for one in all { li { (theirs(one)) } } } }
        }
    }
}

fn numbers(seen: &Seen<'_>, story: &Story) -> Markup {
    let verdict = seen.verdict;
    let (lines, seals) =
        story.logs.iter().filter_map(|log| log.state.as_ref()).fold((0, 0), |(lines, seals), state| {
            (state.lines.saturating_add(lines), state.seals.saturating_add(seals))
        });
    html! {
        dl.facts {
            div { dt { "Signed by" } dd { (signer(&verdict.inner)) } }
            div { dt { "Sealed between" } dd { (period(verdict, story)) } }
            div {
                dt { "Checked" }
                dd { (count(lines, "record")) " in " (count(story.logs.len() as u64, "sealed log")) ", " (count(seals, "seal"))
                     "; " (count(verdict.files as u64, "file")) ", " (count(verdict.bytes, "byte")) }
            }
            div {
                dt { "Found wrong" }
                dd {
                    @if verdict.findings.count == 0 { "nothing" }
                    @else { strong { (count(verdict.findings.count, "finding")) } ", listed below" }
                }
            }
            div { dt { "Trading was paused" } dd { (paused(story)) } }
            div { dt { "Watchdog saw something wrong" } dd { (incidents(story)) } }
        }
    }
}

fn signer(signed: &Signed) -> Markup {
    html! {
        @match signed {
            Signed::By { identity, fingerprint, .. } => { strong { (theirs(identity)) } br; span.mono { (theirs(fingerprint)) } },
            Signed::Unknown { fingerprint, .. } => {
                strong { "a key that nobody vouches for" } br; span.mono { (theirs(fingerprint)) }
            },
            Signed::Missing => strong { "nobody" },
            Signed::Wrong(_) => strong { "nobody: the signature is wrong" },
        }
    }
}

fn period(verdict: &Verdict, story: &Story) -> Markup {
    let first = story.logs.iter().filter_map(|log| log.begun).reduce(f64::min);
    html! {
        @match (first, verdict.as_of_ms()) {
            (Some(first), Some(last)) => {
                (time(first)) " and " (time_ms(last)) ", " (lasted(first, last as f64 / 1e3)) ", by the clock of the host"
            },
            _ => "nothing is sealed",
        }
    }
}

fn paused(story: &Story) -> Markup {
    let known = story.pauses.iter().filter_map(|pause| pause.to.map(|to| to - pause.from)).sum();
    let standing = story.pauses.iter().filter(|pause| pause.stands()).count();
    html! {
        @if story.journal_from.is_none() && story.ledger_from.is_none() { "not recorded in this pack" }
        @else if story.pauses.is_empty() { "never, as far as it is recorded" }
        @else {
            (count(story.pauses.len() as u64, "time")) ", together " (lasted(0.0, known))
            @if standing > 0 { "; " strong { "and it was paused when the pack was made" } }
        }
    }
}

fn incidents(story: &Story) -> Markup {
    let stand = story.incidents.iter().filter(|it| it.stands).count() as u64;
    let unknown = story.incidents.iter().filter(|it| it.closed.is_none()).count() as u64 - stand;
    html! {
        @if story.journal_from.is_none() { "not recorded in this pack" }
        @else if story.incidents.is_empty() { "never, as far as it is recorded" }
        @else {
            (count(story.incidents.len() as u64, "time"))
            @if stand > 0 { "; " strong { (grouped(stand)) " of them still open when the pack was made" } }
            @if unknown > 0 { "; the end of " (grouped(unknown)) " is not recorded" }
        }
    }
}

/// How many of the logs nobody outside holds against a second history.
fn unwitnessed(verdict: &Verdict) -> Markup {
    let without = verdict.logs.iter().filter(|log| !log.anchored.has(Class::Uniqueness)).count() as u64;
    html! {
        @if verdict.logs.is_empty() { "There is no sealed log here that one could hold." }
        @else { "Of " (count(verdict.logs.len() as u64, "log")) " here, " (grouped(without)) " without one that was checked." }
        @if verdict.held() == Held::Existence {
            " A time stamp shows only that this history was there by then: its owner could have had another one stamped as well."
        }
    }
}

/// What nobody can read out of this.
pub(super) fn limits(seen: &Seen<'_>) -> Markup {
    if seen.story.is_none() {
        return html! { section { h2 id="limits" { "What this does not show" } p { "Anything at all: nothing in it was looked at." } } };
    }
    html! {
        section {
            h2 id="limits" { "What this does not show" }
            ul {
                @if seen.verdict.held() == Held::Uniqueness {
                    li { strong { "What came after the newest anchor. " }
                         "What was sealed before it lay in other people's hands. What was sealed later the owner of the key can still write anew." }
                } @else {
                    li { strong { "That the owner of the key has not written everything anew. " }
                         "Whoever has the key can make another history with other times and seal it in the same way. Only a copy of a "
                         "seal that lay in other people's hands at the time (an “anchor”) excludes that. " (unwitnessed(seen.verdict)) }
                }
                li { strong { "That every decision was recorded. " } "What was never written into a log cannot be missed in it." }
                li { strong { "That what was recorded is true. " } "A program may write that it did something and not have done it." }
                li { strong { "When something happened. " } "All times are those of clocks on the host that kept the records." }
                li { strong { "Who had the key. " } "The signature shows which key it was, not whose hand." }
                li { strong { "Single heartbeats. " }
                     "They are not kept. What is kept is the last one, and when the watchdog found one late." }
            }
        }
    }
}
