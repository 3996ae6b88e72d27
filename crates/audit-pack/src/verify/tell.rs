//! A verdict for people and for machines. Never a bare "ok".

use std::fmt::Write as _;

use holdfast::Exit;
use holdfast::text::printable;
use holdfast::time::iso;
use serde::Serialize;

use super::trust::Signed;
use super::{LogVerdict, Since, Verdict, facts};
use crate::age::ago;
use crate::anchored::tell::Held;
use crate::anchored::{self, Anchored};
use crate::context::Context;
use crate::finding::Finding;
use crate::out;

/// A folder has a longer name only if somebody gave it one.
const NAME_MAX: usize = 100;

/// What no log can prove, in every verdict.
const LIMITS: &str =
    "  not shown: that every decision was recorded at all; that the times, which are claims, are right;
";

#[derive(Serialize)]
struct Answer<'a> {
    pack: &'a str,
    /// The folder in the tar; it says nothing if somebody renamed the tar.
    name: &'a str,
    verdict: &'static str,
    lacks: Vec<String>,
    warnings: Vec<String>,
    files: usize,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    outer_signature: Option<AnswerSigned<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inner_signature: Option<AnswerSigned<'a>>,
    /// When the newest seal was made, by the sealer's clock.
    as_of_ms: Option<u64>,
    #[serde(flatten)]
    facts: facts::Answer<'a>,
    logs: Vec<AnswerLog<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<&'a Since>,
    finding_count: u64,
    findings: &'a [Finding],
}

/// Who signed.
#[derive(Default, Serialize)]
pub(crate) struct AnswerSigned<'a> {
    pub(crate) state: &'static str,
    /// The key of a log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
}

#[derive(Serialize)]
struct AnswerLog<'a> {
    log: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    lines: u64,
    bytes: u64,
    seals: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    key_is_the_packs: bool,
    sealed_ms: Option<u64>,
    signed_lines: u64,
    anchors: usize,
    anchored: &'a Anchored,
}

impl Verdict {
    /// The key that vouches for the pack has also signed this log.
    pub(crate) fn vouches(&self, log: &LogVerdict) -> bool {
        let (Some(state), Some(key)) = (&log.state, self.inner.key()) else { return false };
        key.type_name() == "ssh-ed25519" && key.blob().ends_with(state.key.public())
    }

    /// What stands against another history of its logs.
    pub(crate) fn held(&self) -> Held {
        Held::of(self.logs.iter().map(|log| &log.anchored))
    }

    /// What is less than an auditor wants, although nothing was changed.
    pub(crate) fn lacks(&self) -> Vec<String> {
        let mut lacks = Vec::new();
        if !self.looked_into {
            return lacks;
        }
        match &self.inner {
            Signed::Missing => lacks.push("the pack has no signature".to_owned()),
            Signed::Unknown { fingerprint, why: None, .. } => lacks.push(format!(
                "nobody vouches for the signer {fingerprint}: get the fingerprint another way, then name the key with \
                 --allowed-signers FILE --signer ID"
            )),
            Signed::Unknown { why: Some(why), .. } => lacks.push(why.clone()),
            Signed::By { .. } | Signed::Wrong(_) => {}
        }
        match &self.outer {
            Some(Signed::Missing) => lacks.push(format!(
                "{}.sig is not there: without it names, modes and times in the tar are covered by no signature",
                self.pack
            )),
            Some(Signed::Unknown { why: Some(why), .. }) => {
                lacks.push(format!("the signature beside the pack: {why}"));
            }
            _ => {}
        }
        if self.logs.is_empty() {
            lacks.push("there is no sealed log in it".to_owned());
        }
        lacks.extend(self.below.iter().cloned());
        for log in self.logs.iter().filter(|log| log.state.is_some() && !self.vouches(log)) {
            lacks.push(format!("{} is signed by another key than the pack", log.log));
        }
        if let Some(since) = &self.since {
            lacks.extend(since.lacks.iter().map(|lack| format!("{}: {lack}", since.pack)));
        }
        lacks
    }

    /// What is no change and lacks nothing, and should be known. Of what is not ours nothing is known.
    pub(crate) fn warnings(&self) -> Vec<String> {
        if self.looked_into { self.facts.warnings() } else { Vec::new() }
    }

    /// When the newest seal was made. A pack does not say when it was packed, so that the same inputs give the same pack.
    pub(crate) fn as_of_ms(&self) -> Option<u64> {
        self.logs.iter().filter_map(|log| log.state.as_ref()?.sealed_ms).max()
    }

    pub(crate) fn exit(&self) -> Exit {
        if !self.findings.is_empty() {
            Exit::No
        } else if self.lacks().is_empty() {
            Exit::Ok
        } else {
            Exit::BelowPolicy
        }
    }

    pub(super) fn word(&self) -> &'static str {
        match self.exit() {
            Exit::Ok => "unchanged",
            Exit::No => "changed",
            _ => "below-policy",
        }
    }
}

pub(super) fn tell(context: &Context<'_>, verdict: &Verdict) -> Exit {
    let said = if context.json { out::json(&answer(verdict)) } else { out::answer(&text(context, verdict)) };
    if said == Exit::Ok { verdict.exit() } else { said }
}

/// The verdict for machines.
pub(crate) fn answer(verdict: &Verdict) -> impl Serialize {
    let log = |log: &'_ LogVerdict| {
        let state = log.state.as_ref();
        (
            state.map_or((0, 0, 0), |state| (state.lines, state.bytes, state.seals)),
            state.and_then(|s| s.sealed_ms),
        )
    };
    Answer {
        pack: &verdict.pack,
        name: &verdict.name,
        verdict: verdict.word(),
        lacks: verdict.lacks(),
        warnings: verdict.warnings(),
        files: verdict.files,
        bytes: verdict.bytes,
        outer_signature: verdict.outer.as_ref().map(signed),
        inner_signature: verdict.looked_into.then(|| signed(&verdict.inner)),
        as_of_ms: verdict.as_of_ms(),
        facts: verdict.facts.answer(),
        logs: verdict
            .logs
            .iter()
            .map(|one| {
                let ((lines, bytes, seals), sealed_ms) = log(one);
                AnswerLog {
                    log: &one.log,
                    origin: one.state.as_ref().map(|state| state.origin.as_str()),
                    lines,
                    bytes,
                    seals,
                    root: one.state.as_ref().map(|state| state.root.to_string()),
                    key: one.state.as_ref().map(|state| state.key.to_string()),
                    key_is_the_packs: verdict.vouches(one),
                    sealed_ms,
                    signed_lines: one.signed_lines,
                    anchors: one.anchored.sources.len(),
                    anchored: &one.anchored,
                }
            })
            .collect(),
        since: verdict.since.as_ref(),
        finding_count: verdict.findings.count,
        findings: &verdict.findings.listed,
    }
}

fn signed(signed: &Signed) -> AnswerSigned<'_> {
    let (state, fingerprint, identity, reason) = match signed {
        Signed::Missing => ("missing", None, None, None),
        Signed::Wrong(reason) => ("wrong", None, None, Some(reason.as_str())),
        Signed::Unknown { fingerprint, why, .. } => {
            ("unknown", Some(fingerprint.as_str()), None, why.as_deref())
        }
        Signed::By { fingerprint, identity, .. } => {
            ("by", Some(fingerprint.as_str()), Some(identity.as_str()), None)
        }
    };
    AnswerSigned { state, key: None, fingerprint, identity, reason }
}

/// The verdict for people.
pub(crate) fn text(context: &Context<'_>, verdict: &Verdict) -> String {
    let mut text = match verdict.exit() {
        Exit::Ok => format!("{}: UNCHANGED since it was packed and signed\n", verdict.pack),
        Exit::No => format!("{}: CHANGED, or not what it says it is: do not rely on it\n", verdict.pack),
        _ => format!("{}: sound, but LESS THAN WAS ASKED FOR\n", verdict.pack),
    };
    text.push_str(&verdict.findings.to_string());
    for lack in verdict.lacks() {
        let _ = writeln!(text, "  LACKS       {lack}");
    }
    for warning in verdict.warnings() {
        let _ = writeln!(text, "  WARNING     {warning}");
    }
    if !verdict.looked_into {
        return text;
    }
    let _ = writeln!(
        text,
        "  content     {}: {} files, {} bytes",
        printable(&verdict.name, NAME_MAX),
        verdict.files,
        verdict.bytes
    );
    if let Some(outer) = &verdict.outer {
        let _ = writeln!(text, "  the tar     {}", signature(outer));
    }
    let _ = writeln!(text, "  manifests   {}", signature(&verdict.inner));
    for log in &verdict.logs {
        text.push_str(&of_log(context, verdict, log));
    }
    if let Some(since) = &verdict.since {
        let _ = writeln!(text, "  since       {}, {} itself:", since.pack, since.verdict);
        for became in &since.logs {
            let _ = writeln!(text, "              {became}");
        }
    }
    if let Some(ms) = verdict.as_of_ms() {
        let _ = writeln!(
            text,
            "  as of       {}, the newest seal; when it was packed is not recorded",
            iso(ms as f64 / 1e3)
        );
    }
    text.push_str(&verdict.facts.text());
    let _ = writeln!(text, "{LIMITS}             {}", verdict.held().limits());
    text
}

fn signature(signed: &Signed) -> String {
    match signed {
        Signed::Missing => "not signed".to_owned(),
        Signed::Wrong(_) => "WRONG signature".to_owned(),
        Signed::Unknown { fingerprint, .. } => format!("signed by {fingerprint}, whom nobody vouches for"),
        Signed::By { fingerprint, identity, .. } => format!("signed by {identity} with {fingerprint}"),
    }
}

fn of_log(context: &Context<'_>, verdict: &Verdict, log: &LogVerdict) -> String {
    let Some(state) = &log.state else { return format!("  log         {}: no seals\n", log.log) };
    let when = state.sealed_ms.map_or_else(
        || "never sealed".to_owned(),
        |ms| format!("last seal {}, {}", iso(ms as f64 / 1e3), ago(context.now_ms() / 1000, ms / 1000)),
    );
    let by = if verdict.vouches(log) { "the pack's signer" } else { "ANOTHER key" };
    let mut text = format!(
        "  log         {}: {} lines, {} bytes, {} seals, signed by {by}; {when}\n              origin {}, root {}\n",
        log.log, state.lines, state.bytes, state.seals, state.origin, state.root
    );
    for line in anchored::tell::lines(&log.anchored, state, context.now_ms() / 1000) {
        let _ = writeln!(text, "              anchored {line}");
    }
    text
}
