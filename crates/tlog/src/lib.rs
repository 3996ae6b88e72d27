//! Sealed logs: leaves, tree, tiles, seals, signed notes and proofs.
//!
//! The bytes are those of `audit/FORMAT.md`, which is the normative text. The crate does no I/O of its own: tiles come
//! through [`tile::TileSource`], signatures through [`note::Signer`], everything else as bytes; time is given as
//! numbers. It rests on published standards (RFC 6962 and 9162, the C2SP notes, checkpoints and tiles), so that
//! whoever does not trust it can take another implementation.
//!
//! Layers, each using only those before it:
//!
//! * [`hash`] and [`lines`]: leaves and nodes, one by one or as fast as the machine can;
//! * [`tree`]: the right edge of a growing tree; [`tile`]: how a tree is stored and read back; [`proof`];
//! * [`name`], [`note`], [`checkpoint`]: signed statements about a head;
//! * [`seals`]: the chain of records that a log's sidecar is; [`proof_file`]: one leaf, proven to somebody else.

pub mod checkpoint;
pub mod hash;
mod lanes;
pub mod lines;
pub mod name;
pub mod note;
pub mod proof;
pub mod proof_file;
pub mod seals;
mod text;
mod threads;
pub mod tile;
pub mod tree;

pub use checkpoint::{Chain, Checkpoint};
pub use hash::{Hash, Hasher};
pub use name::{FileName, Origin};
pub use note::{Note, Signer, Vkey, WitnessKey};
pub use proof_file::ProofFile;
pub use text::NUMBER_MAX;
pub use tile::{Tile, TileSource};
