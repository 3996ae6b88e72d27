//! What others have said of a log that is checked on its own host.

use super::CheckError;
use crate::anchor::memory;
use crate::anchored::{self, Anchored, Trust};
use crate::check::Checked;
use crate::cli::CheckArgs;
use crate::context::{Chosen, Context};
use crate::place::Folder;
use crate::sidecar::Sidecar;

/// Judges the anchors in its sidecar, and repeats what somebody outside has said against it.
pub(super) fn judge(
    args: &CheckArgs,
    context: &Context<'_>,
    chosen: &Chosen,
    checked: &mut Checked,
) -> Result<Anchored, CheckError> {
    let (log, store) = (&chosen.log, context.sys.store);
    for finding in memory::alarms(store, log)? {
        checked.findings.add(finding);
    }
    let Some(state) = checked.state.clone() else { return Ok(Anchored::default()) };
    let mut trust = Trust::told(context.sys, &args.anchors)?;
    if chosen.configured
        && let Some(configured) = context.quietly()
    {
        trust = trust.or_configured(configured.root.path(), &configured.settings.config);
    }
    if args.quick {
        trust = trust.quick();
    }
    let folder = Folder { store, dir: log.dir.clone() };
    let sidecar = Sidecar::new(&folder, log.name.clone());
    let mut anchored = anchored::judge(&sidecar, &state, &trust, &mut checked.findings)?;
    let unused = trust.files.iter().zip(&anchored.used).filter(|(_, used)| !**used);
    anchored.lacks.extend(unused.map(|((file, _), _)| format!("{file} holds no head of this log")));
    Ok(anchored)
}
