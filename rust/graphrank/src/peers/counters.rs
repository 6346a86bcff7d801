//! What happened, in numbers.

/// Why something that came was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
#[non_exhaustive]
pub enum Dropped {
    /// A frame is larger than any may be.
    FrameSize,
    /// A frame of no known type or version.
    FrameType,
    /// A frame, or an entry in it, that is not what its type says.
    Malformed,
    /// An entry of more bytes than any may have.
    EntrySize,
    /// A question that was meant for somebody else.
    Misdirected,
    /// A question that came before.
    Replayed,
    /// An answer that nobody asked for.
    Unsolicited,
    /// A question beyond what its sender, or all together, may ask.
    Rate,
    /// An entry or a question that its author did not sign.
    Signature,
    /// An entry whose number or time is beyond what is kept.
    Range,
    /// An entry that does not follow the one before it, or that the next one does not follow.
    Chain,
    /// A second entry of one number.
    Fork,
    /// A proof that proves nothing.
    Proof,
    /// An entry of an author who was shown to have contradicted itself.
    Banned,
    /// An entry that is held already.
    Duplicate,
    /// An entry of one author too many.
    Authors,
    /// One entry too many.
    Rows,
    /// An entry that leaves one gap too many.
    Islands,
}

impl Dropped {
    /// All of them, by number.
    pub const ALL: [Self; 18] = [
        Self::FrameSize,
        Self::FrameType,
        Self::Malformed,
        Self::EntrySize,
        Self::Misdirected,
        Self::Replayed,
        Self::Unsolicited,
        Self::Rate,
        Self::Signature,
        Self::Range,
        Self::Chain,
        Self::Fork,
        Self::Proof,
        Self::Banned,
        Self::Duplicate,
        Self::Authors,
        Self::Rows,
        Self::Islands,
    ];

    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FrameSize => "frame_size",
            Self::FrameType => "frame_type",
            Self::Malformed => "malformed",
            Self::EntrySize => "entry_size",
            Self::Misdirected => "misdirected",
            Self::Replayed => "replayed",
            Self::Unsolicited => "unsolicited",
            Self::Rate => "rate",
            Self::Signature => "signature",
            Self::Range => "range",
            Self::Chain => "chain",
            Self::Fork => "fork",
            Self::Proof => "proof",
            Self::Banned => "banned",
            Self::Duplicate => "duplicate",
            Self::Authors => "authors",
            Self::Rows => "rows",
            Self::Islands => "islands",
        }
    }
}

/// Counts since the peer began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Entries of others that were accepted.
    pub accepted: u64,
    /// Entries that were published here.
    pub published: u64,
    /// Entries that were accepted and then taken back, because their author was banned.
    pub retracted: u64,
    /// Accepted entries from the future, by more than is allowed. Their time counts as the time when they came.
    pub clamped: u64,
    /// Bytes of frames that came.
    pub bytes_in: u64,
    /// Bytes of frames that were made to be sent.
    pub bytes_out: u64,
    dropped: [u64; Dropped::ALL.len()],
}

impl Counters {
    /// How many were dropped for a reason.
    #[must_use]
    pub fn dropped(&self, reason: Dropped) -> u64 {
        self.dropped[reason as usize]
    }

    pub(super) fn drop(&mut self, reason: Dropped) {
        self.dropped[reason as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_listed_by_number_and_have_names_of_their_own() {
        for (number, reason) in Dropped::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, number);
            assert_eq!(Dropped::ALL.iter().filter(|other| other.name() == reason.name()).count(), 1);
        }
    }
}
