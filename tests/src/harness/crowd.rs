//! Many cases at a time.

use std::sync::Mutex;

/// Does `job` for every item, some at the same time: most of the time each waits for a disk or a process. A case
/// that fails is named and fails the test; the others are still done.
pub fn each<T: Send + std::fmt::Debug>(items: impl IntoIterator<Item = T>, job: impl Fn(&T) + Sync) {
    const AT_A_TIME: usize = 8;
    let items = Mutex::new(items.into_iter().collect::<Vec<_>>().into_iter());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let Some(item) = items.lock().unwrap().next() else { return };
                    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(&item)));
                    if done.is_err() {
                        failed.lock().unwrap().push(format!("{item:?}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} cases failed, see above:\n{}", failed.len(), failed.join("\n"));
}
