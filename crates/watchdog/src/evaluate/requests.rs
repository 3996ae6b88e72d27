//! What people ask of the watchdog, through the journal.

use holdfast::json;
use holdfast::sys::ReadError;
use holdfast::watch::Request;

use super::{Watchdog, complain};

impl Watchdog<'_> {
    /// What people had journalled for us since the last look.
    pub(super) fn requests(&mut self) -> Vec<Request> {
        const READ: usize = 1 << 20;
        let path = self.root.journal();
        let len = match self.sys.store.stat(&path) {
            Ok(stat) => stat.map_or(0, |stat| stat.len),
            Err(error) => return self.deaf_to_people(&format_args!("cannot be looked at: {error}")),
        };
        let from = match self.memory.journal_read {
            // Without a memory the past is past.
            0 if self.memory.last_check.is_none() => len,
            read => read.min(len),
        };
        let bytes = match self.sys.store.read_at(&path, from, READ) {
            Ok(bytes) => bytes,
            Err(ReadError::Missing) => Vec::new(),
            Err(error) => return self.deaf_to_people(&error),
        };
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map(|end| end + 1);
        // A line that is longer than what is read at once is nothing that anybody asks for.
        let whole = end.unwrap_or(if bytes.len() < READ { 0 } else { bytes.len() });
        self.memory.journal_read = from + whole as u64;
        let lines = bytes[..whole].split(|byte| *byte == b'\n').filter_map(|line| json::object(line).ok());
        lines.filter_map(|line| Request::of(&line)).collect()
    }

    /// They are read when the journal can be.
    fn deaf_to_people(&mut self, error: &dyn std::fmt::Display) -> Vec<Request> {
        let what = format!("memory/journal.jsonl {error}: no acknowledgement and no silence is seen");
        self.fault = self.fault.and(complain(&what));
        Vec::new()
    }
}
