//! What is told of a proof that was made.

use std::fmt::Write as _;

use holdfast::Exit;
use serde::Serialize;

use super::{Proven, Source};
use crate::cli::ProveArgs;
use crate::context::Context;
use crate::out;

/// The answer for machines.
#[derive(Serialize)]
struct Answer<'a> {
    log: &'a str,
    origin: &'a str,
    /// From 1.
    line: u64,
    /// The same from 0, as the proof has it.
    index: u64,
    lines: u64,
    root: String,
    leaf: String,
    /// As the log itself says.
    key: String,
    file: String,
    byte: u64,
    bytes: u64,
    proof: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_file: Option<String>,
}

impl Source<'_> {
    /// The file that has the line, as people are told of it.
    fn file(&self, proven: &Proven) -> String {
        self.sidecar.place.shown(&proven.spot.file)
    }
}

/// Without a file for it the proof is the answer, and the words are the story.
pub(super) fn tell(args: &ProveArgs, context: &Context<'_>, source: &Source<'_>, proven: &Proven) -> Exit {
    if context.json {
        return json(args, source, proven);
    }
    let text = text(args, source, proven);
    if args.output.is_some() {
        return out::answer(&text);
    }
    out::tell(&text.trim_end());
    out::answer(&proven.file.to_string())
}

fn json(args: &ProveArgs, source: &Source<'_>, proven: &Proven) -> Exit {
    let (head, spot) = (proven.file.checkpoint(), &proven.spot);
    let path = |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
    out::json(&Answer {
        log: &source.shown,
        origin: head.origin(),
        line: args.line,
        index: proven.file.index(),
        lines: head.size(),
        root: head.root().to_string(),
        leaf: spot.leaf.to_string(),
        key: proven.key.to_string(),
        file: source.file(proven),
        byte: spot.bytes.start,
        bytes: spot.bytes.end - spot.bytes.start,
        proof: proven.file.to_string(),
        output: path(&args.output),
        line_file: path(&args.line_file),
    })
}

fn text(args: &ProveArgs, source: &Source<'_>, proven: &Proven) -> String {
    let (head, spot, key) = (proven.file.checkpoint(), &proven.spot, &proven.key);
    let named = |path: &Option<std::path::PathBuf>, or: &str| {
        path.as_ref().map_or_else(|| or.to_owned(), |path| path.display().to_string())
    };
    let (proof, line) = (named(&args.output, "X.tlog-proof"), named(&args.line_file, "FILE"));
    let mut text = format!("{}: line {} is PROVEN to be in {}\n", source.shown, args.line, head.origin());
    let _ = write!(
        text,
        "  line        {} of {}, counted from 1; {} bytes at byte {} of {}\n  leaf        {}\n  root        {}\n  \
         signed      by {key}, as the log itself says: who gets the proof must know that key another way\n  \
         disclosed   this line; of the {} others nothing but hashes\n",
        args.line,
        head.size(),
        spot.bytes.end - spot.bytes.start,
        spot.bytes.start,
        source.file(proven),
        spot.leaf,
        head.root(),
        head.size() - 1,
    );
    match &args.output {
        Some(path) => _ = writeln!(text, "  proof       {}", path.display()),
        None => text.push_str("  proof       on stdout\n"),
    }
    match &args.line_file {
        Some(path) => _ = writeln!(text, "  its bytes   {}", path.display()),
        None => text.push_str(
            "  its bytes   are not in the proof: hand them on beside it, or name --line-file FILE\n",
        ),
    }
    let key = key.to_string();
    // The log says what it is called, and people copy commands.
    let _ = if [&proof, &line, &key].into_iter().all(|word| is_plain(word)) {
        writeln!(text, "  to verify   audit-pack verify-proof {proof} --line-file {line} --key '{key}'")
    } else {
        writeln!(
            text,
            "  to verify   by verify-proof with that key; no command is written here: a shell could take one of these names \
             for something else"
        )
    };
    text
}

/// A shell takes it as it is.
fn is_plain(word: &str) -> bool {
    !word.starts_with('-') && word.chars().all(|c| c.is_ascii_alphanumeric() || "._/:+=-".contains(c))
}
