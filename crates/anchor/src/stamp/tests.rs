use proptest::prelude::*;

use super::*;

/// DER of a structure.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = content.len();
    let len = match len {
        0..128 => vec![len as u8],
        128..256 => vec![0x81, len as u8],
        _ => vec![0x82, (len >> 8) as u8, len as u8],
    };
    [&[tag][..], &len, &content].concat()
}

const DATA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const INFO: [u8; 13] = [0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];

/// An answer of an authority.
fn answer(digest: &Hash, nonce: Option<Nonce>, time: &str, certificates: bool) -> Vec<u8> {
    let imprint = tlv(0x30, &[&HEAD[7..22], &tlv(0x04, &[digest.as_bytes()])]);
    let nonce = nonce.map_or(Vec::new(), |nonce| tlv(0x02, &[&nonce.0]));
    let time = tlv(0x18, &[time.as_bytes()]);
    let accuracy = tlv(0x30, &[&[0x02, 1, 1]]);
    let info =
        tlv(0x30, &[&[0x02, 1, 1], &[0x06, 1, 0x2a], &imprint, &[0x02, 1, 5], &time, &accuracy, &nonce]);
    let encap = tlv(0x30, &[&INFO, &tlv(0xa0, &[&tlv(0x04, &[&info])])]);
    let beside = if certificates { tlv(0xa0, &[&tlv(0x30, &[])]) } else { tlv(0x31, &[]) };
    let signed = tlv(0x30, &[&[0x02, 1, 3], &tlv(0x31, &[]), &encap, &beside, &tlv(0x31, &[])]);
    let token = tlv(0x30, &[&DATA, &tlv(0xa0, &[&signed])]);
    tlv(0x30, &[&tlv(0x30, &[&[0x02, 1, 0]]), &token])
}

#[test]
fn only_the_answer_to_our_request_is_a_stamp() {
    let (digest, nonce) = (Hash::of(b"text"), Nonce::new(7));
    let good = answer(&digest, Some(nonce), "20261128001530Z", true);
    let stamp = receive(&good, &digest, nonce).unwrap();
    assert_eq!((stamp.time, stamp.is_of(&digest)), (1_795_824_930, true));
    let fraction = answer(&digest, Some(nonce), "20261128001530.25Z", true);
    assert_eq!(receive(&fraction, &digest, nonce).unwrap().time, 1_795_824_930);
    for (tsr, error) in [
        (answer(&Hash::of(b"other"), Some(nonce), "20261128001530Z", true), StampError::Imprint),
        (answer(&digest, Some(Nonce::new(8)), "20261128001530Z", true), StampError::Nonce),
        (answer(&digest, None, "20261128001530Z", true), StampError::Nonce),
        (answer(&digest, Some(nonce), "20261128001530Z", false), StampError::NoCertificate),
        (
            tlv(0x30, &[&tlv(0x30, &[&[0x02, 1, 2], &tlv(0x30, &[&tlv(0x0c, &[b"bad\x1b request"])])])]),
            StampError::Refused { status: 2, said: r": bad\u{1b} request".to_owned() },
        ),
    ] {
        assert_eq!(receive(&tsr, &digest, nonce).unwrap_err(), error);
    }
    for (tsr, what) in [
        (Vec::new(), "nothing"),
        (b"<html>".to_vec(), "a page"),
        (answer(&digest, Some(nonce), "20261328001530Z", true), "a month 13"),
        (answer(&digest, Some(nonce), "2026", true), "a year"),
        ([&good[..], &[0]].concat(), "something behind it"),
        (good[..good.len() - 1].to_vec(), "not all of it"),
        (tlv(0x30, &[&tlv(0x30, &[&[0x02, 1, 0]])]), "no token"),
    ] {
        assert!(matches!(receive(&tsr, &digest, nonce), Err(StampError::Form(_))), "{what}");
    }
}

proptest! {
    #[test]
    fn a_nonce_has_eight_bytes_and_a_request_one_length(random in any::<u64>()) {
        let nonce = Nonce::new(random);
        prop_assert_eq!(nonce.0[0] & 0xc0, 0x40);
        prop_assert_eq!(request(&Hash::of(b""), nonce).len(), 69);
    }

    #[test]
    fn no_bytes_make_it_panic(at in 0usize..230, with in any::<u8>(), cut in 0usize..230) {
        let (digest, nonce) = (Hash::of(b"text"), Nonce::new(7));
        let mut bytes = answer(&digest, Some(nonce), "20261128001530Z", true);
        let at = at % bytes.len();
        bytes[at] = with;
        let _ = Stamp::parse(&bytes);
        bytes.truncate(cut);
        let _ = Stamp::parse(&bytes);
    }
}
