//! The embedding of a graph, from parameters to vectors.

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::{Buffer, try_zeroed};
use crate::simd::{Isa, LANES};

use super::averaging::Averaging;
use super::blocks::{Blocks, Collect, Scratch};
use super::chunks::Chunks;
use super::collect::{Before, Finishing, Keep, Keeping, Power, Scales, Summing};
use super::emit::{Emitter, Kept, Output, OwnRows, Summed, Values};
use super::lane::State;
use super::neighborhood::Neighborhood;
use super::params::{FastRpParams, Precision};
use super::plan::{Mode, Plan, Sizes};
use super::refined::{self, Refinement};
use super::start::{NodeData, Start};

/// The embedding of every node, row after row.
///
/// ```
/// use graphrank::embedding::{FastRpParams, NodeData, fastrp};
/// use graphrank::{EdgeOptions, Exec, Graph};
/// let options = EdgeOptions { directed: false, ..EdgeOptions::default() };
/// let graph = Graph::from_edges(4, &[0, 1, 2], &[1, 2, 0], None, options, &Exec::default())?;
/// let nodes = NodeData { keys: &[10, 11, 12, 13], features: None };
/// let params = FastRpParams { dim: 8, ..FastRpParams::default() };
/// let vectors = fastrp(&graph, &nodes, &params, &Exec::default())?;
/// assert_eq!(vectors.len(), 4 * 8);
/// assert!(vectors[24..].iter().all(|&x| x == 0.0), "node 3 has no neighbours");
/// # Ok::<(), graphrank::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidArgument`] and [`Error::InvalidData`] for parameters and features out of range, and a memory limit that
/// cannot be met; [`Error::OutOfMemory`].
pub fn fastrp(graph: &Graph, nodes: &NodeData<'_>, params: &FastRpParams, exec: &Exec) -> Result<Vec<f32>> {
    params.validate()?;
    let mut vectors = try_zeroed("the embedding", graph.n_nodes().saturating_mul(params.dim))?;
    fastrp_into(graph, nodes, params, &mut Output::F32(&mut vectors), exec)?;
    Ok(vectors)
}

/// As [`fastrp`], into memory of the caller's.
///
/// # Errors
/// As [`fastrp`]; [`Error::InvalidArgument`] if `output` has another size than the embedding.
pub fn fastrp_into(
    graph: &Graph,
    nodes: &NodeData<'_>,
    params: &FastRpParams,
    output: &mut Output<'_>,
    exec: &Exec,
) -> Result<()> {
    params.validate()?;
    nodes.validate(graph.n_nodes(), params, exec)?;
    output.check(graph.n_nodes(), params.dim)?;
    match params.state {
        Precision::F32 => Run::<f32>::new(graph, nodes, params, output, exec)?.run(output),
        Precision::F16 => Run::<u16>::new(graph, nodes, params, output, exec)?.run(output),
    }
}

/// Bytes that [`fastrp_into`] uses beside the graph and the result: as it would choose, and the least it can do with.
/// `result_holds` tells whether the result is [`Output::F32`], which serves as room on the way.
///
/// # Errors
/// As [`FastRpParams::validate`].
pub fn memory(
    n_nodes: usize,
    n_features: usize,
    is_weighted: bool,
    result_holds: bool,
    params: &FastRpParams,
) -> Result<(u64, u64)> {
    params.validate()?;
    let sizes = Sizes { n_nodes, n_features, is_weighted, result_holds };
    Ok((Plan::fastest(params, &sizes).n_bytes(params, &sizes), Plan::least(params, &sizes)))
}

/// What all passes of one run share.
struct Run<'a, T> {
    params: &'a FastRpParams,
    neighborhood: Neighborhood<'a>,
    chunks: Chunks,
    start: Start<'a>,
    plan: Plan,
    /// Powers that have weight, rising.
    weighted: Vec<usize>,
    exec: &'a Exec,
    state: std::marker::PhantomData<T>,
}

impl<'a, T: State> Run<'a, T> {
    fn new(
        graph: &'a Graph,
        nodes: &NodeData<'a>,
        params: &'a FastRpParams,
        output: &Output<'_>,
        exec: &'a Exec,
    ) -> Result<Self> {
        let sizes = Sizes {
            n_nodes: graph.n_nodes(),
            n_features: nodes.features.map_or(0, |features| features.keys.len()),
            is_weighted: graph.is_weighted(),
            result_holds: matches!(output, Output::F32(_)),
        };
        let plan = Plan::new(params, &sizes)?;
        refined::check(graph, params, exec)?;
        let neighborhood = Neighborhood::new(graph, params.direction, exec)?;
        let chunks = neighborhood.chunks(exec)?;
        let start = Start::new(nodes, params, &neighborhood, Some(T::LARGEST), exec)?;
        check_range(output, params, start.largest)?;
        let weighted = (1..=params.last_power()).filter(|&power| params.weights[power - 1] != 0.0).collect();
        let passes = if plan.mode == Mode::Twice { 2 } else { 1 };
        let n_blocks = plan.blocks(params.dim.div_ceil(LANES)).count();
        let units = (neighborhood.n_arcs() * params.last_power() * n_blocks * passes) as u64;
        let state = std::marker::PhantomData;
        let run = Self { params, neighborhood, chunks, start, plan, weighted, exec, state };
        exec.expect_units(units + run.refinement().map_or(0, |refinement| refinement.units()));
        Ok(run)
    }

    fn run(&self, output: &mut Output<'_>) -> Result<()> {
        if self.neighborhood.n_arcs() == 0 && self.params.self_influence == 0.0 {
            // However many columns: there is nothing to compute.
            return output.clear();
        }
        match self.plan.mode {
            Mode::InPlace => self.keep_in_place(output)?,
            Mode::Once => self.keep(output)?,
            Mode::Twice => {
                let squares = self.measure()?;
                self.sum(Some(&squares), output)?;
            }
            Mode::Sum => self.sum(None, output)?,
        }
        self.refinement().map_or(Ok(()), |refinement| refinement.run(output))
    }

    fn refinement(&self) -> Option<Refinement<'_>> {
        let refinement = Refinement {
            params: self.params,
            averaging: Averaging { neighborhood: &self.neighborhood, chunks: &self.chunks, isa: Isa::best() },
            emitter: self.emitter(0.0, None),
            exec: self.exec,
        };
        (self.params.refine > 0).then_some(refinement)
    }

    /// Keeps one power beside the result, which is room for the others until the last power is added up in it.
    fn keep_in_place(&self, output: &mut Output<'_>) -> Result<()> {
        let Output::F32(values) = output else { return self.keep(output) };
        let (n, last) = (self.n_nodes(), self.params.last_power());
        let mut kept = Buffer::<[T; LANES]>::zeroed("a power of the embedding", n * self.n_groups())?;
        let mut squares = self.zeroed_squares()?;
        let mut last_squares = squares.pop().unwrap_or_default();
        let blocks: Vec<_> = self.plan.blocks(self.n_groups()).collect();

        let lent: &mut [[T; LANES]] = bytemuck::cast_slice_mut(values);
        let mut powers = self.measured(&mut squares);
        for &(first, width) in &blocks {
            let rows = first * n..(first + width) * n;
            let (lent, kept) = (&mut lent[rows.clone()], &mut kept[rows]);
            let states = if last.is_multiple_of(2) { [lent, kept] } else { [kept, lent] };
            let mut keeping = Keeping { chunks: &self.chunks, first, powers: &mut powers };
            self.powers(first, width, last - 1, &mut Scratch { states }, &mut keeping)?;
        }

        // Nothing is lent any more.
        let before = squares.first().map(|squares| Before {
            rows: &kept,
            scales: Scales::Lengths { weight: self.params.weight(last - 1), squares },
        });
        for &(first, width) in &blocks {
            let mut finishing = Finishing {
                chunks: &self.chunks,
                n_nodes: n,
                blocks: &blocks,
                first,
                weight: self.params.weight(last),
                squares: &mut last_squares,
                before,
                result: values,
                dim: self.params.dim,
            };
            let source = &kept[first * n..(first + width) * n];
            match width {
                8 => self.blocks().finish::<T, 8, _>(source, &mut finishing),
                4 => self.blocks().finish::<T, 4, _>(source, &mut finishing),
                2 => self.blocks().finish::<T, 2, _>(source, &mut finishing),
                _ => self.blocks().finish::<T, 1, _>(source, &mut finishing),
            }?;
        }
        let own_squares = self.own_squares()?;
        self.emitter(self.params.weight(0), own_squares.as_deref()).add_own(output)
    }

    /// The powers that have weight, to be measured.
    fn measured<'s>(&self, squares: &'s mut [Vec<f64>]) -> Vec<Power<'s, T>> {
        let powers = self.weighted.iter().zip(squares);
        let power = |(&power, squares): (&usize, &'s mut Vec<f64>)| Power {
            power,
            squares: Some(&mut squares[..]),
            rows: Keep::Nowhere,
        };
        powers.map(power).collect()
    }

    /// Keeps powers whole until their lengths are known.
    fn keep(&self, output: &mut Output<'_>) -> Result<()> {
        let (n_groups, n) = (self.n_groups(), self.n_nodes());
        let mut squares = self.zeroed_squares()?;
        let result_holds = matches!(output, Output::F32(_));
        let own = self.weighted.len().saturating_sub(usize::from(result_holds));
        let mut kept: Vec<Buffer<[T; LANES]>> = (0..own)
            .map(|_| Buffer::zeroed("a power of the embedding", n * n_groups))
            .collect::<Result<_>>()?;
        let result = match output {
            Output::F32(values) => Some(Keep::Result { rows: &mut values[..], dim: self.params.dim }),
            Output::File(_) | Output::F16(_) => None,
        };
        let places = result.into_iter();
        let places = places.chain(kept.iter_mut().map(|rows| Keep::Own { rows, stride: n_groups }));
        let mut powers = self.measured(&mut squares);
        powers.iter_mut().zip(places).for_each(|(power, place)| power.rows = place);
        self.for_each_block(|first, width, scratch| {
            let mut keeping = Keeping { chunks: &self.chunks, first, powers: &mut powers };
            self.block(first, width, scratch, &mut keeping)
        })?;
        drop(powers);

        let own_squares = self.own_squares()?;
        let rows = result_holds.then_some(None).into_iter().chain(kept.iter().map(|rows| Some(&rows[..])));
        let powers =
            rows.zip(self.scales(Some(&squares))).map(|(rows, (_, scales))| (rows, scales)).collect();
        self.emit(output, &Kept { powers, n_groups }, own_squares.as_deref())
    }

    /// Squared lengths of the rows of each power that has weight.
    fn measure(&self) -> Result<Vec<Vec<f64>>> {
        let mut squares = self.zeroed_squares()?;
        let mut powers = self.measured(&mut squares);
        self.for_each_block(|first, width, scratch| {
            let mut keeping = Keeping { chunks: &self.chunks, first, powers: &mut powers };
            self.block(first, width, scratch, &mut keeping)
        })?;
        drop(powers);
        Ok(squares)
    }

    /// Weighs and adds the powers, block by block.
    fn sum(&self, squares: Option<&[Vec<f64>]>, output: &mut Output<'_>) -> Result<()> {
        let scales = self.scales(squares);
        let own_squares = if squares.is_some() { self.own_squares()? } else { None };
        let n = self.n_nodes();
        let mut sums = Buffer::<[f32; LANES]>::zeroed("a block of the embedding", n * self.plan.width)?;
        self.for_each_block(|first, width, scratch| {
            let sums = &mut sums[..n * width];
            sums.fill([0.0; LANES]);
            let mut summing = Summing { chunks: &self.chunks, powers: &scales, sums: &mut *sums };
            self.block(first, width, scratch, &mut summing)?;
            self.emit(output, &Summed { sums, first, width }, own_squares.as_deref())
        })
    }

    fn for_each_block(
        &self,
        mut work: impl FnMut(usize, usize, &mut Scratch<'_, T>) -> Result<()>,
    ) -> Result<()> {
        let len = self.n_nodes() * self.plan.width;
        let last_power = self.params.last_power();
        let state = |i| Buffer::zeroed("a power of a block of columns", if last_power > i { len } else { 0 });
        let (mut even, mut odd) = (state(0)?, state(1)?);
        let mut scratch = Scratch { states: [&mut even, &mut odd] };
        self.plan.blocks(self.n_groups()).try_for_each(|(first, width)| work(first, width, &mut scratch))
    }

    /// All powers of a block.
    fn block<C>(
        &self,
        first: usize,
        width: usize,
        scratch: &mut Scratch<'_, T>,
        collect: &mut C,
    ) -> Result<()>
    where
        C: Collect<T, 1> + Collect<T, 2> + Collect<T, 4> + Collect<T, 8>,
    {
        self.powers(first, width, self.params.last_power(), scratch, collect)
    }

    /// Powers 1 to `last` of a block.
    fn powers<C>(
        &self,
        first: usize,
        width: usize,
        last: usize,
        scratch: &mut Scratch<'_, T>,
        collect: &mut C,
    ) -> Result<()>
    where
        C: Collect<T, 1> + Collect<T, 2> + Collect<T, 4> + Collect<T, 8>,
    {
        let blocks = self.blocks();
        match width {
            8 => blocks.run::<T, 8, C>(first, last, scratch, collect),
            4 => blocks.run::<T, 4, C>(first, last, scratch, collect),
            2 => blocks.run::<T, 2, C>(first, last, scratch, collect),
            _ => blocks.run::<T, 1, C>(first, last, scratch, collect),
        }
    }

    fn blocks(&self) -> Blocks<'_> {
        Blocks {
            neighborhood: &self.neighborhood,
            chunks: &self.chunks,
            start: &self.start,
            last_power: self.params.last_power(),
            isa: Isa::best(),
            exec: self.exec,
        }
    }

    fn emit(&self, output: &mut Output<'_>, values: &impl Values, own: Option<&[f64]>) -> Result<()> {
        self.emitter(self.params.weight(0), own).emit(output, values)
    }

    /// Writes results, to which power 0 adds with `weight`.
    fn emitter<'s>(&'s self, weight: f64, squares: Option<&'s [f64]>) -> Emitter<'s> {
        let own = OwnRows { start: &self.start, weight, squares };
        Emitter { dim: self.params.dim, own, isa: Isa::best(), exec: self.exec }
    }

    fn n_nodes(&self) -> usize {
        self.neighborhood.n_nodes()
    }

    fn n_groups(&self) -> usize {
        self.params.dim.div_ceil(LANES)
    }

    fn zeroed_squares(&self) -> Result<Vec<Vec<f64>>> {
        let n = self.n_nodes();
        self.weighted.iter().map(|_| try_zeroed("lengths of rows", n)).collect()
    }

    /// What each power that has weight is multiplied by, in rising order.
    fn scales<'s>(&self, squares: Option<&'s [Vec<f64>]>) -> Vec<(usize, Scales<'s>)> {
        let scales = |(i, &power): (usize, &usize)| {
            let weight = self.params.weight(power);
            #[expect(clippy::cast_possible_truncation, reason = "a weight of the result, which has 32 bits")]
            let all = Scales::All((weight / f64::from(self.start.unit)) as f32);
            let lengths = squares.map(|squares| Scales::Lengths { weight, squares: &squares[i] });
            (power, lengths.unwrap_or(all))
        };
        self.weighted.iter().enumerate().map(scales).collect()
    }

    /// Squared lengths of the rows of power 0, by node, if they matter.
    fn own_squares(&self) -> Result<Option<Vec<f64>>> {
        if !self.params.normalize || self.params.self_influence == 0.0 {
            return Ok(None);
        }
        self.start.squares(self.n_groups(), self.exec).map(Some)
    }
}

/// Refuses results that 16-bit floats may not hold.
fn check_range(output: &Output<'_>, params: &FastRpParams, largest_start: f32) -> Result<()> {
    const LARGEST: f64 = 65_504.0;
    let row = if params.normalize { 1.0 } else { f64::from(largest_start) };
    let most: f64 = (0..=params.last_power()).map(|power| params.weight(power).abs() * row).sum();
    if matches!(output, Output::F16(_)) && most > LARGEST {
        let problem =
            format!("may give values up to {most:.1e}, but 16-bit floats end at 65,504; scale the weights");
        return Err(Error::argument("weights", problem));
    }
    Ok(())
}
