//! The same work on several parts at once.

use rayon::prelude::*;

/// Works on the parts side by side; the results keep the order of the parts. The threads are there already: started
/// anew for each piece of a log they would cost as much as they save.
pub(crate) fn each<T: Send, R: Send>(parts: Vec<T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    if parts.len() < 2 {
        return parts.into_iter().map(work).collect();
    }
    parts.into_par_iter().with_max_len(1).map(work).collect()
}
