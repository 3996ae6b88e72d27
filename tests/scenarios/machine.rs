//! Suspend, steps, a reboot and the change to summer time on a machine whose clocks really do that.

use holdfast::json::Value;
use holdfast_tests::harness::Machine;

/// Of each check the verdict and the circuit; of each beat how long the machine had slept then, in whole seconds.
fn short(heard: &[Value]) -> Vec<String> {
    let short = |heard: &Value| match (&heard["watches"]["bot"]["verdict"], heard["up"].as_f64()) {
        (Value::String(verdict), _) => format!("{verdict}, {}", heard["circuit"].as_str().expect("text")),
        (_, Some(up)) => {
            format!("beat, slept {:.0}s", (up - heard["awake"].as_f64().expect("a clock")).floor())
        }
        _ => heard.as_str().expect("text").to_owned(),
    };
    heard.iter().map(short).collect()
}

#[test]
fn a_machine_that_sleeps_is_set_and_boots_is_tripped_when_it_is_dead_and_not_before() {
    let machine = Machine::new("[[watch]]\nname = \"bot\"\nmax_age = \"10s\"\n");
    let day = "beat; check; suspend 15; check; beat; check; set_by 7200; beat; check; check; set_by -86400; beat; check; check";
    let heard = machine.boots("2026-11-21T08:00:00", day);
    let sleeping = ["beat, slept 0s", "fresh, green", "slept, green"];
    let slept = heard[3]["up"].as_f64().unwrap_or_default() - heard[3]["awake"].as_f64().unwrap_or_default();
    // It sleeps until the second that the alarm names, and is woken in a moment.
    assert!((13.0..18.0).contains(&slept), "{heard:#?}");
    let beat = &format!("beat, slept {:.0}s", slept.floor());
    let stepped = ["fresh, green", beat, "clock-stepped, green", "fresh, green"];
    let back = [beat, "clock-stepped, green", "fresh, green"];
    let all = [&sleeping[..], &[beat], &stepped, &back].concat();
    assert_eq!(short(&heard), all, "{heard:#?}");

    // Its clock says yesterday, 10 o'clock. It is off for an hour, and nobody beats.
    let again = machine.boots("2026-11-20T11:00:00", "check; circuit-ctl check; echo \"@$?\"");
    assert_eq!(short(&again[..1]), ["stale, paused"], "{again:#?}");
    assert_eq!(again[1], 2, "{again:#?}");
    assert_ne!(again[0]["boot"], heard[0]["boot"], "it is another boot");

    // A dead machine that goes to sleep is as dead when it wakes up.
    let machine = Machine::new("[[watch]]\nname = \"bot\"\nmax_age = \"3s\"\n");
    let heard = machine.boots("2026-11-21T08:00:00", "beat; check; sleep 4; suspend 5; check");
    assert_eq!(short(&heard), ["beat, slept 0s", "fresh, green", "stale, paused"], "{heard:#?}");
}

/// It sleeps for longer than a `max_age`, with the resident watchdog in the middle of it all.
#[test]
fn a_resident_watchdog_wakes_up_with_its_machine_and_counts_what_it_was_awake() {
    let machine = Machine::new("[[watch]]\nname = \"bot\"\nmax_age = \"10s\"\n");
    let day = "beat; watchdog run --every 1s & until [ -e data/watchdog.json ]; do sleep 1; done
        beat; suspend 20; woken=$(date +%s)
        while circuit-ctl check > /dev/null; do sleep 1; done
        echo \"@$(($(date +%s) - woken))\"; cat memory/journal.jsonl; kill $!";
    let heard = machine.boots("2026-11-21T08:00:00", day);
    assert_eq!(heard.len(), 3, "{heard:#?}");
    let awake = heard[2].as_u64().expect("seconds");
    assert!((7..20).contains(&awake), "paused when it had been awake again for {awake}s: {heard:#?}");
}

#[test]
fn a_session_opens_at_the_very_moment_at_which_the_clocks_of_a_machine_are_changed() {
    let machine = Machine::new(
        "[[watch]]\nname = \"bot\"\nmax_age = \"10s\"\nduring = \"market\"\n\
         [calendar.market]\nzone = \"Europe/Berlin\"\ndays = \"Sun\"\nhours = [\"02:30-06:00\"]\n",
    );
    // 02:30 is left out on that day: it is 03:00 at 01:00 UTC.
    let heard = machine.boots(
        "2026-03-29T00:59:20",
        "export TZ=Europe/Berlin; zone; check; while [ $(date +%s) -lt 1774746000 ]; do sleep 1; done\n\
         zone; check; sleep 11; check",
    );
    let all = ["CET", "off-hours, green", "CEST", "missing, green", "missing, paused"];
    assert_eq!(short(&heard), all, "{heard:#?}");
}
