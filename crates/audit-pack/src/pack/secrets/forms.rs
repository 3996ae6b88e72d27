//! How a secret stands in files of different kinds.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Base64 that is shorter stands somewhere by chance, in all that is base64 there.
const BASE64_MIN: usize = 10;

/// The secret as it is, and as JSON, XML, addresses and base64 write it.
pub(super) fn of(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap_or_default();
    let text = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let attribute = text.replace('"', "&quot;").replace('\'', "&apos;");
    let plain = [secret, json.trim_matches('"'), &secret.replace('/', "\\/"), &text, &attribute];
    let mut forms: Vec<String> = plain.map(str::to_owned).to_vec();
    forms.push(in_address(secret));
    forms.extend((0..3).flat_map(|before| in_base64(secret, before)));
    forms
}

fn in_address(secret: &str) -> String {
    secret.bytes().fold(String::new(), |mut address, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
        address
    })
}

/// What of it is the same in base64 whatever stands around it, so many bytes behind a multiple of three: a user's name before
/// a password, a line feed behind it. A few bits at its ends are not in that.
fn in_base64(secret: &str, before: usize) -> Vec<String> {
    let bytes = [&[0; 2][..before], secret.as_bytes()].concat();
    let same = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
    if same.len() < BASE64_MIN {
        return Vec::new();
    }
    [STANDARD_NO_PAD, URL_SAFE_NO_PAD].map(|engine| engine.encode(&bytes)[same.clone()].to_owned()).to_vec()
}
