//! A replica's entries in a file that only grows.
//!
//! ```text
//! 0    magic "grpeers\0"       8 bytes
//! 8    version                 u32
//! 12   zero                    u32
//! 16   whose                   32 bytes
//! 48   checksum of the above   u64
//! 56   records: kind u8 (1 entry, 2 proof), length u16, received u64, low half of the checksum of
//!      these u32, bytes, checksum of all these u64
//! ```
//!
//! Numbers are little-endian, checksums are XXH3. One's own entries are on the disk before anyone sees them
//! ([`Journal::append`], then [`Replica::publish`]), so that a peer that crashed never signs a number
//! twice. What came from others may be lost with the power; it can be asked for again. A record that the end of the file
//! cuts off was being written when the process died, and is removed, as are zeros to the end of the file, which some file
//! systems leave where a power cut stopped the writing; any other damage is an error. The file is locked while it is open.

use std::fs::{File, TryLockError};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::entry::Entry;
use super::key::AuthorId;
use super::message::PROOF;
use super::replica::{News, Replica};
use crate::error::{Error, Result};
use crate::exec::Exec;

const MAGIC: &[u8; 8] = b"grpeers\0";
const VERSION: u32 = 1;
const HEADER: usize = 56;
/// Bytes of a record before its content.
const FRONT: usize = 15;
const CHECKSUM: usize = 8;
const KIND_ENTRY: u8 = 1;
const KIND_PROOF: u8 = 2;
/// Records between two checkpoints, about a millisecond of work.
const STEP: u64 = 256;

/// An open file of entries.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// Bytes of whole records.
    len: u64,
    /// Numbers of the entries that were added before they were published.
    published: Range<u64>,
    /// Whether the file may hold more than `len` bytes, which could not be cut off: nothing is added any more.
    is_broken: bool,
}

/// What was read.
enum Record {
    Whole {
        kind: u8,
        received: u64,
        bytes: Vec<u8>,
    },
    /// The end of the file, perhaps within a record.
    End,
}

impl Journal {
    /// Opens or makes the file of `replica`'s entries, and gives it those that are there. They are the news that is returned,
    /// and no news of the replica any more: whoever learns of them must not add them again.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses, or another peer has the file open; [`Error::CorruptFile`] if it is altered, of
    /// another kind or of another peer.
    pub fn open(path: &Path, replica: &mut Replica, exec: &Exec) -> Result<(Self, News)> {
        let io = |source| io_error(path, source);
        let file = options().open(path).map_err(io)?;
        if !file.metadata().map_err(io)?.is_file() {
            return Err(corrupt(path, "is not a file"));
        }
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                io(std::io::Error::other("another peer has this file open: close that one first"))
            }
            TryLockError::Error(source) => io(source),
        })?;
        let mut journal = Self { file, path: path.to_owned(), len: 0, published: 0..0, is_broken: false };
        let size = journal.file.metadata().map_err(io)?.len();
        if size < HEADER as u64 {
            journal.begin(size, replica.me())?;
        } else {
            journal.replay(replica, exec)?;
        }
        Ok((journal, replica.take_news()))
    }

    /// Adds entries and bans that the replica has told as news. Those that were added before they were published are here.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses; the file is as before then.
    pub fn append_news(&mut self, replica: &Replica, news: &News) -> Result<()> {
        let mut bytes = Vec::new();
        let is_here = |author, seq| author == replica.me() && self.published.contains(&seq);
        for &(author, seq) in news.rows.iter().filter(|&&(author, seq)| !is_here(author, seq)) {
            if let Some((entry, received)) = replica.entry(author, seq).zip(replica.received(author, seq)) {
                put(&mut bytes, KIND_ENTRY, received, entry.bytes());
            }
        }
        for (author, frame) in replica.banned() {
            if news.banned.contains(&author) {
                put(&mut bytes, KIND_PROOF, 0, &frame);
            }
        }
        self.write(&bytes)
    }

    /// Adds entries that are about to be published, and waits until they are on the disk.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses; the file is as before then, so that the entries can be signed anew.
    pub fn append(&mut self, entries: &[Entry], now: u64) -> Result<()> {
        let mut bytes = Vec::new();
        entries.iter().for_each(|entry| put(&mut bytes, KIND_ENTRY, now, entry.bytes()));
        let before = self.len;
        self.write(&bytes)?;
        self.sync().inspect_err(|_| self.take_back(before))?;
        if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
            let start = if self.published.is_empty() { first.seq() } else { self.published.start };
            self.published = start..last.seq() + 1;
        }
        Ok(())
    }

    /// Waits until all is on the disk.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|source| io_error(&self.path, source))
    }

    /// A new file, or one whose making was cut off.
    fn begin(&mut self, size: u64, me: AuthorId) -> Result<()> {
        let mut found = Vec::new();
        let header = header(me);
        let io = |source| io_error(&self.path, source);
        (&self.file).take(size).read_to_end(&mut found).map_err(io)?;
        if !header.starts_with(&found) {
            return Err(corrupt(&self.path, "is not a log of a peer"));
        }
        self.cut(0)?;
        self.write(&header)?;
        self.sync()?;
        // A file that is on the disk without its name is lost all the same.
        sync_folder(&self.path).map_err(|source| io_error(&self.path, source))
    }

    fn replay(&mut self, replica: &mut Replica, exec: &Exec) -> Result<()> {
        let mut from = BufReader::with_capacity(1 << 16, &self.file);
        let mut found = [0; HEADER];
        from.read_exact(&mut found).map_err(|source| io_error(&self.path, source))?;
        check_header(&self.path, &found, replica.me())?;
        let mut len = HEADER as u64;
        for number in 0u64.. {
            if number.is_multiple_of(STEP) {
                exec.checkpoint(STEP)?;
            }
            match read(&mut from).map_err(|source| io_error(&self.path, source))? {
                Ok(Record::End) => break,
                Ok(Record::Whole { kind: KIND_ENTRY, received, bytes }) => {
                    // What is refused now was beyond a limit that is lower than it was.
                    let _ = replica.restore(&bytes, received);
                    len += (FRONT + bytes.len() + CHECKSUM) as u64;
                }
                Ok(Record::Whole { kind: KIND_PROOF, bytes, received }) if bytes.first() == Some(&PROOF) => {
                    let _ = replica.receive(&bytes, received);
                    len += (FRONT + bytes.len() + CHECKSUM) as u64;
                }
                _ if is_zero_from(&self.file, len).map_err(|source| io_error(&self.path, source))? => break,
                _ => return Err(corrupt(&self.path, format!("was altered at byte {len}"))),
            }
        }
        drop(from);
        self.cut(len)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if self.is_broken {
            let source = std::io::Error::other("an earlier write failed and could not be taken back");
            return Err(io_error(&self.path, source));
        }
        let before = self.len;
        if let Err(source) = self.file.write_all(bytes) {
            // Half a record in the middle would make the file unreadable.
            self.take_back(before);
            return Err(io_error(&self.path, source));
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn take_back(&mut self, len: u64) {
        self.is_broken = self.cut(len).is_err();
    }

    /// Keeps the first `len` bytes, and goes on after them.
    fn cut(&mut self, len: u64) -> Result<()> {
        self.len = len;
        let cut = self.file.set_len(len).and_then(|()| self.file.seek(SeekFrom::Start(len)));
        cut.map(|_| ()).map_err(|source| io_error(&self.path, source))
    }
}

/// Clicks are private: the file is its owner's alone.
fn options() -> std::fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Whether there is nothing but zeros from `at` to the end.
fn is_zero_from(mut file: &File, at: u64) -> std::io::Result<bool> {
    file.seek(SeekFrom::Start(at))?;
    let mut part = [0; 4096];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(true),
            n if part[..n].iter().any(|&byte| byte != 0) => return Ok(false),
            _ => {}
        }
    }
}

fn header(me: AuthorId) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend(VERSION.to_le_bytes());
    header.extend([0; 4]);
    header.extend(me.0);
    header.extend(xxh3_64(&header).to_le_bytes());
    header
}

fn check_header(path: &Path, found: &[u8; HEADER], me: AuthorId) -> Result<()> {
    let (said, checksum) = found.split_at(HEADER - CHECKSUM);
    if !said.starts_with(MAGIC) {
        return Err(corrupt(path, "is not a log of a peer"));
    }
    if xxh3_64(said).to_le_bytes() != checksum {
        return Err(corrupt(path, "has a damaged header"));
    }
    if said[8..12] != VERSION.to_le_bytes() {
        return Err(corrupt(path, format!("has a format version that is not {VERSION}")));
    }
    if said[16..48] != me.0 {
        return Err(corrupt(path, format!("is the log of another peer, not of {me}")));
    }
    Ok(())
}

fn put(to: &mut Vec<u8>, kind: u8, received: u64, bytes: &[u8]) {
    let start = to.len();
    to.push(kind);
    to.extend(u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes());
    to.extend(received.to_le_bytes());
    to.extend(&xxh3_64(&to[start..]).to_le_bytes()[..4]);
    to.extend(bytes);
    to.extend(xxh3_64(&to[start..]).to_le_bytes());
}

/// The next record; an inner error if it is damaged.
fn read(from: &mut impl Read) -> std::io::Result<std::result::Result<Record, ()>> {
    let mut record = Vec::new();
    from.by_ref().take(FRONT as u64).read_to_end(&mut record)?;
    if record.len() < FRONT {
        return Ok(Ok(Record::End));
    }
    // A length that was altered must not pass for a record that was cut off.
    if xxh3_64(&record[..FRONT - 4]).to_le_bytes()[..4] != record[FRONT - 4..] {
        return Ok(Err(()));
    }
    let n = usize::from(u16::from_le_bytes([record[1], record[2]]));
    let whole = FRONT + n + CHECKSUM;
    from.by_ref().take((n + CHECKSUM) as u64).read_to_end(&mut record)?;
    if record.len() < whole {
        return Ok(Ok(Record::End));
    }
    let (said, checksum) = record.split_at(FRONT + n);
    if xxh3_64(said).to_le_bytes() != checksum {
        return Ok(Err(()));
    }
    let received: [u8; 8] = bytemuck::pod_read_unaligned(&said[3..11]);
    Ok(Ok(Record::Whole {
        kind: said[0],
        received: u64::from_le_bytes(received),
        bytes: said[FRONT..].to_vec(),
    }))
}

fn io_error(path: &Path, source: std::io::Error) -> Error {
    Error::Io { path: path.to_owned(), source }
}

fn corrupt(path: &Path, problem: impl Into<String>) -> Error {
    Error::CorruptFile { path: path.to_owned(), problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::{Click, Limits, SecretKey};

    fn fresh() -> Replica {
        Replica::new(SecretKey::from_seed(&[1; 32]), Limits::default()).unwrap()
    }

    fn publish(replica: &mut Replica, journal: &mut Journal, item: &str) {
        let click = Click { query: "q".into(), item: item.into(), ts: 1, shown: None };
        let entry = replica.draft(&click).unwrap();
        journal.append(std::slice::from_ref(&entry), 5).unwrap();
        replica.publish(entry, 5).unwrap();
    }

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("graphrank-journal-{}-{name}", std::process::id()))
    }

    #[test]
    fn a_replica_goes_on_where_it_was_whatever_was_cut_off() {
        let path = path("cut");
        let mut replica = fresh();
        let (mut journal, _) = Journal::open(&path, &mut replica, &Exec::default()).unwrap();
        publish(&mut replica, &mut journal, "a");
        let one = (replica.digest(), journal.len);
        publish(&mut replica, &mut journal, "b");
        let two = (replica.digest(), journal.len);
        drop(journal);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len() as u64, two.1);
        for n in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..n]).unwrap();
            let mut again = fresh();
            let (mut journal, news) = Journal::open(&path, &mut again, &Exec::default()).unwrap();
            assert_eq!((news.rows.len(), again.take_news()), (again.n_rows(), News::default()));
            let expected = if n as u64 == two.1 {
                two.0
            } else if n as u64 >= one.1 {
                one.0
            } else {
                fresh().digest()
            };
            assert_eq!(again.digest(), expected, "cut to {n}");
            publish(&mut again, &mut journal, "c");
            let (before, news) = (journal.len, again.take_news());
            journal.append_news(&again, &news).unwrap();
            assert_eq!((journal.len, news.rows.len()), (before, 1), "what is there is not written again");
            drop(journal);
            let mut last = fresh();
            Journal::open(&path, &mut last, &Exec::default()).unwrap();
            assert_eq!(last.digest(), again.digest());
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn damage_is_an_error_and_so_is_another_peer_and_a_second_opening() {
        let path = path("damage");
        let mut replica = fresh();
        let (mut journal, _) = Journal::open(&path, &mut replica, &Exec::default()).unwrap();
        publish(&mut replica, &mut journal, "a");
        publish(&mut replica, &mut journal, "b");
        let taken = Journal::open(&path, &mut fresh(), &Exec::default()).unwrap_err().to_string();
        assert!(taken.contains("another peer has this file open"), "{taken}");
        drop(journal);
        let mut other = Replica::new(SecretKey::from_seed(&[2; 32]), Limits::default()).unwrap();
        assert!(
            Journal::open(&path, &mut other, &Exec::default())
                .unwrap_err()
                .to_string()
                .contains("another peer")
        );
        let bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            let opened = Journal::open(&path, &mut fresh(), &Exec::default());
            assert!(matches!(opened, Err(Error::CorruptFile { .. })), "byte {at}: {opened:?}");
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn zeros_that_a_power_cut_left_are_removed() {
        let path = path("zeros");
        let mut replica = fresh();
        let (mut journal, _) = Journal::open(&path, &mut replica, &Exec::default()).unwrap();
        publish(&mut replica, &mut journal, "a");
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for n in [1, FRONT, FRONT + 1, 10_000] {
            std::fs::write(&path, [&whole[..], &vec![0; n]].concat()).unwrap();
            let mut again = fresh();
            Journal::open(&path, &mut again, &Exec::default()).unwrap();
            assert_eq!((again.digest(), std::fs::read(&path).unwrap()), (replica.digest(), whole.clone()));
            std::fs::write(&path, [&whole[..], &vec![0; n], &[1; FRONT]].concat()).unwrap();
            let opened = Journal::open(&path, &mut fresh(), &Exec::default());
            assert!(matches!(opened, Err(Error::CorruptFile { .. })), "{n}: {opened:?}");
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn bans_are_remembered() {
        let path = path("bans");
        let other = SecretKey::from_seed(&[9; 32]);
        let click = |item: &str| Click { query: "q".into(), item: item.into(), ts: 1, shown: None };
        let sign = |item| Entry::sign(&other, 0, [0; 32], &click(item)).unwrap();
        let mut replica = fresh();
        let (mut journal, _) = Journal::open(&path, &mut replica, &Exec::default()).unwrap();
        replica.restore(sign("a").bytes(), 1).unwrap();
        let news = replica.take_news();
        journal.append_news(&replica, &news).unwrap();
        assert!(replica.restore(sign("b").bytes(), 1).is_err());
        let news = replica.take_news();
        assert_eq!((news.rows.len(), &news.banned[..]), (0, &[other.id()][..]));
        journal.append_news(&replica, &news).unwrap();
        drop(journal);
        let mut again = fresh();
        Journal::open(&path, &mut again, &Exec::default()).unwrap();
        assert_eq!((again.digest(), again.n_rows()), (replica.digest(), 0));
        assert_eq!(again.banned().count(), 1);
        std::fs::remove_file(&path).unwrap();
    }
}
