//! What people are told.

use serde::{Deserialize, Serialize};

/// Stands where a message was cut.
const CUT: &str = "… (cut)";

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// An incident opened.
    Opened,
    /// It is still open.
    Repeat,
    /// It got worse, or nobody has acknowledged it.
    Worse,
    /// It is over.
    Closed,
    /// Something people should know that is no incident: a resume, a broken channel.
    Notice,
    /// The daily reminder or digest.
    Reminder,
    /// Somebody tries the channels.
    Test,
}

impl AlertKind {
    /// What this says in files; a notice, if nobody knows.
    pub fn named(name: &str) -> Self {
        let all = [Self::Opened, Self::Repeat, Self::Worse, Self::Closed, Self::Reminder, Self::Test];
        all.into_iter().find(|kind| kind.as_str() == name).unwrap_or(Self::Notice)
    }

    /// As it stands in files and in `HOLDFAST_KIND`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Repeat => "repeat",
            Self::Worse => "worse",
            Self::Closed => "closed",
            Self::Notice => "notice",
            Self::Reminder => "reminder",
            Self::Test => "test",
        }
    }
}

/// One message for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Names the alert and its file in the outbox: at most 120 of `A-Z a-z 0-9 . _ -`, no dot first.
    pub id: String,
    /// The incident that it belongs to; copies of a message are known by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// The other incidents that it speaks of, and what each has come to: a service that keeps incidents of its own is told
    /// of each by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<(String, AlertKind)>,
    /// What it is about.
    pub kind: AlertKind,
    /// Goes to every channel of this level or lower.
    pub level: u8,
    /// The one line that says it all.
    pub subject: String,
    /// The rest. The incident's id need not stand in it: every message ends with that.
    pub text: String,
    /// When it was made, by the wall clock.
    pub at: f64,
    /// When it is no longer worth telling.
    pub expires_at: f64,
}

impl Alert {
    /// The message as plain text of at most `max` UTF-16 units, ending with the id by which copies are known.
    /// What does not fit is cut from the text, and the message says so.
    pub fn message(&self, max: usize) -> String {
        let body = if self.text.is_empty() {
            self.subject.clone()
        } else {
            format!("{}\n\n{}", self.subject, self.text)
        };
        self.footed(&body, max, char::len_utf16)
    }

    /// The message where its subject stands above it: at most `max` by a `measure` of characters.
    pub(crate) fn details(&self, max: usize, measure: fn(char) -> usize) -> String {
        let body = if self.text.is_empty() { &self.subject } else { &self.text };
        self.footed(body, max, measure)
    }

    fn footed(&self, body: &str, max: usize, measure: fn(char) -> usize) -> String {
        let foot = match &self.incident {
            Some(incident) => format!("\n\nincident {incident}"),
            None => format!("\n\nalert {}", self.id),
        };
        // Neither an argument nor an environment variable can carry a NUL.
        let body = body.replace('\0', "");
        format!("{}{foot}", cut_by(&body, max.saturating_sub(length(&foot, measure)), measure))
    }
}

fn length(text: &str, measure: fn(char) -> usize) -> usize {
    text.chars().map(measure).sum()
}

/// At most `max` UTF-16 units of `text`, as Telegram counts it, marked if it was longer.
pub(crate) fn cut(text: &str, max: usize) -> String {
    cut_by(text, max, char::len_utf16)
}

fn cut_by(text: &str, max: usize, measure: fn(char) -> usize) -> String {
    if length(text, measure) <= max {
        return text.to_owned();
    }
    let room = max.saturating_sub(length(CUT, measure));
    let mut used = 0;
    let fits = |c: &char| {
        used += measure(*c);
        used <= room
    };
    text.chars().take_while(fits).collect::<String>() + CUT
}

/// `text` as one line of at most `max` characters without control characters: it may come from a hostile
/// server or a script, and goes to logs and terminals.
pub(crate) fn one_line(text: &str, max: usize) -> String {
    let mut words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default().to_owned();
    cut(&words.fold(first, |line, word| line + " " + word), max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alert(subject: &str, text: &str) -> Alert {
        Alert {
            id: "20261121T080000Z-7f3a-opened".to_owned(),
            incident: Some("20261121T080000Z-7f3a".to_owned()),
            others: Vec::new(),
            kind: AlertKind::Opened,
            level: 1,
            subject: subject.to_owned(),
            text: text.to_owned(),
            at: 0.0,
            expires_at: 60.0,
        }
    }

    #[test]
    fn a_message_is_subject_text_and_the_id_of_its_incident() {
        assert_eq!(
            alert("trader-run: stale", "1260s > 900s").message(4096),
            "trader-run: stale\n\n1260s > 900s\n\nincident 20261121T080000Z-7f3a"
        );
        let lone = Alert { incident: None, text: String::new(), ..alert("hello", "") };
        assert_eq!(lone.message(4096), "hello\n\nalert 20261121T080000Z-7f3a-opened");
    }

    #[test]
    fn kinds_are_written_as_they_are_named() {
        use AlertKind::{Closed, Notice, Opened, Reminder, Repeat, Test, Worse};
        for kind in [Opened, Repeat, Worse, Closed, Notice, Reminder, Test] {
            assert_eq!(serde_json::to_value(kind).expect("a name"), kind.as_str());
            assert_eq!(AlertKind::named(kind.as_str()), kind);
        }
    }

    #[test]
    fn what_a_server_says_becomes_one_harmless_line() {
        assert_eq!(one_line("a\x1b[31m\r\n b\u{7}\0c\n", 80), "a [31m b c");
        assert_eq!(one_line(&"x".repeat(100), 20), format!("{}… (cut)", "x".repeat(13)));
    }

    proptest! {
        #[test]
        fn a_message_never_exceeds_its_limit_and_keeps_its_id(text in "\\PC{0,400}", max in 60_usize..600) {
            let alert = alert("s", &text);
            let message = alert.message(max);
            prop_assert!(message.encode_utf16().count() <= max);
            prop_assert!(message.ends_with("incident 20261121T080000Z-7f3a"));
            let whole = alert.message(usize::MAX);
            prop_assert_eq!(message == whole, whole.encode_utf16().count() <= max);
            prop_assert_eq!(message == whole, !message.contains(CUT));
            let details = alert.details(max, char::len_utf8);
            prop_assert!(details.len() <= max && details.ends_with("incident 20261121T080000Z-7f3a"));
        }
    }
}
