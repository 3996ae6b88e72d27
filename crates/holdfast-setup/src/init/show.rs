//! What there is now, and what comes next.

use std::fmt::Write as _;
use std::path::Path;

use holdfast::Exit;
use holdfast::advice::Advice;

use super::{Fate, Outcome};
use crate::out;

pub(super) fn answer(root: &Path, done: &[Outcome], has_key: bool, json: bool) -> Exit {
    let notes = if has_key {
        Vec::new()
    } else {
        vec!["holdfast.toml names no key under [audit]: nothing is sealed"]
    };
    if json {
        let root = root.display().to_string();
        let answer = serde_json::json!({ "exit": 0, "root": root, "entries": done, "notes": notes });
        return out::answer_json(&answer);
    }
    let mut text = String::new();
    for Outcome { path, what } in done {
        let what = match what {
            Fate::Made => "made",
            Fate::Kept => "kept",
            Fate::Mended => "mended",
        };
        let _ = writeln!(text, "{what:<7} {path}");
    }
    for note in notes {
        let _ = writeln!(text, "note    {note}");
    }
    let advice = Advice::elsewhere(root);
    text += "\nNext:\n";
    for (what, program, words) in [
        ("say who is told, in holdfast.toml, then", "watchdog", "validate"),
        ("does the phone ring?", "watchdog", "test-alert"),
        ("have it watch, for ever", "holdfast-setup", "install"),
        ("is all well?", "holdfast-setup", "doctor"),
    ] {
        let _ = writeln!(text, "  {what:<40} {}", advice.call(program, words));
    }
    out::answer(&text)
}
