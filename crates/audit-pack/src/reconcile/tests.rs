//! Orders and fills in all forms that they come in.

use holdfast::sys::ReadAt;
use tlog::Hash;

use super::{FillsError, Key, Part, Reconciled, Run, reconcile};
use crate::finding::Kind;

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

fn part<'a>(text: &'a str, shown: &str) -> Part<'a> {
    Part {
        file: Box::new(text.as_bytes()) as Box<dyn ReadAt>,
        len: text.len() as u64,
        shown: shown.to_owned(),
    }
}

fn compared(log: &str, fills: &str, order_key: &str, fills_key: &str) -> Result<Reconciled, FillsError> {
    reconcile(&[part(log, "log")], &key(order_key), &fills.as_bytes(), "fills", &key(fills_key))
}

type Told = (Kind, String, u64);

fn told(found: &Reconciled) -> Vec<Told> {
    found.findings.listed.iter().map(|f| (f.kind, f.detail.clone(), f.line.expect("a line"))).collect()
}

const LOG: &str =
    "{\"order_id\":\"A1\"}\n{\"hold\":true}\n{\"order_id\":7}\nno json\n{\"order_id\":\"A2\"}\n";

#[test]
fn fills_come_as_columns_or_as_objects() {
    let csv = "time,order_id,qty\n1,A1,2\n2,7,1\n3,A2,5\n";
    for (fills, fills_key) in [
        (csv.to_owned(), "order_id"),
        (csv.replace('\n', "\r\n"), "order_id"),
        (csv.trim_end().to_owned(), "order_id"),
        (format!("\u{feff}{csv}"), "order_id"),
        (csv.replace("order_id", "Order Id"), "Order Id"),
        ("order_id\n\"A1\"\n7\n A2 \n".to_owned(), "/order_id"),
        ("{\"order_id\":\"A1\"}\n{\"order_id\":\"7\"}\n\n{\"order_id\":\"A2\"}".to_owned(), "order_id"),
        ("{\"o\":{\"id\":\"A1\"}}\n{\"o\":{\"id\":7}}\n{\"o\":{\"id\":\"A2\"}}\n".to_owned(), "/o/id"),
    ] {
        let found =
            compared(LOG, &fills, "order_id", fills_key).unwrap_or_else(|error| panic!("{fills}: {error}"));
        assert_eq!(told(&found), [], "{fills}");
        assert_eq!((found.orders, found.without, found.fills, found.several), (3, 2, 3, 0), "{fills}");
    }
}

#[test]
fn what_has_not_the_other_is_told_with_its_line() {
    let fills = "order_id,note\nA2,\"two\nlines\"\nX9,\n,none\nA2,\nA2,\n";
    let log = format!("{LOG}{{\"order_id\":\"A1\"}}\n");
    let found = compared(&log, fills, "/order_id", "order_id").expect("read");
    assert_eq!(
        told(&found),
        [
            (Kind::Undecided, "no sealed decision has order_id X9".to_owned(), 4),
            (Kind::Undecided, "a fill without a key".to_owned(), 5),
            (Kind::Unfilled, "order_id A1 has no fill in fills".to_owned(), 1),
            (Kind::Unfilled, "order_id 7 has no fill in fills".to_owned(), 3),
        ]
    );
    assert_eq!((found.orders, found.doubled, found.fills, found.several), (4, 1, 5, 1));
    let several = &found.several_first[0];
    assert_eq!((several.key.as_str(), several.line, several.fill_lines), ("A2", 5, [2, 6]));
}

#[test]
fn what_is_no_file_of_fills_is_said_with_its_line() {
    for (fills, says) in [
        ("time,id\n1,A1\n", "no column is named order_id: there are time, id"),
        ("", "no column is named order_id"),
        ("order_id,qty\nA1,2\nA2\n", "line 3: 1 fields, and the header has 2"),
        ("{\"order_id\":\"A1\"}\n[1]\n", "line 2: "),
        ("{\"order_id\":\"A1\"}\n{\"order_id\":", "line 2: "),
    ] {
        let error = compared(LOG, fills, "order_id", "order_id").expect_err(fills);
        assert!(error.to_string().contains(says), "{fills}: {error}");
    }
    // A quote that is not closed takes the lines behind it into its field, and whatever they say is not looked at.
    let open = "a quote is opened in it and not closed, so that nobody can say where it ends";
    for (fills, line) in [
        ("id,note\n1,\"a\n2,b\n3,c\n", 2),
        ("id,note\n1,\"a", 2),
        ("id,note\n1,\"a\n\"\n2,\"b\n3,c\n", 4),
        ("id,note\n1,\"a\n2,\"b\"\n3,c\n", 2),
        ("id,note\r1,\"a\r2,\"b\"\r3,c\r", 1),
        ("id,\"note\n1,a\n2,b\n", 1),
        ("\u{feff}\n\r\n\nid,note\r\n1,\"a\r\n2,b\r\n", 5),
    ] {
        let error = compared("", fills, "id", "id").expect_err(fills);
        assert_eq!(error.to_string(), format!("line {line}: {open}"), "{fills}");
    }
    let crlf = compared("", "id,note\r\n\r\n1,\"a\r\nb\"\r\n2,\r\n", "id", "id").expect("read");
    let lines: Vec<_> = crlf.findings.listed.iter().map(|finding| finding.line).collect();
    assert_eq!(lines, [Some(3), Some(5)]);
    let latin = reconcile(&[], &key("a"), &b"a\n\xe9\n".as_slice(), "fills", &key("a")).expect_err("no text");
    assert_eq!(latin.to_string(), "line 2: not UTF-8");
}

#[test]
fn a_log_of_several_files_is_one_row_of_lines() {
    let parts = [part("{\"id\":1}\n{\"id\":2}\n", "old"), part("{\"id\":3}\n{\"id\":4}\n", "new")];
    let found = reconcile(&parts, &key("id"), &b"id\n1\n3\n".as_slice(), "fills", &key("id")).expect("read");
    let places: Vec<_> = found.findings.listed.iter().map(|f| (f.file.as_str(), f.line, f.byte)).collect();
    assert_eq!(places, [("old", Some(2), Some(9)), ("new", Some(4), Some(9))]);
    // What is not sealed is not there.
    let short = [Part { len: 9, ..part("{\"id\":1}\n{\"id\":2}\n", "log") }];
    let found = reconcile(&short, &key("id"), &b"id\n1\n2\n".as_slice(), "fills", &key("id")).expect("read");
    assert_eq!(told(&found), [(Kind::Undecided, "no sealed decision has id 2".to_owned(), 3)]);
}

#[test]
fn however_many_parts_there_are_the_same_is_found() {
    // Squares have roots in common; others than squares there are none among the orders.
    let fill = |n: u32| format!("o{}\n", if n.is_multiple_of(2) { n * n * 4 % 701 } else { n * 3 % 701 });
    let order = |n: u32| format!("o{}\n", n * n % 701);
    let line = |n: u32| format!("{{\"id\":\"{}\"}}\n", order(n).trim_end());
    let log: String = (0..600_u32).map(line).collect();
    let fills: String = std::iter::once("id\n".to_owned()).chain((0..400_u32).map(fill)).collect();
    let in_parts = |part_len: u64| {
        let (parts, bytes) = ([part(&log, "log")], fills.as_bytes());
        let id = key("id");
        let file = super::Fills::new(&bytes, &id).expect("read");
        let mut run = Run {
            log: &parts,
            order_key: &id,
            fills: file,
            fills_shown: "fills",
            found: Reconciled::default(),
            orders: std::collections::HashMap::new(),
        };
        run.all(part_len).expect("read");
        (told(&run.found), run.found.fills, run.found.doubled, run.found.several)
    };
    let whole = in_parts(1000);
    assert!(whole.0.len() > 100 && whole.2 > 0 && whole.3 > 0, "{} findings", whole.0.len());
    for part_len in [1, 7, 100, 599] {
        assert_eq!(in_parts(part_len), whole, "{part_len}");
    }
    // The sum of both sides is what it should be: keys that only one of them has.
    let keys = |text: &str| {
        text.lines().map(|line| Hash::of(line.as_bytes())).collect::<std::collections::HashSet<_>>()
    };
    let orders: String = (0..600_u32).map(order).collect();
    let filled: String = (0..400_u32).map(fill).collect();
    let unfilled = keys(&orders).difference(&keys(&filled)).count();
    assert_eq!(whole.0.iter().filter(|told| told.0 == Kind::Unfilled).count(), unfilled);
}

/// What nobody can hold in memory is refused where it begins, whether it is one line or swallows all others.
#[test]
fn a_record_is_not_longer_than_its_bound() {
    let long = "x".repeat(super::fills::RECORD_MAX - 8);
    let found = compared("", &format!("id,note\n1,\"{long}\"\n2,\n"), "id", "id").expect("read");
    assert_eq!(found.fills, 2);
    let lines = "y\n".repeat(10 * super::fills::RECORD_MAX);
    for (fills, line) in [
        (format!("id,note\n1,\"{long}\nxxxxxxxxxx\"\n2,\n"), 2),
        (format!("id,note\n1,2\n1,\"{lines}\"\n"), 3),
        (format!("id,\"{lines}\"\n"), 1),
    ] {
        let error = compared("", &fills, "id", "id").expect_err("too long");
        let says = error.to_string();
        assert!(says.starts_with(&format!("line {line}: longer than 1 MiB")), "{says:.100}");
    }
}
