//! The program says which source it was built from.

fn main() {
    embed_source::name_source("watchdog");
}
