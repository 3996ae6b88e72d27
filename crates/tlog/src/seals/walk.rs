//! A way through a SEALS file.

use crate::hash::Hash;

use super::record::Record;
use super::state::{Fault, State};

/// A line that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of SEALS: {fault}")]
pub struct SealsError {
    /// Which line, from 1.
    pub line: u64,
    /// What it breaks.
    pub fault: Fault,
}

/// Goes through SEALS line by line. It holds a constant amount of memory.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    lines: u64,
    state: Option<State>,
}

impl Walk {
    /// Before the first line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Behind a line whose state is known and trusted.
    pub fn resume(state: State) -> Self {
        Self { lines: state.records, state: Some(state) }
    }

    /// What the lines so far say; nothing before the first one.
    pub fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// Checks the next line, given with its LF, and takes it over. After an error nothing has changed.
    pub fn step(&mut self, line: &[u8]) -> Result<Record, SealsError> {
        let checked = Record::parse(line).map_err(Fault::from).and_then(|record| match &self.state {
            None if self.lines > 0 => Err(Fault::NoGenesis),
            None => State::begin(&record, Hash::of(line)).map(|state| (record, Some(state))),
            Some(state) => state.admits(&record).map(|()| (record, None)),
        });
        let (record, begun) = checked.map_err(|fault| SealsError { line: self.lines + 1, fault })?;
        if begun.is_some() {
            self.state = begun;
            self.lines = 1;
        } else {
            self.adopt(line, Some(&record));
        }
        Ok(record)
    }

    /// Goes on behind a faulty line by taking its word, so that one walk finds all faults. What comes after it is no
    /// longer bound to what came before.
    pub fn pass_over(&mut self, line: &[u8]) {
        let record = Record::parse(line).ok();
        self.adopt(line, record.as_ref());
    }

    fn adopt(&mut self, line: &[u8], record: Option<&Record>) {
        self.lines = self.lines.saturating_add(1);
        if let Some(state) = &mut self.state {
            if let Some(record) = record {
                state.take(record);
            }
            state.head = Hash::of(line);
            state.records = self.lines;
        }
    }
}
