//! The shell on a simulated host, where a single step goes wrong.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use holdfast::Root;
use holdfast::sys::Store;
use holdfast::sys::sim::{Director, Fault, SimHost, Step, Verb};

use super::Watchdog;

/// Refuses the first read of the watchdog's memory.
struct RefuseOnce(AtomicBool);

impl Director for RefuseOnce {
    fn before(&self, step: &Step) -> Fault {
        let ours = step.verb == Verb::Read && step.path.ends_with("watchdog.json");
        let refused = ours && self.0.swap(false, Ordering::Relaxed);
        if refused { Fault::NotApplied(io::ErrorKind::Other) } else { Fault::None }
    }

    fn changed(&self, _: &Step) {}
}

#[test]
fn a_moments_error_of_reading_does_not_cost_the_memory() {
    let host = SimHost::new("mini", 1_763_712_000.0);
    let process = host.process("watchdog");
    process.make_dir(Path::new("/bot/data")).expect("a folder");
    let root = Root::open(&process, "/bot").expect("a root");
    let mut first = Watchdog::open(process.sys(), root.clone());
    first.evaluate();
    assert!(first.has_news(), "a message that is in no outbox yet: there is no heartbeat");

    host.direct(Some(Arc::new(RefuseOnce(AtomicBool::new(true)))));
    let second = Watchdog::open(process.sys(), root);
    assert!(second.has_news());
}
