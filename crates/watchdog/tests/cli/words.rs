//! What people read.

use std::fs::File;
use std::process::Stdio;

use insta::{Settings, assert_snapshot};

use crate::Scratch;

/// Times, ids and this host's name, which differ from run to run.
fn settled(body: impl FnOnce()) {
    let mut settings = Settings::clone_current();
    settings.add_filter(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \((\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d CES?T, ",
        "[utc] ([local], ",
    );
    settings.add_filter(r"\d{8}T\d{6}Z-[0-9a-f]{6}", "[id]");
    settings.add_filter(r"/tmp/\.tmp\w+", "[root]");
    settings.add_filter(r"\[[^\]\s]+\] (PAUSED|armed)", "[host] $1");
    settings.add_filter(r"on \S+ is", "on [host] is");
    settings.add_filter(r", \d+s ago", ", [n] ago");
    settings.add_filter(r"last (beat|check) \d+s ago", "last $1 [n] ago");
    settings.bind(body);
}

#[test]
fn help_teaches() {
    let scratch = Scratch::new();
    for (name, args) in [("help", vec!["--help"]), ("help-run", vec!["run", "--help"])] {
        let ended = scratch.run(&args);
        assert_eq!(ended.code, Some(0));
        assert_snapshot!(name, ended.out);
    }
}

#[test]
fn what_makes_no_sense_is_a_usage_error_and_never_a_pause() {
    let scratch = Scratch::new();
    for args in
        [&["chekc"][..], &[], &["run", "--every", "0s"], &["run", "--every", "fast"], &["check", "--now"]]
    {
        let ended = scratch.run(args);
        assert_eq!(ended.code, Some(64), "{args:?}: {ended:?}");
        assert!(!ended.err.is_empty());
    }
}

#[test]
fn a_folder_that_is_no_root_is_refused_with_what_to_do() {
    let scratch = Scratch::new();
    let ended = scratch.run(&["check", "--root", "/"]);
    assert_eq!(ended.code, Some(78));
    assert_snapshot!("not-a-root", ended.err);
}

#[test]
fn a_check_shows_each_watch_and_the_circuit() {
    settled(|| {
        let scratch = Scratch::new();
        scratch.beat(2.0, "ok");
        let fresh = scratch.run(&["check"]);
        assert_eq!(fresh.code, Some(0), "{fresh:?}");
        scratch.beat(0.0, "no funds");
        let reported = scratch.run(&["check"]);
        assert_eq!(reported.code, Some(1), "{reported:?}");
        assert_snapshot!("check", format!("{}---\n{}---\n{}", fresh.out, reported.out, reported.err));
        let status = scratch.run(&["status"]);
        assert_eq!(status.code, Some(1), "an incident is open");
        assert_snapshot!("status", status.out);
    });
}

#[test]
fn json_says_the_same() {
    let scratch = Scratch::new();
    scratch.beat(0.0, "no funds");
    let check = scratch.run(&["check", "--json"]).json();
    assert_eq!(check["watches"]["heartbeat"]["verdict"], "reported");
    assert_eq!(check["circuit"], "paused");
    assert_eq!(check["exit"], 1);
    let status = scratch.run(&["status", "--json"]).json();
    assert_eq!(status["incidents"][0]["watch"], "heartbeat");
    assert_eq!(status["incidents"][0]["id"], check["holds"][0]["id"], "hold and incident bear one id");
}

#[test]
fn status_without_a_watchdog_is_not_health() {
    let ended = Scratch::new().run(&["status"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("no watchdog has completed a check"), "{}", ended.err);
}

#[test]
fn a_memory_that_was_damaged_is_not_one_that_never_was() {
    let scratch = Scratch::new();
    for (memory, what) in [
        ("{\"at\":1,", "is malformed: not JSON"),
        ("{\"at\":1}", "is malformed: status is missing"),
        ("{\"at\":1,\"status\":\"ok\",\"watches\":7}", "is malformed: invalid type"),
    ] {
        scratch.put("data/watchdog.json", memory);
        let ended = scratch.run(&["status"]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.err.contains(&format!("data/watchdog.json {what}")), "{}", ended.err);
        assert!(ended.err.contains("deadlines count anew at the next check"), "{}", ended.err);
        assert!(!ended.err.contains("no watchdog has completed"), "{}", ended.err);
    }
}

#[test]
fn a_memory_that_was_damaged_is_kept_and_told_and_is_an_error() {
    let scratch = Scratch::with(&crate::channels::to_file("mail"));
    scratch.beat(0.0, "ok");
    assert_eq!(scratch.run(&["check"]).code, Some(0));
    for damaged in ["", "{\"at\":1,", "{\"at\":1,\"status\":\"ok\",\"watches\":7}"] {
        scratch.put("data/watchdog.json", damaged);
        scratch.put("mail.txt", "");
        let ended = scratch.run(&["check"]);
        assert_eq!(ended.code, Some(74), "{ended:?}");
        assert!(ended.err.contains("data/watchdog.json is malformed"), "{}", ended.err);
        let mail = scratch.read("mail.txt");
        assert!(mail.contains("acknowledgements and silences are forgotten"), "{mail}");
        let name = mail.split_whitespace().find_map(|word| word.strip_prefix("data/watchdog-malformed-"));
        let name = name.expect("the copy is named").trim_end_matches('.');
        assert_eq!(scratch.read(&format!("data/watchdog-malformed-{name}")), damaged);
        std::fs::remove_file(scratch.path(&format!("data/watchdog-malformed-{name}"))).expect("removed");
        assert_eq!(scratch.run(&["check"]).code, Some(0), "once");
    }
}

#[test]
fn commands_name_the_root_as_a_shell_takes_it() {
    let scratch = Scratch::new();
    let root = scratch.path("a b'c");
    std::fs::create_dir_all(root.join("data")).expect("a root");
    let root = root.display().to_string();
    let quoted = format!("--root '{}'", root.replace('\'', r"'\''"));
    let none = scratch.run(&["status", "--root", &root]);
    assert!(none.err.contains(&format!("run: watchdog check {quoted}\n")), "{}", none.err);
    scratch.put("a b'c/data/heartbeat.json", "{\"at\":1,\"status\":\"no funds\"}");
    let told = scratch.path("told");
    let tell = format!("cat > {}", told.display());
    let channel = format!("[[channel]]\nkind = \"command\"\ncommand = [\"/bin/sh\", \"-c\", \"{tell}\"]\n");
    scratch.put("a b'c/holdfast.toml", &channel);
    // As a scheduler may call it, which is not where people read the alert.
    let check = scratch.command(&["check"]).current_dir(&root).output().expect("watchdog starts");
    assert_eq!(check.status.code(), Some(1), "{check:?}");
    let status = scratch.run(&["status", "--root", &root]);
    assert!(status.out.contains(&format!(" {quoted} stops the repeats")), "{}", status.out);
    let told = scratch.read("told");
    for command in ["circuit-ctl resume", "circuit-ctl ack "] {
        let line = told.lines().find(|line| line.contains(command)).unwrap_or_else(|| panic!("{told}"));
        assert!(line.ends_with(&quoted), "{line}");
    }
    assert!(told.contains("UTC (") && told.contains("Europe/Berlin), 0s ago"), "{told}");
}

/// **silence-is-not-health**: a heartbeat that nobody can watch is not passed over.
#[test]
fn heartbeats_that_no_watch_can_be_named_after_are_named() {
    let bad = "{\"at\":1,\"status\":\"no funds\"}";
    let with = |files: &[&str]| {
        let scratch = Scratch::new();
        scratch.beat(0.0, "ok");
        std::fs::create_dir(scratch.path("data/heartbeats")).expect("heartbeats");
        for file in files {
            scratch.put(&format!("data/heartbeats/{file}"), bad);
        }
        scratch
    };
    for stray in
        ["MyBot.json", "my bot.json", "heartbeat.json", "bot.JSON", "bot", ".Bot.json", "a\u{1b}[2J.json"]
    {
        let scratch = with(&[stray]);
        let ended = scratch.run(&["check", "--json"]);
        assert_eq!(ended.code, Some(1), "{stray}: {ended:?}");
        let said = &ended.json()["watches"]["holdfast/heartbeats"];
        assert_eq!(
            (said["verdict"].as_str(), said["act"].as_str()),
            (Some("unknown"), Some("alert")),
            "{said}"
        );
        assert!(!scratch.paused(), "{stray}");
        let shown = stray.replace('\u{1b}', "\\u{1b}");
        assert!(said["detail"].as_str().is_some_and(|said| said.contains(&shown)), "{stray}: {said}");
        let status = scratch.run(&["status"]);
        assert!(status.out.contains("holdfast/heartbeats is unknown"), "{}", status.out);
        std::fs::remove_file(scratch.path(&format!("data/heartbeats/{stray}"))).expect("removed");
        assert_eq!(scratch.run(&["check"]).code, Some(0), "{stray} was taken away");
    }
    // Temporary files of ours and of others, and what tools hide there.
    let ok = with(&[".bot.json.77-0011aabb.tmp", "bot.json.new", ".gitkeep", "x.tmp"]);
    std::fs::create_dir(ok.path("data/heartbeats/old")).expect("a folder");
    ok.put("data/heartbeats/bot.json", &ok.read("data/heartbeat.json"));
    assert_eq!(ok.run(&["check"]).code, Some(0), "{:?}", ok.run(&["check"]));
    // A configuration says itself what is watched.
    let configured = with(&["MyBot.json"]);
    configured.put("holdfast.toml", "[[watch]]\nname = \"bot\"\n");
    assert_eq!(configured.run(&["check"]).code, Some(0));

    let many: Vec<String> = (0..1000).map(|number| format!("Bot {number}.json")).collect();
    let many = with(&many.iter().map(String::as_str).collect::<Vec<_>>());
    settled(|| assert_snapshot!("strays", many.run(&["check"]).out));
    let blocked = Scratch::new();
    blocked.beat(0.0, "ok");
    blocked.put("data/heartbeats", "");
    let ended = blocked.run(&["check"]);
    assert!(ended.code == Some(1) && ended.out.contains("nobody knows what to watch"), "{ended:?}");
}

#[test]
fn a_beat_that_the_watchdog_cannot_write_names_its_own_user() {
    let scratch = Scratch::new();
    scratch.beat(0.0, "ok");
    std::fs::create_dir(scratch.path("data/watchdog.json")).expect("in the way");
    let ended = scratch.run(&["check"]);
    assert!(ended.code == Some(74) && !ended.err.contains("pipeline"), "{ended:?}");
}

#[test]
fn help_is_a_command_too() {
    assert!(Scratch::new().run(&["help"]).out.contains("Usage: watchdog"));
}

#[test]
fn hostile_text_does_not_reach_the_terminal() {
    let scratch = Scratch::new();
    scratch.beat(0.0, "\\u001b[2Jok\\u202e");
    let ended = scratch.run(&["check"]);
    assert!(!ended.out.contains('\u{1b}') && !ended.out.contains('\u{202e}'), "{}", ended.out.escape_debug());
    assert!(scratch.paused());
}

/// **trip-first**: a print that panics would end the program before its trip.
#[test]
fn a_full_disk_behind_its_words_stops_no_trip() {
    let scratch = Scratch::new();
    scratch.beat(0.0, "no funds");
    let full = || Stdio::from(File::options().write(true).open("/dev/full").expect("/dev/full"));
    let status = scratch.command(&["check"]).stdout(full()).stderr(full()).status().expect("watchdog starts");
    assert_eq!(status.code(), Some(74), "the answer could not be given");
    assert!(scratch.paused());
    assert!(scratch.journal().contains(&"trip".to_owned()));
}
