//! The signatures over a pack, and whether the auditor knows who made them.

use bag::Bag;
use holdfast::sys::{ReadAt, Sys};
use holdfast::time::Span;
use sshsig::{AllowedSigners, Digest, Hasher, PublicKey, Refused, Signature};

use super::logs::LogVerdict;
use super::{MANIFEST_NAMESPACE, PACK_NAMESPACE};
use crate::age::age;
use crate::anchored;

/// How much of a tar is read at once, in bytes.
const PIECE: usize = 1 << 20;

/// Who may sign.
pub(super) struct Trust<'a> {
    /// The keys, and whose signature is wanted. Without them no signer is known.
    pub(super) allowed: Option<(AllowedSigners, &'a str)>,
    /// The moment at which the key must be valid, in Unix seconds.
    pub(super) at_s: u64,
    /// Whose anchors count.
    pub(super) anchors: anchored::Trust<'a>,
    /// The last seal of each log may be so old.
    pub(super) max_unsealed: Option<Span>,
}

/// What can be said of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    /// There is none.
    Missing,
    /// It is no signature, or not of this.
    Wrong(String),
    /// It is right, and the auditor does not know the key, or not for this.
    Unknown { key: PublicKey, fingerprint: String, why: Option<String> },
    /// It is right, and by whom it is to be.
    By { key: PublicKey, fingerprint: String, identity: String },
}

impl Signed {
    /// The key that made it, if it is right.
    pub(super) fn key(&self) -> Option<&PublicKey> {
        match self {
            Self::Unknown { key, .. } | Self::By { key, .. } => Some(key),
            Self::Missing | Self::Wrong(_) => None,
        }
    }
}

impl<'a> Trust<'a> {
    /// For an older pack: who may sign is the same. Heads that are newer than it is, and anchors and seals as young as
    /// they are to be today, it could not have.
    pub(super) fn of_older(&self, sys: &'a Sys<'a>) -> Self {
        let (allowed, at_s) = (self.allowed.clone(), self.at_s);
        Self { allowed, at_s, anchors: anchored::Trust::nobody(sys), max_unsealed: None }
    }

    /// What is less than was asked for of the anchors of these logs and of their last seals.
    pub(super) fn below(&self, logs: &[LogVerdict]) -> Vec<String> {
        let mut below = Vec::new();
        for log in logs {
            below.extend(log.anchored.lacks.iter().map(|lack| format!("{}: {lack}", log.log)));
            let Some(max) = self.max_unsealed else { continue };
            let sealed_ms = log.state.as_ref().and_then(|state| state.sealed_ms);
            let fact = match sealed_ms.map(|ms| age(self.anchors.now_s, ms / 1000)) {
                Some(Some(age)) if age <= max => continue,
                Some(Some(age)) => format!("its last seal is {age} old; at most {max} is asked for"),
                Some(None) => {
                    format!("its last seal is still to come; a seal of the last {max} is asked for")
                }
                None => format!("it was never sealed; a seal of the last {max} is asked for"),
            };
            below.push(format!("{}: {fact}", log.log));
        }
        for (number, (file, _)) in self.anchors.files.iter().enumerate() {
            if !logs.iter().any(|log| log.anchored.used.get(number) == Some(&true)) {
                below.push(format!("{file} holds the head of no log in the pack"));
            }
        }
        below
    }

    /// The signature beside a tar.
    pub(super) fn of_tar(&self, tar: &dyn ReadAt, signature: Option<&[u8]>) -> Signed {
        let Some(signature) = signature else { return Signed::Missing };
        self.judge(signature, PACK_NAMESPACE, |hasher| {
            let (mut at, mut buf) = (0, vec![0; PIECE]);
            loop {
                match tar.read_at(at, &mut buf)? {
                    0 => return Ok(()),
                    read => {
                        hasher.update(&buf[..read]);
                        at += read as u64;
                    }
                }
            }
        })
    }

    /// The signature in the pack, over the manifest of manifests.
    pub(super) fn of_manifest(&self, bag: &Bag<'_>) -> Signed {
        let (Some(signature), Some(signed)) = (bag.find(bag::SIGNATURE), bag.find(bag::TAG_MANIFEST)) else {
            return Signed::Missing;
        };
        let most = sshsig::SIGNATURE_LEN_MAX as u64;
        let read = bag.read(signature, most).and_then(|text| Ok((text, bag.read(signed, most)?)));
        match read {
            Err(error) => Signed::Wrong(error.to_string()),
            // Base64 can be broken into other lines and mean the same. In a pack every byte means something.
            Ok((text, _)) if Signature::parse(&text).is_ok_and(|it| it.to_string().as_bytes() != text) => {
                Signed::Wrong("is not in the form in which it is written".to_owned())
            }
            Ok((text, signed)) => self.judge(&text, MANIFEST_NAMESPACE, |hasher| {
                hasher.update(&signed);
                Ok(())
            }),
        }
    }

    fn judge(
        &self,
        text: &[u8],
        namespace: &str,
        hash: impl FnOnce(&mut Hasher) -> std::io::Result<()>,
    ) -> Signed {
        let signature = match Signature::parse(text) {
            Ok(signature) => signature,
            Err(error) => return Signed::Wrong(error.to_string()),
        };
        let mut hasher = Hasher::new(signature.hash());
        if let Err(error) = hash(&mut hasher) {
            return Signed::Wrong(format!("what it signs cannot be read: {error}"));
        }
        self.of_digest(&signature, namespace, &hasher.finish())
    }

    fn of_digest(&self, signature: &Signature, namespace: &str, digest: &Digest) -> Signed {
        if let Err(error) = signature.verify(namespace, digest) {
            return Signed::Wrong(error.to_string());
        }
        let key = signature.public().clone();
        let fingerprint = key.fingerprint();
        match &self.allowed {
            None => Signed::Unknown { key, fingerprint, why: None },
            Some((allowed, identity)) => match allowed
                .verify(signature, digest, namespace, identity, self.at_s)
            {
                Ok(verified) => {
                    Signed::By { key, fingerprint: verified.fingerprint, identity: (*identity).to_owned() }
                }
                Err(Refused::Signature(error)) => Signed::Wrong(error.to_string()),
                Err(refused) => Signed::Unknown { key, fingerprint, why: Some(refused.to_string()) },
            },
        }
    }
}
