//! **no-lost-trip**: every order of trips, resumes with old listings, restored faces and torn appends.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Trip,
    /// A person looks.
    List,
    /// And confirms some of what was seen, perhaps long ago.
    Lift(u8),
    /// A backup is made.
    Keep,
    /// And comes back, by a rename.
    Restore(u8),
    /// A tripper is killed in the middle of its line.
    Tear(u8),
    /// The watchdog comes by.
    Repair,
    /// Somebody deletes the face.
    Delete,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Trip),
        3 => Just(Step::List),
        4 => any::<u8>().prop_map(Step::Lift),
        2 => Just(Step::Keep),
        2 => any::<u8>().prop_map(Step::Restore),
        1 => any::<u8>().prop_map(Step::Tear),
        1 => Just(Step::Repair),
        1 => Just(Step::Delete),
    ]
}

/// What must hold, kept beside the files.
#[derive(Default)]
struct Model {
    standing: BTreeSet<String>,
    listings: Vec<Listing>,
    copies: Vec<Vec<u8>>,
}

impl Model {
    fn take(&mut self, place: &Place, step: &Step) {
        match step {
            Step::Trip => {
                self.standing.insert(place.trip("x"));
            }
            Step::List => self.listings.push(place.listing()),
            Step::Lift(which) if !self.listings.is_empty() => {
                let listing = &self.listings[usize::from(*which) % self.listings.len()];
                let holds = listing.view().holds.iter().enumerate();
                let some: Vec<String> = holds
                    .filter(|(number, _)| *which < 200 || (usize::from(*which) >> (number % 4)) & 1 == 1)
                    .map(|(_, hold)| hold.id.clone())
                    .collect();
                if place.lift(listing, &some).is_ok() {
                    self.standing.retain(|id| !some.contains(id));
                }
            }
            Step::Keep => self.copies.extend(fs::read(place.root.circuit())),
            Step::Restore(which) if !self.copies.is_empty() => {
                let beside = place.root.data().join("restored");
                fs::write(&beside, &self.copies[usize::from(*which) % self.copies.len()]).expect("written");
                fs::rename(beside, place.root.circuit()).expect("renamed");
            }
            Step::Tear(keep) => {
                let mut ledger = fs::read(place.root.ledger()).unwrap_or_default();
                let line = b"{\"v\":1,\"id\":\"20251121T080000Z-7f3a01\",\"mode\":\"halt\"}";
                ledger.extend_from_slice(&line[..=usize::from(*keep) % line.len()]);
                place.ledger(ledger);
            }
            Step::Repair => {
                repair(&Sys::real(), &place.root).expect("repaired");
            }
            Step::Delete => drop(fs::remove_file(place.root.circuit())),
            Step::Lift(_) | Step::Restore(_) => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_loses_a_trip(steps in prop::collection::vec(step(), 1..24)) {
        let place = Place::new();
        let mut model = Model::default();
        for step in &steps {
            model.take(&place, step);
            prop_assert!(
                model.standing.is_empty() || !place.check().is_green(),
                "green after {step:?} although {:?} stand", model.standing
            );
            prop_assert_eq!(place.view().holds.is_empty(), place.check().is_green(), "after {:?}", step);
        }
    }
}

#[test]
fn many_threads_trip_while_one_resumes_and_no_trip_is_lost() {
    let place = Place::new();
    let root = place.root.clone();
    let trippers: Vec<_> = (0..4)
        .map(|number| {
            let root = root.clone();
            std::thread::spawn(move || {
                let trip_of = |reason: String| Trip {
                    mode: Mode::Halt,
                    reason,
                    by: "test".to_owned(),
                    watch: None,
                    id: None,
                };
                (0..15)
                    .map(|round| trip(&Sys::real(), &root, &trip_of(format!("{number}/{round}"))))
                    .map(|tripped| tripped.expect("paused").hold.id)
                    .collect::<Vec<String>>()
            })
        })
        .collect();
    let mut lifted = BTreeSet::new();
    while trippers.iter().any(|tripper| !tripper.is_finished()) {
        let listing = place.listing();
        let all: Vec<String> = listing.view().holds.iter().map(|hold| hold.id.clone()).collect();
        if !all.is_empty() && place.lift(&listing, &all).is_ok() {
            lifted.extend(all);
        }
    }
    let made: BTreeSet<String> =
        trippers.into_iter().flat_map(|tripper| tripper.join().expect("joined")).collect();
    assert_eq!(made.len(), 60, "ids are unique");
    let standing: BTreeSet<String> = place.view().holds.into_iter().map(|hold| hold.id).collect();
    let lost: Vec<&String> =
        made.iter().filter(|id| !lifted.contains(*id) && !standing.contains(*id)).collect();
    assert_eq!(lost, [""; 0], "neither lifted nor standing");
    assert_eq!(standing.is_empty(), place.check().is_green());
}
