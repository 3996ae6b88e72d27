//! RFC 3161, by openssl behind a server of our own.

use holdfast_http::standin::{Answer, Server};

use super::peers::Authority;
use super::{SIDECAR, configure, world};
use crate::world::{World, run, try_run};

const FIRST: &str = "anchors/00000000000000000002";

fn names(url: &str, ca: Option<&str>) -> String {
    let ca = ca.map_or(String::new(), |ca| format!("ca_file = \"{ca}\"\n"));
    format!("[[anchor]]\nname = \"tsa.one\"\nkind = \"timestamp\"\nurl = \"{url}\"\n{ca}")
}

fn stamped(at: &'static str, since: &str) -> (World, Authority) {
    let world = world("");
    let authority = Authority::new(world.path("tsa"), since);
    let server = authority.serve(at);
    configure(&world, &names(&server.url(), Some(&authority.ca())));
    let ran = world.anchor().ends(0);
    assert!(ran.out.contains("(verified)"), "{}", ran.out);
    configure(&world, "");
    (world, authority)
}

#[test]
fn a_stamp_is_verified_by_us_and_by_openssl_alone() {
    let (world, authority) = stamped("now", "1 day ago");
    let named = ["--tsa-ca", &authority.ca(), "--require-anchors", "1"];
    let ran = world.packed_and_verified(&named).ends(0);
    assert!(ran.out.contains(&format!("anchored existence: {}, all 3 lines", authority.ca())), "{}", ran.out);
    assert!(ran.out.contains("no anchor against a second history"), "{}", ran.out);
    assert!(ran.out.contains("could have had another history stamped as well"), "{}", ran.out);
    // Openssl alone, on what lies in the pack.
    let folder = world.unpack().join("data/log/memory/decisions.jsonl.audit").join(FIRST);
    let chain = std::fs::read_to_string(folder.join("chain")).unwrap();
    let (text, _) = chain.split_once("\n\n").unwrap();
    std::fs::write(folder.join("text"), format!("{text}\n")).unwrap();
    let arguments =
        ["ts", "-verify", "-data", "text", "-in", "tsa-one-5b249af1.tsr", "-CAfile", &authority.ca()];
    run("openssl", &arguments, &folder);
    // One more run of the same head leaves the older stamp.
    let before = std::fs::read(world.path(&format!("{SIDECAR}/{FIRST}/tsa-one-5b249af1.tsr"))).unwrap();
    let server = authority.serve("now");
    configure(&world, &names(&server.url(), None));
    let ran = world.anchor().ends(0);
    assert!(ran.out.contains("nothing was sealed since"), "{}", ran.out);
    assert!(std::fs::read(world.path(&format!("{SIDECAR}/{FIRST}/tsa-one-5b249af1.tsr"))).unwrap() == before);
    // Another authority is not this one.
    let other = Authority::new(world.path("other"), "1 day ago");
    let ran = world.packed_and_verified(&["--tsa-ca", &other.ca(), "--require-anchors", "1"]).ends(5);
    assert!(ran.out.contains("by nobody of --tsa-ca"), "{}", ran.out);
}

/// An authority below another one, whose answers hold its own certificate and the root's.
#[test]
fn certificates_that_lead_to_the_root_are_packed_along() {
    let world = world("");
    let authority = Authority::new(world.path("tsa"), "1 day ago");
    let script = "
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out mid.key
        openssl req -new -config tsa.cnf -key mid.key -subj /CN=Mid -out mid.csr
        sign() { faketime '1 day ago' openssl x509 -req -days 300 -extfile tsa.cnf -set_serial 7 \"$@\"; }
        sign -in mid.csr -CA ca.pem -CAkey ca.key -extensions ca -out mid.pem
        sign -in tsa.csr -CA mid.pem -CAkey mid.key -extensions signer -out tsa.pem
        cat mid.pem mid.key > both.pem";
    run("sh", &["-ec", script], &world.path("tsa"));
    let server = authority.serve("now");
    let file = |name: &str| world.path("tsa").join(name).display().to_string();
    let with =
        |chain: &str| format!("{}chain_file = \"{chain}\"\n", names(&server.url(), Some(&authority.ca())));
    for (config, says) in [
        (names(&server.url(), Some(&authority.ca())), "the stamp is not by ca_file"),
        (with(&file("nowhere.pem")), "nowhere.pem"),
        (with(&file("tsa.cnf")), "holds no certificates"),
        (with(&file("both.pem")), "holds a private key"),
    ] {
        configure(&world, &config);
        let ran = world.anchor().ends(69);
        assert!(ran.out.contains(says), "{says}: {}", ran.out);
    }
    configure(&world, &with(&file("mid.pem")));
    let ran = world.anchor().ends(0);
    assert!(ran.out.contains("(verified)"), "{}", ran.out);
    configure(&world, "");
    world.packed_and_verified(&["--tsa-ca", &authority.ca(), "--require-anchors", "1"]).ends(0);
    std::fs::remove_file(world.path(&format!("{SIDECAR}/{FIRST}/tsa-one-5b249af1.pem"))).unwrap();
    world.packed_and_verified(&["--tsa-ca", &authority.ca(), "--require-anchors", "1"]).ends(5);
}

/// Who counts comes from the auditor: what stamps are called, and how many copies there are, does not.
#[test]
fn copies_of_a_stamp_are_one_anchor() {
    let (world, authority) = stamped("now", "1 day ago");
    for name in ["two", "three"] {
        let file = |name: &str| world.path(&format!("{SIDECAR}/{FIRST}/{name}.tsr"));
        std::fs::copy(file("tsa-one-5b249af1"), file(name)).unwrap();
    }
    let ca = authority.ca();
    world.packed_and_verified(&["--tsa-ca", &ca, "--require-anchors", "1"]).ends(0);
    let ran = world.packed_and_verified(&["--tsa-ca", &ca, "--require-anchors", "2"]).ends(5);
    assert!(ran.out.contains("1 anchor counts, and 2 are asked for"), "{}", ran.out);
}

#[test]
fn a_stamp_of_an_authority_that_has_expired_since_still_counts_and_a_newer_one_is_refused() {
    let then = "2022-01-02 00:00:00";
    let (world, authority) = stamped(then, "2021-06-01 00:00:00");
    let ran = world.packed_and_verified(&["--tsa-ca", &authority.ca(), "--require-anchors", "1"]).ends(0);
    assert!(ran.out.contains("; at 2022-01-0"), "{}", ran.out);
    world.grow("{\"n\":4}");
    let ran = world.packed_and_verified(&["--tsa-ca", &authority.ca(), "--max-anchor-age", "1d"]).ends(5);
    assert!(ran.out.contains("lines were sealed after the last anchor"), "{}", ran.out);
    let server = authority.serve("now");
    configure(&world, &names(&server.url(), Some(&authority.ca())));
    let ran = world.anchor().ends(69);
    assert!(ran.out.contains("the stamp is not by ca_file") && ran.out.contains("expired"), "{}", ran.out);
    assert!(!world.path(&format!("{SIDECAR}/anchors/00000000000000000003/tsa-one-5b249af1.tsr")).exists());
}

#[test]
fn what_is_no_stamp_of_the_chain_is_told() {
    let (world, authority) = stamped("now", "1 day ago");
    let named = ["--tsa-ca", &authority.ca(), "--require-anchors", "1"];
    let file = |name: &str| world.path(&format!("{SIDECAR}/{FIRST}/{name}"));
    let (chain, stamp) = (
        std::fs::read_to_string(file("chain")).unwrap(),
        std::fs::read(file("tsa-one-5b249af1.tsr")).unwrap(),
    );
    // The body that was stamped.
    std::fs::write(file("chain"), chain.replacen("example.com/bot1", "example.com/bot2", 1)).unwrap();
    let ran = world.packed_and_verified(&named).ends(1);
    assert!(ran.out.contains("no stamp of the chain that lies beside it"), "{}", ran.out);
    assert!(ran.out.contains("no key of the log has signed it"), "{}", ran.out);
    std::fs::write(file("chain"), &chain).unwrap();
    // The stamp: its signature is in its last bytes.
    let mut turned = stamp.clone();
    *turned.last_mut().unwrap() ^= 1;
    std::fs::write(file("tsa-one-5b249af1.tsr"), turned).unwrap();
    let ran = world.packed_and_verified(&named).ends(5);
    assert!(ran.out.contains("by nobody of --tsa-ca"), "{}", ran.out);
    std::fs::write(file("tsa-one-5b249af1.tsr"), "<html>").unwrap();
    let ran = world.packed_and_verified(&named).ends(1);
    assert!(ran.out.contains("no RFC 3161 answer"), "{}", ran.out);
    std::fs::write(file("tsa-one-5b249af1.tsr"), stamp).unwrap();
    world.packed_and_verified(&named).ends(0);
    // Nobody who could say: never 0 where an authority was named.
    let ca = authority.ca();
    let mut verify = world.audit_pack(&["verify", "../x.tar", "--allowed-signers", "../allowed_signers"]);
    verify.args(["--signer", "desk@example.com", "--tsa-ca", &ca]).env("PATH", "/nonexistent");
    let output = verify.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("time stamps were not verified: openssl cannot be started"), "{said}");
}

#[test]
fn an_answer_that_is_none_is_not_kept() {
    let world = world("");
    let authority = Authority::new(world.path("tsa"), "1 day ago");
    let old = authority.serve("now");
    configure(&world, &names(&old.url(), None));
    world.anchor().ends(0);
    let replay = std::fs::read(world.path(&format!("{SIDECAR}/{FIRST}/tsa-one-5b249af1.tsr"))).unwrap();
    world.grow("{\"n\":4}");
    for (answer, says) in [
        (Answer::new(200, replay), "a stamp of something else"),
        (Answer::new(200, "<html>"), "no RFC 3161 answer"),
        (Answer::new(500, "down"), "500 down"),
        (Answer::new(302, "").header("location", "http://127.0.0.1:1/"), "elsewhere"),
        (Answer::cut(), "127.0.0.1"),
    ] {
        let server = Server::start(move |_| answer.clone());
        configure(&world, &names(&server.url(), None));
        let ran = world.anchor().ends(69);
        assert!(ran.out.contains(says), "{says}: {}", ran.out);
        assert!(
            !world.path(&format!("{SIDECAR}/anchors/00000000000000000003/tsa-one-5b249af1.tsr")).exists()
        );
    }
    // Openssl reads our request as what it is.
    let query = std::fs::read(world.path("tsa/query")).unwrap();
    assert_eq!(query.len(), 69);
    let read = try_run("openssl", &["ts", "-query", "-in", "query", "-text"], &world.path("tsa")).ends(0);
    assert!(read.out.contains("Certificate required: yes") && read.out.contains("sha256"), "{}", read.out);
}

/// A pack of many logs with many stamps each does not keep an auditor waiting for hours, and no log takes all from the others.
#[test]
fn openssl_is_given_so_many_stamps_of_a_pack_and_no_more() {
    const LOGS: usize = 5;
    const STAMPS: usize = 250;
    let (world, authority) = stamped("now", "1 day ago");
    world.packed_and_verified(&[]);
    world.unpack();
    let logs = world.path("x/data/log/memory");
    let first = logs.join("decisions.jsonl.audit").join(FIRST);
    for n in 1..STAMPS {
        std::fs::copy(first.join("tsa-one-5b249af1.tsr"), first.join(format!("s{n}.tsr"))).unwrap();
    }
    for n in 1..LOGS {
        let copy = format!("cp decisions.jsonl {n}.jsonl; cp -r decisions.jsonl.audit {n}.jsonl.audit");
        run("sh", &["-ec", &copy], &logs);
    }
    // Counts itself, and finds everything right.
    let runs = world.path("runs");
    world.write("bin/openssl", &format!("#!/bin/sh\necho >> '{}'\n", runs.display()));
    run("chmod", &["+x", "bin/openssl"], &world.path(""));
    let path = format!("{}:{}", world.path("bin").display(), std::env::var("PATH").unwrap());
    let mut verify = world.audit_pack(&["verify", "../x", "--tsa-ca", &authority.ca()]);
    let output = verify.env("PATH", path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.matches("anchored existence: ").count(), LOGS, "{said}");
    let left_out: usize = said
        .lines()
        .filter_map(|line| {
            line.trim().strip_prefix("anchored not counted: ")?.strip_suffix(" older time stamps")
        })
        .map(|left| left.parse::<usize>().unwrap())
        .inspect(|left| assert!((45..=46).contains(left), "{said}"))
        .sum();
    assert_eq!(std::fs::read_to_string(runs).unwrap().len(), 1024);
    assert_eq!(left_out, LOGS * STAMPS - 1024);
}
