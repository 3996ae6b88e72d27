//! The bot's decisions as a sealed log. Its key is made for this stage, and lies outside of the root.

use std::fmt;
use std::path::{Path, PathBuf};

use holdfast::sys::{Ended, Outcome, Secrecy};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sshsig::NewKey;

use super::crew::Bot;
use super::{INBOX, Stage, Trouble, broken, failed, world};

/// The log, from the root, and its seals.
pub(crate) const LOG: &str = "memory/decisions.jsonl";
pub(crate) const SEALS: &str = "memory/decisions.jsonl.audit";
/// The key, beside the root.
pub(crate) const KEY: &str = "audit_ed25519";
/// Whose it is, for who verifies a pack.
pub(crate) const SIGNER: &str = "drill";

/// A tarball with evidence, and beside it who may have signed it.
#[derive(Clone, Debug)]
pub(crate) struct Pack {
    pub(crate) tar: String,
    pub(crate) signers: String,
}

impl Pack {
    /// In this folder.
    pub(crate) fn new(dir: &Path) -> Self {
        let [tar, signers] = ["drill-evidence.tar", "drill-evidence.allowed_signers"]
            .map(|name| dir.join(name).display().to_string());
        Self { tar, signers }
    }

    /// The signature of the whole.
    pub(crate) fn signature(&self) -> String {
        format!("{}.sig", self.tar)
    }

    /// What `audit-pack` is told to verify it.
    pub(crate) fn verify(&self) -> [&str; 6] {
        ["verify", &self.tar, "--allowed-signers", &self.signers, "--signer", SIGNER]
    }
}

/// A damage, as `audit-pack` names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Damage {
    pub(crate) kind: String,
    pub(crate) line: Option<u64>,
    pub(crate) byte: Option<u64>,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        self.line.map_or(Ok(()), |line| write!(f, ", line {line}"))?;
        self.byte.map_or(Ok(()), |byte| write!(f, ", at byte {byte}"))
    }
}

/// The part of a verdict that the drill looks at.
#[derive(Deserialize)]
struct Verdict {
    verdict: String,
    findings: Vec<Damage>,
}

impl Stage<'_> {
    /// Makes a key of this name beside the root. Returns its public half, as one line.
    pub(crate) fn make_key(&self, name: &str) -> Result<String, Trouble> {
        let Some(key) = NewKey::make("throw-away key of a drill") else {
            return failed("no key can be made: the system gives no random bytes");
        };
        self.sys
            .store
            .replace(&self.dir.join(name), key.private.as_bytes(), Secrecy::Secret)
            .map_err(|error| broken("the key cannot be written")(&error))?;
        Ok(key.public)
    }

    /// From now on logs are sealed with a key of this stage's own. Returns its public half, as one line.
    pub(crate) fn prepare_seals(&self) -> Result<String, Trouble> {
        let public = self.make_key(KEY)?;
        self.configure_seals("")?;
        Ok(public)
    }

    /// Seals, and `more`.
    pub(crate) fn configure_seals(&self, more: &str) -> Result<(), Trouble> {
        self.configure(&format!("{INBOX}\n[audit]\nkey = \"../{KEY}\"\n\n{more}"))
    }

    /// Begins to seal the log in the middle of the bot's work. Returns how many lines the first seal covers.
    pub(crate) fn begin_seals(&self) -> Result<usize, Trouble> {
        #[derive(Deserialize)]
        struct Sealed {
            lines: usize,
        }
        self.decided(3)?;
        let sealed: Sealed = self.audit_says(&["init", LOG], 0)?;
        Ok(sealed.lines)
    }

    /// A bot at work, and its log with one seal, of so many lines.
    pub(crate) fn sealed_once(&self) -> Result<(Bot, usize), Trouble> {
        self.prepare_seals()?;
        let bot = self.bot()?;
        Ok((bot, self.begin_seals()?))
    }

    /// Lets the bot work on, and seals what it has decided meanwhile.
    pub(crate) fn seal_more(&self) -> Result<(), Trouble> {
        self.decided(self.decisions() + 2)?;
        self.audit(&["seal", LOG], 0).map(drop)
    }

    /// The same, and it leaves: nothing stands behind the second seal. Nothing is wrong by then.
    pub(crate) fn sealed_again(&self, bot: Bot) -> Result<(), Trouble> {
        self.decided(self.decisions() + 2)?;
        self.leave(bot)?;
        self.audit(&["seal", LOG], 0)?;
        self.unchanged(&["check", LOG])
    }

    fn decided(&self, days: usize) -> Result<(), Trouble> {
        self.until("the bot decides", || (self.decisions() >= days).then_some(()))
    }

    /// Runs `audit-pack`, which must end with this code.
    pub(crate) fn audit(&self, args: &[&str], code: i32) -> Result<Outcome, Trouble> {
        let outcome = self.run("audit-pack", args)?;
        if outcome.ended == Ended::Code(code) {
            return Ok(outcome);
        }
        let said = outcome.output.trim();
        failed(format!("audit-pack {} ended with {:?}, not {code}: {said}", args[0], outcome.ended))
    }

    /// The same, with its answer.
    pub(crate) fn audit_says<T: DeserializeOwned>(&self, args: &[&str], code: i32) -> Result<T, Trouble> {
        let outcome = self.audit(&[args, &["--json"]].concat(), code)?;
        let answer = outcome.output.lines().rev().find_map(|line| serde_json::from_str(line).ok());
        answer.map_or_else(
            || failed(format!("audit-pack {} gave no answer: {}", args[0], outcome.output.trim())),
            Ok,
        )
    }

    /// `audit-pack` finds nothing wrong.
    pub(crate) fn unchanged(&self, args: &[&str]) -> Result<(), Trouble> {
        let said: Verdict = self.audit_says(args, 0)?;
        match said.findings.first() {
            None if said.verdict == "unchanged" => Ok(()),
            found => {
                failed(format!("audit-pack says {} of what nobody has changed: {found:?}", said.verdict))
            }
        }
    }

    /// `audit-pack` ends with 1 and names this damage.
    pub(crate) fn named(&self, args: &[&str], damage: &Damage) -> Result<(), Trouble> {
        let said: Verdict = self.audit_says(args, 1)?;
        if said.verdict == "changed" && said.findings.contains(damage) {
            return Ok(());
        }
        let found: Vec<String> = said.findings.iter().map(ToString::to_string).collect();
        failed(format!("audit-pack {} does not name \"{damage}\", but: {}", args[0], found.join("; ")))
    }

    /// `audit-pack` refuses with 1, and nothing has been signed by it.
    pub(crate) fn signs_nothing(&self, args: &[&str]) -> Result<(), Trouble> {
        let before = self.signed();
        self.audit(args, 1)?;
        if self.signed() == before {
            return Ok(());
        }
        failed(format!("audit-pack {} ended with 1, but it has SIGNED what was rewritten", args[0]))
    }

    /// All that is signed: the seals with their signatures, and what is remembered beside the key.
    fn signed(&self) -> Vec<String> {
        let seals = ["SEALS", "checkpoint", "chain"].map(|name| self.path(SEALS).join(name));
        let beside = self.dir.join(format!("{KEY}.signed"));
        let names = self.sys.store.list(&beside).unwrap_or_default();
        seals
            .into_iter()
            .chain(names.iter().map(|name| beside.join(name)))
            .map(|path| world::text(&path))
            .collect()
    }

    /// Packs the evidence of this root. `public` is the key that may have signed it. Returns the answer.
    pub(crate) fn pack<T: DeserializeOwned>(&self, pack: &Pack, public: &str) -> Result<T, Trouble> {
        let line = format!("{SIGNER} {public}\n");
        self.sys
            .store
            .replace(Path::new(&pack.signers), line.as_bytes(), Secrecy::Shared)
            .map_err(|error| broken(&format!("{} cannot be written", pack.signers))(&error))?;
        self.audit_says(&["pack", "-o", &pack.tar], 0)
    }

    /// A path below the root.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(relative)
    }
}
