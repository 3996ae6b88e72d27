use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdfast_http::standin::{Answer, Server};
use holdfast_http::{Call, call};
use tlog::note::{MemoryKey, cosign};
use tlog::tile::{Builder, TileReader, encode};
use tlog::{Checkpoint, Origin, Tile, TileSource};

use super::*;

const ORIGIN: &str = "example.com/d";
const NAME: &str = "witness.example.com";
const SEED: [u8; 32] = [7; 32];

fn key() -> WitnessKey {
    let vkey = MemoryKey::new(NAME, &SEED).unwrap();
    WitnessKey::parse(&tlog::Signer::vkey(&vkey).to_string()).unwrap()
}

/// A log of so many lines, the first of which may differ.
struct Log {
    head: Head,
    tiles: BTreeMap<String, Vec<u8>>,
}

impl TileSource for &Log {
    type Error = std::convert::Infallible;

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Self::Error> {
        Ok(self.tiles.get(&tile.to_string()).cloned())
    }
}

fn log(first: &str, size: u64) -> Log {
    let leaves: Vec<Hash> = (0..size)
        .map(|i| Hash::leaf(if i == 0 { first.to_owned() } else { format!("{i}\n") }.as_bytes()))
        .collect();
    let (mut tiles, mut builder) = (BTreeMap::new(), Builder::new());
    let mut keep = |tile: Tile, hashes: &[Hash]| {
        tiles.insert(tile.to_string(), encode(hashes));
        Ok::<_, std::convert::Infallible>(())
    };
    builder.extend(&leaves, 1, &mut keep).unwrap();
    builder.partials().for_each(|(tile, hashes)| drop(tiles.insert(tile.to_string(), encode(hashes))));
    let root = builder.root();
    let text = Checkpoint::new(&Origin::new(ORIGIN).unwrap(), size, root).to_string();
    let mut signer = MemoryKey::new(ORIGIN, &[1; 32]).unwrap();
    let note = Note::sign(&text, &mut [&mut signer]).unwrap();
    Log { head: Head { note, size, root }, tiles }
}

/// Reaches a server over HTTP and proves from the log's tiles.
struct Real<'a> {
    url: String,
    log: &'a Log,
    asked: Vec<String>,
}

impl Means for Real<'_> {
    fn post(&mut self, body: &[u8]) -> Result<Reply, HttpError> {
        self.asked.push(String::from_utf8(body.to_vec()).unwrap());
        let (url, timeout) = (format!("{}/add-checkpoint", self.url), Duration::from_secs(10));
        call(&Call { method: "POST", url: &url, headers: &[], body, timeout, most: ANSWER_MAX })
    }

    fn prove(&mut self, old: u64) -> Result<(Vec<Hash>, Hash), String> {
        let reader = TileReader::verified(self.log, self.log.head.size, self.log.head.root).unwrap();
        let proof = tlog::proof::consistency(&reader, old, self.log.head.size).unwrap();
        Ok((proof, tlog::proof::root(&reader, old).unwrap()))
    }
}

/// What a witness does beside its duty.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// Nothing.
    Right,
    /// Says 409 where it should say 422, as older witnesses do.
    Old,
    /// It cosigns, and the answer gets lost, once.
    LosesReply,
}

/// A witness that has cosigned a head, or none.
fn witness(way: Way, has: Option<&Head>) -> Server {
    let state = Mutex::new(has.map(|head| (head.size, head.root)));
    let lost = Arc::new(Mutex::new(way == Way::LosesReply));
    Server::start(move |asked| {
        let body = String::from_utf8(asked.body.clone()).unwrap();
        let (top, note) = body.split_once("\n\n").unwrap();
        let mut top = top.lines();
        let old: u64 = top.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
        let proof: Vec<Hash> = top.map(|line| Hash::from_base64(line).unwrap()).collect();
        let note = Note::parse(note.as_bytes()).unwrap();
        let head = Checkpoint::parse(note.text()).unwrap();
        let mut state = state.lock().unwrap();
        let (size, root) = state.unwrap_or((0, Hash::EMPTY));
        if old != size {
            return Answer::new(409, format!("{size}\n")).header("content-type", "text/x.tlog.size");
        }
        if verify_consistency(&proof, size, root, head.size(), head.root()).is_err() {
            let status = if way == Way::Old && size == head.size() { 409 } else { 422 };
            return Answer::new(status, if status == 409 { format!("{size}\n") } else { String::new() });
        }
        *state = Some((head.size(), head.root()));
        if std::mem::take(&mut *lost.lock().unwrap()) {
            return Answer::cut();
        }
        let stranger = cosign("other.example.com", &[8; 32], 1, note.text()).unwrap();
        let own = cosign(NAME, &SEED, 1_795_248_000, note.text()).unwrap();
        Answer::new(200, format!("{stranger}{own}"))
    })
}

fn asks(log: &Log, known: Option<&Log>, server: &Server) -> (Result<Cosigned, Trouble>, Vec<String>) {
    let mut means = Real { url: server.url(), log, asked: Vec::new() };
    let known = known.map(|log| Known { size: log.head.size, root: log.head.root });
    let answer = ask(&key(), &log.head, known, &mut means);
    let olds = means.asked.iter().map(|body| body.lines().next().unwrap().to_owned()).collect();
    (answer, olds)
}

#[test]
fn a_log_that_grows_is_cosigned_from_wherever_the_witness_stands() {
    let (small, same, large) = (log("0\n", 3), log("0\n", 300), log("0\n", 70_000));
    for (has, log, known, olds) in [
        (None, &small, None, vec!["old 0"]),
        (Some(&small), &large, Some(&small), vec!["old 3"]),
        (Some(&same), &same, Some(&same), vec!["old 300"]),
        // Nothing is remembered: the witness says where it stands.
        (Some(&small), &large, None, vec!["old 0", "old 3"]),
        // A reply was lost: the witness is further than we remember.
        (Some(&same), &large, Some(&small), vec!["old 3", "old 300"]),
        (Some(&same), &same, Some(&small), vec!["old 3", "old 300"]),
        // The witness has forgotten.
        (None, &large, Some(&small), vec!["old 3", "old 0"]),
    ] {
        let server = witness(Way::Right, has.map(|log| &log.head));
        let (answer, asked) = asks(log, known, &server);
        let cosigned = answer.unwrap_or_else(|error| panic!("{olds:?}: {error}"));
        assert_eq!(
            (cosigned.time, asked),
            (1_795_248_000, olds.iter().map(|old| (*old).to_owned()).collect())
        );
        assert_eq!(log.head.note.clone().with(cosigned.signature).cosigned(&key()), Ok(1_795_248_000));
    }
}

#[test]
fn a_lost_reply_is_made_up_for_by_the_next_run() {
    let (small, large) = (log("0\n", 3), log("0\n", 5));
    let server = witness(Way::LosesReply, Some(&small.head));
    let (lost, _) = asks(&large, Some(&small), &server);
    assert!(matches!(lost, Err(Trouble::Later { .. })), "{lost:?}");
    let (answer, asked) = asks(&large, Some(&small), &server);
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(asked, ["old 3", "old 5"]);
}

#[test]
fn a_rollback_or_a_fork_is_an_alarm() {
    let (true_small, true_large) = (log("0\n", 3), log("0\n", 300));
    let (false_small, false_large) = (log("x\n", 3), log("x\n", 500));
    let rolled = |answer: &Result<Cosigned, Trouble>| matches!(answer, Err(Trouble::RolledBack(_)));
    let forked = |answer: &Result<Cosigned, Trouble>| matches!(answer, Err(Trouble::Forked(_)));
    for way in [Way::Right, Way::Old] {
        let at = |log: &Log| witness(way, Some(&log.head));
        // The witness knows more lines, whatever we remember.
        assert!(rolled(&asks(&true_small, None, &at(&true_large)).0));
        assert!(rolled(&asks(&true_small, Some(&true_small), &at(&true_large)).0));
        // We remember that it does; nobody needs to be asked.
        let (answer, asked) = asks(&true_small, Some(&true_large), &at(&true_large));
        assert!(rolled(&answer) && asked.is_empty(), "{answer:?}");
        // Another history, of the same length or longer, whether or not we remember.
        for known in [None, Some(&true_small)] {
            assert!(forked(&asks(&false_large, known, &at(&true_small)).0), "{way:?}");
            assert!(forked(&asks(&false_small, known, &at(&true_small)).0), "{way:?}");
        }
        // Even if we believe that the witness knows the false one.
        assert!(forked(&asks(&false_large, Some(&false_small), &at(&true_small)).0));
    }
}

#[test]
fn other_answers_are_no_alarm_and_nothing_is_kept_of_them() {
    let log = log("0\n", 3);
    let not_ours = cosign("other.example.com", &[8; 32], 1, log.head.note.text()).unwrap().to_string();
    let of_another = cosign(NAME, &SEED, 1, "example.com/e\n3\n").unwrap().to_string();
    for (status, body, is_later, says) in [
        (200, String::new(), true, "without signatures"),
        (200, not_ours, false, "none is by"),
        (200, of_another, true, "not of this head"),
        (404, String::new(), false, "does not know this log"),
        (403, String::new(), false, "takes no signature"),
        (400, "why".to_owned(), false, "400 why"),
        (409, "what".to_owned(), false, "409 what"),
        (409, "0\n".to_owned(), false, "409 0"),
        (409, "01\n".to_owned(), false, "409 01"),
        (422, String::new(), false, "422"),
        (429, String::new(), true, "429"),
        (503, String::new(), true, "503"),
        (302, String::new(), true, "elsewhere"),
    ] {
        let server = Server::start(move |_| Answer::new(status, body.clone()).header("retry-after", "7"));
        let error = asks(&log, None, &server).0.unwrap_err();
        assert!(error.to_string().contains(says), "{status}: {error}");
        assert_eq!(matches!(error, Trouble::Later { .. }), is_later, "{status}: {error}");
        if [429, 503].contains(&status) {
            assert!(matches!(error, Trouble::Later { after: Some(Duration { .. }), .. }), "{error:?}");
        }
    }
    // A witness that leads us on has an end.
    let next = Mutex::new(0);
    let server = Server::start(move |_| {
        let mut next = next.lock().unwrap();
        *next = *next % 2 + 1;
        Answer::new(409, format!("{next}\n"))
    });
    let (answer, asked) = asks(&log, None, &server);
    assert!(answer.unwrap_err().to_string().contains("another size each time"));
    assert_eq!(asked.len(), TRIES);
}

/// What a witness writes before its cosignature must not become what it has cosigned.
#[test]
fn a_cosignature_of_a_text_that_the_answer_made_longer_is_none() {
    let log = log("0\n", 3);
    let text = log.head.note.text().to_owned();
    let longer = format!("{text}\nmore\n");
    let line = cosign(NAME, &SEED, 1_795_248_000, &longer).unwrap();
    let server = Server::start(move |_| Answer::new(200, format!("more\n\n{line}")));
    let (answer, _) = asks(&log, None, &server);
    let said = answer.expect_err("it has cosigned another text").to_string();
    assert!(said.contains("not of this head"), "{said}");
}
