//! `audit-pack check --reconcile`, on sealed logs and fills as people have them.

use std::fmt::Write as _;
use std::fs;

use holdfast_tests::harness::{Ended, Run, Scratch};
use serde_json::json;

const LOG: &str = "memory/decisions.jsonl";
const DECISIONS: &str =
    "{\"order_id\":\"A1\"}\n{\"hold\":true}\n{\"order_id\":\"A2\"}\n{\"order_id\":\"A3\"}\n";

fn sealed(log: &str) -> Scratch {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("memory")).expect("memory");
    scratch.put(LOG, log);
    let keygen = ["-q", "-t", "ed25519", "-N", "", "-f", "key"];
    scratch.any("/usr/bin/ssh-keygen").args(keygen).finish().expect(0);
    scratch.ours("audit-pack", &["init", LOG, "--key", "key"]).finish().expect(0);
    scratch
}

fn check(scratch: &Scratch, args: &[&str]) -> Ended {
    let asked = ["check", LOG, "--key", "key", "--reconcile", "fills.csv", "--order-key", "order_id"];
    scratch.ours("audit-pack", &asked).args(args).finish()
}

#[test]
fn a_trade_that_nobody_decided_and_an_order_without_a_fill_are_named() {
    let scratch = sealed(DECISIONS);
    scratch.put("fills.csv", "time,order_id\n1,A1\n2,A3\n3,A2\n4,A1\n");
    let ended =
        check(&scratch, &[]).expect(0).says("unchanged since it was sealed\n").says("each has the other");
    let ended = ended.says("3 sealed orders with order_id and 4 fills in fills.csv");
    ended
        .says("1 decisions are no orders; 1 orders have several fills")
        .says("several: A1, decided in line 1, filled in lines 2, 5");

    scratch.put("fills.csv", "time,order_id\n1,A1\n2,A3\n3,X9\n");
    let ended =
        check(&scratch, &[]).expect(1).says("unchanged since it was sealed, and it DOES NOT RECONCILE");
    let ended = ended.says("undecided   fills.csv, line 4: no sealed decision has order_id X9");
    ended
        .says("unfilled    memory/decisions.jsonl, line 3, at byte 32: order_id A2 has no fill in fills.csv");
    let ended = check(&scratch, &["--json"]).expect(1);
    let answer: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!((&answer["verdict"], &answer["finding_count"]), (&json!("not-reconciled"), &json!(0)));
    let reconcile = &answer["reconcile"];
    assert_eq!(
        (&reconcile["orders"], &reconcile["fills"], &reconcile["count"]),
        (&json!(3), &json!(3), &json!(2))
    );
    let kinds: Vec<_> = reconcile["listed"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|it| (&it["kind"], &it["line"]))
        .collect();
    assert_eq!(kinds, [(&json!("undecided"), &json!(4)), (&json!("unfilled"), &json!(3))]);
}

#[test]
fn only_what_is_sealed_counts_and_every_file_of_the_log_does() {
    let scratch = sealed(DECISIONS);
    let closed = "memory/decisions.jsonl-1";
    fs::rename(scratch.path(LOG), scratch.path(closed)).expect("renamed");
    scratch.put(LOG, "{\"order_id\":\"B1\"}\n");
    let rotate = ["rotate", LOG, "--closed", closed, "--key", "key"];
    scratch.ours("audit-pack", &rotate).finish().expect(0);
    scratch.ours("audit-pack", &["seal", LOG, "--key", "key"]).finish().expect(0);
    scratch.put("fills.csv", "order_id\nA1\nA2\nA3\nB1\n");
    check(&scratch, &[]).expect(0).says("4 sealed orders");
    scratch.put(LOG, "{\"order_id\":\"B1\"}\n{\"order_id\":\"B2\"}\n");
    scratch.put("fills.csv", "order_id\nA1\nA2\nA3\nB1\nB2\n");
    let ended = check(&scratch, &[]).expect(1).says("no sealed decision has order_id B2");
    ended.says("18 bytes are not sealed, and were not looked at");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let scratch = sealed(DECISIONS);
    check(&scratch, &[]).expect(64).says("fills.csv");
    scratch.put("fills.csv", "time,id\n1,A1\n");
    check(&scratch, &[])
        .expect(64)
        .says("no column is named order_id: there are time, id\n  name one with --fills-key");
    check(&scratch, &["--fills-key", "id"]).expect(1);
    scratch.put("fills.csv", "time,order_id\n1\n");
    check(&scratch, &[]).expect(65).says("fills.csv: line 2: 1 fields, and the header has 2");
    check(&scratch, &["--quick"]).expect(64);
    let alone = ["check", LOG, "--reconcile", "fills.csv"];
    scratch.ours("audit-pack", &alone).finish().expect(64).says("--order-key");
    scratch.put("memory/other.jsonl", "{}\n");
    scratch.ours("audit-pack", &["init", "memory/other.jsonl", "--key", "key"]).finish().expect(0);
    check(&scratch, &["memory/other.jsonl"]).expect(64).says("--reconcile is about one log");
}

/// A table of all these orders at once would be larger than what is allowed.
#[test]
fn many_orders_need_no_more_memory() {
    const ORDERS: u64 = 1_000_000;
    const MOST_KIB: u64 = 64 << 10;
    let (mut log, mut fills) = (String::new(), "order_id\n".to_owned());
    for n in 0..ORDERS {
        writeln!(log, "{{\"order_id\":{n}}}").expect("a string grows");
        writeln!(fills, "{}", if n == 17 { ORDERS } else { n }).expect("a string grows");
    }
    let scratch = sealed(&log);
    scratch.put("fills.csv", &fills);
    let program = "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); \
                   print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)";
    let mut measured = scratch.any("/usr/bin/python3");
    measured.args(["-S", "-c", program]).arg(holdfast_tests::harness::program("audit-pack"));
    let asked = ["check", LOG, "--key", "key", "--reconcile", "fills.csv", "--order-key", "order_id"];
    let ended = measured.args(asked).finish().expect(1);
    let ended = ended
        .says("no sealed decision has order_id 1000000")
        .says("line 18, ")
        .says("order_id 17 has no fill");
    let peak = ended.stdout.lines().find_map(|line| line.strip_prefix("peak ")).expect("a peak");
    let peak: u64 = peak.trim().parse().expect("a number");
    assert!(peak < MOST_KIB, "{peak} KiB\n{ended}");
}
