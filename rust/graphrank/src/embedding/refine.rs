//! Refining an embedding: the directions along which a random walk forgets most slowly.
//!
//! The first rows, whatever they are, span a space of `dim` directions. Steps of the walk shrink each eigenvector of the
//! walk in that space by its eigenvalue, so after some steps what is left is near the leading eigenvectors, those of a
//! spectral embedding; making the directions orthonormal now and then keeps the weaker ones from drowning in the
//! strongest. This is subspace iteration with a Rayleigh-Ritz step (Saad, "Numerical Methods for Large Eigenvalue
//! Problems", 2nd edition, 2011, algorithms 5.2 and 5.3), from the start and with the few rounds of a randomised range
//! finder (Halko, Martinsson and Tropp, SIAM Review 53, 2011, algorithm 4.4).
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | P = D⁻¹A | `step` | a step of the walk on an undirected graph: the mean over the neighbours |
//! | Π | `shares` | D divided by its trace: where the walk is in the long run |
//! | Y | `rows` | a row per node |
//! | M | [`whitening`] | combinations of columns with (Y M)ᵀ Π (Y M) = 1 |
//! | V, Λ | [`eigen`] | Ritz vectors and values of P in the space of Y M, by falling absolute value |
//!
//! P is symmetric for the inner product xᵀ Π y: it is D^(-1/2) S D^(1/2) for the symmetric S = D^(-1/2) A D^(-1/2), and Y
//! stands for D^(-1/2) U where the literature has U. So no other product is needed than that of the walk.
//!
//! # Steps
//! 1. `rounds` times: Y ← Y M, which is Cholesky QR; Y ← P P Y.
//! 2. With the M of the last Y: Mᵀ (Yᵀ Π P Y) M = V Λ Vᵀ.
//! 3. The result is P Y M V: Ritz vectors, each as long as its value is large. Directions that the walk mixes at once are
//!    small, and the product with P, needed for step 2 anyhow, cleans the vectors of one more step.
//!
//! # Choices
//! - The whitening of a round leaves the span alone, so in exact arithmetic it could wait to the end. In 32 bits it keeps
//!   directions whose value is below a tenth from the rounding of those near 1, as in dense graphs.
//! - The last step is not a lazy one. (P + c) Y M V would shrink columns of negative value and stretch the others; with
//!   c = 0.1 that gained 0.2 points of F1 on a graph of bloggers, and lost 0.04 to 0.5 on those of GitHub, of DBLP and two
//!   of Debian packages.
//!
//! # Cost
//! 2 `rounds` + 1 steps of the walk; per round one Gram matrix and one triangular product, in the end two Gram matrices
//! and a product: n d² (rounds + 2) operations. One more table of n rows.
//!
//! # Guarantee
//! Where the space has fewer directions than columns (fewer nodes than `dim`, twins, few eigenvalues other than 0), the
//! columns that are left over are zero; nothing is ever divided by zero. Same bits for any threads and instruction set:
//! `bits_depend_on_nothing_but_the_input`.

use crate::error::Result;
use crate::exec::Exec;
use crate::simd::Isa;

use super::dense::{self, Groups, Square, eigen, gram, multiply, product, whitening};

/// The random walk on an undirected graph.
pub(crate) struct Walk<'a> {
    /// Per node, its part of the sum of all weights.
    pub(crate) shares: &'a [f64],
    /// Writes the mean over the neighbours of each row of the first table into the second.
    pub(crate) step: &'a dyn Fn(&Groups, &mut Groups) -> Result<()>,
}

/// Refines the rows in the first table, of `dim` columns in groups that are filled up with zeros; see the module. The
/// result, rows of any length, is in the table that is returned; the other one holds what is left of the work.
pub(crate) fn refine<'t>(
    [rows, spare]: [&'t mut Groups; 2],
    dim: usize,
    rounds: usize,
    walk: &Walk<'_>,
    isa: Isa,
    exec: &Exec,
) -> Result<&'t mut Groups> {
    for _ in 0..rounds {
        let square = gram(rows, rows, walk.shares, dim, isa, exec)?;
        multiply(rows, &whitening(&square, isa, exec)?, isa, exec)?;
        (walk.step)(rows, spare)?;
        (walk.step)(spare, rows)?;
    }
    let square = gram(rows, rows, walk.shares, dim, isa, exec)?;
    (walk.step)(rows, spare)?;
    let stepped = gram(rows, spare, walk.shares, dim, isa, exec)?;
    multiply(spare, &ritz_vectors(&square, &stepped, isa, exec)?, isa, exec)?;
    Ok(spare)
}

/// M V for the Gram matrix of some rows and that of the rows with their next step.
fn ritz_vectors(square: &Square, stepped: &Square, isa: Isa, exec: &Exec) -> Result<Square> {
    let whitening = whitening(square, isa, exec)?;
    let right = product(stepped, &whitening, isa, exec)?;
    let mut quotients = product(&whitening.transposed()?, &right, isa, exec)?;
    for i in 0..quotients.order() {
        for j in 0..i {
            let mean = 0.5 * (quotients[(i, j)] + quotients[(j, i)]);
            (quotients[(i, j)], quotients[(j, i)]) = (mean, mean);
        }
    }
    let ritz = eigen(&quotients, isa, exec)?;
    product(&whitening, &ritz.vectors.transposed()?, isa, exec)
}

/// Bytes of all arrays beside the two tables of rows, at most.
pub(crate) fn n_bytes(n_rows: usize, dim: usize) -> u64 {
    // Ten square matrices live at once while Ritz vectors are sought.
    (dense::gram_bytes(n_rows, dim) + 10 * dim * dim * size_of::<f64>()) as u64
}

/// What all but the steps of the walk counts as progress, in units of a neighbour's 128 columns.
pub(crate) fn units(n_rows: usize, dim: usize, rounds: usize) -> u64 {
    let rounds = rounds as u64;
    (rounds + 2) * dense::gram_units(n_rows, dim) + (rounds + 1) * dense::multiply_units(n_rows, dim)
}

#[cfg(test)]
mod tests {
    use super::super::dense::samples::{exec, tall};
    use super::*;
    use crate::simd::LANES;

    /// An undirected graph: its neighbours with weights.
    struct Sample(Vec<Vec<(usize, f64)>>);

    impl Sample {
        fn new(n: usize, edges: impl IntoIterator<Item = (usize, usize, f64)>) -> Self {
            let mut neighbors = vec![vec![]; n];
            for (u, v, weight) in edges {
                neighbors[u].push((v, weight));
                neighbors[v].push((u, weight));
            }
            Self(neighbors)
        }

        fn cycle(n: usize) -> Self {
            Self::new(n, (0..n).map(|v| (v, (v + 1) % n, 1.0)))
        }

        fn star(n: usize) -> Self {
            Self::new(n, (1..n).map(|leaf| (0, leaf, 1.0)))
        }

        /// Every node of one side beside every node of the other.
        fn bipartite(left: usize, right: usize) -> Self {
            Self::new(left + right, (0..left).flat_map(|u| (left..left + right).map(move |v| (u, v, 1.0))))
        }

        fn degree(&self, node: usize) -> f64 {
            self.0[node].iter().map(|(_, weight)| weight).sum()
        }

        #[expect(clippy::cast_possible_truncation, reason = "rows have 32 bits")]
        fn step(&self, from: &Groups, to: &mut Groups) {
            let n_groups = from.len() / self.0.len().max(1);
            for (node, to) in to.chunks_mut(n_groups.max(1)).enumerate() {
                to.fill([0.0; LANES]);
                for &(neighbor, weight) in &self.0[node] {
                    let share = (weight / self.degree(node)) as f32;
                    for (to, from) in to.iter_mut().zip(&from[neighbor * n_groups..]) {
                        (0..LANES).for_each(|lane| to[lane] += share * from[lane]);
                    }
                }
            }
        }

        fn refine_on(&self, dim: usize, rounds: usize, isa: Isa, exec: &Exec) -> Vec<[f32; LANES]> {
            let n = self.0.len();
            let mut rows = tall(1, n, dim);
            let mut spare = rows.clone();
            let total: f64 = (0..n).map(|node| self.degree(node)).sum();
            let shares: Vec<_> =
                (0..n).map(|node| self.degree(node) / total.max(f64::MIN_POSITIVE)).collect();
            let step = |from: &Groups, to: &mut Groups| {
                self.step(from, to);
                Ok(())
            };
            let walk = Walk { shares: &shares, step: &step };
            refine([&mut rows, &mut spare], dim, rounds, &walk, isa, exec).unwrap().to_vec()
        }

        fn refine(&self, dim: usize, rounds: usize) -> Vec<[f32; LANES]> {
            self.refine_on(dim, rounds, Isa::best(), &Exec::default())
        }

        /// Per column of refined rows, its length and, where it is not zero, its Rayleigh quotient and residual.
        fn ritz_pairs(&self, rows: &Groups, dim: usize) -> Vec<(f64, f64, f64)> {
            let mut stepped = rows.to_vec();
            self.step(rows, &mut stepped);
            let n_groups = dim.div_ceil(LANES);
            let column = |rows: &Groups, j: usize| -> Vec<f64> {
                rows.chunks(n_groups).map(|row| f64::from(row.as_flattened()[j])).collect()
            };
            let total: f64 = (0..self.0.len()).map(|node| self.degree(node)).sum();
            let dot = |x: &[f64], y: &[f64]| -> f64 {
                (0..x.len()).map(|node| self.degree(node) / total * x[node] * y[node]).sum()
            };
            let pair = |j| {
                let (x, y) = (column(rows, j), column(&stepped, j));
                let square = dot(&x, &x);
                if square == 0.0 {
                    return (0.0, 0.0, 0.0);
                }
                let value = dot(&x, &y) / square;
                let rest: Vec<_> = x.iter().zip(&y).map(|(x, y)| y - value * x).collect();
                (square.sqrt(), value, (dot(&rest, &rest) / square).sqrt())
            };
            (0..dim).map(pair).collect()
        }
    }

    /// The values of a path's walk are cos(kπ / (n - 1)); both ends of the spectrum are sought, since -1 is no smaller
    /// than 1. Columns are as long as their values are large.
    #[test]
    fn many_rounds_find_the_leading_eigenvectors() {
        let n = 12;
        let path = Sample::new(n, (1..n).map(|v| (v - 1, v, 1.0)));
        let rows = path.refine(4, 60);
        let pairs = path.ritz_pairs(&rows, 4);
        let second = (std::f64::consts::PI / (n - 1) as f64).cos();
        let mut values: Vec<_> = pairs.iter().map(|(_, value, _)| *value).collect();
        values.sort_by(f64::total_cmp);
        for (value, wanted) in values.iter().zip([-1.0, -second, second, 1.0]) {
            assert!((value - wanted).abs() < 1e-6, "{value} for {wanted}");
        }
        for (length, value, residual) in pairs {
            assert!((length - value.abs()).abs() < 1e-5 && residual < 1e-4, "{length} {value} {residual}");
        }
    }

    #[test]
    fn weights_are_the_chances_of_the_walk() {
        // Two triangles that hardly know each other: the second value is near 1, and its vector tells them apart.
        let triangles = [(0, 1, 2.0), (1, 2, 3.0), (2, 0, 1.0), (3, 4, 5.0), (4, 5, 2.0), (5, 3, 4.0)];
        let graph = Sample::new(6, triangles.into_iter().chain([(2, 3, 1e-4)]));
        let rows = graph.refine(2, 40);
        let pairs = graph.ritz_pairs(&rows, 2);
        assert!(pairs[0].1 > 1.0 - 1e-6 && pairs[1].1 > 0.9999 && pairs[1].1 < 1.0, "{pairs:?}");
        let side = |node: usize| rows[node][1] > 0.0;
        assert!((0..3).all(|node| side(node) == side(0)) && (3..6).all(|node| side(node) != side(0)));
    }

    /// The number of values other than 0 is the rank of the adjacency; no column is left for anything else, and no
    /// entry is infinite or NaN.
    #[test]
    fn columns_without_a_direction_are_zero() {
        let two_cliques = Sample::new(7, [(0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0), (3, 4, 1.0)]);
        let cases = [
            ("star", Sample::star(300), 20, 2),
            ("bipartite", Sample::bipartite(30, 50), 20, 2),
            ("one edge", Sample::star(2), 5, 2),
            ("fewer nodes than columns", Sample::cycle(9), 40, 9),
            ("triangle, edge and two isolated nodes", two_cliques, 20, 5),
            ("self-loop", Sample::new(1, [(0, 0, 1.0)]), 3, 1),
            ("no edges", Sample::new(4, []), 3, 0),
            ("no nodes", Sample::new(0, []), 3, 0),
        ];
        for (name, graph, dim, rank) in cases {
            for rounds in [1, 2, 5] {
                let rows = graph.refine(dim, rounds);
                assert!(rows.as_flattened().iter().all(|x| x.is_finite()), "{name}");
                let lengths = graph.ritz_pairs(&rows, dim).into_iter().map(|(length, ..)| length);
                let found = lengths.filter(|&length| length > 1e-6).count();
                assert_eq!(found, rank, "{name}, {rounds} rounds");
            }
        }
    }

    #[test]
    fn isolated_nodes_stay_zero_and_components_are_told_apart() {
        let edges = [(0, 1), (1, 2), (2, 0), (4, 5), (5, 6), (6, 4)].map(|(u, v)| (u, v, 1.0));
        let graph = Sample::new(8, edges);
        let rows = graph.refine(2, 20);
        assert_eq!((rows[3], rows[7]), ([0.0; LANES], [0.0; LANES]));
        let cosine = |u: usize, v: usize| {
            let dot = |u: usize, v: usize| (0..2).map(|j| f64::from(rows[u][j] * rows[v][j])).sum::<f64>();
            dot(u, v) / (dot(u, u) * dot(v, v)).sqrt()
        };
        assert!(cosine(0, 2) > 1.0 - 1e-5 && cosine(4, 6) > 1.0 - 1e-5);
        assert!(cosine(0, 4).abs() < 1e-4, "{}", cosine(0, 4));
    }

    #[test]
    fn bits_depend_on_nothing_but_the_input() {
        for (graph, dim) in [(Sample::cycle(1500), 24), (Sample::star(700), 40)] {
            let alone = graph.refine_on(dim, 2, Isa::available()[0], &Exec::default());
            for isa in Isa::available() {
                for n_threads in [1, 2, 3] {
                    let rows = graph.refine_on(dim, 2, isa, &exec(n_threads));
                    assert!(rows[..] == alone[..], "{isa:?}, {n_threads} threads");
                }
            }
        }
    }
}
