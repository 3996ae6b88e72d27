use proptest::prelude::*;

use super::*;

const ROOT: &str = "h5nKoLp7Y3+Jl8Yn8WJkYH3AIsE5aAFeEL5r3krPJGA=";

fn origin() -> Origin {
    Origin::new("example.com/desk/decisions").unwrap()
}

fn root() -> Hash {
    Hash::from_base64(ROOT).unwrap()
}

#[test]
fn a_head_is_found_in_what_people_have() {
    let tree = vec![Head::Tree { size: 5, root: root() }];
    let o = "example.com/desk/decisions";
    let hex = root().to_string();
    for text in [
        format!("Heads of the sealed logs:\n{o} 5 {ROOT}\nother.example/x 7 {ROOT}\n"),
        format!("{o} 5 {hex}"),
        format!("{o} 5 {}", hex.to_uppercase()),
        format!("> {o} 5 {ROOT}\r\n"),
        format!(">{o}\t5   {ROOT}."),
        // A note, whoever signed it.
        format!("{o}\n5\n{ROOT}\n\n\u{2014} {o} AAAA\n"),
        // Exports of a chat: an address that became a link.
        format!(r#"{{"text": ["later:\n", {{"type": "link", "text": "{o}"}}, " 5 {ROOT}\n"]}}"#),
        format!(r#"{{"text": "later:\n{o} 5 {}\nnext"}}"#, ROOT.replace('/', "\\/")),
        format!(r#"<a href="http://{o}">{o}</a> 5 {ROOT}<br>"#),
        format!("*{o}* `5` `{ROOT}`"),
        // A mail as it was sent.
        format!(
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n{o} 5 h5nKoLp7=\r\nY3+Jl8Yn8WJkYH3AIsE5aAFeEL5r3krPJGA=3D\r\n"
        ),
        // Twice is once; without its last sign; broken bytes around it.
        format!("{o} 5 {ROOT}\n{o} 5 {ROOT}"),
        format!("{o} 5 {}", ROOT.trim_end_matches('=')),
    ] {
        assert_eq!(heads(text.as_bytes(), &origin()), tree, "{text}");
    }
    let bytes = [b"\xff\xfe ", format!("{o} 5 {ROOT}").as_bytes(), b"\xff"].concat();
    assert_eq!(heads(&bytes, &origin()), tree);
    let chain = vec![Head::Chain { records: 9, head: root() }];
    assert_eq!(heads(format!("{o}/seals\n9\n{ROOT}\n").as_bytes(), &origin()), chain);
}

#[test]
fn what_is_no_head_of_this_log_is_none() {
    let o = "example.com/desk/decisions";
    for text in [
        String::new(),
        o.to_owned(),
        format!("{o} 5"),
        format!("{o} 5 {}", &ROOT[..42]),
        format!("{o} 5 {ROOT}="),
        format!("{o} 5 {}00", root()),
        format!("{o} 05 {ROOT}"),
        format!("{o} -5 {ROOT}"),
        format!("{o} 9223372036854775808 {ROOT}"),
        format!("{o}5 {ROOT}"),
        format!("{o} 5{ROOT}"),
        // Logs whose names end, or begin, like this one's.
        format!("my.{o} 5 {ROOT}"),
        format!("x/{o} 5 {ROOT}"),
        format!("{o}/old 5 {ROOT}"),
        format!("{o}{}5 {ROOT}", " ".repeat(100)),
    ] {
        assert_eq!(heads(text.as_bytes(), &origin()), [], "{text}");
    }
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
