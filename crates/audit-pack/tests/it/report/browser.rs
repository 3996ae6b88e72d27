//! The page in the browser that people have.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::hostile::EVIL;
use crate::verify::KNOWN;
use crate::world::{Ran, World, run};

/// Opens a page in Chromium, and gives what it prints.
#[track_caller]
fn chromium(world: &World, page: &str, arguments: &[&str]) -> String {
    let profile = world.path("profile");
    let mut command = Command::new("timeout");
    command.args([
        "120",
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
    ]);
    command.arg(format!("--user-data-dir={}", profile.display())).args(arguments);
    command.arg(format!("file://{}", world.path(page).display()));
    let output = command.env("HOME", world.path("home")).current_dir(world.path("")).output();
    let ran = Ran::of(&output.expect("timeout"));
    assert_eq!(ran.code, 0, "chromium; scripts/install-test-tools.sh has it: {}", ran.err);
    ran.out
}

/// A server on loopback that counts who calls, and hangs up.
struct Server {
    url: String,
    calls: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://127.0.0.1:{}/x", listener.local_addr().unwrap().port());
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        std::thread::spawn(move || {
            for _call in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { url, calls }
    }

    /// Whether somebody has called since it was asked last.
    fn called(&self) -> bool {
        // Callers are counted in their order, and hung up on after that.
        let mut own = TcpStream::connect(&self.url["http://".len()..self.url.len() - "/x".len()]).unwrap();
        own.read_to_end(&mut Vec::new()).unwrap();
        self.calls.swap(0, Ordering::SeqCst) > 1
    }
}

#[test]
fn nothing_runs_and_no_request_leaves() {
    const TITLE: &str = "<title>Evidence report</title>";
    let server = Server::start();
    let (mut world, mut page) = (World::on_a_host(None), String::new());
    for evil in &EVIL[..6] {
        world = World::on_a_host(None);
        world.packed_with(&evil.replace("URL", &server.url));
        page = world.page("x.tar", &KNOWN, 0);
        let dom = chromium(&world, "page.html", &["--dump-dom"]);
        assert!(!server.called() && dom.contains(TITLE), "{evil}: {dom}");
    }
    // Were something not escaped, the policy of the page would still hold; without it this very page runs and calls.
    for evil in &EVIL[..4] {
        let at = page.find("<header>").unwrap();
        let broken = format!("{}{}{}", &page[..at], evil.replace("URL", &server.url), &page[at..]);
        world.write("broken.html", &broken);
        let dom = chromium(&world, "broken.html", &["--dump-dom"]);
        assert!(!server.called() && dom.contains(TITLE), "{evil}: {dom}");
        world.write("open.html", &broken.replace("Content-Security-Policy", "no-policy"));
        let dom = chromium(&world, "open.html", &["--dump-dom"]);
        assert!(server.called(), "{evil}: {dom}");
        assert_eq!(dom.contains("<title>pwned</title>"), evil.contains("pwned"), "{evil}: {dom}");
    }
}

/// The style has the digest that the policy names, or the page would be bare.
#[test]
fn it_is_printed_with_its_verdict_first() {
    let world = World::with_a_story();
    world.pack_still();
    world.page("x.tar", &KNOWN, 0);
    chromium(&world, "page.html", &["--print-to-pdf=page.pdf", "--no-pdf-header-footer"]);
    let text = run("pdftotext", &["page.pdf", "-"], &world.path(""));
    // Wherever the lines break.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let pages: Vec<&str> = text.split('\u{c}').collect();
    for says in ["The records are as they were sealed", "desk@example.com", "What this does not show"] {
        assert!(words(pages[0]).contains(says), "{says}: {}", pages[0]);
    }
    for says in ["exchange", "Trading paused", "stale", "telegram"] {
        assert!(words(&text).contains(says), "{says}: {text}");
    }
    let info = run("pdfinfo", &["page.pdf"], &world.path(""));
    assert!(info.contains("(A4)"), "the style does not apply: {info}");
}
