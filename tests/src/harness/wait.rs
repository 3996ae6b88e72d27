//! Waiting for a condition. No test sleeps for a time that it hopes to be long enough.

use std::time::{Duration, Instant};

/// How long anything may take on a busy machine before it counts as hanging.
pub const PATIENCE: Duration = Duration::from_mins(1);
const STEP: Duration = Duration::from_millis(1);

/// Waits until `ready` gives a value, at most `limit`.
pub fn until<T>(limit: Duration, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        if let Some(value) = ready() {
            return Some(value);
        }
        if began.elapsed() >= limit {
            return None;
        }
        std::thread::sleep(STEP);
    }
}

/// Waits until `ready`, and fails the test if that takes longer than [`PATIENCE`].
pub fn eventually(what: &str, mut ready: impl FnMut() -> bool) {
    let came = until(PATIENCE, || ready().then_some(()));
    assert!(came.is_some(), "within {PATIENCE:?} it did not come to this: {what}");
}
