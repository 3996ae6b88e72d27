//! The wire encoding of SSH (RFC 4251, section 5): numbers and strings one after the other.

/// Reads fields from the front.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next bytes as they are.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// Bytes behind their length.
    pub(crate) fn string(&mut self) -> Option<&'a [u8]> {
        let len = self.u32()?;
        self.take(len as usize)
    }

    /// A number above nought in its one spelling, most significant byte first and without the byte for a sign.
    pub(crate) fn positive(&mut self) -> Option<&'a [u8]> {
        let (number, signed) = match self.string()? {
            [0, rest @ ..] => (rest, true),
            whole => (whole, false),
        };
        // The sign's byte stands only where the number would read as negative.
        let first = number.first()?;
        ((first & 0x80 != 0) == signed && *first != 0).then_some(number)
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// Adds bytes behind their length. Nothing that this crate writes comes near 4 GiB.
pub(crate) fn put_string(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend((bytes.len() as u32).to_be_bytes());
    to.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::{Reader, put_string};

    #[test]
    fn fields_are_read_as_they_were_written_and_nothing_beyond_the_end() {
        let mut bytes = vec![7, 0, 0, 1, 2];
        put_string(&mut bytes, b"ab");
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u8(), Some(7));
        assert_eq!(reader.u32(), Some(258));
        assert_eq!(reader.string(), Some(&b"ab"[..]));
        assert_eq!(reader.u8(), None);
        assert!(reader.end().is_some());
        assert!(Reader::new(&[0]).end().is_none());
        assert_eq!(Reader::new(&[0, 0, 0, 3, 1, 2]).string(), None, "a length beyond the end");
        assert_eq!(Reader::new(&[255; 4]).string(), None);
    }

    #[test]
    fn a_number_has_one_spelling() {
        let read = |number: &[u8]| {
            let mut bytes = Vec::new();
            put_string(&mut bytes, number);
            Reader::new(&bytes).positive().map(<[u8]>::to_vec)
        };
        assert_eq!(read(&[1, 2]), Some(vec![1, 2]));
        assert_eq!(read(&[0, 0x80]), Some(vec![0x80]));
        for bad in [&[][..], &[0], &[0, 1], &[0, 0, 0x80], &[0x80]] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
