//! Two packs beside one another: logs with every kind of record, grown, rewritten, gone and begun anew.

use std::collections::BTreeMap;

use holdfast::Exit;
use tlog::seals::OldHead;
use tlog::{Hash, Origin};

use super::super::open::Pack;
use super::super::tests::{Packed, trust};
use super::super::{Verdict, since};
use super::Way;
use crate::finding::Kind;
use crate::scribe::{LOG, Scribe, lines};

const ORIGIN: &str = "example.com/bot/decisions";
/// The seed of the key that signs the packs.
const KEY: u8 = 7;

/// Logs by the folder that they lie in.
type Logs = Vec<(&'static str, Scribe)>;

fn pack(logs: &Logs) -> Packed {
    let mut files = BTreeMap::new();
    for (folder, scribe) in logs {
        let named = |(name, bytes): (&String, &Vec<u8>)| (format!("data/log/{folder}/{name}"), bytes.clone());
        files.extend(scribe.files.iter().map(named));
    }
    Packed::of(files)
}

fn compared(old: &Logs, new: &Logs) -> Verdict {
    let (old, new) = (pack(old), pack(new));
    let old = Pack::of_tar("old.tar", &old.tar, Some(old.signature));
    let new = Pack::of_tar("new.tar", &new.tar, Some(new.signature));
    let (before, mut verdict) = (old.judge(&trust(), 1), new.judge(&trust(), 1));
    since::compare(&old, before, &new, &mut verdict);
    verdict
}

/// 100 lines in four seals, in two files.
fn base() -> Scribe {
    let mut scribe = Scribe::new(ORIGIN, KEY);
    scribe.seal(&lines(0..10));
    scribe.seal(&lines(10..40));
    scribe.rotate("2026-10.jsonl");
    scribe.seal(&lines(40..70));
    scribe.seal(&lines(70..100));
    scribe
}

fn grown(mut scribe: Scribe) -> Scribe {
    scribe.seal(&lines(100..130));
    scribe.rotate("2026-11.jsonl");
    scribe.seal(&lines(130..500));
    scribe
}

fn one(scribe: Scribe) -> Logs {
    vec![("memory", scribe)]
}

fn ways(verdict: &Verdict) -> Vec<Way> {
    let since = verdict.since.as_ref().expect("a comparison");
    since.logs.iter().map(|became| became.way.clone()).collect()
}

#[test]
fn a_log_that_only_grew_is_told_and_no_finding() {
    let extended = |lines, new_key| Way::Extended { lines_before: 100, lines, new_key };
    let mut resealed = base();
    resealed.seal("");
    let mut rekeyed = base();
    rekeyed.change_key(9);
    for (what, new, way) in [
        ("the same", base(), extended(100, false)),
        ("grown", grown(base()), extended(500, false)),
        ("sealed once more", resealed, extended(100, false)),
        ("its key changed by the last line", rekeyed.clone(), extended(100, true)),
        ("its key changed", grown(rekeyed), extended(500, true)),
    ] {
        let verdict = compared(&one(base()), &one(new));
        assert!(verdict.findings.is_empty(), "{what}: {}", verdict.findings);
        assert_eq!(ways(&verdict), std::slice::from_ref(&way), "{what}");
        // By another key than the pack's a log is below policy, whatever its past.
        let rekeyed = matches!(way, Way::Extended { new_key: true, .. });
        assert_eq!(verdict.exit(), if rekeyed { Exit::BelowPolicy } else { Exit::Ok }, "{what}");
    }
    // The empty log is the beginning of every one.
    let verdict = compared(&one(Scribe::new(ORIGIN, KEY)), &one(grown(Scribe::new(ORIGIN, KEY))));
    assert!(verdict.findings.is_empty(), "{}", verdict.findings);
}

/// Kind, file below `data/log/`, line, seal; and words of the detail.
type Told = (Kind, &'static str, Option<u64>, Option<u64>, &'static str);

#[track_caller]
fn finds(what: &str, old: &Logs, new: &Logs, told: &[Told]) {
    let verdict = compared(old, new);
    let found: Vec<_> = verdict.findings.listed.iter().collect();
    assert_eq!(found.len(), told.len(), "{what}: {}", verdict.findings);
    for (finding, (kind, file, line, seal, says)) in found.into_iter().zip(told) {
        let seal_found = finding.interval.as_ref().map(|interval| interval.seal);
        let file = format!("data/log/{file}");
        assert_eq!(
            (finding.kind, &finding.file, finding.line, seal_found),
            (*kind, &file, *line, *seal),
            "{what}: {finding}"
        );
        assert!(finding.detail.contains(says), "{what}: {finding}");
    }
    assert_eq!(verdict.exit(), Exit::No, "{what}");
}

/// The base, in which one line was another one from the beginning: sealed and signed by the key's owner.
fn forged(number: u64) -> Scribe {
    let line = |n: u64| if n == number { "{\"n\":\"forged\"}\n".to_owned() } else { lines(n..n + 1) };
    let all = |numbers: std::ops::Range<u64>| numbers.map(line).collect::<String>();
    let mut scribe = Scribe::new(ORIGIN, KEY);
    scribe.seal(&all(0..10));
    scribe.seal(&all(10..40));
    scribe.rotate("2026-10.jsonl");
    scribe.seal(&all(40..70));
    scribe.seal(&all(70..100));
    scribe
}

#[test]
fn what_the_owner_of_the_key_rewrote_is_found_with_its_line_and_its_seal() {
    let log = "memory/decisions.jsonl";
    let seals = "memory/decisions.jsonl.audit/SEALS";
    let base_old = one(base());
    for (number, seal, record) in [(0, 1, 2), (25, 2, 3), (40, 3, 5), (99, 4, 6)] {
        let says = format!("another line here; from line {record} of SEALS on");
        let says: &'static str = says.leak();
        let new = one(grown(forged(number)));
        let told = [(Kind::Forked, log, Some(number + 1), Some(seal), says)];
        finds("forged", &base_old, &new, &told);
        let verdict = compared(&base_old, &new);
        let [finding] = &verdict.findings.listed[..] else { panic!("one finding") };
        assert_eq!(finding.is.as_deref(), Some("{\"n\":\"forged\"}"));
        assert_eq!(
            finding.was.as_deref().map(|was| was.starts_with(&format!("{{\"n\":{number},"))),
            Some(true)
        );
        assert_eq!(ways(&verdict), [Way::Rewritten { lines_before: 100 }]);
    }
    let mut shorter = Scribe::new(ORIGIN, KEY);
    shorter.seal(&lines(0..10));
    let told = [(Kind::RolledBack, log, Some(11), Some(2), "old.tar knows 100 lines of it")];
    finds("shorter", &base_old, &one(shorter.clone()), &told);
    // The same lines, in other seals: then they end.
    shorter.seal(&lines(10..100));
    let told = [(Kind::Forked, seals, Some(3), Some(2), "sealed anew")];
    finds("sealed anew", &base_old, &one(shorter), &told);
    let mut more = base();
    more.seal("");
    let told = [(Kind::RolledBack, log, None, Some(5), "in 7 lines of SEALS; here are 100, in 6")];
    finds("a seal less", &one(more), &base_old, &told);
    let mut other_key = Scribe::new(ORIGIN, 9);
    other_key.seal(&lines(0..100));
    let told = [(Kind::Forked, seals, Some(1), Some(1), "sealed anew")];
    finds("begun anew by another key", &base_old, &one(other_key), &told);
}

#[test]
fn a_key_that_the_old_one_did_not_agree_to_is_no_extension() {
    let mut new = base();
    new.change_key(9);
    new.seal(&lines(100..110));
    let kept = "decisions.jsonl.audit/keys/00000000000000000007";
    assert!(new.files.remove(kept).is_some());
    let seals = "memory/decisions.jsonl.audit/SEALS";
    finds(
        "no note",
        &one(base()),
        &one(new),
        &[(Kind::Unsigned, seals, Some(7), None, "by which the old one agrees")],
    );
}

#[test]
fn a_log_is_gone_unless_another_one_goes_on_from_its_whole_head() {
    const OTHER: &str = "example.com/bot/decisions-2";
    let begun = |size: u64, root: Hash| {
        let origin = Origin::new(ORIGIN).expect("an origin");
        let mut scribe = Scribe::begun(OTHER, KEY, Some(OldHead { origin, size, root }));
        scribe.seal(&lines(100..120));
        one(scribe)
    };
    let old = one(base());
    let root = base().state.root;
    let log = "memory/decisions.jsonl";
    let mut stranger = Scribe::new(OTHER, KEY);
    stranger.seal(&lines(0..100));
    let told = [(Kind::Missing, log, Some(1), None, "in its place stands example.com/bot/decisions-2")];
    finds("another log in its place", &old, &one(stranger.clone()), &told);
    let elsewhere = vec![("other", stranger)];
    finds("gone", &old, &elsewhere, &[(Kind::Missing, log, Some(1), None, "with 100 lines, and it is gone")]);
    let told = [(Kind::RolledBack, log, Some(91), None, "goes on behind line 90")];
    finds("lines are lost", &old, &begun(90, root), &told);
    let told = [(Kind::Missing, log, Some(101), None, "behind 100, where old.tar ends, are not there")];
    finds("lines that nobody has", &old, &begun(110, root), &told);
    let told = [(Kind::Forked, log, Some(1), None, "its first 100 lines are not those of old.tar")];
    finds("another head", &old, &begun(100, Hash::EMPTY), &told);

    let verdict = compared(&old, &begun(100, root));
    assert!(verdict.findings.is_empty(), "{}", verdict.findings);
    let restarted = Way::Restarted { lines_before: 100, by: OTHER.to_owned() };
    assert_eq!(ways(&verdict), [restarted, Way::Begun { lines: 20 }]);
    assert_eq!(verdict.exit(), Exit::Ok);
}

#[test]
fn a_past_that_nobody_has_is_a_finding() {
    let past = base();
    let mut after = Scribe::after(&past.state, "example.com/bot/decisions-2", KEY);
    after.seal(&lines(100..120));
    let nothing = vec![("journal", Scribe::new("example.com/bot/journal", KEY))];
    let with = |logs: &[(&'static str, &Scribe)]| -> Logs {
        let logs = logs.iter().map(|(folder, scribe)| (*folder, (*scribe).clone()));
        nothing.iter().cloned().chain(logs).collect()
    };
    let restarted = (Kind::Restarted, "memory/decisions.jsonl", None, None, "it took the place of");
    let told = [restarted];
    finds("nobody has it", &nothing, &with(&[("memory", &after)]), &told);
    // Here it lies in the new pack, also where it has grown since.
    for at_hand in [&past, &grown(past.clone())] {
        let verdict = compared(&nothing, &with(&[("memory", &after), ("old", at_hand)]));
        assert!(verdict.findings.is_empty(), "{}", verdict.findings);
    }
    let told = [(Kind::Forked, "old/decisions.jsonl", Some(1), None, "took its place"), restarted];
    finds("another past", &nothing, &with(&[("memory", &after), ("old", &forged(3))]), &told);
    let told = [(Kind::Forked, "old/decisions.jsonl", None, None, "a second log calls itself")];
    finds("twice", &one(past.clone()), &vec![("memory", past.clone()), ("old", past)], &told);
}

/// What was wrong with the older pack itself is told as such.
#[test]
fn the_older_pack_is_verified_first() {
    let mut old = Scribe::new(ORIGIN, KEY);
    old.seal(&lines(0..100));
    let new = grown(old.clone());
    old.files.get_mut(LOG).expect("a log")[3] ^= 1;
    let verdict = compared(&one(old), &one(new));
    assert_eq!(verdict.exit(), Exit::No);
    assert!(
        verdict.findings.listed.iter().any(|finding| finding.kind == Kind::Edited
            && finding.file == "old.tar: data/log/memory/decisions.jsonl"
            && finding.line == Some(1)),
        "{}",
        verdict.findings
    );
    let (old, new) = (pack(&one(base())), pack(&one(grown(base()))));
    let unsigned = Pack::of_tar("old.tar", &old.tar, None);
    let new = Pack::of_tar("new.tar", &new.tar, Some(new.signature));
    let (before, mut verdict) = (unsigned.judge(&trust(), 1), new.judge(&trust(), 1));
    since::compare(&unsigned, before, &new, &mut verdict);
    assert_eq!(verdict.exit(), Exit::BelowPolicy);
    assert!(verdict.lacks()[0].starts_with("old.tar: old.tar.sig is not there"), "{:?}", verdict.lacks());
    let junk = b"junk".as_slice();
    let junk = Pack::of_tar("old.tar", &junk, None);
    let (before, mut verdict) = (junk.judge(&trust(), 1), new.judge(&trust(), 1));
    since::compare(&junk, before, &new, &mut verdict);
    let [finding] = &verdict.findings.listed[..] else { panic!("{}", verdict.findings) };
    assert_eq!((finding.kind, finding.file.as_str()), (Kind::Malformed, "old.tar"));
    assert_eq!(ways(&verdict), []);
}
