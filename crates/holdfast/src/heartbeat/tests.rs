#![allow(clippy::disallowed_methods, reason = "tests look at the real files")]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::Root;
use crate::json::Value;
use crate::sys::{Now, Sys};
use crate::time::Span;

fn fault(text: &str) -> String {
    Beat::parse(text.as_bytes()).expect_err(text).to_string()
}

#[test]
fn at_and_status_are_all_that_is_required() {
    let beat = Beat::parse(br#"{"at": 1763712000.5, "status": "ok", "mine": [1]}"#).expect("a beat");
    assert_eq!(
        (beat.at, &beat.status, beat.seq, beat.running()),
        (1_763_712_000.5, &Status::Ok, None, false)
    );
    assert_eq!(beat.fields["mine"], json!([1]));
    let whole = Beat::parse(br#"{"at": 0, "status": "held", "v": 1}"#).expect("a beat");
    assert_eq!((whole.at, whole.status), (0.0, Status::Held));
}

#[test]
fn a_cycle_runs_between_begun_and_took() {
    for (keys, running) in
        [("", false), (r#","begun":1"#, true), (r#","begun":1,"took":0"#, false), (r#","took":1"#, false)]
    {
        let beat = Beat::parse(format!(r#"{{"at":1,"status":"ok"{keys}}}"#).as_bytes()).expect(keys);
        assert_eq!(beat.running(), running, "{keys}");
    }
}

#[test]
fn what_is_no_beat_says_why() {
    for (text, says) in [
        ("", "is empty"),
        ("{", "is not JSON"),
        ("[]", "not a JSON object but a list"),
        ("{}", "at is missing; expected the Unix time of the beat in seconds"),
        (r#"{"status":"ok"}"#, "at is missing"),
        (r#"{"at":1}"#, r#"status is missing; expected a string such as "ok""#),
        (r#"{"at":"1","status":"ok"}"#, "at is a string; expected a number of seconds, 0 or more"),
        (r#"{"at":-1,"status":"ok"}"#, "at is -1; expected a number of seconds, 0 or more"),
        (r#"{"at":null,"status":"ok"}"#, "at is null"),
        (r#"{"at":1e999,"status":"ok"}"#, "number out of range"),
        (r#"{"at":NaN,"status":"ok"}"#, "is not JSON"),
        (r#"{"at":1,"status":true}"#, "status is a boolean; expected a string"),
        (r#"{"at":1,"at":2,"status":"ok"}"#, "stands twice"),
        (r#"{"at":1,"status":"ok","v":2}"#, "v is 2; this version reads v 1"),
        (r#"{"at":1,"status":"ok","v":"1"}"#, r#"v is "1""#),
        (r#"{"at":1,"status":"ok","v":null}"#, "v is null"),
    ] {
        let fault = fault(text);
        assert!(fault.contains(says), "{text}: {fault}");
    }
}

#[test]
fn a_key_of_ours_with_a_value_of_another_type_is_malformed() {
    for key in OURS {
        for bad in ["[]", "{}", "true", "null"] {
            let base = [("at", "1"), ("status", "\"ok\"")];
            let keys =
                base.iter().filter(|(ours, _)| *ours != key).map(|(key, value)| format!("{key:?}:{value}"));
            let keys: Vec<String> = keys.chain([format!("{key:?}:{bad}")]).collect();
            let fault = fault(&format!("{{{}}}", keys.join(",")));
            assert!(fault.starts_with(&format!("{key} is ")), "{key}: {fault}");
        }
    }
    for (key, bad) in [("pid", "1.5"), ("seq", "-1"), ("up", "-0.5"), ("took", "\"1\""), ("host", "7")] {
        let fault = fault(&format!(r#"{{"at":1,"status":"ok","{key}":{bad}}}"#));
        assert!(fault.starts_with(&format!("{key} is ")), "{fault}");
    }
}

#[test]
fn own_keys_are_refused_where_they_are_ours_or_no_number() {
    let draft = || Draft::new(Status::Ok);
    for key in OURS {
        assert_eq!(draft().field(key, 1).expect_err(key), FieldError::Ours(key.to_owned()));
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(
            draft().field("cost", bad).expect_err("no number"),
            FieldError::NotFinite("cost".to_owned())
        );
    }
    let both = draft().field("cost", 1.5).and_then(|draft| draft.field("cost", 2.5)).expect("finite");
    assert_eq!(both.compose(&moment(1.0, 1.0, None), "h", None)["cost"], json!(2.5));
}

#[test]
fn a_rust_pipeline_writes_what_a_reader_reads() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("data")).expect("data");
    let sys = Sys::real();
    let root = Root::open(sys.store, dir.path()).expect("a root");
    let name: Name = "trader-hl".parse().expect("a name");
    let draft = |draft: Draft| draft.name(name.clone()).pid(7).interval(Span::secs(300)).circuit("green");
    draft(Draft::begin()).write(&sys, &root).expect("written");
    let last = draft(Draft::new("no quotes".into())).field("cost", 3.2).expect("a number");
    last.write(&sys, &root).expect("written");
    let beat = Beat::parse(&sys.store.read(&root.heartbeat(Some(&name))).expect("a file")).expect("a beat");
    assert_eq!(beat.status, Status::Other("no quotes".to_owned()));
    assert_eq!((beat.seq, beat.pid, beat.interval), (Some(2), Some(7), Some(300.0)));
    assert_eq!((beat.circuit.as_deref(), &beat.fields["cost"]), (Some("green"), &json!(3.2)));
    assert!(beat.begun.is_some() && beat.took.is_some());
}

#[test]
fn a_watchdogs_beat_holds_what_it_remembers() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("data")).expect("data");
    let sys = Sys::real();
    let root = Root::open(sys.store, dir.path()).expect("a root");
    // A thousand watches in trouble take more than the megabyte of other state files.
    let much = json!({"watches": {"bot": "x".repeat(3 << 20)}});
    for (memory, seq) in [(json!({}), 1), (json!({"watches": {"bot": [1]}}), 2), (much, 3)] {
        Draft::write_watchdogs(&sys, &root, seq, &memory).expect("written");
        let bytes = read_watchdogs(&sys, &root).expect("a file");
        let beat = Beat::parse(&bytes).expect("a beat");
        assert_eq!((beat.name.as_deref(), beat.seq), (Some("watchdog"), Some(seq)));
        assert_eq!(beat.fields.get("watches"), memory.get("watches"));
        let ours = Beat::parse_ours(&bytes).expect("a beat");
        assert_eq!((ours.at, ours.seq, ours.fields.get("watches")), (beat.at, beat.seq, None));
    }
    assert!(!root.heartbeats().exists(), "it is no pipeline's");
}

fn moment(wall: f64, up: f64, boot: Option<&str>) -> Now {
    Now { wall, up, awake: up, boot: boot.map(str::to_owned) }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // To 15 digits the JSON library reads exactly what it wrote.
        (-999_999_999_999_i64..999_999_999_999).prop_map(|thousandths| Value::from(thousandths as f64 / 1e3)),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".*", inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Objects whose keys are often ours, so that the reader gets beyond the first check.
fn any_object() -> impl Strategy<Value = Value> {
    let key = prop_oneof![4 => prop::sample::select(OURS.to_vec()).prop_map(str::to_owned), 1 => ".*"];
    prop::collection::vec((key, any_value()), 0..12)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()))
}

/// Times a thousand it is rounded up to a whole number.
#[test]
fn no_beat_is_later_than_its_writer() {
    let wall = 3_096_373_435.805_999_8;
    let written = Draft::new("ok".into()).compose(&moment(wall, 0.0, None), "host", None);
    let beat = Beat::parse(Value::Object(written).to_string().as_bytes()).expect("a beat");
    assert!(beat.at <= wall && wall - beat.at < 0.001_1, "{}", beat.at);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Beat::parse(&bytes);
    }

    #[test]
    fn an_object_is_read_as_it_stands_or_refused_with_a_reason(object in any_object()) {
        match Beat::parse(object.to_string().as_bytes()) {
            Ok(beat) => {
                prop_assert!(beat.at.is_finite() && beat.at >= 0.0);
                prop_assert_eq!(Some(beat.status.as_str()), object["status"].as_str());
                prop_assert_eq!(beat.seq, object["seq"].as_u64());
                prop_assert_eq!(Value::Object(beat.fields), object);
            }
            Err(Malformed(why)) => prop_assert!(!why.is_empty()),
        }
    }

    #[test]
    fn what_is_written_is_read(
        wall in 0.0..4e9, up in 0.0..1e9, seq in any::<u64>(), status in ".+",
        own in prop::collection::btree_map("[a-z_]{1,9}", any_value(), 0..5), begins in any::<bool>(),
    ) {
        let draft = if begins { Draft::begin().status(status.as_str().into()) } else { Draft::new(status.as_str().into()) };
        let draft = own.iter().try_fold(draft, |draft, (key, value)| draft.field(key, value.clone()));
        let Ok(draft) = draft else { return Ok(()) };
        let previous = Beat::parse(json!({"at": 1, "status": "ok", "seq": seq}).to_string().as_bytes()).expect("a beat");
        let now = moment(wall, up, Some("b"));
        let written = draft.compose(&now, "host", Some(&previous));
        let beat = Beat::parse(Value::Object(written.clone()).to_string().as_bytes());
        let beat = beat.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&beat.fields, &written);
        prop_assert_eq!(beat.status.as_str(), &status);
        prop_assert_eq!(beat.running(), begins);
        prop_assert_eq!(beat.seq, Some(seq.checked_add(1).unwrap_or(1)));
        prop_assert!(beat.at <= wall && wall - beat.at < 0.001_1);
        prop_assert!(beat.up.is_some_and(|said| said <= up && up - said < 0.001_1));
        let order: Vec<usize> = written.keys().filter_map(|key| OURS.iter().position(|ours| ours == key)).collect();
        prop_assert!(order.is_sorted());
        for (key, value) in &own {
            prop_assert_eq!(&beat.fields[key], value);
        }
    }
}
