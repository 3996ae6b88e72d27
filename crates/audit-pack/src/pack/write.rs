//! The pack on its way to the disk: nothing half written keeps its name.

use std::path::{Path, PathBuf};

use bag::{Payload, Recipe, WriteError, Written};
use holdfast::Exit;
use holdfast::sys::{Secrecy, Store};
use sshsig::{Digest, HashKind, Key, Signature};

use crate::progress::Progress;

/// What the signature beside the tar is for, and the one inside.
pub(super) const PACK: &str = "pack@holdfast";
pub(super) const MANIFEST: &str = "manifest@holdfast";

/// Why there is no pack.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackError {
    #[error(transparent)]
    Bag(#[from] WriteError),
    #[error("{path} cannot be written: {error}\n  make room, or name another place with -o")]
    Out { path: String, error: std::io::Error },
    #[error("the pack cannot be signed: {0}")]
    Sign(#[from] sshsig::SignError),
}

impl PackError {
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Out { .. }
            | Self::Bag(WriteError::Out(_) | WriteError::Source { .. } | WriteError::Length { .. }) => {
                Exit::Io
            }
            Self::Sign(_) | Self::Bag(WriteError::Sign(_) | WriteError::NotSigned) => Exit::Undelivered,
            Self::Bag(_) => Exit::Data,
        }
    }
}

/// The name of the signature beside a tar.
pub(super) fn signature_of(tar: &Path) -> PathBuf {
    let mut name = tar.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// Writes the tar and its signature. An older pair of the name is replaced: first its signature goes, so that no
/// signature ever lies beside a tar that it is not of.
pub(super) fn write(
    store: &dyn Store,
    tar: &Path,
    recipe: &Recipe<'_>,
    payload: Vec<Payload<'_>>,
    key: &mut Key,
) -> Result<Written, PackError> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error| PackError::Out { path, error }
    };
    let mut draft = store.draft(tar, Secrecy::Shared).map_err(failed(tar))?;
    let size = payload.iter().map(Payload::size).fold(0, u64::saturating_add);
    let progress = Progress::bytes(size, &tar.display().to_string());
    let written = bag::write(&mut progress.of_writes(&mut *draft), recipe, payload, |manifest| {
        let digest = Digest::of(HashKind::Sha256, manifest);
        Ok(Signature::sign(key, MANIFEST, &digest)?.to_string())
    });
    let written = written.map_err(|error| match error {
        WriteError::Out(error) => failed(tar)(error),
        other => other.into(),
    })?;
    drop(progress);
    let signature = Signature::sign(key, PACK, &Digest::Sha256(written.sha256.0))?;
    let beside = signature_of(tar);
    store.remove(&beside).map_err(failed(&beside))?;
    draft.keep().map_err(failed(tar))?;
    let signed = store.replace(&beside, signature.to_string().as_bytes(), Secrecy::Shared);
    if signed.is_err() {
        // The error is what counts: without its signature the tar is nothing.
        let _ = store.remove(tar);
    }
    signed.map_err(failed(&beside))?;
    Ok(written)
}
