//! Whether bytes are a signature by a key, for each kind of key (RFC 4253, RFC 8332, RFC 8709, OpenSSH's PROTOCOL.u2f).

use ed25519_dalek::{Signature, VerifyingKey};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use sha2::{Digest as _, Sha256};

use crate::public::{Material, PublicKey, shown};
use crate::signature::SignatureError;
use crate::wire::Reader;

/// Verifies a signature as it stands in SSHSIG and in an agent's answer: a name, bytes, and for security keys flags
/// and a counter. Whether a security key was touched is not judged, as `ssh-keygen -Y verify` does not.
pub(crate) fn check(public: &PublicKey, message: &[u8], blob: &[u8]) -> Result<(), SignatureError> {
    let mut reader = Reader::new(blob);
    let name = reader.string().ok_or(SignatureError::Fields)?;
    let bytes = reader.string().ok_or(SignatureError::Fields)?;
    let material = public.material().ok_or(SignatureError::Fields)?;
    let name = str::from_utf8(name).map_err(|_| SignatureError::Fields)?;
    if matches!(material, Material::Unsupported) {
        return Err(SignatureError::Unsupported(public.type_name()));
    }
    let rsa = match (&material, name) {
        (Material::Rsa { .. }, "rsa-sha2-256") => Some(&RSA_PKCS1_2048_8192_SHA256),
        (Material::Rsa { .. }, "rsa-sha2-512") => Some(&RSA_PKCS1_2048_8192_SHA512),
        (material, name) if name == public.type_name() && !matches!(material, Material::Rsa { .. }) => None,
        // SHA-1 too: what is called ssh-rsa as a signature is that.
        _ => return Err(SignatureError::Algorithm { name: shown(name), key: public.type_name() }),
    };
    let message = match material {
        Material::SkEd25519 { application, .. } | Material::SkEcdsaP256 { application, .. } => {
            by_security_key(&mut reader, application, message)?
        }
        _ => message.to_vec(),
    };
    reader.end().ok_or(SignatureError::Fields)?;
    let sound = match material {
        Material::Ed25519(public) | Material::SkEd25519 { public, .. } => ed25519(public, &message, bytes),
        Material::EcdsaP256(point) | Material::SkEcdsaP256 { point, .. } => {
            ecdsa::<32>(&ECDSA_P256_SHA256_FIXED, point, &message, bytes)
        }
        Material::EcdsaP384(point) => ecdsa::<48>(&ECDSA_P384_SHA384_FIXED, point, &message, bytes),
        Material::Rsa { n, e } => {
            in_range(n)?;
            rsa.is_some_and(|parameters| rsa_sha2(parameters, n, e, &message, bytes))
        }
        Material::Unsupported => false,
    };
    if sound { Ok(()) } else { Err(SignatureError::Wrong) }
}

/// What a security key signs: the hash of its application, flags and a counter, and the hash of the message.
fn by_security_key(
    reader: &mut Reader,
    application: &[u8],
    message: &[u8],
) -> Result<Vec<u8>, SignatureError> {
    const FLAGS_AND_COUNTER: usize = 5;
    let state = reader.take(FLAGS_AND_COUNTER).ok_or(SignatureError::Fields)?;
    Ok([&Sha256::digest(application)[..], state, &Sha256::digest(message)[..]].concat())
}

/// Strictly: no weak key, one form of each signature.
fn ed25519(public: &[u8; 32], message: &[u8], bytes: &[u8]) -> bool {
    let key = VerifyingKey::from_bytes(public);
    let signature = Signature::from_slice(bytes);
    key.is_ok_and(|key| signature.is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()))
}

/// Two numbers, of at most `LEN` bytes each.
fn ecdsa<const LEN: usize>(
    algorithm: &'static dyn VerificationAlgorithm,
    point: &[u8],
    message: &[u8],
    bytes: &[u8],
) -> bool {
    let mut reader = Reader::new(bytes);
    let mut fixed = Vec::with_capacity(2 * LEN);
    for _ in 0..2 {
        let Some(number) = reader.positive().filter(|number| number.len() <= LEN) else { return false };
        fixed.resize(fixed.len() + LEN - number.len(), 0);
        fixed.extend(number);
    }
    reader.end().is_some() && UnparsedPublicKey::new(algorithm, point).verify(message, &fixed).is_ok()
}

/// The sizes that can be verified, in bits of the modulus.
fn in_range(n: &[u8]) -> Result<(), SignatureError> {
    let leading = n.first().map_or(0, |first| first.leading_zeros() as usize);
    let bits = n.len() * 8 - leading;
    if (2048..=8192).contains(&bits) { Ok(()) } else { Err(SignatureError::RsaSize(bits)) }
}

fn rsa_sha2(parameters: &'static RsaParameters, n: &[u8], e: &[u8], message: &[u8], bytes: &[u8]) -> bool {
    RsaPublicKeyComponents { n, e }.verify(parameters, message, bytes).is_ok()
}
