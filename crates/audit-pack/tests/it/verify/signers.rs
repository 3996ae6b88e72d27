//! Who may have signed: the auditor's file of allowed signers, and when their keys count.

use std::fs;

use crate::world::{World, run, try_run};

/// A line for `allowed_signers` with `KEY`, `OTHER` for public keys; more arguments; exit codes for the tar and the
/// unpacked folder, which is signed inside only; and words for the tar.
pub(crate) struct Case {
    pub(crate) allowed: &'static str,
    pub(crate) time: Option<&'static str>,
    pub(crate) tar: i32,
    pub(crate) folder: i32,
    says: &'static str,
}

const fn case(
    allowed: &'static str,
    time: Option<&'static str>,
    (tar, folder): (i32, i32),
    says: &'static str,
) -> Case {
    Case { allowed, time, tar, folder, says }
}

const KNOWN: &str = "signed by desk@example.com with SHA256:";
const UNKNOWN: &str = "whom nobody vouches for";

pub(crate) const CASES: [Case; 22] = [
    case("desk@example.com KEY", None, (0, 0), KNOWN),
    case("desk@example.com KEY a comment", None, (0, 0), KNOWN),
    case("# who may\n\ndesk@example.com OTHER\ndesk@example.com KEY", None, (0, 0), KNOWN),
    case("a@example.com,desk@example.com KEY", None, (0, 0), KNOWN),
    case("*@example.com KEY", None, (0, 0), KNOWN),
    case("*@example.com,!desk@example.com KEY", None, (5, 5), UNKNOWN),
    case("another@example.com KEY", None, (5, 5), UNKNOWN),
    case("desk@example.com OTHER", None, (5, 5), UNKNOWN),
    case("", None, (5, 5), UNKNOWN),
    case("desk@example.com cert-authority KEY", None, (5, 5), UNKNOWN),
    case("desk@example.com namespaces=\"pack@holdfast,manifest@holdfast\" KEY", None, (0, 0), KNOWN),
    case("desk@example.com namespaces=\"*@holdfast\" KEY", None, (0, 0), KNOWN),
    case("desk@example.com namespaces=\"pack@holdfast\" KEY", None, (5, 5), "LACKS"),
    case(
        "desk@example.com namespaces=\"manifest@holdfast\" KEY",
        None,
        (5, 0),
        "the signature beside the pack",
    ),
    case("desk@example.com namespaces=\"file\" KEY", None, (5, 5), UNKNOWN),
    case("desk@example.com valid-after=\"20200101Z\",valid-before=\"29990101Z\" KEY", None, (0, 0), KNOWN),
    case("desk@example.com valid-before=\"20200101Z\" KEY", None, (5, 5), UNKNOWN),
    case("desk@example.com valid-before=\"20200101Z\" KEY", Some("2019-06-01"), (0, 0), KNOWN),
    case("desk@example.com valid-after=\"29990101Z\" KEY", None, (5, 5), UNKNOWN),
    case("desk@example.com valid-after=\"29990101Z\" KEY", Some("2999-06-01T12:00:00Z"), (0, 0), KNOWN),
    case("desk@example.com valid-after=\"20200101Z\" KEY", Some("2019-06-01"), (5, 5), UNKNOWN),
    case("desk@example.com valid-after=\"20200101Z\" KEY", Some("2020-06-01"), (0, 0), KNOWN),
];

/// What OpenSSH says of the same: both signatures of the tar, or the one inside.
fn openssh_accepts(world: &World, case: &Case, namespaces: &[&str]) -> bool {
    namespaces.iter().all(|namespace| {
        let (signature, file) = match *namespace {
            "pack@holdfast" => ("x.tar.sig", "x.tar"),
            _ => ("x/tagmanifest-sha256.txt.sig", "x/tagmanifest-sha256.txt"),
        };
        let digits: String = case.time.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
        let time = match digits.len() {
            0 => String::new(),
            8 => format!("-O verify-time={digits}000000Z"),
            _ => format!("-O verify-time={digits}Z"),
        };
        let script = format!(
            "ssh-keygen -Y verify {time} -f allowed -I desk@example.com -n {namespace} -s {signature} < {file}"
        );
        try_run("sh", &["-c", &script], &world.path("")).code == 0
    })
}

/// The file of allowed signers of a case, with the keys `key` and `other` of this world.
pub(crate) fn allowed(world: &World, case: &Case) -> String {
    let public = |name: &str| {
        let text = fs::read_to_string(world.path(name)).unwrap();
        text.split(' ').take(2).collect::<Vec<_>>().join(" ")
    };
    case.allowed.replace("KEY", &public("key.pub")).replace("OTHER", &public("other.pub")) + "\n"
}

#[test]
fn the_auditor_says_whose_keys_count_and_when_and_openssh_agrees() {
    let world = World::new();
    world.pack();
    world.unpack();
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "other"], &world.path(""));
    for case in &CASES {
        world.write("allowed", &allowed(&world, case));
        let mut arguments = vec!["--allowed-signers", "allowed", "--signer", "desk@example.com"];
        arguments.extend(case.time.iter().flat_map(|time| ["--verify-time", *time]));
        let story = format!("{} at {:?}", case.allowed, case.time);
        for (pack, code, namespaces) in [
            ("x.tar", case.tar, &["pack@holdfast", "manifest@holdfast"][..]),
            ("x", case.folder, &["manifest@holdfast"]),
        ] {
            let ran = world.verify(pack, &arguments);
            assert_eq!(ran.code, code, "{pack}, {story}:\n{}{}", ran.out, ran.err);
            assert_eq!(openssh_accepts(&world, case, namespaces), code == 0, "{pack}, {story}");
            let json = world.verify(pack, &[&arguments[..], &["--json"]].concat()).ends(code);
            let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
            let word = if code == 0 { "unchanged" } else { "below-policy" };
            assert_eq!(json["verdict"], word, "{json}");
            assert_eq!(json["lacks"].as_array().unwrap().is_empty(), code == 0, "{json}");
            assert_eq!(json["finding_count"], 0, "{json}");
        }
        let ran = world.verify("x.tar", &arguments);
        assert!(ran.out.contains(case.says), "{story}:\n{}", ran.out);
    }
}

#[test]
fn without_a_known_key_it_names_the_fingerprint_and_is_below_policy_at_best() {
    let world = World::new();
    world.pack();
    world.unpack();
    let fingerprint = run("ssh-keygen", &["-l", "-f", "key.pub"], &world.path(""));
    let fingerprint = fingerprint.split(' ').nth(1).unwrap();
    for pack in ["x.tar", "x", "./x/", "x/../x"] {
        let ran = world.verify(pack, &[]).ends(5);
        assert!(ran.out.contains("LESS THAN WAS ASKED FOR"), "{}", ran.out);
        assert!(
            ran.out.contains(&format!("signed by {fingerprint}, whom nobody vouches for")),
            "{}",
            ran.out
        );
    }
}

#[test]
fn a_tar_whose_signature_is_not_beside_it_is_below_policy_and_one_of_another_is_a_finding() {
    let world = World::new();
    world.pack();
    let ran = world.verify("x.tar", &super::KNOWN).ends(0);
    assert!(ran.out.starts_with("x.tar: UNCHANGED"), "{}", ran.out);
    // A renamed tar is the same tar.
    world.sh("cp x.tar other.tar && cp x.tar.sig other.tar.sig");
    world.verify("other.tar", &super::KNOWN).ends(0);
    fs::remove_file(world.path("other.tar.sig")).unwrap();
    let ran = world.verify("other.tar", &super::KNOWN).ends(5);
    assert!(ran.out.contains("other.tar.sig is not there"), "{}", ran.out);
    for (make, says) in [
        ("ssh-keygen -q -Y sign -f key -n manifest@holdfast other.tar", "namespace"),
        ("ssh-keygen -q -Y sign -f key -n pack@holdfast < allowed_signers > other.tar.sig", "unsigned"),
        ("echo x > other.tar.sig", "unsigned"),
        (": > other.tar.sig", "unsigned"),
    ] {
        world.sh(&format!("rm -f other.tar.sig; {make}"));
        let ran = world.verify("other.tar", &super::KNOWN).ends(1);
        assert!(ran.out.contains("other.tar.sig") && ran.out.contains(says), "{make}: {}", ran.out);
        assert!(ran.out.contains("the tar     WRONG signature"), "{make}: {}", ran.out);
    }
}

#[test]
fn what_cannot_be_read_is_told_with_the_exit_code_of_its_cause() {
    let world = World::new();
    world.pack();
    world.write("broken", "desk@example.com ssh-ed25519 not-base64\n");
    world.sh("mkfifo fifo && ln -s x.tar link && truncate -s 2M long");
    for (pack, arguments, code, says) in [
        ("nowhere.tar", &["--json"][..], 64, "nowhere.tar: is missing"),
        ("fifo", &[], 64, "fifo: is not a regular file"),
        ("link", &[], 64, "link: is not a regular file (a link"),
        ("x.tar", &["--allowed-signers", "allowed_signers"], 64, "belong together"),
        ("x.tar", &["--signer", "desk@example.com"], 64, "belong together"),
        ("x.tar", &["--allowed-signers", "nowhere", "--signer", "x"], 64, "nowhere: is missing"),
        ("x.tar", &["--allowed-signers", "fifo", "--signer", "x"], 64, "fifo: is not a regular file"),
        ("x.tar", &["--allowed-signers", "broken", "--signer", "x"], 65, "broken: line 1"),
        ("x.tar", &["--allowed-signers", "long", "--signer", "x"], 74, "long: is 2097152 bytes long"),
    ] {
        let ran = world.verify(pack, arguments).ends(code);
        assert!(ran.err.contains(says), "{pack} {arguments:?}: {}", ran.err);
        if arguments == ["--json"] {
            let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
            assert_eq!((&json["exit"], &json["error"]), (&64.into(), &"nowhere.tar: is missing".into()));
        } else {
            assert_eq!(ran.out, "", "{pack} {arguments:?}");
        }
    }
}
