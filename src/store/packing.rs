//! Bodies as they are stored: packed, where that saves something.
//!
//! A webhook is mostly the same addresses over and over, and what is stored of it is written to the disk twice before its
//! sender hears anything more. Packed, it is a quarter, and packing takes less time than writing the rest would.

use super::{Error, Result};

/// A body that is shorter, in bytes, is stored as it is.
const WORTH_IT: usize = 1024;

/// A body as it is stored.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) bytes: Vec<u8>,
    pub(super) is_packed: bool,
}

/// Packs a body, unless that does not make it shorter.
pub(super) fn pack(body: Vec<u8>) -> Packed {
    if body.len() >= WORTH_IT {
        let mut bytes = lz4_flex::compress_prepend_size(&body);
        if bytes.len() < body.len() {
            // It was made with room for a body that does not get shorter.
            bytes.shrink_to_fit();
            return Packed { bytes, is_packed: true };
        }
    }
    Packed { bytes: body, is_packed: false }
}

/// The body as it came in. What was forgotten of it is empty, however it was stored.
pub(super) fn unpack(bytes: Vec<u8>, is_packed: bool) -> Result<Vec<u8>> {
    if !is_packed || bytes.is_empty() {
        return Ok(bytes);
    }
    lz4_flex::decompress_size_prepended(&bytes).map_err(|error| Error::Corrupt { what: "body", why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_repeats_itself_gets_short_and_what_does_not_stays_as_it_is() {
        let same = b"https://api.github.com/repos/acme/web/".repeat(100);
        let packed = pack(same.clone());
        assert!(packed.is_packed && packed.bytes.len() < same.len() / 4, "{}", packed.bytes.len());
        let short = pack(same[..WORTH_IT - 1].to_vec());
        assert!(!short.is_packed && short.bytes == same[..WORTH_IT - 1]);
        let mut state = 1_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[3]
        };
        let chance: Vec<u8> = (0..5_000).map(|_| next()).collect();
        assert!(!pack(chance).is_packed);
    }

    #[test]
    fn what_is_no_packed_body_is_said_to_be_none() {
        for bytes in [&b"x"[..], &[1, 0, 0, 0], &[255, 255, 255, 127, 0x1f]] {
            assert!(matches!(unpack(bytes.to_vec(), true), Err(Error::Corrupt { what: "body", .. })), "{bytes:?}");
        }
        assert_eq!(unpack(Vec::new(), true).unwrap(), Vec::<u8>::new(), "it was forgotten");
    }

    proptest! {
        #[test]
        fn every_body_comes_back(piece: Vec<u8>, times in 0..200_usize) {
            let body = piece.repeat(times);
            let packed = pack(body.clone());
            prop_assert_eq!(unpack(packed.bytes, packed.is_packed).unwrap(), body);
        }
    }
}
