//! A tar from outside: read without a panic; and what the strict reader takes is what the writer writes.
#![no_main]

use bag::{Bag, DATA, Mode, OXUM, Payload, Recipe, SIGNATURE, check_all, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|tar: &[u8]| {
    let Ok(bag) = Bag::open_tar(&tar, None) else { return };
    if !check_all(&bag, bag.manifests(), 1, &|_| {}).is_empty() {
        return;
    }
    // Nothing can be said against it, so it must be our own bytes.
    let read = |path: &str| bag.read(bag.find(path).expect("there"), u64::MAX).expect("read");
    let text = |path: &str| String::from_utf8(read(path)).ok();
    let (Some(guide), Some(signature)) = (text(bag::GUIDE), text(SIGNATURE)) else { return };
    let mut info = bag.info().expect("read").expect("as ours");
    assert_eq!(info.pop().expect("the count").0, OXUM);
    let payload = bag.entries().iter().filter(|entry| entry.path.starts_with(DATA));
    let payload = payload
        .map(|entry| Payload::of_bytes(&*entry.path, entry.mode.unwrap_or(Mode::Plain), read(&entry.path)))
        .collect();
    let recipe =
        Recipe { name: bag.name(), mtime: bag.mtime().expect("a tar has one"), info: &info, guide: &guide };
    let mut again = Vec::new();
    // What stands in the place of a signature is for who has a key.
    if write(&mut again, &recipe, payload, |_| Ok(signature)).is_ok() {
        assert!(again == tar, "there are two tars with this content");
    }
});
