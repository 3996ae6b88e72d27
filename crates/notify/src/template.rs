//! The body of a webhook from a template: JSON, in whose strings `{{name}}` and `{{name:300}}` are filled in.
//!
//! The template is read as JSON before anything is filled in, so that no text of an alert can break it.

use holdfast::json::Value;
use holdfast::time::iso;

use crate::alert::{Alert, AlertKind, cut};

/// No bound is smaller: the mark of a cut must fit.
const BOUND_LEAST: usize = 20;
/// The same for what ends with the id of an incident.
const MESSAGE_LEAST: usize = 200;

/// What can be filled in.
#[derive(Clone, Copy, PartialEq)]
enum Slot {
    Id,
    Incident,
    Key,
    Kind,
    Level,
    Subject,
    Text,
    Message,
    Host,
    At,
    EventAction,
    Severity,
}

const SLOTS: [(&str, Slot); 12] = [
    ("id", Slot::Id),
    ("incident", Slot::Incident),
    ("key", Slot::Key),
    ("kind", Slot::Kind),
    ("level", Slot::Level),
    ("subject", Slot::Subject),
    ("text", Slot::Text),
    ("message", Slot::Message),
    ("host", Slot::Host),
    ("at", Slot::At),
    ("event_action", Slot::EventAction),
    ("severity", Slot::Severity),
];

/// What a body tells of.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) alert: &'a Alert,
    pub(crate) host: &'a str,
}

impl Facts<'_> {
    fn get(&self, slot: Slot, most: usize) -> String {
        let alert = self.alert;
        let text = match slot {
            Slot::Id => alert.id.clone(),
            Slot::Incident => alert.incident.clone().unwrap_or_default(),
            // One for each incident: a service knows by it which of its own is meant.
            Slot::Key => alert.incident.as_ref().unwrap_or(&alert.id).clone(),
            Slot::Kind => alert.kind.as_str().to_owned(),
            Slot::Level => alert.level.to_string(),
            Slot::Subject => alert.subject.clone(),
            Slot::Text => alert.text.clone(),
            Slot::Message => return alert.message(most),
            Slot::Host => self.host.to_owned(),
            Slot::At => iso(alert.at),
            Slot::EventAction => event_action(alert.kind).to_owned(),
            Slot::Severity => severity(alert.kind).to_owned(),
        };
        cut(&text, most)
    }

    /// The body without a template.
    pub(crate) fn json(&self) -> Vec<u8> {
        let Alert { id, incident, kind, level, subject, text, at, .. } = self.alert;
        let body = serde_json::json!({
            "v": 1, "id": id, "incident": incident, "kind": kind, "level": level, "subject": subject, "text": text,
            "host": self.host, "at": iso(*at),
        });
        body.to_string().into_bytes()
    }
}

/// In the words of `PagerDuty`'s Events API.
fn event_action(kind: AlertKind) -> &'static str {
    if kind == AlertKind::Closed { "resolve" } else { "trigger" }
}

/// In the words of `PagerDuty`'s Events API.
fn severity(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::Opened | AlertKind::Repeat | AlertKind::Worse => "critical",
        AlertKind::Notice | AlertKind::Reminder => "warning",
        AlertKind::Closed | AlertKind::Test => "info",
    }
}

/// Fills a template in. What is wrong with one is wrong whatever the facts are. `json`: the body is to be JSON, and what
/// is filled in stays within its strings; otherwise text is put in as it is.
pub(crate) fn fill(template: &[u8], json: bool, facts: &Facts<'_>) -> Result<Vec<u8>, String> {
    let template = str::from_utf8(template).map_err(|_| "is not UTF-8: save it as UTF-8".to_owned())?;
    if !json {
        return Ok(fill_text(template, facts)?.into_bytes());
    }
    let mut body: Value = serde_json::from_str(template).map_err(|error| {
        format!("is no JSON: {error}; put {{{{…}}}} within strings, or set another Content-Type in headers")
    })?;
    fill_value(&mut body, facts)?;
    Ok(body.to_string().into_bytes())
}

fn fill_value(value: &mut Value, facts: &Facts<'_>) -> Result<(), String> {
    match value {
        Value::String(text) => *text = fill_text(text, facts)?,
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill_value(item, facts))?,
        Value::Object(fields) => fields.values_mut().try_for_each(|field| fill_value(field, facts))?,
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn fill_text(template: &str, facts: &Facts<'_>) -> Result<String, String> {
    let (mut filled, mut rest) = (String::new(), template);
    while let Some((before, behind)) = rest.split_once("{{") {
        let (inner, after) = behind.split_once("}}").ok_or("has {{ without }}: close it")?;
        let (slot, most) = read_slot(inner.trim())?;
        filled += before;
        filled += &facts.get(slot, most);
        rest = after;
    }
    Ok(filled + rest)
}

/// It speaks of one incident, as services take it that keep incidents of their own.
pub(crate) fn names_incident(template: &[u8]) -> bool {
    let text = String::from_utf8_lossy(template);
    let slots = text.split("{{").skip(1).filter_map(|behind| behind.split_once("}}"));
    let mut slots = slots.filter_map(|(inner, _)| read_slot(inner.trim()).ok());
    slots.any(|(slot, _)| matches!(slot, Slot::Incident | Slot::Key | Slot::EventAction))
}

/// `name` or `name:most`.
fn read_slot(inner: &str) -> Result<(Slot, usize), String> {
    let (name, bound) = inner.split_once(':').map_or((inner, None), |(name, bound)| (name, Some(bound)));
    let Some((_, slot)) = SLOTS.iter().find(|(known, _)| *known == name) else {
        let known = SLOTS.map(|(name, _)| name).join(", ");
        return Err(format!("asks for {{{{{name}}}}}, which is not known: use one of {known}"));
    };
    let Some(bound) = bound else { return Ok((*slot, usize::MAX)) };
    let least = if *slot == Slot::Message { MESSAGE_LEAST } else { BOUND_LEAST };
    match bound.parse() {
        Ok(most) if most >= least => Ok((*slot, most)),
        _ => Err(format!("has the bound {bound:?} at {name}: write a number of at least {least}")),
    }
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
            at: 1_795_248_000.0,
            expires_at: 1_795_248_060.0,
        }
    }

    fn filled(template: &str, json: bool, alert: &Alert) -> Result<String, String> {
        let bytes = fill(template.as_bytes(), json, &Facts { alert, host: "mini" })?;
        Ok(String::from_utf8(bytes).expect("UTF-8"))
    }

    #[test]
    fn every_name_is_filled_in_and_nothing_is_filled_in_twice() {
        let alert = alert("{{id}}", "");
        let all = SLOTS.map(|(name, _)| format!("{{{{{name}}}}}")).join("|");
        insta::assert_snapshot!(filled(&all, false, &alert).expect("filled"));
    }

    #[test]
    fn what_is_wrong_with_a_template_is_said() {
        for (template, says) in [
            (
                "{\"a\": {{subject}}}",
                "is no JSON: key must be a string at line 1 column 8; put {{…}} within strings",
            ),
            ("{\"a\": \"{{subject\"}", "has {{ without }}: close it"),
            ("{\"a\": [\"{{sbj}}\"]}", "asks for {{sbj}}, which is not known: use one of id, incident,"),
            ("\"{{text:x}}\"", "has the bound \"x\" at text: write a number of at least 20"),
            ("\"{{message:199}}\"", "has the bound \"199\" at message: write a number of at least 200"),
        ] {
            let error = filled(template, true, &alert("s", "t")).expect_err(template);
            assert!(error.starts_with(says), "{template}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_can_break_the_json_or_a_bound(text in any::<String>(), most in 20_usize..200) {
            let template = format!("{{\"a\":[{{\"b\":\"<{{{{text:{most}}}}}>\"}}],\"n\":1}}");
            let body = filled(&template, true, &alert("s", &text)).expect("filled");
            let body: Value = serde_json::from_str(&body).expect("JSON");
            let told = body["a"][0]["b"].as_str().expect("text").encode_utf16().count();
            prop_assert!(told <= most + 2);
            prop_assert_eq!(body.as_object().expect("an object").len(), 2);
        }
    }
}
