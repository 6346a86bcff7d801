//! How many of a set of nodes a clique can have, by sets without edges inside.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | q | `quota` | number of colour classes |
//! | B | `left` | nodes in none of them |
//!
//! # Steps
//! 1. q colour classes, greedily: sets without edges inside, of which a clique has one member each at most.
//! 2. A node that is left over goes into a class in which it has one neighbour, if that one finds another class (Tomita,
//!    Sutani, Higashi and Wakatsuki, IEICE Trans. 2013).
//! 3. Suppose that a clique has a node v that is left over and a member of every class. Of a class in which v has one
//!    neighbour it has that one, and then all others are neighbours of both; and so on. If that leaves nobody of some
//!    class, v and the classes that were used for it do not all have a member in any clique. So v adds nothing to their
//!    number, as long as no class is used twice (Li and Quan, AAAI 2010, who propagate literals of a formula; here rows
//!    of bits are intersected).
//!
//! A clique without any of B has at most q members of the set: one of each class that no proof used, and of a proof's
//! classes and its node one less than there are of them.
//!
//! # Cost
//! O(n / 64) per class and node of B for each scan of the classes, two or three of which a proof takes. Of G(200, .8) step 3
//! leaves a quarter of the search nodes, and two thirds of the time.

use crate::error::Result;
use crate::memory::{try_with_capacity, try_zeroed};

use super::dense::Dense;
use super::rest::number;

/// Classes that steps 2 and 3 look at, the last and smallest ones: as many as a word has bits.
const LOOKED_AT: usize = 64;

/// Room for colour classes. Sets have `W` words, or, if that is 0, `words`.
pub(super) struct Classes<const W: usize> {
    words: usize,
    sets: Vec<u64>,
    /// The classes that are looked at.
    first: usize,
    end: usize,
    /// Step 1: who may still join the class. Step 3: neighbours of all members that are known.
    free: Vec<u64>,
    /// Step 2: nodes that found no other class. Step 3: members of a class that are to be excluded.
    rest: Vec<u64>,
    /// Members that are known, each with its class, counted from `first`.
    units: Vec<(u32, u32)>,
}

impl<const W: usize> Classes<W> {
    pub(super) fn new(dense: &Dense) -> Result<Self> {
        let words = dense.words;
        Ok(Self {
            words,
            sets: try_zeroed("colour classes", (dense.n_nodes() + 1) * words)?,
            first: 0,
            end: 0,
            free: try_zeroed("sets of a search", words)?,
            rest: try_zeroed("sets of a search", words)?,
            units: try_with_capacity("members of a proof", LOOKED_AT)?,
        })
    }

    #[inline(always)]
    fn words(&self) -> usize {
        if W > 0 { W } else { self.words }
    }

    /// Takes nodes from `left` until cliques without the rest have at most `quota` members of it. The number of the rest.
    #[inline(always)]
    pub(super) fn leave(&mut self, dense: &Dense, left: &mut [u64], quota: usize) -> u32 {
        let words = self.words();
        let left = &mut left[..words];
        if !self.fill(dense, left, quota) {
            return 0;
        }
        (self.first, self.end) = (quota.saturating_sub(LOOKED_AT), quota);
        if self.mend(dense, left) == 0 {
            return 0;
        }
        let (mut open, mut n_left) = (u64::MAX, 0);
        for (w, left) in left.iter_mut().enumerate() {
            let mut rest = *left;
            while rest != 0 {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                let used = self.refute(dense, 64 * w + bit, open);
                if used == 0 {
                    n_left += 1;
                } else {
                    open &= !used;
                    *left &= !(1 << bit);
                }
            }
        }
        n_left
    }

    /// Step 1; whether nodes are left over.
    #[inline(always)]
    fn fill(&mut self, dense: &Dense, left: &mut [u64], quota: usize) -> bool {
        let words = self.words();
        let free = &mut self.free[..words];
        for class in self.sets.chunks_exact_mut(words).take(quota) {
            if is_empty(left) {
                return false;
            }
            free.copy_from_slice(left);
            for w in 0..words {
                let (mut word, mut members) = (free[w], 0u64);
                while word != 0 {
                    let bit = word.trailing_zeros() as usize;
                    members |= 1 << bit;
                    let row = &dense.rows[(64 * w + bit) * words..][..words];
                    word &= (word - 1) & !row[w];
                    for (free, neighbors) in free[w + 1..].iter_mut().zip(&row[w + 1..]) {
                        *free &= !neighbors;
                    }
                }
                class[w] = members;
                left[w] &= !members;
            }
        }
        !is_empty(left)
    }

    /// Step 2; how many are left over.
    #[inline(always)]
    fn mend(&mut self, dense: &Dense, left: &mut [u64]) -> u32 {
        let words = self.words();
        self.rest[..words].fill(0);
        let mut n_left = 0;
        for (w, left) in left.iter_mut().enumerate() {
            let mut rest = *left;
            while rest != 0 {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                if self.fits(dense, 64 * w + bit) {
                    *left &= !(1 << bit);
                } else {
                    n_left += 1;
                }
            }
        }
        n_left
    }

    /// Step 2 for a node.
    #[inline(always)]
    fn fits(&mut self, dense: &Dense, node: usize) -> bool {
        let words = self.words();
        let row = &dense.rows[node * words..][..words];
        let mut few = self.few(row);
        while few != 0 {
            let i = self.first + few.trailing_zeros() as usize;
            few &= few - 1;
            let class = &self.sets[i * words..][..words];
            if n_common(class, row) == 1 {
                let other = first_common(class, row);
                if has(&self.rest, other) {
                    continue;
                }
                let Some(j) = self.free_class(dense, other, i) else {
                    self.rest[other / 64] |= 1 << (other % 64);
                    continue;
                };
                // Where it was, others may fit now.
                self.rest[..words].fill(0);
                self.sets[j * words + other / 64] |= 1 << (other % 64);
                self.sets[i * words + other / 64] &= !(1 << (other % 64));
            }
            self.sets[i * words + node / 64] |= 1 << (node % 64);
            return true;
        }
        false
    }

    /// The classes with one node of `row` at most, as bits. Without a branch, which nothing could predict.
    #[inline(always)]
    fn few(&self, row: &[u64]) -> u64 {
        let words = self.words();
        let mut few = 0;
        for (i, class) in self.sets[self.first * words..self.end * words].chunks_exact(words).enumerate() {
            few |= u64::from(n_common(class, row) <= 1) << i;
        }
        few
    }

    /// A class other than the `i`-th in which a node has no neighbour.
    #[inline(always)]
    fn free_class(&self, dense: &Dense, node: usize, i: usize) -> Option<usize> {
        let words = self.words();
        let row = &dense.rows[node * words..][..words];
        let mut none = 0u64;
        for (j, class) in self.sets[self.first * words..self.end * words].chunks_exact(words).enumerate() {
            none |= u64::from(n_common(class, row) == 0) << j;
        }
        none &= !(1 << (i - self.first));
        (none != 0).then(|| self.first + none.trailing_zeros() as usize)
    }

    /// Step 3 for a node: the classes that its proof uses, as bits; none without a proof.
    #[inline(always)]
    fn refute(&mut self, dense: &Dense, node: usize, open: u64) -> u64 {
        let words = self.words();
        self.free[..words].copy_from_slice(&dense.rows[node * words..][..words]);
        self.units.clear();
        let mut unknown = open;
        loop {
            let mut few = self.few(&self.free[..words]) & unknown;
            if few == 0 {
                return 0;
            }
            unknown &= !few;
            while few != 0 {
                let i = few.trailing_zeros();
                few &= few - 1;
                let class = &self.sets[(self.first + i as usize) * words..][..words];
                // A member that was found a moment ago may have left it with nobody.
                if n_common(class, &self.free[..words]) == 0 {
                    return self.explain(dense, node, i);
                }
                let unit = first_common(class, &self.free[..words]);
                cut(&mut self.free[..words], &dense.rows[unit * words..][..words]);
                self.units.push((number(unit), i));
            }
        }
    }

    /// Of a proof that ended with nobody of the `i`-th class, the classes that it needs: those whose members exclude that
    /// class, and those whose members show who these are.
    #[inline(always)]
    fn explain(&mut self, dense: &Dense, node: usize, i: u32) -> u64 {
        let words = self.words();
        let mut used = 1 << i;
        self.rest[..words].copy_from_slice(&self.sets[(self.first + i as usize) * words..][..words]);
        self.exclude(dense, node, self.units.len(), &mut used);
        for n_units in (0..self.units.len()).rev() {
            let (unit, i) = self.units[n_units];
            if used >> i & 1 == 1 {
                self.rest[..words].copy_from_slice(&self.sets[(self.first + i as usize) * words..][..words]);
                self.rest[unit as usize / 64] &= !(1 << (unit % 64));
                self.exclude(dense, node, n_units, &mut used);
            }
        }
        used
    }

    /// Adds to `used` the classes of those of the first units that, with `node` and the units of classes in `used`, have no
    /// common neighbour in `rest`.
    #[inline(always)]
    fn exclude(&mut self, dense: &Dense, node: usize, n_units: usize, used: &mut u64) {
        let words = self.words();
        let rest = &mut self.rest[..words];
        cut(rest, &dense.rows[node * words..][..words]);
        for &(unit, i) in &self.units[..n_units] {
            if *used >> i & 1 == 1 {
                cut(rest, &dense.rows[unit as usize * words..][..words]);
            }
        }
        for &(unit, i) in &self.units[..n_units] {
            if is_empty(rest) {
                break;
            }
            if cut(rest, &dense.rows[unit as usize * words..][..words]) {
                *used |= 1 << i;
            }
        }
    }
}

/// Keeps what is in the row as well; whether that is less.
#[inline(always)]
fn cut(set: &mut [u64], row: &[u64]) -> bool {
    let mut removed = 0;
    for (word, neighbors) in set.iter_mut().zip(row) {
        removed |= *word & !neighbors;
        *word &= neighbors;
    }
    removed != 0
}

#[inline(always)]
fn is_empty(set: &[u64]) -> bool {
    let mut any = 0;
    for word in set {
        any |= word;
    }
    any == 0
}

#[inline(always)]
fn n_common(set: &[u64], row: &[u64]) -> u32 {
    let mut n = 0;
    for (word, neighbors) in set.iter().zip(row) {
        n += (word & neighbors).count_ones();
    }
    n
}

#[inline(always)]
fn first_common(set: &[u64], row: &[u64]) -> usize {
    for (w, (word, neighbors)) in set.iter().zip(row).enumerate() {
        let common = word & neighbors;
        if common != 0 {
            return 64 * w + common.trailing_zeros() as usize;
        }
    }
    0
}

#[inline(always)]
fn has(set: &[u64], node: usize) -> bool {
    set[node / 64] >> (node % 64) & 1 == 1
}
