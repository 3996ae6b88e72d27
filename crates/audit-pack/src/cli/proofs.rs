//! What `prove` and `verify-proof` accept.

use std::path::PathBuf;

use clap::Args;
use tlog::Vkey;

use super::UnixTime;

pub(super) const PROVE_EXAMPLES: &str = "\
LOG is a sealed log, or a pack with one: a tar, or the folder that it was unpacked to. The proof is a
C2SP tlog-proof, which any tool for that reads. The bytes of the line are not in it: hand them on, too.
Nothing that exists is overwritten.

Examples:
  audit-pack prove memory/decisions.jsonl --line 42 -o 42.tlog-proof --line-file 42.jsonl
  audit-pack prove evidence.tar --log memory/decisions.jsonl --line 42 > 42.tlog-proof

Exit codes: 0 proven, 1 the line or what proves it was changed, 4 the line is not signed yet, 64 there is no such
line, 65 the pack is malformed, 74 reading or writing failed, 78 the log is not sealed.";

pub(super) const VERIFY_PROOF_EXAMPLES: &str = "\
VKEY is the key of the log, as `check` and `prove` tell it; FILE of --allowed-signers is as for `verify`. Either
must come another way than the proof.

Examples:
  audit-pack verify-proof 42.tlog-proof --line-file 42.jsonl --key 'example.com/bot/decisions+014a35ad+AYqI…'
  audit-pack verify-proof 42.tlog-proof --line-file - --allowed-signers allowed --signer desk@example.com < 42.jsonl

Exit codes: 0 shown, 1 not shown: another line, another log or a wrong signature; 5 the line is under that head,
and nobody vouches for who signed it; 64 usage, 65 malformed, 74 it cannot be read.";

/// The arguments of `prove`.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// The log, or a pack with it
    #[arg(value_name = "LOG")]
    pub log: PathBuf,
    /// Which line, from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub line: u64,
    /// Which log of the pack, as `verify` names it [default: the only one]
    #[arg(long = "log", value_name = "NAME")]
    pub of_pack: Option<String>,
    /// Where the proof goes [default: stdout]
    #[arg(short, long, value_name = "X.tlog-proof")]
    pub output: Option<PathBuf>,
    /// Where the bytes of the line go
    #[arg(long, value_name = "FILE")]
    pub line_file: Option<PathBuf>,
}

/// The arguments of `verify-proof`.
#[derive(Debug, Args)]
pub struct VerifyProofArgs {
    /// The proof
    #[arg(value_name = "X.tlog-proof")]
    pub proof: PathBuf,
    /// The line that it is said to be about; - is stdin
    #[arg(long, value_name = "FILE")]
    pub line_file: PathBuf,
    /// The key of the log
    #[arg(long, value_name = "VKEY", value_parser = Vkey::parse, conflicts_with = "allowed_signers")]
    pub key: Option<Vkey>,
    /// The keys that count: lines of `ID ssh-ed25519 AAAA…`
    #[arg(long, value_name = "FILE", requires = "signer")]
    pub allowed_signers: Option<PathBuf>,
    /// Whose signature it must be
    #[arg(long, value_name = "ID", requires = "allowed_signers")]
    pub signer: Option<String>,
    /// When the signer's key must have been valid, as 2026-11-27 or 2026-11-27T08:00:00Z [default: now]
    #[arg(long, value_name = "TIME", requires = "allowed_signers")]
    pub verify_time: Option<UnixTime>,
}
