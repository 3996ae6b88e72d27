//! What Prometheus reads.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use insta::{Settings, assert_snapshot};

use crate::{Scratch, wait_until};

const CONFIG: &str = "
prometheus_file = \"textfile/holdfast.prom\"
[[watch]]
name = \"bot\"
[[channel]]
kind = \"command\"
command = [\"true\"]
[[channel]]
kind = \"command\"
name = \"siren\"
command = [\"false\"]
";

fn scratch() -> Scratch {
    let scratch = Scratch::with(CONFIG);
    fs::create_dir(scratch.path("textfile")).expect("a folder");
    scratch
}

fn sample(scratch: &Scratch, name: &str) -> Option<f64> {
    let text = scratch.read("textfile/holdfast.prom");
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[test]
fn a_check_leaves_what_it_knows_for_other_users() {
    let scratch = scratch();
    scratch.beat(1.0, "failed");
    assert_eq!(scratch.run(&["check"]).code, Some(1));
    let mode = fs::metadata(scratch.path("textfile/holdfast.prom")).expect("written").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    let mut settings = Settings::clone_current();
    settings.add_filter(r"\d{10}(\.\d+)?\n", "[time]\n");
    settings.add_filter(r#"version="[^"]*",source="[0-9a-f]*""#, "version=\"[v]\",source=\"[digest]\"");
    settings.bind(|| assert_snapshot!("metrics", scratch.read("textfile/holdfast.prom")));
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_and_trips_nothing() {
    let scratch = scratch();
    fs::remove_dir(scratch.path("textfile")).expect("there");
    scratch.beat(1.0, "ok");
    let ended = scratch.run(&["check"]);
    assert_eq!(ended.code, Some(74), "{ended:?}");
    assert!(ended.err.contains("holdfast.prom cannot be written"), "{ended:?}");
    assert!(!scratch.paused());
}

#[test]
fn one_that_stays_tells_of_a_trip_at_once() {
    let scratch = scratch();
    scratch.beat(1.0, "ok");
    let mut resident = scratch.command(&["run"]).stderr(Stdio::null()).spawn().expect("starts");
    wait_until("armed", || sample(&scratch, "holdfast_circuit_armed ") == Some(1.0));
    scratch.beat(0.0, "failed");
    wait_until("paused", || sample(&scratch, "holdfast_circuit_armed ") == Some(0.0));
    assert_eq!(sample(&scratch, "holdfast_watch_healthy{watch=\"bot\"} "), Some(0.0));
    resident.kill().expect("runs");
    resident.wait().expect("ends");
}
