//! The token is in the request's path and nowhere else.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use holdfast_notify::fault;
use holdfast_notify::standin::{Behaviour, TOKEN, Telegram};

use crate::{World, error_of, telegram};

fn shows_token(text: &str) -> bool {
    let secret = TOKEN.split_once(':').expect("a token has two parts").1;
    text.contains(secret)
}

#[test]
fn no_failure_shows_the_token_in_a_report_or_on_disk() {
    assert!(shows_token(TOKEN));
    let behaviours = [
        Behaviour::EchoesToken,
        Behaviour::NeverAnswers,
        Behaviour::ResetMidAnswer,
        Behaviour::Garbage,
        Behaviour::Unauthorized,
        Behaviour::Redirect(format!("http://127.0.0.1:1/bot{TOKEN}/sendMessage")),
    ];
    std::thread::scope(|scope| {
        for behaviour in behaviours {
            scope.spawn(move || {
                let server = Telegram::start(behaviour);
                keeps_the_token(&server.base_url());
            });
        }
    });
}

#[test]
fn a_url_that_makes_no_sense_does_not_show_the_token() {
    for base_url in
        ["http://", "http://[::1", "http://127.0.0.1:99999", "http://a b", "ftp://x", "http://127.0.0.1:1"]
    {
        keeps_the_token(base_url);
    }
}

fn keeps_the_token(base_url: &str) {
    let world = World::new();
    let channels = [telegram(base_url)];
    world.put(&world.alert("a"), &channels);
    let delivery = world.deliver_within(&channels, Duration::from_millis(2700));
    assert!(!error_of(&delivery, "telegram").is_empty(), "{delivery:?}");
    assert!(!shows_token(&format!("{delivery:?}")), "{delivery:?}");
    let stored = std::fs::read_to_string(world.file("data/outbox/a.json")).expect("still there");
    assert!(!shows_token(&stored), "{stored}");
}

#[test]
fn a_token_file_that_will_not_do_says_what_to_do() {
    let world = World::new();
    let channel = telegram("http://127.0.0.1:1");
    let path = world.file("telegram-token");
    assert_eq!(fault(world.sys.store, world.path(), &channel), None);
    let set = |content: &str, mode: u32| {
        std::fs::write(&path, content).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        fault(world.sys.store, world.path(), &channel).unwrap_or_default()
    };
    let shown = path.display();
    for (content, mode, says) in [
        (TOKEN, 0o640, format!("{shown} can be read by others (mode 640): chmod 600 {shown}")),
        (TOKEN, 0o604, "can be read by others (mode 604)".to_owned()),
        ("\n", 0o600, "is empty: put the bot's token into it".to_owned()),
        ("123456:AB CD/../x", 0o600, "holds no bot token".to_owned()),
        ("not a token \u{7}", 0o600, "is not one line of text: put the bot's token into it".to_owned()),
    ] {
        let error = set(content, mode);
        assert!(error.contains(&says), "{content:?}: {error}");
        assert!(content.trim().is_empty() || !error.contains(content), "{error}");
    }
    std::fs::remove_file(&path).expect("was there");
    let error = fault(world.sys.store, world.path(), &channel).expect("a fault");
    assert!(error.contains("is missing: put the bot's token into it, then chmod 600"), "{error}");
    world.put(&world.alert("a"), std::slice::from_ref(&channel));
    let delivery = world.deliver(std::slice::from_ref(&channel));
    assert!(delivery.channels["telegram"].state.is_broken());
    assert_eq!(error_of(&delivery, "telegram"), error);
}
