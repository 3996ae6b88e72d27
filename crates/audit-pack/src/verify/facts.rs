//! What a pack says of the host that packed it. All of it are claims, but for the digest of the source that is in it,
//! which is computed here.

use std::fmt::Write as _;

use bag::{Bag, Digest, Manifests};
use holdfast::text::printable;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Kind};

/// Where it says so.
const FACTS: &str = "data/host/facts.json";
/// It is not longer, in bytes.
const FACTS_MAX: u64 = 8 << 20;
const SOURCE: &str = "data/source/watchdog/";
/// At most so much of a text is shown, and so many of a list.
const SHOWN_MAX: usize = 200;
const LISTED_MAX: usize = 1000;

/// What is known about the host, and about the watchdog's source.
#[derive(Default)]
pub(crate) struct Facts {
    claims: Option<Claims>,
    /// Why nothing is claimed.
    without: Option<String>,
    source: Option<Source>,
}

/// The source in the pack.
struct Source {
    digest: String,
    files: usize,
}

/// What `data/host/facts.json` says. What else is in it is for people.
#[derive(Deserialize, Serialize)]
struct Claims {
    #[serde(skip_serializing)]
    v: u64,
    program: String,
    version: String,
    host: String,
    system: String,
    clock_synchronised: Option<bool>,
    programs: Vec<Program>,
    #[serde(skip_serializing)]
    watchdog: Sources,
    not_packed: Vec<NotPacked>,
    /// How much more the lists have.
    #[serde(skip)]
    more: usize,
}

#[derive(Deserialize, Serialize)]
struct Program {
    name: String,
    bytes: u64,
    sha256: String,
}

#[derive(Deserialize)]
struct Sources {
    packed: String,
    installed: Option<String>,
    running: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct NotPacked {
    source: String,
    why: String,
}

/// For machines.
#[derive(Serialize)]
pub(crate) struct Answer<'a> {
    host: Option<&'a Claims>,
    source: AnswerSource<'a>,
}

/// Digests of the watchdog's source.
#[derive(Serialize)]
struct AnswerSource<'a> {
    /// Of what is in the pack.
    packed: Option<&'a str>,
    files: usize,
    /// As the installed watchdog said, and the one that ran.
    installed: Option<&'a str>,
    running: Option<&'a str>,
    /// All that is known is the same; nothing where only one is known.
    agree: Option<bool>,
}

impl Facts {
    /// Reads them. The digests in the manifest are those of the files, or there is a finding anyway.
    pub(super) fn of(bag: &Bag<'_>, manifests: &Manifests) -> Self {
        let (claims, without) = match read(bag) {
            Ok(claims) => (Some(claims), None),
            Err(why) => (None, Some(why)),
        };
        Self { claims, without, source: Source::of(bag, manifests) }
    }

    /// Where the pack does not say the truth about itself.
    pub(super) fn finding(&self) -> Option<Finding> {
        let said = &self.claims.as_ref()?.watchdog.packed;
        let found = self.source.as_ref().map_or("none", |source| &source.digest);
        (found != said).then(|| {
            let says =
                format!("it says that the watchdog's source in the pack is {said}, and that is {found}");
            Finding::new(Kind::Malformed, FACTS).says(says)
        })
    }

    /// What somebody should know who reads the source, or asks about the host.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(why) = &self.without {
            warnings.push(format!("nothing is known about the host: {FACTS} {why}"));
        }
        if self.source.is_none() {
            warnings.push("the watchdog's source is not in it".to_owned());
        }
        for (which, digest) in self.others() {
            if let (Some(source), Some(digest)) = (&self.source, digest)
                && source.digest != digest
            {
                warnings.push(format!(
                    "the {which} watchdog is of ANOTHER SOURCE than the one in the pack: {digest}"
                ));
            }
        }
        if self.claims.as_ref().is_some_and(|claims| claims.clock_synchronised == Some(false)) {
            warnings.push("the host's clock followed no other one: its times may be wrong".to_owned());
        }
        warnings
    }

    /// The digests that the programs gave.
    fn others(&self) -> [(&'static str, Option<&str>); 2] {
        let of = |pick: fn(&Sources) -> &Option<String>| {
            self.claims.as_ref().and_then(|claims| pick(&claims.watchdog).as_deref())
        };
        [("installed", of(|sources| &sources.installed)), ("running", of(|sources| &sources.running))]
    }

    pub(crate) fn answer(&self) -> Answer<'_> {
        let [(_, installed), (_, running)] = self.others();
        let packed = self.source.as_ref().map(|source| source.digest.as_str());
        let known: Vec<&str> = [installed, running].into_iter().flatten().collect();
        let agree =
            packed.filter(|_| !known.is_empty()).map(|packed| known.iter().all(|digest| *digest == packed));
        let files = self.source.as_ref().map_or(0, |source| source.files);
        Answer {
            host: self.claims.as_ref(),
            source: AnswerSource { packed, files, installed, running, agree },
        }
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if let Some(claims) = &self.claims {
            text.push_str(&claims.text());
        }
        if let Some(Source { digest, files }) = &self.source {
            let _ = writeln!(text, "  source      of the watchdog, {files} files, {digest}");
            for (which, other) in self.others() {
                let is = match other {
                    None => "is not known".to_owned(),
                    Some(other) if other == digest => "is of it".to_owned(),
                    Some(other) => format!("is of ANOTHER ONE, {other}"),
                };
                let _ = writeln!(text, "              the {which} program {is}");
            }
        }
        if let Some(claims) = &self.claims {
            for NotPacked { source, why } in &claims.not_packed {
                let _ = writeln!(text, "  NOT PACKED  {source}: {why}");
            }
            if claims.more > 0 {
                let _ = writeln!(text, "              and {} programs and files more", claims.more);
            }
        }
        text
    }
}

impl Claims {
    fn text(&self) -> String {
        let clock = match self.clock_synchronised {
            Some(true) => "its clock follows another one",
            Some(false) => "its clock follows NO other one",
            None => "whether its clock follows another one is not known",
        };
        let Self { program, version, host, system, .. } = self;
        let mut text = format!("  packed by   {program} {version} on {host}, {system}; {clock}\n");
        for Program { name, bytes, sha256 } in &self.programs {
            let _ = writeln!(text, "  program     {name}, {bytes} bytes, SHA-256 {sha256}");
        }
        text
    }

    /// Harmless on a terminal, and no longer than a person reads.
    fn shown(mut self) -> Self {
        let lens = [self.programs.len(), self.not_packed.len()];
        self.more = lens.iter().map(|len| len.saturating_sub(LISTED_MAX)).sum();
        self.programs.truncate(LISTED_MAX);
        self.not_packed.truncate(LISTED_MAX);
        let head = [&mut self.program, &mut self.version, &mut self.host, &mut self.system];
        let sources = &mut self.watchdog;
        let sources = [Some(&mut sources.packed), sources.installed.as_mut(), sources.running.as_mut()];
        let programs = self.programs.iter_mut().flat_map(|program| [&mut program.name, &mut program.sha256]);
        let not_packed = self.not_packed.iter_mut().flat_map(|file| [&mut file.source, &mut file.why]);
        let texts = head.into_iter().chain(sources.into_iter().flatten()).chain(programs).chain(not_packed);
        texts.for_each(|text| *text = printable(text, SHOWN_MAX));
        self
    }
}

impl Source {
    /// As `sha256sum` of its own output has it.
    fn of(bag: &Bag<'_>, manifests: &Manifests) -> Option<Self> {
        let mut list = tlog::Hasher::plain();
        let mut files = 0;
        for entry in bag.entries() {
            let Some(path) = entry.path.strip_prefix(SOURCE) else { continue };
            let digest: Digest = manifests.expect(&entry.path)?;
            list.update(format!("{digest}  {path}\n").as_bytes());
            files += 1;
        }
        (files > 0).then(|| Self { digest: list.finish().to_string(), files })
    }
}

fn read(bag: &Bag<'_>) -> Result<Claims, String> {
    let entry = bag.find(FACTS).ok_or("is not there")?;
    let bytes = bag.read(entry, FACTS_MAX).map_err(|error| error.error.to_string())?;
    let claims: Claims = serde_json::from_slice(&bytes).map_err(|error| {
        let why = format!("is not what this version reads: {error}");
        // It may quote what it has read.
        printable(&why, SHOWN_MAX)
    })?;
    if claims.v == 1 {
        Ok(claims.shown())
    } else {
        Err(format!("is of version {}, which is not known here", claims.v))
    }
}
