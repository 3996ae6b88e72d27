//! A change far back is found by the sealer itself, some time, and not only by a whole check.

use holdfast_tests::harness::{Run, read};

use super::logs::{LOG, init, line, root, seal, write};

/// Seals of one line each.
const SEALS: u64 = 20;
/// Of so many looks, each at one of some twenty seals, none sees a certain one in one of 10^13 runs.
const LOOKS: usize = 600;

#[test]
fn an_old_segment_that_was_edited_in_place_is_found_by_the_sealer() {
    // The first seal, one in the middle, and the one before the last.
    for edited in [0, SEALS / 2, SEALS - 2] {
        let root = root();
        init(&root).finish().expect(0);
        for number in 0..SEALS {
            write(&root, &line(number));
            seal(&root).finish().expect(0);
        }
        let mut log = read(&root.path(LOG)).expect("the log");
        let at = (0..edited).map(|number| line(number).len()).sum::<usize>() + 8;
        log[at] ^= 1;
        root.put(LOG, log);
        let found = (0..LOOKS).find_map(|_| {
            let ended = seal(&root).finish();
            (ended.code != Some(0)).then_some(ended)
        });
        let ended = found.unwrap_or_else(|| panic!("seal {} was never looked at", edited + 1)).expect(1);
        ended.says("edited").says(&format!("line {}", edited + 1)).says("audit-pack check");
    }
}
