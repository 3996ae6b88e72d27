//! The evidence tarball: a [BagIt 1.0](https://www.rfc-editor.org/rfc/rfc8493) bag in a plain ustar, the same bytes from
//! the same content.
//!
//! ```text
//! NAME/VERIFY.md  NAME/bag-info.txt  NAME/bagit.txt  NAME/data/…
//! NAME/manifest-sha256.txt  NAME/tagmanifest-sha256.txt  NAME/tagmanifest-sha256.txt.sig
//! ```
//!
//! * [`write()`] streams a bag and returns the SHA-256 of the whole tar, for a signature beside it.
//! * [`Bag::open_tar`] reads one that may come from an enemy: it takes what [`write()`] would have written, byte for byte,
//!   and nothing else, and unpacks nothing. [`Bag::open_folder`] does the same for an unpacked one.
//! * [`Bag::manifests`] and [`check_all`] compare content with manifests, and tell all the damage.
//!
//! The crate knows nothing of what is packed. Who signed is for its caller to check: first the tar as a whole, or the
//! tag manifest's signature, [`SIGNATURE`]; the manifests vouch for the rest.

mod check;
mod digest;
mod findings;
mod folder;
mod header;
mod index;
mod info;
mod manifest;
mod name;
mod tar;
mod write;

pub use check::{Manifests, check_all};
pub use digest::Digest;
pub use findings::{FINDINGS_MAX, Finding, Findings, Harm};
pub use folder::FolderError;
pub use header::{HeaderFault, Mode, SIZE_MAX};
pub use index::{Bag, Entry, Member, ReadError};
pub use manifest::{LineFault, Manifest};
pub use name::{DEPTH_MAX, ENTRIES_MAX, NAME_MAX, NameFault};
pub use tar::{Fault, TarError};
pub use write::{Payload, Recipe, WriteError, Written, write};

/// Instructions for who has no program of ours.
pub const GUIDE: &str = "VERIFY.md";
/// Facts about the bag, one `Label: value` a line.
pub const INFO: &str = "bag-info.txt";
/// Says that this is a bag.
pub const DECLARATION: &str = "bagit.txt";
/// The digest of every file of the payload.
pub const MANIFEST: &str = "manifest-sha256.txt";
/// The digests of the files beside the payload, the manifest among them.
pub const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
/// An armoured SSH signature of the tag manifest. No manifest can name it.
pub const SIGNATURE: &str = "tagmanifest-sha256.txt.sig";
/// The payload is below it.
pub const DATA: &str = "data/";

/// All that [`DECLARATION`] says.
pub(crate) const BAGIT: &[u8] = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
/// The label in [`INFO`] of bytes and number of the payload.
pub const OXUM: &str = "Payload-Oxum";
/// Every file beside the payload, in the order of the tar.
pub(crate) const TAGS: [&str; 6] = [GUIDE, INFO, DECLARATION, MANIFEST, TAG_MANIFEST, SIGNATURE];
/// Those that the tag manifest names.
pub(crate) const TAGGED: [&str; 4] = [GUIDE, INFO, DECLARATION, MANIFEST];
