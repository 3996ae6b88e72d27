//! The verdict on a proof, in words and for machines: what it shows, and what it does not.

use std::fmt::Write as _;

use holdfast::Exit;
use holdfast::text::printable;
use serde::Serialize;

use super::{Signer, Verdict};
use crate::context::Context;
use crate::out;
use crate::verify::tell::AnswerSigned;

/// No log of ours has a longer name.
const NAME_MAX: usize = 200;

const LIMITS: &str =
    "  not shown: when the line was written, or that it is true; that every decision was recorded; what happened to the
             log since. Who has the key could have signed another log under the same name.
";

#[derive(Serialize)]
struct Answer<'a> {
    proof: &'a str,
    verdict: &'static str,
    /// Why the line is not shown to be under that head, or whose that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<&'a str>,
    lacks: Vec<&'a str>,
    origin: &'a str,
    /// From 1.
    line: u64,
    index: u64,
    lines: u64,
    root: String,
    leaf: String,
    bytes: u64,
    /// The line was given without its line feed.
    line_feed_added: bool,
    signer: AnswerSigned<'a>,
    /// How many signatures there are, the log's own included.
    signatures: usize,
}

impl Verdict {
    fn wrong(&self) -> Option<&str> {
        match (&self.not_included, &self.signer) {
            (Some(why), _) | (None, Signer::Wrong(why)) => Some(why),
            _ => None,
        }
    }

    fn lacks(&self) -> Option<&str> {
        match &self.signer {
            Signer::Unknown(why) => Some(why),
            _ => None,
        }
    }

    fn word(&self) -> &'static str {
        match self.exit() {
            Exit::Ok => "shown",
            Exit::No => "not-shown",
            _ => "below-policy",
        }
    }
}

pub(super) fn tell(context: &Context<'_>, verdict: &Verdict) -> Exit {
    let said = if context.json { json(verdict) } else { out::answer(&text(verdict)) };
    if said == Exit::Ok { verdict.exit() } else { said }
}

fn json(verdict: &Verdict) -> Exit {
    let (file, head) = (&verdict.file, verdict.file.checkpoint());
    let signer = match &verdict.signer {
        Signer::Key(key) => {
            AnswerSigned { state: "key", key: Some(key.to_string()), ..AnswerSigned::default() }
        }
        Signer::By { identity, fingerprint, key } => AnswerSigned {
            state: "by",
            key: Some(key.to_string()),
            fingerprint: Some(fingerprint),
            identity: Some(identity),
            reason: None,
        },
        // Why, stands in `lacks` or in `wrong`.
        Signer::Unknown(_) => AnswerSigned { state: "unknown", ..AnswerSigned::default() },
        Signer::Wrong(_) => AnswerSigned { state: "wrong", ..AnswerSigned::default() },
    };
    out::json(&Answer {
        proof: &verdict.proof,
        verdict: verdict.word(),
        wrong: verdict.wrong(),
        lacks: verdict.lacks().into_iter().collect(),
        origin: head.origin(),
        line: file.index() + 1,
        index: file.index(),
        lines: head.size(),
        root: head.root().to_string(),
        leaf: verdict.line.leaf.to_string(),
        bytes: verdict.line.bytes,
        line_feed_added: verdict.line.ended,
        signer,
        signatures: file.note().signatures().len(),
    })
}

fn text(verdict: &Verdict) -> String {
    let (file, head, proof) = (&verdict.file, verdict.file.checkpoint(), &verdict.proof);
    let (origin, line) = (printable(head.origin(), NAME_MAX), file.index() + 1);
    let mut text = match verdict.exit() {
        Exit::Ok => format!("{proof}: SHOWN: this is line {line} of {origin}\n"),
        Exit::No => format!("{proof}: NOT SHOWN: do not rely on it\n"),
        _ => format!(
            "{proof}: this is line {line} of a log that calls itself {origin}, but NOBODY KNOWN SIGNED IT\n"
        ),
    };
    if let Some(why) = &verdict.not_included {
        let _ = writeln!(text, "  WRONG       this is not line {line} of that log: {why}");
    }
    if let Signer::Wrong(why) = &verdict.signer {
        let _ = writeln!(text, "  WRONG       {why}");
    }
    if let Some(why) = verdict.lacks() {
        let _ = writeln!(text, "  LACKS       {why}");
    }
    let added = if verdict.line.ended { ", with the line feed that it was given without" } else { "" };
    let _ = write!(
        text,
        "  line        {line}, counted from 1; {} bytes{added}\n  leaf        {}\n  log         {origin}: {} lines when it was \
         signed, root {}\n",
        verdict.line.bytes,
        verdict.line.leaf,
        head.size(),
        head.root()
    );
    match &verdict.signer {
        Signer::Key(key) => _ = writeln!(text, "  signed      by the key that you named, {key}"),
        Signer::By { identity, fingerprint, .. } => {
            let _ = writeln!(text, "  signed      by {} with {fingerprint}", printable(identity, NAME_MAX));
        }
        Signer::Unknown(_) => text.push_str("  signed      by nobody whom you named\n"),
        Signer::Wrong(_) => text.push_str("  signed      WRONG\n"),
    }
    match file.note().signatures().len() {
        0 | 1 => {}
        count => _ = writeln!(text, "  beside it   {} signatures more, which were not looked at", count - 1),
    }
    if verdict.exit() == Exit::Ok {
        let _ = writeln!(
            text,
            "  undisclosed the {} other lines, of which the proof has only hashes",
            head.size() - 1
        );
    }
    text.push_str(LIMITS);
    text
}
