//! Against the real ssh-keygen, ssh-agent and ssh-add, and against damage.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "the tests run stock tools on real files")]

mod agents;
mod allowed;
mod asking;
mod common;
mod damage;
mod keys;
mod signatures;
