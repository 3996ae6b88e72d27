use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdfast::sys::Sys;
use holdfast_http::standin::{Answer, Server};

use super::*;

const TEXT: &str = "example.com/d/seals\n3\nAAAA\n";

fn folder(dir: &std::path::Path) -> Folder<'static> {
    Folder { store: Sys::real().store, dir: dir.to_owned() }
}

#[test]
fn a_folder_keeps_the_first_and_tells_another_history() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(dir.path());
    for _ in 0..2 {
        let receipt = keep(&folder, "log/1.chain", TEXT, None).unwrap();
        assert_eq!((receipt.key.as_str(), receipt.retain_until), ("log/1.chain", None));
    }
    let error = keep(&folder, "log/1.chain", "another", None).unwrap_err();
    assert!(matches!(&error, Trouble::Forked(why) if why.contains("another history")), "{error:?}");
    assert_eq!(folder.read("log/1.chain").unwrap().unwrap(), TEXT.as_bytes());
    // A disk that is not mounted is no new folder.
    let gone = Folder { dir: dir.path().join("gone"), ..folder };
    assert!(matches!(keep(&gone, "log/1.chain", TEXT, None), Err(Trouble::Later { .. })));
}

/// What is in a bucket, and until when it is locked.
type Objects = BTreeMap<String, (Vec<u8>, Option<String>)>;

/// A server like S3. It may ignore the condition, or the lock.
fn server(obeys: bool, locks: bool) -> Server {
    let objects: Arc<Mutex<Objects>> = Arc::default();
    Server::start(move |asked| {
        let mut objects = objects.lock().unwrap();
        let path = asked.path.split('?').next().unwrap().to_owned();
        match asked.method.as_str() {
            "PUT" if obeys && objects.contains_key(&path) && asked.header("if-none-match") == Some("*") => {
                Answer::new(412, "")
            }
            "PUT" => {
                let until = asked.header("x-amz-object-lock-retain-until-date").filter(|_| locks);
                objects.insert(path, (asked.body.clone(), until.map(str::to_owned)));
                Answer::new(200, "").header("etag", "\"e\"").header("x-amz-version-id", "v")
            }
            _ => match objects.get(&path) {
                None => Answer::new(404, ""),
                Some((body, None)) => Answer::new(200, body.clone()),
                Some((body, Some(until))) => Answer::new(200, body.clone())
                    .header("x-amz-object-lock-mode", "COMPLIANCE")
                    .header("x-amz-object-lock-retain-until-date", until),
            },
        }
    })
}

fn s3(url: &str) -> S3 {
    let keys = "[default]\naws_access_key_id = A\naws_secret_access_key = B\n";
    let credentials = Credentials::parse(keys).unwrap();
    S3::new(("bucket", "desk"), Some(url), &credentials, Duration::from_secs(10), 1_795_248_000).unwrap()
}

#[test]
fn a_bucket_is_found_out_if_it_ignores_what_it_is_told() {
    let until = Some(1_795_300_000);
    for (obeys, locks, wanted, says) in [
        (true, true, until, None),
        (true, false, None, None),
        (true, false, until, Some("does not lock")),
        (false, true, until, Some("writes over what is there")),
    ] {
        let server = server(obeys, locks);
        let kept = keep(&s3(&server.url()), "log/1.chain", TEXT, wanted);
        match (kept, says) {
            (Ok(receipt), None) => {
                assert_eq!(
                    (receipt.store.as_str(), receipt.version.as_deref()),
                    ("s3://bucket/desk", Some("v"))
                );
                assert_eq!(receipt.retain_until.is_some(), wanted.is_some());
                let again = keep(&s3(&server.url()), "log/1.chain", TEXT, wanted).unwrap();
                assert_eq!(again.version, None);
                let error = keep(&s3(&server.url()), "log/1.chain", "another", wanted).unwrap_err();
                assert!(error.is_alarm(), "{error:?}");
            }
            (Err(Trouble::Refused(why)), Some(says)) => assert!(why.contains(says), "{why}"),
            (kept, says) => panic!("{kept:?} instead of {says:?}"),
        }
    }
}

#[test]
fn a_server_that_says_no_is_mended_or_asked_again() {
    for (status, is_later) in
        [(403, false), (501, false), (400, false), (409, true), (500, true), (503, true)]
    {
        let server = Server::start(move |_| Answer::new(status, "why"));
        let error = keep(&s3(&server.url()), "k", TEXT, None).unwrap_err();
        let later = matches!(error, Trouble::Later { .. });
        assert!(later == is_later, "{status}: {error:?}");
        assert!(error.to_string().contains("why") && !error.is_alarm(), "{error}");
    }
}

#[test]
fn two_logs_share_no_object_and_none_leaves_its_folder() {
    let key = |origin: &str| key(&Origin::new(origin).unwrap(), 7);
    assert_eq!(key("desk/d"), format!("desk_d-{}/00000000000000000007.chain", &key("desk/d")[7..15]));
    assert_ne!(key("desk/d"), key("desk_d"));
    for odd in ["..", "../../x", "/etc", "a?b#c%d"] {
        let key = key(odd);
        assert!(!key.starts_with('.') && key.matches('/').count() == 1, "{key}");
        assert!(!key.contains(['?', '#', '%']), "{key}");
    }
}

#[test]
fn what_a_url_names() {
    let bucket = |url: &str, retain| Bucket {
        url: url.to_owned(),
        endpoint: None,
        credentials_file: None,
        retain,
        foreign: false,
    };
    assert_eq!(Place::of(&bucket("file:///mnt/x", None)), Ok(Place::Folder(PathBuf::from("/mnt/x"))));
    let s3 = |bucket: &str, prefix: &str| Ok(Place::S3 { bucket: bucket.into(), prefix: prefix.into() });
    assert_eq!(Place::of(&bucket("s3://b/desk/x/", None)), s3("b", "desk/x"));
    assert_eq!(Place::of(&bucket("s3://b", None)), s3("b", ""));
    let day = Some(holdfast::time::Span::secs(86_400));
    assert!(Place::of(&bucket("file:///mnt/x", day)).unwrap_err().contains("retain"));
    assert!(Place::of(&bucket("gs://b/x", None)).unwrap_err().contains("not built yet"));
}
