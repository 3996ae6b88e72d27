//! Two processes at one heartbeat.

use super::*;
use crate::watch::verdict::{Act, Verdict};

fn after(beats: &[&str]) -> (Verdict, Act, String) {
    let mut bench = Bench::new();
    let mut last = None;
    for more in beats {
        bench.clock.advance(10.0);
        let beat = bench.beat(more);
        last = Some(bench.look(&beat));
    }
    let judged = last.expect("a beat");
    (judged.verdict, judged.act, judged.detail)
}

#[test]
fn pids_that_alternate_are_two_writers() {
    let (verdict, act, detail) = after(&[r#""pid":1"#, r#""pid":2"#, r#""pid":1"#]);
    assert_eq!((verdict, act), (Verdict::TwoWriters, Act::Alert));
    assert!(detail.contains("pid 2 and pid 1 write in turn"), "{detail}");
}

#[test]
fn hosts_that_alternate_are_two_writers() {
    let (one, other) = (r#""pid":7,"host":"a""#, r#""pid":7,"host":"b""#);
    assert_eq!(after(&[one, other, one]).0, Verdict::TwoWriters);
}

#[test]
fn hosts_that_alternate_are_two_writers_with_a_new_process_each_cycle() {
    let from = |cycle: usize, host: &str| format!(r#""pid":{},"seq":{cycle}{host}"#, 100 + cycle);
    let (a, b) = (r#","host":"a""#, r#","host":"b""#);
    for (hosts, verdict) in [
        (&[a, b, a, b][..], Verdict::TwoWriters),
        (&[a, "", b, "", a], Verdict::TwoWriters),
        // It moved; and what names no host is none.
        (&[a, a, b, b], Verdict::Fresh),
        (&[a, "", a, "", a], Verdict::Fresh),
        (&["", "", ""], Verdict::Fresh),
    ] {
        let beats: Vec<String> = hosts.iter().enumerate().map(|(cycle, host)| from(cycle, host)).collect();
        let beats: Vec<&str> = beats.iter().map(String::as_str).collect();
        let (judged, _, detail) = after(&beats);
        assert_eq!(judged, verdict, "{hosts:?}: {detail}");
        assert_eq!(detail.contains("hosts "), verdict == Verdict::TwoWriters, "{detail}");
    }
}

#[test]
fn a_name_of_a_host_takes_no_more_room_than_it_needs() {
    let mut bench = Bench::new();
    let beat = bench.beat(&format!(r#""pid":1,"host":"{}""#, "h".repeat(100_000)));
    bench.look(&beat);
    let memory = serde_json::to_string(&bench.memory).expect("JSON");
    assert!(memory.len() < 2000, "{}", memory.len());
}

#[test]
fn a_count_that_begins_anew_is_one_writer_and_two_counts_in_turn_are_two() {
    let seq = |seqs: &[u64]| {
        let beats: Vec<String> = seqs.iter().map(|seq| format!(r#""seq":{seq}"#)).collect();
        after(&beats.iter().map(String::as_str).collect::<Vec<_>>()).0
    };
    for begun in [0, 1] {
        assert_eq!(seq(&[41, 42, begun]), Verdict::Fresh);
        assert_eq!(seq(&[41, 42, begun, 2, 3]), Verdict::Fresh);
        assert_eq!(seq(&[41, begun, 42, 2]), Verdict::TwoWriters);
    }
}

#[test]
fn a_count_that_goes_back_is_two_writers() {
    let (verdict, _, detail) = after(&[r#""seq":41"#, r#""seq":42"#, r#""seq":7"#]);
    assert_eq!(verdict, Verdict::TwoWriters);
    assert!(detail.contains("seq went back from 42 to 7"), "{detail}");
}

#[test]
fn a_new_process_each_cycle_is_normal() {
    let beats: Vec<String> =
        (0..50).map(|cycle| format!(r#""pid":{},"seq":{cycle}"#, 1000 + cycle)).collect();
    let beats: Vec<&str> = beats.iter().map(String::as_str).collect();
    assert_eq!(after(&beats).0, Verdict::Fresh);
}

#[test]
fn a_restarted_process_and_one_that_says_nothing_of_itself_are_normal() {
    assert_eq!(after(&[r#""pid":1,"seq":1"#, r#""pid":1,"seq":2"#, r#""pid":9,"seq":3"#]).0, Verdict::Fresh);
    assert_eq!(after(&["", "", ""]).0, Verdict::Fresh);
}

#[test]
fn it_is_told_for_one_max_age() {
    let mut bench = Bench::new();
    for pid in [1, 2, 1] {
        bench.clock.advance(10.0);
        let beat = bench.beat(&format!(r#""pid":{pid}"#));
        bench.look(&beat);
    }
    for (seconds, verdict) in
        [(450.0, Verdict::TwoWriters), (450.0, Verdict::TwoWriters), (1.0, Verdict::Fresh)]
    {
        bench.clock.advance(seconds);
        let beat = bench.beat(r#""pid":1"#);
        assert_eq!(bench.look(&beat).verdict, verdict);
    }
}
