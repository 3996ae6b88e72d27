//! Folders and buckets.

use holdfast_http::standin::{Answer, Server};

use super::{SIDECAR, configure, peers, world};

const RECEIPT: &str = "anchors/00000000000000000002/partner.object";

fn bucket(url: &str, more: &str) -> String {
    format!(
        "[[anchor]]\nname = \"partner\"\nkind = \"store\"\nurl = \"s3://evidence/desk\"\nendpoint = \"{url}\"\n\
         credentials_file = \"../bucket\"\n{more}"
    )
}

#[test]
fn a_bucket_keeps_the_chain_under_a_lock_and_what_it_kept_pins_the_log() {
    use std::os::unix::fs::PermissionsExt;
    let world = world("");
    world.write("bucket", "[default]\naws_access_key_id = A\naws_secret_access_key = sesame\n");
    let peer = peers::s3();
    configure(&world, &bucket(&peer.url, "retain = \"365d\"\n"));
    // A secret that others can read is none.
    let ran = world.anchor().ends(69);
    assert!(ran.out.contains("can be read by others"), "{}", ran.out);
    std::fs::set_permissions(world.path("bucket"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let ran = world.anchor().ends(0);
    assert!(ran.out.contains("locked until"), "{}", ran.out);
    let receipt: serde_json::Value =
        serde_json::from_str(&world.read(&format!("{SIDECAR}/{RECEIPT}"))).unwrap();
    assert_eq!(receipt["store"], "s3://evidence/desk");
    assert!(!receipt.to_string().contains("sesame"), "{receipt}");
    // A receipt is lost before it was written: what is there is ours.
    std::fs::remove_file(world.path(&format!("{SIDECAR}/{RECEIPT}"))).unwrap();
    world.anchor().ends(0);
    // The auditor looks into the store.
    let object = peers::object(&peer, &format!("desk/{}", receipt["key"].as_str().unwrap()));
    std::fs::write(world.path("object"), &object).unwrap();
    let ran = world.packed_and_verified(&["--anchor", "../object", "--require-anchors", "1"]).ends(0);
    assert!(
        ran.out.contains("anchored uniqueness: ../object, all 3 lines; when, it does not say"),
        "{}",
        ran.out
    );
    // Another history with the same number of seals.
    world.rewrite(&["{\"n\":9}\n"]);
    std::fs::remove_dir_all(world.path(&format!("{SIDECAR}/anchors"))).unwrap();
    let ran = world.anchor().ends(1);
    assert!(ran.out.contains("FORKED") && ran.out.contains("another history"), "{}", ran.out);
    world.packed_and_verified(&["--anchor", "../object"]).ends(1);
}

#[test]
fn a_bucket_without_the_lock_or_one_that_writes_over_what_is_there_is_refused() {
    let world = world("");
    let lax = Server::start(|asked| match asked.method.as_str() {
        "PUT" => Answer::new(200, "").header("etag", "\"e\""),
        _ => Answer::new(404, ""),
    });
    let names = bucket(&lax.url(), "").replace("credentials_file = \"../bucket\"\n", "");
    configure(&world, &names);
    let ran = world.anchor().ends(69);
    assert!(ran.out.contains("writes over what is there although it is told not to"), "{}", ran.out);
    assert!(!world.path(&format!("{SIDECAR}/{RECEIPT}")).exists());
}

#[test]
fn a_folder_on_another_disk_keeps_the_chain_too() {
    let world = world("");
    let archive = world.path("archive");
    std::fs::create_dir(&archive).unwrap();
    let names =
        format!("[[anchor]]\nname = \"partner\"\nkind = \"store\"\nurl = \"file://{}\"\n", archive.display());
    configure(&world, &names);
    world.anchor().ends(0);
    let kept = crate::world::run("find", &[".", "-type", "f"], &archive);
    assert_eq!(kept.lines().count(), 1, "{kept}");
    let ran = world.packed_and_verified(&["--anchor", &format!("../archive/{}", kept.trim())]).ends(0);
    assert!(ran.out.contains("anchored uniqueness"), "{}", ran.out);
    world.rewrite(&["{\"n\":9}\n"]);
    world.packed_and_verified(&["--anchor", &format!("../archive/{}", kept.trim())]).ends(1);
    // A disk that is not mounted.
    std::fs::remove_dir_all(&archive).unwrap();
    world.grow("{\"n\":10}");
    world.anchor().ends(69);
}
