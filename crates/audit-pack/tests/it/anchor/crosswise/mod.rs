//! Packs that were really anchored, judged by `audit-pack verify` and by `audit/verify.sh`, which share no code: their
//! verdicts are the same, also over histories that the owner of the key has written anew. Which attack is judged where:
//!
//! | attack | both, really anchored | also |
//! | --- | --- | --- |
//! | a line edited, all sealed and signed anew, old stamps and cosignatures left | `history` | `anchor::forged`, `shell::anchors` |
//! | an older copy gone on with | `history` | `anchor::witness` |
//! | a rotation forged by the owner, or by nobody | `history` | `shell::logs` |
//! | a key on the wrong side of its change | `keys` | `shell::logs`, `shell::anchors` |
//! | a restart without its past | `history` | `shell::logs` |
//! | a fork between two packs (`--since`; the script has none) | `history`, `page` | `verify::since` |
//! | stamps, cosignatures and notes that are not what they should be | `evidence` | `anchor::stamps`, `shell::anchors` |

mod evidence;
mod history;
mod keys;
mod page;
mod witnesses;

use std::cell::Cell;
use std::path::PathBuf;

use holdfast_http::standin::Server;

use super::peers::{Authority, Peer, Witness};
use super::{LOG, ORIGIN, SIDECAR, configure, world};
use crate::shell::lands::Lands;
use crate::verify::KNOWN;
use crate::world::World;

/// Whom an auditor names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    Nobody,
    Authority,
    Witness,
    Both,
}
use Names::{Both, Nobody};

const ALL: [Names; 4] = [Nobody, Names::Authority, Names::Witness, Both];

/// A log of three lines, with a witness and an authority of other people's, who are there as long as this is.
struct Scene {
    world: World,
    witness: Witness,
    authority: Authority,
    lands: Lands,
    turn: Cell<usize>,
    _peers: (Peer, Server),
}

impl Scene {
    fn new() -> Self {
        let world = world("");
        let witness = Witness::new(world.path("witness"));
        witness.trusts(ORIGIN, &world.vkey());
        let authority = Authority::new(world.path("tsa"), "1 day ago");
        let peers = (witness.serve(), authority.serve("now"));
        let anchors = format!(
            "[[anchor]]\nname = \"friend\"\nkind = \"witness\"\nurl = \"{}\"\nkey = \"{}\"\n\
             [[anchor]]\nname = \"tsa\"\nkind = \"timestamp\"\nurl = \"{}\"\nca_file = \"{}\"\n",
            peers.0.url,
            witness.key,
            peers.1.url(),
            authority.ca()
        );
        configure(&world, &anchors);
        Self { world, witness, authority, lands: Lands::new(), turn: Cell::new(0), _peers: peers }
    }

    /// With anchors at three and at five lines.
    fn anchored() -> Self {
        let scene = Self::new();
        scene.world.anchor().ends(0);
        for line in ["{\"n\":4}", "{\"n\":5}"] {
            scene.world.grow(line);
        }
        scene.world.anchor().ends(0);
        scene
    }

    /// Where the anchor lies that was made when SEALS had so many lines.
    fn folder(&self, records: u64) -> PathBuf {
        self.world.path(&format!("{SIDECAR}/anchors/{records:020}"))
    }

    /// Puts the log back to where it was; the anchors stay, since others have them.
    fn back_to(&self, snapshot: &super::Snapshot) {
        let anchors = self.world.path(&format!("{SIDECAR}/anchors"));
        let aside = self.world.path("aside");
        std::fs::rename(&anchors, &aside).unwrap();
        self.world.put_back(snapshot);
        let _ = std::fs::remove_dir_all(&anchors);
        std::fs::rename(&aside, &anchors).unwrap();
    }

    /// Packs it, which its owner can always do.
    fn packed(&self) -> &Self {
        self.world.pack();
        self
    }

    /// Both say this of a pack, whomever the auditor names; the script in one land after the other. `ours` and `theirs` are words that each must say.
    #[track_caller]
    fn judged(&self, pack: &str, code: i32, ours: &str, theirs: &str) {
        for names in ALL {
            self.judged_by(names, pack, code, ours, theirs);
        }
    }

    #[track_caller]
    fn judged_by(&self, names: Names, pack: &str, code: i32, ours: &str, theirs: &str) {
        let ca = self.authority.ca();
        self.judged_as(names, (&ca, &self.witness.key), pack, code, (ours, theirs));
    }

    /// By auditors who name this authority and this witness.
    #[track_caller]
    fn judged_as(
        &self,
        names: Names,
        (ca, key): (&str, &str),
        pack: &str,
        code: i32,
        (ours, theirs): (&str, &str),
    ) {
        let mut named = Vec::new();
        if [Names::Authority, Both].contains(&names) {
            named.extend(["--tsa-ca", ca]);
        }
        if [Names::Witness, Both].contains(&names) {
            named.extend(["--witness", key]);
        }
        // The script wants a word of each who is named.
        let count = (named.len() / 2).to_string();
        let policy = [&KNOWN[..], &named, &["--require-anchors", &count]].concat();
        let ran = self.world.verify(pack, &policy);
        assert_eq!(ran.code, code, "{pack}, {names:?}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains(ours), "{pack}, {names:?}: {ours}: {}", ran.out);
        let asked = [&named[..], &[pack, KNOWN[1], KNOWN[3]]].concat();
        let land = self.lands.turn(self.turn.replace(self.turn.get() + 1));
        let ran = land.verify(&asked, &self.world.path(""));
        assert_eq!(ran.code, code, "{}: {pack}, {names:?}: {}{}", land.name, ran.out, ran.err);
        assert!(ran.out.contains(theirs), "{}: {pack}, {names:?}: {theirs}: {}", land.name, ran.out);
    }
}
