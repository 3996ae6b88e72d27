//! The least that a program can do, for `cargo xtask bench`.

fn main() {}
