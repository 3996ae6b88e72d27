//! Signed notes (C2SP signed-note): a text and who signed it.

mod vkey;
mod witness;

use std::fmt;

use ed25519_dalek::SIGNATURE_LENGTH;

use crate::text;

pub use vkey::{MemoryKey, Signer, Vkey, VkeyError};
pub use witness::{WitnessKey, cosign};

/// The largest note, in bytes.
pub const NOTE_LEN_MAX: usize = 1_000_000;
/// The most signatures of a note.
pub const SIGNATURES_MAX: usize = 100;
/// What begins a line with a signature: an em dash and a space.
const SIGNATURE_START: &str = "\u{2014} ";
/// Bytes of a key id.
const ID_LEN: usize = 4;

/// Why bytes are no note, or a text cannot become one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// More than [`NOTE_LEN_MAX`] bytes.
    #[error("the note has more than {NOTE_LEN_MAX} bytes")]
    TooLong,
    /// Not text.
    #[error("the note is not UTF-8 from byte {0} on")]
    NotUtf8(usize),
    /// A control character other than LF.
    #[error("the note has a control character at byte {0}")]
    Control(usize),
    /// The text does not end its last line.
    #[error("the text of the note does not end in a line feed")]
    TextEnd,
    /// No blank line between text and signatures.
    #[error("the note has no blank line before its signatures")]
    NoBlankLine,
    /// Nothing behind the blank line, or its last line does not end.
    #[error("the signatures of the note are missing or do not end in a line feed")]
    SignaturesEnd,
    /// A line behind the blank line is no signature.
    #[error("signature {0} of the note is not `\u{2014} NAME BASE64`")]
    Signature(usize),
    /// More than [`SIGNATURES_MAX`] signatures.
    #[error("the note has more than {SIGNATURES_MAX} signatures")]
    TooMany,
}

/// Why a note does not count as signed by a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The key did not sign.
    #[error("the note has no signature by {0}")]
    Unsigned(String),
    /// A signature under the key's name and id is none of its signatures.
    #[error("the note has a wrong signature in the name of {0}")]
    Wrong(String),
}

/// Why a note could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError<E: std::error::Error + 'static> {
    /// The text can be in no note.
    #[error(transparent)]
    Text(#[from] NoteError),
    /// The signer failed.
    #[error("no signature by {vkey}")]
    Signer {
        /// Whose signature was wanted.
        vkey: String,
        /// Why.
        source: E,
    },
    /// The signer gave something that is not a signature of the text.
    #[error("what came back as a signature by {0} is none")]
    Wrong(String),
}

/// One line behind a note's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    id: [u8; ID_LEN],
    bytes: Vec<u8>,
}

impl NoteSignature {
    /// The name of the key that is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of that key.
    pub fn id(&self) -> [u8; ID_LEN] {
        self.id
    }

    /// The signature itself.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(SIGNATURE_START)?.split_once(' ')?;
        let bytes = text::unbase64(base64)?;
        let (id, bytes) = bytes.split_first_chunk()?;
        let sound = vkey::is_key_name(name) && !bytes.is_empty();
        sound.then(|| Self { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{SIGNATURE_START}{} {}", self.name, text::base64(&[&self.id, &self.bytes[..]].concat()))
    }
}

/// A text with signatures. Shown as the bytes of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Reads a note; nothing is verified by that.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let note = plain(bytes)?;
        let (body, signed) = note.rsplit_once("\n\n").ok_or(NoteError::NoBlankLine)?;
        let lines = signed.strip_suffix('\n').ok_or(NoteError::SignaturesEnd)?;
        let mut signatures = Vec::new();
        for (number, line) in (1..).zip(lines.split('\n')) {
            if number > SIGNATURES_MAX {
                return Err(NoteError::TooMany);
            }
            signatures.push(NoteSignature::parse(line).ok_or(NoteError::Signature(number))?);
        }
        Ok(Self { text: format!("{body}\n"), signatures })
    }

    /// Has a text signed by each signer. Whatever a signer gives is verified before it is used.
    pub fn sign<E: std::error::Error + 'static>(
        text: &str,
        signers: &mut [&mut dyn Signer<Error = E>],
    ) -> Result<Self, SignError<E>> {
        plain(text.as_bytes())?;
        if !text.ends_with('\n') {
            return Err(NoteError::TextEnd.into());
        }
        let mut note = Self { text: text.to_owned(), signatures: Vec::new() };
        for signer in signers {
            let vkey = signer.vkey().clone();
            let signed = signer.sign(text.as_bytes());
            let bytes: [u8; SIGNATURE_LENGTH] =
                signed.map_err(|source| SignError::Signer { vkey: vkey.to_string(), source })?;
            if !vkey.verifies(text.as_bytes(), &bytes) {
                return Err(SignError::Wrong(vkey.to_string()));
            }
            let name = vkey.name().to_owned();
            note.signatures.push(NoteSignature { name, id: vkey.id(), bytes: bytes.to_vec() });
        }
        Ok(note)
    }

    /// The text with its last LF. Nothing in it counts before [`Note::verify`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, verified or not.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The text, if the key signed it. Every signature under the key's name and id must be right; those of other keys
    /// do not matter.
    pub fn verify(&self, vkey: &Vkey) -> Result<&str, VerifyError> {
        let mut own =
            self.signatures.iter().filter(|s| s.name == vkey.name() && s.id == vkey.id()).peekable();
        if own.peek().is_none() {
            return Err(VerifyError::Unsigned(vkey.to_string()));
        }
        if own.all(|signature| vkey.verifies(self.text.as_bytes(), &signature.bytes)) {
            Ok(&self.text)
        } else {
            Err(VerifyError::Wrong(vkey.to_string()))
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(f))
    }
}

/// Text of bounded length without control characters.
fn plain(bytes: &[u8]) -> Result<&str, NoteError> {
    if bytes.len() > NOTE_LEN_MAX {
        return Err(NoteError::TooLong);
    }
    let text = str::from_utf8(bytes).map_err(|error| NoteError::NotUtf8(error.valid_up_to()))?;
    match bytes.iter().position(|&b| b < b' ' && b != b'\n') {
        Some(at) => Err(NoteError::Control(at)),
        None => Ok(text),
    }
}
