//! Two sealers at once, and one that stands still with the lock in its hand: nobody who appends waits for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use holdfast_tests::harness::{Ended, Fault, Run, Running, Scratch, Traced, calls, each};
use rustix::process::Signal;

use super::logs::{KEY, LOG, all_sealed, append, audit, init, line, lines, root, seal, sealed, write};

/// How often a log is checked while it is sealed.
const CHECKS: usize = 30;

/// A sealer under strace that stands still, with the lock in its hand.
fn stopped(root: &Scratch) -> (Traced, Running) {
    let example = root.copy();
    let (calls, ended) = calls(&example, &seal(&example), "flock");
    ended.expect(0);
    let call = calls.iter().find(|call| call.line.contains("/lock")).expect("it locks");
    let mut traced = Traced::with(root, &seal(root), call, Fault::Stop);
    let running = traced.command.start();
    traced.wait_until_stopped();
    (traced, running)
}

#[test]
fn while_a_sealer_stands_still_appenders_go_on_and_others_say_who_holds_what() {
    let root = sealed(5);
    write(&root, &line(5));
    let (_traced, running) = stopped(&root);
    // A plain appender is not delayed.
    let began = Instant::now();
    write(&root, &line(6));
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
    root.put("new", line(7));
    let others = [seal(&root).start(), append(&root).start()];
    let [sealer, appender] = others.map(|other| other.ended_within(Duration::from_secs(30)));
    for ended in [&sealer, &appender] {
        assert_eq!(ended.code, Some(75), "{ended}");
        assert!(ended.took >= Duration::from_secs(9), "it waits for a while\n{ended}");
        for words in ["holds", "decisions.jsonl.audit/lock", "fuser"] {
            assert!(ended.stderr.contains(words), "expected {words:?}\n{ended}");
        }
    }
    appender.says("appended, durably").says("not sealed yet");
    assert!(root.text(LOG).ends_with(&line(7)), "it is there all the same");
    // It wakes up, and finds what came meanwhile.
    running.send(Signal::CONT);
    running.ended().expect(0);
    seal(&root).finish().expect(0);
    all_sealed(&root);
    assert_eq!(root.text(LOG), lines(0..8));
}

#[test]
fn a_sealer_that_died_with_the_lock_in_its_hand_leaves_it_free() {
    let root = sealed(5);
    write(&root, &line(5));
    let (_traced, running) = stopped(&root);
    running.send(Signal::KILL);
    drop(running);
    seal(&root).finish().expect(0).says("1 new lines");
    all_sealed(&root);
}

#[test]
fn many_who_begin_seal_and_append_at_once_make_one_history() {
    let root = root();
    write(&root, &lines(0..3));
    each(0..6, |_| {
        init(&root).finish().expect(0);
    });
    assert_eq!(root.text("memory/decisions.jsonl.audit/SEALS").matches("g1 ").count(), 1);
    root.put("new", lines(100..103));
    each(0..24, |at| {
        let ended = if at % 3 == 0 { append(&root) } else { seal(&root) }.finish().expect(0);
        // Line and leaf of a receipt are what the log has.
        let log = root.text(LOG);
        for receipt in ended.stdout.lines().filter(|_| at % 3 == 0) {
            let (line, leaf) = receipt.split_once(' ').expect("line and leaf");
            let line: usize = line.parse().expect("a number");
            let text = log.split_inclusive('\n').nth(line - 1).expect("that line");
            assert_eq!(tlog::Hash::leaf(text.as_bytes()).to_string(), leaf, "{ended}");
        }
    });
    all_sealed(&root);
    assert_eq!(root.text(LOG).lines().count(), 3 + 8 * 3);
}

#[test]
fn a_check_beside_a_sealer_raises_no_false_alarm() {
    let root = sealed(20_000);
    let done = AtomicBool::new(false);
    let (checks, seals) = std::thread::scope(|scope| {
        let sealing = scope.spawn(|| {
            let mut seals = 0_usize;
            while !done.load(Ordering::Relaxed) {
                write(&root, &line(seals as u64));
                seal(&root).finish().expect(0);
                seals += 1;
            }
            seals
        });
        let checking = scope.spawn(|| {
            let checks = (0..CHECKS).map(|_| audit(&root, &["check", LOG, "--key", KEY, "--deep"]).finish());
            let checks: Vec<Ended> = checks.collect();
            done.store(true, Ordering::Relaxed);
            checks
        });
        (checking.join().expect("checks"), sealing.join().expect("seals"))
    });
    assert!(seals > CHECKS / 4, "{seals} seals beside {CHECKS} checks show little");
    for ended in checks {
        ended.expect(0);
    }
}
