//! `audit-pack verify-proof`: what somebody who was given one line and its proof can say of it, offline, from a key that
//! came another way.

mod tell;

use std::io::Read;
use std::path::Path;

use holdfast::Exit;
use holdfast::sys::ReadError;
use sshsig::PublicKey;
use tlog::note::VerifyError as NoteError;
use tlog::proof::ProofError;
use tlog::proof_file::{NotSigned, PROOF_FILE_LEN_MAX, ProofFileError};
use tlog::{Hash, Hasher, ProofFile, Vkey};

use crate::cli::VerifyProofArgs;
use crate::context::Context;
use crate::place::FileError;
use crate::prove::copy;
use crate::verify::{AllowedError, MANIFEST_NAMESPACE, allowed_signers, exit_of};

/// Why nothing could be verified.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Allowed(#[from] AllowedError),
    #[error("{path} is no proof: {fact}\n  it is a C2SP tlog-proof, as `audit-pack prove` writes it")]
    Proof { path: String, fact: ProofFileError },
    #[error("{path} {fact}\n  a proof is about one line: give its bytes as they stand in the log")]
    Line { path: String, fact: &'static str },
}

impl Error {
    fn exit(&self) -> Exit {
        match self {
            Self::File(error) => exit_of(error),
            Self::Allowed(error) => error.exit(),
            Self::Proof { .. } | Self::Line { .. } => Exit::Data,
        }
    }
}

/// The line that was given.
struct Line {
    leaf: Hash,
    bytes: u64,
    /// It had no LF, and was given one.
    ended: bool,
}

/// Who signed the head.
#[derive(Debug, PartialEq, Eq)]
enum Signer {
    /// The key that was named.
    Key(Vkey),
    /// Somebody who was named, with a key that counts.
    By { identity: String, fingerprint: String, key: Vkey },
    /// Nobody who was named, and why.
    Unknown(String),
    /// A signature or the log is not that of the key.
    Wrong(String),
}

/// What was found out.
struct Verdict {
    proof: String,
    file: ProofFile,
    line: Line,
    signer: Signer,
    /// Why the line is not under that head.
    not_included: Option<String>,
}

impl Verdict {
    fn exit(&self) -> Exit {
        match (&self.not_included, &self.signer) {
            (Some(_), _) | (None, Signer::Wrong(_)) => Exit::No,
            (None, Signer::Unknown(_)) => Exit::BelowPolicy,
            (None, Signer::Key(_) | Signer::By { .. }) => Exit::Ok,
        }
    }
}

pub(crate) fn run(args: &VerifyProofArgs, context: &Context<'_>) -> Exit {
    match verify(args, context) {
        Ok(verdict) => tell::tell(context, &verdict),
        Err(error) => context.refuse(&error, error.exit()),
    }
}

fn verify(args: &VerifyProofArgs, context: &Context<'_>) -> Result<Verdict, Error> {
    let proof = args.proof.display().to_string();
    let malformed = |fact| Error::Proof { path: proof.clone(), fact };
    let failed = |error: ReadError| FileError::new(&proof, error);
    let opened = context.sys.store.open(&args.proof).map_err(failed)?;
    let len = opened.size().map_err(FileError::at(&args.proof))?;
    if len > PROOF_FILE_LEN_MAX as u64 {
        return Err(malformed(ProofFileError::TooLong));
    }
    let mut bytes = Vec::new();
    let read = copy(&*opened, 0..len, |part| {
        bytes.extend_from_slice(part);
        Ok(())
    });
    read.map_err(FileError::at(&args.proof))?;
    let file = ProofFile::parse(&bytes).map_err(malformed)?;
    let line = line(context, &args.line_file)?;
    let signer = signer(args, context, &file)?;
    let not_included = file.verify(line.leaf).err().map(|error| match error {
        ProofError::Root { .. } => {
            "with it the proof leads to another root than the one that was signed".to_owned()
        }
        error => error.to_string(),
    });
    Ok(Verdict { proof, file, line, signer, not_included })
}

/// The leaf of the line in a file, or on stdin. An LF at its end may be missing: it is easily lost on the way, and
/// stands at the end of every line.
fn line(context: &Context<'_>, path: &Path) -> Result<Line, Error> {
    let (mut hasher, mut bytes, mut ended) = (Hasher::leaf(), 0_u64, false);
    let mut lines = 0_u64;
    let mut part = |part: &[u8]| {
        hasher.update(part);
        lines += memchr::memchr_iter(b'\n', part).count() as u64;
        bytes += part.len() as u64;
        ended = part.ends_with(b"\n");
        Ok(())
    };
    let shown = if path == Path::new("-") {
        let mut buf = vec![0; 1 << 16];
        let mut stdin = std::io::stdin().lock();
        loop {
            match stdin.read(&mut buf).map_err(|error| FileError::new("stdin", error))? {
                0 => break "stdin".to_owned(),
                read => part(&buf[..read]).map_err(|error| FileError::new("stdin", error))?,
            }
        }
    } else {
        let shown = path.display().to_string();
        let file = context.sys.store.open(path).map_err(|error| FileError::new(&shown, error))?;
        let read = file.size().and_then(|len| copy(&*file, 0..len, part));
        read.map_err(FileError::at(path))?;
        shown
    };
    if bytes == 0 {
        return Err(Error::Line { path: shown, fact: "is empty" });
    }
    if lines > u64::from(ended) {
        return Err(Error::Line { path: shown, fact: "has more than one line" });
    }
    if !ended {
        hasher.update(b"\n");
        bytes += 1;
    }
    Ok(Line { leaf: hasher.finish(), bytes, ended: !ended })
}

/// Whose signature the head has, as far as somebody was named.
fn signer(args: &VerifyProofArgs, context: &Context<'_>, file: &ProofFile) -> Result<Signer, Error> {
    if let Some(key) = &args.key {
        return Ok(match file.signed_by(key) {
            Ok(()) => Signer::Key(key.clone()),
            Err(NotSigned::Note(NoteError::Unsigned(_))) => {
                Signer::Unknown("the checkpoint is not signed by the key that was named".to_owned())
            }
            Err(error) => Signer::Wrong(error.to_string()),
        });
    }
    let (Some(path), Some(identity)) = (&args.allowed_signers, &args.signer) else {
        let says = "nobody vouches for who signed: name the key with --key VKEY, or with --allowed-signers FILE \
                    --signer ID";
        return Ok(Signer::Unknown(says.to_owned()));
    };
    let allowed = allowed_signers(context, path)?;
    let at_s = args.verify_time.map_or(context.now_ms() / 1000, |time| time.0);
    let mut refused = None;
    for line in allowed.lines().iter().filter(|line| line.names(identity)) {
        let Some(key) = vkey(file.checkpoint().origin(), line.key()) else { continue };
        match file.signed_by(&key) {
            Err(NotSigned::Note(NoteError::Unsigned(_))) => {}
            Err(error) => return Ok(Signer::Wrong(error.to_string())),
            // In a pack, too, a log counts by the key that signs the manifest.
            Ok(()) => {
                let Err(error) = line.allows(MANIFEST_NAMESPACE, at_s) else {
                    let (identity, fingerprint) = (identity.clone(), line.key().fingerprint());
                    return Ok(Signer::By { identity, fingerprint, key });
                };
                refused = Some(error.to_string());
            }
        }
    }
    let says = refused
        .unwrap_or_else(|| format!("the checkpoint is signed by no key of {identity} in {}", path.display()));
    Ok(Signer::Unknown(says))
}

/// An OpenSSH key as the key of a log; nothing where it is of another kind.
fn vkey(origin: &str, key: &PublicKey) -> Option<Vkey> {
    let public = key.blob().last_chunk().filter(|_| key.type_name() == "ssh-ed25519")?;
    Vkey::new(origin, public).ok()
}
