//! The named mutations: plausible mistakes, each of which breaks one rule.

/// A piece of the product that is replaced by a mistake.
pub(super) struct Mutation {
    pub(super) name: &'static str,
    /// The rule that must be seen to break, by its name in ARCHITECTURE.md.
    pub(super) rule: &'static str,
    pub(super) file: &'static str,
    /// Stands exactly once in the file.
    pub(super) old: &'static str,
    pub(super) new: &'static str,
}

pub(super) const MUTATIONS: [Mutation; 24] = [
    Mutation {
        name: "alert-for-a-trip-that-was-not-made",
        rule: "trip-first",
        file: "crates/watchdog/src/evaluate.rs",
        old: "let came = circuit::trip_all(&self.sys, &self.root, &trips);
        let trips: Vec<TripDone> =
            demands.into_iter().zip(came).map(|(demand, came)| done(demand, came)).collect();",
        new: "let done = |demand| TripDone { demand, trouble: None, paused: true };
        let trips: Vec<TripDone> = demands.into_iter().map(done).collect();",
    },
    Mutation {
        name: "unreadable-ledger-is-empty",
        rule: "fail-closed",
        file: "crates/holdfast/src/circuit/check.rs",
        old: "Err(what) => return halt(Why::LedgerUnreadable(what.clone())),",
        new: "Err(_) => (0, None),",
    },
    Mutation {
        name: "unreadable-face-is-missing",
        rule: "fail-closed",
        file: "crates/holdfast/src/circuit/check.rs",
        old: "Err(error) => return Err(Unread::Refused(cannot(&error))),",
        new: "Err(_) => return Ok(None),",
    },
    Mutation {
        name: "missing-face-is-green",
        rule: "fail-closed",
        file: "crates/holdfast/src/circuit/check.rs",
        old: "None => halt(Why::FaceMissing),",
        new: "None => Verdict::Green,",
    },
    Mutation {
        name: "unknown-version-is-read",
        rule: "fail-closed",
        file: "crates/holdfast/src/circuit/face.rs",
        old: "Some(version) if version.as_u64() == Some(1) => {}",
        new: "Some(version) if version.is_u64() => {}",
    },
    Mutation {
        name: "equal-times-are-green",
        rule: "fail-closed",
        file: "crates/holdfast/src/circuit/check.rs",
        old: "modified.is_some_and(|modified| modified < *written)",
        new: "modified.is_some_and(|modified| modified <= *written)",
    },
    Mutation {
        name: "unseen-trips-do-not-count",
        rule: "no-lost-trip",
        file: "crates/holdfast/src/circuit/check.rs",
        old: "std::cmp::Ordering::Greater => halt(Why::Unseen { known: *known, found: len }),",
        new: "std::cmp::Ordering::Greater => Verdict::Green,",
    },
    Mutation {
        name: "resume-takes-in-a-newer-trip",
        rule: "no-lost-trip",
        file: "crates/holdfast/src/circuit/resume.rs",
        old: "let face = self.face(sys, confirmed, standing.clone());",
        new: "let face = Face { trips: Some(view(sys, root).ledger_len), ..self.face(sys, confirmed, standing.clone()) };",
    },
    Mutation {
        name: "repair-leaves-the-face-green",
        rule: "manual-resume",
        file: "crates/holdfast/src/circuit/holds.rs",
        old: "Face::paused_by(holds, read, old.resumed, old.extra)",
        new: "Face { trips: Some(read), holds, ..old }",
    },
    Mutation {
        name: "failed-resume-is-not-taken-back",
        rule: "manual-resume",
        file: "crates/holdfast/src/circuit/resume.rs",
        old: "            self.take_back(sys, root, &bytes);\n",
        new: "",
    },
    Mutation {
        name: "heartbeat-is-written-in-place",
        rule: "old-or-new",
        file: "crates/holdfast/src/heartbeat/draft.rs",
        old: "sys.store.replace(&path, bytes, Secrecy::Shared)",
        new: "sys.store.overwrite(&path, bytes)",
    },
    Mutation {
        name: "alert-is-written-in-place",
        rule: "old-or-new",
        file: "crates/notify/src/outbox.rs",
        old: "store.replace(path, &entry.to_bytes(), Secrecy::Shared)",
        new: "store.overwrite(path, &entry.to_bytes())",
    },
    Mutation {
        name: "age-by-the-wall-clock",
        rule: "clock-honest",
        file: "crates/holdfast/src/watch/age.rs",
        old: "self.age + (now.up - self.up).max(0.0)",
        new: "self.age + (now.wall - self.wall).max(0.0)",
    },
    Mutation {
        name: "sleep-is-silence",
        rule: "clock-honest",
        file: "crates/holdfast/src/watch/age.rs",
        old: "self.awake_age + (now.awake - self.awake).max(0.0)",
        new: "self.age(now)",
    },
    Mutation {
        name: "restart-resets-the-deadlines",
        rule: "clock-honest",
        file: "crates/watchdog/src/evaluate/remember.rs",
        old: "(seq, memory, None)",
        new: "(seq, Memory::default(), None)",
    },
    Mutation {
        name: "error-of-reading-is-a-pause",
        rule: "clock-honest",
        file: "crates/holdfast/src/watch/memory.rs",
        old: "if view.refused {",
        new: "if view.refused && view.verdict.is_green() {",
    },
    Mutation {
        name: "message-is-forgotten-before-it-is-stored",
        rule: "no-silent-alert",
        file: "crates/watchdog/src/evaluate.rs",
        old: "self.memory.unstored.retain(|message| !delivered.stored.contains(&message.id));",
        new: "self.memory.unstored.clear();",
    },
    Mutation {
        name: "alert-is-removed-after-one-try",
        rule: "no-silent-alert",
        file: "crates/notify/src/deliver/answers.rs",
        old: "entry.postpone(name, now, why.clone(), asked);",
        new: "entry.accept(name, now);",
    },
    Mutation {
        name: "alert-in-memory-counts-as-stored",
        rule: "no-silent-alert",
        file: "crates/notify/src/outbox.rs",
        old: "if self.over.contains(&alert.id) {",
        new: "if self.over.contains(&alert.id) || self.unsaved.contains_key(&alert.id) {",
    },
    Mutation {
        name: "lines-are-sealed-before-they-are-durable",
        rule: "never-rewritten",
        file: "crates/audit-pack/src/seal/mod.rs",
        old: "        self.sys.store.sync(&path).map_err(FileError::at(&path))?;
        if id",
        new: "        if id",
    },
    Mutation {
        name: "another-file-is-made-durable",
        rule: "never-rewritten",
        file: "crates/audit-pack/src/seal/mod.rs",
        old: "if id.is_none() || guard::id_of(self.sys.store, &path)? != id {",
        new: "if id.is_none() {",
    },
    Mutation {
        name: "seals-are-signed-before-they-are-durable",
        rule: "never-rewritten",
        file: "crates/audit-pack/src/seal/recover.rs",
        old: "            self.sys.store.sync(&path).map_err(FileError::at(&path))?;",
        new: "",
    },
    Mutation {
        name: "signature-is-not-remembered",
        rule: "never-rewritten",
        file: "crates/audit-pack/src/seal/sign.rs",
        old: "self.guard_of(growth)?.write(self.sys.store, &self.guard, self.log)?;",
        new: "",
    },
    Mutation {
        name: "torn-seal-is-left",
        rule: "never-rewritten",
        file: "crates/audit-pack/src/seal/recover.rs",
        old: "self.sys.store.truncate(&path, growth.seals_len).map_err(FileError::at(&path))?;",
        new: "",
    },
];
