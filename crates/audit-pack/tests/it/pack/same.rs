//! The same inputs give the same bytes.

use std::fs;

use super::world::{World, run};

#[test]
fn umask_locale_time_zone_and_folder_change_nothing() {
    let world = World::new();
    world.write("root/scripts/bot.py", "print(1)\n");
    world.append("root/holdfast.toml", "include = [\"scripts\"]\n");
    world.pack();
    let first = fs::read(world.path("x.tar")).unwrap();
    let signature = fs::read(world.path("x.tar.sig")).unwrap();

    let root = world.path("root");
    let program = env!("CARGO_BIN_EXE_audit-pack");
    let script = format!(
        "umask 077; exec {program} pack --root {} -o {}",
        root.display(),
        world.path("x.tar").display()
    );
    let known = run("locale", &["-a"], &root);
    for name in ["de_DE.utf8", "tr_TR.utf8"] {
        assert!(known.lines().any(|line| line == name), "{name} is missing: scripts/install-test-tools.sh");
    }
    for (locale, zone) in
        [("C", "UTC"), ("de_DE.UTF-8", "America/New_York"), ("tr_TR.UTF-8", "Asia/Kathmandu")]
    {
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", &script])
            .current_dir("/")
            .env("LC_ALL", locale)
            .env("LANG", locale)
            .env("TZ", zone);
        let output = command.env("HOME", world.path("home")).env_remove("SSH_AUTH_SOCK").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(fs::read(world.path("x.tar")).unwrap() == first, "{locale} {zone}");
        assert!(fs::read(world.path("x.tar.sig")).unwrap() == signature, "{locale} {zone}");
    }

    // Another checkout: a copy with its times.
    run("cp", &["-a", ".", "../copy"], &world.path("root"));
    let mut command = world.audit_pack(&["pack", "-o", "../x.tar"]);
    let output = command.current_dir(world.path("copy")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(fs::read(world.path("x.tar")).unwrap() == first, "a copy");
}

#[test]
fn what_is_packed_is_told_and_named() {
    let world = World::new();
    let ran = world.run(&["pack"]).ends(0);
    assert!(ran.out.starts_with("evidence-example.com-bot1-3.tar: "), "{}", ran.out);
    // What differs from host to host, and from build to build.
    let plain = ran.out.lines().map(|line| match line.get(..14) {
        Some("evidence-examp") => line.split(':').next().unwrap_or_default().to_owned() + ": …",
        Some("  units       ") => "  units       …".to_owned(),
        Some("  source      ") => "  source      …".to_owned(),
        _ => {
            let words = line.split(' ').map(|word| match word {
                word if word.starts_with("SHA256:") => "SHA256:…",
                word if word.ends_with("Z;") => "…Z;",
                word if word.len() > 5 && word.bytes().all(|byte| byte.is_ascii_digit()) => "…",
                word => word,
            });
            words.collect::<Vec<_>>().join(" ")
        }
    });
    let plain: Vec<String> = plain.collect();
    insta::assert_snapshot!(plain.join("\n"));
    let told = world.run(&["--json", "pack", "--no-seal", "-o", "../x.tar"]).ends(0);
    let told: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    let sum = run("sha256sum", &["x.tar"], &world.path(""));
    assert!(sum.starts_with(told["sha256"].as_str().unwrap()), "{sum}");
    assert_eq!(told["logs"][0]["lines"], 3);
    assert_eq!(told["files"], world.paths().len() - 6);
    let paths = world.paths();
    let paths = paths.iter().filter(|path| {
        !path.starts_with("data/source/watchdog/crates/") && !path.starts_with("data/units/installed/")
    });
    insta::assert_snapshot!(paths.map(|path| format!("{path}\n")).collect::<Vec<_>>().concat());
}
