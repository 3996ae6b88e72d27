//! From trips and resumes to pauses: when trading was stopped, why, and who let it go on.

use std::collections::HashSet;

use holdfast::circuit::Face;

use super::journal::Entry;

/// How a hold ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// A person resumed, and said why.
    Resumed { at: f64, by: String, why: String },
    /// Somebody changed the file of the circuit with an editor.
    Edited { at: f64, words: String },
    /// It stood when the pack was made.
    Stands,
    /// Nothing in the pack says how or when.
    NotRecorded,
}

/// One cause of a pause.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hold {
    pub(crate) trip: Entry,
    pub(crate) end: End,
}

/// A time without trading, from the first hold to the end of the last one that overlaps it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pause {
    pub(crate) from: f64,
    /// Nothing where it is not known, or not yet.
    pub(crate) to: Option<f64>,
    /// Orders that reduce risk were allowed all the time.
    pub(crate) reduce_only: bool,
    pub(crate) holds: Vec<Hold>,
}

impl Pause {
    /// It stood when the pack was made.
    pub(crate) fn stands(&self) -> bool {
        self.holds.iter().any(|hold| hold.end == End::Stands)
    }
}

impl End {
    fn at(&self) -> Option<f64> {
        match self {
            Self::Resumed { at, .. } | Self::Edited { at, .. } => Some(*at),
            Self::Stands | Self::NotRecorded => None,
        }
    }
}

/// All pauses, oldest first. The ledger counts for trips, the journal for what ended them, the face for what stands.
pub(crate) fn pauses<'a>(
    ledger: impl Iterator<Item = &'a Entry>,
    journal: impl Iterator<Item = &'a Entry> + Clone,
    face: Option<&Face>,
) -> Vec<Pause> {
    let mut holds = holds(ledger, journal.clone());
    end(&mut holds, journal);
    for hold in holds.iter_mut().filter(|hold| hold.end == End::NotRecorded) {
        let stands = face.is_some_and(|face| {
            face.paused && (face.holds.is_empty() || face.holds.iter().any(|it| it.id == hold.trip.id))
        });
        if stands {
            hold.end = End::Stands;
        }
    }
    merged(holds)
}

/// What tripped: each hold once, oldest first.
fn holds<'a>(ledger: impl Iterator<Item = &'a Entry>, journal: impl Iterator<Item = &'a Entry>) -> Vec<Hold> {
    let by_hand =
        |entry: &Entry| entry.kind == "manual-edit" && entry.paused == Some(true) && entry.lifted.is_empty();
    let told = journal.filter(|entry| entry.kind == "trip" || by_hand(entry));
    let mut known = HashSet::new();
    let mut holds: Vec<Hold> = Vec::new();
    for entry in ledger.chain(told) {
        // A pause by hand has the same name each time.
        let name = if entry.kind == "trip" { entry.id.clone() } else { format!("by hand {}", entry.at) };
        if known.insert(name) {
            let mut trip = entry.clone();
            if entry.kind != "trip" {
                "by-hand".clone_into(&mut trip.id);
                "somebody, by hand".clone_into(&mut trip.by);
            }
            holds.push(Hold { trip, end: End::NotRecorded });
        }
    }
    holds.sort_by(|a, b| a.trip.at.total_cmp(&b.trip.at));
    holds
}

/// Lets each resume and edit end what it ended. A resume is journalled before it is done, and may then fail.
fn end<'a>(holds: &mut [Hold], journal: impl Iterator<Item = &'a Entry>) {
    let mut last: Vec<usize> = Vec::new();
    for entry in journal {
        let ending = match entry.kind.as_str() {
            "resume" => End::Resumed { at: entry.at, by: entry.by.clone(), why: entry.words.clone() },
            "manual-edit" => End::Edited { at: entry.at, words: entry.words.clone() },
            "resume-failed" => {
                last.drain(..).for_each(|index| holds[index].end = End::NotRecorded);
                continue;
            }
            _ => continue,
        };
        last.clear();
        let all = match entry.kind.as_str() {
            "resume" => entry.standing.is_empty(),
            _ => entry.paused == Some(false),
        };
        for (index, hold) in holds.iter_mut().enumerate() {
            let open = hold.end == End::NotRecorded && hold.trip.at <= entry.at;
            if open && (all || entry.lifted.contains(&hold.trip.id)) {
                hold.end = ending.clone();
                last.push(index);
            }
        }
    }
}

/// Holds that overlap are one pause. One whose end nobody knows reaches no further than to its own begin.
fn merged(holds: Vec<Hold>) -> Vec<Pause> {
    let mut pauses: Vec<Pause> = Vec::new();
    for hold in holds {
        let end = hold.end.at();
        let reduce_only = hold.trip.mode == "reduce";
        match pauses.last_mut() {
            Some(pause) if pause.stands() || pause.to.is_some_and(|to| hold.trip.at <= to) => {
                pause.reduce_only &= reduce_only;
                pause.to = pause.to.zip(end).map(|(to, end)| to.max(end));
                pause.holds.push(hold);
            }
            _ => pauses.push(Pause { from: hold.trip.at, to: end, reduce_only, holds: vec![hold] }),
        }
    }
    pauses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::html::gather::journal::Journal;

    /// Pauses in a few words: `from-to id,id`, with `…` for an end that stands and `?` for an unknown one.
    fn told(ledger: &[(&str, f64)], journal: &[&str], face: Option<&str>) -> String {
        let trip = |(id, at): &(&str, f64)| Entry {
            id: (*id).to_owned(),
            at: *at,
            kind: "trip".to_owned(),
            ..Entry::default()
        };
        let ledger: Vec<Entry> = ledger.iter().map(trip).collect();
        let mut story = Journal::new();
        for line in journal {
            story.take(Some(line.as_bytes()));
        }
        assert_eq!(story.unreadable, 0);
        let face = face.map(|face| Face::parse(face.as_bytes()).unwrap());
        let words = |pause: &Pause| {
            let ids: Vec<&str> = pause.holds.iter().map(|hold| hold.trip.id.as_str()).collect();
            let to =
                pause.to.map_or(if pause.stands() { "…" } else { "?" }.to_owned(), |to| to.to_string());
            format!("{}-{to} {}", pause.from, ids.join(","))
        };
        let pauses = pauses(ledger.iter(), story.circuit.iter(), face.as_ref());
        pauses.iter().map(words).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_pause_ends_when_the_last_of_its_holds_is_lifted() {
        let resume = |at: f64, fields: &str| {
            format!("{{\"at\":{at},\"kind\":\"resume\",\"by\":\"ann\",\"why\":\"ok\"{fields}}}")
        };
        let all = resume(20.0, ",\"lifted\":[\"a\",\"b\"]");
        let one = resume(20.0, ",\"lifted\":[\"a\"],\"standing\":[\"b\"]");
        let other = resume(30.0, ",\"lifted\":[\"b\"]");
        let failed = "{\"at\":21,\"kind\":\"resume-failed\",\"lifted\":[\"a\"]}";
        let edit = "{\"at\":25,\"kind\":\"manual-edit\",\"paused\":false,\"lifted\":[\"a\"]}";
        let pause = "{\"at\":5,\"kind\":\"manual-edit\",\"paused\":true,\"reason\":\"lunch\"}";
        let trip = "{\"at\":10,\"kind\":\"trip\",\"id\":\"a\",\"mode\":\"halt\"}";
        let paused = r#"{"paused":true,"holds":[{"id":"a"}]}"#;
        let green = r#"{"paused":false}"#;
        let ab = [("a", 10.0), ("b", 15.0)];
        for (ledger, journal, face, expected) in [
            (&[][..], &[][..], None, ""),
            (&ab[..1], &[trip, &all], Some(green), "10-20 a"),
            (&ab, &[&all], None, "10-20 a,b"),
            (&ab, &[&one, &other], None, "10-30 a,b"),
            (&ab[..1], &[&all, failed], Some(paused), "10-… a"),
            (&ab[..1], &[&all, failed], Some(green), "10-? a"),
            (&ab[..1], &[edit], Some(green), "10-25 a"),
            (&ab[..1], &[], Some(paused), "10-… a"),
            (&ab, &[], Some(paused), "10-… a,b"),
            (&ab, &[], None, "10-? a; 15-? b"),
            (&[], &[trip], None, "10-? a"),
            (&[], &[pause, &all], None, "5-20 by-hand"),
            (&[("a", 10.0), ("c", 40.0)], &[&all], Some(green), "10-20 a; 40-? c"),
        ] {
            assert_eq!(told(ledger, journal, face), expected, "{ledger:?} {journal:?} {face:?}");
        }
    }
}
