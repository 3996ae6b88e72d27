//! Names that nobody else has are random; in a simulation the seed decides them too.

use std::cell::RefCell;

use super::Rng;

thread_local! {
    static NAMES: RefCell<Option<Rng>> = const { RefCell::new(None) };
}

/// From now on names are made from these numbers, in this thread.
pub fn name_from(numbers: Option<Rng>) {
    NAMES.with_borrow_mut(|names| *names = numbers);
}

pub(in crate::sys) fn next_name() -> Option<u64> {
    NAMES.with_borrow_mut(|names| names.as_mut().map(Rng::any))
}
