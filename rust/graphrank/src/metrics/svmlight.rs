//! Tables of features in text, as SVMlight and the LETOR collections have them:
//! `label qid:query feature:value feature:value # comment`, a line per item. Features are numbered from 1 (0 is taken as
//! well), those of a line rise, and those that are left out are 0.

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_reserve, try_with_capacity};

/// The lines of such a text.
#[derive(Clone, Debug, Default)]
pub struct SvmLight {
    /// First number of each line.
    pub labels: Vec<f64>,
    /// Where each line's query begins and ends in the text; an empty range where there is none.
    pub queries: Vec<[u64; 2]>,
    /// The same of what follows `#`, trimmed.
    pub comments: Vec<[u64; 2]>,
    /// Where the features of each line begin among all; one more at the end.
    pub offsets: Vec<u64>,
    /// Number of each feature.
    pub features: Vec<u32>,
    /// Value of each feature.
    pub values: Vec<f64>,
}

/// The largest number of a feature: each is a column of the table, also those that no line has.
const LARGEST_FEATURE: u32 = 1_000_000;

/// Lines between two checkpoints.
const STEP: usize = 1 << 10;

/// Reads a text. Empty lines, and lines with nothing but a comment, are skipped.
///
/// # Errors
/// [`Error::InvalidData`] with the line, counted from 0, that cannot be read; [`Error::OutOfMemory`].
pub fn read_svmlight(text: &[u8], exec: &Exec) -> Result<SvmLight> {
    let mut read = SvmLight::default();
    read.offsets.push(0);
    let mut at = 0;
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if number.is_multiple_of(STEP) {
            exec.checkpoint(STEP as u64)?;
        }
        read.line(line, at, number)?;
        at += line.len() + 1;
    }
    Ok(read)
}

impl SvmLight {
    /// Reads the line that begins at byte `at` of the text.
    fn line(&mut self, line: &[u8], at: usize, number: usize) -> Result<()> {
        let sharp = line.iter().position(|&byte| byte == b'#').unwrap_or(line.len());
        let (body, comment) = (&line[..sharp], &line[line.len().min(sharp + 1)..]);
        let mut words = body.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).peekable();
        let Some(label) = words.next() else { return Ok(()) };
        let fail = |word: &[u8], problem: &str| {
            Error::row("line", number, format!("{:?} {problem}", String::from_utf8_lossy(word)))
        };
        let label = parse::<f64>(label).filter(|label| label.is_finite());
        let label = label.ok_or_else(|| fail(body.trim_ascii(), "does not begin with a label, a number"))?;
        let query = words.next_if(|word| word.starts_with(b"qid:"));
        let mut last = None;
        for word in words {
            let colon = word
                .iter()
                .position(|&byte| byte == b':')
                .ok_or_else(|| fail(word, "is not a feature; features are written as number:value"))?;
            let feature = parse::<u64>(&word[..colon])
                .ok_or_else(|| fail(word, "does not begin with the number of a feature"))?;
            let feature = u32::try_from(feature).ok().filter(|&feature| feature <= LARGEST_FEATURE);
            let feature = feature.ok_or_else(|| {
                fail(word, "has a number above 1000000, and each number is a column; renumber the features")
            })?;
            let value = parse::<f64>(&word[colon + 1..]);
            let value = value.ok_or_else(|| fail(word, "does not end with a number"))?;
            if last.is_some_and(|last| last >= feature) {
                return Err(fail(word, "comes after a feature of the same or a larger number"));
            }
            last = Some(feature);
            try_reserve("features", &mut self.features, 1)?;
            try_reserve("features", &mut self.values, 1)?;
            self.features.push(feature);
            self.values.push(value);
        }
        let within = |part: &[u8]| {
            let start = at + (part.as_ptr().addr() - line.as_ptr().addr());
            [start as u64, (start + part.len()) as u64]
        };
        let query = query.map_or([0, 0], |word| within(&word[4..]));
        for array in [&mut self.queries, &mut self.comments] {
            try_reserve("lines", array, 1)?;
        }
        self.labels.push(label);
        self.queries.push(query);
        self.comments.push(within(comment.trim_ascii()));
        self.offsets.push(self.features.len() as u64);
        Ok(())
    }

    /// The features as a table: a row per line, `n` columns from feature `first` on.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], also where the table would take more than `most_bytes`: systems give out memory that they
    /// do not have.
    pub fn dense(&self, first: u32, n: usize, most_bytes: Option<u64>) -> Result<Vec<f64>> {
        let bytes = n.saturating_mul(self.labels.len()).saturating_mul(size_of::<f64>());
        if most_bytes.is_some_and(|most| bytes as u64 > most) {
            return Err(Error::OutOfMemory { what: "features", bytes });
        }
        let mut table = try_with_capacity("features", n.saturating_mul(self.labels.len()))?;
        for line in self.offsets.windows(2) {
            let start = table.len();
            table.resize(start + n, 0.0);
            #[expect(clippy::cast_possible_truncation, reason = "positions in an array")]
            for i in line[0] as usize..line[1] as usize {
                let column = self.features[i].wrapping_sub(first) as usize;
                if let Some(cell) = table[start..].get_mut(column) {
                    *cell = self.values[i];
                }
            }
        }
        Ok(table)
    }
}

fn parse<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_query_features_and_comment() {
        let text: &[u8] = b"2 qid:7 1:0.5 3:-1e3 # doc-1 \r\n\n# nothing\n0 2:4";
        let read = read_svmlight(text, &Exec::default()).unwrap();
        assert_eq!((&read.labels[..], &read.offsets[..]), (&[2.0, 0.0][..], &[0, 2, 3][..]));
        assert_eq!((&read.features[..], &read.values[..]), (&[1, 3, 2][..], &[0.5, -1e3, 4.0][..]));
        let part = |[start, end]: [u64; 2]| {
            let range = usize::try_from(start).unwrap()..usize::try_from(end).unwrap();
            std::str::from_utf8(&text[range]).unwrap()
        };
        assert_eq!([part(read.queries[0]), part(read.comments[0])], ["7", "doc-1"]);
        assert_eq!([part(read.queries[1]), part(read.comments[1])], ["", ""]);
        assert_eq!(read.dense(1, 3, None).unwrap(), [0.5, 0.0, -1e3, 0.0, 4.0, 0.0]);
        assert!(matches!(read.dense(1, 3, Some(47)), Err(Error::OutOfMemory { bytes: 48, .. })));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        for (text, part) in [
            ("1 1:2\nx qid:1 1:2", "row 1"),
            ("1 qid:1 1:2 1:3", "same or a larger"),
            ("1 qid:1 word", "not a feature"),
            ("1 qid:1 -1:3", "number of a feature"),
            ("1 qid:1 1:x", "end with a number"),
            ("1 qid:1 4294967295:1", "above 1000000"),
            ("1 qid:1 1:2 99999999999:1", "above 1000000"),
            ("nan qid:1", "label"),
        ] {
            let error = read_svmlight(text.as_bytes(), &Exec::default()).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
