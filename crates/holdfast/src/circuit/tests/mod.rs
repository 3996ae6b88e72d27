//! The circuit on the real store, in temporary folders.
#![allow(clippy::disallowed_methods, reason = "a test plays the person, the editor and the broken disk")]

mod faults;
mod races;
mod reserve;
mod resume;
mod trip;
mod verdict;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::*;
use crate::journal;
use crate::json::{Object, Value};
use crate::root::Root;
use crate::sys::Sys;

/// A root of its own.
struct Place {
    root: Root,
    _dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir(dir.path().join("data")).expect("data");
        let root = Root::open(Sys::real().store, dir.path()).expect("a root");
        Self { root, _dir: dir }
    }

    fn check(&self) -> Verdict {
        check(&Sys::real(), &self.root).verdict
    }

    fn view(&self) -> View {
        view(&Sys::real(), &self.root)
    }

    fn trip(&self, reason: &str) -> String {
        let tripped = self.try_trip(reason).expect("paused");
        assert_eq!(tripped.shortcomings, [""; 0]);
        tripped.hold.id
    }

    fn try_trip(&self, reason: &str) -> Result<Tripped, TripError> {
        let trip_of = Trip {
            mode: Mode::Halt,
            reason: reason.to_owned(),
            by: "test".to_owned(),
            watch: None,
            id: None,
        };
        trip(&Sys::real(), &self.root, &trip_of)
    }

    fn listing(&self) -> Listing {
        Listing::now(&Sys::real(), &self.root)
    }

    /// Lifts these holds of a listing.
    fn lift(&self, listing: &Listing, holds: &[String]) -> Result<Lifted, ResumeError> {
        let confirmed = Confirmed {
            by: "alice".to_owned(),
            why: "mended".to_owned(),
            holds: holds.to_vec(),
            overridden: Vec::new(),
        };
        listing.lift(&Sys::real(), &self.root, &confirmed)
    }

    /// Lifts everything that stands.
    fn resume(&self) {
        let listing = self.listing();
        let all: Vec<String> = listing.view().holds.iter().map(|hold| hold.id.clone()).collect();
        let lifted = self.lift(&listing, &all).expect("resumed");
        assert!(lifted.standing.is_empty() && self.check().is_green());
    }

    /// Writes the face as an editor does, in place, a tick after everything else.
    fn edit(&self, text: impl AsRef<[u8]>) {
        fs::write(self.root.circuit(), text).expect("written");
        date(self.root.circuit(), 1.0);
    }

    fn ledger(&self, text: impl AsRef<[u8]>) {
        fs::write(self.root.ledger(), text).expect("written");
    }

    fn face(&self) -> Face {
        Face::parse(&fs::read(self.root.circuit()).expect("a face")).expect("a good one")
    }

    fn journal(&self) -> Vec<Object> {
        journal::recent(&Sys::real(), &self.root).expect("a journal").0
    }

    fn journalled(&self, kind: &str) -> Vec<Object> {
        let of_kind = |entry: &Object| entry.get("kind").and_then(Value::as_str) == Some(kind);
        self.journal().into_iter().filter(of_kind).collect()
    }
}

/// Dates a file so many seconds after now.
fn date(path: PathBuf, after: f64) {
    let now = SystemTime::now();
    let by = Duration::from_secs_f64(after.abs());
    let modified = if after < 0.0 { now - by } else { now + by };
    fs::File::options().append(true).open(path).expect("there").set_modified(modified).expect("dated");
}
