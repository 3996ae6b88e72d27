//! Logs that have taken the place of others. What such a log began with nobody can say who has not the bytes of the other
//! one at hand, up to the head that it names.

use tlog::Origin;
use tlog::seals::{OldHead, State};

use crate::check::Pin;
use crate::finding::{Finding, Kind};

/// The heads that logs name as their past.
#[derive(Default)]
pub(crate) struct Past(Vec<(OldHead, String)>);

/// A log that was looked at.
pub(crate) struct Seen<'a> {
    /// What its seals say.
    pub(crate) state: &'a State,
    /// It is as it was sealed, and as whoever took its place says.
    pub(crate) is_whole: bool,
}

impl Past {
    /// Remembers what a log says that it took the place of.
    pub(crate) fn add(&mut self, restart: Option<OldHead>, shown: &str) {
        self.0.extend(restart.map(|head| (head, shown.to_owned())));
    }

    /// Whether some log names this one as its past.
    pub(crate) fn names(&self, origin: &Origin) -> bool {
        self.0.iter().any(|(head, _)| head.origin == *origin)
    }

    /// The heads that a log must have had.
    pub(crate) fn pins(&self, origin: &Origin) -> Vec<Pin> {
        let own = self.0.iter().filter(|(head, _)| head.origin == *origin);
        let pin = |(head, shown): &(OldHead, String)| Pin {
            label: format!("{shown}, which took its place,"),
            size: head.size,
            root: head.root,
            seals: None,
        };
        own.map(pin).collect()
    }
}

/// What is to be said of a log that took the place of another one, of which these logs are at hand.
pub(crate) fn fault(shown: &str, state: &State, seen: &[Seen<'_>]) -> Option<Finding> {
    let old = state.restart.as_ref()?;
    let is_shown = seen.iter().any(|seen| seen.is_whole && seen.state.origin == old.origin);
    (!is_shown).then(|| {
        let says = format!(
            "it took the place of {} at {} lines, and the bytes of that log are not here, or are other ones: nobody can say \
             that it was not rewritten",
            old.origin, old.size
        );
        Finding::new(Kind::Restarted, shown).says(says)
    })
}
