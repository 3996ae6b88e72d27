//! What the writer refuses, before or while it writes.

use std::io::{self, Read};

use bag::{Mode, Payload, Recipe, SIZE_MAX, write};

use crate::common::{MTIME, SIGNATURE, small, written_of};

const RECIPE: Recipe = Recipe { name: "top", mtime: MTIME, info: &[], guide: "" };

fn plain(path: &str) -> Payload<'static> {
    Payload::of_bytes(path, Mode::Plain, b"x".to_vec())
}

fn said(length: u64, bytes: &'static [u8]) -> Payload<'static> {
    Payload::new("data/x", Mode::Plain, length, move || Ok(Box::new(bytes)))
}

fn refused(recipe: &Recipe, payload: Vec<Payload>) -> String {
    write(&mut io::sink(), recipe, payload, |_| Ok(SIGNATURE.to_owned())).expect_err("refused").to_string()
}

#[test]
fn what_cannot_be_packed_is_named_with_what_to_do() {
    let long = format!("data/{}", "n".repeat(101));
    let deep = format!("data/{}x", "d/".repeat(14));
    for (payload, reason) in [
        (vec![], "there is nothing to pack"),
        (vec![plain("log/x")], "log/x is not below data/, where payload belongs"),
        (
            vec![plain("data/../x")],
            "data/../x: the path has a component `.` or `..`; pack it under another name",
        ),
        (vec![plain("data/a b")], "data/a b: the path has the byte 0x20; allowed are"),
        (vec![plain("data/-x")], "data/-x: a component of the path begins with `-`"),
        (vec![plain(&long)], "the path cannot be divided as ustar divides it"),
        (vec![plain(&deep)], "the path is 17 components deep; at most 16"),
        (vec![plain("data/x"), plain("data/x")], "data/x is to be packed twice"),
        (vec![plain("data/x/y"), plain("data/x")], "data/x is a file and the folder of another one"),
        (
            vec![said(SIZE_MAX + 1, b"")],
            "data/x is 8589934592 bytes long, and a tar of this kind holds files of less",
        ),
        (vec![said(4, b"abc")], "data/x was to be 4 bytes long and is 3: it changed while it was packed"),
        (vec![said(2, b"abc")], "data/x was to be 2 bytes long and is longer"),
        (vec![said(0, b"abc")], "data/x was to be 0 bytes long and is longer"),
    ] {
        let error = refused(&RECIPE, payload);
        assert!(error.contains(reason), "{reason}: {error}");
    }
}

#[test]
fn a_recipe_that_cannot_be_kept_is_refused() {
    let field = |label: &str, value: &str| vec![(label.to_owned(), value.to_owned())];
    for (recipe, info, reason) in [
        (Recipe { name: "a/b", ..RECIPE }, vec![], "a/b: the path is 2 components deep"),
        (Recipe { name: "..", ..RECIPE }, vec![], "..: the path has a component"),
        (Recipe { mtime: SIZE_MAX + 1, ..RECIPE }, vec![], "is after the year 2242"),
        (RECIPE, field("Payload-Oxum", "1.1"), "it is counted here"),
        (RECIPE, field("A:b", "1"), "a label has letters, digits and `-` only"),
        (RECIPE, field("A", "b\nC: d"), "a value is one line of text"),
        (RECIPE, field("A", ""), "a value is one line of text"),
    ] {
        let error = refused(&Recipe { info: &info, ..recipe }, vec![plain("data/x")]);
        assert!(error.contains(reason), "{reason}: {error}");
    }
}

#[test]
fn without_a_signature_there_is_no_bag() {
    let mut out = Vec::new();
    let failed = write(&mut out, &RECIPE, vec![plain("data/x")], |_| Err("no agent".into()));
    assert_eq!(failed.expect_err("unsigned").to_string(), "the manifest cannot be signed: no agent");
    assert!(bag::Bag::open_tar(&out, None).is_err());
    let failed = write(&mut io::sink(), &RECIPE, vec![plain("data/x")], |_| Ok("signed!".to_owned()));
    assert!(failed.expect_err("unsigned").to_string().contains("no armoured SSH signature"));
}

#[test]
fn the_tag_manifest_is_what_is_signed() {
    let mut signed = Vec::new();
    let mut tar = Vec::new();
    write(&mut tar, &RECIPE, vec![plain("data/x")], |bytes| {
        signed = bytes.to_vec();
        Ok(SIGNATURE.to_owned())
    })
    .unwrap();
    let bag = bag::Bag::open_tar(&tar, Some("top")).unwrap();
    let read = |path| bag.read(bag.find(path).unwrap(), 1 << 20).unwrap();
    assert_eq!(read(bag::TAG_MANIFEST), signed);
    assert_eq!(read(bag::SIGNATURE), SIGNATURE.as_bytes());
}

#[test]
fn errors_of_source_and_target_are_told_apart() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    struct Bad;
    impl Read for Bad {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("bad sector"))
        }
    }
    let sign = |_: &[u8]| Ok(SIGNATURE.to_owned());
    let error = write(&mut Full, &RECIPE, vec![plain("data/x")], sign).expect_err("full");
    assert!(error.to_string().starts_with("the tar cannot be written: "), "{error}");
    let bad = || vec![Payload::new("data/x", Mode::Plain, 1, || Ok(Box::new(Bad)))];
    let error = write(&mut io::sink(), &RECIPE, bad(), sign).expect_err("bad");
    assert_eq!(error.to_string(), "data/x cannot be read: bad sector");
    let gone = Payload::new("data/x", Mode::Plain, 1, || Err(io::Error::other("gone")));
    let error = write(&mut io::sink(), &RECIPE, vec![gone], sign).expect_err("gone");
    assert_eq!(error.to_string(), "data/x cannot be read: gone");
}

#[test]
fn the_order_in_which_files_are_given_does_not_matter() {
    let mut payload = crate::common::payload();
    payload.reverse();
    assert!(written_of(payload).0 == small());
}

#[test]
fn memory_does_not_grow_with_the_payload() {
    let (told, peak_kib, _) =
        crate::hostile::inspect(std::env::temp_dir().as_path(), &["--write", "536870912"]);
    assert!(told.starts_with("cpu_ms: "), "{told}");
    assert!(peak_kib < 16 << 10, "{peak_kib} KiB");
}

/// The seeds of the fuzz target are bags of this writer, or fuzzing would start from nothing.
#[test]
fn the_seeds_of_the_fuzzer_are_sound() {
    let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/tar");
    for name in ["smallest", "kinds"] {
        let seed = std::fs::read(seeds.join(name)).unwrap();
        assert_eq!(crate::common::said_against(&seed), [""; 0], "{name}");
    }
}
