//! Random orders that need no sorting: the place of an element is a hash, chunks are ranges of hashes.

use crate::rng::mix;

/// Place of an element in the random order of `key`.
pub(super) fn rank(key: u64, element: u32) -> u64 {
    mix(key ^ u64::from(element))
}

/// Ranks at most so many are one chunk.
const SMALL: usize = 8;

/// Cuts ranks into chunks of rising hashes that about double, by where hashes lie; returns where they end.
pub(super) fn chunks(ranks: &mut [(u64, u32)]) -> Vec<usize> {
    let mut ends = vec![ranks.len()];
    let mut end = ranks.len();
    while end > SMALL && ends.len() < 64 {
        let most = u64::MAX >> ends.len();
        end = partition(&mut ranks[..end], |hash| hash <= most);
        ends.push(end);
    }
    ends.reverse();
    ends
}

/// Moves ranks with such hashes to the front and counts them.
fn partition(ranks: &mut [(u64, u32)], is_front: impl Fn(u64) -> bool) -> usize {
    let mut n = 0;
    for i in 0..ranks.len() {
        if is_front(ranks[i].0) {
            ranks.swap(n, i);
            n += 1;
        }
    }
    n
}
