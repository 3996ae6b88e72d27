//! Sealed logs against their definition, against other implementations, and against damage.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the tests run stock tools and read the committed text and vectors"
)]

mod common;
mod format;
mod notes;
mod peers;
mod proofs;
mod seals;
mod tiles;
mod vectors;
mod witness;
