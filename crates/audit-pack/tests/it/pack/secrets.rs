//! No secret gets into a pack.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::world::{World, run};

/// Each is known from somewhere else; none may be in a pack.
const SECRETS: [&str; 14] = [
    "tg-1234567890:AAbbCCddEEff",
    "smtp-pass word",
    "hmac/key\"with\\odd",
    "bearer-token-0001",
    "basic-password-02",
    "HOOKTOKEN0123456789",
    "private-topic-77",
    "Header-Value-0123456789",
    "PINGUUID-0123456789ab",
    "argtoken0123456789x",
    "s3secretkey0123456789",
    "fleet-password-9",
    "unknownkeyvalue01",
    "env-file-secret-1",
];

const CONFIG: &str = r#"
# unknownkeyvalue01 in a comment
[audit]
key = "../key"
include = ["scripts", "secrets", "../outside.txt", "."]
[[channel]]
kind = "telegram"
token_file = "secrets/telegram"
chat = "-1001"
[[channel]]
kind = "smtp"
host = "mail.example.com"
user = "me"
password_file = "keys/smtp"
from = "a@example.com"
to = ["b@example.com"]
[[channel]]
kind = "webhook"
url = "https://hooks.example.com/services/HOOKTOKEN0123456789"
secret_file = "keys/hmac"
auth = { token_file = "keys/bearer" }
headers = { X-Auth = "Header-Value-0123456789" }
[[channel]]
kind = "ntfy"
topic = "private-topic-77"
[[channel]]
kind = "command"
command = ["/usr/local/bin/page", "--token=argtoken0123456789x"]
[[watch]]
name = "api"
kind = "http"
url = "https://api.example.com/health"
auth = { user = "me", password_file = "keys/basic" }
[ping]
url = "https://hc.example.com/PINGUUID-0123456789ab"
[evidence]
url = "s3://evidence/desk"
credentials_file = "keys/s3"
[fleet]
etcd = ["https://etcd1:2379"]
user = "bot"
password_file = "keys/fleet"
"#;

fn world() -> World {
    let world = World::new();
    world.write("root/holdfast.toml", CONFIG);
    for (file, secret) in [
        ("secrets/telegram", SECRETS[0]),
        ("keys/smtp", SECRETS[1]),
        ("keys/hmac", SECRETS[2]),
        ("keys/bearer", SECRETS[3]),
        ("keys/basic", SECRETS[4]),
        ("keys/s3", "[default]\naws_secret_access_key = s3secretkey0123456789"),
        ("keys/fleet", SECRETS[11]),
    ] {
        world.write(&format!("root/{file}"), &format!("{secret}\n"));
        fs::set_permissions(world.path(&format!("root/{file}")), fs::Permissions::from_mode(0o600)).unwrap();
    }
    world.write("root/scripts/.env", "KEY=env-file-secret-1\n");
    world.write("root/data/config-last-good.toml", CONFIG);
    // Everywhere where somebody may have put one.
    let known: Vec<&str> = SECRETS[..12].to_vec();
    let json = serde_json::json!({"at": 1.5, "status": "ok", "all": known}).to_string();
    let plain = known.join(" and ");
    for file in [
        "root/data/heartbeat.json",
        "root/data/heartbeats/bot.json",
        "root/data/circuit.json",
        "root/data/watchdog.json",
        "root/data/drill/report.json",
        "root/scripts/deep/bot.json",
    ] {
        world.write(file, &json);
    }
    for file in ["root/scripts/bot.py", "root/data/drill/report.txt", "outside.txt", "root/notes.txt"] {
        world.write(file, &plain);
    }
    let unit = format!(
        "[Service]\n# {plain}\nExecStart=/opt/bin/hb-write exec --set k={} -- /usr/bin/python3 {}\nEnvironment=A={} \"B={}\"\n",
        SECRETS[12], SECRETS[13], SECRETS[0], SECRETS[12]
    );
    world.write("home/.config/systemd/user/bot.service", &unit);
    world.write(
        "home/.config/systemd/user/bot.service.d/10.conf",
        &format!("[Service]\nEnvironment=B={}\n", SECRETS[13]),
    );
    world.write("home/.config/systemd/user/other.service", "[Service]\nExecStart=/usr/bin/other\n");
    for name in ["key", "key.pub"] {
        fs::copy(world.path(name), world.path(&format!("root/scripts/{name}"))).unwrap();
    }
    std::os::unix::fs::symlink("../keys/smtp", world.path("root/scripts/link")).unwrap();
    world
}

#[test]
fn no_secret_is_in_the_pack_whatever_it_stands_in() {
    let world = world();
    let ran = world.pack();
    let tar = fs::read(world.path("x.tar")).unwrap();
    for secret in SECRETS {
        let escaped = serde_json::to_string(secret).unwrap();
        for form in [secret, escaped.trim_matches('"')] {
            assert!(memchr::memmem::find(&tar, form.as_bytes()).is_none(), "{secret} is in the pack");
            assert!(!ran.out.contains(form) && !ran.err.contains(form), "{secret} is told");
        }
    }
    // And for somebody who does not trust that test.
    let found = super::world::try_run(
        "grep",
        &["-a", "-c", "-e", SECRETS[0], "-e", SECRETS[13], "x.tar"],
        &world.path(""),
    );
    assert_eq!(found.out.trim(), "0");
    for secret_key_line in world.read("key").lines().skip(2).filter(|line| !line.starts_with('-')) {
        assert!(memchr::memmem::find(&tar, secret_key_line.as_bytes()).is_none());
    }
    assert!(ran.err.contains("data/heartbeat.json: holds the secret of secrets/telegram"), "{}", ran.err);
    let paths = world.paths();
    for never in [
        "data/include/secrets",
        "data/include/scripts/key",
        "data/include/scripts/link",
        "data/include/keys",
        ".env",
        "data/include/holdfast.toml",
        "decisions.jsonl.audit/signer",
    ] {
        assert!(
            !paths.iter().any(|path| path.contains(never) && !path.ends_with("key.pub")),
            "{never}: {paths:#?}"
        );
    }
    let not_packed = world.facts()["not_packed"].to_string();
    for why in [
        "scripts/key\",\"why\":\"holds a",
        "lies in secrets/",
        "is a link, which is not followed",
        "is an environment file",
    ] {
        assert!(not_packed.contains(why), "{why}: {not_packed}");
    }
    insta::assert_snapshot!(world.packed_text("data/state/holdfast.toml"));
    let unit = world.packed_text("data/units/installed/systemd-user/bot.service");
    insta::assert_snapshot!(unit);
    assert!(paths.contains(&"data/units/installed/systemd-user/bot.service.d/10.conf".to_owned()));
    assert!(!paths.iter().any(|path| path.contains("other.service")));
}

#[test]
fn a_secret_in_a_log_ends_the_run_unless_it_is_allowed() {
    let world = world();
    world.append("root/memory/decisions.jsonl", &format!("{{\"k\":\"{}\"}}\n", SECRETS[3]));
    let ran = world.run(&["pack", "-o", "../x.tar"]).ends(1);
    assert!(
        ran.err.contains("the secret of keys/bearer stands in it, in line 4 of memory/decisions.jsonl"),
        "{}",
        ran.err
    );
    assert!(
        !ran.err.contains(SECRETS[3]) && !world.path("x.tar").exists() && !world.path("x.tar.sig").exists()
    );
    let ran = world.run(&["pack", "-o", "../x.tar", "--allow-secret-in-log"]).ends(0);
    assert!(ran.err.contains("memory/decisions.jsonl, line 4"), "{}", ran.err);
    run(
        "sh",
        &["-c", "tar -xf x.tar && cmp root/memory/decisions.jsonl x/data/log/memory/decisions.jsonl"],
        &world.path(""),
    );
}
