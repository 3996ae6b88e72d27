//! Placeholders become values, or the renderer says why they cannot.

use holdfast_setup::render::{Platform, Refused, render};

use super::{plain, rendered, ugly};

#[test]
fn nothing_is_left_to_fill_in() {
    for platform in Platform::ALL {
        for (name, text) in rendered(platform, &plain(platform)) {
            for placeholder in ["@BIN@", "@ROOT@", "@USER@", "@GROUP@", "@BOT_USER@", "@PIPELINE@"] {
                assert!(!text.contains(placeholder), "{name}: {placeholder} is left");
            }
        }
    }
}

#[test]
fn a_value_is_never_taken_for_a_placeholder() {
    let text = render(Platform::Systemd, "a=@ROOT@\n", &ugly(Platform::Systemd)).unwrap();
    assert_eq!(text, "a=/srv/@USER@/größe 取引; # x\n");
}

#[test]
fn xml_is_ascii_whatever_the_values_are() {
    for platform in [Platform::Launchd, Platform::Windows] {
        for (name, text) in rendered(platform, &ugly(platform)) {
            assert!(text.is_ascii(), "{name} is not ASCII");
        }
    }
}

#[test]
fn an_unknown_placeholder_is_refused() {
    let refused = render(Platform::Systemd, "a=@ROOT@ @ROOD@", &plain(Platform::Systemd)).unwrap_err();
    assert_eq!(refused, Refused::Unknown("@ROOD@".to_owned()));
}

#[test]
fn what_a_format_cannot_write_is_refused() {
    let cases = [
        (Platform::Launchd, ""),
        (Platform::Launchd, "relative/root"),
        (Platform::Launchd, "/srv/a\nb"),
        (Platform::Systemd, "srv/bot"),
        (Platform::Systemd, "/srv/a\"b"),
        (Platform::Systemd, "/srv/a'b"),
        (Platform::Systemd, "/srv/a\\b"),
        (Platform::Systemd, "/srv/$HOME"),
        (Platform::SystemdUser, "/srv/a\tb"),
        (Platform::Windows, "/srv/bot"),
        (Platform::Windows, r"C:"),
        (Platform::Windows, r"C:\a%TEMP%"),
        (Platform::Windows, r"C:\a$(Arg0)"),
        (Platform::Windows, "C:\\a\"b"),
        (Platform::Windows, r"C:\root\"),
    ];
    for (platform, root) in cases {
        let mut values = plain(platform);
        values.root = root.to_owned();
        let refused = render(platform, "--root \"@ROOT@\"", &values).unwrap_err();
        let Refused::Value { placeholder, value, .. } = &refused else {
            panic!("{platform:?} {root:?}: {refused}")
        };
        assert_eq!((*placeholder, value.as_str()), ("@ROOT@", root), "{platform:?}");
    }
}
