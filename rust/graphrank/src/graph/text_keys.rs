//! Keys of nodes and features that are named by text.
//!
//! What is random about a row must depend on the name of its node and on nothing else: not on the row's position, on
//! other nodes or on the machine. The key of a text is the XXH3 hash (64 bits, seed 0) of its UTF-8 bytes. Embeddings
//! that were saved are compared with new ones, so the hash never changes; a test pins it.

use xxhash_rust::xxh3::xxh3_64;

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity};

/// Texts hashed between two checkpoints, about a millisecond.
const STEP: usize = 1 << 15;

/// The keys of texts: text `i` is `texts[offsets[i]..offsets[i + 1]]`.
///
/// ```
/// use graphrank::{Exec, text_keys};
/// let keys = text_keys(b"annbob", &[0, 3, 6], &Exec::default())?;
/// assert_eq!(keys[0], 0x482c_8948_4cbd_62c8);
/// # Ok::<(), graphrank::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidData`] if offsets fall or leave `texts`.
pub fn text_keys(texts: &[u8], offsets: &[u64], exec: &Exec) -> Result<Vec<u64>> {
    let n = offsets.len().saturating_sub(1);
    let by_step = exec.map(n.div_ceil(STEP), |step| {
        let rows = step * STEP..n.min((step + 1) * STEP);
        exec.checkpoint(rows.len() as u64)?;
        let mut keys = try_with_capacity("keys of texts", rows.len())?;
        for i in rows {
            keys.push(xxh3_64(text(texts, offsets, i)?));
        }
        Ok(keys)
    })?;
    try_collect("keys of texts", n, by_step.into_iter().flatten())
}

fn text<'a>(texts: &'a [u8], offsets: &[u64], i: usize) -> Result<&'a [u8]> {
    let (start, end) = (offsets[i], offsets[i + 1]);
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    range.and_then(|(start, end)| texts.get(start..end)).ok_or_else(|| {
        Error::row("offsets", i, format!("{start}..{end} is not a part of the {} bytes", texts.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the reference implementation, `XXH3_64bits` of xxHash 0.8.4.
    #[test]
    fn keys_are_pinned() {
        let texts = ["", "ann", "Größe", "a name that is longer than sixteen bytes"];
        let mut offsets = vec![0];
        offsets.extend(texts.iter().scan(0, |end, text| {
            *end += text.len() as u64;
            Some(*end)
        }));
        let keys = text_keys(texts.concat().as_bytes(), &offsets, &Exec::default()).unwrap();
        let expected =
            [0x2d06_8005_38d3_94c2, 0x482c_8948_4cbd_62c8, 0x3cf0_0195_6b9e_b8f1, 0xcd2a_b3ca_1e5d_fe6a];
        assert_eq!(keys, expected);
    }

    #[test]
    fn offsets_that_lead_nowhere_are_refused() {
        for (offsets, row) in [(&[0, 4][..], 0), (&[0, 2, 1], 1), (&[u64::MAX, 3], 0), (&[0, 1, u64::MAX], 1)]
        {
            let error = text_keys(b"abc", offsets, &Exec::default()).unwrap_err();
            assert!(
                matches!(error, Error::InvalidData { argument: "offsets", row: at, .. } if at == row),
                "{error}"
            );
        }
        for offsets in [&[][..], &[0], &[7]] {
            assert!(text_keys(b"abc", offsets, &Exec::default()).unwrap().is_empty());
        }
    }
}
