//! Programs of the operator's own.

use std::time::Duration;

use holdfast_notify::{Alert, ChannelState};

use crate::{World, command, error_of, is_failing, kinds, shell};

#[test]
fn a_command_gets_the_message_on_stdin_and_its_parts_in_the_environment() {
    let world = World::new();
    let out = world.file("out").display().to_string();
    let script = format!(
        "{{ cat; echo \"$HOLDFAST_ALERT_ID|$HOLDFAST_INCIDENT|$HOLDFAST_KIND|$HOLDFAST_LEVEL|$HOLDFAST_SUBJECT\"; }} > {out}"
    );
    let channels = [shell("pager", &script)];
    world.put(&world.alert("a"), &channels);
    assert_eq!(kinds(&world.deliver(&channels)), ["alert-accepted"]);
    assert_eq!(
        std::fs::read_to_string(out).expect("written"),
        "trader-run: heartbeat stale\n\n1260s > 900s\n\nincident 20261121T080000Z-7f3a\n\
         a|20261121T080000Z-7f3a|opened|1|trader-run: heartbeat stale\n"
    );
}

/// `/usr/local/bin/notify-telegram.sh MESSAGE`, as in the article.
#[test]
fn a_script_may_take_the_message_as_an_argument() {
    let world = World::new();
    let out = world.file("out").display().to_string();
    let script = format!("printf %s \"$1\" > {out}");
    let channels = [command("pager", &["/bin/sh", "-c", &script, "notify", "[bot] {message}"])];
    let alert = Alert { text: "$(touch never) `x` \"quoted\" \0".to_owned(), ..world.alert("a") };
    world.put(&alert, &channels);
    assert!(world.deliver(&channels).all_heard());
    assert_eq!(
        std::fs::read_to_string(out).expect("written"),
        "[bot] trader-run: heartbeat stale\n\n$(touch never) `x` \"quoted\" \n\nincident 20261121T080000Z-7f3a"
    );
}

#[test]
fn only_exit_code_zero_is_acceptance() {
    let world = World::new();
    for (script, says) in [
        ("echo one >&2; echo 'no route' >&2; echo >&2; exit 3", "/bin/sh ended with 3: no route"),
        ("exit 1", "/bin/sh ended with 1"),
        ("kill -9 $$", "/bin/sh was ended by signal 9"),
    ] {
        let channels = [shell("pager", script)];
        world.put(&world.alert("a"), &channels);
        let delivery = world.deliver(&channels);
        assert!(error_of(&delivery, "pager").starts_with(says), "{:?}", error_of(&delivery, "pager"));
        assert!(is_failing(&delivery, "pager"));
        assert_eq!(delivery.unheard, ["a"]);
        std::fs::remove_file(world.file("data/outbox/a.json")).expect("was there");
    }
}

#[test]
fn a_command_that_is_not_there_or_may_not_run_is_broken() {
    let world = World::new();
    std::fs::write(world.file("plain"), "#!/bin/sh\n").expect("written");
    let plain = world.file("plain").display().to_string();
    for (program, says) in [("/nowhere/pager", "was not found"), (plain.as_str(), "may not be run")] {
        let channels = [command("pager", &[program])];
        world.put(&world.alert("a"), &channels);
        let delivery = world.deliver(&channels);
        assert!(
            matches!(&delivery.channels["pager"].state, ChannelState::Broken { why, .. } if why.contains(says))
        );
        std::fs::remove_file(world.file("data/outbox/a.json")).expect("was there");
    }
}

#[test]
fn a_command_that_ignores_sigterm_is_killed_at_its_timeout() {
    let world = World::new();
    let channels = [shell("pager", "trap '' TERM; while :; do sleep 1; done")];
    world.put(&world.alert("a"), &channels);
    let before = world.sys.clock.now().up;
    let delivery = world.deliver_within(&channels, Duration::from_millis(3100));
    assert!(world.sys.clock.now().up - before < 3.6);
    assert!(error_of(&delivery, "pager").contains("did not end within 2.0s and was killed"), "{delivery:?}");
}

#[test]
fn an_alert_that_a_command_chokes_on_does_not_hold_up_the_others() {
    let mut world = World::new();
    let out = world.file("out").display().to_string();
    let script = format!("test \"$HOLDFAST_ALERT_ID\" != a-poison && echo $HOLDFAST_ALERT_ID >> {out}");
    let channels = [shell("pager", &script)];
    for id in ["a-poison", "b", "c"] {
        world.put(&world.alert(id), &channels);
    }
    for minutes in 0..4 {
        world.later(f64::from(minutes) * 900.0);
        world.deliver(&channels);
    }
    assert_eq!(std::fs::read_to_string(out).expect("written"), "b\nc\n");
}
