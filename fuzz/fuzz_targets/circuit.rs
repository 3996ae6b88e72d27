//! A face as bytes: what says paused to anybody never parses as green, and what parses survives being written.
#![no_main]

use holdfast::circuit::Face;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let face = Face::parse(data);
    // A simple reader's JSON: of a key that stands twice it takes the last.
    let simple = serde_json::from_slice::<Value>(data);
    if let Ok(Value::Object(object)) = &simple
        && object.get("paused") == Some(&Value::Bool(true))
    {
        assert!(face.as_ref().is_ok_and(|face| face.paused) || face.is_err(), "it says paused");
    }
    let Ok(face) = face else { return };
    let written = face.to_bytes();
    let again = Face::parse(&written).unwrap_or_else(|error| panic!("what we write {error}"));
    assert_eq!(again.paused, face.paused);
    assert_eq!(again.trips, face.trips);
    if face.paused {
        assert_eq!(again.mode, face.mode);
        let holds = |face: &Face| -> Vec<_> {
            face.holds.iter().map(|hold| (hold.id.clone(), hold.mode, hold.reason.clone())).collect()
        };
        assert_eq!(holds(&again), holds(&face));
    }
    assert_eq!(again.extra, face.extra, "keys of other people are kept");
    assert_eq!(again.to_bytes(), written, "written once or twice");
});
