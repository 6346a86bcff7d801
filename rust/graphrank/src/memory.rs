//! Arrays whose size comes from the input: they fail as errors, where a plain `vec!` would abort the process.
//!
//! Large arrays that are read or written at random ask Linux for huge pages: at 4 kB a page, a gather from 8 MB misses
//! the processor's table of addresses as often as its cache. Measured, a sweep over 10 million random arcs between a
//! million nodes takes a third less time with them.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Range};

use bytemuck::{Pod, cast_slice, cast_slice_mut};
use memmap2::MmapMut;

use crate::error::{Error, Result};

/// Bytes of a line of the processor's caches. Vectors of so many bytes that begin elsewhere cross from one line into the
/// next, and take up to twice the time to read.
const LINE: usize = 64;

/// From this size on, an array is mapped by itself: four huge pages of 2 MB.
const LARGE: usize = 8 << 20;

/// A fixed number of elements that begin as zeros, at the start of a line of the caches.
#[derive(Debug)]
pub(crate) enum Buffer<T> {
    /// Grown element by element.
    Heap(Vec<T>),
    /// Small: some bytes of `room`.
    Lines { room: Vec<u8>, bytes: Range<usize>, element: PhantomData<T> },
    /// Large: its own pages. The length is `map.len() / size_of::<T>()`.
    Pages { map: MmapMut, element: PhantomData<T> },
}

impl<T: Pod> Buffer<T> {
    /// Zeros, or [`Error::OutOfMemory`]. The system's fresh pages are zero already and are not written again.
    pub(crate) fn zeroed(what: &'static str, len: usize) -> Result<Self> {
        let bytes = len.saturating_mul(size_of::<T>());
        if bytes < LARGE {
            let room: Vec<u8> = try_zeroed(what, bytes + LINE)?;
            let start = room.as_ptr().addr().next_multiple_of(LINE) - room.as_ptr().addr();
            return Ok(Self::Lines { room, bytes: start..start + bytes, element: PhantomData });
        }
        let map = MmapMut::map_anon(bytes).map_err(|_| Error::OutOfMemory { what, bytes })?;
        #[cfg(target_os = "linux")]
        // A wish: where it is refused, ordinary pages serve.
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Self::Pages { map, element: PhantomData })
    }
}

impl<T: Pod> Deref for Buffer<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::Heap(elements) => elements,
            Self::Lines { room, bytes, .. } => cast_slice(&room[bytes.clone()]),
            Self::Pages { map, .. } => cast_slice(map),
        }
    }
}

impl<T: Pod> DerefMut for Buffer<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::Heap(elements) => elements,
            Self::Lines { room, bytes, .. } => cast_slice_mut(&mut room[bytes.clone()]),
            Self::Pages { map, .. } => cast_slice_mut(map),
        }
    }
}

/// A vector of zeros, or [`Error::OutOfMemory`].
pub(crate) fn try_zeroed<T: Pod>(what: &'static str, len: usize) -> Result<Vec<T>> {
    let zeroed = bytemuck::allocation::try_zeroed_slice_box(len);
    zeroed.map(Vec::from).map_err(|()| out_of_memory::<T>(what, len))
}

/// An empty vector with room for `len` elements, or [`Error::OutOfMemory`].
pub(crate) fn try_with_capacity<T>(what: &'static str, len: usize) -> Result<Vec<T>> {
    let mut array = Vec::new();
    array.try_reserve_exact(len).map_err(|_| out_of_memory::<T>(what, len))?;
    Ok(array)
}

/// The items of an iterator of at most `len`, or [`Error::OutOfMemory`].
pub(crate) fn try_collect<T>(
    what: &'static str,
    len: usize,
    items: impl Iterator<Item = T>,
) -> Result<Vec<T>> {
    let mut array = try_with_capacity(what, len)?;
    array.extend(items.take(len));
    Ok(array)
}

/// Appends `values`.
pub(crate) fn try_extend<T>(
    what: &'static str,
    array: &mut Vec<T>,
    values: impl ExactSizeIterator<Item = T>,
) -> Result<()> {
    try_reserve(what, array, values.len())?;
    array.extend(values);
    Ok(())
}

/// Room for `more` elements at the end of `array`, or [`Error::OutOfMemory`]. Grows by doubling, as `push` does.
pub(crate) fn try_reserve<T>(what: &'static str, array: &mut Vec<T>, more: usize) -> Result<()> {
    array.try_reserve(more).map_err(|_| out_of_memory::<T>(what, array.len().saturating_add(more)))
}

fn out_of_memory<T>(what: &'static str, len: usize) -> Error {
    Error::OutOfMemory { what, bytes: len.saturating_mul(size_of::<T>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_sizes_are_errors_not_aborts() {
        let what = "a test array";
        for error in [
            try_zeroed::<u64>(what, usize::MAX / 16).unwrap_err(),
            Buffer::<u64>::zeroed(what, usize::MAX / 4).unwrap_err(),
            try_with_capacity::<u64>(what, usize::MAX / 4).unwrap_err(),
            try_reserve(what, &mut vec![0u64], usize::MAX / 4).unwrap_err(),
        ] {
            assert!(matches!(error, Error::OutOfMemory { what: "a test array", .. }));
        }
    }

    #[test]
    fn buffers_of_any_size_hold_zeros_and_keep_what_is_written() {
        for len in [0, 1, LARGE / 8 - 1, LARGE / 8, LARGE / 8 + 1] {
            let mut buffer = Buffer::<u64>::zeroed("a test array", len).unwrap();
            assert!(buffer.len() == len && buffer.iter().all(|&x| x == 0));
            assert!(buffer.as_ptr().addr().is_multiple_of(LINE));
            if let Some(last) = buffer.last_mut() {
                *last = 7;
                assert_eq!(buffer[len - 1], 7);
            }
        }
    }
}
