//! A heartbeat file, then NUL, then choices: what parses is judged without panic, whatever the clocks do.
#![no_main]

use holdfast::circuit::Mode;
use holdfast::config::{Bounds, Limit, Watch};
use holdfast::heartbeat::{Beat, Name, Status};
use holdfast::sys::Now;
use holdfast::time::Span;
use holdfast::watch::{Act, Context, Seen, Sight, Verdict, WatchMemory, clock_step, judge};
use holdfast_fuzz::{Choices, WALL, parts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Beat::parse(data);
    let [file, choices] = parts(data);
    let Ok(beat) = Beat::parse(file) else { return };
    assert!(beat.at.is_finite() && beat.at >= 0.0, "a time that no clock shows: {}", beat.at);
    look_again_and_again(beat, Choices(choices));
});

fn look_again_and_again(beat: Beat, mut choices: Choices) {
    let watch = watch(&mut choices);
    let status = beat.status.clone();
    let seen = Seen::Beat(Box::new(beat));
    let mut now = Now { wall: WALL, up: 5e3, awake: 4e3, boot: Some("boot".to_owned()) };
    let mut last_check = None;
    let mut memory = None;
    let paused = choices.of(&[None, Some(Mode::Halt), Some(Mode::Reduce)]);
    let began = Sight::now(&now);
    for _ in 0..4 {
        let later = choices.later(&now);
        last_check =
            last_check.map(|_: Now| now).or_else(|| choices.of(&[false, true]).then(|| later.clone()));
        now = later;
        let context = Context {
            now: &now,
            last_look: last_check.as_ref(),
            resumed: choices.of(&[false, true]).then_some(&began),
            paused: paused.map(|mode| (&began, mode)),
            calendar: None,
            step: last_check.as_ref().and_then(|last| clock_step(last, &now)),
        };
        let mut kept = memory.unwrap_or_else(|| WatchMemory::new(&now));
        let judged = judge(&watch, &seen, &mut kept, &context);
        assert!(judged.next.is_none_or(|next| next.is_finite() && next > 0.0), "{judged:?}");
        assert!(!judged.detail.contains(char::is_control), "{judged:?}");
        if let Status::Other(_) = status {
            assert_eq!(judged.verdict, Verdict::Reported, "a failure is told: {judged:?}");
            let known = context.resumed.is_some();
            assert!(
                judged.act == Act::Trip || known && judged.act == Act::Alert,
                "a failure trips: {judged:?}"
            );
        }
        assert!(judged.verdict != Verdict::Fresh || judged.act == Act::None, "{judged:?}");
        memory = Some(kept_on_disk(&kept));
        last_check.get_or_insert_with(|| now.clone());
    }
}

/// No beat makes the watchdog forget: what it remembers of one can be read again.
fn kept_on_disk(memory: &WatchMemory) -> WatchMemory {
    let text = serde_json::to_string(memory).expect("JSON");
    let again = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(*memory, again);
    again
}

fn watch(choices: &mut Choices) -> Watch {
    let pointer = |text: &str| text.parse().expect("a pointer");
    let rules = choices.of(&[false, true]);
    let bounds = Bounds { min: Some(-1.0), max: Some(20.0) };
    let limit =
        Limit { field: pointer("/cost"), bounds, max_rise_per_hour: Some(8.0) };
    Watch {
        max_run: Span::secs(choices.of(&[600, 1, 900])),
        advance: if rules { vec![pointer("/candle_at"), pointer("/deep/0/~0x")] } else { Vec::new() },
        limit: if rules { vec![limit] } else { Vec::new() },
        ..Watch::heartbeat(Name::main(), None)
    }
}
