//! What `pack`, `verify` and `report` accept.

use std::path::PathBuf;

use clap::Args;
use holdfast::time::Span;

use super::AnchorPolicy;

pub(super) const VERIFY_EXAMPLES: &str = "\
PACK is the tar, with PACK.sig beside it, or the unpacked folder. FILE has lines as ssh-keygen
reads them: ID, then a public key that came another way than the pack. Nothing is unpacked, and
nothing that the pack says of itself is believed.

Examples:
  audit-pack verify evidence.tar --allowed-signers allowed --signer desk@example.com
  audit-pack verify evidence.tar            names the signer's fingerprint, and ends with 5 at best
  audit-pack verify evidence.tar --allowed-signers allowed --signer desk@example.com --since last-month.tar

Exit codes: 0 unchanged and by that signer, 1 changed, 5 sound but below what was asked for: the
signer is unknown, or PACK.sig is not there; 64 usage, 65 FILE is malformed, 74 it cannot be read.";

pub(super) const REPORT_EXAMPLES: &str = "\
One self-contained page, which needs no script and prints: the verdict of verify, what happened
when, every finding, and what is not shown. It is written whatever the verdict is.

Examples:
  audit-pack report evidence.tar -o report.html --allowed-signers allowed --signer desk@example.com

Exit codes: those of verify; 74 too where the page cannot be written.";

pub(super) const PACK_EXAMPLES: &str = "\
Into it go the sealed logs up to their last seal, the state files, the units as shipped and as installed,
the watchdog's source, facts about this host, the last drill report in data/drill/, and what [audit]
include names. Secrets do not: what could hold one is struck out. Logs cannot be altered, so a secret
in one of them ends the run. Beside X.tar lies X.tar.sig, the signature of the whole.

Examples:
  audit-pack pack                             evidence-NAME-LINES.tar in this folder
  audit-pack pack -o /srv/evidence/2026-11.tar --key ~/.ssh/desk.pub
  ssh-keygen -Y verify -f allowed -I desk@example.com -n pack@holdfast -s X.tar.sig < X.tar";

/// The arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The tar, or the folder that it was unpacked to
    #[arg(value_name = "PACK")]
    pub pack: PathBuf,
    /// The keys that count: lines of `ID ssh-ed25519 AAAA…`
    #[arg(long, value_name = "FILE")]
    pub allowed_signers: Option<PathBuf>,
    /// Whose signature it must be
    #[arg(long, value_name = "ID")]
    pub signer: Option<String>,
    /// When the signer's key must have been valid, as 2026-11-27 or 2026-11-27T08:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub verify_time: Option<UnixTime>,
    /// An older pack, tar or folder, of which nothing may have been rewritten since
    #[arg(long, value_name = "OLD")]
    pub since: Option<PathBuf>,
    /// The last seal of each log may be so old
    #[arg(long, value_name = "D")]
    pub max_unsealed: Option<Span>,
    /// Whose anchors count.
    #[command(flatten)]
    pub anchors: AnchorPolicy,
}

/// The arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// What to judge, and whose keys count.
    #[command(flatten)]
    pub verify: VerifyArgs,
    /// Where to; ends in .html
    #[arg(short, long, value_name = "X.html")]
    pub output: PathBuf,
}

/// A moment in UTC, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnixTime(pub u64);

impl std::str::FromStr for UnixTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let midnight = format!("{text}T00:00:00Z");
        let whole = if text.contains('T') { text } else { &midnight };
        let time = holdfast::time::parse_utc(whole).filter(|wall| *wall >= 0.0);
        time.map(|wall| Self(wall as u64))
            .ok_or_else(|| "write 2026-11-27 or 2026-11-27T08:00:00Z".to_owned())
    }
}

/// The arguments of `pack`.
#[derive(Debug, Args)]
pub struct PackArgs {
    /// Where to; ends in .tar [default: evidence-NAME-LINES.tar]
    #[arg(short, long, value_name = "X.tar")]
    pub output: Option<PathBuf>,
    /// The key that seals and signs [default: that of holdfast.toml, else the one that the first log was begun with]
    #[arg(long, value_name = "KEY")]
    pub key: Option<PathBuf>,
    /// Pack what is sealed already
    #[arg(long)]
    pub no_seal: bool,
    /// Pack a log although a known secret stands in it
    #[arg(long)]
    pub allow_secret_in_log: bool,
}
