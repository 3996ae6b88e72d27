//! Eight programs write while a sealer runs in a loop: each line is sealed once, and nobody waits for the sealer.

use std::collections::HashMap;
use std::fs;

use holdfast::json::Value;
use holdfast_tests::harness::{Run, Running, Scratch, eventually};

use super::logs::{LOG, all_sealed, init, root, seal};

const WRITERS: usize = 8;
/// Times without and with sealing, one after another.
const ROUNDS: usize = 8;
/// How much is written in each time.
const ROUND: u64 = 2 << 20;
/// And how many seals are made then, at least.
const SEALS_MIN: usize = 3;
/// Beyond what there is without sealing, in seconds.
const DELAY_MAX: f64 = 0.010;

#[test]
fn eight_writers_do_not_wait_for_the_sealer_and_each_line_is_sealed_once() {
    let root = root();
    init(&root).finish().expect(0);
    let writers: Vec<Running> = (0..WRITERS)
        .map(|who| root.python("appender.py", &[&who.to_string(), LOG, &(who + 7).to_string()]).start())
        .collect();
    let mut seals = 0;
    for _ in 0..ROUNDS {
        let end = size(&root) + ROUND;
        eventually("the writers write alone", || size(&root) >= end);
        root.put("sealing", "");
        let (end, already) = (size(&root) + ROUND, seals);
        while size(&root) < end || seals < already + SEALS_MIN {
            seal(&root).finish().expect(0);
            seals += 1;
        }
        fs::remove_file(root.path("sealing")).expect("a mark");
    }
    root.put("stop", "");
    let told: Vec<Value> = writers
        .into_iter()
        .map(|writer| {
            let ended = writer.ended().expect(0);
            serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}\n{ended}"))
        })
        .collect();
    seal(&root).finish().expect(0);
    all_sealed(&root);
    each_line_once(&root, &told);
    let [alone, sealing] = ["alone", "sealing"].map(|when| percentile_99(&told, when));
    println!(
        "{seals} seals; p99 of a write: alone {:.3} ms, beside sealing {:.3} ms",
        alone * 1e3,
        sealing * 1e3
    );
    assert!(
        sealing <= alone + DELAY_MAX,
        "writers wait for the sealer: {alone} s without, {sealing} s with it"
    );
}

fn size(root: &Scratch) -> u64 {
    fs::metadata(root.path(LOG)).map_or(0, |meta| meta.len())
}

/// The log has what each writer wrote, all of it in its order, whole.
fn each_line_once(root: &Scratch, told: &[Value]) {
    let mut next: HashMap<u64, u64> = HashMap::new();
    let text = root.text(LOG);
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let (who, n) = (value["who"].as_u64().expect("who"), value["n"].as_u64().expect("n"));
        let expected = next.entry(who).or_default();
        assert_eq!(n, *expected, "of writer {who}");
        *expected += 1;
    }
    for (who, told) in (0..).zip(told) {
        assert_eq!(next.get(&who).copied(), told["count"].as_u64(), "of writer {who}");
    }
    println!("{} lines, {} bytes", text.lines().count(), text.len());
}

fn percentile_99(told: &[Value], when: &str) -> f64 {
    let all = told.iter().flat_map(|told| told[when].as_array().expect("times"));
    let mut all: Vec<f64> = all.filter_map(Value::as_f64).collect();
    all.sort_by(f64::total_cmp);
    assert!(all.len() > 500, "too few writes to say anything: {}", all.len());
    all[all.len() * 99 / 100]
}
