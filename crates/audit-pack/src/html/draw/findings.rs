//! Each finding: what, where, and between which two times it must have happened.

use maud::{Markup, html};

use super::words::{count, grouped, kind, theirs, time_ms};
use crate::finding::{Finding, Interval};
use crate::html::Seen;

/// So many are shown; the others are counted.
const SHOWN_MAX: usize = 200;

pub(super) fn draw(seen: &Seen<'_>) -> Markup {
    let findings = &seen.verdict.findings;
    let shown = findings.listed.len().min(SHOWN_MAX);
    html! {
        section {
            h2 id="findings" { "Findings" }
            @if findings.count == 0 {
                p { "None. "
                    @if seen.verdict.looked_into { "Every file and every record was compared with its seal, its checksum and its signature." } }
            } @else {
                p { (count(findings.count, "finding")) "."
                    @if findings.count > shown as u64 {
                        " The first " (grouped(shown as u64)) " are shown, " (grouped(findings.count - shown as u64)) " are left out." } }
                ol.findings { @for finding in findings.listed.iter().take(shown) { li.card { (one(finding, seen.made_ms)) } } }
            }
        }
    }
}

fn one(finding: &Finding, made_ms: u64) -> Markup {
    let (word, means) = kind(finding.kind);
    html! {
        h3 { (word) ": " (theirs(&finding.file)) (place(finding)) }
        p { (means) }
        @for line in finding.detail.lines() { p.detail { (theirs(line)) } }
        @if finding.was.is_some() || finding.is.is_some() {
            dl.was {
                @if let Some(was) = &finding.was { dt { "It was" } dd.mono { (theirs(was)) } }
                @if let Some(is) = &finding.is { dt { "It is now" } dd.mono { (theirs(is)) } }
            }
        }
        p.when { strong { "When: " } (when(finding, made_ms)) }
    }
}

fn place(finding: &Finding) -> Markup {
    html! {
        @match (finding.line, finding.last_line) {
            (Some(first), Some(last)) => { ", lines " (grouped(first)) " to " (grouped(last)) },
            (Some(line), None) => { ", line " (grouped(line)) },
            _ => {},
        }
        @if let Some(byte) = finding.byte { ", at byte " (grouped(byte)) }
    }
}

fn when(finding: &Finding, made_ms: u64) -> Markup {
    html! {
        @if let Some(Interval { seal, sealed_ms, after_ms }) = &finding.interval {
            "between " (time_ms(*sealed_ms)) " and " (time_ms(made_ms)) ". At the first of them seal " (grouped(*seal))
            " covered it as it was"
            @if let Some(after) = after_ms { " (written since the seal before, of " (time_ms(*after)) ")" }
            "; the second is when this report was made."
        } @else {
            "not known from the seals; at the latest when this report was made, " (time_ms(made_ms)) "."
        }
    }
}
