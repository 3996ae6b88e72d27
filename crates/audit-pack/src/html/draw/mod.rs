//! The page. It is read without script and printed, and whatever stands in a pack is text in it and nothing else.

mod appendix;
mod axis;
mod days;
mod findings;
mod lanes;
mod summary;
mod tables;
mod timeline;
mod words;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Seen;
use super::gather::Story;
use words::{count, theirs, time_ms};

const STYLE: &str = include_str!("style.css");

/// The whole page. It is XML, too, so that any strict reader can say whether it is well-formed.
pub(super) fn page(seen: &Seen<'_>) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" xmlns="http://www.w3.org/1999/xhtml" {
            head {
                (meta())
                title { "Evidence report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (summary::draw(seen))
                @if seen.verdict.findings.is_empty() { (summary::limits(seen)) (findings::draw(seen)) }
                @else { (findings::draw(seen)) (summary::limits(seen)) }
                @if let Some(story) = seen.story { (story_of(seen, story)) }
                (end(seen))
            }
        }
    };
    // The only empty elements of HTML that the page has in its body.
    page.into_string().replace("<br>", "<br/>")
}

/// No script, no request: what a browser must not do although somebody got something into the page.
fn meta() -> Markup {
    let digest = bag::Digest::of(STYLE.as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        BASE64_STANDARD.encode(digest.0)
    );
    PreEscaped(format!(
        "<meta charset=\"utf-8\"/>\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\"/>\
         <meta name=\"referrer\" content=\"no-referrer\"/>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
    ))
}

fn story_of(seen: &Seen<'_>, story: &Story) -> Markup {
    let findings = &seen.verdict.findings;
    let axis = timeline::axis(story);
    html! {
        section.overview {
            h2 id="overview" { "Overview" }
            (worth(seen))
            @if let Some(axis) = &axis {
                div.wide tabindex="0" role="region" aria-label="Timeline" { (timeline::draw(story, &findings.listed, axis)) }
                (legend())
                @for (index, days) in story.days.iter().enumerate() { (days::draw(days, index, axis)) }
                @if story.days_left_out > 0 { p.left { "Left out: the days of " (count(story.days_left_out as u64, "log")) "." } }
            } @else {
                p { "Nothing in this pack bears a time." }
            }
        }
        (tables::draw(story))
        (appendix::draw(seen, story))
    }
}

/// What may be believed of all that follows.
fn worth(seen: &Seen<'_>) -> Markup {
    let words = match seen.verdict.exit() {
        holdfast::Exit::Ok => {
            "What follows is read from the records that were checked. The times are those of the host's clock, in UTC."
        }
        holdfast::Exit::No => {
            "What follows is read from a pack in which something is wrong, so none of it is shown to be true. Times are in UTC."
        }
        _ => {
            "What follows is only what the pack says: see above what is missing before it can be relied on. Times are in UTC."
        }
    };
    html! { p.worth { (words) } }
}

fn legend() -> Markup {
    let signs = [
        ("pause", "trading paused"),
        ("reduce", "only orders that reduce risk"),
        ("unknown", "end not recorded"),
        ("late", "heartbeat late"),
        ("wrong", "something else wrong"),
        ("sent", "alert accepted"),
        ("failed", "alert refused, clock or file disturbed"),
        ("work", "watchdog at work"),
        ("seal s3", "sealed: darker is more often"),
        ("found", "records that were changed later"),
    ];
    html! {
        ul.legend aria-label="Colours" {
            @for (class, words) in signs {
                li { svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" { rect class=(class) width="12" height="12" rx="2" {} } (words) }
            }
        }
    }
}

fn end(seen: &Seen<'_>) -> Markup {
    html! {
        footer {
            p { "Made by audit-pack " (env!("CARGO_PKG_VERSION")) " on " (time_ms(seen.made_ms)) " from " (theirs(&seen.verdict.pack))
                ". The same verdict as that of “audit-pack verify”. This page has no script and loads nothing. It is not signed: to be sure of it, "
                "check the pack again." }
        }
    }
}
