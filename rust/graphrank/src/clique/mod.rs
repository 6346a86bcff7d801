//! Fair cliques: the largest set of nodes that are all linked with each other and in which every group has its part.
//!
//! The problem is that of Zhang, Li, Jin, Yuan, Wang and Lin ("Efficient maximum relative fair clique search", ICDE 2025,
//! arXiv 2312.04088), for any number of groups and for any rules of [`FairSpec`]. A clique is worth F of its counts per
//! group, which never falls when a count grows; so the largest fair clique is the most valuable clique, and what is known
//! of the search for largest cliques applies.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | F | [`FairSpec::value`] | size of the largest fair clique in one with these counts |
//! | L | `Incumbent` | size of the best fair clique so far |
//!
//! # Steps
//! 1. `peel`: nodes whose neighbours cannot make up a fair clique of more than L members go, and with them neighbours
//!    that then have too few.
//! 2. `greedy`: fair cliques from many starts, which raise L. In most real graphs the best is among them.
//! 3. `peel` again, with the new L and with colours: neighbours of one colour count once. Repeated while L grows.
//! 4. `dense`: every clique has a member that comes first in the degeneracy order (Matula and Beck, J. ACM 1983). So for
//!    each node its later neighbours are searched, which are few.
//! 5. `branch`: branch and bound on rows of bits (San Segundo, Rodriguez-Losada and Jimenez, Computers & Operations
//!    Research 2011), by colour classes of all candidates and of those of groups that still lack members; `colors` makes,
//!    mends and refutes these.
//!
//! # What of the paper is kept
//! The colourful core is step 3, with needs that grow with L instead of k alone, and with a test of the total. The bounds
//! by size, by colours and by colours per group are tests 2 and 4 of `branch`. Left out are reductions by edges (colourful
//! support and its enhanced form), which take memory for each edge and colour where steps 1 to 3 leave little to reduce;
//! the enhanced core, which is for two groups; and the bounds by degeneracy, h-index and paths, each a pass over all edges
//! among the candidates where colours leave few search nodes. Taking groups in turns, as the authors' program does, misses
//! cliques in which one group must stop early: see the test `groups_need_not_take_turns`.
//!
//! # Cost
//! O(n + m) for steps 1 and 3 per round, exponential in the worst case for step 5. Memory: the graph that is left after
//! step 1, 4 bytes per node and group, and d²/8 bytes per thread for the degeneracy d.
//!
//! # Same answer
//! The size never depends on threads. With [`CliqueParams::is_deterministic`] the members do not either: those that step 2
//! finds are found by one thread; others are sought once more, for the first root that has a clique of that size.

mod branch;
mod colors;
mod dense;
mod greedy;
mod incumbent;
mod peel;
mod problem;
mod rest;
mod search;
mod spec;
#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests;

pub use search::{CliqueParams, CliqueStats, FairClique, NO_GROUP, Status, max_fair_clique};
pub use spec::{FairSpec, MOST_GROUPS, UNLIMITED};
