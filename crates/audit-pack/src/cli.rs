//! What `audit-pack` accepts.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use holdfast::config::Pointer;
use holdfast::time::Span;
use holdfast::{Exit, say};
use tlog::WitnessKey;

use crate::reconcile::Key;

mod packs;
mod proofs;

pub use packs::{PackArgs, ReportArgs, UnixTime, VerifyArgs};
pub use proofs::{ProveArgs, VerifyProofArgs};

const ABOUT: &str =
    "Seals append-only logs, finds and names what was changed in them, and packs signed evidence";

const ROOT: &str = "The folder that has data/ in it [default: $HOLDFAST_ROOT, else the current folder]";

const EXAMPLES: &str = "\
Examples:
  ssh-keygen -t ed25519 -N '' -f /etc/holdfast/audit_ed25519      once: a key, outside of the root
  audit-pack init memory/decisions.jsonl --key /etc/holdfast/audit_ed25519
  audit-pack seal                   seals what was appended to the logs of holdfast.toml
  audit-pack check                  hashes all of it again and names what was changed
  audit-pack anchor                 has others see the heads, so that nobody rewrites them unseen
  audit-pack pack -o evidence.tar   one signed file for an auditor
  audit-pack verify evidence.tar --allowed-signers auditors/allowed --signer desk@example.com
  audit-pack report evidence.tar -o report.html     the same, as a page for people

Exit codes: 0 unchanged, 1 changed, 4 torn or unsealed, 5 sound but below what was asked for,
64 usage, 65 malformed input, 69 the key did not sign or an anchor was not reached, 74 reading or
writing failed, 75 another process is sealing, 78 no root, no key or no sidecar.";

const INIT_EXAMPLES: &str = "\
KEY is an OpenSSH Ed25519 key, or its public half while ssh-agent holds the other. Best it lies
where the bot cannot read it: whoever has it can sign another history. Beside it, in KEY.signed/,
is remembered what was signed last.

Examples:
  audit-pack init memory/decisions.jsonl --key /etc/holdfast/audit_ed25519
  audit-pack init memory/decisions.jsonl --key ~/.ssh/desk.pub --origin example.com/desk/decisions
After a backup was put back, or a key lost, with another name:
  audit-pack init memory/decisions.jsonl --key KEY --origin example.com/desk/decisions-2 \\
    --after lost/decisions.jsonl.audit/checkpoint";

const APPEND_EXAMPLES: &str = "\
Prints a receipt for each line: its number from 1, and its leaf in the tree.

Examples:
  echo '{\"id\":7,\"act\":\"buy\"}' | audit-pack append memory/decisions.jsonl";

const SEAL_EXAMPLES: &str = "\
A timer runs it every minute. Nothing is signed that does not extend what was signed last.

Examples:
  audit-pack seal                             the logs of holdfast.toml
  audit-pack seal memory/decisions.jsonl";

const ROTATE_EXAMPLES: &str = "\
seal sees by itself that a log was renamed, and goes on in the new file. This is for what it cannot
see: a copy that was made before the log was cut (copytruncate), or several files since the last seal.

Examples:
  audit-pack rotate memory/decisions.jsonl --closed memory/decisions.jsonl-20261128";

const REKEY_EXAMPLES: &str = "\
Both keys sign the change, so the old one must still be there. Without it a log cannot go on: begin
another one with init --after. Where it was interrupted, run it again.

Examples:
  audit-pack rekey --new-key /etc/holdfast/audit_2027
  audit-pack rekey memory/decisions.jsonl --key old_ed25519 --new-key new_ed25519";

const CHECK_EXAMPLES: &str = "\
Examples:
  audit-pack check                            the logs of holdfast.toml
  audit-pack check memory/decisions.jsonl --deep
  audit-pack check memory/decisions.jsonl --against last-month/checkpoint
  audit-pack check memory/decisions.jsonl --base origin/main     in CI and in git hooks
  audit-pack check memory/decisions.jsonl --unique /order_id
  audit-pack check memory/decisions.jsonl --reconcile fills.csv --order-key order_id";

const ANCHOR_EXAMPLES: &str = "\
Shows the last signed head of each log to every [[anchor]] of holdfast.toml that is due: witnesses,
time-stamping authorities, stores. A timer runs it every hour. It never waits for the sealer, nor the
sealer for it. What it gets lies in LOG.audit/anchors/ and goes into every pack.

Examples:
  audit-pack anchor                             the logs of holdfast.toml
  audit-pack anchor --now                       also who was asked lately
  audit-pack anchor memory/decisions.jsonl --import chat-export.html

Exit codes: 0 done, or nothing is due; 1 somebody knows another history, or a longer one; 65 FILE has
no head of the log; 69 somebody was not reached, or did not agree, and is asked again.";

/// The arguments of `audit-pack`.
#[derive(Debug, Parser)]
#[command(name = "audit-pack", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 110)]
pub struct Cli {
    /// The folder that has data/ in it.
    #[arg(long, value_name = "DIR", global = true, help = ROOT)]
    pub root: Option<PathBuf>,
    /// Answer as JSON on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Begin to seal a log
    #[command(after_help = INIT_EXAMPLES)]
    Init(InitArgs),
    /// Append lines from stdin, durably, and seal them
    #[command(after_help = APPEND_EXAMPLES)]
    Append(AppendArgs),
    /// Seal what was appended
    #[command(after_help = SEAL_EXAMPLES)]
    Seal(SealArgs),
    /// Say which files the log was, where seal cannot see it
    #[command(after_help = ROTATE_EXAMPLES)]
    Rotate(RotateArgs),
    /// Let another key sign from now on
    #[command(after_help = REKEY_EXAMPLES)]
    Rekey(RekeyArgs),
    /// Hash everything again and name what was changed
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Have others see the heads of the logs
    #[command(after_help = ANCHOR_EXAMPLES)]
    Anchor(AnchorArgs),
    /// Pack logs, state, units and source into one signed tarball
    #[command(after_help = packs::PACK_EXAMPLES)]
    Pack(PackArgs),
    /// Judge a pack that somebody sent
    #[command(after_help = packs::VERIFY_EXAMPLES)]
    Verify(VerifyArgs),
    /// Prove one line to somebody who gets nothing else of the log
    #[command(after_help = proofs::PROVE_EXAMPLES)]
    Prove(ProveArgs),
    /// Judge such a proof
    #[command(after_help = proofs::VERIFY_PROOF_EXAMPLES)]
    VerifyProof(VerifyProofArgs),
    /// Judge a pack and make a page about it for people
    #[command(after_help = packs::REPORT_EXAMPLES)]
    Report(ReportArgs),
}

/// The arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The log
    #[arg(value_name = "LOG")]
    pub log: PathBuf,
    /// The OpenSSH key that signs its seals [default: that of holdfast.toml]
    #[arg(long, value_name = "KEY")]
    pub key: Option<PathBuf>,
    /// Its name, which no other log has [default: the host's and the log's]
    #[arg(long, value_name = "NAME")]
    pub origin: Option<String>,
    /// The last checkpoint of the log that it takes the place of
    #[arg(long, value_name = "NOTE", requires = "origin")]
    pub after: Option<PathBuf>,
}

/// The arguments of `append`.
#[derive(Debug, Args)]
pub struct AppendArgs {
    /// The log
    #[arg(value_name = "LOG")]
    pub log: PathBuf,
    /// The key [default: the one that it was begun with]
    #[arg(long, value_name = "KEY")]
    pub key: Option<PathBuf>,
}

/// The arguments of `seal`.
#[derive(Debug, Args)]
pub struct SealArgs {
    /// The logs [default: those of holdfast.toml]
    #[arg(value_name = "LOG")]
    pub logs: Vec<PathBuf>,
    /// The key [default: that of holdfast.toml, else the one that each was begun with]
    #[arg(long, value_name = "KEY")]
    pub key: Option<PathBuf>,
}

/// The arguments of `rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// The log, under the name that it goes on with
    #[arg(value_name = "LOG")]
    pub log: PathBuf,
    /// A file beside it that was the log before; of several the oldest first
    #[arg(long, value_name = "FILE", required = true)]
    pub closed: Vec<PathBuf>,
    /// The key [default: the one that it was begun with]
    #[arg(long, value_name = "KEY")]
    pub key: Option<PathBuf>,
}

/// The arguments of `rekey`.
#[derive(Debug, Args)]
pub struct RekeyArgs {
    /// The logs [default: those of holdfast.toml]
    #[arg(value_name = "LOG")]
    pub logs: Vec<PathBuf>,
    /// The key that signs from now on
    #[arg(long, value_name = "KEY")]
    pub new_key: PathBuf,
    /// The key until now [default: that of holdfast.toml, else the one that each was begun with]
    #[arg(long, value_name = "KEY")]
    pub key: Option<PathBuf>,
}

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The logs [default: those of holdfast.toml]
    #[arg(value_name = "LOG")]
    pub logs: Vec<PathBuf>,
    /// The log whose place this one has taken, with its sidecar
    #[arg(long, value_name = "LOG")]
    pub past: Vec<PathBuf>,
    /// The key that must have signed [default: that of holdfast.toml, else the one that each was begun with]
    #[arg(long, value_name = "KEY")]
    pub key: Option<PathBuf>,
    /// An older checkpoint of the log, which it must extend
    #[arg(long, value_name = "NOTE")]
    pub against: Vec<PathBuf>,
    /// A git revision whose content the log must begin with
    #[arg(long, value_name = "GITREV")]
    pub base: Option<String>,
    /// Also hash each sealed segment by itself, as the shell verifier does
    #[arg(long)]
    pub deep: bool,
    /// A JSON pointer whose value no two decisions share
    #[arg(long, value_name = "POINTER")]
    pub unique: Option<Pointer>,
    /// A file of fills, CSV or JSON lines: each order has one there, and each of them an order
    #[arg(long, value_name = "FILLS", requires = "order_key", conflicts_with = "quick")]
    pub reconcile: Option<PathBuf>,
    /// What an order and its fills have in common: a name or a JSON pointer
    #[arg(long, value_name = "KEY", requires = "reconcile")]
    pub order_key: Option<Key>,
    /// What it is called in FILLS, where that is another name or column
    #[arg(long, value_name = "KEY", requires = "reconcile")]
    pub fills_key: Option<Key>,
    /// Only what takes a moment: the seals, the signatures, the lengths, the bytes of the last seal
    #[arg(long, conflicts_with_all = ["deep", "against"])]
    pub quick: bool,
    /// Lines may be unsealed for so long
    #[arg(long, value_name = "D")]
    pub max_unsealed: Option<Span>,
    /// Whose anchors count, beside those of holdfast.toml.
    #[command(flatten)]
    pub anchors: AnchorPolicy,
}

/// Whose anchors count, and how many there must be.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Anchors")]
pub struct AnchorPolicy {
    /// A witness that counts, by its verifier key
    #[arg(long, value_name = "VKEY", value_parser = WitnessKey::parse)]
    pub witness: Vec<WitnessKey>,
    /// Certificates of a time-stamping authority that counts, as PEM
    #[arg(long, value_name = "FILE")]
    pub tsa_ca: Vec<PathBuf>,
    /// A head that you hold: a mail, an export of a chat, a note, what a store kept
    #[arg(long, value_name = "FILE")]
    pub anchor: Vec<PathBuf>,
    /// So many must have anchored each log
    #[arg(long, value_name = "N")]
    pub require_anchors: Option<u64>,
    /// Sealed lines may be without an anchor for so long
    #[arg(long, value_name = "D")]
    pub max_anchor_age: Option<Span>,
}

/// The arguments of `anchor`.
#[derive(Debug, Args)]
pub struct AnchorArgs {
    /// The logs [default: those of holdfast.toml]
    #[arg(value_name = "LOG")]
    pub logs: Vec<PathBuf>,
    /// Keep a text that holds a head of the log: a mail, an export of a chat
    #[arg(long, value_name = "FILE")]
    pub import: Option<PathBuf>,
    /// Ask everybody, due or not
    #[arg(long, conflicts_with = "import")]
    pub now: bool,
}

impl Cli {
    /// Reads the arguments. Help goes to stdout and is a success, an error to stderr.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, Exit> {
        let args: Vec<OsString> = args.into_iter().collect();
        Self::try_parse_from(&args).map_err(|error| {
            // Who asked may have gone away; that changes no exit code.
            let _ = error.print();
            if error.use_stderr() { say::misused("audit-pack", &args, &error) } else { Exit::Ok }
        })
    }
}
