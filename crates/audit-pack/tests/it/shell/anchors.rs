//! What others have signed: time stamps of authorities that the auditor names, and cosignatures of witnesses.

use std::fs;

use base64::Engine as _;
use tlog::note::MemoryKey;
use tlog::{Hash, Signer as _};

use super::lands::Lands;
use super::log::{Log, rich, side};
use super::logs::allow;
use crate::world::{World, run};

/// An authority of time stamps on a day: its own certificate is valid on the 1st and 2nd of June 2026 only.
fn authority(world: &World, name: &str) {
    let script = "
        openssl genpkey -algorithm ed25519 -out NAME-ca.key
        openssl req -x509 -new -key NAME-ca.key -subj /CN=NAME-ca -days 9000 -addext basicConstraints=critical,CA:TRUE -out NAME-ca.pem
        openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out NAME.key 2> /dev/null
        openssl req -new -key NAME.key -subj /CN=NAME -out NAME.csr
        echo extendedKeyUsage=critical,timeStamping > NAME.ext
        openssl x509 -req -in NAME.csr -CA NAME-ca.pem -CAkey NAME-ca.key -set_serial 7 -days 2 -extfile NAME.ext -out NAME.pem 2> /dev/null
        printf '%s\\n' '[tsa]' 'default_tsa = t' '[t]' 'serial = serial' 'default_policy = 1.2.3.4' 'digests = sha256, sha512' \
            'signer_digest = sha256' 'ess_cert_id_alg = sha256' 'accuracy = secs:1' > tsa.cnf
        echo 01 > serial
    ";
    let script = script.replace("NAME", name);
    run("faketime", &["2026-06-01 00:00:00", "sh", "-euc", &script], &world.path(""));
}

/// A stamp of that text, on that day.
fn stamp(world: &World, name: &str, day: &str, text: &str) -> Vec<u8> {
    world.write("text", text);
    let script = format!(
        "openssl ts -query -data text -sha256 -cert -out query 2> /dev/null
        openssl ts -reply -config tsa.cnf -queryfile query -signer {name}.pem -inkey {name}.key -out reply 2> /dev/null"
    );
    run("faketime", &[day, "sh", "-euc", &script], &world.path(""));
    fs::read(world.path("reply")).unwrap()
}

fn text_of(note: &[u8]) -> String {
    let note = String::from_utf8(note.to_vec()).unwrap();
    note.split_once("\n\n").unwrap().0.to_owned() + "\n"
}

/// A log that was anchored after its third seal, with the stamp and the cosignatures that are made of it.
fn anchored(world: &World, sign: impl Fn(&mut Log, &str)) -> Log {
    let mut log = Log::new(world, false);
    log.write("{\"n\":1}\n{\"n\":2}\n").seal().write("{\"n\":3}\n").seal();
    let folder = log.anchor();
    sign(&mut log, &folder);
    log.write("{\"n\":4}\n").seal();
    log
}

/// A day on which the authorities are what they say.
const DAY: &str = "2026-06-01 12:00:00";

#[test]
fn stamps_count_if_the_auditor_names_their_authority() {
    let world = World::new();
    authority(&world, "a");
    authority(&world, "b");
    world.sh("cat a-ca.pem b-ca.pem > both.pem");
    let on = |name: &'static str, day: &'static str| {
        let world = &world;
        move |log: &mut Log, folder: &str| {
            let text = text_of(&log.files[&format!("{folder}/chain")]);
            log.files.insert(format!("{folder}/first.tsr"), stamp(world, name, day, &text));
        }
    };
    // Authorities that the auditor names, who stamped when, the exit code, and words.
    for (number, (roots, name, day, code, says)) in [
        (None, "a", DAY, 0, "NOT COUNTED"),
        (
            Some("a-ca.pem"),
            "a",
            DAY,
            0,
            "3 lines of SEALS, with 3 lines of the log, were there by Jun  1 12:00:0",
        ),
        (Some("both.pem"), "b", DAY, 0, "were there by Jun  1 12:00:0"),
        (Some("b-ca.pem"), "a", DAY, 5, "has no time stamp by an authority of"),
        // Its certificate had expired when it stamped.
        (Some("a-ca.pem"), "a", "2026-06-20 12:00:00", 5, "has no time stamp by an authority of"),
    ]
    .into_iter()
    .enumerate()
    {
        anchored(&world, on(name, day)).pack(&world, "key");
        let lands = Lands::new();
        for turn in 0..2 {
            let land = lands.turn(number + 2 * turn);
            let mut arguments = roots.map_or_else(Vec::new, |roots| vec!["--tsa-ca", roots]);
            arguments.extend(["x.tar", "allowed_signers"]);
            let ran = land.verify(&arguments, &world.path(""));
            let story = format!("{}: {roots:?} {name} {day}: {}{}", land.name, ran.out, ran.err);
            assert_eq!(ran.code, code, "{story}");
            assert!(ran.out.contains(says), "{story}");
        }
    }
}

/// An authority of which the auditor has the root only: what leads there lies beside the stamp, and is trusted for nothing else.
#[test]
fn certificates_beside_a_stamp_lead_to_the_root_that_the_auditor_has() {
    let world = World::new();
    authority(&world, "a");
    authority(&world, "b");
    let script = "
        openssl genpkey -algorithm ed25519 -out mid-ca.key
        openssl req -new -key mid-ca.key -subj /CN=mid-ca -out mid-ca.csr
        echo basicConstraints=critical,CA:TRUE > mid-ca.ext
        openssl x509 -req -in mid-ca.csr -CA a-ca.pem -CAkey a-ca.key -set_serial 8 -days 2 -extfile mid-ca.ext -out mid-ca.pem 2> /dev/null
        openssl x509 -req -in a.csr -CA mid-ca.pem -CAkey mid-ca.key -set_serial 9 -days 2 -extfile a.ext -out a.pem 2> /dev/null
        cat mid-ca.pem a-ca.pem > all.pem
    ";
    run("faketime", &["2026-06-01 00:00:00", "sh", "-euc", script], &world.path(""));
    let stamped = |beside: Option<&[u8]>| {
        anchored(&world, |log, folder| {
            let text = text_of(&log.files[&format!("{folder}/chain")]);
            log.files.insert(format!("{folder}/first.tsr"), stamp(&world, "a", DAY, &text));
            if let Some(bytes) = beside {
                log.files.insert(format!("{folder}/first.pem"), bytes.to_vec());
            }
        })
    };
    let file = |name: &str| fs::read(world.path(name)).unwrap();
    let lands = Lands::new();
    // What lies beside the stamp, whom the auditor names, and the exit code.
    for (number, (beside, roots, code)) in [
        (None, "a-ca.pem", 5),
        (Some(file("mid-ca.pem")), "a-ca.pem", 0),
        (None, "all.pem", 0),
        (Some(file("b-ca.pem")), "a-ca.pem", 5),
        // A root that nobody named.
        (Some(file("all.pem")), "b-ca.pem", 5),
        (Some(b"x".to_vec()), "a-ca.pem", 5),
    ]
    .into_iter()
    .enumerate()
    {
        let log = stamped(beside.as_deref());
        allow(&world);
        log.pack(&world, "key");
        let policy = ["--tsa-ca", roots, "--require-anchors", "1"];
        let ran = world.verify("x.tar", &[&crate::verify::KNOWN[..], &policy].concat());
        assert_eq!(ran.code, code, "{number}: {}{}", ran.out, ran.err);
        let land = lands.turn(number);
        let ran = land.verify(&["--tsa-ca", roots, "x.tar", "allowed_signers"], &world.path(""));
        assert_eq!(ran.code, code, "{}: {number}: {}{}", land.name, ran.out, ran.err);
    }
}

/// An owner of the key who rewrites the past, seals and signs it anew, and leaves the stamps of before.
#[test]
fn a_log_that_was_written_anew_does_not_fit_its_old_stamps() {
    let world = World::new();
    authority(&world, "a");
    let stamped = |log: &mut Log, folder: &str| {
        let text = text_of(&log.files[&format!("{folder}/chain")]);
        log.files.insert(format!("{folder}/first.tsr"), stamp(&world, "a", DAY, &text));
    };
    let honest = anchored(&world, stamped);
    let folder = side("anchors/00000000000000000003");
    let mut anew = Log::new(&world, false);
    anew.write("{\"n\":1}\n{\"n\":9}\n").seal().write("{\"n\":3}\n").seal();
    let forged_anchor = anew.anchor();
    anew.write("{\"n\":4}\n").seal();
    assert_eq!(forged_anchor, folder);
    let old = |name: &str| (format!("{folder}/{name}"), honest.files[&format!("{folder}/{name}")].clone());
    // Which files of the anchor are left as they were.
    for (left, says) in [
        (
            &["chain", "checkpoint", "first.tsr"][..],
            "chain: FORKED: what was signed then is not line 3 of SEALS now",
        ),
        (&["checkpoint", "first.tsr"], "first.tsr: is a stamp of another text than the chain beside it"),
        (&["checkpoint"], "checkpoint: FORKED: what was signed then is not the tree of the seals"),
    ] {
        let before = anew.files.clone();
        anew.files.extend(left.iter().map(|name| old(name)));
        anew.pack(&world, "key");
        anew.files = before;
        for land in Lands::new().all() {
            let ran =
                land.verify(&["--tsa-ca", "a-ca.pem", "x.tar", "allowed_signers"], &world.path("")).ends(1);
            assert!(ran.out.contains(says), "{}: {says}: {}", land.name, ran.out);
        }
    }
    // Without any of it nothing shows but that there is no stamp.
    anew.files.retain(|name, _| !name.contains("/anchors/"));
    anew.pack(&world, "key");
    let lands = Lands::new();
    lands.turn(0).verify(&["x.tar", "allowed_signers"], &world.path("")).ends(0);
    lands.turn(0).verify(&["--tsa-ca", "a-ca.pem", "x.tar", "allowed_signers"], &world.path("")).ends(5);
}

#[test]
fn what_is_no_stamp_is_a_finding() {
    let world = World::new();
    authority(&world, "a");
    for (number, bytes) in [&b""[..], b"x", b"0\x03\x02\x01\x02"].into_iter().enumerate() {
        let log = anchored(&world, |log, folder| {
            log.files.insert(format!("{folder}/first.tsr"), bytes.to_vec());
            log.files.insert(format!("{}/chain", side("anchors/7")), b"x".to_vec());
            log.files.insert(format!("{}/x.object", side("anchors/00000000000000000002")), b"{}".to_vec());
        });
        log.pack(&world, "key");
        let lands = Lands::new();
        let land = lands.turn(number);
        let ran = land.verify(&["--tsa-ca", "a-ca.pem", "x.tar", "allowed_signers"], &world.path("")).ends(1);
        for says in
            ["first.tsr: is no time stamp", "anchors/7: has no note", "00000000000000000002: has no note"]
        {
            assert!(ran.out.contains(says), "{}: {says}: {}", land.name, ran.out);
        }
    }
}

/// A witness of C2SP: its key, and the line that it adds to a checkpoint.
struct Witness {
    key: MemoryKey,
    id: [u8; 4],
}

impl Witness {
    fn new(seed: u8) -> Self {
        let key = MemoryKey::new("witness.example/w", &[seed; 32]).unwrap();
        let made = Hash::of(&[b"witness.example/w\n\x04", &key.vkey().public()[..]].concat());
        Self { id: made.as_bytes()[..4].try_into().unwrap(), key }
    }

    fn vkey(&self) -> String {
        let typed = [&[4][..], self.key.vkey().public()].concat();
        format!(
            "witness.example/w+{:08x}+{}",
            u32::from_be_bytes(self.id),
            base64::engine::general_purpose::STANDARD.encode(typed)
        )
    }

    fn line(&mut self, text: &str, signed_s: u64, shown_s: u64) -> String {
        let signature = self.key.sign(format!("cosignature/v1\ntime {signed_s}\n{text}").as_bytes()).unwrap();
        let bytes = [&self.id[..], &shown_s.to_be_bytes(), &signature].concat();
        format!("\u{2014} witness.example/w {}\n", base64::engine::general_purpose::STANDARD.encode(bytes))
    }
}

#[test]
fn witnesses_count_if_the_auditor_names_them() {
    let world = World::new();
    let (named, other) = (Witness::new(11).vkey(), Witness::new(12).vkey());
    // Who signs, the time that it signs and the one that it shows; whom the auditor asks for.
    for (number, (seed, signed, shown, asked, code)) in [
        (11, 1_795_000_100, 1_795_000_100, vec![&named], 0),
        (11, 1_795_000_100, 1_795_000_100, vec![&named, &other], 5),
        (11, 1_795_000_100, 1_795_000_101, vec![&named], 1),
        (12, 1_795_000_100, 1_795_000_100, vec![&named], 5),
        (11, 1_795_000_100, 1_795_000_100, vec![], 0),
    ]
    .into_iter()
    .enumerate()
    {
        let log = anchored(&world, |log, folder| {
            let checkpoint = log.files.get_mut(&format!("{folder}/checkpoint")).unwrap();
            let line = Witness::new(seed).line(&text_of(checkpoint), signed, shown);
            checkpoint.extend_from_slice(line.as_bytes());
        });
        log.pack(&world, "key");
        let lands = Lands::new();
        for turn in 0..2 {
            let land = lands.turn(number + 2 * turn);
            let mut arguments: Vec<&str> =
                asked.iter().flat_map(|vkey| ["--witness", vkey.as_str()]).collect();
            arguments.extend(["x.tar", "allowed_signers"]);
            let ran = land.verify(&arguments, &world.path(""));
            assert_eq!(ran.code, code, "{}: {number}: {}{}", land.name, ran.out, ran.err);
            let counted =
                ran.out.contains("3 lines by witness.example/w, who says that it was second 1795000100");
            assert_eq!(counted, [0, 1].contains(&number), "{}: {number}: {}", land.name, ran.out);
        }
    }
}

/// What an authority says beside its signature is signed by nobody, not even by it.
#[test]
fn the_time_that_is_told_is_the_one_that_was_signed() {
    let world = World::new();
    authority(&world, "a");
    let lie = b"ok\nTime stamp: Jan  1 00:00:00 2020 GMT\n";
    let log = anchored(&world, |log, folder| {
        let reply = stamp(&world, "a", DAY, &text_of(&log.files[&format!("{folder}/chain")]));
        // SEQUENCE { SEQUENCE { INTEGER 0 }, token }, as DER has it: the inner one gets a text.
        let [0x30, 0x82, _, _, 0x30, 0x03, 0x02, 0x01, 0x00, token @ ..] = reply.as_slice() else {
            panic!("another form: {:?}", &reply[..12]);
        };
        let text = [&[0x0c, lie.len() as u8][..], lie].concat();
        let status = [&[0x02, 0x01, 0x00, 0x30, text.len() as u8][..], &text].concat();
        let inner = [&[0x30, status.len() as u8][..], &status, token].concat();
        let len = u16::try_from(inner.len()).unwrap().to_be_bytes();
        let forged = [&[0x30, 0x82, len[0], len[1]][..], &inner].concat();
        log.files.insert(format!("{folder}/first.tsr"), forged);
    });
    allow(&world);
    log.pack(&world, "key");
    for land in Lands::new().all() {
        let ran = land.verify(&["--tsa-ca", "a-ca.pem", "x.tar", "allowed_signers"], &world.path("")).ends(0);
        assert!(ran.out.contains("were there by Jun  1 12:00:0"), "{}: {}", land.name, ran.out);
        assert!(!ran.out.contains("2020"), "{}: {}", land.name, ran.out);
    }
}

/// A log that has just begun is anchored as nothing, as which every log begins.
#[test]
fn anchors_of_a_log_without_lines_do_not_count() {
    let world = World::new();
    authority(&world, "a");
    let mut log = Log::new(&world, false);
    let folder = log.anchor();
    let text = text_of(&log.files[&format!("{folder}/chain")]);
    log.files.insert(format!("{folder}/first.tsr"), stamp(&world, "a", DAY, &text));
    log.write("{\"n\":1}\n").seal();
    allow(&world);
    log.pack(&world, "key");
    for land in Lands::new().all() {
        let ran = land.verify(&["--tsa-ca", "a-ca.pem", "x.tar", "allowed_signers"], &world.path("")).ends(5);
        assert!(ran.out.contains("a log of no lines"), "{}: {}", land.name, ran.out);
    }
    let policy = ["--tsa-ca", "a-ca.pem", "--require-anchors", "1"];
    let arguments = [&crate::verify::KNOWN[..], &policy].concat();
    assert_eq!(world.verify("x.tar", &arguments).code, 5);
}

/// Of a log that changed its key, the anchors of before are by the key of before.
#[test]
fn anchors_are_signed_by_the_keys_of_then() {
    let world = World::new();
    let mut log = rich(&world);
    let first = log.anchor();
    log.change_key();
    log.anchor();
    log.seal();
    log.anchor();
    // And back, to the key that the log before it has, too.
    log.change_key().seal();
    allow(&world);
    log.pack(&world, "key2");
    for land in Lands::new().all() {
        land.verify(&["x.tar", "allowed_signers"], &world.path("")).ends(0);
    }
    log.edit(&format!("{first}/chain"), "/decisions ", "/decision ");
    log.pack(&world, "key2");
    for land in Lands::new().all() {
        let ran = land.verify(&["x.tar", "allowed_signers"], &world.path("")).ends(1);
        assert!(ran.out.contains("00010/chain: its key has not signed it"), "{}: {}", land.name, ran.out);
    }
}
