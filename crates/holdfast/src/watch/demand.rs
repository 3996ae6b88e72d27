//! Which verdicts pause the circuit.

use super::incident::Incident;
use super::judge::Judged;
use super::memory::Memory;
use super::verdict::Act;
use crate::circuit::{Hold, Mode, View};
use crate::config::{Config, OnFail};
use crate::sys::Now;

/// A trip that a verdict demands.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// The watch.
    pub watch: String,
    /// What is to be forbidden.
    pub mode: Mode,
    /// Why.
    pub reason: String,
    /// The id of the hold, which is also that of the incident.
    pub id: String,
}

/// The trips that `judged` demands. A watch whose hold stands does not trip again, unless more strictly.
///
/// A hold that is found while the circuit cannot be read may have been lifted: it counts only if it was made since
/// the circuit could last be read (**trip-first**).
pub fn demands(
    config: &Config,
    memory: &Memory,
    judged: &[(String, Judged)],
    view: &View,
    now: &Now,
    new_id: &mut dyn FnMut() -> String,
) -> Vec<Demand> {
    let mut demands = Vec::new();
    for (watch, judged) in judged.iter().filter(|(_, judged)| judged.act == Act::Trip) {
        let Some(mode) = on_fail(config, watch).trip else { continue };
        let holds = &view.holds;
        let stands = if view.refused {
            memory.circuit.blindly.contains(watch)
        } else {
            holds.iter().any(|hold| hold.watch.as_deref() == Some(watch) && hold.mode >= mode)
        };
        if stands {
            continue;
        }
        // An incident goes on under its id, until a person has lifted its hold.
        let goes_on =
            |incident: &&Incident| incident.watch == *watch && !lifted(memory, incident, holds, now);
        let open = memory.incidents.iter().find(goes_on);
        let id = open.map_or_else(&mut *new_id, |incident| incident.id.clone());
        demands.push(Demand {
            watch: watch.clone(),
            mode,
            reason: format!("{watch}: {}", judged.detail),
            id,
        });
    }
    demands
}

/// A person has lifted the hold of this incident, or resumed altogether, since it was opened.
fn lifted(memory: &Memory, incident: &Incident, holds: &[Hold], now: &Now) -> bool {
    let resumed = memory.circuit.resumed.as_ref();
    let resumed = resumed.is_some_and(|resumed| resumed.age(now) < incident.opened.age(now));
    let stood = memory.circuit.holds.iter().any(|hold| hold.id == incident.id);
    resumed || (stood && !holds.iter().any(|hold| hold.id == incident.id))
}

/// What follows when this watch fails; for what is watched without being configured, the default.
pub(super) fn on_fail(config: &Config, watch: &str) -> OnFail {
    let configured = config.watches.iter().find(|configured| configured.name.as_str() == watch);
    configured.map_or_else(OnFail::default, |watch| watch.on_fail.clone())
}
