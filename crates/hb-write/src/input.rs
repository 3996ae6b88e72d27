//! The pipeline's own keys, from `--set` and `--json`.

use std::io::Read;
use std::path::Path;

use holdfast::Exit;
use holdfast::heartbeat::{Draft, FieldError};
use holdfast::json::{self, Object};
use holdfast::sys::{MAX_READ, ReadError, Store};

use crate::cli::BeatArgs;

/// Why the keys cannot be taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("{0} {1}\n  give --json a file that this user can read, or - for stdin")]
    Unread(String, ReadError),
    #[error("{0} {1}\n  give --json less: a beat is for a few numbers")]
    TooLarge(String, ReadError),
    #[error("{0} {1}\n  give --json one object, such as {{\"candle_at\": 1763711940}}")]
    NotAnObject(String, String),
    #[error("{0:?} stands in --json and in --set\n  give it once")]
    Twice(String),
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl InputError {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::TooLarge(..) | Self::NotAnObject(..) => Exit::Data,
            Self::Unread(..) => Exit::Io,
            Self::Twice(_) | Self::Field(_) => Exit::Usage,
        }
    }
}

/// Adds the keys of `--json`, then those of `--set`.
pub(crate) fn add_fields(mut draft: Draft, args: &BeatArgs, store: &dyn Store) -> Result<Draft, InputError> {
    let object = args.json.as_deref().map_or_else(|| Ok(Object::new()), |path| read_object(path, store))?;
    if let Some(twice) = args.set.iter().find(|setting| object.contains_key(&setting.key)) {
        return Err(InputError::Twice(twice.key.clone()));
    }
    for (key, value) in object {
        draft = draft.field(&key, value)?;
    }
    for setting in &args.set {
        draft = draft.field(&setting.key, setting.value.clone())?;
    }
    Ok(draft)
}

fn read_object(path: &Path, store: &dyn Store) -> Result<Object, InputError> {
    let (name, bytes) = if path == Path::new("-") {
        ("stdin".to_owned(), read_stdin())
    } else {
        (path.display().to_string(), store.read(path))
    };
    let bytes = bytes.map_err(|error| match error {
        ReadError::TooLarge(_) => InputError::TooLarge(name.clone(), error),
        _ => InputError::Unread(name.clone(), error),
    })?;
    json::object(&bytes).map_err(|fault| InputError::NotAnObject(name, fault))
}

fn read_stdin() -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MAX_READ + 1).read_to_end(&mut bytes)?;
    let len = bytes.len() as u64;
    if len > MAX_READ { Err(ReadError::TooLarge(len)) } else { Ok(bytes) }
}
