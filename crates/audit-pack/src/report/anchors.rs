//! What others have said of a log that is checked on its own host.

use holdfast::sys::Store;

use crate::anchor::memory;
use crate::anchored::{self, Anchored, Trust, TrustError};
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

/// Whose anchors count: for all logs as the arguments say, and for those of the configuration as that says, too.
pub(super) struct Counting<'a> {
    told: Trust<'a>,
    configured: Trust<'a>,
}

impl<'a> Counting<'a> {
    pub(super) fn told(args: &CheckArgs, context: &Context<'a>) -> Result<Self, TrustError> {
        let mut told = Trust::told(context.sys, &args.anchors)?;
        if args.quick {
            told = told.quick();
        }
        let configured = match context.quietly() {
            None => told.clone(),
            Some(found) => told.clone().or_configured(found.root.path(), &found.settings.config),
        };
        Ok(Self { told, configured })
    }

    /// Judges the anchors in a log's sidecar, and repeats what somebody outside has said against it.
    pub(super) fn judge(
        &self,
        store: &(dyn Store + Sync),
        chosen: &Chosen,
        checked: &mut Checked,
    ) -> Anchored {
        let log = &chosen.log;
        // What cannot be read takes nothing back that was found.
        let unread = |error: FileError| vec![format!("the anchors could not be judged: {error}")];
        let mut lacks =
            memory::alarms(store, log, &mut checked.findings).err().map(unread).unwrap_or_default();
        let Some(state) = checked.state.clone() else { return Anchored { lacks, ..Anchored::default() } };
        let trust = if chosen.configured { &self.configured } else { &self.told };
        let folder = Folder { store, dir: log.dir.clone() };
        let sidecar = Sidecar::new(&folder, log.name.clone());
        let mut anchored =
            match anchored::judge(&sidecar, &state, trust, trust.stamps_max, &mut checked.findings) {
                Ok(anchored) => anchored,
                Err(error) => {
                    lacks.extend(unread(error));
                    return Anchored { lacks, ..Anchored::default() };
                }
            };
        anchored.lacks.append(&mut lacks);
        let unused = trust.files.iter().zip(&anchored.used).filter(|(_, used)| !**used);
        anchored.lacks.extend(unused.map(|((file, _), _)| format!("{file} holds no head of this log")));
        anchored
    }
}
