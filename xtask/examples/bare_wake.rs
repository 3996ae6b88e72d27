//! The least that a resident program can do, for `cargo xtask bench`: it wakes each second, and sleeps again.
#![expect(clippy::disallowed_methods, reason = "what is measured is that, and nothing else")]

use std::time::Duration;

fn main() {
    loop {
        std::thread::sleep(Duration::from_secs(1));
    }
}
