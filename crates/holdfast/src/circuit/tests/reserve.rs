//! What the reserve is for, on a simulated disk that fails in each way.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::{Mode, Trip, check, trip};
use crate::root::Root;
use crate::sys::sim::{Director, Fault, SimHost, Step, Verb};

/// Refuses the first attempt at this, in this way.
struct Refuse(Verb, io::ErrorKind, AtomicBool);

impl Director for Refuse {
    fn before(&self, step: &Step) -> Fault {
        let refused = step.verb == self.0 && self.2.swap(false, Ordering::Relaxed);
        if refused { Fault::NotApplied(self.1) } else { Fault::None }
    }

    fn changed(&self, _: &Step) {}
}

#[test]
fn the_reserve_is_freed_on_a_full_disk_and_for_nothing_else() {
    use io::ErrorKind::{Other, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull, WriteZero};
    for (kind, freed) in [
        (StorageFull, true),
        (QuotaExceeded, true),
        (WriteZero, true),
        (Other, false),
        (ReadOnlyFilesystem, false),
        (PermissionDenied, false),
    ] {
        for verb in [Verb::Append, Verb::Replace] {
            let host = SimHost::new("mini", 1_763_712_000.0);
            let process = host.process("test");
            let sys = process.sys();
            sys.store.make_dir("/bot/data".as_ref()).expect("a folder");
            let root = Root::open(sys.store, "/bot").expect("a root");
            sys.store.reserve(&root.reserve(), 4096).expect("reserved");
            host.direct(Some(Arc::new(Refuse(verb, kind, AtomicBool::new(true)))));
            let (reason, by) = ("stale".to_owned(), "watchdog".to_owned());
            let stale = Trip { mode: Mode::Halt, reason, by, watch: None, id: None };
            let tripped = trip(&sys, &root, &stale).expect("tripped");
            assert!(!check(&sys, &root).verdict.is_green());
            let reserve = sys.store.stat(&root.reserve()).expect("a look");
            assert_eq!(reserve.is_none(), freed, "{verb:?} {kind:?}");
            assert_eq!(tripped.shortcomings.is_empty(), freed, "{verb:?} {kind:?}");
        }
    }
}
