//! What the journal says of trips and resumes.

use std::collections::HashSet;

use crate::json::{Object, Value};

/// The ids that were lifted. A resume is journalled before it is done, and may then fail.
pub(super) fn lifted(entries: &[Object]) -> HashSet<&str> {
    let mut lifted = HashSet::new();
    for entry in entries {
        match kind(entry) {
            Some("resume" | "manual-edit") => lifted.extend(ids(entry, "lifted")),
            Some("resume-failed") => ids(entry, "lifted").for_each(|id| {
                lifted.remove(id);
            }),
            _ => {}
        }
    }
    lifted
}

/// The trips that entered the ledger and that no person has looked at since: a resume leaves what it names as
/// standing, an edit by hand nothing.
pub(super) fn standing(entries: &[Object]) -> Vec<String> {
    let mut standing: Vec<&str> = Vec::new();
    let mut before_resume = Vec::new();
    for entry in entries {
        match kind(entry) {
            // With a trouble it may be in the face alone.
            Some("trip") if !entry.contains_key("trouble") => standing.extend(id(entry)),
            Some("resume") => {
                before_resume.clone_from(&standing);
                let left: HashSet<&str> = ids(entry, "standing").collect();
                standing.retain(|id| left.contains(id));
            }
            Some("resume-failed") => standing = std::mem::take(&mut before_resume),
            Some("manual-edit") => standing.clear(),
            _ => {}
        }
    }
    standing.into_iter().map(str::to_owned).collect()
}

fn kind(entry: &Object) -> Option<&str> {
    entry.get("kind")?.as_str()
}

fn id(entry: &Object) -> Option<&str> {
    entry.get("id")?.as_str()
}

fn ids<'a>(entry: &'a Object, key: &str) -> impl Iterator<Item = &'a str> {
    entry.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn standing_after(lines: &[&str]) -> String {
        let entries: Vec<Object> =
            lines.iter().map(|line| json::object(line.as_bytes()).expect("an entry")).collect();
        standing(&entries).join(" ")
    }

    #[test]
    fn a_trip_stands_until_a_person_has_looked_at_it() {
        let trip = |id: &str| format!("{{\"kind\":\"trip\",\"id\":\"{id}\"}}");
        let (a, b) = (trip("a"), trip("b"));
        let resume = r#"{"kind":"resume","lifted":["a"]}"#;
        let partly = r#"{"kind":"resume","lifted":["a"],"standing":["b"]}"#;
        let failed = r#"{"kind":"resume-failed","lifted":["a"]}"#;
        let edited = r#"{"kind":"manual-edit","paused":false}"#;
        let in_the_face = r#"{"kind":"trip","id":"c","trouble":"data/trips.jsonl cannot be written"}"#;
        for (lines, expected) in [
            (&[a.as_str(), &b][..], "a b"),
            (&[&a, resume, &b], "b"),
            (&[&a, &b, partly], "b"),
            (&[&a, &b, resume], ""),
            (&[&a, resume, failed, &b], "a b"),
            (&[&a, edited, &b], "b"),
            (&[in_the_face], ""),
        ] {
            assert_eq!(standing_after(lines), expected, "{lines:?}");
        }
    }
}
