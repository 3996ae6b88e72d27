//! The writer: the same content gives the same bytes.

use std::error::Error;
use std::io::{self, Read, Write};

use sha2::Digest as _;

use crate::digest::Digest;
use crate::header::{BLOCK, Header, Mode, SIZE_MAX, TIME_MAX};
use crate::manifest::{Lines, Manifest};
use crate::name::{self, ENTRIES_MAX, NameFault};
use crate::{BAGIT, DATA, DECLARATION, GUIDE, INFO, MANIFEST, SIGNATURE, TAG_MANIFEST, TAGGED, info};

/// How much is copied at once, in bytes.
const CHUNK: usize = 256 << 10;
const ARMOUR: &str = "-----BEGIN SSH SIGNATURE-----\n";
const ARMOUR_END: &str = "-----END SSH SIGNATURE-----\n";

/// Opens the bytes of a file when their turn comes, so that ten thousand files are not open at once.
type Open<'p> = Box<dyn FnOnce() -> io::Result<Box<dyn Read + 'p>> + 'p>;

/// A file to be packed.
pub struct Payload<'p> {
    path: String,
    mode: Mode,
    len: u64,
    open: Open<'p>,
}

impl<'p> Payload<'p> {
    /// `path` begins with `data/`. What `open` gives must be exactly `len` bytes long: of a log that grows it is a
    /// part, taken with [`Read::take`].
    pub fn new(
        path: impl Into<String>,
        mode: Mode,
        len: u64,
        open: impl FnOnce() -> io::Result<Box<dyn Read + 'p>> + 'p,
    ) -> Self {
        Self { path: path.into(), mode, len, open: Box::new(open) }
    }

    /// How long it is, in bytes.
    pub fn size(&self) -> u64 {
        self.len
    }

    /// A small file that is in memory.
    pub fn of_bytes(path: impl Into<String>, mode: Mode, bytes: Vec<u8>) -> Self {
        let len = bytes.len() as u64;
        Self::new(path, mode, len, move || Ok(Box::new(io::Cursor::new(bytes))))
    }
}

impl AsRef<str> for Payload<'_> {
    fn as_ref(&self) -> &str {
        &self.path
    }
}

impl std::fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Payload({}, {:?}, {} bytes)", self.path, self.mode, self.len)
    }
}

/// All of a bag but its payload.
#[derive(Clone, Debug)]
pub struct Recipe<'a> {
    /// The top folder: the tar's name without `.tar`.
    pub name: &'a str,
    /// The modification time of every member, in seconds since 1970.
    pub mtime: u64,
    /// Fields of `bag-info.txt`, in this order; the count of the payload comes after them.
    pub info: &'a [(String, String)],
    /// `VERIFY.md`.
    pub guide: &'a str,
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// SHA-256 of the whole tar.
    pub sha256: Digest,
    /// Its length in bytes.
    pub len: u64,
    /// The manifest of the payload.
    pub manifest: Manifest,
}

/// Why a bag was not written. What had been written by then is not a bag.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A path that would not mean the same everywhere.
    #[error("{path}: {fault}; pack it under another name")]
    Name {
        /// The path.
        path: String,
        /// What is odd.
        fault: NameFault,
    },
    /// Payload belongs below `data/`.
    #[error("{0} is not below data/, where payload belongs")]
    NotPayload(String),
    /// Two files of one path.
    #[error("{0} is to be packed twice; give one of them another path")]
    Twice(String),
    /// A path that is also a folder of another one.
    #[error("{0} is a file and the folder of another one; give one of them another path")]
    FileAndFolder(String),
    /// A ustar has no more than eleven octal digits for a length.
    #[error(
        "{path} is {len} bytes long, and a tar of this kind holds files of less than 8 GiB: rotate the log"
    )]
    TooLarge {
        /// The path.
        path: String,
        /// Its length.
        len: u64,
    },
    /// A bag without payload is none.
    #[error("there is nothing to pack")]
    Empty,
    /// More than [`ENTRIES_MAX`] files.
    #[error("{0} files are too many: at most {ENTRIES_MAX} are packed")]
    Many(usize),
    /// A field of `bag-info.txt`.
    #[error("{INFO}: the field {label:?} cannot be written: {why}")]
    Field {
        /// Its label.
        label: String,
        /// Why.
        why: &'static str,
    },
    /// A time that a ustar cannot hold.
    #[error("the modification time {0} is after the year 2242, which a tar of this kind cannot hold")]
    Time(u64),
    /// A reader gave another number of bytes than it was to.
    #[error("{path} was to be {said} bytes long and is {}: it changed while it was packed; try again", match found {
        Some(found) => format!("{found}"),
        None => "longer".to_owned(),
    })]
    Length {
        /// The path.
        path: String,
        /// As it was said.
        said: u64,
        /// How many came; `None` for more.
        found: Option<u64>,
    },
    /// A file to be packed cannot be read.
    #[error("{path} cannot be read: {error}")]
    Source {
        /// The path.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The tar cannot be written.
    #[error("the tar cannot be written: {0}")]
    Out(#[source] io::Error),
    /// There is no signature.
    #[error("the manifest cannot be signed: {0}")]
    Sign(#[source] Box<dyn Error + Send + Sync>),
    /// What was to be a signature is none.
    #[error("what was to sign the manifest gave no armoured SSH signature")]
    NotSigned,
}

/// Writes a bag. `sign` gets the bytes of the tag manifest and returns their armoured SSH signature. The payload may
/// come in any order; memory does not grow with its lengths.
pub fn write(
    out: &mut dyn Write,
    recipe: &Recipe,
    mut payload: Vec<Payload>,
    sign: impl FnOnce(&[u8]) -> Result<String, Box<dyn Error + Send + Sync>>,
) -> Result<Written, WriteError> {
    payload.sort_by(|a, b| a.path.cmp(&b.path));
    refuse(recipe, &payload)?;
    let counted = info::oxum(payload.iter().map(|file| file.len));
    let info = info::format(recipe.info, &counted);
    let mut tar = Tar { out, hasher: sha2::Sha256::new(), len: 0, recipe, buffer: vec![0; CHUNK] };
    let mut tags = [Digest([0; 32]); TAGGED.len()];
    tags[0] = tar.bytes(GUIDE, recipe.guide.as_bytes())?;
    tags[1] = tar.bytes(INFO, info.as_bytes())?;
    tags[2] = tar.bytes(DECLARATION, BAGIT)?;
    let mut manifest = Lines::default();
    for Payload { path, mode, len, open } in payload {
        let mut reader = open().map_err(|error| WriteError::Source { path: path.clone(), error })?;
        let digest = tar.member(&path, mode, len, &mut reader)?;
        manifest.add(&path, digest);
    }
    tags[3] = tar.bytes(MANIFEST, manifest.as_bytes())?;
    let mut tag_manifest = Lines::default();
    for (path, digest) in TAGGED.iter().zip(tags) {
        tag_manifest.add(path, digest);
    }
    tar.bytes(TAG_MANIFEST, tag_manifest.as_bytes())?;
    let signature = sign(tag_manifest.as_bytes()).map_err(WriteError::Sign)?;
    if !signature.starts_with(ARMOUR) || !signature.ends_with(ARMOUR_END) {
        return Err(WriteError::NotSigned);
    }
    tar.bytes(SIGNATURE, signature.as_bytes())?;
    tar.put(&[0; 2 * BLOCK])?;
    tar.out.flush().map_err(WriteError::Out)?;
    Ok(Written { sha256: Digest::ended(tar.hasher), len: tar.len, manifest: manifest.into_manifest() })
}

/// Everything that can be known before the first byte is written.
fn refuse(recipe: &Recipe, payload: &[Payload]) -> Result<(), WriteError> {
    let named = |path: &str, fault| WriteError::Name { path: path.to_owned(), fault };
    name::check(recipe.name.as_bytes()).map_err(|fault| named(recipe.name, fault))?;
    if recipe.name.contains('/') {
        return Err(named(recipe.name, NameFault::Deep(2)));
    }
    if recipe.mtime > TIME_MAX {
        return Err(WriteError::Time(recipe.mtime));
    }
    for (label, value) in recipe.info {
        if let Some(why) = info::odd(label, value) {
            return Err(WriteError::Field { label: label.clone(), why });
        }
    }
    if payload.is_empty() {
        return Err(WriteError::Empty);
    }
    let files = payload.len() + crate::TAGS.len();
    if files > ENTRIES_MAX {
        return Err(WriteError::Many(files));
    }
    for file in payload {
        if !file.path.starts_with(DATA) {
            return Err(WriteError::NotPayload(file.path.clone()));
        }
        header(recipe, &file.path, file.mode, file.len)?;
    }
    if let Some(twice) = payload.windows(2).find(|pair| pair[0].path == pair[1].path) {
        return Err(WriteError::Twice(twice[0].path.clone()));
    }
    match name::file_and_folder(payload) {
        Some(both) => Err(WriteError::FileAndFolder(payload[both].path.clone())),
        None => Ok(()),
    }
}

fn header(recipe: &Recipe, path: &str, mode: Mode, len: u64) -> Result<[u8; BLOCK], WriteError> {
    let named = |fault| WriteError::Name { path: path.to_owned(), fault };
    if len > SIZE_MAX {
        return Err(WriteError::TooLarge { path: path.to_owned(), len });
    }
    let header = Header { path: format!("{}/{path}", recipe.name), mode, len, mtime: recipe.mtime };
    name::check(path.as_bytes()).and_then(|()| name::check(header.path.as_bytes())).map_err(named)?;
    header.encode().map_err(named)
}

struct Tar<'a> {
    out: &'a mut dyn Write,
    hasher: sha2::Sha256,
    len: u64,
    recipe: &'a Recipe<'a>,
    buffer: Vec<u8>,
}

impl Tar<'_> {
    fn bytes(&mut self, path: &str, bytes: &[u8]) -> Result<Digest, WriteError> {
        self.member(path, Mode::Plain, bytes.len() as u64, &mut &*bytes)
    }

    fn member(
        &mut self,
        path: &str,
        mode: Mode,
        len: u64,
        from: &mut dyn Read,
    ) -> Result<Digest, WriteError> {
        self.put(&header(self.recipe, path, mode, len)?)?;
        let mut hasher = sha2::Sha256::new();
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut came = 0;
        loop {
            // One byte more than is left, or its end would not be seen.
            let most = usize::try_from(len - came + 1).map_or(CHUNK, |left| left.min(CHUNK));
            let read = match from.read(&mut buffer[..most]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(WriteError::Source { path: path.to_owned(), error }),
                Ok(read) => read,
            };
            if read as u64 > len - came {
                return Err(WriteError::Length { path: path.to_owned(), said: len, found: None });
            }
            if read == 0 {
                break;
            }
            came += read as u64;
            hasher.update(&buffer[..read]);
            self.put(&buffer[..read])?;
        }
        self.buffer = buffer;
        if came != len {
            return Err(WriteError::Length { path: path.to_owned(), said: len, found: Some(came) });
        }
        let padding = len.next_multiple_of(BLOCK as u64) - len;
        self.put(&[0; BLOCK][..padding as usize])?;
        Ok(Digest::ended(hasher))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.hasher.update(bytes);
        self.len += bytes.len() as u64;
        self.out.write_all(bytes).map_err(WriteError::Out)
    }
}
