//! The verdict of a check, in words and for machines.

use std::fmt::Write as _;

use holdfast::Exit;
use holdfast::time::iso;
use serde::Serialize;

use super::{Named, Verdict};
use crate::age::ago;
use crate::anchored::{self, Anchored};
use crate::base::Based;
use crate::context::Context;
use crate::finding::Finding;
use crate::out;
use crate::reconcile::Reconciled;
use crate::unique::Unique;

/// The answer for machines.
#[derive(Serialize)]
struct Answer<'a> {
    log: &'a str,
    verdict: &'static str,
    /// Every byte was hashed again.
    whole: bool,
    sealed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    lines: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    key_is_named: Named,
    seals: u64,
    sealed_ms: Option<u64>,
    signed_lines: u64,
    /// What the log's file is called now, where somebody renamed it since the last seal.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_to: Option<&'a str>,
    unsealed_bytes: u64,
    torn_bytes: u64,
    /// Why it is unsealed or torn for too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<&'a Based>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unique: Option<&'a Unique>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reconcile: Option<&'a Reconciled>,
    /// Why orders and fills could not be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    reconcile_error: Option<String>,
    anchors: usize,
    anchored: &'a Anchored,
    /// What of the anchors is less than was asked for.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    lacks: &'a [String],
    finding_count: u64,
    findings: &'a [Finding],
}

pub(super) fn tell(context: &Context<'_>, shown: &str, verdict: &Verdict) -> Exit {
    let said = if context.json { json(shown, verdict) } else { out::answer(&text(context, shown, verdict)) };
    // An answer that nobody got is an error; a verdict is not made better or worse by it.
    if said == Exit::Ok { verdict.exit() } else { said }
}

fn json(shown: &str, verdict: &Verdict) -> Exit {
    let checked = &verdict.checked;
    let state = checked.state.as_ref();
    out::json(&Answer {
        log: shown,
        verdict: verdict.word(),
        whole: verdict.sealed && !verdict.quick,
        sealed: verdict.sealed,
        origin: state.map(|state| state.origin.as_str()),
        lines: state.map_or(0, |state| state.lines),
        bytes: state.map_or(0, |state| state.bytes),
        root: state.map(|state| state.root.to_string()),
        key: state.map(|state| state.key.to_string()),
        key_is_named: verdict.named,
        seals: state.map_or(0, |state| state.seals),
        sealed_ms: state.and_then(|state| state.sealed_ms),
        signed_lines: checked.signed_lines,
        moved_to: checked.moved.as_ref().map(tlog::FileName::as_str),
        unsealed_bytes: checked.unsealed,
        torn_bytes: checked.tail,
        late: verdict.late.as_deref(),
        base: verdict.base.as_ref(),
        unique: verdict.unique.as_ref(),
        reconcile: verdict.reconciled.as_ref().and_then(|reconciled| reconciled.as_ref().ok()),
        reconcile_error: verdict.not_compared().map(ToString::to_string),
        anchors: verdict.anchored.sources.len(),
        anchored: &verdict.anchored,
        lacks: &verdict.anchored.lacks,
        finding_count: checked.findings.count,
        findings: &checked.findings.listed,
    })
}

fn text(context: &Context<'_>, shown: &str, verdict: &Verdict) -> String {
    let checked = &verdict.checked;
    let mut text = match (checked.findings.count, verdict.sealed, verdict.quick) {
        (0, false, _) => format!("{shown}: as the base has it, or grown from that\n"),
        (0, true, true) => format!("{shown}: unchanged as far as a quick check can see\n"),
        (0, true, false) if verdict.not_compared().is_some() => {
            format!("{shown}: unchanged since it was sealed, and NOT COMPARED with the fills\n")
        }
        (0, true, false) if verdict.reconciles() => format!("{shown}: unchanged since it was sealed\n"),
        (0, true, false) => format!("{shown}: unchanged since it was sealed, and it DOES NOT RECONCILE\n"),
        (1, ..) => format!("{shown}: CHANGED, 1 finding\n"),
        (count, ..) => format!("{shown}: CHANGED, {count} findings\n"),
    };
    text.push_str(&checked.findings.to_string());
    if let Some(base) = &verdict.base {
        let _ = writeln!(text, "  base        {base}");
    }
    if let Some(unique) = &verdict.unique {
        let _ = writeln!(text, "  unique      {unique}");
    }
    match &verdict.reconciled {
        Some(Ok(found)) => _ = writeln!(text, "{}  reconcile   {found}", found.findings),
        Some(Err(error)) => _ = writeln!(text, "  reconcile   NOT COMPARED: {error}"),
        None => {}
    }
    for lack in &verdict.anchored.lacks {
        let _ = writeln!(text, "  LACKS       {lack}");
    }
    if verdict.sealed {
        text.push_str(&of_seals(context, shown, verdict));
    } else {
        text.push_str("  NOT SEALED  only the base was compared: it has no sidecar\n");
    }
    text
}

/// What the sidecar says, and what it does not.
fn of_seals(context: &Context<'_>, shown: &str, verdict: &Verdict) -> String {
    let checked = &verdict.checked;
    let mut text = String::new();
    if let Some(late) = &verdict.late {
        let _ = write!(text, "  UNSEALED    {late}\n              seal it: audit-pack seal {shown}\n");
    }
    if let Some(state) = &checked.state {
        let age = state.sealed_ms.map_or_else(
            || "never sealed".to_owned(),
            |ms| format!("last seal {}, {}", iso(ms as f64 / 1e3), ago(context.now_ms() / 1000, ms / 1000)),
        );
        let named = match verdict.named {
            Named::Outside => "known",
            Named::BySidecar => "NAMED ONLY BY THE SIDECAR ITSELF, which proves nothing: name it with --key",
            Named::Nowhere => "NOT known from outside of the log: name it with --key",
        };
        let _ = write!(
            text,
            "  sealed      {} lines, {} bytes, {} seals; {age}\n  root        {}\n  signed      by {} ({named})\n",
            state.lines, state.bytes, state.seals, state.root, state.key
        );
    }
    if let Some(moved) = &checked.moved {
        let _ = writeln!(
            text,
            "  renamed     what is sealed of it stands in {moved} now; the next seal goes on in the new file, or says why not"
        );
    }
    if verdict.unsigned() > 0 {
        let _ = writeln!(
            text,
            "  UNSIGNED    {} lines of SEALS are covered by no signature: audit-pack seal {shown}",
            verdict.unsigned()
        );
    }
    if verdict.quick {
        text.push_str("  quick       the last seal was hashed again, and nothing before it: leave out --quick for all\n");
    }
    let _ = writeln!(
        text,
        "  unsealed    {} bytes, {} of them behind the last line feed",
        checked.unsealed, checked.tail
    );
    if let Some(state) = &checked.state {
        for line in anchored::tell::lines(&verdict.anchored, state, context.now_ms() / 1000) {
            let _ = writeln!(text, "  anchored    {line}");
        }
    }
    text
}
