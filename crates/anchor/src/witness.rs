//! C2SP tlog-witness: `add-checkpoint`.

use holdfast_http::{HttpError, Reply};
use tlog::note::NoteSignature;
use tlog::proof::verify_consistency;
use tlog::{Hash, NUMBER_MAX, Note, WitnessKey};

use crate::Trouble;

/// An answer is not longer, in bytes.
pub const ANSWER_MAX: u64 = 64 << 10;
/// More hashes no witness takes.
const PROOF_MAX: usize = 63;
/// So often the size to prove from may change while we ask: another one may be anchoring the same log.
const TRIES: usize = 4;

/// The head that is to be cosigned.
#[derive(Clone, Debug)]
pub struct Head {
    /// The checkpoint, signed by the log.
    pub note: Note,
    /// Its number of lines.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// A head that a witness cosigned before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number of lines.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// A cosignature that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// The line for the note.
    pub signature: NoteSignature,
    /// When, in Unix seconds, by the witness's clock.
    pub time: u64,
}

/// How a witness is reached, and what proves that the log has only grown.
pub trait Means {
    /// Sends a body to the witness.
    fn post(&mut self, body: &[u8]) -> Result<Reply, HttpError>;

    /// The consistency proof from an older size to the head's, and the root at that size. An error says why there is none.
    fn prove(&mut self, old: u64) -> Result<(Vec<Hash>, Hash), String>;
}

/// Asks a witness to cosign a head. What it cosigned last need not be known: it says so itself.
pub fn ask(
    key: &WitnessKey,
    head: &Head,
    known: Option<Known>,
    means: &mut dyn Means,
) -> Result<Cosigned, Trouble> {
    let who = key.name();
    if let Some(known) = known.filter(|known| known.size > head.size) {
        let (size, ours) = (known.size, head.size);
        return Err(Trouble::RolledBack(format!(
            "{who} has cosigned {size} lines of it, and {ours} are sealed"
        )));
    }
    let mut old = known.map_or(0, |known| known.size);
    for _ in 0..TRIES {
        let (proof, root) = prove(who, head, old, means)?;
        if let Some(known) = known.filter(|known| known.size == old && known.root != root) {
            return Err(Trouble::Forked(format!(
                "{who} has cosigned the root {} of its first {old} lines, and now they have {root}",
                known.root
            )));
        }
        let reply = means.post(request(old, &proof, &head.note).as_bytes())?;
        match judge(key, head, old, &reply)? {
            Step::Done(cosigned) => return Ok(cosigned),
            Step::From(size) => old = size,
        }
    }
    Err(Trouble::later(format!("{who} names another size each time it is asked")))
}

fn prove(who: &str, head: &Head, old: u64, means: &mut dyn Means) -> Result<(Vec<Hash>, Hash), Trouble> {
    if old == 0 {
        return Ok((Vec::new(), Hash::EMPTY));
    }
    let proved = means.prove(old).and_then(|(proof, root)| {
        verify_consistency(&proof, old, root, head.size, head.root).map_err(|error| error.to_string())?;
        Ok((proof, root))
    });
    match proved {
        Ok((proof, _)) if proof.len() > PROOF_MAX => {
            Err(Trouble::Refused(format!("the proof for {who} has more than {PROOF_MAX} hashes")))
        }
        Ok(proved) => Ok(proved),
        Err(why) => Err(Trouble::later(format!("what {who} asks for cannot be proved: {why}"))),
    }
}

/// The body of a request.
fn request(old: u64, proof: &[Hash], note: &Note) -> String {
    let hashes: String = proof.iter().map(|hash| hash.to_base64() + "\n").collect();
    format!("old {old}\n{hashes}\n{note}")
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Done(Cosigned),
    /// Prove from this size.
    From(u64),
}

/// What an answer to a right request means. The proof was right, so a witness that does not take it has another history.
fn judge(key: &WitnessKey, head: &Head, old: u64, reply: &Reply) -> Result<Step, Trouble> {
    let (who, size) = (key.name(), head.size);
    let forked =
        |at: u64| Err(Trouble::Forked(format!("{who} knows another history of its first {at} lines")));
    match reply.status {
        200 => cosigned(key, head, &reply.body).map(Step::Done),
        409 => match decimal(&reply.body) {
            Some(theirs) if theirs > size => Err(Trouble::RolledBack(format!(
                "{who} has cosigned {theirs} lines of it, and {size} are sealed"
            ))),
            Some(theirs) if theirs != old => Ok(Step::From(theirs)),
            _ if old == size => forked(old),
            _ => Err(Trouble::of_status(who, reply)),
        },
        422 if old > 0 => forked(old),
        404 => Err(Trouble::Refused(format!(
            "{who} does not know this log: whoever runs the witness has to add its origin and key"
        ))),
        403 => Err(Trouble::Refused(format!(
            "{who} takes no signature of this log's key: whoever runs the witness has to add it"
        ))),
        _ => Err(Trouble::of_status(who, reply)),
    }
}

fn cosigned(key: &WitnessKey, head: &Head, body: &[u8]) -> Result<Cosigned, Trouble> {
    let who = key.name();
    let answer = [head.note.text().as_bytes(), b"\n", body].concat();
    let answer = Note::parse(&answer)
        .map_err(|error| Trouble::later(format!("{who} answers 200 without signatures: {error}")))?;
    let own: Vec<&NoteSignature> = answer.signatures().iter().filter(|it| key.is_named_by(it)).collect();
    if own.is_empty() {
        return Err(Trouble::Refused(format!(
            "{who} answers with cosignatures, and none is by {key}: check the key"
        )));
    }
    let right = own.iter().find_map(|it| {
        // Not the text of the answer, which may have grown by what the witness wrote.
        key.verifies(head.note.text(), it).map(|time| Cosigned { signature: (*it).clone(), time })
    });
    right.ok_or_else(|| Trouble::later(format!("{who} answers with a cosignature that is not of this head")))
}

fn decimal(body: &[u8]) -> Option<u64> {
    let text = str::from_utf8(body).ok()?.strip_suffix('\n')?;
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|&size| plain && size <= NUMBER_MAX)
}

#[cfg(test)]
mod tests;
