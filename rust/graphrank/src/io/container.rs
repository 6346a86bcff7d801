//! A file of named sections, each with a checksum.
//!
//! ```text
//! 0   magic "grphrank"          8 bytes
//! 8   format version            u32
//! 12  number of sections        u32
//! 16  length of the file        u64
//! 24  checksum of bytes 0..24 and of the table   u64
//! 32  table: per section  name (8 bytes, zero-padded), start u64, length u64, checksum u64
//!     sections, each starting at a multiple of 64
//! ```
//!
//! Numbers are little-endian; checksums are XXH3. A file is written beside its final name, flushed to the disk, and
//! renamed: a reader sees the old file or the new one, never a part.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use memmap2::Mmap;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::error::{Error, Result};
use crate::exec::Exec;

const MAGIC: &[u8; 8] = b"grphrank";
const VERSION: u32 = 1;
const HEADER: usize = 32;
const ENTRY: usize = 32;
const ALIGNMENT: usize = 64;
/// More sections than any file of ours has: a larger number is damage.
const MAX_SECTIONS: usize = 64;
/// Bytes hashed or written between two checkpoints, a few milliseconds of work.
const STEP: usize = 1 << 24;

/// A name and its bytes.
pub(crate) type Section<'a> = (&'a str, &'a [u8]);

/// Writes the sections to `path`, replacing what was there only when all is on disk.
pub(crate) fn write(path: &Path, sections: &[Section<'_>], exec: &Exec) -> Result<()> {
    if !folder_of(path).is_dir() {
        return Err(io_error(path, std::io::Error::other("the folder does not exist")));
    }
    let (temporary, file) = create_beside(path).map_err(|source| io_error(path, source))?;
    let written = write_all(file, path, sections, exec).and_then(|()| {
        fs::rename(&temporary, path).and_then(|()| sync_folder(path)).map_err(|source| io_error(path, source))
    });
    if written.is_err() {
        // Best effort: the error that matters is the one being returned.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A new file in the same folder, which can take the name of `path` when it is whole.
fn create_beside(path: &Path) -> std::io::Result<(PathBuf, File)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NEXT.fetch_add(1, Relaxed);
        let temporary = path.with_file_name(format!(".graphrank-{}-{number}.part", std::process::id()));
        match File::options().write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            // Left behind by a process that was killed and had our number.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// A file whose sections have been checked.
#[derive(Debug)]
pub(crate) struct Container {
    path: PathBuf,
    map: Arc<Mmap>,
    sections: Vec<([u8; 8], Range<usize>)>,
}

impl Container {
    /// Opens a file and verifies all of it.
    pub(crate) fn open(path: &Path, exec: &Exec) -> Result<Self> {
        // Looked at before it is opened: to open a pipe is to wait for its writer.
        if !fs::metadata(path).map_err(|source| io_error(path, source))?.is_file() {
            return Err(corrupt(path, "is not a file"));
        }
        let file = File::open(path).map_err(|source| io_error(path, source))?;
        // SAFETY: the map is read-only and private to this process's view; the documentation asks not to change a
        // file in place while it is open, and `write` never does: it replaces the name, the old pages live on.
        #[expect(unsafe_code, reason = "memory maps are unsafe to create; measured: opening copies nothing")]
        let map = unsafe { Mmap::map(&file) }.map_err(|source| io_error(path, source))?;
        let sections = read_table(&map).map_err(|problem| corrupt(path, problem))?;
        for (name, range, checksum) in &sections {
            if hash(&map[range.clone()], exec)? != *checksum {
                let problem =
                    format!("section {} was altered", String::from_utf8_lossy(name).trim_end_matches('\0'));
                return Err(corrupt(path, problem));
            }
        }
        let sections = sections.into_iter().map(|(name, range, _)| (name, range)).collect();
        Ok(Self { path: path.to_owned(), map: Arc::new(map), sections })
    }

    /// Where a section lies in [`Container::map`].
    pub(crate) fn section(&self, name: &str) -> Result<Range<usize>> {
        let found = self.sections.iter().find(|(n, _)| *n == padded(name));
        found.map(|(_, range)| range.clone()).ok_or_else(|| self.corrupt(format!("has no section {name}")))
    }

    pub(crate) fn has_section(&self, name: &str) -> bool {
        self.sections.iter().any(|(n, _)| *n == padded(name))
    }

    pub(crate) fn map(&self) -> &Arc<Mmap> {
        &self.map
    }

    pub(crate) fn corrupt(&self, problem: impl Into<String>) -> Error {
        corrupt(&self.path, problem)
    }
}

fn write_all(file: File, path: &Path, sections: &[Section<'_>], exec: &Exec) -> Result<()> {
    let mut table = Vec::new();
    let mut start = aligned(HEADER + ENTRY * sections.len());
    for (name, bytes) in sections {
        table.extend(padded(name));
        for number in [start as u64, bytes.len() as u64, hash(bytes, exec)?] {
            table.extend(number.to_le_bytes());
        }
        start = aligned(start + bytes.len());
    }
    let mut header = MAGIC.to_vec();
    header.extend(VERSION.to_le_bytes());
    header.extend(u32::try_from(sections.len()).unwrap_or(u32::MAX).to_le_bytes());
    header.extend((start as u64).to_le_bytes());
    let checksum = xxh3_64(&[&header[..], &table].concat());
    header.extend(checksum.to_le_bytes());
    header.extend(table);

    let mut file = BufWriter::new(file);
    let begin = file.write_all(&header).and_then(|()| pad(&mut file, header.len()));
    begin.map_err(|source| io_error(path, source))?;
    for (_, bytes) in sections {
        for step in bytes.chunks(STEP) {
            exec.checkpoint(step.len() as u64)?;
            file.write_all(step).map_err(|source| io_error(path, source))?;
        }
        pad(&mut file, bytes.len()).map_err(|source| io_error(path, source))?;
    }
    let file = file.into_inner().map_err(|error| io_error(path, error.into_error()))?;
    file.sync_all().map_err(|source| io_error(path, source))
}

/// Zeros up to the next multiple of the alignment.
fn pad(file: &mut impl Write, written: usize) -> std::io::Result<()> {
    file.write_all(&[0; ALIGNMENT][..aligned(written) - written])
}

fn aligned(position: usize) -> usize {
    position.next_multiple_of(ALIGNMENT)
}

fn padded(name: &str) -> [u8; 8] {
    let mut padded = [0; 8];
    for (to, from) in padded.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    padded
}

type Entry = ([u8; 8], Range<usize>, u64);

/// The checked table of sections; checksums of their contents are not checked here.
fn read_table(map: &[u8]) -> std::result::Result<Vec<Entry>, String> {
    if map.len() < HEADER || &map[..8] != MAGIC {
        return Err("is not a graphrank file".into());
    }
    let version = u32_at(map, 8);
    if version != VERSION {
        return Err(format!("has format version {version}, this library reads version {VERSION}"));
    }
    let n_sections = u32_at(map, 12) as usize;
    let table_end = HEADER + ENTRY * n_sections.min(MAX_SECTIONS);
    if n_sections > MAX_SECTIONS || map.len() < table_end {
        return Err("has a damaged header".into());
    }
    if xxh3_64(&[&map[..24], &map[HEADER..table_end]].concat()) != u64_at(map, 24) {
        return Err("has a damaged header".into());
    }
    if u64_at(map, 16) != map.len() as u64 {
        return Err(format!("is {} bytes long, its header says {}", map.len(), u64_at(map, 16)));
    }
    let entries = map[HEADER..table_end].chunks_exact(ENTRY).map(|entry| read_entry(entry, map.len()));
    let entries = entries.collect::<std::result::Result<Vec<Entry>, String>>()?;
    check_gaps(map, table_end, &entries)?;
    Ok(entries)
}

/// Sections follow each other, and the bytes between them, which no checksum covers, are zero.
fn check_gaps(map: &[u8], table_end: usize, entries: &[Entry]) -> std::result::Result<(), String> {
    let starts = entries.iter().map(|(_, range, _)| range.start).chain([map.len()]);
    let ends = [table_end].into_iter().chain(entries.iter().map(|(_, range, _)| range.end));
    for (end, start) in ends.zip(starts) {
        if map.get(end..start).is_none_or(|gap| gap.iter().any(|&byte| byte != 0)) {
            return Err("was altered between its sections".into());
        }
    }
    Ok(())
}

fn read_entry(entry: &[u8], file_len: usize) -> std::result::Result<Entry, String> {
    let mut name = [0; 8];
    name.copy_from_slice(&entry[..8]);
    let start = usize::try_from(u64_at(entry, 8)).ok();
    let end = start.and_then(|start| start.checked_add(usize::try_from(u64_at(entry, 16)).ok()?));
    match (start, end) {
        (Some(start), Some(end)) if end <= file_len && start % ALIGNMENT == 0 => {
            Ok((name, start..end, u64_at(entry, 24)))
        }
        _ => Err("has a section that leaves the file".into()),
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le(bytemuck::pod_read_unaligned(&bytes[at..at + 4]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le(bytemuck::pod_read_unaligned(&bytes[at..at + 8]))
}

fn hash(bytes: &[u8], exec: &Exec) -> Result<u64> {
    let mut hasher = Xxh3::new();
    for step in bytes.chunks(STEP) {
        exec.checkpoint(step.len() as u64)?;
        hasher.update(step);
    }
    Ok(hasher.digest())
}

/// Arrays are used where they lie, so files are read only on machines of their byte order.
pub(crate) fn refuse_big_endian(path: &Path) -> Result<()> {
    if cfg!(target_endian = "big") {
        return Err(corrupt(path, "files are little-endian and this machine is not"));
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the new name itself survive a loss of power, where the system can.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        File::open(folder_of(path))?.sync_all()?;
    }
    Ok(())
}

fn io_error(path: &Path, source: std::io::Error) -> Error {
    Error::Io { path: path.to_owned(), source }
}

fn corrupt(path: &Path, problem: impl Into<String>) -> Error {
    Error::CorruptFile { path: path.to_owned(), problem: problem.into() }
}
