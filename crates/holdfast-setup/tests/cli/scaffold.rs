//! `scaffold`: that the starters work with the real programs, `tests/scenarios` shows.

use std::os::unix::fs::PermissionsExt as _;

use super::Scratch;

#[test]
fn a_starter_is_a_program_and_one_that_is_there_stays() {
    let scratch = Scratch::new();
    for (lang, name) in [("python", "cycle.py"), ("sh", "cycle.sh")] {
        let args = ["scaffold", "--root", "größe 1", "--lang", lang, "--dir", "mein bot"];
        let first = scratch.says(0, &args);
        let path = scratch.path("mein bot").join(name);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
        scratch.put(&format!("mein bot/{name}"), "mine\n");
        let second = scratch.says(0, &args);
        assert_eq!(scratch.text(&format!("mein bot/{name}")), "mine\n");
        insta::assert_snapshot!(lang, format!("{first}\n== again\n{second}"));
    }
    let said = scratch.says(0, &["scaffold", "--root", "größe 1", "--lang", "sh", "--json"]);
    assert_eq!(said, "{\"exit\":0,\"path\":\"[here]/größe 1/cycle.sh\",\"what\":\"made\"}\n");
}
