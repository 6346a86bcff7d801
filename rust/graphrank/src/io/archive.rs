//! Files of named byte arrays whose meaning is the caller's: an embedding, an index of vectors.
//!
//! The sections of the common container (`container.rs`), and one that says what kind of thing the file holds, so that
//! one kind is never read as another.

use std::path::Path;

use super::container::{self, Container, Section};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::try_with_capacity;

const KIND: &str = "kind";
/// Bytes of a name in the container.
const LONGEST_NAME: usize = 8;

/// An open file of named parts, checked and memory-mapped. The file must not be changed in place while it is in use;
/// saving over it is fine.
///
/// ```
/// use graphrank::{Exec, io::Archive};
/// let path = std::env::temp_dir().join(format!("graphrank-doc-{}.archive", std::process::id()));
/// let exec = Exec::default();
/// Archive::save("a greeting", &[("text", b"hello")], &path, &exec)?;
/// assert_eq!(Archive::open("a greeting", &path, &exec)?.part("text")?, b"hello");
/// assert!(Archive::open("an embedding", &path, &exec).is_err());
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), graphrank::Error>(())
/// ```
#[derive(Debug)]
pub struct Archive {
    file: Container,
}

impl Archive {
    /// Writes `parts` to `path`; what was there is replaced only when all is written. `kind` says what they are in
    /// words: "an embedding". Names have at most 8 bytes.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses, [`Error::InvalidArgument`] if a name is too long or given twice.
    pub fn save(kind: &str, parts: &[(&str, &[u8])], path: &Path, exec: &Exec) -> Result<()> {
        container::refuse_big_endian(path)?;
        let mut sections: Vec<Section<'_>> = try_with_capacity("table of parts", parts.len() + 1)?;
        sections.push((KIND, kind.as_bytes()));
        for &(name, bytes) in parts {
            if name.len() > LONGEST_NAME || sections.iter().any(|(taken, _)| *taken == name) {
                return Err(Error::argument(
                    "parts",
                    format!("has a name too long or given twice: {name:?}"),
                ));
            }
            sections.push((name, bytes));
        }
        exec.expect_units(2 * sections.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
        container::write(path, &sections, exec)
    }

    /// Opens what [`Archive::save`] wrote under the same `kind`.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::CorruptFile`] if it is truncated, altered or of another kind.
    pub fn open(kind: &str, path: &Path, exec: &Exec) -> Result<Self> {
        container::refuse_big_endian(path)?;
        let file = Container::open(path, exec)?;
        if !file.section(KIND).is_ok_and(|range| &file.map()[range] == kind.as_bytes()) {
            return Err(file.corrupt(format!("is a graphrank file, but not {kind}")));
        }
        Ok(Self { file })
    }

    /// The bytes of a part, where they lie; they begin at a multiple of 64.
    ///
    /// # Errors
    /// [`Error::CorruptFile`] if there is no such part.
    pub fn part(&self, name: &str) -> Result<&[u8]> {
        Ok(&self.file.map()[self.file.section(name)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_container_cannot_tell_apart_are_refused() {
        let path = std::env::temp_dir().join(format!("graphrank-archive-{}", std::process::id()));
        for parts in [&[("too long a name", &b""[..])][..], &[("a", b""), ("a", b"")], &[("kind", b"")]] {
            let error = Archive::save("a test", parts, &path, &Exec::default()).unwrap_err();
            assert!(error.to_string().starts_with("`parts`"), "{error}");
            assert!(!path.exists());
        }
    }
}
