//! A maximiser as bytes, and back: it goes on as if it had never stopped.
//!
//! # Format
//! Little-endian words of 64 bits: the magic number, the version, what is in [`Writer`] order below, and a checksum of all
//! before it. Arrays are a length and a word per entry. What the objective determines is not stored: depths of members,
//! gains of picks and the worth of elements are asked for again. Members are stored in no order, since nothing
//! depends on it.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::bucket::BucketGuess;
use super::candidates::Candidates;
use super::counters::Counters;
use super::dynamic::{DynamicMaximizer, Engine, Shown};
use super::guess::{Guess, Kind};
use super::guesses::GuessSet;
use super::levels::Level;
use super::objective::Objective;
use super::order::END;
use super::pair::{Kept, MOST_RESTING};
use super::params::{Conflict, DynamicParams, Guesses, Strategy};
use super::perm::{PermGuess, Terms};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_reserve, try_with_capacity};

const MAGIC: u64 = u64::from_le_bytes(*b"grsubmod");
const VERSION: u64 = 1;
/// Candidates read between two checkpoints.
const UNITS: usize = 1 << 12;

/// By number.
const STRATEGIES: [Strategy; 4] = [Strategy::Robust, Strategy::Polylog, Strategy::Sieve, Strategy::Greedy];

impl DynamicMaximizer {
    /// All of its state but the objective.
    ///
    /// # Errors
    /// Out of memory.
    pub fn snapshot(&self) -> Result<Vec<u8>> {
        let mut to = Writer(Vec::new());
        let p = &self.params;
        to.words(&[MAGIC, VERSION, self.ground.objective.fingerprint(), self.ground.n_elements() as u64])?;
        to.words(&[p.k as u64, p.eps.to_bits(), p.strategy as u64, p.guesses as u64])?;
        to.words(&[p.stability.to_bits(), p.conflict as u64, p.seed, self.steps, self.calls])?;
        let live = self.ground.live()?;
        to.elements(&live)?;
        live.iter().try_for_each(|&element| to.words(&[self.ground.rank(element)]))?;
        to.words(&[self.ground.drawn])?;
        to.elements(&self.shown.elements)?;
        to.floats(&self.shown.gains)?;
        to.floats(&[self.shown.value, self.shown.upper_bound])?;
        let guesses = match &self.engine {
            Engine::Guesses(guesses) => Some(&**guesses),
            Engine::Greedy => None,
        };
        match guesses {
            None => {}
            Some(GuessSet::Pair(pair)) => {
                to.counters(pair.lost)?;
                to.words(&[pair.clock, u64::from(pair.low.is_some())])?;
                to.words(&[index_word(pair.low.unwrap_or(0))])?;
                to.elements(&pair.log)?;
                to.elements(&pair.last)?;
                to.words(&[u64::from(pair.proof.is_used)])?;
                to.elements(&pair.proof.picks)?;
                to.floats(&[pair.proof.threshold, pair.proof.surplus])?;
                to.words(&[pair.kept.len() as u64])?;
                for kept in &pair.kept {
                    to.guess(&kept.guess)?;
                    to.words(&[kept.n_seen as u64, kept.used])?;
                }
            }
            Some(GuessSet::All(all)) => {
                to.counters(all.lost)?;
                to.words(&[u64::from(all.is_stale), all.guesses.len() as u64])?;
                all.guesses.values().try_for_each(|guess| to.guess(guess))?;
            }
        }
        let checksum = xxh3_64(&to.0);
        to.words(&[checksum])?;
        Ok(to.0)
    }

    /// The maximiser that a snapshot was taken of.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for bytes that are no snapshot, are altered, or are of another objective; those of the
    /// objective; out of memory.
    pub fn restore(objective: Arc<dyn Objective>, data: &[u8], exec: &Exec) -> Result<Self> {
        let mut from = Reader::new(data)?;
        if from.word()? != objective.fingerprint() || from.word()? != objective.n_elements() as u64 {
            return Err(Error::argument("data", "is of another objective"));
        }
        let params = from.params()?;
        params.check().map_err(|_| corrupt())?;
        let (steps, calls) = (from.word()?, from.word()?);
        let mut ground = Candidates::new(objective, params.order_seed())?;
        from.candidates(&mut ground, exec)?;
        let shown = from.shown(&ground)?;
        let mut engine = Engine::new(&params, &ground.objective)?;
        let guesses = match &mut engine {
            Engine::Guesses(guesses) => Some(&mut **guesses),
            Engine::Greedy => None,
        };
        match guesses {
            None => {}
            Some(GuessSet::Pair(pair)) => {
                pair.lost = from.counters()?;
                pair.clock = from.word()?;
                let (has_low, low) = (from.word()? == 1, from.index()?);
                pair.low = has_low.then_some(low);
                pair.log = from.elements(&ground)?;
                let gone = pair.log.iter().filter(|&&element| !ground.is_live(element));
                let gone = try_collect("the snapshot", pair.log.len(), gone.copied())?;
                gone.iter().try_for_each(|&element| ground.learn(element))?;
                pair.last = from.elements(&ground)?;
                let is_used = from.word()? == 1;
                let (picks, threshold, surplus) = (from.elements(&ground)?, from.float()?, from.float()?);
                pair.proof.begin(&picks, threshold)?;
                (pair.proof.is_used, pair.proof.surplus) = (is_used, surplus);
                let n_kept = from.word()?;
                if n_kept > MOST_RESTING as u64 + 2 {
                    return Err(corrupt());
                }
                for _ in 0..n_kept {
                    let index = from.index()?;
                    let guess = from.guess(&mut ground, pair.terms(index), pair.kind, exec)?;
                    let (n_seen, used) = (from.length(pair.log.len())?, from.word()?);
                    pair.kept.push(Kept { guess, n_seen, used });
                }
                let is_pair = |low: i32| {
                    let indices: Vec<i32> =
                        pair.kept.iter().take(2).map(|kept| kept.guess.terms().index).collect();
                    Some(&indices[..]) == low.checked_add(1).map(|high| [low, high]).as_ref().map(|x| &x[..])
                };
                if !pair.low.is_none_or(is_pair) {
                    return Err(corrupt());
                }
            }
            Some(GuessSet::All(all)) => {
                all.lost = from.counters()?;
                all.is_stale = from.word()? == 1;
                for _ in 0..from.word()? {
                    let index = from.index()?;
                    let guess = from.guess(&mut ground, all.terms(index), all.kind, exec)?;
                    all.guesses.insert(index, guess);
                }
            }
        }
        if from.0.len() != 8 {
            return Err(corrupt());
        }
        Ok(Self { params, ground, engine, shown, steps, calls })
    }
}

fn corrupt() -> Error {
    Error::argument("data", "is altered or was not made by this version")
}

/// An index keeps its sign.
fn index_word(index: i32) -> u64 {
    u64::from(index.cast_unsigned())
}

struct Writer(Vec<u8>);

impl Writer {
    fn words(&mut self, words: &[u64]) -> Result<()> {
        try_reserve("the snapshot", &mut self.0, 8 * words.len())?;
        words.iter().for_each(|word| self.0.extend_from_slice(&word.to_le_bytes()));
        Ok(())
    }

    fn elements(&mut self, elements: &[u32]) -> Result<()> {
        self.words(&[elements.len() as u64])?;
        elements.iter().try_for_each(|&element| self.words(&[u64::from(element)]))
    }

    fn counters(&mut self, c: Counters) -> Result<()> {
        self.words(&[c.value_calls, c.scans, c.rebuilds, c.rebuilt_elements, c.bulk_builds, c.replayed])
    }

    fn floats(&mut self, floats: &[f64]) -> Result<()> {
        floats.iter().try_for_each(|float| self.words(&[float.to_bits()]))
    }

    fn guess(&mut self, guess: &Guess) -> Result<()> {
        match guess {
            Guess::Perm(guess) => self.perm(guess),
            Guess::Bucket(guess) => self.bucket(guess),
        }
    }

    fn bucket(&mut self, guess: &BucketGuess) -> Result<()> {
        self.words(&[index_word(guess.terms.index), u64::from(guess.is_begun), guess.cost as u64])?;
        self.words(&[guess.n_builds])?;
        self.counters(guess.counters)?;
        self.elements(&guess.sampled)?;
        self.words(&[guess.levels.len() as u64])?;
        for level in &guess.levels.list {
            self.words(&[level.end as u64, u64::from(level.bucket), level.n_bucket as u64])?;
            self.words(&[level.n_left as u64, level.n_built as u64, level.build])?;
            self.elements(&level.members)?;
            level.members.iter().try_for_each(|&member| self.words(&[guess.levels.stamp(member)]))?;
        }
        Ok(())
    }

    fn perm(&mut self, guess: &PermGuess) -> Result<()> {
        self.words(&[index_word(guess.terms.index), guess.frontier, guess.cost as u64])?;
        self.counters(guess.counters)?;
        self.elements(&guess.picks)?;
        self.words(&guess.ranks)?;
        self.words(&[guess.n_members() as u64])?;
        guess.members().try_for_each(|element| self.words(&[u64::from(element)]))
    }
}

/// What is left of the words, the checksum at the end.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self> {
        let Some((body, checksum)) = bytes.split_last_chunk::<8>() else { return Err(corrupt()) };
        let mut reader = Self(bytes);
        if !bytes.len().is_multiple_of(8) || xxh3_64(body) != u64::from_le_bytes(*checksum) {
            return Err(corrupt());
        }
        if reader.word()? != MAGIC || reader.word()? != VERSION {
            return Err(corrupt());
        }
        Ok(reader)
    }

    fn word(&mut self) -> Result<u64> {
        let (word, rest) = self.0.split_first_chunk::<8>().ok_or_else(corrupt)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*word))
    }

    fn float(&mut self) -> Result<f64> {
        let float = f64::from_bits(self.word()?);
        if float.is_finite() { Ok(float) } else { Err(corrupt()) }
    }

    /// A length or position of at most `most`.
    fn length(&mut self, most: usize) -> Result<usize> {
        let length = usize::try_from(self.word()?).map_err(|_| corrupt())?;
        if length <= most { Ok(length) } else { Err(corrupt()) }
    }

    fn index(&mut self) -> Result<i32> {
        u32::try_from(self.word()?).map(u32::cast_signed).map_err(|_| corrupt())
    }

    /// Elements of the universe.
    fn elements(&mut self, ground: &Candidates) -> Result<Vec<u32>> {
        // Every entry takes a word, so a length beyond what is left cannot ask for memory.
        let n = self.length(self.0.len() / 8)?;
        let mut elements = try_with_capacity("the snapshot", n)?;
        for _ in 0..n {
            let element = u32::try_from(self.word()?).map_err(|_| corrupt())?;
            if element as usize >= ground.n_elements() {
                return Err(corrupt());
            }
            elements.push(element);
        }
        Ok(elements)
    }

    fn params(&mut self) -> Result<DynamicParams> {
        let k = usize::try_from(self.word()?).map_err(|_| corrupt())?;
        let eps = self.float()?;
        let strategy = STRATEGIES[self.length(STRATEGIES.len() - 1)?];
        let guesses = [Guesses::Pair, Guesses::All][self.length(1)?];
        let stability = self.float()?;
        let conflict = [Conflict::Error, Conflict::Ignore][self.length(1)?];
        Ok(DynamicParams { k, eps, strategy, guesses, stability, conflict, seed: self.word()? })
    }

    fn shown(&mut self, ground: &Candidates) -> Result<Shown> {
        let elements = self.elements(ground)?;
        let mut gains = try_with_capacity("the snapshot", elements.len())?;
        for _ in 0..elements.len() {
            gains.push(self.float()?);
        }
        Ok(Shown { elements, gains, value: self.float()?, upper_bound: self.float()? })
    }

    fn counters(&mut self) -> Result<Counters> {
        Ok(Counters {
            value_calls: self.word()?,
            scans: self.word()?,
            rebuilds: self.word()?,
            rebuilt_elements: self.word()?,
            bulk_builds: self.word()?,
            replayed: self.word()?,
        })
    }

    fn candidates(&mut self, ground: &mut Candidates, exec: &Exec) -> Result<()> {
        for (i, element) in self.elements(ground)?.into_iter().enumerate() {
            if i.is_multiple_of(UNITS) {
                exec.checkpoint(0)?;
            }
            let rank = self.word()?;
            if ground.is_live(element) || rank == 0 || rank == END {
                return Err(corrupt());
            }
            ground.learn(element)?;
            ground.insert_at(element, rank);
        }
        ground.drawn = self.word()?;
        Ok(())
    }

    fn guess(&mut self, ground: &mut Candidates, terms: Terms, kind: Kind, exec: &Exec) -> Result<Guess> {
        Ok(match kind {
            Kind::Order => Guess::Perm(self.perm(ground, terms, exec)?),
            Kind::Buckets { eps, seed } => Guess::Bucket(self.bucket(ground, terms, (eps, seed))?),
        })
    }

    /// Members of a guess.
    fn members(&mut self, ground: &mut Candidates, terms: Terms) -> Result<Vec<u32>> {
        let members = self.elements(ground)?;
        for &member in &members {
            if !ground.is_live(member) {
                ground.learn(member)?;
            }
            if !terms.admit(ground.worth(member)) {
                return Err(corrupt());
            }
        }
        Ok(members)
    }

    fn bucket(&mut self, ground: &mut Candidates, terms: Terms, sampling: (f64, u64)) -> Result<BucketGuess> {
        let mut guess = BucketGuess::new(ground, terms, sampling)?;
        guess.is_begun = self.word()? == 1;
        guess.cost = self.length(usize::MAX >> 1)?;
        guess.n_builds = self.length(usize::MAX >> 1)? as u64;
        let counters = self.counters()?;
        let sampled = self.elements(ground)?;
        let n_levels = self.length(sampled.len())?;
        let mut levels = try_with_capacity("the snapshot", n_levels)?;
        let n = ground.n_elements();
        for _ in 0..n_levels {
            let end = self.length(sampled.len())?;
            let bucket = u32::try_from(self.word()?).map_err(|_| corrupt())?;
            let [n_bucket, n_left, n_built] = [self.length(n)?, self.length(n)?, self.length(n)?];
            let build = self.word()?;
            let members = self.members(ground, terms)?;
            let mut stamps = try_with_capacity("the snapshot", members.len())?;
            for _ in 0..members.len() {
                stamps.push(self.word()?);
            }
            levels.push((
                Level { n_left, n_built, build, ..Level::of(end, (bucket, n_bucket), members) },
                stamps,
            ));
        }
        if !guess.restore(&sampled, levels)? {
            return Err(corrupt());
        }
        guess.counters = counters;
        Ok(guess)
    }

    fn perm(&mut self, ground: &mut Candidates, terms: Terms, exec: &Exec) -> Result<PermGuess> {
        let (frontier, cost) = (self.word()?, self.length(usize::MAX >> 1)?);
        let counters = self.counters()?;
        let picks = self.elements(ground)?;
        let mut ranked = try_with_capacity("the snapshot", picks.len())?;
        for pick in picks {
            ranked.push((self.word()?, pick));
        }
        let members = self.members(ground, terms)?;
        let mut guess = PermGuess::new(ground, terms)?;
        if !guess.restore(&ranked, &members, exec)? {
            return Err(corrupt());
        }
        (guess.frontier, guess.cost, guess.counters) = (frontier, cost, counters);
        Ok(guess)
    }
}
