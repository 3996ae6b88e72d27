//! RFC 3161: requests for time stamps, and what a stamp says. Whose signature it bears is for openssl to judge.

use der::asn1::ObjectIdentifier;
use der::{AnyRef, Decode, Reader, SliceReader, Tag, Tagged};
use holdfast::time::parse_utc;
use tlog::Hash;

/// What a request is sent as, and an answer comes as.
pub const QUERY_TYPE: &str = "application/timestamp-query";
/// See [`QUERY_TYPE`].
pub const REPLY_TYPE: &str = "application/timestamp-reply";
/// An answer is not longer, in bytes: it holds a few certificates.
pub const STAMP_MAX: u64 = 64 << 10;

/// A request up to the digest: version 1, SHA-256 without parameters but NULL, 32 bytes.
const HEAD: [u8; 24] = [
    0x30, 0x43, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
    0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];
/// Behind the nonce: the certificates are wanted, too.
const TAIL: [u8; 3] = [0x01, 0x01, 0xff];

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// A number that is used once. Its first bit is clear and its second is set, so that it always has eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce([u8; 8]);

impl Nonce {
    /// From random bits.
    pub fn new(random: u64) -> Self {
        Self((random & (u64::MAX >> 2) | 1 << 62).to_be_bytes())
    }
}

/// Asks for a stamp of this digest, in DER.
pub fn request(digest: &Hash, nonce: Nonce) -> Vec<u8> {
    [&HEAD[..], digest.as_bytes(), &[0x02, 0x08], &nonce.0, &TAIL].concat()
}

/// Why a stamp is none, or not of this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// Not DER, or another structure.
    #[error("it is no RFC 3161 answer: {0}")]
    Form(String),
    /// The authority gave none.
    #[error("the authority refuses (status {status}){said}")]
    Refused {
        /// As RFC 3161 numbers them.
        status: i64,
        /// What more it says.
        said: String,
    },
    /// Of another digest.
    #[error("it is a stamp of something else")]
    Imprint,
    /// An answer to another request.
    #[error("it is the answer to another request")]
    Nonce,
    /// Whoever checks it later has to have the authority's certificate.
    #[error("no certificate is in it")]
    NoCertificate,
}

/// What a stamp says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What was stamped; nothing if that is no SHA-256.
    pub digest: Option<Hash>,
    /// When, in whole Unix seconds.
    pub time: u64,
    /// The number in the request.
    nonce: Option<Vec<u8>>,
    has_certificates: bool,
}

impl Stamp {
    /// Reads an answer, the content of a `.tsr`. Nothing is verified by that.
    pub fn parse(tsr: &[u8]) -> Result<Self, StampError> {
        let (status, token) = split(tsr)?;
        // 0: granted, 1: granted with modifications.
        if ![0, 1].contains(&status.0) {
            return Err(StampError::Refused { status: status.0, said: status.1 });
        }
        let token = token.ok_or_else(|| StampError::Form("it has no token".to_owned()))?;
        let (info, has_certificates) = info(token).map_err(|error| form(&error))?;
        of_info(&info, has_certificates).map_err(|error| form(&error))
    }

    /// Whether it is a stamp of this digest.
    pub fn is_of(&self, digest: &Hash) -> bool {
        self.digest.as_ref() == Some(digest)
    }
}

/// Whether this is the answer to our request, with all that is needed later.
pub fn receive(tsr: &[u8], digest: &Hash, nonce: Nonce) -> Result<Stamp, StampError> {
    let stamp = Stamp::parse(tsr)?;
    if !stamp.is_of(digest) {
        return Err(StampError::Imprint);
    }
    if stamp.nonce.as_deref() != Some(&nonce.0[..]) {
        return Err(StampError::Nonce);
    }
    if stamp.has_certificates { Ok(stamp) } else { Err(StampError::NoCertificate) }
}

fn form(error: &der::Error) -> StampError {
    StampError::Form(error.to_string())
}

type Status = (i64, String);

/// `TimeStampResp`: the status, and the token if there is one.
fn split(tsr: &[u8]) -> Result<(Status, Option<AnyRef<'_>>), StampError> {
    let read = || -> der::Result<_> {
        let mut reader = inner(AnyRef::from_der(tsr)?, Tag::Sequence)?;
        let mut info = inner(AnyRef::decode(&mut reader)?, Tag::Sequence)?;
        let status = i64::decode(&mut info)?;
        let mut said = String::new();
        // Texts, then perhaps bits of failure.
        if !info.is_finished() {
            let texts = AnyRef::decode(&mut info)?;
            if texts.tag() == Tag::Sequence {
                let mut texts = SliceReader::new(texts.value())?;
                while !texts.is_finished() {
                    let text = AnyRef::decode(&mut texts)?;
                    said.extend([": ", &String::from_utf8_lossy(text.value())]);
                }
            }
        }
        let token = if reader.is_finished() { None } else { Some(AnyRef::decode(&mut reader)?) };
        let said = holdfast::text::printable(&said, 200);
        Ok(((status, said), token))
    };
    read().map_err(|error| form(&error))
}

/// The content of a structure that must be of this kind.
fn inner(any: AnyRef<'_>, tag: Tag) -> der::Result<SliceReader<'_>> {
    any.tag().assert_eq(tag)?;
    SliceReader::new(any.value())
}

fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: der::TagNumber(number) }
}

/// `ContentInfo` of `SignedData` of `TSTInfo`: the last of them, and whether certificates are beside it.
fn info(token: AnyRef<'_>) -> der::Result<(Vec<u8>, bool)> {
    let mut content = inner(token, Tag::Sequence)?;
    is(&mut content, SIGNED_DATA)?;
    let mut content = inner(AnyRef::decode(&mut content)?, context(0))?;
    let mut signed = inner(AnyRef::decode(&mut content)?, Tag::Sequence)?;
    u8::decode(&mut signed)?;
    AnyRef::decode(&mut signed)?.tag().assert_eq(Tag::Set)?;
    let mut encap = inner(AnyRef::decode(&mut signed)?, Tag::Sequence)?;
    is(&mut encap, TST_INFO)?;
    let mut encap = inner(AnyRef::decode(&mut encap)?, context(0))?;
    let octets = AnyRef::decode(&mut encap)?;
    octets.tag().assert_eq(Tag::OctetString)?;
    let certificates = AnyRef::decode(&mut signed)?;
    Ok((octets.value().to_vec(), certificates.tag() == context(0) && !certificates.value().is_empty()))
}

fn is(reader: &mut SliceReader<'_>, oid: ObjectIdentifier) -> der::Result<()> {
    if ObjectIdentifier::decode(reader)? == oid {
        Ok(())
    } else {
        Err(der::ErrorKind::OidUnknown { oid }.into())
    }
}

fn of_info(info: &[u8], has_certificates: bool) -> der::Result<Stamp> {
    let mut info = inner(AnyRef::from_der(info)?, Tag::Sequence)?;
    u8::decode(&mut info)?;
    <ObjectIdentifier>::decode(&mut info)?;
    let mut imprint = inner(AnyRef::decode(&mut info)?, Tag::Sequence)?;
    let mut algorithm = inner(AnyRef::decode(&mut imprint)?, Tag::Sequence)?;
    let algorithm = ObjectIdentifier::decode(&mut algorithm)?;
    let digest = AnyRef::decode(&mut imprint)?;
    digest.tag().assert_eq(Tag::OctetString)?;
    let digest = <[u8; Hash::LEN]>::try_from(digest.value()).ok().filter(|_| algorithm == SHA256);
    AnyRef::decode(&mut info)?.tag().assert_eq(Tag::Integer)?;
    let time = AnyRef::decode(&mut info)?;
    time.tag().assert_eq(Tag::GeneralizedTime)?;
    let time = unix(time.value()).ok_or_else(|| der::Error::from(der::ErrorKind::DateTime))?;
    let mut nonce = None;
    while !info.is_finished() {
        let field = AnyRef::decode(&mut info)?;
        if field.tag() == Tag::Integer {
            nonce = Some(field.value().to_vec());
        }
    }
    Ok(Stamp { digest: digest.map(Hash::from_bytes), time, nonce, has_certificates })
}

/// `20261128001530Z`, perhaps with a fraction, which is cut off.
fn unix(time: &[u8]) -> Option<u64> {
    let text = str::from_utf8(time).ok()?.strip_suffix('Z')?;
    let whole = text.split('.').next()?;
    if whole.len() != 14 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| &whole[from..to];
    let iso = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    );
    parse_utc(&iso).filter(|wall| *wall >= 0.0).map(|wall| wall as u64)
}

#[cfg(test)]
mod tests;
