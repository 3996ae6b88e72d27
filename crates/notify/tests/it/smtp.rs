//! The channel `smtp` against a mail server of other people's.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use holdfast::config::{Channel, ChannelKind, Security};
use holdfast_notify::{Alert, Delivery, Note, fault};
use serde_json::json;

use crate::peers::{Certificates, Sink};
use crate::{World, channel, error_of, kinds, secret};

/// A channel, but for its port.
struct Mail<'a> {
    host: &'a str,
    security: Security,
    login: Option<(&'a str, PathBuf)>,
    from: &'a str,
    to: &'a [&'a str],
}

const PLAIN: Mail<'static> = Mail {
    host: "127.0.0.1",
    security: Security::None,
    login: None,
    from: "watchdog@example.com",
    to: &["me@example.com"],
};

impl Mail<'_> {
    fn at(self, port: u16) -> Channel {
        let kind = ChannelKind::Smtp {
            host: self.host.to_owned(),
            port,
            security: self.security,
            login: self.login.map(|(user, file)| (user.to_owned(), file)),
            from: self.from.to_owned(),
            to: self.to.iter().map(|&to| to.to_owned()).collect(),
        };
        channel("smtp", kind)
    }
}

fn send(world: &World, channel: &Channel, alert: &Alert) -> Delivery {
    let channels = [channel.clone()];
    world.put(alert, &channels);
    world.deliver_within(&channels, Duration::from_millis(2900))
}

#[test]
fn a_mail_is_what_mail_programs_read() {
    let world = World::new();
    let sink = Sink::start(&[]);
    let from = "Wächter <watchdog@example.com>";
    let channel =
        Mail { from, to: &["me@example.com", "\"Desk, the\" <desk@example.org>"], ..PLAIN }.at(sink.port);
    let text = "Größe: 7\n.\n..two dots\nQUIT\n".to_owned() + &"x".repeat(3000) + "\n\nend";
    let subject = "[mini] NEW: trader-run is stale – 1260s > 900s".to_owned();
    let alert = Alert { at: 1_795_248_000.0, text, subject, ..world.alert("20261121T080000Z-7f3a-opened") };
    let delivery = send(&world, &channel, &alert);
    assert!(delivery.all_heard() && delivery.notes.is_empty(), "{delivery:?}");
    let mail = sink.next();
    assert_eq!(mail["sender"], "watchdog@example.com");
    assert_eq!(mail["receivers"], json!(["me@example.com", "desk@example.org"]));
    let headers = &mail["headers"];
    assert_eq!(headers["subject"], alert.subject.as_str());
    assert_eq!(headers["from"], "Wächter <watchdog@example.com>");
    assert_eq!(headers["to"], "me@example.com, \"Desk, the\" <desk@example.org>");
    assert_eq!(headers["date"], "Sat, 21 Nov 2026 08:00:00 +0000");
    assert_eq!(headers["message-id"], "<20261121T080000Z-7f3a-opened@example.com>");
    assert_eq!(headers["content-type"], "text/plain; charset=\"utf-8\"");
    assert_eq!(headers["auto-submitted"], "auto-generated");
    let text = mail["text"].as_str().expect("text").replace("\r\n", "\n");
    assert_eq!(text, alert.message(usize::MAX) + "\n");
    assert_eq!((&mail["defects"], &mail["bare"]), (&json!([]), &json!(0)));
    assert!(mail["longest"].as_u64().expect("a number") <= 998, "{mail}");
}

#[test]
fn a_login_by_either_way() {
    let sinks = ["PLAIN", "LOGIN"].map(|only| Sink::start(&["--login", "me:pass word", "--only", only]));
    for sink in &sinks {
        let world = World::new();
        let login = |file| Mail { login: Some(("me", file)), ..PLAIN }.at(sink.port);
        let right = login(secret(&world, "right", "pass word"));
        assert!(send(&world, &right, &world.alert("a")).all_heard());
        assert_eq!(sink.next()["login"], "me");

        let wrong = login(secret(&world, "wrong", "pass-wrong"));
        let delivery = send(&world, &wrong, &world.alert("b"));
        let says = "says 535 5.7.8 Authentication credentials invalid to the login; the login is not valid: check user, \
                    and put the right password into password_file";
        assert!(error_of(&delivery, "smtp").ends_with(says), "{delivery:?}");
        assert!(delivery.channels["smtp"].state.is_broken());

        let none = PLAIN.at(sink.port);
        let delivery = send(&world, &none, &world.alert("c"));
        assert!(error_of(&delivery, "smtp").contains("says 530"), "{delivery:?}");
        assert!(
            error_of(&delivery, "smtp").contains("check security, user and password_file"),
            "{delivery:?}"
        );
        assert!(sink.is_empty());
    }
}

#[test]
fn each_refusal_is_what_it_says() {
    // What the server says to what, whether the channel is broken then, and what the error says.
    let cases: [(&[&str], bool, &str); 8] = [
        (
            &["--refuse", "me@example.com=550 5.1.1 no such user"],
            true,
            "to the receiver me@example.com; no receiver is known there: check to",
        ),
        (
            &["--refuse", "me@example.com=450 4.2.0 greylisted"],
            false,
            "says 450 4.2.0 greylisted to the receiver me@example.com",
        ),
        (&["--refuse", "me@example.com=421 4.3.2 shutting down"], false, "says 421 4.3.2 shutting down"),
        (
            &["--sender", "553 5.7.1 not your address"],
            true,
            "to the sender; it does not take mail from this sender",
        ),
        (&["--sender", "452 4.3.1 disk full"], false, "says 452 4.3.1 disk full to the sender"),
        (
            &["--text", "554 5.7.1 spam"],
            true,
            "says 554 5.7.1 spam to the mail itself; it does not take this mail",
        ),
        (&["--text", "451 4.3.0 try again"], false, "says 451 4.3.0 try again to the mail itself"),
        (&["--text", "552 5.3.4 too large"], true, "says 552 5.3.4 too large to the mail itself"),
    ];
    std::thread::scope(|scope| {
        for (args, broken, says) in cases {
            scope.spawn(move || {
                let world = World::new();
                let sink = Sink::start(args);
                let delivery = send(&world, &PLAIN.at(sink.port), &world.alert("a"));
                let error = error_of(&delivery, "smtp");
                assert!(error.contains(says), "{args:?}: {error}");
                assert_eq!(delivery.channels["smtp"].state.is_broken(), broken, "{args:?}: {error}");
                assert_eq!(delivery.unheard, ["a"], "{args:?}");
                assert!(sink.is_empty(), "{args:?}");
            });
        }
    });
}

#[test]
fn a_refused_receiver_does_not_hold_up_the_others_and_is_told_once() {
    let world = World::new();
    let sink = Sink::start(&["--refuse", "gone@example.com=550 5.1.1 no such user"]);
    let channel = Mail { to: &["gone@example.com", "me@example.com"], ..PLAIN }.at(sink.port);
    let first = send(&world, &channel, &world.alert("a"));
    assert!(first.all_heard() && first.channels["smtp"].state.works(), "{first:?}");
    assert_eq!(sink.next()["receivers"], json!(["me@example.com"]));
    let why = "its server refuses gone@example.com (550 5.1.1 no such user), and took the mail for the others: check to";
    assert_eq!(first.notes, [Note::Missed { channel: "smtp".to_owned(), why: why.to_owned() }]);
    assert_eq!((kinds(&first)[0], &first.events[0].fields["missed"]), ("alert-accepted", &json!(why)));
    assert_eq!(error_of(&first, "smtp"), why);
    let second = send(&world, &channel, &world.alert("b"));
    assert!(second.notes.is_empty() && error_of(&second, "smtp") == why, "{second:?}");
    // Once mended, a new fault is news.
    let good = PLAIN.at(Sink::start(&[]).port);
    assert!(!send(&world, &good, &world.alert("c")).all_heard(), "that server is gone");
    let mended = PLAIN.at(sink.port);
    assert!(send(&world, &mended, &world.alert("d")).notes.is_empty());
    assert_eq!(send(&world, &channel, &world.alert("e")).notes.len(), 1);
}

#[test]
fn the_certificate_of_a_stranger_is_refused_and_so_is_a_server_without_encryption() {
    let world = World::new();
    let certificates = Certificates::make(world.path());
    let with = |tls: &'static str| [&["--tls", tls][..], &certificates.args()].concat();
    let sinks = [Sink::start(&with("implicit")), Sink::start(&with("starttls")), Sink::start(&[])];
    let cases = [
        (&sinks[0], Security::Tls, false, "its certificate is not trusted: if it is your own, name a file"),
        (
            &sinks[1],
            Security::Starttls,
            false,
            "its certificate is not trusted: if it is your own, name a file",
        ),
        (
            &sinks[2],
            Security::Starttls,
            true,
            "offers no STARTTLS, so nothing was sent: check port, or write",
        ),
        (&sinks[2], Security::Tls, false, "no TLS there; try security = \"starttls\""),
        (
            &sinks[1],
            Security::None,
            true,
            "says 530 Must issue a STARTTLS command first to the sender; it wants encryption",
        ),
    ];
    for (number, (sink, wanted, broken, says)) in cases.into_iter().enumerate() {
        let channel = Mail { host: "localhost", security: wanted, ..PLAIN }.at(sink.port);
        let delivery = send(&world, &channel, &world.alert(&format!("a{number}")));
        let error = error_of(&delivery, "smtp");
        assert!(error.contains(says), "{wanted:?}: {error}");
        assert_eq!(delivery.channels["smtp"].state.is_broken(), broken, "{wanted:?}: {error}");
        assert!(sinks.iter().all(Sink::is_empty));
    }
}

/// A server that says the first of these when somebody comes, and then one after each line; it repeats what it heard where
/// that has `{}`. Returns its port.
fn scripted(says: &'static [&'static str]) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
            let mut heard = String::new();
            for text in says {
                // A client that goes away has its reasons.
                let _ = (&stream).write_all(text.replace("{}", &heard).as_bytes());
                let Some(Ok(line)) = lines.next() else { break };
                heard = line;
            }
            // It stays until the client has gone.
            lines.map_while(Result::ok).for_each(drop);
        }
    });
    port
}

#[test]
fn odd_servers_are_understood_or_told() {
    let cases: [(&'static [&'static str], bool, &str); 10] = [
        (
            &["554 no mail from you\r\n"],
            true,
            "says 554 no mail from you to our coming; it does not serve us: check host",
        ),
        (&["421 too busy\r\n"], false, "says 421 too busy to our coming"),
        (&["220 x\r\n", "502 what\r\n"], true, "says 502 what to EHLO; it does not serve us: check host"),
        (&["220 x\r\n", "hello\r\n"], false, "answers, not as a mail server does"),
        (&["HTTP/1.1 400 Bad Request\r\n"], false, "answers, not as a mail server does"),
        (
            &["220 x\r\n", "250 x\r\n", "250 ok\r\n", "250 ok\r\n", "554 \u{1b}[31mno\r\n"],
            true,
            "says 554 [31mno to the mail itself",
        ),
        // One answer too many: what follows is one behind, and 354 is no yes to the mail.
        (
            &["220 x\r\n", "250 x\r\n", "250 ok\r\n", "250 ok\r\n250 ok\r\n", "354 go\r\n"],
            false,
            "answers 250 to the mail itself, not as a mail server does",
        ),
        (
            &["220 x\r\n", "250 x\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n354 go\r\n"],
            false,
            "answers 354 to the mail itself, not as a mail server does",
        ),
        (&["220 x\r\n", "354 x\r\n"], false, "answers 354 to EHLO, not as a mail server does"),
        (&["354 x\r\n"], false, "answers 354 to our coming, not as a mail server does"),
    ];
    std::thread::scope(|scope| {
        for (says, broken, error_says) in cases {
            scope.spawn(move || {
                let world = World::new();
                let delivery = send(&world, &PLAIN.at(scripted(says)), &world.alert("a"));
                let error = error_of(&delivery, "smtp");
                assert!(error.contains(error_says), "{says:?}: {error}");
                assert_eq!(delivery.channels["smtp"].state.is_broken(), broken, "{says:?}: {error}");
            });
        }
    });
}

#[test]
fn a_login_is_a_yes_to_the_login() {
    let world = World::new();
    let login = Some(("me", secret(&world, "password", "pass word")));
    let says = &["220 x\r\n", "250-x\r\n250 AUTH PLAIN\r\n", "250 ok\r\n"];
    let delivery = send(&world, &Mail { login, ..PLAIN }.at(scripted(says)), &world.alert("a"));
    let error = error_of(&delivery, "smtp");
    assert!(error.ends_with("answers 250 to the login, not as a mail server does"), "{error}");
}

#[test]
fn an_old_server_that_ends_lines_as_it_likes_is_understood() {
    let world = World::new();
    let says = &[
        "220-sink\n220 speaks LF\n",
        "250-sink\n250-SIZE\n250 HELP\n",
        "250 ok\n",
        "250 ok\n",
        "354 go\n",
        "250\n",
    ];
    assert!(send(&world, &PLAIN.at(scripted(says)), &world.alert("a")).all_heard());
}

#[test]
fn no_failure_shows_the_password() {
    for says in [
        &["220 x\r\n", "250-x\r\n250 AUTH PLAIN\r\n", "535 no: {}\r\n"][..],
        &[
            "220 x\r\n",
            "250-x\r\n250 AUTH LOGIN\r\n",
            "334 VXNlcm5hbWU6\r\n",
            "334 UGFzc3dvcmQ6\r\n",
            "535 no: {}\r\n",
        ],
    ] {
        let world = World::new();
        let login = Some(("me", secret(&world, "password", "SECRET-SECRET")));
        let delivery = send(&world, &Mail { login, ..PLAIN }.at(scripted(says)), &world.alert("a"));
        let error = error_of(&delivery, "smtp");
        assert!(error.contains("says 535 no: ") && error.contains("***"), "{error}");
        // As it is, and as either way of a login sends it.
        for shown in ["SECRET", "AG1lAFNFQ1JFVC1TRUNSRVQ", "U0VDUkVULVNFQ1JFVA"] {
            assert!(!format!("{delivery:?}").contains(shown), "{delivery:?}");
        }
    }
}

#[test]
fn a_cut_leaves_no_part_of_the_password() {
    let world = World::new();
    let login = Some(("me", secret(&world, "password", "SECRET-SECRET")));
    let no: &'static str = format!("535 {} SECRET-SECRET\r\n", "x".repeat(189)).leak();
    let says: &'static [&'static str] = vec!["220 x\r\n", "250-x\r\n250 AUTH PLAIN\r\n", no].leak();
    let delivery = send(&world, &Mail { login, ..PLAIN }.at(scripted(says)), &world.alert("a"));
    assert!(
        error_of(&delivery, "smtp").contains("xxx") && !format!("{delivery:?}").contains("SEC"),
        "{delivery:?}"
    );
}

#[test]
fn nothing_that_was_said_before_the_encryption_counts() {
    let world = World::new();
    let port = scripted(&["220 sink\r\n", "250-sink\r\n250 STARTTLS\r\n", "220 go\r\n250 injected\r\n"]);
    let channel = Mail { security: Security::Starttls, ..PLAIN }.at(port);
    let delivery = send(&world, &channel, &world.alert("a"));
    assert!(error_of(&delivery, "smtp").contains("it speaks before the encryption begins"), "{delivery:?}");
}

#[test]
fn what_is_wrong_is_said_without_sending() {
    let world = World::new();
    for (mail, says) in [
        (PLAIN, ""),
        (Mail { host: "mail host", ..PLAIN }, "host \"mail host\" is no name of a server"),
        (Mail { from: "a b@c", ..PLAIN }, "\"a b@c\" is not a mail address ("),
        (Mail { to: &["mich@bücher.example"], ..PLAIN }, "it is not ASCII; a domain begins with xn--"),
        (Mail { to: &[], ..PLAIN }, "to is empty: name a receiver"),
        (
            Mail { login: Some(("me", "gone".into())), ..PLAIN },
            "gone is missing: put the password into it, then chmod 600",
        ),
    ] {
        let channel = mail.at(25);
        let error = fault(world.sys.store, world.path(), &channel).unwrap_or_default();
        assert!(error.contains(says) && says.is_empty() == error.is_empty(), "{error}");
    }
}
