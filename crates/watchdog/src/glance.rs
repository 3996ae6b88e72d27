//! Whether anything that an evaluation looks at has changed: what `stat` and the clocks say. File events say it sooner,
//! but events are lost; and a whole evaluation each second is a hundred times what a glance costs.

use std::path::PathBuf;
use std::time::SystemTime;

use holdfast::sys::{Now, Stat, Sys};

/// A file written within this time, in seconds, may be written again without looking different.
const TICK: f64 = 0.1;
/// Clocks that part by more than this between two glances were set, or the host slept, in seconds.
const PARTED: f64 = 0.5;

/// What was seen.
#[derive(Debug)]
pub(crate) struct Glance {
    now: Now,
    files: Vec<Option<Stat>>,
}

impl Glance {
    /// Of these files, in this order; `None` where one cannot be looked at.
    pub(crate) fn at(sys: &Sys, paths: &[PathBuf]) -> Option<Self> {
        let now = sys.clock.now();
        let files = paths.iter().map(|path| sys.store.stat(path).ok()).collect::<Option<_>>()?;
        Some(Self { now, files })
    }

    /// Nothing has happened between `before` and this one.
    pub(crate) fn shows_nothing_new(&self, before: &Self) -> bool {
        self.files == before.files && before.is_settled() && !self.parted(before)
    }

    fn is_settled(&self) -> bool {
        let written = |stat: &Stat| {
            let since = stat.modified.duration_since(SystemTime::UNIX_EPOCH);
            since.map_or(0.0, |since| since.as_secs_f64())
        };
        self.files.iter().flatten().all(|stat| self.now.wall - written(stat) > TICK)
    }

    fn parted(&self, before: &Self) -> bool {
        let (now, then) = (&self.now, &before.now);
        let passed = now.up - then.up;
        let apart = [now.wall - then.wall, now.awake - then.awake].map(|other| (other - passed).abs());
        now.boot != then.boot || apart.into_iter().any(|apart| apart > PARTED)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use holdfast::sys::sim::SimHost;
    use holdfast::sys::{Secrecy, Store};

    use super::*;

    /// Whether a glance after `then` shows nothing new.
    fn nothing_new_after(then: impl Fn(&SimHost, &dyn Store)) -> bool {
        let host = SimHost::new("mini", 1_763_712_000.0);
        let process = host.process("watchdog");
        let sys = process.sys();
        let write = |name: &str| sys.store.replace(Path::new(name), b"1", Secrecy::Shared).expect("written");
        sys.store.make_dir(Path::new("/d")).expect("made");
        write("/d/a");
        host.clock.advance(1.0);
        let paths = ["/d/a", "/d/b"].map(PathBuf::from);
        let before = Glance::at(&sys, &paths).expect("a glance");
        then(&host, sys.store);
        Glance::at(&sys, &paths).expect("a glance").shows_nothing_new(&before)
    }

    #[test]
    fn what_changes_a_verdict_is_seen_and_time_alone_is_not() {
        let write = |store: &dyn Store, name: &str, bytes: &[u8]| {
            store.replace(Path::new(name), bytes, Secrecy::Shared).expect("written");
        };
        assert!(nothing_new_after(|_, _| {}));
        assert!(nothing_new_after(|host, _| host.clock.advance(29.0)));
        assert!(!nothing_new_after(|_, store| write(store, "/d/a", b"2")));
        assert!(!nothing_new_after(|_, store| write(store, "/d/b", b"1")));
        assert!(!nothing_new_after(|_, store| store.remove(Path::new("/d/a")).expect("removed")));
        assert!(!nothing_new_after(|host, _| host.clock.suspend(60.0)));
        assert!(!nothing_new_after(|host, _| host.clock.step_wall(-1.0)));
        assert!(!nothing_new_after(|host, _| host.clock.step_wall(3600.0)));
        assert!(!nothing_new_after(|host, _| host.clock.reboot(10.0)));
    }

    #[test]
    fn what_was_written_a_moment_before_may_be_written_again_unseen() {
        let host = SimHost::new("mini", 1_763_712_000.0);
        let process = host.process("watchdog");
        let sys = process.sys();
        sys.store.make_dir(Path::new("/d")).expect("made");
        sys.store.replace(Path::new("/d/a"), b"1", Secrecy::Shared).expect("written");
        let paths = [PathBuf::from("/d/a")];
        let glance = || Glance::at(&sys, &paths).expect("a glance");
        let before = glance();
        assert!(!glance().shows_nothing_new(&before));
        host.clock.advance(0.2);
        let before = glance();
        assert!(glance().shows_nothing_new(&before));
    }
}
