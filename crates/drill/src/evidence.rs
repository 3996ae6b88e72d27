//! The drill's own evidence: a root that trades, is watched and is stopped, with the report of the drill in it, sealed,
//! packed and verified as an auditor does it.

use std::fmt::Write as _;
use std::path::Path;

use holdfast::advice::quoted;
use holdfast::sys::Sys;
use holdfast::watch::Verdict;
use serde::{Deserialize, Serialize};

use crate::programs::Programs;
use crate::report::{self, Report};
use crate::stage::{Crew, Pack, SIGNER, Stage, Trouble, broken, failed, world};

/// The folder of the drill that its root is in. No scenario has this name.
const FOLDER: &str = "main";

/// What has become of the evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub(crate) enum Evidence {
    /// It is packed, and `audit-pack verify` finds it unchanged.
    Verified(Verified),
    Failed {
        why: String,
        folder: String,
    },
    /// Could not be tried here. Never a success.
    NotRun {
        why: String,
    },
}

/// Where the evidence is, and what was said of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Verified {
    tar: String,
    signature: String,
    allowed_signers: String,
    signer: String,
    fingerprint: String,
    files: usize,
    bytes: u64,
    logs: Vec<SealedLog>,
    verdict: String,
    /// What verifies it again.
    verify: Vec<String>,
}

/// A sealed log in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SealedLog {
    log: String,
    lines: u64,
    seals: u64,
}

/// The part of the answer of `audit-pack pack` that the drill looks at.
#[derive(Deserialize)]
struct Packed {
    /// How many files of a drill's report are in it.
    drill: usize,
}

/// The part of the answer of `audit-pack verify`.
#[derive(Deserialize)]
struct Said {
    verdict: String,
    files: usize,
    bytes: u64,
    logs: Vec<SealedLog>,
    outer_signature: Signature,
}

#[derive(Deserialize)]
struct Signature {
    identity: Option<String>,
    fingerprint: Option<String>,
}

/// A root with a story: a bot that decided and was killed, and a watchdog that paused trading.
pub(crate) struct Story<'a> {
    stage: Stage<'a>,
    public: String,
}

impl<'a> Story<'a> {
    /// Lives it, in a folder of its own below `dir`.
    pub(crate) fn live(sys: Sys<'static>, programs: &'a Programs, dir: &Path) -> Result<Self, Trouble> {
        if !cfg!(unix) {
            return Err(Trouble::NotRun("this version rehearses on Unix only".to_owned()));
        }
        let stage = Stage::set(sys, programs, &dir.join(FOLDER))?;
        let public = stage.prepare_seals()?;
        let Crew { mut bot, watchdog } = stage.healthy()?;
        stage.begin_seals()?;
        stage.seal_more()?;
        let injected = stage.now();
        bot.0.kill();
        stage.tripped(&injected, "bot", Verdict::Stale)?;
        drop(watchdog);
        Ok(Self { stage, public })
    }

    /// Adds the report, seals all logs, packs and verifies.
    fn tell(&self, report: &Report, pack: &Pack) -> Result<Verified, Trouble> {
        let (stage, store) = (&self.stage, self.stage.sys.store);
        let dir = stage.root.data().join("drill");
        store
            .make_dir(&dir)
            .and_then(|()| report.write(store, &dir.join(report::FILE)))
            .map_err(|error| broken("the report for the evidence cannot be written")(&error))?;
        report
            .journal(&stage.sys, &stage.root)
            .map_err(|error| broken("the journal cannot be written")(&error))?;
        stage.audit(&["seal"], 0)?;
        let packed: Packed = stage.pack(pack, &self.public)?;
        if packed.drill != 2 {
            return failed(format!("{} files of the report are in the pack, not 2", packed.drill));
        }
        let said: Said = stage.audit_says(&pack.verify(), 0)?;
        let logs: Vec<&str> = said.logs.iter().map(|log| log.log.as_str()).collect();
        if logs != ["data/trips.jsonl", "memory/decisions.jsonl", "memory/journal.jsonl"] {
            return failed(format!("the logs in the pack are: {}", logs.join(", ")));
        }
        let (Some(signer), Some(fingerprint)) =
            (said.outer_signature.identity, said.outer_signature.fingerprint)
        else {
            return failed("audit-pack verify ended with 0, and names no signer");
        };
        if (said.verdict.as_str(), signer.as_str()) != ("unchanged", SIGNER) {
            return failed(format!("the verdict is {}, by {signer}", said.verdict));
        }
        let program = stage.programs.path("audit-pack").display().to_string();
        Ok(Verified {
            tar: pack.tar.clone(),
            signature: pack.signature(),
            allowed_signers: pack.signers.clone(),
            signer,
            fingerprint,
            files: said.files,
            bytes: said.bytes,
            logs: said.logs,
            verdict: said.verdict,
            verify: std::iter::once(program.as_str()).chain(pack.verify()).map(str::to_owned).collect(),
        })
    }
}

/// Ends the story with the report of the drill. `dir` is the folder of the drill.
pub(crate) fn end(
    story: Result<Story<'_>, Trouble>,
    report: &Report,
    pack: &Pack,
    dir: &Path,
    keep: bool,
) -> Evidence {
    let folder = dir.join(FOLDER);
    match story.and_then(|story| story.tell(report, pack)) {
        Ok(verified) => {
            if !keep {
                // What stays is a folder too many.
                let _ = world::clear(&folder);
            }
            Evidence::Verified(verified)
        }
        Err(Trouble::Failed(why)) => Evidence::Failed { why, folder: folder.display().to_string() },
        Err(Trouble::NotRun(why)) => Evidence::NotRun { why },
    }
}

impl Evidence {
    /// As it is in JSON.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Evidence::Verified(_) => "verified",
            Evidence::Failed { .. } => "failed",
            Evidence::NotRun { .. } => "not-run",
        }
    }

    /// For people, in a few lines.
    pub(crate) fn text(&self) -> String {
        match self {
            Evidence::Verified(verified) => verified.text(),
            Evidence::Failed { why, folder } => {
                format!("Evidence FAILED: {why}\n  files and logs: {folder}\n")
            }
            Evidence::NotRun { why } => format!("Evidence not packed: {why}\n"),
        }
    }
}

impl Verified {
    fn text(&self) -> String {
        let Self { tar, allowed_signers, fingerprint, files, bytes, signer, .. } = self;
        let mut text = format!(
            "Evidence: a bot that was killed, and this report, signed by a throw-away key\n\
             \x20 tarball  {tar}\n\
             \x20          {files} files, {bytes} bytes; its signature lies beside it, in .sig\n"
        );
        for SealedLog { log, lines, .. } in &self.logs {
            let _ =
                writeln!(text, "           {log}: {lines} sealed line{}", if *lines == 1 { "" } else { "s" });
        }
        let _ = write!(
            text,
            "  key      {allowed_signers}\n           {fingerprint}\n  verify   {}\n  verdict  {} since it was packed, \
             and signed by {signer}\n",
            command(&self.verify),
            self.verdict.to_uppercase()
        );
        text
    }
}

/// Ready to be pasted into a shell; options on lines of their own.
fn command(argv: &[String]) -> String {
    let mut text = String::new();
    for (at, word) in argv.iter().enumerate() {
        // The program and its verb stay together, as do an option and its value.
        let joins = at == 0 || at == 1 || argv[at - 1].starts_with("--");
        text.push_str(if at == 0 {
            ""
        } else if joins {
            " "
        } else {
            " \\\n             "
        });
        text.push_str(&quoted(word));
    }
    text
}

#[cfg(test)]
pub(crate) fn sample() -> Evidence {
    let in_out = |name: &str| format!("/srv/my drills/{name}");
    let (tar, allowed_signers) = (in_out("drill-evidence.tar"), in_out("drill-evidence.allowed_signers"));
    let log = |log: &str, lines| SealedLog { log: log.to_owned(), lines, seals: 1 };
    let verify = [
        "/usr/local/bin/audit-pack",
        "verify",
        &tar,
        "--allowed-signers",
        &allowed_signers,
        "--signer",
        SIGNER,
    ];
    Evidence::Verified(Verified {
        signature: format!("{tar}.sig"),
        signer: SIGNER.to_owned(),
        fingerprint: "SHA256:YkS1KK5x3e6eZi7G559XqIEavJTesfHtKIp0NFHlDOE".to_owned(),
        files: 213,
        bytes: 1_109_873,
        logs: vec![log("data/trips.jsonl", 1), log("memory/decisions.jsonl", 7)],
        verdict: "unchanged".to_owned(),
        verify: verify.map(str::to_owned).to_vec(),
        tar,
        allowed_signers,
    })
}
