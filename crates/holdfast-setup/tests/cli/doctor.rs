//! `doctor`, with programs and a scheduler that only say what a test wants to hear.

use super::Scratch;

const DOCTOR: [&str; 7] = ["doctor", "--root", "größe 1", "--bin", "programs", "--scheduler", "systemd-user"];

const WATCHDOG: &str = r#"#!/bin/sh
case $1 in
--version) echo "watchdog 0.1.0 (source 00)" ;;
validate) cat "$(dirname "$0")/valid"; exit "$(cat "$(dirname "$0")/valid-exit")" ;;
esac
"#;

const CHANGED: &str =
    "{\"log\":\"d\",\"verdict\":\"changed\",\"findings\":[{\"kind\":\"edited\",\"line\":7}]}\n";

const AUDIT: &str = r#"#!/bin/sh
case $1 in
--version) echo "audit-pack 0.1.0" ;;
check) cat "$(dirname "$0")/checked" ;;
esac
"#;

impl Scratch {
    /// A root with a configuration, and programs that answer.
    fn clinic() -> Self {
        let scratch = Self::new();
        for name in ["circuit-ctl", "hb-write", "resume-reminder"] {
            scratch.program(&format!("programs/{name}"), &format!("#!/bin/sh\necho {name} 0.1.0\n"));
        }
        scratch.program("programs/watchdog", WATCHDOG);
        scratch.program("programs/audit-pack", AUDIT);
        scratch.program("bin/timedatectl", "#!/bin/sh\necho yes\n");
        scratch.put("programs/valid", "{\"valid\":true}\n");
        scratch.put("programs/valid-exit", "0\n");
        scratch.put(
            "programs/checked",
            "{\"log\":\"d\",\"verdict\":\"unchanged\",\"lines\":3,\"sealed_ms\":null}\n",
        );
        scratch.says(0, &["init", "--root", "größe 1"]);
        scratch
    }

    fn doctor(&self, code: i32) -> String {
        let said = self.says(code, &DOCTOR);
        // How much is free differs from host to host.
        let varies = |line: &&str| !line.contains(" are free") && !line.contains("make room");
        said.split_inclusive('\n').filter(varies).collect()
    }

    /// A beat and a check by two users, as they were just now.
    fn beats(&self, bot: &str) {
        self.put("größe 1/data/heartbeat.json", "{}");
        let at = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
        self.put("größe 1/data/watchdog.json", &format!("{{\"v\":1,\"at\":{at},\"status\":\"ok\"}}"));
        self.put("größe 1/data/reserve", "x");
        let owner = std::process::Command::new("chown")
            .arg(bot)
            .arg(self.path("größe 1/data/heartbeat.json"))
            .status()
            .unwrap();
        assert!(owner.success(), "the tests of other users need root");
    }
}

#[test]
fn of_a_root_that_was_just_made_nearly_all_is_missing_and_each_has_what_mends_it() {
    insta::assert_snapshot!(Scratch::clinic().doctor(1));
}

#[test]
fn of_one_that_is_installed_and_beats_nothing_is_bad() {
    let scratch = Scratch::clinic();
    let programs = scratch.shown("programs");
    let args = ["install", "--root", "größe 1", "--bin", &programs, "--scheduler", "systemd-user", "--yes"];
    scratch.says(0, &args);
    scratch.beats("daemon");
    let channel = "[[channel]]\nkind = \"desktop\"\n[audit]\nkey = \"secrets/audit_ed25519\"\n";
    scratch.put("größe 1/holdfast.toml", channel);
    let at = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let tested =
        format!("{{\"at\":{at},\"kind\":\"channel-tested\",\"channel\":\"desktop\",\"works\":true}}\n");
    scratch.put("größe 1/memory/journal.jsonl", &tested);
    let said = scratch.says(0, &[&DOCTOR[..], &["--json"]].concat());
    let bad = said.matches("\"level\":\"bad\"").count();
    assert_eq!(bad, 0, "{said}");
    for fact in [
        "\"fact\":\"all 5 are of version 0.1.0, in [here]/programs\"",
        "loaded: holdfast-watchdog.service, holdfast-watchdog-check.timer, holdfast-reminder.timer, holdfast-seal.timer",
        "(the bot) can write none of ",
        "\"fact\":\"desktop took a message ",
        "\"fact\":\"synchronised\"",
        "\"fact\":\"d is unchanged: 3 sealed lines, nothing to seal yet\"",
    ] {
        assert!(said.contains(fact), "{fact} is not in {said}");
    }
}

#[test]
fn each_thing_that_is_wrong_is_named() {
    type Harm = fn(&Scratch);
    let harms: [(Harm, &str); 9] = [
        (
            |it| it.program("programs/hb-write", "#!/bin/sh\necho hb-write 9.9.9\n"),
            "hb-write is 9.9.9, holdfast-setup is 0.1.0",
        ),
        (
            |it| std::fs::remove_file(it.path("programs/watchdog")).unwrap(),
            "watchdog in [here]/programs cannot be used: ",
        ),
        (
            |it| {
                it.put("programs/valid", "{\"exit\":78,\"error\":\"line 3 is bad\",\"advice\":[]}\n");
                it.put("programs/valid-exit", "78\n");
            },
            "BAD  config     line 3 is bad",
        ),
        (|it| it.program("bin/timedatectl", "#!/bin/sh\necho no\n"), "BAD  clock      not synchronised"),
        (|it| it.put("programs/checked", CHANGED), "d is CHANGED: edited, line 7"),
        (
            |it| std::fs::remove_file(it.path("größe 1/secrets/audit_ed25519")).unwrap(),
            "is not there: nothing is sealed",
        ),
        (
            |it| {
                it.beats("daemon");
                let open = std::os::unix::fs::PermissionsExt::from_mode(0o666);
                std::fs::set_permissions(it.path("größe 1/holdfast.toml"), open).unwrap();
            },
            "BAD  rights     the bot can write ",
        ),
        (|it| it.beats("root"), "the bot runs as root"),
        (|it| it.put("failed-holdfast-seal.service", ""), "BAD  units      holdfast-seal.service has failed"),
    ];
    for (harm, fact) in harms {
        let scratch = Scratch::clinic();
        harm(&scratch);
        let said = scratch.doctor(1);
        assert!(said.contains(fact), "{fact} is not in {said}");
    }
}

#[test]
fn without_a_root_there_is_nothing_to_look_at() {
    let scratch = Scratch::new();
    let ended = scratch.run(&["doctor", "--root", "nowhere", "--json"]);
    assert_eq!(ended.code, Some(78), "{ended}");
    assert!(ended.stdout.contains("or let it be made: holdfast-setup init"), "{ended}");
}
