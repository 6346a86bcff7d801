//! The words of queries, read only once a ranking asks for them.

use xxhash_rust::xxh3::xxh3_64;

use super::keys::Keys;
use super::names::Names;
use crate::error::Result;
use crate::memory::try_reserve;

/// Words by number: the terms (queries) that have each, and the words that each term has, once each.
///
/// Words are known by 64-bit hashes of their text in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    hashes: Keys,
    terms: Vec<Vec<u32>>,
    words: Vec<u32>,
    /// Where the words of each term end.
    ends: Vec<usize>,
}

impl Words {
    /// Reads the terms that came since the last time.
    pub(super) fn read(&mut self, names: &Names) -> Result<()> {
        for term in (0u32..).take(names.len()).skip(self.ends.len()) {
            for hash in hashes(names.get(term)) {
                let (word, is_new) = self.hashes.insert(hash)?;
                if is_new {
                    try_reserve("words", &mut self.terms, 1)?;
                    self.terms.push(Vec::new());
                }
                let terms = &mut self.terms[word as usize];
                if terms.last() != Some(&term) {
                    try_reserve("words of queries", &mut self.words, 1)?;
                    self.words.push(word);
                    try_reserve("queries of words", terms, 1)?;
                    terms.push(term);
                }
            }
            try_reserve("words of queries", &mut self.ends, 1)?;
            self.ends.push(self.words.len());
        }
        Ok(())
    }

    /// The words of a query that were read, once each, in its order.
    pub(super) fn of_query(&self, query: &[u8]) -> Result<Vec<u32>> {
        let (mut once, mut words) = (Keys::default(), Vec::new());
        for word in hashes(query).filter_map(|hash| self.hashes.find(hash)) {
            if once.insert(word.into())?.1 {
                try_reserve("words of the query", &mut words, 1)?;
                words.push(word);
            }
        }
        Ok(words)
    }

    /// The words of a term.
    pub(super) fn of_term(&self, term: u32) -> &[u32] {
        let start = if term == 0 { 0 } else { self.ends[term as usize - 1] };
        &self.words[start..self.ends[term as usize]]
    }

    /// The terms that have a word.
    pub(super) fn terms(&self, word: u32) -> &[u32] {
        &self.terms[word as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.terms.len()
    }
}

/// Of the words of a query, in its order.
fn hashes(query: &[u8]) -> impl Iterator<Item = u64> {
    query.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).map(hash)
}

/// Of a word, upper or lower case.
fn hash(word: &[u8]) -> u64 {
    let is_lower = word.iter().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    match std::str::from_utf8(word) {
        Ok(text) if !is_lower => xxh3_64(text.to_lowercase().as_bytes()),
        _ => xxh3_64(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_to_queries_and_back() {
        let mut names = Names::default();
        let mut words = Words::default();
        for name in [&b"dub techno"[..], b"techno", b" dub  dub "] {
            names.push(name).unwrap();
            words.read(&names).unwrap();
        }
        assert_eq!(words.of_query(b"techno rock techno dub").unwrap(), [1, 0]);
        assert_eq!(words.of_query(b"DUB").unwrap(), [0]);
        names.push("Äther".as_bytes()).unwrap();
        words.read(&names).unwrap();
        assert_eq!(words.of_query("äther ÄTHER".as_bytes()).unwrap(), [2]);
        assert_eq!((words.terms(0), words.terms(1), words.of_term(2)), (&[0, 2][..], &[0, 1][..], &[0][..]));
    }
}
