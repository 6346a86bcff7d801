//! Randomness that depends on the seed and on the unit of work, never on threads or order.
//!
//! Every unit of work (a walk, a row, a peer) asks for its own stream: [`stream`]`(seed, domain, index)`. The domain
//! keeps two uses of one seed apart. The generator is xoshiro256++ (Blackman and Vigna, 2021), its state filled by
//! SplitMix64 from a mixed key, so streams of neighbouring indices share no visible structure.

pub use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

/// What a stream is for. Adding a use adds a variant; a variant never changes its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
#[non_exhaustive]
pub enum Domain {
    /// Generated test and benchmark graphs.
    Generator = 1,
    /// Walks of the `PowerWalk` index.
    Walk = 2,
    /// Sources on which the `PowerWalk` index is calibrated.
    Calibration = 3,
    /// Walks that follow a graph: the first ones, then those of every changed row.
    Repair = 4,
    /// Rows of a random projection, by the key of the node.
    Projection = 5,
    /// Rows of a random projection, by the key of the feature.
    FeatureProjection = 6,
    /// The order in which a guess of the best value looks at candidates.
    Guess = 7,
    /// Samples of candidates.
    Sample = 8,
    /// Queries that are drawn again, for an interval.
    Bootstrap = 9,
    /// Signs of the differences of two runs.
    Signs = 10,
    /// What a simulated link does to a frame.
    Link = 30,
    /// Places that swap in a ranking, so that what stands low is seen as well.
    Exploration = 20,
    /// What peers of a simulated network do, tick after tick.
    Network = 21,
    /// Tastes of simulated peers, and their clicks.
    Taste = 22,
}

/// The stream of unit `index` in `domain` under `seed`.
///
/// ```
/// use graphrank::rng::{stream, Domain};
/// use rand_xoshiro::rand_core::Rng;
/// let a = stream(7, Domain::Generator, 0).next_u64();
/// assert_eq!(a, stream(7, Domain::Generator, 0).next_u64());
/// assert_ne!(a, stream(7, Domain::Generator, 1).next_u64());
/// ```
#[must_use]
pub fn stream(seed: u64, domain: Domain, index: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(key(seed, domain, index))
}

/// What the streams of unit `index` begin from.
pub(crate) fn key(seed: u64, domain: Domain, index: u64) -> u64 {
    mix(mix(mix(seed) ^ domain as u64) ^ index)
}

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): a counter behind a mixer. For streams of a few draws each, where
/// filling the state of a larger generator would cost more than the draws.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShortStream(u64);

impl ShortStream {
    /// Stream `index` of the unit that has `key`.
    pub(crate) fn new(key: u64, index: u64) -> Self {
        Self(mix(key ^ index))
    }

    /// The next 64 random bits.
    #[inline]
    pub(crate) fn draw(&mut self) -> u64 {
        let draw = mix(self.0);
        self.0 = self.0.wrapping_add(GOLDEN);
        draw
    }
}

/// 2^64 divided by the golden ratio, made odd: a counter in steps of it visits every number.
pub(crate) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's finaliser: a bijection that spreads every input bit over the output.
#[inline(always)]
pub(crate) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(GOLDEN);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
