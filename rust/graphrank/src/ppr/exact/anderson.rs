//! Anderson acceleration of a fixed-point iteration u ← G(u).
//!
//! Of the last iterates, that combination (of weights with sum 1) of their images G(u) is taken next for which the
//! same combination of the changes f = G(u) - u is smallest (D. G. Anderson, "Iterative procedures for nonlinear
//! integral equations", J. ACM 12, 1965). Only the inner products of the changes are needed to find it.

/// Weights above this come from changes that are nearly parallel, and would amplify rounding.
const LARGEST_WEIGHT: f64 = 1e4;

/// What is known of the last `KEPT` changes of one query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anderson<const KEPT: usize> {
    /// Inner products of the changes, the last one first.
    products: [[f64; KEPT]; KEPT],
    /// Changes that may be used.
    n_kept: usize,
    last: f64,
}

impl<const KEPT: usize> Default for Anderson<KEPT> {
    fn default() -> Self {
        Self { products: [[0.0; KEPT]; KEPT], n_kept: 0, last: 0.0 }
    }
}

impl<const KEPT: usize> Anderson<KEPT> {
    /// Takes the inner products of a new change with itself and those before it, and its size; gives the weights of
    /// the images, the newest first.
    pub(super) fn weights(&mut self, products: [f64; KEPT], size: f64, noise: f64) -> [f64; KEPT] {
        for a in (1..KEPT).rev() {
            for b in (1..KEPT).rev() {
                self.products[a][b] = self.products[a - 1][b - 1];
            }
        }
        for (a, &product) in products.iter().enumerate() {
            self.products[0][a] = product;
            self.products[a][0] = product;
        }
        // A change that grew says that the history misleads.
        let misled = self.n_kept > 0 && size > 2.0 * self.last;
        self.n_kept = if misled { 1 } else { (self.n_kept + 1).min(KEPT) };
        self.last = size;
        self.least_squares(noise).unwrap_or_else(|| {
            self.n_kept = 1;
            let mut newest = [0.0; KEPT];
            newest[0] = 1.0;
            newest
        })
    }

    /// Minimises |f₀ + Σ t (f - f₀)| over the changes f before the last, f₀; `None` if the directions are too nearly dependent to say.
    fn least_squares(&self, noise: f64) -> Option<[f64; KEPT]> {
        let g = &self.products;
        let n = self.n_kept - 1;
        // The right-hand side is the column after the last unknown.
        let mut rows = [[0.0; KEPT]; KEPT];
        for a in 0..n {
            for b in 0..n {
                rows[a][b] = g[a + 1][b + 1] - g[a + 1][0] - g[0][b + 1] + g[0][0];
            }
            rows[a][a] += noise * (g[a + 1][a + 1] + g[0][0]);
            rows[a][n] = g[0][0] - g[0][a + 1];
        }
        for pivot in 0..n {
            if rows[pivot][pivot] <= 0.0 || !rows[pivot][pivot].is_finite() {
                return None;
            }
            for below in pivot + 1..n {
                let factor = rows[below][pivot] / rows[pivot][pivot];
                let pivots = rows[pivot];
                for (entry, of_pivot) in rows[below][pivot..=n].iter_mut().zip(&pivots[pivot..]) {
                    *entry -= factor * of_pivot;
                }
            }
        }
        let mut weights = [0.0; KEPT];
        for a in (0..n).rev() {
            let known: f64 = (a + 1..n).map(|b| rows[a][b] * weights[b + 1]).sum();
            weights[a + 1] = (rows[a][n] - known) / rows[a][a];
        }
        weights[0] = 1.0 - weights[1..].iter().sum::<f64>();
        weights.iter().all(|w| w.abs() <= LARGEST_WEIGHT).then_some(weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: usize = 4;

    /// On a linear map of three dimensions, three differences span the space: the fourth image is the fixed point.
    #[test]
    fn three_differences_solve_three_dimensions() {
        let rates = [0.9, 0.5, -0.3];
        let image = |u: [f64; 3]| std::array::from_fn::<f64, 3, _>(|i| rates[i] * u[i] + 1.0);
        let dot = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (mut u, mut images, mut changes) = ([0.0; 3], Vec::new(), Vec::new());
        let mut anderson = Anderson::<KEPT>::default();
        for _ in 0..5 {
            let next = image(u);
            let change: [f64; 3] = std::array::from_fn(|i| next[i] - u[i]);
            images.insert(0, next);
            changes.insert(0, change);
            let mut products = [0.0; KEPT];
            for (product, before) in products.iter_mut().zip(&changes) {
                *product = dot(&change, before);
            }
            let weights = anderson.weights(products, dot(&change, &change).sqrt(), f64::EPSILON);
            u = std::array::from_fn(|i| weights.iter().zip(&images).map(|(w, image)| w * image[i]).sum());
        }
        for (u, rate) in u.iter().zip(rates) {
            assert!((u - 1.0 / (1.0 - rate)).abs() < 1e-6, "{u} is not the fixed point");
        }
    }

    #[test]
    fn a_change_that_grows_and_changes_that_repeat_fall_back_to_the_plain_iteration() {
        let mut anderson = Anderson::<KEPT>::default();
        assert_eq!(anderson.weights([1.0, 0.0, 0.0, 0.0], 1.0, 1e-13), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(anderson.weights([9.0, 0.0, 0.0, 0.0], 3.0, 1e-13), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(anderson.weights([9.0, 9.0, 9.0, 9.0], 3.0, 0.0), [1.0, 0.0, 0.0, 0.0]);
    }
}
