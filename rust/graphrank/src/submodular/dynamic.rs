//! Fully dynamic maximisation: the best k candidates, nearly, after every change of the candidates.

use std::sync::Arc;

use super::all::All;
use super::candidates::Candidates;
use super::counters::Counters;
use super::grid::Grid;
use super::guess::Kind;
use super::guesses::GuessSet;
use super::log::{ApplyOptions, Log, LogWriter};
use super::maximize::{MaximizeParams, Method, Selection, check_k, evaluate, maximize};
use super::objective::Objective;
use super::pair::Pair;
use super::params::{Conflict, DynamicParams, Guesses, Strategy};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::try_collect;

/// The best k candidates, nearly, while candidates come and go.
///
/// ```
/// use std::sync::Arc;
/// use graphrank::Exec;
/// use graphrank::submodular::{Coverage, DynamicMaximizer, DynamicParams, Triples};
///
/// let exec = Exec::default();
/// // Element 0 covers items 0 and 1, element 1 items 1 and 2, element 2 item 3.
/// let sets = Triples { n_rows: 3, n_columns: 4, rows: &[0, 0, 1, 1, 2], columns: &[0, 1, 1, 2, 3], values: None };
/// let objective = Arc::new(Coverage::new(sets, None, &exec)?);
/// let mut best = DynamicMaximizer::new(objective, DynamicParams { k: 2, ..DynamicParams::default() })?;
/// best.update(&[], &[0, 1, 2], &exec)?;
/// assert_eq!(best.value(), 3.0);
/// best.delete(2, &exec)?;
/// best.delete(0, &exec)?;
/// assert_eq!((best.elements(), best.value()), (&[1][..], 2.0));
/// # Ok::<(), graphrank::Error>(())
/// ```
pub struct DynamicMaximizer {
    pub(super) params: DynamicParams,
    pub(super) ground: Candidates,
    pub(super) engine: Engine,
    pub(super) shown: Shown,
    pub(super) steps: u64,
    /// Calls outside the guesses.
    pub(super) calls: u64,
}

pub(super) enum Engine {
    Guesses(Box<GuessSet>),
    Greedy,
}

/// The solution after the last whole update.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shown {
    pub(super) elements: Vec<u32>,
    pub(super) gains: Vec<f64>,
    pub(super) value: f64,
    pub(super) upper_bound: f64,
}

/// A change that was made: the element and, if it was a candidate before, its rank then.
type Change = (u32, Option<u64>);

/// One operation: the row that it came from, the element, whether it is an insertion.
type Operation = (usize, u32, bool);

impl DynamicMaximizer {
    /// No candidates at first.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for parameters out of range; out of memory.
    pub fn new(objective: Arc<dyn Objective>, params: DynamicParams) -> Result<Self> {
        params.check()?;
        let engine = Engine::new(&params, &objective)?;
        let ground = Candidates::new(objective, params.order_seed())?;
        Ok(Self { params, ground, engine, shown: Shown::default(), steps: 0, calls: 0 })
    }

    /// Makes an element a candidate.
    ///
    /// # Errors
    /// As [`DynamicMaximizer::update`].
    pub fn insert(&mut self, element: u32, exec: &Exec) -> Result<()> {
        self.change(1, std::iter::once((0, element, true)), "insertions", exec)
    }

    /// Makes a candidate none.
    ///
    /// # Errors
    /// As [`DynamicMaximizer::update`].
    pub fn delete(&mut self, element: u32, exec: &Exec) -> Result<()> {
        self.change(1, std::iter::once((0, element, false)), "deletions", exec)
    }

    /// First the deletions, then the insertions, as one update: all of it or, after an error, nothing.
    ///
    /// # Errors
    /// [`Error::InvalidData`] for an element that is not in the universe, an insertion of a candidate and a deletion of
    /// what is none (unless these are ignored); those of the objective; interrupted.
    pub fn update(&mut self, deletions: &[u32], insertions: &[u32], exec: &Exec) -> Result<()> {
        let n = deletions.len() + insertions.len();
        let deletions = deletions.iter().enumerate().map(|(row, &element)| (row, element, false));
        let insertions = insertions.iter().enumerate().map(|(row, &element)| (row, element, true));
        self.change(n, deletions.chain(insertions), "", exec)
    }

    /// Applies operations in their order, `batch` of them as one update. After an error the updates before it stay;
    /// [`DynamicMaximizer::steps`] tells how many operations that is.
    ///
    /// # Errors
    /// As [`DynamicMaximizer::update`]; [`Error::InvalidArgument`] for arrays of different lengths and a batch of none.
    pub fn apply(
        &mut self,
        elements: &[u32],
        is_insert: &[bool],
        options: ApplyOptions,
        exec: &Exec,
    ) -> Result<Log> {
        if is_insert.len() != elements.len() {
            let problem = format!("must have {} entries, got {}", elements.len(), is_insert.len());
            return Err(Error::argument("is_insert", problem));
        }
        if options.batch == 0 {
            return Err(Error::argument("batch", "must be at least 1, got 0"));
        }
        let every = if options.every == 0 { usize::MAX } else { options.every };
        exec.expect_units(elements.len() as u64);
        let mut writer = LogWriter::new(self, exec)?;
        let (mut from, mut next_row) = (0, every);
        while from < elements.len() {
            let to = from.saturating_add(options.batch).min(elements.len()).min(next_row);
            let operations = (from..to).map(|row| (row, elements[row], is_insert[row]));
            self.change(to - from, operations, "elements", exec)?;
            if to == elements.len() || to == next_row {
                writer.write(self)?;
                next_row = next_row.saturating_add(every);
            }
            if to / UNITS > from / UNITS {
                exec.checkpoint(((to / UNITS - from / UNITS) * UNITS) as u64)?;
            }
            from = to;
        }
        Ok(writer.log)
    }

    /// How many candidates there are.
    #[must_use]
    pub fn n_live(&self) -> usize {
        self.ground.n_live()
    }

    /// Whether an element is a candidate.
    #[must_use]
    pub fn is_live(&self, element: u32) -> bool {
        self.ground.is_live(element)
    }

    /// All candidates, rising.
    ///
    /// # Errors
    /// Out of memory.
    pub fn live(&self) -> Result<Vec<u32>> {
        self.ground.live()
    }

    /// Operations so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What is maintained.
    #[must_use]
    pub fn params(&self) -> &DynamicParams {
        &self.params
    }

    /// What is maximised.
    #[must_use]
    pub fn objective(&self) -> &Arc<dyn Objective> {
        &self.ground.objective
    }

    /// f of the solution.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.shown.value
    }

    /// What no k candidates are worth more than.
    #[must_use]
    pub fn upper_bound(&self) -> f64 {
        self.shown.upper_bound
    }

    /// The share of the optimum that the solution has at least.
    #[must_use]
    pub fn certified_ratio(&self) -> f64 {
        if self.shown.upper_bound > 0.0 { self.shown.value / self.shown.upper_bound } else { 1.0 }
    }

    /// The solution.
    #[must_use]
    pub fn elements(&self) -> &[u32] {
        &self.shown.elements
    }

    /// What each element of the solution adds to those before it.
    #[must_use]
    pub fn gains(&self) -> &[f64] {
        &self.shown.gains
    }

    /// What was done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let mut counters = match &self.engine {
            Engine::Guesses(guesses) => guesses.counters(),
            Engine::Greedy => Counters::default(),
        };
        counters.value_calls += self.calls;
        counters
    }

    /// The solution, or, refined, the better of it and of lazy greedy among the picks of all guesses and, where these are
    /// few, all candidates that are worth something beside it.
    ///
    /// # Errors
    /// Those of the objective; interrupted; out of memory.
    pub fn solution(&self, refine: bool, exec: &Exec) -> Result<Selection> {
        let shown = Selection {
            elements: self.shown.elements.clone(),
            gains: self.shown.gains.clone(),
            value: self.shown.value,
            upper_bound: self.shown.upper_bound,
            oracle_calls: 0,
        };
        let (true, Engine::Guesses(guesses)) = (refine, &self.engine) else { return Ok(shown) };
        let mut union: Vec<u32> = guesses.active().flat_map(|guess| guess.picks().iter().copied()).collect();
        if let Some(best) = guesses.best() {
            union.extend(self.ground.worth_asking(best.terms().threshold)?);
        }
        union.extend_from_slice(&shown.elements);
        union.sort_unstable();
        union.dedup();
        let params = MaximizeParams { k: self.params.k, method: Method::Lazy, ..MaximizeParams::default() };
        let refined = maximize(&self.ground.objective, Some(&union), &params, exec)?;
        let better = if refined.value > shown.value { refined.clone() } else { shown };
        let upper_bound = self.shown.upper_bound.max(better.value);
        Ok(Selection { upper_bound, oracle_calls: refined.oracle_calls, ..better })
    }

    /// Asks for another number of elements. All guesses are built anew.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for 0; as [`DynamicMaximizer::update`].
    pub fn set_k(&mut self, k: usize, exec: &Exec) -> Result<()> {
        check_k(k)?;
        let before = std::mem::replace(&mut self.params.k, k);
        self.engine.set_k(k);
        let shown = std::mem::take(&mut self.shown);
        let settled = self.settle(&[], exec);
        if settled.is_err() {
            self.params.k = before;
            self.engine.set_k(before);
            self.shown = shown;
        }
        settled
    }

    /// One update of `n` operations. What fails leaves candidates and solution as they were; the guesses are then built
    /// anew by the next.
    fn change(
        &mut self,
        n: usize,
        operations: impl Iterator<Item = Operation>,
        argument: &'static str,
        exec: &Exec,
    ) -> Result<()> {
        let mut done: Vec<Change> = Vec::new();
        if self.ground.make_room(n)? {
            self.engine.clear();
        }
        let (calls, drawn) = (self.calls, self.ground.drawn);
        let mut n_read = 0;
        for operation in operations {
            let looked_up = if n_read < READS { Ok(()) } else { exec.checkpoint(0) };
            n_read %= READS;
            match looked_up.and_then(|()| self.change_one(operation, argument)) {
                Ok(change) => {
                    done.extend(change);
                    n_read += 1 + self.ground.objective.cost(operation.1, 0);
                }
                Err(error) => {
                    self.undo(&done);
                    (self.calls, self.ground.drawn) = (calls, drawn);
                    return Err(error);
                }
            }
        }
        let touched = try_collect("changes", done.len(), done.iter().map(|change| change.0))?;
        if let Err(error) = self.settle(&touched, exec) {
            self.undo(&done);
            self.ground.drawn = drawn;
            self.engine.clear();
            return Err(error);
        }
        self.steps += n as u64;
        Ok(())
    }

    /// Makes a change, if there is one to make.
    fn change_one(
        &mut self,
        (row, element, is_insert): Operation,
        argument: &'static str,
    ) -> Result<Option<Change>> {
        let argument = match (argument, is_insert) {
            ("", true) => "insertions",
            ("", false) => "deletions",
            (argument, _) => argument,
        };
        let n = self.ground.n_elements();
        if element as usize >= n {
            return Err(Error::row(argument, row, format!("must be below {n}, got {element}")));
        }
        if self.ground.is_live(element) == is_insert {
            if self.params.conflict == Conflict::Ignore {
                return Ok(None);
            }
            let problem = if is_insert { "is a candidate already" } else { "is no candidate" };
            return Err(Error::row(argument, row, format!("element {element} {problem}")));
        }
        if !is_insert {
            return Ok(Some((element, Some(self.ground.delete(element)))));
        }
        self.ground.insert(element)?;
        self.calls += 1;
        Ok(Some((element, None)))
    }

    fn undo(&mut self, done: &[Change]) {
        for (i, &(element, rank)) in done.iter().enumerate().rev() {
            if let Some(next) = i.checked_sub(AHEAD) {
                self.ground.prefetch(done[next].0);
            }
            match rank {
                Some(rank) => self.ground.insert_at(element, rank),
                None => drop(self.ground.delete(element)),
            }
        }
    }

    /// Brings the guesses and the solution up to the candidates.
    fn settle(&mut self, touched: &[u32], exec: &Exec) -> Result<()> {
        match &mut self.engine {
            Engine::Guesses(guesses) => {
                guesses.update(touched, &self.ground, exec)?;
                self.show()
            }
            Engine::Greedy => {
                let live = self.ground.live()?;
                let params = MaximizeParams { k: self.params.k, ..MaximizeParams::default() };
                let best = maximize(&self.ground.objective, Some(&live), &params, exec)?;
                self.calls += best.oracle_calls;
                let Selection { elements, gains, value, upper_bound, .. } = best;
                self.shown = Shown { elements, gains, value, upper_bound };
                Ok(())
            }
        }
    }

    /// Shows the best guess, or keeps what is shown while that is good enough.
    fn show(&mut self) -> Result<()> {
        let Engine::Guesses(guesses) = &self.engine else { return Ok(()) };
        let upper_bound = guesses.upper_bound(&self.ground);
        let Some(best) = guesses.best() else {
            self.shown = Shown::default();
            return Ok(());
        };
        if self.params.stability > 0.0 {
            let least = (1.0 - self.params.stability) * best.value();
            let is_whole = self.shown.elements.iter().all(|&element| self.ground.is_live(element));
            if !is_whole {
                let rest =
                    self.shown.elements.iter().copied().filter(|&element| self.ground.is_live(element));
                let rest: Vec<u32> = rest.collect();
                let rest = evaluate(&self.ground.objective, &rest)?;
                self.calls += rest.oracle_calls;
                if rest.value >= least {
                    let Selection { elements, gains, value, .. } = rest;
                    self.shown = Shown { elements, gains, value, upper_bound: upper_bound.max(value) };
                    return Ok(());
                }
            } else if self.shown.value >= least && !self.shown.elements.is_empty() {
                self.shown.upper_bound = upper_bound.max(self.shown.value);
                return Ok(());
            }
        }
        if self.shown.elements != best.picks() {
            self.shown.elements.clear();
            self.shown.elements.extend_from_slice(best.picks());
            self.shown.gains.clear();
            self.shown.gains.extend_from_slice(best.gains());
            self.shown.value = best.value();
        }
        self.shown.upper_bound = upper_bound.max(self.shown.value);
        Ok(())
    }
}

/// Operations between two checkpoints.
const UNITS: usize = 1 << 8;
/// Changes between one that is undone and the one whose place is fetched meanwhile.
const AHEAD: usize = 8;
/// Values read between two checkpoints while the changes of one update are taken in.
const READS: usize = 1 << 16;

impl Engine {
    pub(super) fn new(params: &DynamicParams, objective: &Arc<dyn Objective>) -> Result<Self> {
        let grid = Grid { eps: params.eps, k: params.k };
        let kind = match params.strategy {
            Strategy::Polylog => Kind::Buckets { eps: params.eps, seed: params.seed },
            _ => Kind::Order,
        };
        Ok(match (params.strategy, params.guesses) {
            (Strategy::Greedy, _) => Self::Greedy,
            (_, Guesses::Pair) => Self::Guesses(Box::new(GuessSet::Pair(Pair::new(grid, kind, objective)?))),
            (_, Guesses::All) => Self::Guesses(Box::new(GuessSet::All(All::new(grid, kind)))),
        })
    }

    fn clear(&mut self) {
        if let Self::Guesses(guesses) = self {
            guesses.clear();
        }
    }

    fn set_k(&mut self, k: usize) {
        self.clear();
        if let Self::Guesses(guesses) = self {
            guesses.set_k(k);
        }
    }
}

#[cfg(test)]
impl DynamicMaximizer {
    /// Whether some guess is yet to be built, or holds picks that are gone.
    pub(super) fn is_behind(&self) -> bool {
        let Engine::Guesses(guesses) = &self.engine else { return false };
        let is_building = matches!(&**guesses, GuessSet::Pair(pair) if pair.proof.is_used);
        is_building || guesses.active().any(|guess| guess.bound_value() > guess.value())
    }

    /// Asserts that every guess is what it must be, and that no guess is missing.
    pub(super) fn check_invariants(&self) {
        let ground = &self.ground;
        let worths: Vec<f64> = ground.live().unwrap().iter().map(|&element| ground.worth(element)).collect();
        let Engine::Guesses(guesses) = &self.engine else { return };
        match &**guesses {
            GuessSet::Pair(pair) => {
                assert_eq!(pair.low.is_some(), worths.iter().any(|&worth| worth > 0.0));
                pair.active().for_each(|kept| kept.guess.check_invariants(ground));
                if let (Some(index), false, [low, high, ..]) = (pair.low, pair.proof.is_used, &pair.kept[..])
                {
                    assert_eq!((low.guess.terms().index, high.guess.terms().index), (index, index + 1));
                    let reach = pair.grid.k as f64 * low.guess.terms().threshold;
                    assert!(low.guess.is_full() || reach <= pair.grid.eps * low.guess.bound_value());
                    assert!(high.guess.is_whole());
                }
            }
            GuessSet::All(all) => {
                for guess in all.guesses.values() {
                    guess.check_invariants(ground);
                    assert!(guess.is_full() || guess.is_whole());
                }
                for worth in worths.into_iter().filter(|&worth| worth > 0.0) {
                    let index = all.grid.index(worth);
                    assert!((index - 1..=index + 1).any(|index| all.guesses.contains_key(&index)));
                }
            }
        }
    }
}
