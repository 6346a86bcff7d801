//! An immutable array that is either owned or a window of a memory-mapped file.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytemuck::Pod;
use memmap2::Mmap;

use crate::memory::Buffer;

/// Read-only `[T]`.
pub(crate) enum Array<T: Pod> {
    Owned(Buffer<T>),
    /// `bytes` of `map`; length and alignment were checked by [`Array::mapped`].
    Mapped {
        map: Arc<Mmap>,
        start: usize,
        end: usize,
    },
}

impl<T: Pod> Array<T> {
    /// A window of a mapped file; `None` unless it is in bounds, aligned and a whole number of elements.
    pub(crate) fn mapped(map: Arc<Mmap>, start: usize, end: usize) -> Option<Self> {
        bytemuck::try_cast_slice::<u8, T>(map.get(start..end)?).ok()?;
        Some(Self::Mapped { map, start, end })
    }
}

impl<T: Pod> From<Buffer<T>> for Array<T> {
    fn from(owned: Buffer<T>) -> Self {
        Self::Owned(owned)
    }
}

impl<T: Pod> Deref for Array<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Owned(owned) => owned,
            Self::Mapped { map, start, end } => bytemuck::cast_slice(&map[*start..*end]),
        }
    }
}

impl<T: Pod> fmt::Debug for Array<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let storage = if matches!(self, Self::Owned(_)) { "owned" } else { "mapped" };
        write!(f, "{storage} [{}; {}]", std::any::type_name::<T>(), self.len())
    }
}
