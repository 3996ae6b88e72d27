//! What people ask of the watchdog: lines of the journal, which it reads.

use crate::json::{Object, Value};
use crate::time::Span;

/// Nobody is silenced for longer, whatever a line says.
pub const SILENCE_MOST: Span = Span::secs(7 * 24 * 60 * 60);

/// Something that somebody asks of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Somebody looks after an incident.
    Ack {
        /// Its id.
        incident: String,
        /// Who.
        by: String,
    },
    /// Nothing is to be told of a watch for a while.
    Silence {
        /// Its name.
        watch: String,
        /// From when on, in Unix seconds.
        at: f64,
        /// For how long, in seconds.
        for_s: f64,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// It is to be told of again.
    Unsilence {
        /// The name of the watch.
        watch: String,
        /// Who.
        by: String,
    },
}

impl Request {
    /// What a line of the journal says, if it is for the watchdog.
    pub fn of(line: &Object) -> Option<Self> {
        let text = |key: &str| line.get(key).and_then(Value::as_str).map(str::to_owned);
        let number = |key: &str| line.get(key).and_then(Value::as_f64);
        let by = text("by")?;
        Some(match line.get("kind")?.as_str()? {
            "ack" => Self::Ack { incident: text("incident")?, by },
            "silence" => Self::Silence {
                watch: text("watch")?,
                at: number("at")?,
                for_s: number("for_s")?.clamp(0.0, SILENCE_MOST.as_secs_f64()),
                by,
                reason: text("reason").unwrap_or_default(),
            },
            "unsilence" => Self::Unsilence { watch: text("watch")?, by },
            _ => return None,
        })
    }
}
