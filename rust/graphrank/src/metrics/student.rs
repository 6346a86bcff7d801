//! The tails of Student's t distribution.
//!
//! P(|T| > t) with n degrees of freedom is the regularised incomplete beta function `I_x(n/2, 1/2)` at x = n / (n + t²),
//! here by its continued fraction (Press et al., Numerical Recipes, 6.4), in the modified method of Lentz.

/// Relative error that is aimed at: some roundings.
const EPS: f64 = 1e-15;

/// Steps of the continued fraction at most; it needs about the square root of the degrees of freedom.
const MOST_STEPS: u32 = 100_000;

/// The chance of a value at least as far from 0 as `t`.
pub(super) fn two_sided(t: f64, degrees: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    let x = degrees / (degrees + t * t);
    let (a, b) = (degrees / 2.0, 0.5);
    // The fraction converges fast on the near side of the mean of the beta distribution.
    if x < (a + 1.0) / (a + b + 2.0) {
        front(x, a, b) * fraction(x, a, b) / a
    } else {
        // 1 - x, without the loss of small t.
        let y = t * t / (degrees + t * t);
        1.0 - front(y, b, a) * fraction(y, b, a) / b
    }
}

/// x^a (1 - x)^b / B(a, b).
fn front(x: f64, a: f64, b: f64) -> f64 {
    (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp()
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    let away_from_zero = |value: f64| if value.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { value };
    let mut c = 1.0;
    let mut d = away_from_zero(1.0 - (a + b) * x / (a + 1.0)).recip();
    let mut value = d;
    for step in 1..MOST_STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = away_from_zero(1.0 + even * d).recip();
        c = away_from_zero(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = away_from_zero(1.0 + odd * d).recip();
        c = away_from_zero(1.0 + odd / c);
        value *= d * c;
        if (d * c - 1.0).abs() < EPS {
            break;
        }
    }
    value
}

/// The logarithm of the gamma function of a positive number: Stirling's series above 16, and Γ(z + 1) = z Γ(z) up to there.
fn ln_gamma(z: f64) -> f64 {
    let (mut z, mut shift) = (z, 0.0);
    while z < 16.0 {
        shift += z.ln();
        z += 1.0;
    }
    let w = 1.0 / (z * z);
    let series =
        (1.0 / 12.0 - w * (1.0 / 360.0 - w * (1.0 / 1260.0 - w * (1.0 / 1680.0 - w * (1.0 / 1188.0))))) / z;
    (z - 0.5) * z.ln() - z + 0.5 * std::f64::consts::TAU.ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One degree: 1 - 2 atan(t) / π. Two: 1 - t / sqrt(2 + t²).
    #[test]
    fn closed_forms_are_met() {
        for t in [0.0, 1e-9, 0.3, 1.0, 2.5, 40.0, 1e6] {
            let one = 1.0 - 2.0 * f64::atan(t) / std::f64::consts::PI;
            let two = 1.0 - t / (2.0f64 + t * t).sqrt();
            assert!((two_sided(t, 1.0) - one).abs() < 1e-14, "{t}");
            assert!((two_sided(t, 2.0) - two).abs() < 1e-14, "{t}");
        }
        assert_eq!(two_sided(f64::INFINITY, 5.0), 0.0);
    }

    /// With many degrees it is the normal distribution: P(|Z| > 1.959963984540054) = .05.
    #[test]
    fn many_degrees_are_the_normal_distribution() {
        assert!((two_sided(1.959_963_984_540_054, 1e8) - 0.05).abs() < 1e-8);
    }
}
