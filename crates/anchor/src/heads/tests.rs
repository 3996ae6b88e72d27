use proptest::prelude::*;
use serde_json::Value;

use super::*;

const ROOT: &str = "h5nKoLp7Y3+Jl8Yn8WJkYH3AIsE5aAFeEL5r3krPJGA=";

fn origin() -> Origin {
    Origin::new("example.com/desk/decisions").unwrap()
}

fn root() -> Hash {
    Hash::from_base64(ROOT).unwrap()
}

/// What the vectors say that is found in a text.
fn expected(heads: &Value) -> Vec<Head> {
    let number = |value: &Value| value.as_u64().unwrap();
    let hash = |value: &Value| Hash::from_hex(value.as_str().unwrap()).unwrap();
    let head = |head: &Value| match head.get("lines") {
        Some(lines) => Head::Tree { size: number(lines), root: hash(&head["root"]) },
        None => Head::Chain { records: number(&head["records"]), head: hash(&head["head"]) },
    };
    heads.as_array().unwrap().iter().map(head).collect()
}

#[test]
fn a_head_is_found_in_what_people_have() {
    let vectors: Value = serde_json::from_str(include_str!("../../../../audit/vectors/heads.json")).unwrap();
    let origin = Origin::new(vectors["origin"].as_str().unwrap()).unwrap();
    let texts = vectors["texts"].as_array().unwrap();
    for vector in texts {
        let text = vector["text"].as_str().unwrap();
        assert_eq!(heads(text.as_bytes(), &origin), expected(&vector["heads"]), "{}", vector["name"]);
    }
    assert_eq!(texts.iter().filter(|vector| vector["heads"][0].is_null()).count(), 15);
}

#[test]
fn broken_bytes_around_it_do_not_matter() {
    let text = format!("example.com/desk/decisions 5 {ROOT}");
    let bytes = [b"\xff\xfe ", text.as_bytes(), b"\xff"].concat();
    assert_eq!(heads(&bytes, &origin()), [Head::Tree { size: 5, root: root() }]);
}

proptest! {
    #[test]
    fn a_head_is_found_between_any_lines(before in ".*", behind in ".*", size in 0..=NUMBER_MAX, chain in any::<bool>()) {
        let name = if chain { "example.com/desk/decisions/seals" } else { "example.com/desk/decisions" };
        let text = format!("{before}\n{name} {size} {ROOT}\n{behind}");
        let head = if chain {
            Head::Chain { records: size, head: root() }
        } else {
            Head::Tree { size, root: root() }
        };
        prop_assert!(heads(text.as_bytes(), &origin()).contains(&head));
    }

    #[test]
    fn no_text_makes_it_panic(text in "(example.com/desk/decisions|=|=3D|\\\\n|</a>|[ 0-9é\"]|quoted-printable){0,40}") {
        let _ = heads(text.as_bytes(), &origin());
    }
}
