mod bad;
mod good;

use proptest::prelude::*;

use super::Config;

const DOCS: &str = include_str!("../../../../../docs/config.md");

/// The blocks of TOML in the page.
fn examples() -> Vec<&'static str> {
    DOCS.split("```toml\n").skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

#[test]
fn every_example_of_the_page_parses() {
    assert!(examples().len() >= 12, "the page has examples");
    for example in examples() {
        if let Err(error) = Config::parse(example) {
            panic!("{error}\n\n{example}");
        }
    }
}

/// What the errors call known, the page explains, and an example shows.
#[test]
fn the_page_explains_every_key() {
    let shown = examples().join("\n");
    for table in [
        "",
        "[[watch]]",
        "[[watch]]\nkind = \"http\"",
        "[[watch]]\nkind = \"tcp\"",
        "[[watch]]\nkind = \"command\"",
        "[[watch]]\nkind = \"log\"",
        "[calendar.x]",
        "[[channel]]\nkind = \"telegram\"",
        "[[channel]]\nkind = \"smtp\"",
        "[[channel]]\nkind = \"webhook\"",
        "[[channel]]\nkind = \"ntfy\"",
        "[[channel]]\nkind = \"desktop\"",
        "[[channel]]\nkind = \"command\"",
        "[action.x]",
        "[ping]",
        "[audit]",
        "[[anchor]]\nkind = \"witness\"",
        "[[anchor]]\nkind = \"timestamp\"",
        "[[anchor]]\nkind = \"store\"",
        "[evidence]",
        "[overseer]",
        "[[service]]",
        "[fleet]",
    ] {
        for key in known_keys(table) {
            let explained = [format!("`{key}`"), format!("[{key}]`"), format!("[{key}.NAME]`")];
            assert!(
                explained.iter().any(|form| DOCS.contains(form)),
                "the page does not explain {key} of {table}"
            );
            let used = [format!("\n{key} = "), format!(" {key} = "), format!("[{key}]"), format!("[{key}.")];
            assert!(used.iter().any(|form| shown.contains(form)), "no example shows {key} of {table}");
        }
    }
}

fn known_keys(table: &str) -> Vec<String> {
    let error = Config::parse(&format!("{table}\nno_such_key = 1")).expect_err(table);
    let mistake = error.mistakes.iter().find(|mistake| mistake.fact.contains("no_such_key")).expect(table);
    let (_, keys) = mistake.advice.split_once("known here: ").expect(table);
    keys.split(", ").map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_read_or_refused_with_a_place(text in any::<String>()) {
        read_or_refused(&text);
    }

    /// Good examples with a piece cut out, or another put in.
    #[test]
    fn damaged_examples_are_read_or_refused_with_a_place(
        which in any::<proptest::sample::Index>(),
        from in any::<proptest::sample::Index>(),
        length in 0..40_usize,
        piece in "[\"\\[\\]{}=,.#\n a-z0-9:é\u{0}-]{0,8}",
    ) {
        let examples = examples();
        let mut text: Vec<char> = which.get(&examples).chars().collect();
        let start = from.index(text.len());
        let end = text.len().min(start + length);
        text.splice(start..end, piece.chars());
        read_or_refused(&text.into_iter().collect::<String>());
    }
}

fn read_or_refused(text: &str) {
    if let Err(error) = Config::parse(text) {
        let lines = text.split('\n').count();
        assert!(!error.mistakes.is_empty());
        for mistake in &error.mistakes {
            assert!((1..=lines).contains(&mistake.line) && mistake.column >= 1, "{mistake}");
            assert!(!mistake.fact.is_empty() && !mistake.advice.is_empty(), "{mistake}");
        }
        assert!(error.to_string().starts_with("holdfast.toml:"), "{error}");
    }
}

#[test]
fn deep_and_long_texts_are_refused_and_do_not_overflow_the_stack() {
    for text in [
        format!("a = {}", "[".repeat(200_000)),
        format!("a = {}", "{a=".repeat(200_000)),
        format!("[{}a]", "a.".repeat(200_000)),
        format!("{}a = 1", "a.".repeat(200_000)),
        format!("[[watch]]\nname = \"{}\"", "x".repeat(500_000)),
    ] {
        let error = Config::parse(&text).expect_err("refused").to_string();
        assert!(error.len() < 2_000, "{} bytes of error", error.len());
    }
}
