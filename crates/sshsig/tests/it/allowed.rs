//! Allowed signers: our verdict is that of `ssh-keygen -Y verify`, but for files that cannot be read as a whole.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use sshsig::{AllowedSigners, Digest, HashKind, Refused, Signature, SignatureError};

use crate::common::{Folder, NAMESPACE, assert_ok, keygen, keygen_in, sign};

const MESSAGE: &[u8] = b"what was decided\n";
const ZONES: [&str; 2] = ["Europe/Berlin", "America/St_Johns"];

/// Lines, in which `{A}` and `{B}` are the keys that sign, and `{C}` one that does not.
const FILES: [&str; 58] = [
    "",
    "# bot@host {A}\n",
    "bot@host {A}",
    "bot@host {A}\n",
    "bot@host {A} and a comment\n",
    "bot@host {A}\r\n",
    "  \tbot@host\t {A}\n",
    "bot@host {C}\n",
    "bot@host {C}\nbot@host {B}\nbot@host {A}\n",
    "other@host {A}\nbot@host {B}\n",
    "other@host,bot@host {A}\n",
    "*@host {A}\n",
    "bot@???? {A}\n",
    "bot@??? {A}\n",
    "* {A}\n",
    "*,!bot@host {A}\n",
    "!bot@host,* {A}\n",
    "!bot@host {A}\n*@host {A}\n",
    "!other@host {A}\n",
    "BOT@HOST {A}\n",
    "\"bot@host\" {A}\n",
    "\"a person,bot@host\" {A}\n",
    "bot\"@host\" {A}\n",
    "bot@host,, {A}\n",
    "bot@host namespaces=\"pack@holdfast\" {A}\n",
    "bot@host namespaces=\"file\" {A}\n",
    "bot@host namespaces=\"file,pack@holdfast\" {A}\n",
    "bot@host namespaces=\"*@holdfast\" {A}\n",
    "bot@host namespaces=\"*,!pack@*\" {A}\n",
    "bot@host NameSpaces=\"pack@holdfast\" {A}\n",
    "bot@host namespaces=\"a b,pack@holdfast\" {A}\n",
    "bot@host namespaces=\"a\\\"b,pack@holdfast\" {A}\n",
    "bot@host namespaces=\"a\\b,pack@holdfast\" {A}\n",
    "bot@host namespaces=\"\" {A}\n",
    "bot@host namespaces=\"file\" {A}\nbot@host {A}\n",
    "bot@host namespaces=\"file\" {A}\nbot@host namespaces=\"pack@holdfast\" {A}\n",
    "bot@host valid-after=\"20240701\" {A}\n",
    "bot@host valid-before=\"20240701\" {A}\n",
    "bot@host valid-after=\"20240701Z\" {A}\n",
    "bot@host valid-before=\"20240701Z\" {A}\n",
    "bot@host valid-after=\"202407010000\" {A}\n",
    "bot@host valid-before=\"20240701000000Z\" {A}\n",
    "bot@host valid-before=\"20240701000000z\" {A}\n",
    "bot@host valid-after=\"20240630235959Z\",valid-before=\"20240701000001Z\" {A}\n",
    "bot@host valid-after=\"20240701000001Z\" {A}\n",
    "bot@host valid-before=\"20240630235959Z\" {A}\n",
    "bot@host valid-after=\"20240101\" {A}\n",
    "bot@host valid-before=\"20240101\" {A}\n",
    "bot@host valid-before=\"20240101Z\" {A}\nbot@host valid-after=\"20240102Z\" {A}\n",
    "bot@host namespaces=\"pack@holdfast\",valid-after=\"20230101Z\",valid-before=\"20250101Z\" {A}\n",
    "bot@host valid-after=\"20240331023000\" {A}\n",
    "bot@host valid-before=\"20241027023000\" {A}\n",
    "bot@host cert-authority {A}\n",
    "bot@host Cert-Authority,namespaces=\"pack@holdfast\" {A}\n",
    "bot@host cert-authority {A}\nbot@host {A}\n",
    "bot@host cert-authority {C}\nbot@host {B}\n",
    "#\n\n \n\t\nbot@host {A}\n",
    "bot@host {A}\nother@host {B}\n*@host {C}\n",
];

/// Whether a time in it has no Z.
fn is_local(file: &str) -> bool {
    file.as_bytes().windows(2).any(|pair| pair[0].is_ascii_digit() && pair[1] == b'"')
}

/// Moments about those that a file names: before and after in each zone, and where the clocks leap by an hour.
fn times(file: &str) -> Vec<i64> {
    let named: [(&[&str], &str); 4] = [
        (&["202406", "202407"], "2024-07-01T00:00:00Z"),
        (&["202301", "202401", "202501"], "2024-01-01T00:00:00Z"),
        (&["202403"], "2024-03-31T01:30:00Z"),
        (&["202410"], "2024-10-27T00:30:00Z"),
    ];
    let steps: &[i64] =
        if is_local(file) { &[-7200, -3601, -3600, -1, 0, 1, 3600, 9000, 12_600] } else { &[-1, 0, 1] };
    let mut times = vec![1, 4_000_000_000];
    for (months, time) in named {
        if months.iter().any(|month| file.contains(month)) {
            let time = time.parse::<Timestamp>().unwrap().as_second();
            times.extend(steps.iter().map(|step| time + step));
        }
    }
    times
}

struct Signed {
    folder: Folder,
    signatures: Vec<(&'static str, Signature)>,
}

impl Signed {
    fn new() -> Self {
        let folder = Folder::new();
        let mut signatures = Vec::new();
        for name in ["A", "B"] {
            let text = sign(&folder.plain(name), "sha256", MESSAGE);
            folder.write(&format!("{name}.sig"), &text);
            signatures.push((name, Signature::parse(&text).unwrap()));
        }
        folder.plain("C");
        Self { folder, signatures }
    }

    fn filled(&self, file: &str) -> String {
        ["A", "B", "C"].iter().fold(file.to_owned(), |file, name| {
            let public = self.folder.read(&format!("{name}.pub"));
            let key = public.trim_end().rsplit_once(' ').unwrap().0;
            file.replace(&format!("{{{name}}}"), key)
        })
    }

    /// What `ssh-keygen` says.
    fn theirs(&self, file: &str, signature: &str, identity: &str, at_s: i64, zone: &str) -> bool {
        let allowed = self.folder.write("allowed", file);
        let at = Timestamp::from_second(at_s).unwrap().strftime("-Overify-time=%Y%m%d%H%M%SZ").to_string();
        let signature = self.folder.path(&format!("{signature}.sig"));
        let (allowed, signature) = (allowed.to_str().unwrap(), signature.to_str().unwrap());
        let common = ["-Y", "verify", "-f", allowed, "-s", signature, "-I", identity, "-n", NAMESPACE, &at];
        keygen_in(zone, &common, MESSAGE).status.success()
    }
}

fn ours(file: &str, signature: &Signature, identity: &str, at_s: i64, zone: &str) -> bool {
    let zone = TimeZone::get(zone).unwrap();
    let allowed = AllowedSigners::parse_in(file.as_bytes(), &zone).unwrap_or_else(|error| panic!("{error}"));
    let digest = Digest::of(HashKind::Sha256, MESSAGE);
    allowed.verify(signature, &digest, NAMESPACE, identity, at_s as u64).is_ok()
}

#[test]
fn the_verdict_is_that_of_ssh_keygen() {
    let signed = Signed::new();
    let (mut yes, mut no) = (0, 0);
    for file in FILES {
        let filled = signed.filled(file);
        let timed = filled.contains("valid-");
        let zones = if is_local(file) { &ZONES[..] } else { &["UTC"] };
        let times = if timed { times(file) } else { vec![1_700_000_000] };
        for (zone, at_s) in zones.iter().flat_map(|zone| times.iter().map(move |at_s| (*zone, *at_s))) {
            // Whose signature it is changes nothing about times.
            let signatures = if timed { &signed.signatures[..1] } else { &signed.signatures[..] };
            let identities: &[&str] = if timed { &["bot@host"] } else { &["bot@host", "other@host", "b*"] };
            for (name, signature) in signatures {
                for identity in identities {
                    let ours = ours(&filled, signature, identity, at_s, zone);
                    let theirs = signed.theirs(&filled, name, identity, at_s, zone);
                    assert_eq!(ours, theirs, "{file:?} {name} {identity:?} {at_s} {zone}");
                    *if ours { &mut yes } else { &mut no } += 1;
                }
            }
        }
    }
    assert!(yes > 100 && no > 100, "{yes} {no}: both happen");
}

/// A file that cannot be read as a whole is refused, with the line. `ssh-keygen` skips what it cannot read, if it reads
/// it at all: then a slip of the pen in a restriction goes unnoticed.
#[test]
fn a_line_that_cannot_be_read_refuses_the_file() {
    let signed = Signed::new();
    let table = [
        ("bot@host", "has no key behind the signers"),
        ("bot@host ssh-ed25519", "has no key behind the signers"),
        ("bot@host ssh-ed25519 AAAA", "has a key that is damaged"),
        ("bot@host ssh-rsa {A64}", "has a key that is damaged"),
        ("bot@host ssh-ed25519 {A64}AAAA", "has a key that is damaged"),
        ("bot@host ssh-ed448 {A64}", "unknown option \"ssh-ed448\""),
        ("{A}", "has no key behind the signers"),
        ("bot@host no-touch-required {A}", "unknown option \"no-touch-required\""),
        ("bot@host cert-authority,restrict {A}", "unknown option \"restrict\""),
        ("bot@host cert-authorityx {A}", "unknown option \"x\""),
        ("bot@host cert-authority, {A}", "unknown option \"\""),
        ("bot@host namespaces=file {A}", "has namespaces without quotation marks"),
        ("bot@host namespaces=\"file {A}", "opens a quotation mark and does not close it"),
        ("\"bot@host {A}", "opens a quotation mark and does not close it"),
        ("\"\" {A}", "names no signer"),
        ("bot@host namespaces=\"a\",namespaces=\"b\" {A}", "has namespaces twice"),
        ("bot@host valid-after=\"20240101\",valid-after=\"20240102\" {A}", "has valid-after twice"),
        ("bot@host valid-before=\"20240101\",valid-after=\"20240102\" {A}", "valid-before that is not later"),
        ("bot@host valid-before=\"2024-01-01\" {A}", "is no time"),
        ("bot@host valid-before=\"20241301\" {A}", "is no time"),
        ("bot@host valid-before=\"19700101Z\" {A}", "is no time"),
        ("bot@host valid-before=\"2024010112\" {A}", "is no time"),
        ("bot@host valid-before=\"\" {A}", "is no time"),
        ("bot@host valid-before=\"tomorrow\" {A}", "is no time"),
        ("bot@host valid-before=20240101 {A}", "has valid-before without quotation marks"),
        ("bot\0@host {A}", "is no text"),
    ];
    let key = signed.filled("{A}");
    let base64 = key.split(' ').nth(1).unwrap();
    for (line, expected) in table {
        let line = signed.filled(&line.replace("{A64}", base64));
        let error =
            AllowedSigners::parse(format!("# signers\n{line}\nbot@host {key}\n").as_bytes()).unwrap_err();
        assert_eq!(error.line, 2, "{line}");
        let error = error.to_string();
        assert!(error.contains(expected) && error.contains("line 2"), "{line:?}: {error}");
        // Alone, it lets nobody sign there either.
        assert!(!signed.theirs(&line, "A", "bot@host", 1_700_000_000, "UTC"), "{line:?}");
    }
    assert!(AllowedSigners::parse(b"bot@host \xff\n").is_err());
    // To ssh-keygen this is the first of March.
    let error = AllowedSigners::parse(format!("bot@host valid-before=\"20240230\" {key}").as_bytes());
    assert!(error.unwrap_err().to_string().contains("is no time"));
}

#[test]
fn the_refusal_names_line_and_reason() {
    let signed = Signed::new();
    let (_, signature) = &signed.signatures[0];
    let fingerprint = signature.public().fingerprint();
    let verify = |file: &str, identity: &str, at_s: u64| {
        let allowed = AllowedSigners::parse(signed.filled(file).as_bytes()).unwrap();
        allowed.verify(signature, &Digest::of(HashKind::Sha256, MESSAGE), NAMESPACE, identity, at_s)
    };
    let noon = 1_704_110_400;
    let day = "2024-01-01T12:00:00Z";
    let file = "# signers\nbot@host valid-after=\"20240101120000Z\",valid-before=\"20240102Z\" {A}\n";
    let verified = verify(file, "bot@host", noon).unwrap();
    assert_eq!((verified.fingerprint, verified.line), (fingerprint.clone(), 2));
    let table = [
        (
            verify(file, "bot@host", noon - 1),
            Refused::TooEarly { line: 2, from_s: noon, at_s: noon - 1 },
            day,
        ),
        (
            verify(file, "bot@host", noon + 43_201),
            Refused::Expired { line: 2, until_s: noon + 43_200, at_s: noon + 43_201 },
            "2024-01-02T00:00:01Z",
        ),
        (
            verify(file, "bot", noon),
            Refused::Unknown { identity: "bot".into(), fingerprint: fingerprint.clone() },
            &fingerprint,
        ),
        (
            verify("bot@host {B}\n", "bot@host", noon),
            Refused::Unknown { identity: "bot@host".into(), fingerprint: fingerprint.clone() },
            "on another way",
        ),
        (
            verify("* namespaces=\"file\" {A}\n* namespaces=\"email\" {A}", "bot@host", noon),
            Refused::OtherNamespaces { line: 1, namespace: NAMESPACE.into() },
            NAMESPACE,
        ),
        (verify("* cert-authority {A}\n", "bot@host", noon), Refused::Authority(1), "not supported"),
    ];
    for (found, expected, word) in table {
        assert_eq!(found, Err(expected.clone()));
        assert!(expected.to_string().contains(word), "{expected}");
    }
    let other = Digest::of(HashKind::Sha256, b"another");
    let allowed = AllowedSigners::parse(signed.filled("* {A}").as_bytes()).unwrap();
    let refused = allowed.verify(signature, &other, NAMESPACE, "bot@host", noon);
    assert_eq!(refused, Err(Refused::Signature(SignatureError::Wrong)));
}

#[test]
fn whose_signature_it_may_be_is_found_as_ssh_keygen_finds_it() {
    let signed = Signed::new();
    let file = signed
        .filled("c@host {C}\nold@host valid-before=\"20200101Z\" {A}\nbot@host,*@desk {A}\nb@host {B}\n");
    let allowed = AllowedSigners::parse(file.as_bytes()).unwrap();
    let path = signed.folder.write("allowed", &file);
    for (name, signature) in &signed.signatures {
        let found: Vec<_> = allowed
            .find_principals(signature.public(), NAMESPACE, 1_704_110_400)
            .map(|line| line.principals().replace(',', "\n"))
            .collect();
        let file = signed.folder.path(&format!("{name}.sig"));
        let (path, file) = (path.to_str().unwrap(), file.to_str().unwrap());
        let time = "-Overify-time=20240101120000Z";
        let theirs = keygen_in("UTC", &["-Y", "find-principals", "-f", path, "-s", file, time], b"");
        assert_eq!(String::from_utf8(theirs.stdout).unwrap().trim(), found.join("\n"), "{name}");
    }
}

/// They may stand in a list of signers; what they sign is refused by name.
#[test]
fn kinds_of_keys_that_are_not_supported_do_not_spoil_the_file() {
    let folder = Folder::new();
    let path = folder.plain("key");
    let mut lines = Vec::new();
    for (kind, bits) in [("ecdsa", "521"), ("ecdsa", "384"), ("rsa", "1024")] {
        let name = format!("{kind}{bits}");
        folder.key(&name, kind, &["-N", "", "-b", bits]);
        lines.push(format!("{name} {}", folder.read(&format!("{name}.pub"))));
    }
    folder.plain("authority");
    let (authority, public) = (folder.path("authority"), folder.path("key.pub"));
    let certify =
        ["-q", "-s", authority.to_str().unwrap(), "-I", "id", "-n", "bot@host", public.to_str().unwrap()];
    assert_ok(&keygen(&certify, b""));
    lines.push(format!("bot@host cert-authority {}", folder.read("authority.pub")));
    lines.push(format!("bot@host {}", folder.read("key.pub")));
    let allowed = AllowedSigners::parse(lines.concat().as_bytes()).unwrap();
    assert_eq!(allowed.lines().len(), 5);

    let digest = Digest::of(HashKind::Sha256, MESSAGE);
    let signature = Signature::parse(&sign(&path, "sha256", MESSAGE)).unwrap();
    assert_eq!(allowed.verify(&signature, &digest, NAMESPACE, "bot@host", 1).unwrap().line, 5);
    let by_certificate = sign(&folder.path("key-cert.pub"), "sha256", MESSAGE);
    let certified = Signature::parse(&by_certificate).unwrap();
    let refused = allowed.verify(&certified, &digest, NAMESPACE, "bot@host", 1).unwrap_err();
    let expected = SignatureError::Unsupported("ssh-ed25519-cert-v01@openssh.com");
    assert_eq!(refused, Refused::Signature(expected));
    assert!(refused.to_string().contains("ssh-keygen -Y verify"), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_read_or_refused_with_a_line(text in "([a-z@*!,\"\\\\ =\n\t#0-9Z-]|valid-after=|namespaces=|ssh-ed25519 ){0,60}") {
        if let Err(error) = AllowedSigners::parse(text.as_bytes()) {
            prop_assert!((1..=text.matches('\n').count() + 1).contains(&error.line), "{error}");
            prop_assert!(!error.to_string().contains(char::is_control), "{error}");
        }
    }
}
