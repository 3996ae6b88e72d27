//! The example of a pipeline in Rust, run.
#![allow(clippy::disallowed_methods, reason = "tests use real files, processes and clocks")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use holdfast::circuit::{Mode, Trip, trip};
use holdfast::json::Value;
use holdfast::sys::Sys;
use holdfast::{Root, circuit};

/// Cargo builds it with the tests, beside their folder.
fn pipeline() -> PathBuf {
    let test = std::env::current_exe().expect("a test");
    test.parent().and_then(|deps| deps.parent()).expect("a folder").join("examples/pipeline")
}

/// The beat that it leaves for this candle.
fn beat_after(root: &Root, candle: &str, is: impl Fn(&Value) -> bool) -> Value {
    let mut child = Command::new(pipeline())
        .env("HOLDFAST_ROOT", root.path())
        .stdin(Stdio::piped())
        .spawn()
        .expect("cargo test builds examples");
    child.stdin.take().expect("a pipe").write_all(candle.as_bytes()).expect("written");
    let end = Instant::now() + Duration::from_mins(1);
    let beat = loop {
        let beat = fs::read(root.heartbeat(None)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        match beat {
            Some(beat) if is(&beat) => break beat,
            _ => assert!(Instant::now() < end, "no such beat: {beat:?}"),
        }
        std::thread::yield_now();
    };
    child.kill().expect("it waits for its next cycle");
    child.wait().expect("it ends");
    beat
}

#[test]
fn the_pipeline_beats_around_its_cycle_and_holds_while_trading_is_paused() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("data")).expect("data");
    let sys = Sys::real();
    let root = Root::open(sys.store, folder.path()).expect("a root");
    let done = beat_after(&root, "1763711940\n", |beat| beat["candle_at"].is_number());
    assert_eq!(
        (&done["candle_at"], &done["circuit"]),
        (&1_763_711_940_u64.into(), &"green".into()),
        "{done}"
    );
    assert!(done["begun"].as_f64() <= done["at"].as_f64(), "{done}");
    let failed = beat_after(&root, "no candle\n", |beat| beat["status"] == "failed");
    assert!(failed["why"].as_str().is_some_and(|why| why.contains("invalid digit")), "{failed}");
    let (reason, by) = ("legal review".to_owned(), "test".to_owned());
    trip(&sys, &root, &Trip { mode: Mode::Halt, reason, by, watch: None, id: None }).expect("tripped");
    assert!(!circuit::check(&sys, &root).verdict.is_green());
    let held = beat_after(&root, "1763711940\n", |beat| beat["status"] == "held");
    assert_eq!(held["candle_at"], Value::Null, "{held}");
}
