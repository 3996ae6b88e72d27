//! `watchdog run`.

use std::process::{Child, Stdio};

use crate::{Scratch, wait_until};

pub(crate) struct Resident(Child);

impl Resident {
    pub(crate) fn start(scratch: &Scratch, every: &str) -> Self {
        let mut command = scratch.command(&["run", "--every", every]);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("watchdog starts"))
    }

    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        // It may have been killed by the test already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn started(scratch: &Scratch) {
    wait_until("the first evaluation", || scratch.path("data/watchdog.json").exists());
}

/// More than a check has time for.
#[test]
fn a_watchdog_that_stays_gives_actions_their_timeout_and_tells_meanwhile() {
    let scratch = Scratch::with(
        "[[watch]]\nname = \"trader\"\non_fail = [\"trip\", \"alert\", \"run:slow\"]\n\
         [[channel]]\nkind = \"command\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> mail.txt\"]\n\
         [action.slow]\ncommand = [\"/bin/sh\", \"-c\", \"sleep 13; echo > done.txt\"]\ntimeout = \"60s\"\n",
    );
    scratch.beat(0.0, "broken");
    let mut watchdog = scratch.command(&["run"]).spawn().expect("watchdog starts");
    wait_until("told", || scratch.read("mail.txt").contains("trader is reported"));
    assert!(!scratch.path("done.txt").exists(), "told while the action runs");
    wait_until("journalled", || scratch.journal().contains(&"action".to_owned()));
    watchdog.kill().expect("killed");
    watchdog.wait().expect("ended");
    assert!(scratch.path("done.txt").exists(), "not cut short");
}

#[test]
fn a_change_of_a_file_wakes_it_long_before_its_next_look() {
    let scratch = Scratch::new();
    scratch.beat(0.0, "ok");
    let _resident = Resident::start(&scratch, "1h");
    started(&scratch);
    scratch.beat(0.0, "broken");
    wait_until("the trip", || scratch.paused());
}

#[test]
fn a_heartbeat_in_a_folder_that_is_made_later_wakes_it_too() {
    let scratch = Scratch::new();
    scratch.beat(0.0, "ok");
    let _resident = Resident::start(&scratch, "1h");
    started(&scratch);
    // Once more after it was taken away: a folder of the same name is another one.
    for (name, status) in [("late", "ok"), ("later", "no funds")] {
        std::fs::create_dir(scratch.path("data/heartbeats")).expect("heartbeats");
        let named = format!("data/heartbeats/{name}.json");
        let ok = scratch.read("data/heartbeat.json");
        scratch.put(&named, &ok);
        wait_until("it is watched", || scratch.read("data/watchdog.json").contains(&format!("\"{name}\"")));
        assert!(!scratch.paused());
        // By now nothing but an event of that folder can wake it.
        scratch.put(&named, &ok.replace("\"ok\"", &format!("\"{status}\"")));
        if status == "ok" {
            std::fs::remove_dir_all(scratch.path("data/heartbeats")).expect("removed");
            wait_until("it is missed", || scratch.read("data/watchdog.json").contains("\"missing\""));
        }
    }
    wait_until("the trip", || scratch.paused());
}

#[test]
fn a_deadline_wakes_it_long_before_its_next_look() {
    let scratch = Scratch::with("[[watch]]\nname = \"trader\"\nmax_age = \"2s\"\n");
    scratch.beat(0.0, "ok");
    let _resident = Resident::start(&scratch, "1h");
    started(&scratch);
    assert!(!scratch.paused());
    wait_until("the trip", || scratch.paused());
}

#[test]
fn deadlines_survive_a_restart() {
    let scratch = Scratch::with("[[watch]]\nname = \"trader\"\nmax_age = \"5s\"\n");
    scratch.beat(0.0, "ok");
    let mut resident = Resident::start(&scratch, "1h");
    started(&scratch);
    let begun = std::time::Instant::now();
    resident.kill();
    let _again = Resident::start(&scratch, "1h");
    wait_until("the trip", || scratch.paused());
    assert!(begun.elapsed().as_secs_f64() < 9.0, "a restart began the count anew: {:?}", begun.elapsed());
}

#[test]
fn there_is_one_watchdog_in_a_root() {
    let scratch = Scratch::new();
    scratch.beat(0.0, "ok");
    let mut resident = Resident::start(&scratch, "1s");
    started(&scratch);
    let second = scratch.run(&["check"]);
    assert_eq!(second.code, Some(75), "{second:?}");
    resident.kill();
    assert_eq!(scratch.run(&["check"]).code, Some(0), "the lock ended with its holder");
}

#[test]
fn a_channel_that_hangs_delays_no_trip() {
    let scratch = Scratch::with(
        "[[watch]]\nname = \"one\"\n[[watch]]\nname = \"two\"\nheartbeat = \"two\"\n\
         [[channel]]\nkind = \"command\"\ncommand = [\"/bin/sh\", \"-c\", \"touch called; sleep 60\"]\n",
    );
    std::fs::create_dir(scratch.path("data/heartbeats")).expect("heartbeats");
    scratch.beat(0.0, "ok");
    std::fs::copy(scratch.path("data/heartbeat.json"), scratch.path("data/heartbeats/two.json"))
        .expect("copy");
    let _resident = Resident::start(&scratch, "1h");
    started(&scratch);
    scratch.beat(0.0, "broken");
    wait_until("the channel hangs", || scratch.path("called").exists());
    assert!(scratch.paused(), "trip-first");
    std::fs::copy(scratch.path("data/heartbeat.json"), scratch.path("data/heartbeats/two.json"))
        .expect("copy");
    let holds = || scratch.read("data/trips.jsonl").lines().count();
    let begun = std::time::Instant::now();
    wait_until("the second trip", || holds() == 2);
    assert!(begun.elapsed().as_secs() < 8, "the second trip waited for the channel: {:?}", begun.elapsed());
}
