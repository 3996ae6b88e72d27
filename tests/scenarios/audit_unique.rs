//! `audit-pack check --unique`, on a sealed log.

use std::fmt::Write as _;

use holdfast_tests::harness::{Ended, Run, Scratch};

const LOG: &str = "memory/decisions.jsonl";

fn sealed(log: &str) -> Scratch {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("memory")).expect("memory");
    scratch.put(LOG, log);
    scratch
        .any("/usr/bin/ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f", "key"])
        .finish()
        .expect(0);
    scratch.ours("audit-pack", &["init", LOG, "--key", "key"]).finish().expect(0);
    scratch.ours("audit-pack", &["seal", LOG]).finish().expect(0);
    scratch
}

fn check(scratch: &Scratch, args: &[&str]) -> Ended {
    scratch.ours("audit-pack", &["check", LOG]).args(args).finish()
}

#[test]
fn a_decision_that_was_made_twice_is_a_finding_that_names_both_lines() {
    let log =
        "{\"order_id\":\"A1\"}\n{\"order_id\":\"A2\"}\n{\"hold\":true}\nno json\n{\"order_id\":\"A1\"}\n";
    let scratch = sealed(log);
    check(&scratch, &[]).expect(0);
    let ended = check(&scratch, &["--unique", "/order_id"]).expect(1).says("CHANGED, 1 finding");
    let ended = ended
        .says("duplicated  memory/decisions.jsonl, line 5, at byte 58: /order_id is \"A1\", as in line 1");
    ended.says(
        "3 lines have a value at /order_id, and 1 of them one that was there before; 2 lines have none",
    );
    let json = check(&scratch, &["--unique", "/order_id", "--json"]).expect(1);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["unique"], serde_json::json!({ "pointer": "/order_id", "values": 3, "without": 2 }));
    assert_eq!(
        (&json["findings"][0]["kind"], &json["findings"][0]["line"]),
        (&"duplicated".into(), &5.into())
    );
    check(&scratch, &["--unique", "/hold"]).expect(0).says("1 lines have a value at /hold, each another one");
    check(&scratch, &["--unique", "order_id"]).expect(64).says("not a JSON pointer");
}

/// A table of all these values at once would be larger than what is allowed.
#[test]
fn many_lines_need_no_more_memory() {
    const LINES: u64 = 2_500_000;
    const MOST_KIB: u64 = 64 << 10;
    let mut log = String::new();
    for n in 0..LINES {
        writeln!(log, "{{\"id\":{}}}", if n == LINES - 1 { 17 } else { n }).expect("a string grows");
    }
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("memory")).expect("memory");
    scratch.put(LOG, &log);
    drop(log);
    let person = ["-c", "user.name=p", "-c", "user.email=p@example.com"];
    scratch.any("/usr/bin/git").args(["init", "-q"]).finish().expect(0);
    let commit = ["commit", "-q", "--allow-empty", "-m", "nothing yet"];
    scratch.any("/usr/bin/git").args(person).args(commit).finish().expect(0);
    let program = "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); \
                   print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)";
    let mut measured = scratch.any("/usr/bin/python3");
    measured.args(["-S", "-c", program]).arg(holdfast_tests::harness::program("audit-pack"));
    let ended = measured.args(["check", LOG, "--base", "HEAD", "--unique", "/id"]).finish().expect(1);
    let ended = ended.says(&format!("line {LINES}, ")).says("/id is 17, as in line 18").says("1 finding");
    let peak = ended.stdout.lines().find_map(|line| line.strip_prefix("peak ")).expect("a peak");
    let peak: u64 = peak.trim().parse().expect("a number");
    assert!(peak < MOST_KIB, "{peak} KiB\n{ended}");
}

#[test]
fn the_quick_check_sees_the_last_seal_and_says_that_it_sees_no_more() {
    let line = |n: u32| format!("{{\"id\":{n}}}\n");
    let log: String = (1..=5).map(line).collect();
    let scratch = sealed(&log);
    let more: String = (6..=9).map(line).collect();
    scratch.put(LOG, log.clone() + &more);
    scratch.ours("audit-pack", &["seal", LOG]).finish().expect(0);
    check(&scratch, &["--quick"])
        .expect(0)
        .says("as far as a quick check can see")
        .says("leave out --quick for all");
    let edited = |from: &str, to: &str| scratch.put(LOG, (log.clone() + &more).replacen(from, to, 1));
    edited("\"id\":8", "\"id\":7");
    check(&scratch, &["--quick"]).expect(1).says("edited").says("lines 6 to 9");
    edited("\"id\":3", "\"id\":4");
    check(&scratch, &["--quick"]).expect(0);
    check(&scratch, &[]).expect(1).says("line 3");
    scratch.put(LOG, &log);
    check(&scratch, &["--quick"]).expect(1).says("truncated");
    check(&scratch, &["--quick", "--deep"]).expect(64);
}
