use std::time::Duration;

use tlog::seals::Walk;

use super::*;

const NOW: u64 = 1_795_248_000_000;
const HOUR: u64 = 3_600_000;

fn state() -> State {
    let key = tlog::note::MemoryKey::new("example.com/d", &[1; 32]).unwrap();
    let mut walk = Walk::new();
    walk.step(format!("g1 example.com/d 1 {}\n", tlog::Signer::vkey(&key)).as_bytes()).unwrap();
    walk.state().unwrap().clone()
}

fn anchor(kind: &str) -> Anchor {
    let text = format!("[[anchor]]\nname = \"a\"\nevery = \"1h\"\n{kind}\n");
    holdfast::config::Config::parse(&text).unwrap().anchors.remove(0)
}

fn learned(memory: &Memory, asked: &Asked) -> Memory {
    let mut memory = memory.clone();
    memory.learn(
        asked,
        &state(),
        NOW,
        &anchor("kind = \"witness\"\nurl = \"https://example.com\"\nkey = \"w+a1b2c3d4+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\""),
    );
    let again = parse(&memory.to_object()).unwrap();
    assert_eq!(again, memory, "it is written as it is read");
    memory
}

#[test]
fn who_agreed_is_asked_after_its_time_and_who_failed_sooner_and_later_each_time() {
    let hour = Span::secs(3600);
    let fresh = Memory { origin: "example.com/d".to_owned(), ..Memory::default() };
    assert!(fresh.is_due(NOW, hour));
    let done = learned(&fresh, &Ok(String::new()));
    assert!(!done.is_due(NOW + HOUR / 2, hour));
    assert!(done.is_due(NOW + HOUR - 59_000, hour), "a timer that is a little early");
    assert_eq!(done.seen, Some((0, Hash::EMPTY)));
    // The clock was set back by a year.
    assert!(done.is_due(NOW - 365 * 24 * HOUR, hour));

    let mut failing = done;
    let waits = [60, 120, 240, 480, 960, 1920, 3540, 3540].map(|seconds| seconds * 1000);
    for wait in waits {
        failing = learned(&failing, &Err(Trouble::later("down")));
        assert_eq!(failing.next_ms - NOW, wait);
        assert_eq!(failing.why.as_deref(), Some("down"));
    }
    for (after, waits) in [(7, 7_000), (1_000_000, HOUR)] {
        let after = Some(Duration::from_secs(after));
        let told = learned(&failing, &Err(Trouble::Later { why: String::new(), after }));
        assert_eq!(told.next_ms - NOW, waits);
    }
    let mended = learned(&failing, &Ok(String::new()));
    assert_eq!((mended.failures, mended.why), (0, None));
}

#[test]
fn an_alarm_stands_until_the_same_one_agrees() {
    let fresh = Memory { origin: "example.com/d".to_owned(), ..Memory::default() };
    for (trouble, is_fork) in
        [(Trouble::RolledBack("w".to_owned()), false), (Trouble::Forked("w".to_owned()), true)]
    {
        let alarmed = learned(&fresh, &Err(trouble));
        assert_eq!(alarmed.alarm.as_ref().map(Alarm::is_fork), Some(is_fork));
        let unreached = learned(&alarmed, &Err(Trouble::later("down")));
        assert_eq!(unreached.alarm, alarmed.alarm);
        let refused = learned(&unreached, &Err(Trouble::Refused("404".to_owned())));
        assert_eq!(refused.alarm, alarmed.alarm);
        assert_eq!(learned(&refused, &Ok(String::new())).alarm, None);
        // A store has only said something of another head.
        let mut store = refused.clone();
        let bucket = anchor("kind = \"store\"\nurl = \"s3://bucket/desk\"");
        store.learn(&Ok(String::new()), &state(), NOW, &bucket);
        assert_eq!(store.alarm, refused.alarm);
    }
}
