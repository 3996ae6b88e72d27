//! What goes wrong, and what is seen of every change.

use std::io::ErrorKind;
use std::sync::Arc;

use holdfast::sys::sim::{Director, Fault, Step, Verb};

use crate::world::World;

/// The hand of fate.
pub(crate) struct Hand(pub(crate) Arc<World>);

/// How deep others may act in the middle of somebody's step.
const DEEPEST: u32 = 2;

impl Director for Hand {
    fn before(&self, step: &Step) -> Fault {
        let world = &self.0;
        world.host.clock.advance(0.0003);
        // A person's editor and the eye of the test are not what is tested.
        if matches!(step.process.as_str(), "hand" | "eye") {
            return Fault::None;
        }
        if step.process == "watchdog" && step.verb == Verb::Append && step.path == world.root.ledger() {
            let mut state = world.state();
            state.tried = Some(state.seq);
        }
        let interrupted = {
            let mut state = world.state();
            let often =
                if step.verb.writes() { state.manner.interrupts } else { state.manner.interrupts / 4.0 };
            !state.calm && state.depth < DEEPEST && state.rng.chance(often)
        };
        if interrupted {
            world.state().depth += 1;
            world.note(|| {
                format!("meanwhile, {} is stopped before {:?} {}", step.process, step.verb, name(step))
            });
            world.interrupt();
            world.state().depth -= 1;
        }
        self.fault(step)
    }

    fn changed(&self, step: &Step) {
        self.0.see_change(step);
    }
}

impl Hand {
    fn fault(&self, step: &Step) -> Fault {
        const KINDS: [ErrorKind; 3] =
            [ErrorKind::Other, ErrorKind::StorageFull, ErrorKind::ReadOnlyFilesystem];
        let fault = {
            let mut state = self.0.state();
            // Reading fails less often than writing.
            let share = if step.verb.writes() { 1.0 } else { 0.05 };
            let (faults, kills) = (state.manner.faults * share, state.manner.kills * share);
            if state.calm {
                Fault::None
            } else if state.rng.chance(kills) {
                *state.rng.pick(&[Fault::KilledBefore, Fault::KilledWithin, Fault::KilledAfter])
            } else if state.rng.chance(faults) {
                let kind = *state.rng.pick(&KINDS);
                // What only looks, or has no parts, has fewer ways to fail.
                let all = [Fault::NotApplied(kind), Fault::Applied(kind), Fault::Torn(kind)];
                *state.rng.pick(if step.verb == Verb::Append { &all } else { &all[..2] })
            } else {
                Fault::None
            }
        };
        if fault != Fault::None {
            let mut state = self.0.state();
            state.faults += 1;
            if !step.verb.writes() {
                state.refused.insert(step.process.clone());
            }
            drop(state);
            self.0.note(|| format!("{}: {:?} {} -> {fault:?}", step.process, step.verb, name(step)));
        }
        fault
    }
}

pub(crate) fn name(step: &Step) -> String {
    step.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
