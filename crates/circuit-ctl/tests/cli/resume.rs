//! **manual-resume**: a person at a terminal, and what the person says.

use super::person::{LEAVE, Person, WHO, WHY, short};
use super::{Scratch, wall};

#[test]
fn the_right_answers_resume_and_are_journalled() {
    let scratch = Scratch::new();
    let one = scratch.trip("the feed is stale");
    let two = scratch.trip("a bad close");
    let mut person = Person::at(&scratch, &["resume"]);
    person.introduces();
    person.answers(LEAVE, short(&one));
    person.answers(LEAVE, short(&two));
    let (screen, code) = person.ends();
    assert_eq!(code, 0, "{screen}");
    insta::assert_snapshot!("dialogue", scratch.redacted(&screen));
    scratch.says(0, &["check"]);
    let journal = scratch.text("memory/journal.jsonl");
    let resume = journal.lines().find(|line| line.contains("\"kind\":\"resume\"")).expect("journalled");
    assert!(resume.contains(&format!("\"lifted\":[\"{one}\",\"{two}\"],\"standing\":[]")), "{resume}");
    assert!(resume.contains("\"by\":\"alice\",\"why\":\"the feed is back\""), "{resume}");
    assert!(!resume.contains("overridden"), "{resume}");
    let status = scratch.says(0, &["status"]);
    assert!(status.contains("resumed by alice: the feed is back"), "{status}");
}

#[test]
fn a_name_of_ones_own_and_a_reason_are_asked_until_there_is_one() {
    let scratch = Scratch::new();
    let id = scratch.trip("x");
    let mut person = Person::at(&scratch, &["resume"]);
    person.answers(WHO, "  carol ");
    person.answers(WHY, "");
    person.answers(WHY, "   ");
    person.answers(WHY, "looked at it");
    person.answers(LEAVE, short(&id));
    assert_eq!(person.ends().1, 0);
    assert!(scratch.text("memory/journal.jsonl").contains("\"by\":\"carol\",\"why\":\"looked at it\""));
}

#[test]
fn enter_leaves_a_hold_standing() {
    let scratch = Scratch::new();
    let one = scratch.trip("one");
    scratch.trip("two");
    let mut person = Person::at(&scratch, &["resume"]);
    person.introduces();
    person.answers(LEAVE, short(&one));
    person.answers(LEAVE, "");
    let (screen, code) = person.ends();
    assert_eq!(code, 2, "{screen}");
    assert!(screen.contains("1 hold left"), "{screen}");
    let status = scratch.says(2, &["status"]);
    assert!(!status.contains("one") && status.contains("two"), "{status}");

    let mut person = Person::at(&scratch, &["resume"]);
    person.introduces();
    person.answers(LEAVE, "");
    let (screen, code) = person.ends();
    assert!(code == 2 && screen.contains("every hold was left standing"), "{screen}");
}

/// Trips by this maker, and returns the ids.
fn flood(scratch: &Scratch, by: &str, count: usize) -> Vec<String> {
    let trip = |_| {
        let said = scratch.says(0, &["trip", "--reason", "x", "--by", by, "--json"]);
        said.split_once("\"id\":\"").expect("an id").1.split('"').next().expect("an id").to_owned()
    };
    (0..count).map(trip).collect()
}

#[test]
fn many_holds_of_one_maker_are_lifted_by_their_number_and_no_others() {
    let scratch = Scratch::new();
    let bot = flood(&scratch, "bot", 4);
    let legal = flood(&scratch, "legal", 1);
    let mut person = Person::at(&scratch, &["resume"]);
    person.introduces();
    person.answers(LEAVE, short(&bot[0]));
    person.answers(LEAVE, "all 3");
    person.answers(LEAVE, "");
    let (screen, code) = person.ends();
    assert_eq!(code, 2, "{screen}");
    insta::assert_snapshot!("dialogue-all", scratch.redacted(&screen));
    let status = scratch.says(2, &["status"]);
    assert!(status.contains(&legal[0]) && !bot.iter().any(|id| status.contains(id)), "{status}");
    let journal = scratch.text("memory/journal.jsonl");
    let resume = journal.lines().find(|line| line.contains("\"kind\":\"resume\"")).expect("journalled");
    assert!(bot.iter().all(|id| resume.contains(id)), "{resume}");
}

#[test]
fn all_needs_the_number_that_is_shown_and_is_for_floods_of_a_known_maker() {
    for (by, count, word) in [
        ("bot", 3, "all"),
        ("bot", 3, "all 4"),
        ("bot", 2, "all 2"),
        ("bot", 2, "all 0"),
        ("unknown", 3, "all 3"),
    ] {
        let scratch = Scratch::new();
        flood(&scratch, by, count);
        let mut person = Person::at(&scratch, &["resume"]);
        person.introduces();
        person.answers(LEAVE, word);
        let (screen, code) = person.ends();
        assert!(code == 2 && screen.contains("nothing was resumed"), "{by} {word}: {screen}");
        assert_eq!(scratch.says(2, &["status", "--json"]).matches("\"id\":").count(), count, "{by} {word}");
    }
}

#[test]
fn a_trip_that_arrives_while_all_is_typed_aborts_it() {
    let scratch = Scratch::new();
    flood(&scratch, "bot", 3);
    let mut person = Person::at(&scratch, &["resume"]);
    person.introduces();
    person.is_asked(LEAVE);
    let fourth = flood(&scratch, "bot", 1);
    person.types("all 3");
    let (screen, code) = person.ends();
    assert!(code == 2 && screen.contains(&format!("a new hold {}", fourth[0])), "{screen}");
    assert_eq!(scratch.says(2, &["status", "--json"]).matches("\"id\":").count(), 4);
}

#[test]
fn a_wrong_word_aborts_everything() {
    let scratch = Scratch::new();
    let one = scratch.trip("one");
    scratch.trip("two");
    for wrong in ["yes", "y", "000000", &one, "\u{4}x"] {
        let before = scratch.text("data/circuit.json");
        let mut person = Person::at(&scratch, &["resume"]);
        person.introduces();
        person.answers(LEAVE, short(&one));
        person.answers(LEAVE, wrong);
        let (screen, code) = person.ends();
        assert_eq!(code, 2, "{wrong}: {screen}");
        assert!(screen.contains("nothing was resumed"), "{wrong}: {screen}");
        assert_eq!(scratch.text("data/circuit.json"), before, "{wrong}");
    }
    assert!(!scratch.text("memory/journal.jsonl").contains("\"kind\":\"resume\""));
}

#[test]
fn a_trip_that_arrives_meanwhile_aborts_it() {
    let scratch = Scratch::new();
    let one = scratch.trip("one");
    let mut person = Person::at(&scratch, &["resume"]);
    person.introduces();
    person.is_asked(LEAVE);
    let two = scratch.trip("two\u{1b}[2J");
    person.types(short(&one));
    let (screen, code) = person.ends();
    assert_eq!(code, 2, "{screen}");
    assert!(screen.contains(&format!("a new hold {two} by alice: two\\u{{1b}}[2J")), "{screen}");
    let status = scratch.says(2, &["status"]);
    assert!(status.contains(&one) && status.contains(&two), "{status}");
}

#[test]
fn a_hand_edit_that_arrives_meanwhile_aborts_it() {
    let scratch = Scratch::new();
    let one = scratch.trip("one");
    let mut person = Person::at(&scratch, &["resume"]);
    person.introduces();
    person.is_asked(LEAVE);
    scratch.put("data/circuit.json", "{\"paused\":true,\"reason\":\"by an editor\"}");
    person.types(short(&one));
    let (screen, code) = person.ends();
    assert!(code == 2 && screen.contains("a new hold by-hand by by hand: by an editor"), "{screen}");
    assert!(scratch.says(2, &["status"]).contains("by an editor"));
}

#[test]
fn a_cause_that_still_fails_must_stand_unless_it_is_overridden() {
    let scratch = Scratch::new();
    scratch.put("holdfast.toml", "[[watch]]\nname = \"bot\"\n");
    let beat = |status: &str| {
        scratch.put("data/heartbeat.json", format!("{{\"at\":{},\"status\":\"{status}\"}}", wall()));
    };
    beat("failed");
    let line = "{\"v\":1,\"id\":\"20251121T080000Z-7f3a01\",\"mode\":\"halt\",\"reason\":\"bot: reported\",\"by\":\"watchdog\",\"watch\":\"bot\",\"host\":\"h\",\"since\":1763712000}\n";
    scratch.put("data/trips.jsonl", line);

    let (screen, code) = Person::at(&scratch, &["resume"]).ends();
    assert!(code == 2 && screen.contains("still fails: bot: reported"), "{screen}");
    assert!(
        screen.contains("the cause of every hold still fails") && screen.contains("--override"),
        "{screen}"
    );
    scratch.says(2, &["check"]);

    // Another hold can be lifted beside it.
    let other = scratch.trip("another");
    let mut person = Person::at(&scratch, &["resume"]);
    person.introduces();
    person.answers(LEAVE, short(&other));
    let (screen, code) = person.ends();
    assert!(code == 2 && screen.contains("1 hold left"), "{screen}");

    // Mended, and failing again while the person types.
    beat("ok");
    let mut person = Person::at(&scratch, &["resume"]);
    person.introduces();
    person.is_asked(LEAVE);
    beat("failed");
    person.types("7f3a01");
    let (screen, code) = person.ends();
    assert!(code == 2 && screen.contains("meanwhile a cause fails again: bot: reported"), "{screen}");

    let mut person = Person::at(&scratch, &["resume", "--override"]);
    person.introduces();
    person.answers(LEAVE, "7f3a01");
    let (screen, code) = person.ends();
    assert!(code == 0 && screen.contains("still fails, overridden: bot: reported"), "{screen}");
    assert!(scratch.text("memory/journal.jsonl").contains("\"overridden\":[\"20251121T080000Z-7f3a01\"]"));
}

#[test]
fn hostile_words_reach_no_terminal() {
    let scratch = Scratch::new();
    scratch
        .says(0, &["trip", "--reason", "\u{1b}]0;x\u{7}\u{1b}[2Jgreen\r\u{202e}\nARMED", "--by", "\u{9b}2J"]);
    let mut person = Person::at(&scratch, &["resume"]);
    person.introduces();
    person.is_asked(LEAVE);
    person.types("");
    let (screen, _) = person.ends();
    for said in
        [screen, scratch.says(2, &["status"]), scratch.says(0, &["history"]), scratch.run(&["check"]).stderr]
    {
        let hostile =
            said.chars().any(|char| (char.is_control() && !"\r\n".contains(char)) || char == '\u{202e}');
        assert!(!hostile && said.contains("\\u{1b}[2Jgreen"), "{said:?}");
        assert!(!said.lines().any(|line| line.starts_with("ARMED")), "{said}");
    }
}

#[test]
fn a_broken_face_is_resumed_by_who_was_told_and_kept() {
    let scratch = Scratch::new();
    scratch.put("data/circuit.json", "{\"paused\":fal");
    let mut person = Person::at(&scratch, &["resume"]);
    person.introduces();
    let shown = person.is_asked(LEAVE);
    assert!(shown.contains("not JSON"), "{shown}");
    person.types("malformed");
    assert_eq!(person.ends().1, 0);
    let kept = std::fs::read_dir(scratch.path("data")).expect("data").filter_map(Result::ok);
    let kept: Vec<_> =
        kept.filter(|entry| entry.file_name().to_string_lossy().starts_with("circuit-malformed-")).collect();
    assert_eq!(kept.len(), 1);

    let unreadable = Scratch::new();
    unreadable.trip("x");
    std::fs::remove_file(unreadable.path("data/trips.jsonl")).expect("removed");
    std::fs::create_dir(unreadable.path("data/trips.jsonl")).expect("in the way");
    let (screen, code) = Person::at(&unreadable, &["resume"]).ends();
    assert!(code == 2 && screen.contains("mend that first"), "{screen}");
}
