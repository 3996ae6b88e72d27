//! `audit-pack report`: one page about a pack for a person who knows nothing of hash trees.
//!
//! The verdict is that of `verify`, from the same files, read once. `gather` says what is known, `draw` how it looks.

mod draw;
mod gather;

use std::path::{Path, PathBuf};

use holdfast::Exit;
use holdfast::sys::{Secrecy, Store};
use serde::Serialize;

use crate::cli::{ReportArgs, VerifyArgs};
use crate::context::Context;
use crate::out;
use crate::verify::tell::{answer, text};
use crate::verify::{Verdict, VerifyError, verify};
use gather::Story;

/// What the page is made of.
struct Seen<'a> {
    verdict: &'a Verdict,
    /// Nothing where the pack does not even have the form of ours.
    story: Option<&'a Story>,
    made_ms: u64,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
enum ReportError {
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error("{0} is no name for the page\n  name a file that ends in .html: -o report.html")]
    Name(String),
    #[error("{0} would take the place of what is to be checked\n  name another file with -o")]
    Over(String),
    #[error("{path} cannot be written: {error}\n  make room, or name another place with -o")]
    Out { path: String, error: std::io::Error },
}

impl ReportError {
    fn exit(&self) -> Exit {
        match self {
            Self::Verify(error) => error.exit(),
            Self::Name(_) | Self::Over(_) => Exit::Usage,
            Self::Out { .. } => Exit::Io,
        }
    }
}

/// For machines: what `verify` says, and where the page is.
#[derive(Serialize)]
struct Answer<T> {
    report: String,
    #[serde(flatten)]
    verdict: T,
}

pub(crate) fn run(args: &ReportArgs, context: &Context<'_>) -> Exit {
    match report(args, context) {
        Ok(verdict) => {
            let report = args.output.display().to_string();
            let said = if context.json {
                out::json(&Answer { report, verdict: answer(&verdict) })
            } else {
                out::answer(&format!("{}  report      {report}\n", text(context, &verdict)))
            };
            if said == Exit::Ok { verdict.exit() } else { said }
        }
        Err(error) => context.refuse(&error, error.exit()),
    }
}

fn report(args: &ReportArgs, context: &Context<'_>) -> Result<Verdict, ReportError> {
    let output = &args.output;
    let shown = output.display().to_string();
    if output.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("html")) {
        return Err(ReportError::Name(shown));
    }
    let VerifyArgs { pack, allowed_signers, since, anchors, .. } = &args.verify;
    let given = std::iter::once(pack).chain(allowed_signers).chain(since);
    let mut given = given.chain(&anchors.anchor).chain(&anchors.tsa_ca);
    let store = context.sys.store;
    if given.any(|given| is_within(store, output, given)) {
        return Err(ReportError::Over(shown));
    }
    let (verdict, story) = verify(&args.verify, context, Story::of)?;
    let page = draw::page(&Seen { verdict: &verdict, story: story.as_ref(), made_ms: context.now_ms() });
    let written = store.replace(output, page.as_bytes(), Secrecy::Shared);
    written.map_err(|error| ReportError::Out { path: shown, error })?;
    Ok(verdict)
}

/// Whether a file that is to be written is that one, or stands in it where it is a folder, whatever links lead there.
fn is_within(store: &dyn Store, output: &Path, given: &Path) -> bool {
    let real = |path: &Path| store.without_links(path).ok();
    let beside = || -> Option<PathBuf> {
        let dir = output.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(real(dir)?.join(output.file_name()?))
    };
    let (Some(output), Some(given)) = (real(output).or_else(beside), real(given)) else { return false };
    output.starts_with(given)
}
