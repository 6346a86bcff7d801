//! The measures of one ranking.
//!
//! All are written for groups of equal scores whose items may stand in any order, and are means over those orders; a group
//! of one item gives the usual formula. With a group of n items that begins after s places, of which r are relevant and B
//! relevant ones stand above:
//!
//! | measure | what the group adds |
//! |---|---|
//! | sums over places (nDCG, precision, RBP ...) | its mean gain times the sum of the discounts of its places |
//! | average precision | sum over j = 1..n of r/n (B + 1 + (j - 1)(r - 1)/(n - 1)) / (s + j) |
//! | reciprocal rank | sum over j of P(the first relevant one is the j-th) / (s + j) |
//! | ERR | sum over j of (E(j - 1) - E(j)) / (s + j), E(j) the mean product of (1 - stop) over j of its items |
//! | bpref | for each relevant one, the mean over the number of irrelevant ones of the group above it, which is uniform |

use super::measure::{Empty, Gain, Kind, Measure, Options};
use super::ranked::{Group, Ranked};
use crate::error::Result;
use crate::memory::try_with_capacity;
use crate::numeric::sum;

/// 1 / log2(place + 2) for places from 0, and their sums up to each place.
pub(super) struct Discounts {
    of: Vec<f64>,
    before: Vec<f64>,
}

impl Discounts {
    #[expect(clippy::cast_precision_loss, reason = "places in a ranking")]
    pub(super) fn new(n: usize) -> Result<Self> {
        let mut of = try_with_capacity("discounts of places", n)?;
        let mut before = try_with_capacity("discounts of places", n + 1)?;
        let mut total = 0.0;
        before.push(total);
        for place in 0..n {
            let discount = (place as f64 + 2.0).log2().recip();
            total += discount;
            of.push(discount);
            before.push(total);
        }
        Ok(Self { of, before })
    }

    /// The value of a query; NaN if it does not count.
    pub(super) fn value(
        &self,
        measure: &Measure,
        ranked: &Ranked,
        is_missing: bool,
        options: Options,
    ) -> f64 {
        if is_missing && options.skips_missing {
            return f64::NAN;
        }
        if measure.kind != Kind::Judged
            && !ranked.ideal.first().is_some_and(|&best| measure.is_relevant(best))
        {
            return match options.empty {
                Empty::Zero => 0.0,
                Empty::One => 1.0,
                Empty::Skip => f64::NAN,
            };
        }
        let query = Query { ranked, measure };
        match measure.kind {
            Kind::Precision => query.share(query.hits(), 0),
            Kind::Recall => query.hits() / query.n_relevant(),
            Kind::RPrecision => query.r_precision(),
            Kind::F1 => query.share(2.0 * query.hits(), query.relevant()),
            Kind::Hit => query.hit(),
            Kind::ReciprocalRank => query.reciprocal_rank(),
            Kind::AveragePrecision => query.average_precision(),
            Kind::Ndcg(gain) => self.ndcg(&query, gain),
            Kind::Err(max) => query.err(max),
            Kind::Rbp(p) => query.rbp(p),
            Kind::Bpref => query.bpref(),
            Kind::Judged => query.judged(),
        }
    }

    fn ndcg(&self, query: &Query<'_>, gain: Gain) -> f64 {
        let gain = |label: f64| match gain {
            _ if !query.measure.is_relevant(label) => 0.0,
            Gain::Linear => label,
            Gain::Exponential => label.exp2() - 1.0,
        };
        let best = query.ranked.ideal.iter().take(query.measure.places()).zip(&self.of);
        let ideal = sum(best.map(|(&label, discount)| gain(label) * discount));
        let found = query.within().map(|(group, n)| {
            let gains: f64 = query.ranked.labels(group).iter().map(|&label| gain(label)).sum();
            match group.len {
                1 => gains * self.of[group.start],
                len => gains / float(len) * (self.before[group.start + n] - self.before[group.start]),
            }
        });
        sum(found) / ideal
    }
}

/// One measure of one ranking.
struct Query<'a> {
    ranked: &'a Ranked,
    measure: &'a Measure,
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows, below 2^32")]
fn float(n: usize) -> f64 {
    n as f64
}

impl Query<'_> {
    /// Groups that begin within the cut-off, and how many of their places are.
    fn within(&self) -> impl Iterator<Item = (&Group, usize)> {
        let k = self.measure.places();
        let groups = self.ranked.groups.iter().take_while(move |group| group.start < k);
        groups.map(move |group| (group, group.len.min(k - group.start)))
    }

    fn relevant(&self) -> usize {
        self.ranked.ideal.partition_point(|&label| self.measure.is_relevant(label))
    }

    fn n_relevant(&self) -> f64 {
        float(self.relevant())
    }

    fn r_precision(&self) -> f64 {
        let cutoff = u32::try_from(self.relevant()).ok();
        let measure = Measure { cutoff, ..*self.measure };
        Query { ranked: self.ranked, measure: &measure }.hits() / self.n_relevant()
    }

    /// How many items of a group are relevant.
    fn relevant_in(&self, group: &Group) -> usize {
        self.ranked.labels(group).iter().filter(|&&label| self.measure.is_relevant(label)).count()
    }

    /// Expected number of judged items within the cut-off whose label counts.
    fn found(&self, counts: impl Fn(f64) -> bool) -> f64 {
        let of_groups = self.within().map(|(group, n)| {
            let r = float(self.ranked.labels(group).iter().filter(|&&label| counts(label)).count());
            if n == group.len { r } else { r * float(n) / float(group.len) }
        });
        sum(of_groups)
    }

    /// Of what is retrieved: places that a short run leaves empty are not unjudged.
    fn judged(&self) -> f64 {
        let n = self.measure.places().min(self.ranked.n_retrieved);
        if n > 0 { self.found(|_| true) / float(n) } else { 0.0 }
    }

    fn hits(&self) -> f64 {
        self.found(|label| self.measure.is_relevant(label))
    }

    /// A share of the places that count, or of all retrieved items, and `more`.
    fn share(&self, part: f64, more: usize) -> f64 {
        let places = self.measure.cutoff.map_or(self.ranked.n_retrieved, |k| k as usize);
        if part > 0.0 { part / float(places + more) } else { 0.0 }
    }

    /// The first group with a relevant item: of how many, and how many of its places count.
    fn first_relevant(&self) -> Option<(&Group, usize, usize)> {
        let mut with_relevant = self.within().map(|(group, n)| (group, self.relevant_in(group), n));
        with_relevant.find(|&(_, r, _)| r > 0)
    }

    fn hit(&self) -> f64 {
        let Some((group, r, n)) = self.first_relevant() else { return 0.0 };
        // The chance that none of the r relevant items is among n of the group.
        let rest = float(group.len - n);
        let missed = (0..r).map(|i| (rest - float(i)).max(0.0) / float(group.len - i));
        1.0 - missed.product::<f64>()
    }

    fn reciprocal_rank(&self) -> f64 {
        let Some((group, r, n)) = self.first_relevant() else { return 0.0 };
        let (mut value, mut none_yet) = (0.0, 1.0);
        for j in 0..n.min(group.len - r + 1) {
            let left = float(group.len - j);
            value += none_yet * float(r) / left / float(group.start + j + 1);
            none_yet *= (left - float(r)) / left;
        }
        value
    }

    fn average_precision(&self) -> f64 {
        let (mut value, mut above) = (0.0, 0.0);
        for (group, n) in self.within() {
            let r = float(self.relevant_in(group));
            if r == 0.0 {
                continue;
            }
            let each = r / float(group.len);
            let more = if group.len > 1 { (r - 1.0) / float(group.len - 1) } else { 0.0 };
            for j in 0..n {
                value += each * (above + 1.0 + float(j) * more) / float(group.start + j + 1);
            }
            above += r;
        }
        value / self.n_relevant()
    }

    fn rbp(&self, p: f64) -> f64 {
        let of_groups = self.within().map(|(group, n)| {
            let each = float(self.relevant_in(group)) / float(group.len);
            let (from, to) = (power(p, group.start), power(p, group.start + n));
            if n == 1 { each * (1.0 - p) * from } else { each * (from - to) }
        });
        sum(of_groups)
    }

    fn bpref(&self) -> f64 {
        let (relevant, irrelevant) = (self.relevant(), self.ranked.ideal.len() - self.relevant());
        let most = relevant.min(irrelevant);
        let (mut value, mut above) = (0.0, 0usize);
        for group in &self.ranked.groups {
            let r = self.relevant_in(group);
            let n_irrelevant = group.n_judged - r;
            if r > 0 {
                let share = |n: usize| if n == 0 { 1.0 } else { 1.0 - float(n.min(most)) / float(most) };
                let all: f64 = (above..=above + n_irrelevant).map(share).sum();
                value += float(r) * all / float(n_irrelevant + 1);
            }
            above += n_irrelevant;
        }
        value / self.n_relevant()
    }

    fn err(&self, max: f64) -> f64 {
        let stop = |label: f64| {
            if self.measure.is_relevant(label) { (label.exp2() - 1.0) / max.exp2() } else { 0.0 }
        };
        let (mut value, mut goes_on) = (0.0, 1.0);
        for (group, n) in self.within() {
            let stops: Vec<f64> = self
                .ranked
                .labels(group)
                .iter()
                .map(|&label| stop(label))
                .filter(|&stop| stop > 0.0)
                .collect();
            value += goes_on * stopping(&stops, group, n);
            goes_on *= stops.iter().map(|stop| 1.0 - stop).product::<f64>();
        }
        value
    }
}

/// `p` to the power of a place.
fn power(p: f64, place: usize) -> f64 {
    // Beyond so many places even .999 999 gives 0.
    p.powi(i32::try_from(place).unwrap_or(i32::MAX))
}

/// The mean of 1 / (place where a reader stops) over all orders of a group, of whose items some have a chance to stop
/// one; the first `n` of its places count.
///
/// `met[t]`: the chance that t of those items are among the first j. `on[t]`: the mean chance to go on past t of them.
fn stopping(stops: &[f64], group: &Group, n: usize) -> f64 {
    if let ([stop], 1) = (stops, group.len) {
        return stop / float(group.start + 1);
    }
    let m = stops.len();
    let mut on = vec![0.0; m + 1];
    on[0] = 1.0;
    for (size, &stop) in (1..).zip(stops) {
        for t in (1..=size).rev() {
            let with = float(t) / float(size);
            let without = if t < size { on[t] * (1.0 - with) } else { 0.0 };
            on[t] = without + with * (1.0 - stop) * on[t - 1];
        }
    }
    let mut met = vec![0.0; m + 1];
    met[0] = 1.0;
    let (mut value, mut before) = (0.0, 1.0);
    for j in 0..n {
        let left = float(group.len - j);
        for t in (0..=m.min(j + 1)).rev() {
            let stays = met[t] * (1.0 - float(m - t) / left);
            met[t] = stays + if t > 0 { met[t - 1] * float(m - t + 1) / left } else { 0.0 };
        }
        let after: f64 = met.iter().zip(&on).map(|(met, on)| met * on).sum();
        value += (before - after) / float(group.start + j + 1);
        before = after;
    }
    value
}
