//! Numbers, hex and base64 as the format writes them: each value has one spelling, every other one is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The largest number in any file of the format: what a shell, Go and a signed 64-bit integer can hold.
pub const NUMBER_MAX: u64 = i64::MAX as u64;

/// `0`, or digits without a leading zero, at most [`NUMBER_MAX`].
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|&n| canonical && n <= NUMBER_MAX)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}

/// Lowercase only, and exactly `N` bytes.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    fn digit(b: u8) -> Option<u8> {
        match b {
            b'0'..=b'9' => Some(b - b'0'),
            b'a'..=b'f' => Some(b - b'a' + 10),
            _ => None,
        }
    }
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// RFC 4648 section 4 with padding; stray bits behind the last byte are refused.
pub(crate) fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_one_spelling() {
        for (text, value) in [
            ("0", Some(0)),
            ("1", Some(1)),
            ("10", Some(10)),
            ("9223372036854775807", Some(NUMBER_MAX)),
            ("9223372036854775808", None),
            ("99999999999999999999", None),
            ("", None),
            ("00", None),
            ("01", None),
            ("+1", None),
            ("-1", None),
            ("-0", None),
            (" 1", None),
            ("1 ", None),
            ("1_0", None),
            ("0x1", None),
            ("١", None),
        ] {
            assert_eq!(decimal(text), value, "{text:?}");
        }
    }

    #[test]
    fn hex_is_lowercase_and_whole() {
        assert_eq!(hex(&[0, 0x9f, 0xff]), "009fff");
        assert_eq!(unhex("009fff"), Some([0, 0x9f, 0xff]));
        for wrong in ["009fF0", "009ff", "009fff0", "009fff00", "", "00 9ff", "0g9fff", "é9fff"] {
            assert_eq!(unhex::<3>(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn base64_is_padded_and_without_stray_bits() {
        assert_eq!(base64(&[0xff, 0xfe]), "//4=");
        assert_eq!(unbase64("//4="), Some(vec![0xff, 0xfe]));
        for wrong in ["//4", "//5=", "__4=", "//4==", "/ /4=", "//4=\n", "="] {
            assert_eq!(unbase64(wrong), None, "{wrong:?}");
        }
    }
}
