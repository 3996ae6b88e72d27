//! What others have said of a log that is checked on its own host.

use super::CheckError;
use crate::anchor::memory;
use crate::anchored::{self, Anchored, Trust};
use crate::check::Checked;
use crate::cli::{AnchorPolicy, CheckArgs};
use crate::context::{Chosen, Context};
use crate::place::{FileError, Folder};
use crate::sidecar::Sidecar;

/// Of a log without a sidecar, which no anchor can be of.
pub(super) fn without_sidecar(args: &CheckArgs) -> Anchored {
    let AnchorPolicy { witness, tsa_ca, anchor, require_anchors, max_anchor_age } = &args.anchors;
    let is_asked = !witness.is_empty()
        || !tsa_ca.is_empty()
        || !anchor.is_empty()
        || require_anchors.is_some_and(|required| required > 0)
        || max_anchor_age.is_some();
    let lack = || "it has no sidecar, so no anchor counts, and some are asked for".to_owned();
    Anchored { lacks: is_asked.then(lack).into_iter().collect(), ..Anchored::default() }
}

/// Judges the anchors in its sidecar, and repeats what somebody outside has said against it.
pub(super) fn judge(
    args: &CheckArgs,
    context: &Context<'_>,
    chosen: &Chosen,
    checked: &mut Checked,
) -> Result<Anchored, CheckError> {
    let (log, store) = (&chosen.log, context.sys.store);
    // What cannot be read takes nothing back that was found.
    let unread = |error: FileError| vec![format!("the anchors could not be judged: {error}")];
    let mut lacks = memory::alarms(store, log, &mut checked.findings).err().map(unread).unwrap_or_default();
    let Some(state) = checked.state.clone() else { return Ok(Anchored { lacks, ..Anchored::default() }) };
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
    let mut anchored = match anchored::judge(&sidecar, &state, &trust, &mut checked.findings) {
        Ok(anchored) => anchored,
        Err(error) => {
            lacks.extend(unread(error));
            return Ok(Anchored { lacks, ..Anchored::default() });
        }
    };
    anchored.lacks.append(&mut lacks);
    let unused = trust.files.iter().zip(&anchored.used).filter(|(_, used)| !**used);
    anchored.lacks.extend(unused.map(|((file, _), _)| format!("{file} holds no head of this log")));
    Ok(anchored)
}
