//! Servers with a certificate of an authority of one's own.

use std::path::Path;

use super::peers::{Certificates, Sink};
use super::secret;
use crate::{Ended, Scratch};

/// Tries the channels with this `SSL_CERT_FILE`.
fn test_alert(scratch: &Scratch, trusted: Option<&Path>) -> Ended {
    let mut command = scratch.command(&["test-alert"]);
    if let Some(file) = trusted {
        command.env("SSL_CERT_FILE", file);
    }
    Ended::of(&command.output().expect("watchdog starts"))
}

#[test]
fn a_mail_goes_encrypted_with_a_login_and_not_to_a_stranger() {
    let scratch = Scratch::new();
    let certificates = Certificates::make(&scratch.path(""));
    for (security, tls) in [("tls", "implicit"), ("starttls", "starttls")] {
        let login = ["--tls", tls, "--login", "me:pass word"];
        let sink = Sink::start(&[&login[..], &certificates.args()].concat());
        let port = sink.port;
        let config = format!(
            "[[channel]]\nkind = \"smtp\"\nhost = \"localhost\"\nport = {port}\nsecurity = \"{security}\"\n\
             user = \"me\"\npassword_file = \"secrets/smtp\"\nfrom = \"watchdog@example.com\"\nto = [\"me@example.com\"]\n"
        );
        scratch.put("holdfast.toml", &config);
        secret(&scratch, "smtp", "pass word\n");
        let works = test_alert(&scratch, Some(&certificates.authority));
        assert_eq!(
            (works.code, works.out.as_str()),
            (Some(0), "smtp smtp: works\n"),
            "{security}: {works:?}"
        );
        let mail = sink.next();
        assert_eq!((&mail["encrypted"], &mail["login"]), (&true.into(), &"me".into()), "{mail}");
        assert!(
            mail["headers"]["subject"].as_str().is_some_and(|s| s.ends_with("Holdfast test alert")),
            "{mail}"
        );

        let stranger = test_alert(&scratch, None);
        assert_eq!(stranger.code, Some(69));
        let says = "its certificate is not trusted: if it is your own, name a file with the certificate of its authority \
                    in SSL_CERT_FILE; if not, somebody else answers";
        assert!(stranger.out.contains(says), "{security}: {stranger:?}");
        let gone = test_alert(&scratch, Some(&scratch.path("gone.pem")));
        assert!(gone.out.contains("gone.pem is missing)"), "{security}: {gone:?}");

        secret(&scratch, "smtp", "pass-wrong\n");
        let wrong = test_alert(&scratch, Some(&certificates.authority));
        assert!(
            wrong.out.contains("DOES NOT WORK: ") && wrong.out.contains("the login is not valid"),
            "{wrong:?}"
        );
        assert!(!wrong.out.contains("pass-wrong"), "{wrong:?}");
        assert!(sink.is_empty());
    }
}

#[test]
fn the_certificate_is_for_another_name() {
    let scratch = Scratch::new();
    let certificates = Certificates::make(&scratch.path(""));
    let sink = Sink::start(&[&["--tls", "implicit"][..], &certificates.args()].concat());
    let config = format!(
        "[[channel]]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\nfrom = \"watchdog@example.com\"\nto = [\"me@example.com\"]\n",
        sink.port
    );
    scratch.put("holdfast.toml", &config);
    let ended = test_alert(&scratch, Some(&certificates.authority));
    assert!(ended.out.contains("write the name for which it is made, or somebody else answers"), "{ended:?}");
}

#[test]
fn https_trusts_the_same() {
    let scratch = Scratch::new();
    let certificates = Certificates::make(&scratch.path(""));
    let sink = Sink::https(&certificates);
    let (port, name) = (sink.port, "https://localhost");
    let config = format!("[[channel]]\nkind = \"ntfy\"\ntopic = \"desk\"\nbase_url = \"{name}:{port}\"\n");
    scratch.put("holdfast.toml", &config);
    let stranger = test_alert(&scratch, None);
    assert!(stranger.out.contains("its certificate is not trusted: if it is your own"), "{stranger:?}");
    let works = test_alert(&scratch, Some(&certificates.authority));
    assert_eq!((works.code, works.out.as_str()), (Some(0), "ntfy ntfy: works\n"), "{works:?}");
    assert_eq!(sink.next()["topic"], "desk");
}
