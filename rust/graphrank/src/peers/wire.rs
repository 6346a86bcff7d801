//! Reading and writing bytes strictly: every value has one encoding, and reading never fails loudly.

/// What is left to read. Every method is `None` where the bytes do not say what they should.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// What [`put_varint`] wrote; longer spellings of the same number are refused.
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits || (byte == 0 && shift > 0) {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A number of things of at least `bytes` bytes each, which must still follow.
    pub(super) fn count(&mut self, bytes: usize) -> Option<usize> {
        let n = usize::try_from(self.varint()?).ok()?;
        (n <= self.rest.len() / bytes.max(1)).then_some(n)
    }

    /// Bytes that their length precedes, as [`put_block`] wrote them.
    pub(super) fn block(&mut self) -> Option<&'a [u8]> {
        let n = self.u16()?;
        self.take(n.into())
    }

    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// Whether all has been read.
    pub(super) fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}

/// Seven bits a byte, the lowest first.
pub(super) fn put_varint(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    to.push(number.to_le_bytes()[0]);
}

/// A length of 16 bits, and the bytes. Blocks are entries, which are far shorter.
pub(super) fn put_block(to: &mut Vec<u8>, bytes: &[u8]) {
    debug_assert!(bytes.len() <= usize::from(u16::MAX), "blocks are entries");
    to.extend(u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes());
    to.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.varint(), Some(number));
            assert!(reader.end().is_some());
        }
        for bytes in [
            &[0x80, 0][..],
            &[0xff, 0],
            &[0x80],
            &[0xff; 10],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        ] {
            assert_eq!(Reader::new(bytes).varint(), None, "{bytes:?}");
        }
    }

    #[test]
    fn counts_are_of_things_that_can_follow() {
        assert_eq!(Reader::new(&[2, 0, 0]).count(1), Some(2));
        assert_eq!(Reader::new(&[3, 0, 0]).count(1), None);
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f]).count(32), None);
    }
}
