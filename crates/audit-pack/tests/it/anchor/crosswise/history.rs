//! Second histories: each is made by the owner of the key, with our own programs, and is sound by itself.

use super::{LOG, Names, Nobody, SIDECAR, Scene};
use crate::verify::KNOWN;
use crate::world::World;

#[test]
fn what_was_anchored_and_never_changed_is_good_for_both() {
    let scene = Scene::anchored();
    scene.packed().judged("x.tar", 0, "UNCHANGED", "UNCHANGED");
    let both = super::Both;
    scene.judged_by(both, "x.tar", 0, "tsa/ca.pem, all 5 lines", "4 lines of SEALS, with 5 lines of the log");
    scene.judged_by(
        both,
        "x.tar",
        0,
        "uniqueness: witness.example.org/w1, all 5 lines",
        "5 lines by witness",
    );
    // Others than those who gave them have said nothing.
    let other = super::Authority::new(scene.world.path("other"), "1 day ago");
    let stranger = super::Witness::new(scene.world.path("stranger"));
    let strangers = (other.ca(), stranger.key);
    for names in [Names::Authority, Names::Witness, both] {
        let told = ("LESS THAN WAS ASKED FOR", "LESS THAN WAS ASKED FOR");
        scene.judged_as(names, (&strangers.0, &strangers.1), "x.tar", 5, told);
    }
}

/// The line is another one, SEALS, tiles and notes are made anew and signed with the true key; what others signed is left.
#[test]
fn a_line_that_the_owner_of_the_key_edited_is_found_by_both() {
    let scene = Scene::anchored();
    scene.world.rewrite(&["{\"n\":1}\n{\"n\":9}\n{\"n\":3}\n", "{\"n\":4}\n", "{\"n\":5}\n"]);
    scene.packed().judged("x.tar", 1, "forked", "FORKED");
    // Without what others signed nothing shows but that it is not there.
    std::fs::remove_dir_all(scene.world.path(&format!("{SIDECAR}/anchors"))).unwrap();
    scene.packed().judged_by(Nobody, "x.tar", 0, "UNCHANGED", "UNCHANGED");
    scene.judged_by(Names::Authority, "x.tar", 5, "LACKS", "LACKS");
    scene.judged_by(Names::Witness, "x.tar", 5, "LACKS", "LACKS");
}

/// From an older copy on another history, up to which the first anchor fits.
#[test]
fn a_log_that_the_owner_of_the_key_put_back_and_went_on_with_is_found_by_both() {
    let scene = Scene::new();
    scene.world.anchor().ends(0);
    let before = scene.world.snapshot();
    scene.world.grow("{\"n\":4}");
    scene.world.anchor().ends(0);
    scene.back_to(&before);
    // The packer takes it for an anchor that was made meanwhile, and packs what it is of.
    scene.packed().judged_by(Nobody, "x.tar", 0, "UNCHANGED", "UNCHANGED");
    scene.world.unpack();
    scene
        .world
        .sh("cp -r root/memory/decisions.jsonl.audit/anchors x/data/log/memory/decisions.jsonl.audit/");
    scene.world.remake("key");
    scene.judged("y.tar", 1, "rolled back", "is over 3 lines of SEALS, and it has 2");
    scene.world.grow("{\"n\":40}");
    scene.packed().judged("x.tar", 1, "the anchor at line 3 fits", "FORKED");
}

/// Closes the log and goes on in a file of somebody's choice.
fn rotate(world: &World, line: &str) {
    world.sh("mv root/memory/decisions.jsonl root/memory/decisions.jsonl-1");
    world.append_new(line);
    world.run(&["rotate", LOG, "--closed", "decisions.jsonl-1"]).ends(0);
    world.run(&["seal"]).ends(0);
}

#[test]
fn a_rotation_by_the_owner_of_the_key_is_judged_by_what_was_anchored() {
    let scene = Scene::new();
    scene.world.anchor().ends(0);
    let before = scene.world.snapshot();
    scene.world.grow("{\"n\":4}");
    scene.world.anchor().ends(0);
    let after = scene.world.snapshot();
    // In the place of what was anchored.
    scene.back_to(&before);
    rotate(&scene.world, "{\"forged\":4}\n");
    scene.packed().judged("x.tar", 1, "the anchor at line 3 fits", "FORKED");
    // Behind the last anchor nobody can say that it is another one.
    scene.back_to(&after);
    rotate(&scene.world, "{\"n\":5}\n");
    scene.packed().judged("x.tar", 0, "UNCHANGED", "UNCHANGED");
    // A file that was closed is evidence like every other.
    scene.world.unpack();
    scene.world.sh("sed -i s/4/5/ x/data/log/memory/decisions.jsonl-1");
    scene.world.remake("key");
    scene.judged(
        "y.tar",
        1,
        "edited      data/log/memory/decisions.jsonl-1, line 4",
        "are not what was sealed",
    );
}

/// Somebody without the key can add a line to SEALS, and it is signed by nobody: so say both, though the pack is signed.
#[test]
fn a_rotation_that_nobody_signed_is_none() {
    let scene = Scene::anchored();
    scene.packed();
    scene.world.unpack();
    scene.world.sh("cd x/data/log/memory; log=decisions.jsonl
        bytes=$(tail -n 1 $log.audit/SEALS | cut -d ' ' -f 5)
        prev=$(tail -n 1 $log.audit/SEALS | sha256sum | cut -c 1-64)
        mv $log closed.jsonl; : > $log
        echo \"f1 1795248120000 closed.jsonl $bytes $log $prev\" >> $log.audit/SEALS");
    scene.world.remake("key");
    scene.judged("y.tar", 1, "unsigned", "4 lines of it were signed, and it has 5");
}

#[test]
fn a_restart_is_nothing_without_its_past_for_both() {
    let scene = Scene::anchored();
    let world = &scene.world;
    world.sh("cd root/memory; mv decisions.jsonl lost.jsonl; mv decisions.jsonl.audit lost.jsonl.audit");
    world.append_new("{\"n\":1}\n");
    let init = ["init", LOG, "--origin", "example.com/bot1/decisions-2"];
    let after = ["--key", "../key", "--after", "memory/lost.jsonl.audit/checkpoint"];
    world.run(&[&init[..], &after].concat()).ends(0);
    world.run(&["seal"]).ends(0);
    scene.packed().judged(
        "x.tar",
        1,
        "restarted",
        "RESTARTED: it took the place of example.com/bot1/decisions at 5",
    );
    // With its past it is good, and each log is asked for its own anchors: the new one has none.
    let config = world.read("root/holdfast.toml");
    world
        .write("root/holdfast.toml", &config.replacen("logs =", "past = [\"memory/lost.jsonl\"]\nlogs =", 1));
    scene.packed().judged_by(Nobody, "x.tar", 0, "UNCHANGED", "and that log is here");
    scene.judged_by(Names::Witness, "x.tar", 5, "decisions.jsonl: no anchor counts", "has not cosigned it");
    // Anchors of the log before, left where they lay, are about that one.
    world.sh("cp -r root/memory/lost.jsonl.audit/anchors root/memory/decisions.jsonl.audit/");
    scene.packed().judged_by(Nobody, "x.tar", 0, "took the place of", "took the place of");
    scene.judged_by(Names::Authority, "x.tar", 5, "no anchor counts", "has no time stamp");
}

/// The owner writes everything anew between two audits. Each pack is sound, for both; only beside the older one it shows.
#[test]
fn a_history_that_was_forked_between_two_audits_needs_the_older_pack_or_an_anchor() {
    let scene = Scene::anchored();
    scene.packed();
    scene
        .world
        .sh("mv x.tar old.tar; mv x.tar.sig old.tar.sig; mkdir kept; cp -r root/memory/*.audit/anchors kept");
    scene.world.rewrite(&["{\"n\":1}\n{\"n\":9}\n{\"n\":3}\n", "{\"n\":4}\n", "{\"n\":5}\n", "{\"n\":6}\n"]);
    scene.packed().judged("x.tar", 1, "forked", "FORKED");
    std::fs::remove_dir_all(scene.world.path(&format!("{SIDECAR}/anchors"))).unwrap();
    scene.packed();
    for pack in ["old.tar", "x.tar"] {
        scene.judged_by(Nobody, pack, 0, "UNCHANGED", "UNCHANGED");
    }
    let ran = scene.world.verify("x.tar", &[&KNOWN[..], &["--since", "old.tar"]].concat()).ends(1);
    assert!(ran.out.contains("forked") && ran.out.contains("line 2"), "{}", ran.out);
    // The script has no such option. The lines of SEALS are what must begin alike.
    scene.world.sh("tar -xf old.tar --transform s/^x/old/; tar -xf x.tar");
    let seals = "data/log/memory/decisions.jsonl.audit/SEALS";
    scene.world.sh(&format!("! head -c $(wc -c < old/{seals}) x/{seals} | cmp -s - old/{seals}"));
}
