//! Every kind of change at random places: the finding must name the kind and the line, and nothing may be missed.

mod changes;
mod dense;
pub(crate) mod world;

use super::Options;
use super::claims::KEY_CHANGES_MAX;
use crate::finding::Kind;
use crate::progress::Progress;
use crate::scribe::Scribe;
use crate::sidecar::Sidecar;
use changes::{Change, Expected};
use world::{LOG, Rng, World};

/// As many as an ordinary run makes; `HOLDFAST_MUTATIONS=10000` makes more.
const MUTATIONS: u64 = 1500;
/// Each fifth one is of a pack.
const EACH: u64 = 5;

/// What is changed: a log with its sidecar, or a pack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Log,
    Pack,
}

/// The seeds of the changes of this kind: those of a run, or the one of `HOLDFAST_MUTATION`. And whether it is all of them.
pub(crate) fn seeds(of: Of) -> (impl Iterator<Item = u64>, bool) {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let only: Option<u64> = number("HOLDFAST_MUTATION");
    let count = number("HOLDFAST_MUTATIONS").unwrap_or(MUTATIONS);
    let seeds = only.map_or(0..count, |seed| seed..seed + 1);
    let wanted = move |seed: &u64| (seed % EACH == EACH - 1) == (of == Of::Pack);
    (seeds.filter(wanted), only.is_none())
}

#[test]
fn what_was_not_changed_is_unchanged() {
    for seed in 0..20 {
        let world = World::new(seed);
        for deep in [false, true] {
            let checked = world.check(deep, vec![world.guard.clone()]);
            assert!(checked.findings.is_empty(), "seed {seed}:\n{}", checked.findings);
            assert_eq!(checked.state.as_ref().map(|state| state.lines), Some(world.sealed_lines));
            assert_eq!(checked.signed_lines, world.sealed_lines);
        }
    }
}

#[test]
fn every_change_is_found_and_named() {
    let (seeds, is_all) = seeds(Of::Log);
    let mut kinds = std::collections::BTreeMap::new();
    let mut worlds: std::collections::HashMap<u64, World> = std::collections::HashMap::new();
    for seed in seeds {
        let mut rng = Rng::new(seed);
        // A world takes longer to make than to change.
        let clean = worlds.entry(seed % 16).or_insert_with(|| World::new(seed % 16));
        let (world, Change { what, expected }) = changes::change(clean, &mut rng);
        *kinds.entry(what.split(' ').next().unwrap_or_default().to_owned()).or_insert(0) += 1;
        let deep = rng.below(2) == 0;
        let pins = if expected == Expected::OlderThanGuard { vec![world.guard.clone()] } else { Vec::new() };
        let checked = world.check(deep, pins);
        let told = checked.findings.to_string();
        let story =
            format!("seed {seed} (HOLDFAST_MUTATION={seed}), {what}, expected {expected:?}; told:\n{told}");
        assert!(!checked.findings.is_empty(), "missed: {story}");
        assert!(expected.is_told(&checked.findings), "{story}");
    }
    assert!(!is_all || kinds.len() >= 18, "the dice left out kinds of change: {kinds:?}");
}

#[test]
fn changes_of_the_key_that_are_too_many_to_look_at_are_a_finding() {
    let mut scribe = Scribe::new("example.com/bot/decisions", 7);
    let all = u64::try_from(KEY_CHANGES_MAX).expect("it fits");
    let check = |scribe: &Scribe| {
        let progress = Progress::hidden();
        let options = Options { deep: false, pins: Vec::new(), threads: 1, progress: &progress };
        super::check(&Sidecar::new(scribe, LOG), &options).expect("memory can be read").findings
    };
    for number in 0..all {
        scribe.change_key(if number % 2 == 0 { 8 } else { 7 });
        scribe.seal("");
    }
    assert!(check(&scribe).is_empty(), "{}", check(&scribe));
    scribe.change_key(8);
    scribe.seal("");
    let told = check(&scribe);
    let places: Vec<_> = told.listed.iter().map(|finding| (finding.kind, finding.line)).collect();
    assert_eq!(places, [(Kind::Malformed, Some(2 * all + 2))], "{told}");
}

#[test]
fn lines_behind_the_seals_are_no_change() {
    let mut world = World::new(3);
    let log = world.log();
    log.extend_from_slice(b"{\"new\":1}\n{\"new\":2}\n{\"torn\"");
    let checked = world.check(false, Vec::new());
    assert!(checked.findings.is_empty(), "{}", checked.findings);
    assert_eq!((checked.unsealed, checked.tail), (27, 7));
}

#[test]
fn a_line_that_was_inserted_is_no_second_history_for_who_remembers_the_head() {
    let mut world = World::new(5);
    let mut lines = world.lines();
    // Shorter than every other line: as many lines as were sealed stand before the end of the sealed bytes.
    lines.insert(50, b"{}\n".to_vec());
    world.set_lines(&lines);
    let checked = world.check(false, vec![world.guard.clone()]);
    let told: Vec<_> = checked.findings.listed.iter().map(|finding| (finding.kind, finding.line)).collect();
    assert_eq!(told, [(Kind::Inserted, Some(51))]);
}

#[test]
fn damage_in_many_places_is_told_in_one_pass() {
    let mut world = World::new(5);
    let mut lines = world.lines();
    let last = lines.len() - 1;
    lines[0] = b"{\"edited\":true}\n".to_vec();
    lines.swap(10, 11);
    lines.remove(50);
    lines.insert(100, b"{\"inserted\":1}\n".to_vec());
    lines.insert(150, lines[20].clone());
    lines[last - 3] = b"x\n".to_vec();
    world.set_lines(&lines);
    let checked = world.check(false, Vec::new());
    let told: Vec<(Kind, Option<u64>)> =
        checked.findings.listed.iter().map(|finding| (finding.kind, finding.line)).collect();
    let expected = [
        (Kind::Edited, Some(1)),
        (Kind::Swapped, Some(11)),
        (Kind::Deleted, Some(51)),
        (Kind::Inserted, Some(101)),
        (Kind::Duplicated, Some(151)),
        (Kind::Edited, Some(last as u64 - 3)),
    ];
    assert_eq!(told, expected, "{}", checked.findings);
}

#[test]
fn another_log_in_its_place_is_told_in_one_finding() {
    let mut world = World::new(6);
    let lines: Vec<Vec<u8>> = (0..5000).map(|n| format!("{{\"other\":{n}}}\n").into_bytes()).collect();
    world.set_lines(&lines);
    let checked = world.check(true, Vec::new());
    assert_eq!(checked.findings.count, 1, "{}", checked.findings);
    assert_eq!(checked.findings.listed[0].kind, Kind::Replaced);
}
