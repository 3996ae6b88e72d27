//! What goes wrong, and what is seen of every change.

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
                format!("meanwhile, {} is stopped before {:?} {}", step.process, step.verb, step.name())
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
        let fault = {
            let mut state = self.0.state();
            // Reading fails less often than writing.
            let share = if step.verb.writes() { 1.0 } else { 0.05 };
            let (faults, kills) = (state.manner.faults * share, state.manner.kills * share);
            if state.calm { Fault::None } else { Fault::at_random(&mut state.rng, step.verb, kills, faults) }
        };
        if fault != Fault::None {
            let mut state = self.0.state();
            state.faults += 1;
            if !step.verb.writes() {
                state.refused.insert(step.process.clone());
            }
            drop(state);
            self.0.note(|| format!("{}: {:?} {} -> {fault:?}", step.process, step.verb, step.name()));
        }
        fault
    }
}
