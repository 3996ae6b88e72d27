//! `VERIFY.md`: how to check a pack with stock tools.

/// Which words of the text stand for what.
pub(super) struct Guide<'a> {
    /// The tar's name without `.tar`.
    pub(super) name: &'a str,
    /// Of the key that signed.
    pub(super) fingerprint: &'a str,
    /// The logs, by their paths in the pack.
    pub(super) logs: Vec<&'a str>,
}

impl Guide<'_> {
    pub(super) fn text(&self) -> String {
        let calls: String = self.logs.iter().flat_map(|log| ["check_log ", log, "\n"]).collect();
        TEXT.replace("@NAME@", self.name)
            .replace("@FINGERPRINT@", self.fingerprint)
            .replace("@CALLS@\n", &calls)
    }
}

const TEXT: &str = include_str!("guide.md");
