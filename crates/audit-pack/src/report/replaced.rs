//! Logs whose place others have taken, beside those.

use holdfast::Exit;

use super::{CheckError, Verdict};
use crate::cli::CheckArgs;
use crate::context::{Chosen, Context, same_path};
use crate::finding::Finding;
use crate::past::{self, Past, Seen};
use crate::sealing;

/// The logs that are meant and, behind them, those whose place they have taken: all that were named, and of the
/// configured ones those that one of these names.
pub(super) fn with_past(
    args: &CheckArgs,
    context: &Context<'_>,
    mut logs: Vec<Chosen>,
    past: &mut Past,
) -> Result<Vec<Chosen>, Exit> {
    let begun = |chosen: &Chosen| sealing::genesis(context, &chosen.log).ok().flatten();
    let configured = context.quietly().map(|configured| configured.past()).unwrap_or_default();
    let mut rest = context.choose_any_of(&configured)?;
    let is_among = |chosen: &Chosen, logs: &[Chosen]| {
        logs.iter().any(|log| same_path(&log.log.path(), &chosen.log.path()))
    };
    for named in context.choose_any_of(&args.past)? {
        if !is_among(&named, &logs) {
            logs.push(named);
        }
    }
    rest.retain(|chosen| !is_among(chosen, &logs));
    // Who took a log's place may have been replaced, too.
    let mut looked_at = 0;
    while looked_at < logs.len() {
        let log = &logs[looked_at];
        past.add(begun(log).and_then(|begun| begun.restart), &log.log.path().display().to_string());
        looked_at += 1;
        let meant = |chosen: &Chosen| {
            args.logs.is_empty() || begun(chosen).is_some_and(|begun| past.names(&begun.origin))
        };
        let (now, later) = rest.into_iter().partition(meant);
        logs.extend::<Vec<Chosen>>(now);
        rest = later;
    }
    Ok(logs)
}

/// Which of the logs took the place of one that is not at hand.
pub(super) fn restarted(verdicts: &[(String, Result<Verdict, CheckError>)]) -> Vec<(usize, Finding)> {
    let states = verdicts.iter().enumerate().filter_map(|(index, (shown, verdict))| {
        let Verdict { checked, is_as_sealed, .. } = verdict.as_ref().ok()?;
        Some((index, shown, checked.state.as_ref()?, *is_as_sealed))
    });
    let states: Vec<_> = states.collect();
    let seen: Vec<Seen<'_>> =
        states.iter().map(|(_, _, state, is_whole)| Seen { state, is_whole: *is_whole }).collect();
    let faults = states
        .iter()
        .filter_map(|(index, shown, state, _)| Some((*index, past::fault(shown, state, &seen)?)));
    faults.collect()
}
