//! Telling people.

mod desktop;
mod encrypted;
mod kinds;
#[path = "../../../notify/tests/peers/mod.rs"]
mod peers;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use holdfast_notify::standin::{Behaviour, TOKEN, Telegram};

use crate::Scratch;

pub(crate) fn to_file(name: &str) -> String {
    format!(
        "[[channel]]\nkind = \"command\"\nname = \"{name}\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> {name}.txt\"]\n"
    )
}

/// Alerts in the outbox.
fn waiting(scratch: &Scratch) -> usize {
    let names =
        fs::read_dir(scratch.path("data/outbox")).expect("outbox").map(|entry| entry.expect("entry").path());
    names.filter(|path| path.extension().is_some_and(|extension| extension == "json")).count()
}

/// Puts a secret into its file, as it should be.
fn secret(scratch: &Scratch, name: &str, content: &str) {
    fs::create_dir_all(scratch.path("secrets")).expect("secrets");
    let path = format!("secrets/{name}");
    scratch.put(&path, content);
    fs::set_permissions(scratch.path(&path), fs::Permissions::from_mode(0o600)).expect("chmod");
}

fn telegram(server: &Telegram, scratch: &Scratch) -> String {
    secret(scratch, "telegram", TOKEN);
    format!(
        "[[channel]]\nkind = \"telegram\"\ntoken_file = \"secrets/telegram\"\nchat = \"-100123\"\nbase_url = \"{}\"\n",
        server.base_url()
    )
}

#[test]
fn one_message_for_everything_that_one_check_finds() {
    let scratch = Scratch::with(&to_file("mail"));
    fs::create_dir(scratch.path("data/heartbeats")).expect("heartbeats");
    for name in ["a", "b", "c"] {
        scratch.beat(0.0, "broken");
        fs::rename(
            scratch.path("data/heartbeat.json"),
            scratch.path(&format!("data/heartbeats/{name}.json")),
        )
        .expect("rename");
    }
    assert_eq!(scratch.run(&["check"]).code, Some(1));
    let mail = scratch.read("mail.txt");
    assert_eq!(mail.matches("NEW: ").count(), 4, "three, and the first again in the subject: {mail}");
    assert_eq!(mail.matches("Trading on ").count(), 1, "{mail}");
    assert_eq!(scratch.run(&["check"]).code, Some(1));
    assert_eq!(scratch.read("mail.txt"), mail, "nothing new, nothing told");
    assert_eq!(waiting(&scratch), 0, "settled and removed");
    assert!(scratch.journal().contains(&"alert-accepted".to_owned()));
}

#[test]
fn an_alert_that_nobody_accepts_is_loud_and_told_later() {
    let scratch = Scratch::with(
        "[[channel]]\nkind = \"command\"\ncommand = [\"/bin/sh\", \"-c\", \"test -e up && cat >> mail.txt\"]\n",
    );
    scratch.beat(0.0, "broken");
    let dead = scratch.run(&["check"]);
    assert_eq!(dead.code, Some(69), "{dead:?}");
    assert!(scratch.paused());
    assert_eq!(waiting(&scratch), 1);
    let found = scratch.run(&["check", "--json"]).json();
    assert_eq!(found["watches"]["holdfast/alerts"]["verdict"], "mute");
    scratch.put("up", "");
    // What waits is due some seconds later; a new alert goes at once, and the channel works again.
    scratch.beat(0.0, "ok");
    scratch.run(&["check"]);
    assert!(scratch.read("mail.txt").contains("OVER: heartbeat"), "{}", scratch.read("mail.txt"));
    let healed = scratch.run(&["check", "--json"]).json();
    assert_eq!(healed["watches"]["holdfast/alerts"]["verdict"], "fresh");
}

#[test]
fn a_broken_channel_is_told_through_the_others_at_once() {
    let scratch = Scratch::new();
    let server = Telegram::start(Behaviour::Unauthorized);
    scratch.put("holdfast.toml", &format!("{}{}", telegram(&server, &scratch), to_file("mail")));
    scratch.beat(0.0, "broken");
    let ended = scratch.run(&["check"]);
    let mail = scratch.read("mail.txt");
    assert!(mail.contains("heartbeat is reported") && mail.contains("channel telegram is broken"), "{mail}");
    for text in
        [&mail, &ended.err, &scratch.read("memory/journal.jsonl"), &scratch.read("data/watchdog.json")]
    {
        assert!(!text.contains(TOKEN), "a secret got out: {text}");
    }
}

#[test]
fn test_alert_says_which_channel_works() {
    let scratch = Scratch::new();
    let server = Telegram::start(Behaviour::Ok);
    let broken = "[[channel]]\nkind = \"command\"\nname = \"broken\"\ncommand = [\"/no/such/program\"]\n";
    scratch.put("holdfast.toml", &format!("{}{}{broken}", telegram(&server, &scratch), to_file("mail")));
    let ended = scratch.run(&["test-alert"]);
    assert_eq!(ended.code, Some(69), "{ended:?}");
    assert!(ended.out.contains("telegram telegram: works"), "{}", ended.out);
    assert!(ended.out.contains("command mail: works"), "{}", ended.out);
    assert!(ended.out.contains("command broken: DOES NOT WORK: "), "{}", ended.out);
    assert_eq!(server.received().len(), 1);
    let journal = scratch.read("memory/journal.jsonl");
    for kept in [
        r#""kind":"channel-tested","#,
        r#""channel":"telegram","works":true}"#,
        r#""channel":"mail","works":true}"#,
        r#""channel":"broken","works":false,"why":""#,
    ] {
        assert!(journal.contains(kept), "{kept} is not in {journal}");
    }
    let none = Scratch::new().run(&["test-alert"]);
    assert_eq!(none.code, Some(78));
}

#[test]
fn without_a_channel_every_alarm_says_that_nobody_was_told() {
    let scratch = Scratch::new();
    scratch.beat(0.0, "broken");
    let ended = scratch.run(&["check"]);
    assert!(ended.err.contains("no alert channel is configured"), "{}", ended.err);
    assert_eq!(ended.code, Some(1));
}

#[test]
fn with_the_last_channel_taken_out_what_waits_is_settled() {
    let scratch = Scratch::with(
        "[[watch]]\nname = \"trader\"\non_fail = [\"alert\"]\n\
         [[channel]]\nkind = \"command\"\ncommand = [\"/bin/false\"]\n",
    );
    scratch.beat(0.0, "broken");
    assert_eq!(scratch.run(&["check"]).code, Some(69));
    assert_eq!(waiting(&scratch), 1);
    scratch.put("holdfast.toml", "[[watch]]\nname = \"trader\"\non_fail = [\"alert\"]\n");
    let told = scratch.run(&["check"]);
    assert!(told.err.contains("is given up: nobody has heard it"), "{told:?}");
    assert!(!told.err.contains("are tried again"), "{told:?}");
    assert_eq!(waiting(&scratch), 0);
    let journal = scratch.read("memory/journal.jsonl");
    assert!(journal.contains("\"why\":\"no alert channel is configured any more\""), "{journal}");
    scratch.beat(0.0, "ok");
    let ended = scratch.run(&["check", "--json"]);
    assert_eq!(ended.json()["watches"]["holdfast/alerts"]["verdict"], "fresh", "{ended:?}");
    assert_eq!(scratch.run(&["check"]).code, Some(0));
}

#[test]
fn while_no_good_configuration_is_known_an_alert_waits() {
    let scratch = Scratch::with("nonsense = 1\n");
    scratch.beat(0.0, "broken");
    let blind = scratch.run(&["check"]);
    assert_eq!(blind.code, Some(78), "{blind:?}");
    assert!(blind.err.contains("it waits in data/outbox"), "{}", blind.err);
    assert_eq!(waiting(&scratch), 1);
    scratch.put("holdfast.toml", &to_file("mail"));
    scratch.run(&["check"]);
    assert!(scratch.read("mail.txt").contains("heartbeat is reported"), "{}", scratch.read("mail.txt"));
    assert_eq!(waiting(&scratch), 0);
}

#[test]
fn channels_and_actions_run_in_the_root() {
    let scratch = Scratch::with(
        "[[watch]]\nname = \"trader\"\non_fail = [\"trip\", \"alert\", \"run:where\"]\n\
         [[channel]]\nkind = \"command\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> mail.txt\"]\n\
         [action.where]\ncommand = [\"/bin/sh\", \"-c\", \"ls $HOLDFAST_ROOT/data/circuit.json > where.txt\"]\n",
    );
    scratch.beat(0.0, "broken");
    let name = scratch.path("").file_name().expect("a name").to_owned();
    let mut command = scratch.command(&["check", "--root"]);
    command.arg(name).current_dir(scratch.path("").parent().expect("a folder above"));
    let ended = command.output().expect("watchdog starts");
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(scratch.read("mail.txt").contains("trader is reported"), "told in the root");
    assert!(scratch.read("where.txt").contains("data/circuit.json"), "and acted there");
}

#[test]
fn actions_run_once_for_a_trip_and_are_journalled() {
    let config = "[[watch]]\nname = \"trader\"\non_fail = [\"trip\", \"alert\", \"run:cancel\"]\n\
                  [action.cancel]\ncommand = [\"/bin/sh\", \"-c\", \"echo cancelled $HOLDFAST_INCIDENT | tee -a ran.txt\"]\n";
    let scratch = Scratch::with(config);
    scratch.beat(0.0, "broken");
    scratch.run(&["check"]);
    scratch.run(&["check"]);
    let id = scratch.json("data/circuit.json")["holds"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(scratch.read("ran.txt"), format!("cancelled {id}\n"));
    assert!(scratch.read("memory/journal.jsonl").contains("\"kind\":\"action\""));
}

/// Cancelling orders waits for no phone.
#[test]
fn an_action_waits_for_no_channel_that_hangs() {
    let scratch = Scratch::with(
        "[[watch]]\nname = \"bot\"\n[[watch]]\nname = \"hedge\"\nheartbeat = \"hedge\"\n\
         on_fail = [\"trip\", \"alert\", \"run:cancel\"]\n\
         [[channel]]\nkind = \"command\"\ncommand = [\"/bin/sh\", \"-c\", \"echo >> sending; sleep 600\"]\ntimeout = \"1m\"\n\
         [action.cancel]\ncommand = [\"/bin/sh\", \"-c\", \"echo $HOLDFAST_INCIDENT > cancelled\"]\n",
    );
    fs::create_dir(scratch.path("data/heartbeats")).expect("a folder");
    scratch.beat(0.0, "ok");
    scratch.put("data/heartbeats/hedge.json", &scratch.read("data/heartbeat.json"));
    let mut resident = scratch.command(&["run"]).stderr(std::process::Stdio::null()).spawn().expect("starts");
    scratch.beat(0.0, "failed");
    crate::wait_until("the channel hangs", || !scratch.read("sending").is_empty());
    scratch.put("data/heartbeats/hedge.json", &scratch.read("data/heartbeat.json"));
    crate::wait_until("the orders are cancelled", || !scratch.read("cancelled").is_empty());
    crate::wait_until("it is known to be begun", || {
        scratch.json("data/watchdog.json").get("unrun").is_none()
    });
    resident.kill().expect("runs");
    resident.wait().expect("ends");
}
