//! One click in one encoding, signed and chained.
//!
//! ```text
//! 0    kind, 1: a click           u8
//! 1    author                     32 bytes, an Ed25519 public key
//! 33   seq                        u64: how many entries of the author came before
//! 41   prev                       32 bytes: the id of the entry before, zeros for the first
//! 73   ts                         u64: milliseconds since 1970, as the author says
//! 81   query                      u16 length (1 .. 256), UTF-8
//!      item                       u8 length (1 .. 64), UTF-8
//!      results                    u8: 0 none, 1 follow: digest (32 bytes), u8 count (0 .. 10), as many times: u8 length, item
//!      signature                  64 bytes
//! ```
//!
//! Numbers are little-endian. What is signed is a fixed text and all bytes before the signature; the *id* is the SHA-256
//! of the same, so that an entry has one id whatever randomness its author signs with. An entry names the one before by
//! id: the last entry of a run without gaps vouches for all of it.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::key::{AuthorId, SIGNATURE, SecretKey};
use super::wire::Reader;
use crate::error::{Error, Result};

/// The most bytes of a query.
pub const MAX_QUERY: usize = 256;
/// The most bytes of an item.
pub const MAX_ITEM: usize = 64;
/// The most items of a result list that an entry names.
pub const MAX_SHOWN: usize = 10;
/// The latest time that an entry can bear: the end of the year 9999, in milliseconds.
pub const MAX_TS: u64 = 253_402_300_799_999;
/// The most bytes of an entry.
pub(super) const MAX_ENTRY: usize =
    QUERY + 2 + MAX_QUERY + 1 + MAX_ITEM + 1 + 32 + 1 + MAX_SHOWN * (1 + MAX_ITEM) + SIGNATURE;

/// Signed with every entry, so that a signature under something else is never one of an entry.
const CONTEXT: &[u8] = b"graphrank entry 1\0";
const KIND: u8 = 1;
const PREV: usize = 41;
/// Where what is said begins: before it are who says it, and the place in the chain.
const BODY: usize = 73;
const QUERY: usize = 81;

/// SHA-256 of what an entry says.
pub type EntryId = [u8; 32];

/// What an author says in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Click {
    /// What was asked.
    pub query: String,
    /// What was clicked.
    pub item: String,
    /// When, in milliseconds since 1970.
    pub ts: u64,
    /// What was shown, the best first.
    pub shown: Option<Shown>,
}

/// A result list in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256 of all of it: of every item, a length byte and the text.
    pub digest: [u8; 32],
    /// Its first items, at most [`MAX_SHOWN`].
    pub first: Vec<String>,
}

impl Shown {
    /// Of the items that were shown, in order.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if one is empty or longer than [`MAX_ITEM`].
    pub fn of(items: &[impl AsRef<str>]) -> Result<Self> {
        let mut hash = Sha256::new();
        for item in items {
            let item = item.as_ref();
            check_length("results", item, MAX_ITEM)?;
            hash.update(u8::try_from(item.len()).unwrap_or(u8::MAX).to_le_bytes());
            hash.update(item);
        }
        let first = items.iter().take(MAX_SHOWN).map(|item| item.as_ref().to_owned()).collect();
        Ok(Self { digest: hash.finalize().into(), first })
    }
}

/// An entry in its encoding, which is well formed. Whether it is signed is for its holder to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    bytes: Box<[u8]>,
    id: EntryId,
    item: Range<usize>,
}

impl Entry {
    /// The next entry of a log: `seq` came before, and the last of them is `prev`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a text is empty or too long, or the time is after [`MAX_TS`].
    pub fn sign(key: &SecretKey, seq: u64, prev: EntryId, click: &Click) -> Result<Self> {
        check_length("query", &click.query, MAX_QUERY)?;
        check_length("item", &click.item, MAX_ITEM)?;
        if click.ts > MAX_TS {
            return Err(Error::argument(
                "ts",
                format!("must be at most {MAX_TS} (the year 9999), got {}", click.ts),
            ));
        }
        let mut bytes = Vec::with_capacity(MAX_ENTRY);
        bytes.push(KIND);
        bytes.extend(key.id().0);
        bytes.extend(seq.to_le_bytes());
        bytes.extend(prev);
        bytes.extend(click.ts.to_le_bytes());
        bytes.extend(u16::try_from(click.query.len()).unwrap_or(u16::MAX).to_le_bytes());
        bytes.extend(click.query.as_bytes());
        put_item(&mut bytes, &click.item);
        bytes.push(u8::from(click.shown.is_some()));
        if let Some(shown) = &click.shown {
            bytes.extend(shown.digest);
            bytes.push(u8::try_from(shown.first.len()).unwrap_or(u8::MAX));
            for item in &shown.first {
                check_length("results", item, MAX_ITEM)?;
                put_item(&mut bytes, item);
            }
        }
        bytes.extend(key.sign(&[CONTEXT, &bytes].concat()));
        Self::decode(&bytes).ok_or_else(|| Error::argument("results", "must name at most 10 items"))
    }

    /// The entry that `bytes` are, if they are one in all: any other spelling of it is refused.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader::new(bytes);
        if from.u8()? != KIND {
            return None;
        }
        let (_author, seq) = (from.take(32)?, from.u64()?);
        let (prev, _ts) = (from.take(32)?, from.u64()?);
        if (seq == 0) != prev.iter().all(|&byte| byte == 0) {
            return None;
        }
        let n_query = usize::from(from.u16()?);
        read_text(&mut from, n_query, MAX_QUERY)?;
        let n_item = usize::from(from.u8()?);
        let start = bytes.len() - from.left();
        read_text(&mut from, n_item, MAX_ITEM)?;
        match from.u8()? {
            0 => {}
            1 => {
                from.take(32)?;
                let n_shown = usize::from(from.u8()?);
                if n_shown > MAX_SHOWN {
                    return None;
                }
                for _ in 0..n_shown {
                    let n = usize::from(from.u8()?);
                    read_text(&mut from, n, MAX_ITEM)?;
                }
            }
            _ => return None,
        }
        from.take(SIGNATURE)?;
        from.end()?;
        let id = Sha256::new().chain_update(CONTEXT).chain_update(said(bytes)).finalize().into();
        Some(Self { bytes: bytes.into(), id, item: start..start + n_item })
    }

    /// Its encoding.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> EntryId {
        self.id
    }

    /// Who wrote it.
    #[must_use]
    pub fn author(&self) -> AuthorId {
        AuthorId(self.array(1))
    }

    /// How many of the author came before.
    #[must_use]
    pub fn seq(&self) -> u64 {
        u64::from_le_bytes(self.array(33))
    }

    /// The name of the one before; zeros for the first.
    #[must_use]
    pub fn prev(&self) -> EntryId {
        self.array(PREV)
    }

    /// When, as the author says.
    #[must_use]
    pub fn ts(&self) -> u64 {
        u64::from_le_bytes(self.array(BODY))
    }

    /// What was asked.
    #[must_use]
    pub fn query(&self) -> &str {
        self.text(QUERY + 2..self.item.start - 1)
    }

    /// What was clicked.
    #[must_use]
    pub fn item(&self) -> &str {
        self.text(self.item.clone())
    }

    /// Its encoding without the author and the place in the chain.
    pub(super) fn body(&self) -> &[u8] {
        &self.bytes[BODY..]
    }

    /// The encoding that has this body, if it is that of an entry.
    pub(super) fn join(author: AuthorId, seq: u64, prev: EntryId, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BODY + body.len());
        bytes.push(KIND);
        bytes.extend(author.0);
        bytes.extend(seq.to_le_bytes());
        bytes.extend(prev);
        bytes.extend(body);
        bytes
    }

    /// What was signed.
    pub(super) fn message(&self) -> Vec<u8> {
        [CONTEXT, said(&self.bytes)].concat()
    }

    /// By what it was signed.
    pub(super) fn signature(&self) -> [u8; SIGNATURE] {
        self.array(self.bytes.len() - SIGNATURE)
    }

    /// Whether it names the entry before it in the chain, `before`.
    pub(super) fn follows(&self, before: &Self) -> bool {
        before.seq().checked_add(1) == Some(self.seq()) && self.prev() == before.id
    }

    fn text(&self, range: Range<usize>) -> &str {
        // Decoding has checked the texts.
        std::str::from_utf8(&self.bytes[range]).unwrap_or_default()
    }

    fn array<const N: usize>(&self, start: usize) -> [u8; N] {
        bytemuck::pod_read_unaligned::<[u8; N]>(&self.bytes[start..start + N])
    }
}

/// All but the signature.
fn said(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().saturating_sub(SIGNATURE)]
}

fn put_item(to: &mut Vec<u8>, item: &str) {
    to.push(u8::try_from(item.len()).unwrap_or(u8::MAX));
    to.extend(item.as_bytes());
}

fn read_text<'a>(from: &mut Reader<'a>, n: usize, most: usize) -> Option<&'a str> {
    let bytes = from.take(n).filter(|_| (1..=most).contains(&n))?;
    std::str::from_utf8(bytes).ok()
}

fn check_length(argument: &'static str, text: &str, most: usize) -> Result<()> {
    if (1..=most).contains(&text.len()) {
        return Ok(());
    }
    Err(Error::argument(argument, format!("must have from 1 to {most} bytes of UTF-8, got {}", text.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::key::{is_signed, verifying_key};

    pub(crate) fn click(query: &str, item: &str) -> Click {
        Click { query: query.into(), item: item.into(), ts: 1_700_000_000_000, shown: None }
    }

    fn signed(entry: &Entry) -> bool {
        verifying_key(&entry.author())
            .is_some_and(|key| is_signed(&key, &entry.message(), &entry.signature()))
    }

    #[test]
    fn an_entry_says_what_was_signed() {
        let key = SecretKey::from_seed(&[1; 32]);
        let shown = Shown::of(&(0..30).map(|i| format!("item {i}")).collect::<Vec<_>>()).unwrap();
        let said = Click { shown: Some(shown), ..click("jazz", "blue in green") };
        let first = Entry::sign(&key, 0, [0; 32], &said).unwrap();
        let second = Entry::sign(&key, 1, first.id(), &click("ü", "x")).unwrap();
        assert_eq!(
            (first.query(), first.item(), first.ts(), first.seq()),
            ("jazz", "blue in green", said.ts, 0)
        );
        assert_eq!((second.query(), second.item(), second.prev()), ("ü", "x", first.id()));
        assert!(signed(&first) && signed(&second) && second.follows(&first) && !first.follows(&second));
        let joined = Entry::join(second.author(), second.seq(), second.prev(), second.body());
        assert_eq!(joined, second.bytes());
        assert_eq!(Entry::decode(first.bytes()), Some(first));
    }

    /// An entry of these contents must have these bytes for ever, or logs could not be read.
    #[test]
    fn the_encoding_is_fixed() {
        let key = SecretKey::from_seed(&[1; 32]);
        let entry = Entry::sign(&key, 0, [0; 32], &click("q", "i")).unwrap();
        let mut expected = vec![1];
        expected.extend(key.id().0);
        expected.extend([0; 40]);
        expected.extend(1_700_000_000_000u64.to_le_bytes());
        expected.extend([1, 0, b'q', 1, b'i', 0]);
        assert_eq!(&entry.bytes()[..expected.len()], expected);
        assert_eq!(entry.bytes().len(), expected.len() + SIGNATURE);
        let hash: [u8; 32] = Sha256::digest([b"graphrank entry 1\0", &expected[..]].concat()).into();
        assert_eq!(entry.id(), hash);
    }

    #[test]
    fn other_spellings_are_no_entries_and_changed_ones_are_not_signed() {
        let key = SecretKey::from_seed(&[1; 32]);
        let said = Click { shown: Some(Shown::of(&["a", "b"]).unwrap()), ..click("jazz", "blue") };
        let bytes = Entry::sign(&key, 7, [3; 32], &said).unwrap().bytes().to_vec();
        for n in 0..bytes.len() {
            assert!(Entry::decode(&bytes[..n]).is_none(), "cut to {n}");
        }
        assert!(Entry::decode(&[&bytes[..], &[0]].concat()).is_none());
        for bit in 0..8 * bytes.len() {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!Entry::decode(&changed).is_some_and(|entry| signed(&entry)), "bit {bit}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_refused_by_name() {
        let key = SecretKey::from_seed(&[1; 32]);
        let late = Click { ts: MAX_TS + 1, ..click("q", "i") };
        let long = click(&"q".repeat(257), "i");
        for (said, name) in
            [(click("", "i"), "query"), (long, "query"), (click("q", ""), "item"), (late, "ts")]
        {
            let error = Entry::sign(&key, 0, [0; 32], &said).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{name}`")), "{error}");
        }
        assert!(Shown::of(&[""]).is_err());
        let most = Click {
            shown: Some(Shown::of(&vec!["i".repeat(64); 10]).unwrap()),
            ..click(&"q".repeat(256), &"i".repeat(64))
        };
        assert_eq!(Entry::sign(&key, 0, [0; 32], &most).unwrap().bytes().len(), MAX_ENTRY);
    }
}
