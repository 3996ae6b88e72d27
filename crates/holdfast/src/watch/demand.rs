//! Which verdicts pause the circuit.

use super::judge::Judged;
use super::memory::{Incident, Memory};
use super::verdict::Act;
use crate::circuit::{Hold, Mode};
use crate::config::{Config, OnFail};

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
pub fn demands(
    config: &Config,
    memory: &Memory,
    judged: &[(String, Judged)],
    holds: &[Hold],
    new_id: &mut dyn FnMut() -> String,
) -> Vec<Demand> {
    let mut demands = Vec::new();
    for (watch, judged) in judged.iter().filter(|(_, judged)| judged.act == Act::Trip) {
        let Some(mode) = on_fail(config, watch).trip else { continue };
        if holds.iter().any(|hold| hold.watch.as_deref() == Some(watch) && hold.mode >= mode) {
            continue;
        }
        // An incident that people were told of goes on under its id; one that tripped before was resumed since.
        let open =
            memory.incidents.iter().find(|incident| incident.watch == *watch && incident.act < Act::Trip);
        let id = open.map_or_else(&mut *new_id, |incident: &Incident| incident.id.clone());
        demands.push(Demand {
            watch: watch.clone(),
            mode,
            reason: format!("{watch}: {}", judged.detail),
            id,
        });
    }
    demands
}

/// What follows when this watch fails; for what is watched without being configured, the default.
pub(super) fn on_fail(config: &Config, watch: &str) -> OnFail {
    let configured = config.watches.iter().find(|configured| configured.name.as_str() == watch);
    configured.map_or_else(OnFail::default, |watch| watch.on_fail.clone())
}
