//! Committed files that a test computes.

use std::path::PathBuf;

/// A file below `audit/` of the project.
pub(crate) fn audit(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../audit", path].iter().collect()
}

/// The committed text must be `now`, unless it is to be written anew.
pub(crate) fn committed(path: &str, now: &str) {
    let path = audit(path);
    if std::env::var_os("TLOG_BLESS").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let then = std::fs::read_to_string(&path).unwrap_or_default();
    if let Some(line) =
        (0..).take(then.lines().count() + 1).find(|&i| then.lines().nth(i) != now.lines().nth(i))
    {
        let (then, now) = (then.lines().nth(line), now.lines().nth(line));
        panic!("{} line {}: {then:?} is now {now:?}", path.display(), line + 1);
    }
    assert_eq!(then, now);
}
