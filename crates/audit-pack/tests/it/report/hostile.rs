//! Everything in a pack may be meant to become more than text.

use serde_json::json;

use crate::verify::KNOWN;
use crate::world::World;

/// What an enemy writes, with `URL` for what must not be called.
pub(super) const EVIL: [&str; 9] = [
    "<script>document.title='pwned';new Image().src='URL'</script>",
    "\"><img src=URL onerror=\"document.title='pwned'\">",
    "'><svg onload=\"document.title='pwned'\"><image href='URL'/></svg>",
    "</title></style><link rel=stylesheet href=URL><style>@import 'URL';</style>",
    "</bdi></td></table><iframe src=URL></iframe><meta http-equiv=refresh content='0;url=URL'>",
    "]]><!-- --><base href=URL><object data=URL></object>",
    "&lt;&#60;script&#62;&amp;",
    "\u{202e}gnorw \u{2066}\u{200f}\u{feff}",
    "\u{0}\u{1b}[2J\u{7}\r\n\u{85}\u{fffe}",
];

impl World {
    /// A signed pack that says one thing wherever it can say something.
    #[track_caller]
    pub(super) fn packed_with(&self, evil: &str) {
        let lines = |all: &[serde_json::Value]| -> String {
            let lines: Vec<String> = all.iter().map(serde_json::Value::to_string).collect();
            lines.join("\n") + "\n"
        };
        let entry = |kind: &str| {
            json!({"at": 1_763_712_000, "kind": kind, "host": evil, "by": evil, "id": evil, "incident": evil, "alert": evil,
                   "watch": evil, "verdict": evil, "reason": evil, "why": evil, "detail": evil, "lifted": [evil], "standing": [],
                   "channel": evil, "about": evil, "mode": evil, "version": evil, "passed": evil, "failed": [evil], "paused": true,
                   "circuit": evil, "action": evil, "owner_uid": evil, "evidence": evil})
        };
        let kinds = [
            "trip",
            "incident-opened",
            "alert-accepted",
            "alert-failed",
            "alert-expired",
            "watchdog-started",
            "clock-stepped",
            "drill",
            "reminder",
            "action",
            "torn-line",
            "ack",
            "incident-closed",
            "resume",
            "manual-edit",
        ];
        self.write("root/memory/journal.jsonl", &lines(&kinds.map(entry)));
        let trip = json!({"id": evil, "mode": evil, "reason": evil, "by": evil, "watch": evil, "host": evil, "since": 1_763_712_000});
        self.write("root/data/trips.jsonl", &lines(&[trip]));
        self.write(
            "root/memory/decisions.jsonl",
            &lines(&[json!({"at": evil, "act": evil}), json!({"at": 1_763_712_000})]),
        );
        self.write(
            "root/data/heartbeat.json",
            &json!({"at": 1_763_712_000, "status": evil, "name": evil}).to_string(),
        );
        self.write("root/data/heartbeats/wrong.json", &json!({"at": evil, "status": evil}).to_string());
        self.write("root/data/circuit.json", &json!({"paused": true, "reason": evil}).to_string());
        let watch =
            json!({"watches": {evil: {"verdict": evil, "detail": evil}}, "last_check": {"wall": evil}});
        self.write("root/data/watchdog.json", &watch.to_string());
        let row = json!({"name": evil, "injected": evil, "expected": evil, "result": evil, "seen": evil});
        self.write("root/data/drill/d.json", &json!({"at": evil, "rows": [row]}).to_string());
        self.at("2025-11-21 10:00:00", &["init", "memory/decisions.jsonl", "--key", "../key"]);
        self.at("2025-11-21 10:00:00", &["init", "memory/journal.jsonl", "--key", "../key"]);
        self.pack_still();
    }
}

#[test]
fn whatever_a_pack_says_is_text() {
    for evil in EVIL {
        let world = World::on_a_host(None);
        world.packed_with(evil);
        let page = world.page("x.tar", &KNOWN, 0);
        let escaped = holdfast::text::printable(evil, 80)
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;");
        assert!(
            page.matches(&escaped).count() > 30,
            "{evil:?} is shown {} times",
            page.matches(&escaped).count()
        );
    }
}

#[test]
fn so_are_its_name_and_what_was_found() {
    let world = World::with_a_story();
    world.pack_still();
    for evil in &EVIL[..3] {
        let name = format!("{}.tar", evil.replace('/', "\u{2215}"));
        std::fs::copy(world.path("x.tar"), world.path(&name)).unwrap();
        assert!(world.page(&name, &KNOWN, 5).contains("Evidence report for <bdi>"));
    }
    world.unpack();
    world.sh("sed -i '1s/.*/<script>alert(1)<\\/script>/' x/data/log/memory/journal.jsonl; printf '<script>\\n' > x/manifest-sha256.txt");
    world.page("x", &KNOWN, 1);
}
