//! What was packed, for people and for machines.

use std::fmt::Write as _;
use std::path::Path;

use bag::Written;
use holdfast::Exit;
use holdfast::time::iso;
use serde::Serialize;

use super::host::{Sources, source_files};
use super::logs::LogFact;
use super::parcel::{NotPacked, Parcel};
use super::write::{PACK, signature_of};
use crate::out;

/// What is in a pack.
#[derive(Serialize)]
pub(super) struct Summary {
    tar: String,
    signature: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    bytes: u64,
    files: usize,
    signer: String,
    logs: Vec<LogFact>,
    state: usize,
    units_shipped: usize,
    units_installed: usize,
    drill: usize,
    included: usize,
    watchdog: Sources,
    not_packed: Vec<NotPacked>,
}

impl Summary {
    pub(super) fn new(
        output: &Path,
        logs: &[LogFact],
        sources: &Sources,
        parcel: &Parcel<'_>,
        signer: String,
    ) -> Self {
        Self {
            tar: output.display().to_string(),
            signature: signature_of(output).display().to_string(),
            sha256: None,
            bytes: 0,
            files: parcel.count("data/"),
            signer,
            logs: logs.to_vec(),
            state: parcel.count("data/state/"),
            units_shipped: parcel.count("data/units/shipped/"),
            units_installed: parcel.count("data/units/installed/"),
            drill: parcel.count("data/drill/"),
            included: parcel.count("data/include/"),
            watchdog: sources.clone(),
            not_packed: parcel.not_packed.clone(),
        }
    }

    pub(super) fn tell(mut self, json: bool, written: &Written) -> Exit {
        self.sha256 = Some(written.sha256.to_string());
        self.bytes = written.len;
        if json { out::json(&self) } else { out::answer(&self.text()) }
    }

    fn text(&self) -> String {
        let pack = &self.tar;
        let mut text = format!("{pack}: {} bytes, {} files\n", self.bytes, self.files);
        for log in &self.logs {
            let when = log.sealed_ms.map_or_else(|| "never".to_owned(), |ms| iso(ms as f64 / 1e3));
            let path = log.path.strip_prefix("data/log/").unwrap_or(&log.path);
            let _ = writeln!(
                text,
                "  log         {path}: {} lines, {} bytes, last seal {when}; {} bytes behind it are not packed",
                log.lines, log.bytes, log.unsealed_bytes
            );
        }
        let _ = writeln!(
            text,
            "  state       {}\n  units       {} as shipped, {} as installed here",
            files(self.state),
            self.units_shipped,
            self.units_installed
        );
        let _ =
            writeln!(text, "  source      of the watchdog, {} files; {}", source_files(), self.agreement());
        for (what, count) in [("drill", self.drill), ("included", self.included)] {
            if count > 0 {
                let _ = writeln!(text, "  {what:<11} {}", files(count));
            }
        }
        for missing in &self.not_packed {
            let _ = writeln!(
                text,
                "  NOT PACKED  {}: {}",
                missing.source,
                missing.why.lines().next().unwrap_or_default()
            );
        }
        let _ = writeln!(text, "  signed by   {}, in {}", self.signer, self.signature);
        let _ = writeln!(
            text,
            "  verify      audit-pack verify {pack} --allowed-signers FILE --signer ID\n  or          ssh-keygen -Y verify -f \
             FILE -I ID -n {PACK} -s {} < {pack}",
            self.signature
        );
        text
    }

    fn agreement(&self) -> String {
        let Sources { packed, installed, running, .. } = &self.watchdog;
        let of = |digest: &Option<String>| match digest {
            None => "is not known",
            Some(digest) if digest == packed => "is of it",
            Some(_) => "is of ANOTHER one",
        };
        format!("the installed program {}, the running one {}", of(installed), of(running))
    }
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}
