//! Which source the program was built from.

use std::path::Path;
use std::process::Command;

use crate::Scratch;

/// The digest that `watchdog --version` says.
fn told() -> String {
    let ended = Scratch::new().run(&["--version"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let start = format!("watchdog {} (source ", env!("CARGO_PKG_VERSION"));
    let digest = ended.out.strip_prefix(&start).and_then(|rest| rest.strip_suffix(")\n"));
    let digest = digest.unwrap_or_else(|| panic!("{ended:?}")).to_owned();
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    assert!(digest.len() == 64 && digest.bytes().all(is_hex), "{digest}");
    digest
}

/// The commands that the page gives, the one for a checkout first.
fn commands(page: &str) -> Vec<&str> {
    let (_, section) = page.split_once("## Which source it was built from\n").expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    section.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn a_shell_comes_to_the_digest_that_the_program_says() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(top.join("docs/watchdog.md")).expect("the page");
    let commands = commands(&page);
    assert_eq!(commands.len(), 2);
    let output = Command::new("sh").current_dir(&top).args(["-c", commands[0]]).output().expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, format!("{}  -\n", told()), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_watchdog_leaves_its_source_beside_its_beat() {
    let scratch = Scratch::new();
    scratch.beat(5.0, "ok");
    assert_eq!(scratch.run(&["check"]).code, Some(0));
    let told = told();
    assert_eq!(scratch.json("data/watchdog.json")["source"], told.as_str());
    // Of another version, or of one before there was a digest: what is remembered stays, the source is ours.
    let first = scratch.json("data/watchdog.json")["watches"]["heartbeat"]["first"].clone();
    assert!(first.is_array(), "{first}");
    for other in [format!("\"source\":\"{}\",", "0".repeat(64)), String::new()] {
        let memory = scratch.read("data/watchdog.json");
        let ours = format!("\"source\":\"{told}\",");
        assert!(memory.contains(&ours), "{memory}");
        scratch.put("data/watchdog.json", &memory.replace(&ours, &other));
        assert_eq!(scratch.run(&["check"]).code, Some(0));
        let memory = scratch.json("data/watchdog.json");
        assert_eq!(memory["source"], told.as_str());
        assert_eq!(memory["watches"]["heartbeat"]["first"], first);
    }
}
