//! Stamps, judged by openssl at their own time: which authority gave them is no question for us.

use std::path::Path;
use std::time::Duration;

use anchor::stamp::STAMP_MAX;
use holdfast::sys::{Job, Secrecy, Sys};
use tlog::Hash;

use super::evidence::folder;
use super::{ANCHORS, Trust};
use crate::place::FileError;
use crate::sidecar::Sidecar;

/// openssl has this long for one stamp.
const PATIENCE: Duration = Duration::from_secs(20);
/// Certificates beside a stamp are not longer, in bytes.
pub(crate) const CERTIFICATES_MAX: u64 = 1 << 20;

/// A stamp that lies in a folder, beside the chain that it is of.
pub(super) struct Candidate {
    /// The folder.
    pub(super) records: u64,
    /// What its file is called, without `.tsr`.
    pub(super) name: String,
    pub(super) digest: Hash,
    pub(super) time_s: u64,
}

/// A stamp that is right.
pub(super) struct Right {
    /// The file of the verifier that it is by: what the pack calls it makes no second giver of one.
    pub(super) by: String,
    pub(super) records: u64,
    pub(super) time_s: u64,
}

/// What came of all stamps.
#[derive(Default)]
pub(super) struct Checked {
    /// How many openssl was given.
    pub(super) given: usize,
    pub(super) right: Vec<Right>,
    pub(super) unchecked: Vec<String>,
    pub(super) lack: Option<String>,
}

/// Has openssl verify so many at most, the first ones.
pub(super) fn check(
    sidecar: &Sidecar<'_>,
    trust: &Trust<'_>,
    candidates: &[Candidate],
    most: usize,
) -> Result<Checked, FileError> {
    let mut checked = Checked::default();
    if trust.authorities.is_empty() || candidates.is_empty() {
        if !candidates.is_empty() {
            let count = candidates.len();
            checked.unchecked.push(format!("{count} time stamps: name who gave them with --tsa-ca FILE"));
        }
        return Ok(checked);
    }
    let left = candidates.len().saturating_sub(most);
    if left > 0 {
        checked.unchecked.push(format!("{left} older time stamps"));
    }
    for candidate in candidates.iter().take(most) {
        checked.given += 1;
        let below = format!("{ANCHORS}/{}", folder(candidate.records));
        let name = sidecar.name(&format!("{below}/{}.tsr", candidate.name));
        let read =
            |name: &str, most| sidecar.place.read(name, most).map_err(|error| sidecar.error(name, error));
        let tsr = read(&name, STAMP_MAX)?.unwrap_or_default();
        let beside = sidecar.name(&format!("{below}/{}.pem", candidate.name));
        let beside = read(&beside, CERTIFICATES_MAX)?;
        let digest = candidate.digest;
        let stamp = Told { tsr: &tsr, digest, time_s: candidate.time_s, beside: beside.as_deref() };
        let mut said = String::new();
        let mut by = None;
        for authority in &trust.authorities {
            match verify(trust.sys, &stamp, authority) {
                Ok(()) => {
                    by = Some(authority.display().to_string());
                    break;
                }
                Err(Unverified::No(why)) => said = why,
                Err(Unverified::Nobody(why)) => {
                    checked.unchecked.push(why.clone());
                    checked.lack = Some(why);
                    return Ok(checked);
                }
            }
        }
        if let Some(by) = by {
            checked.right.push(Right { by, records: candidate.records, time_s: candidate.time_s });
        } else {
            checked.unchecked.push(format!("{below}/{}.tsr: by nobody of --tsa-ca ({said})", candidate.name));
        }
    }
    Ok(checked)
}

/// A stamp as openssl is told of it.
pub(crate) struct Told<'a> {
    /// The answer of the authority.
    pub(crate) tsr: &'a [u8],
    /// What is stamped.
    pub(crate) digest: Hash,
    /// When, by the stamp.
    pub(crate) time_s: u64,
    /// Further certificates, which are not trusted for that.
    pub(crate) beside: Option<&'a [u8]>,
}

/// Why a stamp is not verified.
pub(crate) enum Unverified {
    /// It is not right.
    No(String),
    /// Nobody could say.
    Nobody(String),
}

/// Whether a certificate of the file leads to the signature of the stamp, at the time that it names.
pub(crate) fn verify(sys: &Sys, stamp: &Told<'_>, authority: &Path) -> Result<(), Unverified> {
    let nobody = |why: String| Unverified::Nobody(format!("time stamps were not verified: {why}"));
    // openssl reads files, and what lies in a pack is in none.
    let temp = std::env::temp_dir().join(format!("audit-pack-{:016x}", holdfast::sys::random()));
    let [tsr, pem] = ["tsr", "pem"].map(|end| temp.with_extension(end));
    let put = |path: &Path, bytes: &[u8]| {
        let put = sys.store.replace(path, bytes, Secrecy::Secret);
        put.map_err(|error| nobody(format!("{}: {error}", path.display())))
    };
    put(&tsr, stamp.tsr)?;
    let text = |path: &Path| path.display().to_string();
    let mut argv = ["openssl", "ts", "-verify", "-digest"].map(str::to_owned).to_vec();
    argv.extend([stamp.digest.to_string(), "-in".to_owned(), text(&tsr)]);
    argv.extend(["-CAfile".to_owned(), text(authority), "-attime".to_owned(), stamp.time_s.to_string()]);
    if let Some(beside) = stamp.beside {
        put(&pem, beside)?;
        argv.extend(["-untrusted".to_owned(), text(&pem)]);
    }
    let job = Job { argv, env: Vec::new(), dir: None, stdin: Vec::new(), timeout: PATIENCE };
    let ran = sys.spawner.run(&job);
    for path in [&tsr, &pem] {
        // A temporary file that stays is no reason to doubt a stamp.
        let _ = sys.store.remove(path);
    }
    match ran {
        Ok(outcome) if outcome.ok() => Ok(()),
        Ok(outcome) => Err(Unverified::No(reason(&outcome.output))),
        Err(error) => Err(nobody(format!("openssl cannot be started ({error}); install it"))),
    }
}

/// What openssl says is wrong, without what it says around it.
fn reason(output: &str) -> String {
    let line = output.lines().find(|line| line.contains("rror:")).or_else(|| output.lines().last());
    let line = line.unwrap_or("openssl says nothing");
    let last = line.rsplit(':').find(|part| !part.trim().is_empty()).unwrap_or(line);
    holdfast::text::printable(last.trim(), 200)
}
