//! The newest of what may have no end.

use std::collections::VecDeque;

/// Keeps the newest, and counts those that it let go.
#[derive(Clone, Debug)]
pub(crate) struct Kept<T> {
    most: usize,
    newest: VecDeque<T>,
    /// How many older ones there were.
    pub(crate) left_out: u64,
}

impl<T> Kept<T> {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, newest: VecDeque::new(), left_out: 0 }
    }

    pub(crate) fn add(&mut self, one: T) {
        if self.newest.len() == self.most {
            self.newest.pop_front();
            self.left_out += 1;
        }
        self.newest.push_back(one);
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &T> + Clone {
        self.newest.iter()
    }

    pub(crate) fn last_mut(&mut self) -> Option<&mut T> {
        self.newest.back_mut()
    }

    /// All that there were.
    pub(crate) fn count(&self) -> u64 {
        self.newest.len() as u64 + self.left_out
    }
}
