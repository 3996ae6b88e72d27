//! The channel `desktop`: a notification, through the program that the operating system has for that.
//!
//! No text of an alert ever stands in a script: it is an argument, or a variable of the environment.

use std::io::ErrorKind;
use std::path::Path;

use holdfast::sys::{Ended, Job, Spawner};

use crate::alert::{Alert, AlertKind, one_line};
use crate::command::failure;
use crate::transport::{Sending, Verdict};

/// What a notification shows, in UTF-16 units.
const TITLE_MAX: usize = 200;
const TEXT_MAX: usize = 1000;

/// How this operating system shows a notification.
struct Notifier {
    os: &'static str,
    argv: fn(&Alert) -> Vec<String>,
    /// Who has no such program does this.
    install: &'static str,
    /// What to do when it fails.
    mend: &'static str,
}

const NOTIFIERS: [Notifier; 3] = [
    Notifier {
        os: "linux",
        argv: notify_send,
        install: "install it (Debian: libnotify-bin), or take another channel",
        mend: "it needs the session of a user who is logged in (DBUS_SESSION_BUS_ADDRESS) and a notification daemon \
               there; a service of the system has neither, so take another channel for it",
    },
    Notifier {
        os: "macos",
        argv: osascript,
        install: "it belongs to macOS: mend PATH",
        mend: "it needs the session of a user who is logged in: run watchdog as a LaunchAgent, or take another channel",
    },
    Notifier {
        os: "windows",
        argv: powershell,
        install: "it belongs to Windows: mend PATH",
        mend: "it needs the session of a user who is logged in: run the task only when the user is logged on, or take \
               another channel",
    },
];

fn notifier(os: &str) -> Result<&'static Notifier, String> {
    let found = NOTIFIERS.iter().find(|notifier| notifier.os == os);
    found
        .ok_or_else(|| format!("no program is known that shows a notification on {os}: take another channel"))
}

/// Why there can be none on this host.
pub(crate) fn fault() -> Option<String> {
    notifier(std::env::consts::OS).err()
}

/// Shows it.
pub(crate) fn send(spawner: &dyn Spawner, root: &Path, sending: &Sending) -> Verdict {
    let notifier = match notifier(std::env::consts::OS) {
        Ok(notifier) => notifier,
        Err(why) => return Verdict::refused(why),
    };
    let job = job(notifier, root, sending);
    let program = &job.argv[0];
    match spawner.run(&job) {
        Ok(outcome) if outcome.ok() => Verdict::Accepted,
        Ok(outcome) if matches!(outcome.ended, Ended::Code(_)) => {
            Verdict::refused(format!("{}; {}", failure(program, &outcome, sending), notifier.mend))
        }
        Ok(outcome) => Verdict::later(failure(program, &outcome, sending)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Verdict::refused(format!("{program} was not found: {}", notifier.install))
        }
        Err(error) => Verdict::later(format!("{program} could not be run: {error}")),
    }
}

fn job(notifier: &Notifier, root: &Path, sending: &Sending) -> Job {
    let alert = &sending.alert;
    let env = [("HOLDFAST_TITLE", title(alert)), ("HOLDFAST_TEXT", text(alert))];
    Job {
        argv: (notifier.argv)(alert),
        env: env.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        dir: Some(root.to_owned()),
        stdin: Vec::new(),
        timeout: sending.timeout,
    }
}

fn title(alert: &Alert) -> String {
    one_line(&alert.subject, TITLE_MAX)
}

fn text(alert: &Alert) -> String {
    alert.details(TEXT_MAX, char::len_utf16)
}

fn notify_send(alert: &Alert) -> Vec<String> {
    let urgent = matches!(alert.kind, AlertKind::Opened | AlertKind::Repeat | AlertKind::Worse);
    let urgency = if urgent { "--urgency=critical" } else { "--urgency=normal" };
    // Daemons read markup in the text, and drop what is none.
    let plain = text(alert).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    argv(&["notify-send", "--app-name=Holdfast", urgency, "--", &title(alert), &plain])
}

fn osascript(alert: &Alert) -> Vec<String> {
    // The first argument only keeps those that follow from being taken for options.
    argv(&[
        "osascript",
        "-e",
        "on run argv",
        "-e",
        "display notification (item 3 of argv) with title \"Holdfast\" subtitle (item 2 of argv)",
        "-e",
        "end run",
        "holdfast",
        &title(alert),
        &text(alert),
    ])
}

fn powershell(_: &Alert) -> Vec<String> {
    const SCRIPT: &str = "$ErrorActionPreference = 'Stop'; \
        $null = [Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]; \
        $kind = [Windows.UI.Notifications.ToastTemplateType]::ToastText02; \
        $toast = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent($kind); \
        $texts = $toast.GetElementsByTagName('text'); \
        $null = $texts.Item(0).AppendChild($toast.CreateTextNode($env:HOLDFAST_TITLE)); \
        $null = $texts.Item(1).AppendChild($toast.CreateTextNode($env:HOLDFAST_TEXT)); \
        $app = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'; \
        $notification = [Windows.UI.Notifications.ToastNotification]::new($toast); \
        [Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($app).Show($notification)";
    argv(&["powershell.exe", "-NoProfile", "-NonInteractive", "-Command", SCRIPT])
}

fn argv(argv: &[&str]) -> Vec<String> {
    argv.iter().map(|argument| (*argument).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_stands_in_a_script() {
        let evil = "--help\"; $(touch x) `x` $env:x {{ & do shell script \"x\" <b>";
        let alert = Alert {
            id: "a".to_owned(),
            incident: None,
            others: Vec::new(),
            kind: AlertKind::Opened,
            level: 1,
            subject: evil.to_owned(),
            text: evil.to_owned(),
            at: 0.0,
            expires_at: 60.0,
        };
        // Where the arguments begin that no program reads as anything else.
        for (os, text_from) in [("linux", 4), ("macos", 8), ("windows", usize::MAX)] {
            let argv = (notifier(os).expect("a notifier").argv)(&alert);
            for (place, argument) in argv.iter().enumerate() {
                assert_eq!(argument.contains("do shell script"), place >= text_from, "{os}: {argument}");
            }
        }
        let linux = notify_send(&alert);
        assert_eq!(linux[3], "--");
        assert!(linux[5].contains("&amp; do shell script") && linux[5].contains("&lt;b&gt;"), "{linux:?}");
        assert!(notifier("plan9").is_err_and(|why| why.contains("plan9: take another channel")));
    }
}
