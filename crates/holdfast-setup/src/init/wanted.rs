//! What a root is made of, and who may do what with it: the table of `docs/operating.md`.

use holdfast::sys::{Kind, Secrecy};

use super::owner::Team;

/// Something that is to be there.
#[derive(Debug)]
pub(super) struct Entry {
    /// From the root.
    pub(super) path: String,
    pub(super) thing: Thing,
    /// Its permission bits; without, as the system makes it.
    pub(super) mode: Option<u32>,
}

#[derive(Debug)]
pub(super) enum Thing {
    Folder,
    File(Vec<u8>, Secrecy),
}

impl Thing {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Folder => Kind::Dir,
            Self::File(..) => Kind::File,
        }
    }
}

/// The folders. With a team the group may write where the bot has to, and what is made there belongs to the group.
pub(super) fn folders(team: Option<&Team>) -> Vec<Entry> {
    let shared = |mode| team.map(|_| mode);
    let folder = |path: &str, mode| Entry { path: path.to_owned(), thing: Thing::Folder, mode };
    vec![
        folder("", shared(0o2750)),
        folder("data", shared(0o2770)),
        folder("data/heartbeats", shared(0o2770)),
        folder("memory", shared(0o2770)),
        folder("secrets", Some(0o700)),
    ]
}

/// The configuration: the group reads it, and the bot does not write it.
pub(super) fn config(text: Vec<u8>, team: Option<&Team>) -> Entry {
    let mode = team.map(|_| 0o640);
    Entry { path: "holdfast.toml".to_owned(), thing: Thing::File(text, Secrecy::Shared), mode }
}

/// The bot may pause, too: a trip appends to these.
pub(super) fn logs(team: Option<&Team>) -> Vec<Entry> {
    let log = |path: &str| Entry {
        path: path.to_owned(),
        thing: Thing::File(Vec::new(), Secrecy::Shared),
        mode: Some(0o660),
    };
    match team {
        Some(team) if team.has_bot => vec![log("data/trips.jsonl"), log("memory/journal.jsonl")],
        _ => Vec::new(),
    }
}
