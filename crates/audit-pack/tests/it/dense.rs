//! Damage in very many places: all of it is told, in bounded time and memory.

use serde_json::{Value, json};

use crate::verify::hostile::{MEASURE, cost};
use crate::world::{Ran, World};

/// Of processor time; of programs that were not optimised.
const SECONDS: f64 = 20.0;
const MEMORY_KIB: u64 = 64 << 10;
const LINES: u64 = 200_000;
const LOG: &str = "root/memory/decisions.jsonl";

fn line(n: u64) -> String {
    format!("{{\"n\":{n},\"what\":\"buy\"}}\n")
}

/// Runs `audit-pack` within its bounds, which finds a change; its answer.
#[track_caller]
fn changed(world: &World, story: &str, arguments: &[&str]) -> Value {
    let mut command = std::process::Command::new("python3");
    command.args(["-S", "-c", MEASURE, env!("CARGO_BIN_EXE_audit-pack")]).args(arguments).arg("--json");
    command.current_dir(world.path("root")).env("HOME", world.path("home")).env_remove("HOLDFAST_ROOT");
    let mut ran = Ran::of(&command.output().unwrap()).ends(1);
    let (seconds, kib) = cost(&mut ran);
    assert!(seconds < SECONDS, "{story}, {arguments:?}: {seconds} s");
    assert!(kib < MEMORY_KIB, "{story}, {arguments:?}: {kib} KiB");
    serde_json::from_str(&ran.out).unwrap()
}

/// `check` and `verify` look at a log that was changed: the answers. A pack has no byte behind those that were sealed, so
/// that of a log that grew it shows another one, which is not verified.
#[track_caller]
fn answers(story: &str, sealed: &str, is: &str) -> Vec<Value> {
    let world = World::new();
    world.write(LOG, sealed);
    world.run(&["seal"]).ends(0);
    world.write(LOG, is);
    let mut answers = vec![changed(&world, story, &["check", "memory/decisions.jsonl"])];
    if is.len() <= sealed.len() {
        world.run(&["pack", "--no-seal", "-o", "../x.tar"]).ends(0);
        answers.push(changed(&world, story, &["verify", "../x.tar"]));
    }
    answers
}

/// So many findings are told, and the one at this place in the list is of this kind, line and byte.
#[track_caller]
fn is_told(story: &str, sealed: &str, is: &str, count: u64, (place, finding): (usize, Value)) {
    for answer in answers(story, sealed, is) {
        let listed = &answer["findings"][place];
        let told = json!([listed["kind"], listed["line"], listed["byte"]]);
        let counted = &answer["finding_count"];
        assert_eq!((counted, &told), (&json!(count), &finding), "{story}: {answer:.2000}");
    }
}

#[test]
fn every_third_line_deleted() {
    let sealed: String = (0..LINES).map(line).collect();
    let is: String = (0..LINES).filter(|n| n % 3 != 2).map(line).collect();
    let byte: usize = (0..2999).filter(|n| n % 3 != 2).map(|n| line(n).len()).sum();
    is_told("deleted", &sealed, &is, LINES / 3, (999, json!(["deleted", 3000, byte])));
}

#[test]
fn every_twentieth_line_changed() {
    let sealed: String = (0..LINES).map(line).collect();
    let louder = |n| if n % 20 == 0 { line(n).replace("buy", "BUY") } else { line(n) };
    let is: String = (0..LINES).map(louder).collect();
    let byte: usize = (0..19_980).map(|n| louder(n).len()).sum();
    is_told("edited", &sealed, &is, LINES / 20, (999, json!(["edited", 19_981, byte])));
}

#[test]
fn every_other_line_inserted() {
    let sealed: String = (0..LINES / 2).map(line).collect();
    let is: String = (0..LINES / 2).map(|n| line(LINES + n) + &line(n)).collect();
    let byte: usize = (0..999).map(|n| line(LINES + n).len() + line(n).len()).sum();
    is_told("inserted", &sealed, &is, LINES / 2, (999, json!(["inserted", 1999, byte])));
}

/// Lines that were never sealed are none that the sealed ones are sought in one by one.
#[test]
fn a_last_line_changed_before_many_that_were_not_sealed() {
    let sealed: String = (0..5).map(line).collect();
    let is: String = (0..4).chain(10..60_000).map(line).collect();
    let byte = line(0).len() * 4;
    is_told("the last", &sealed, &is, 1, (0, json!(["edited", 5, byte])));
}

/// Each line that both have is once there only when the one before it was passed.
#[test]
fn what_is_in_no_order_is_one_finding() {
    let sealed: String = (0..LINES / 2).map(|n| line(n + 1) + &line(n)).collect();
    let is: String = (0..LINES / 2).map(|n| format!("{n}\n") + &line(n)).collect();
    for answer in answers("in no order", &sealed, &is) {
        let last = answer["findings"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["kind"], &last["last_line"]), (&json!("replaced"), &json!(LINES)), "{last}");
        assert!(last["detail"].as_str().unwrap().contains("nothing from here on was compared"), "{last}");
    }
}
