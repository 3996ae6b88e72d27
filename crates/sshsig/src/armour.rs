//! The text around a signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::signature::SignatureError;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// Characters in a line, as `ssh-keygen` breaks it.
const WIDTH: usize = 70;
/// The longest signature file, in bytes. One by RSA with 8192 bits has about 3 KiB.
pub const SIGNATURE_LEN_MAX: usize = 16 * 1024;

/// The bytes between the two marks. Lines may have any length and may end in CR LF; there is nothing around the marks.
pub(crate) fn unwrap(text: &[u8]) -> Result<Vec<u8>, SignatureError> {
    if text.len() > SIGNATURE_LEN_MAX {
        return Err(SignatureError::TooLong(text.len()));
    }
    let text = str::from_utf8(text).map_err(|_| SignatureError::Armour)?;
    let mut lines = text.lines();
    if lines.next() != Some(BEGIN) {
        return Err(SignatureError::Armour);
    }
    let mut base64 = String::new();
    loop {
        match lines.next() {
            Some(END) => break,
            Some(line) if !line.is_empty() => base64.push_str(line),
            _ => return Err(SignatureError::Armour),
        }
    }
    if lines.next().is_some() {
        return Err(SignatureError::Trailing);
    }
    STANDARD.decode(base64).map_err(|_| SignatureError::Armour)
}

/// The bytes between the two marks, byte for byte as `ssh-keygen -Y sign` writes them.
pub(crate) fn wrap(bytes: &[u8]) -> String {
    let base64 = STANDARD.encode(bytes);
    let mut text = format!("{BEGIN}\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at(rest.len().min(WIDTH));
        text.push_str(line);
        text.push('\n');
        rest = next;
    }
    text.push_str(END);
    text.push('\n');
    text
}
