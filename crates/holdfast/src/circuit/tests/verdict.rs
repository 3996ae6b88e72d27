//! The table of `docs/formats/circuit.md`, row by row.

use super::*;

const LINE: &str = "{\"v\":1,\"id\":\"20251121T080000Z-7f3a01\",\"mode\":\"halt\",\"reason\":\"r\",\"by\":\"b\",\"host\":\"h\",\"since\":1763712000}\n";

fn halt(verdict: &Verdict) -> &Why {
    match verdict {
        Verdict::Paused { mode: Mode::Halt, why } => why,
        other => panic!("{other:?} is not a halt"),
    }
}

#[test]
fn without_a_face_the_ledger_tells_whether_there_ever_was_one() {
    let place = Place::new();
    assert!(place.check().is_green(), "nothing there at all");
    place.ledger("");
    assert!(place.check().is_green(), "an empty ledger");
    for anything in [LINE, "\n", "x", "\0"] {
        place.ledger(anything);
        assert_eq!(*halt(&place.check()), Why::FaceMissing, "{anything:?}");
    }
}

#[test]
fn a_face_that_cannot_be_understood_is_paused() {
    let place = Place::new();
    let deep = format!("{{\"paused\":false,\"x\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let long = format!("{{\"paused\":false,\"x\":\"{}\"}}", "x".repeat(1 << 20));
    for face in [
        "",
        " \n",
        "x",
        "null",
        "[]",
        "false",
        "\"paused\"",
        "{",
        "{}",
        "{\"paused\":\"no\"}",
        "{\"paused\":0}",
        "{\"paused\":null}",
        "{\"paused\":[false]}",
        "{\"Paused\":false}",
        "{\"paused\":false,\"paused\":false}",
        "{\"paused\":true,\"\\u0070aused\":false}",
        "{\"paused\":false}{}",
        "{\"paused\":false} x",
        "{\"paused\":false,}",
        "{'paused':false}",
        "{\"paused\":False}",
        "\0\0\0\0",
        "{\"paused\":false}\0",
        "{\"v\":2,\"paused\":false}",
        "{\"v\":\"1\",\"paused\":false}",
        "{\"v\":null,\"paused\":false}",
        "{\"v\":1.5,\"paused\":false}",
        "{\"paused\":false,\"mode\":\"slow\"}",
        "{\"paused\":false,\"mode\":7}",
        "{\"paused\":false,\"mode\":\"Halt\"}",
        "{\"paused\":false,\"trips\":-1}",
        "{\"paused\":false,\"trips\":0.5}",
        "{\"paused\":false,\"trips\":\"0\"}",
        "{\"paused\":false,\"trips\":null}",
        "{\"paused\":false,\"trips\":1e3}",
        "{\"paused\":false,\"trips\":99999999999999999999}",
        "{\"paused\":false,\"holds\":{}}",
        "{\"paused\":false,\"holds\":[1]}",
        "{\"paused\":false,\"holds\":[{}]}",
        "{\"paused\":false,\"holds\":null}",
        "{\"paused\":false,\"holds\":[{\"id\":\" \"}]}",
        "{\"paused\":false,\"holds\":[{\"id\":\"a\",\"mode\":\"x\"}]}",
        deep.as_str(),
        long.as_str(),
    ] {
        place.edit(face);
        let shown: String = face.chars().take(60).collect();
        assert!(matches!(halt(&place.check()), Why::FaceMalformed(_)), "{shown}");
    }
    place.edit(b"{\"paused\":false\xff}");
    assert!(matches!(halt(&place.check()), Why::FaceMalformed(_)), "not UTF-8");
    let utf16: Vec<u8> = "\u{feff}{\"paused\":false}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    place.edit(utf16);
    assert!(matches!(halt(&place.check()), Why::FaceMalformed(_)), "UTF-16");
}

#[test]
fn a_paused_face_is_paused_by_its_mode_or_that_of_its_strictest_hold() {
    let place = Place::new();
    for (face, mode) in [
        ("{\"paused\":true}", Mode::Halt),
        ("{\"paused\":true,\"mode\":\"halt\"}", Mode::Halt),
        ("{\"paused\":true,\"mode\":\"reduce\"}", Mode::Reduce),
        (
            "{\"paused\":true,\"mode\":\"reduce\",\"holds\":[{\"id\":\"a\",\"mode\":\"reduce\"}]}",
            Mode::Reduce,
        ),
        ("{\"paused\":true,\"mode\":\"reduce\",\"holds\":[{\"id\":\"a\"}]}", Mode::Halt),
        ("{\"paused\":true,\"mode\":\"reduce\",\"trips\":0}", Mode::Reduce),
        ("{\"paused\":true,\"mode\":\"reduce\",\"trips\":5}", Mode::Halt),
    ] {
        place.edit(face);
        assert_eq!(place.check(), Verdict::Paused { mode, why: Why::Face }, "{face}");
        assert!(!place.view().holds.is_empty(), "{face}");
    }
    place.edit("{\"paused\":true,\"reason\":\"by an editor\"}");
    let holds = place.view().holds;
    assert_eq!((holds.len(), holds[0].id.as_str(), holds[0].reason.as_str()), (1, "by-hand", "by an editor"));
}

#[test]
fn a_green_face_with_trips_knows_exactly_the_ledger() {
    let place = Place::new();
    let len = LINE.len() as u64;
    place.edit("{\"v\":1,\"paused\":false,\"trips\":0}");
    assert!(place.check().is_green(), "no ledger");
    place.ledger(LINE);
    assert_eq!(*halt(&place.check()), Why::Unseen { known: 0, found: len });
    place.edit(format!("{{\"paused\":false,\"trips\":{len}}}"));
    assert!(place.check().is_green());
    place.edit(format!("\u{feff} {{\"paused\":false,\"trips\":{len},\"mine\":1}}\n"));
    assert!(place.check().is_green(), "a BOM and keys of others do not matter");
    place.ledger(&LINE[..LINE.len() - 1]);
    assert_eq!(*halt(&place.check()), Why::LedgerShrank { known: len, found: len - 1 });
    fs::remove_file(place.root.ledger()).expect("removed");
    assert_eq!(*halt(&place.check()), Why::LedgerShrank { known: len, found: 0 });
}

#[test]
fn a_green_face_without_trips_must_be_newer_than_the_ledger() {
    let place = Place::new();
    place.edit("{\"paused\":false}");
    assert!(place.check().is_green(), "no ledger");
    place.ledger("");
    date(place.root.ledger(), 100.0);
    assert!(place.check().is_green(), "an empty ledger has no trip, however new");
    place.ledger(LINE);
    for (after, green) in [(-100.0, true), (100.0, false)] {
        date(place.root.ledger(), after);
        assert_eq!(place.check().is_green(), green, "{after}");
    }
    assert_eq!(*halt(&place.check()), Why::LedgerNewer);
    let same = fs::metadata(place.root.ledger()).expect("there").modified().expect("dated");
    let face = fs::File::options().append(true).open(place.root.circuit()).expect("there");
    face.set_modified(same).expect("dated");
    assert_eq!(*halt(&place.check()), Why::LedgerNewer, "of one tick: nobody knows which came first");
}

#[test]
#[cfg(unix)]
fn things_that_are_no_regular_files_are_paused_at_once() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    type Make = fn(&std::path::Path);
    let makes: [(&str, Make); 5] = [
        ("folder", |path| fs::create_dir(path).expect("a folder")),
        ("fifo", |path| {
            let dir = rustix::fs::open(
                path.parent().expect("data"),
                rustix::fs::OFlags::RDONLY,
                rustix::fs::Mode::empty(),
            );
            let name = path.file_name().expect("a name");
            let mode = rustix::fs::Mode::from_raw_mode(0o600);
            rustix::fs::mknodat(dir.expect("data"), name, rustix::fs::FileType::Fifo, mode, 0)
                .expect("a FIFO");
        }),
        ("socket", |path| drop(UnixListener::bind(path).expect("a socket"))),
        ("dangling link", |path| symlink("nowhere", path).expect("a link")),
        ("link loop", |path| symlink(path, path).expect("a link")),
    ];
    for (what, make) in makes {
        let face = Place::new();
        make(&face.root.circuit());
        assert!(matches!(halt(&face.check()), Why::FaceMalformed(_)), "face: {what}");
        let ledger = Place::new();
        ledger.edit("{\"paused\":false,\"trips\":0}");
        make(&ledger.root.ledger());
        assert!(matches!(halt(&ledger.check()), Why::LedgerUnreadable(_)), "ledger: {what}");
        assert!(ledger.listing().obstacle().is_some(), "ledger: {what}");
    }
}

#[test]
fn a_simple_writer_in_the_middle_of_its_work_is_waited_for() {
    let place = Place::new();
    place.edit("{\"paused\":fal");
    let path = place.root.circuit();
    let writer = std::thread::spawn(move || fs::write(path, "{\"paused\":false}"));
    let seen: Vec<bool> = (0..20).map(|_| place.check().is_green()).collect();
    writer.join().expect("joined").expect("written");
    assert!(seen.last().is_some_and(|green| *green), "{seen:?}");
}

#[test]
fn a_cached_check_sees_every_change() {
    let place = Place::new();
    place.trip("one");
    place.resume();
    date(place.root.circuit(), -10.0);
    let mut cached = Cached::new(Sys::real(), place.root.clone());
    assert!(cached.check().is_green() && cached.check().is_green());
    place.trip("two");
    assert!(!cached.check().is_green());
    place.resume();
    date(place.root.circuit(), -10.0);
    assert!(cached.check().is_green());
    fs::write(place.root.circuit(), "{}").expect("written");
    assert!(!cached.check().is_green());
    fs::remove_file(place.root.circuit()).expect("removed");
    assert!(!cached.check().is_green());
}
