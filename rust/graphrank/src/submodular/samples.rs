//! Small objectives of every kind, each with its value of every set, computed from its definition.

use std::sync::Arc;

use super::*;
use crate::exec::Exec;
use crate::rng::mix;

/// A stream of random numbers.
pub(super) struct Draws(pub(super) u64);

impl Draws {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0) % n
    }

    fn unit(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }
}

pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) objective: Arc<dyn Objective>,
    /// f of each set of bits.
    pub(super) values: Vec<f64>,
}

pub(super) fn elements(set: usize) -> Vec<u32> {
    (0..32).filter(|i| set >> i & 1 == 1).collect()
}

/// Entries of a random matrix: some missing, some twice the same, some rows empty or equal.
struct Matrix {
    n: usize,
    n_columns: usize,
    rows: Vec<u32>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl Matrix {
    fn draw(n: usize, n_columns: usize, draws: &mut Draws) -> Self {
        let mut matrix = Self { n, n_columns, rows: vec![], columns: vec![], values: vec![] };
        for row in 0..n as u32 {
            if row > 0 && draws.below(6) == 0 {
                // The same row as before.
                let first = matrix.rows.iter().position(|&r| r == row - 1).unwrap_or(matrix.rows.len());
                for i in first..matrix.rows.len() {
                    matrix.push(row, matrix.columns[i], matrix.values[i]);
                }
                continue;
            }
            let density = draws.below(70);
            for column in 0..n_columns as u32 {
                if draws.below(100) < density {
                    let value = if draws.below(2) == 0 { draws.unit() } else { draws.below(4) as f64 / 4.0 };
                    matrix.push(row, column, value);
                }
            }
        }
        matrix
    }

    fn push(&mut self, row: u32, column: u32, value: f64) {
        self.rows.push(row);
        self.columns.push(column);
        self.values.push(value);
    }

    fn triples(&self, with_values: bool) -> Triples<'_> {
        Triples {
            n_rows: self.n,
            n_columns: self.n_columns,
            rows: &self.rows,
            columns: &self.columns,
            values: with_values.then_some(&self.values[..]),
        }
    }

    fn get(&self, row: u32, column: usize) -> Option<f64> {
        let at = (0..self.rows.len()).find(|&i| self.rows[i] == row && self.columns[i] as usize == column);
        at.map(|i| self.values[i])
    }

    fn at(&self, row: u32, column: usize) -> f64 {
        self.get(row, column).unwrap_or(0.0)
    }
}

fn table(n: usize, value: impl Fn(&[u32]) -> f64) -> Vec<f64> {
    (0..1 << n).map(|set| value(&elements(set))).collect()
}

fn determinant(mut a: Vec<Vec<f64>>) -> f64 {
    let n = a.len();
    let mut determinant = 1.0;
    for i in 0..n {
        determinant *= a[i][i];
        for j in i + 1..n {
            let factor = a[j][i] / a[i][i];
            let row = a[i].clone();
            a[j].iter_mut().zip(&row).skip(i).for_each(|(x, y)| *x -= factor * y);
        }
    }
    determinant
}

pub(super) const N_KINDS: u64 = 13;

/// A set function known by its table.
struct Table(Vec<f64>);

impl Oracle for Table {
    fn value(&self, set: &[u32]) -> crate::Result<f64> {
        Ok(self.0[set.iter().map(|&e| 1 << e).sum::<usize>()])
    }
}

#[expect(clippy::too_many_lines, reason = "one arm per kind")]
pub(super) fn sample(n: usize, kind: u64, seed: u64) -> Sample {
    let exec = &Exec::default();
    let draws = &mut Draws(mix(seed ^ 0xabc) << 8);
    let m = 1 + draws.below(12) as usize;
    let matrix = Matrix::draw(n, m, draws);
    let weights: Vec<f64> = (0..m).map(|_| draws.below(5) as f64 / 2.0 * draws.unit().round()).collect();
    let sum = |term: &dyn Fn(usize) -> f64| (0..m).map(|j| weights[j] * term(j)).sum::<f64>();
    let triples = matrix.triples(true);
    let total = |s: &[u32], j| s.iter().map(|&e| matrix.at(e, j)).sum::<f64>();
    let most = |s: &[u32], j| s.iter().map(|&e| matrix.at(e, j)).fold(0.0, f64::max);
    let made = |name, objective: Arc<dyn Objective>, values| Sample { name, objective, values };
    match kind {
        0 => {
            let is_covered = |s: &[u32], j| f64::from(s.iter().any(|&e| matrix.get(e, j).is_some()));
            let objective = Coverage::new(matrix.triples(false), None, exec).unwrap();
            let values = table(n, |s| (0..m).map(|j| is_covered(s, j)).sum());
            made("coverage", Arc::new(objective), values)
        }
        1 => {
            let is_covered = |s: &[u32], j| f64::from(s.iter().any(|&e| matrix.get(e, j).is_some()));
            let objective = Coverage::new(matrix.triples(false), Some(&weights), exec).unwrap();
            made("weighted coverage", Arc::new(objective), table(n, |s| sum(&|j| is_covered(s, j))))
        }
        2 => {
            let objective = FacilityLocation::new(triples, Some(&weights), exec).unwrap();
            made("facility location", Arc::new(objective), table(n, |s| sum(&|j| most(s, j))))
        }
        3 => {
            let caps: Vec<f64> = (0..m).map(|_| draws.unit()).collect();
            let objective = FacilityLocation::capped(triples, Some(&weights), &caps, exec).unwrap();
            let values = table(n, |s| sum(&|j| most(s, j).min(caps[j])));
            made("capped facility location", Arc::new(objective), values)
        }
        4 => {
            let dense: Vec<f32> = (0..n as u32)
                .flat_map(|e| (0..m).map(move |j| (e, j)))
                .map(|(e, j)| matrix.at(e, j) as f32)
                .collect();
            let values = table(n, |s| {
                let best = |j| s.iter().map(|&e| dense[e as usize * m + j]).fold(0.0, f32::max);
                (0..m).map(|j| f64::from(best(j))).sum()
            });
            let objective = DenseFacilityLocation::new(n, m, &dense, exec).unwrap();
            made("dense facility location", Arc::new(objective), values)
        }
        5..=7 => {
            let (name, concave) = [
                ("square root", Concave::Sqrt),
                ("logarithm", Concave::Log1p),
                ("power", Concave::Power(0.7)),
            ][kind as usize - 5];
            let phi = |y: f64| match concave {
                Concave::Sqrt => y.sqrt(),
                Concave::Log1p => (1.0 + y).ln(),
                Concave::Power(p) => y.powf(p),
            };
            let objective = ConcaveSums::feature_based(triples, Some(&weights), concave, exec).unwrap();
            made(name, Arc::new(objective), table(n, |s| sum(&|j| phi(total(s, j)))))
        }
        8 => {
            let share = 0.1 + 0.9 * draws.unit();
            let all: Vec<u32> = (0..n as u32).collect();
            let objective = ConcaveSums::saturated(triples, share, Some(&weights), exec).unwrap();
            let values = table(n, |s| sum(&|j| total(s, j).min(share * total(&all, j))));
            made("saturated coverage", Arc::new(objective), values)
        }
        9 => {
            let objective = ConcaveSums::probabilistic(triples, Some(&weights), exec).unwrap();
            let missed = |s: &[u32], j| s.iter().map(|&e| 1.0 - matrix.at(e, j)).product::<f64>();
            made("probabilistic coverage", Arc::new(objective), table(n, |s| sum(&|j| 1.0 - missed(s, j))))
        }
        10 => {
            let mut square = Matrix { n, n_columns: n, rows: vec![], columns: vec![], values: vec![] };
            for u in 0..n as u32 {
                for v in 0..=u {
                    if draws.below(2) == 0 {
                        let value = draws.unit();
                        square.push(u, v, value);
                        if u != v {
                            square.push(v, u, value);
                        }
                    }
                }
            }
            let lambda = 2.0 + draws.unit();
            let objective = GraphCut::new(square.triples(true), lambda, exec).unwrap();
            let values = table(n, |s| {
                let all: f64 =
                    s.iter().flat_map(|&e| (0..n).map(move |u| (e, u))).map(|(e, u)| square.at(e, u)).sum();
                let inner = s.iter().flat_map(|&e| s.iter().map(move |&u| (e, u)));
                lambda * all - inner.map(|(e, u)| square.at(e, u as usize)).sum::<f64>()
            });
            made("graph cut", Arc::new(objective), values)
        }
        11 => {
            let vectors: Vec<f32> = (0..n * 3).map(|_| (draws.unit() * 2.0 - 1.0) as f32).collect();
            let alpha = 0.1 + 3.0 * draws.unit();
            let inner = |u: usize, v: usize| -> f64 {
                (0..3).map(|d| f64::from(vectors[u * 3 + d]) * f64::from(vectors[v * 3 + d])).sum()
            };
            let values = table(n, |s| {
                let entry =
                    |i: usize, j: usize| f64::from(i == j) + alpha * inner(s[i] as usize, s[j] as usize);
                determinant((0..s.len()).map(|i| (0..s.len()).map(|j| entry(i, j)).collect()).collect()).ln()
            });
            let objective = if draws.below(2) == 0 {
                LogDet::from_vectors(n, 3, vectors.clone(), alpha, exec)
            } else {
                let kernel = (0..n * n).map(|i| inner(i / n, i % n)).collect();
                LogDet::new(n, kernel, alpha, exec)
            };
            made("log-determinant", Arc::new(objective.unwrap()), values)
        }
        _ => {
            let eta = draws.unit();
            let objective = query_facility_location(triples, eta, exec).unwrap();
            let values = table(n, |s| {
                let own = |e| (0..m).map(|j| matrix.at(e, j)).fold(0.0, f64::max);
                (0..m).map(|j| most(s, j)).sum::<f64>() + eta * s.iter().map(|&e| own(e)).sum::<f64>()
            });
            if draws.below(2) == 0 {
                let oracle = Box::new(Table(values.clone()));
                let callable = Callable::new(n, oracle, OnViolation::Error).unwrap();
                return made("callable", Arc::new(callable), values);
            }
            made("query facility location", Arc::new(objective), values)
        }
    }
}
