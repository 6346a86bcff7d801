//! From a batch of edges to changed rows.
//!
//! 1. **Expand** every edge to its arcs, an undirected one to two, and sort them by source, target and place in the
//!    batch: deletions first, then insertions, each in the order given.
//! 2. **Fold** the operations on each arc over what the graph holds. The first row that cannot be carried out fails the
//!    whole batch.
//! 3. **Draft** the new row of every node whose arcs change, and note what the change is to the walk.
//!
//! Nothing is changed before the batch as a whole is known to be sound.
//!
//! # Cost
//! O(k log k) for k arcs, and one pass over each row that changes.

use super::rows::{Draft, Row, Rows};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::{Duplicates, is_weight};
use crate::memory::{try_reserve, try_with_capacity};

/// Operations sorted between two looks at the clock.
const CHUNK_OPS: usize = 1 << 15;

/// Edges by their ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct EdgeEnds<'a> {
    /// One end, or the source.
    pub src: &'a [u32],
    /// The other end, or the target.
    pub dst: &'a [u32],
}

/// Changes to a graph that are made together or not at all: deletions first, then insertions, each in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct EdgeUpdate<'a> {
    /// Edges that go. Each must exist when its turn comes.
    pub delete: EdgeEnds<'a>,
    /// Edges that come.
    pub insert: EdgeEnds<'a>,
    /// Weights of `insert`; for weighted graphs and only for those.
    pub weights: Option<&'a [f64]>,
    /// What becomes of an inserted edge that exists: the rule for parallel edges, with the edge at hand as the first.
    pub duplicates: Duplicates,
}

/// What a batch does to the graph and to the walk on it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) drafts: Vec<Draft>,
    pub(super) changes: Changes,
}

/// What changes for the walk, row by row.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) rows: Vec<RowChange>,
    pub(super) arcs: Vec<ArcChange>,
}

/// How a maintained vector follows one changed row.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowChange {
    pub(super) node: u32,
    /// What to multiply the node's reserve with: then arcs that are not listed carry what they did.
    pub(super) ratio: f64,
    /// End of this row's part of `Changes::arcs`, which begins where that of the row before ends.
    pub(super) end: usize,
    /// Whether the walk could not leave the node before, and whether it cannot after.
    pub(super) was_dangling: bool,
    pub(super) is_dangling: bool,
}

/// An arc and its probability before and after.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArcChange {
    pub(super) target: u32,
    pub(super) before: f64,
    pub(super) after: f64,
}

/// One operation on one arc. The derived order is the order in which they are carried out, arc by arc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Op {
    /// Source above target.
    arc: u64,
    /// Position in the batch: deletions, then insertions.
    at: usize,
}

/// An arc whose weight changes; `None` where there is no arc.
struct Edit {
    arc: u64,
    weight: Option<f64>,
}

/// Why an edge cannot be deleted or inserted.
enum Fault {
    Absent,
    Repeated,
    TooHeavy,
}

impl EdgeUpdate<'_> {
    /// Checks what can be checked without the rows.
    fn validate(&self, rows: &Rows) -> Result<()> {
        for (argument, EdgeEnds { src, dst }) in [("delete", self.delete), ("insert", self.insert)] {
            if src.len() != dst.len() {
                let problem = format!("has {} sources and {} targets", src.len(), dst.len());
                return Err(Error::argument(argument, problem));
            }
            let n = rows.n_nodes();
            if let Some(row) = (0..src.len()).find(|&i| src[i].max(dst[i]) as usize >= n) {
                let problem = format!("names node {}, nodes are numbered below {n}", src[row].max(dst[row]));
                return Err(Error::row(argument, row, problem));
            }
        }
        let weights = self.weights.unwrap_or(&[]);
        if self.weights.is_some() != rows.is_weighted() && !self.insert.src.is_empty() {
            return Err(Error::argument("weights", "must be given if the graph has weights, and only then"));
        }
        if rows.is_weighted() && weights.len() != self.insert.src.len() {
            let problem = format!("has {} rows for {} edges", weights.len(), self.insert.src.len());
            return Err(Error::argument("weights", problem));
        }
        match weights.iter().position(|&w| !is_weight(w)) {
            Some(row) => {
                let problem = format!("has weight {}, weights must be finite and not negative", weights[row]);
                Err(Error::row("insert", row, problem))
            }
            None => Ok(()),
        }
    }

    /// The arcs of all edges, sorted by arc and then by place in the batch.
    fn ops(&self, is_directed: bool, exec: &Exec) -> Result<Vec<Op>> {
        let EdgeEnds { src: deleted, dst: deleted_to } = self.delete;
        let edges = deleted.iter().zip(deleted_to).chain(self.insert.src.iter().zip(self.insert.dst));
        let n_edges = deleted.len() + self.insert.src.len();
        let mut ops = try_with_capacity("arcs of the batch", n_edges * if is_directed { 1 } else { 2 })?;
        for (at, (&u, &v)) in edges.enumerate() {
            let [u, v] = [u, v].map(u64::from);
            ops.push(Op { arc: u << 32 | v, at });
            if !is_directed && u != v {
                ops.push(Op { arc: v << 32 | u, at });
            }
        }
        for chunk in ops.chunks_mut(CHUNK_OPS) {
            exec.checkpoint(0)?;
            chunk.sort_unstable();
        }
        // Finds the sorted chunks and merges them.
        ops.sort();
        exec.checkpoint(0)?;
        Ok(ops)
    }

    /// What the operations on one arc make of its weight.
    fn fold(&self, ops: &[Op], weight: Option<f64>) -> std::result::Result<Option<f64>, (usize, Fault)> {
        let n_deleted = self.delete.src.len();
        ops.iter().try_fold(weight, |weight, &Op { at, .. }| {
            if at < n_deleted {
                return if weight.is_some() { Ok(None) } else { Err((at, Fault::Absent)) };
            }
            // Adding zero turns -0 into 0.
            let given = self.weights.map_or(1.0, |weights| weights[at - n_deleted] + 0.0);
            match (weight, self.duplicates) {
                (None, _) => Ok(Some(given)),
                (Some(_), Duplicates::Error) => Err((at, Fault::Repeated)),
                (Some(_), _) if self.weights.is_none() => Ok(weight),
                (Some(held), Duplicates::First) => Ok(Some(held)),
                (Some(held), Duplicates::Max) => Ok(Some(held.max(given))),
                (Some(held), Duplicates::Sum) if is_weight(held + given) => Ok(Some(held + given)),
                (Some(_), Duplicates::Sum) => Err((at, Fault::TooHeavy)),
            }
        })
    }

    fn error(&self, at: usize, fault: &Fault) -> Error {
        let n_deleted = self.delete.src.len();
        let (argument, row) = if at < n_deleted { ("delete", at) } else { ("insert", at - n_deleted) };
        let problem = match fault {
            Fault::Absent => "there is no such edge to delete",
            Fault::Repeated => "this edge exists already and duplicates are an error",
            Fault::TooHeavy => {
                "with this row, the weights of the edge add up to more than a 64-bit float holds"
            }
        };
        Error::row(argument, row, problem)
    }

    /// The arcs that change.
    fn edits(&self, ops: &[Op], rows: &Rows, exec: &Exec) -> Result<Vec<Edit>> {
        let mut edits = try_with_capacity("changed arcs", ops.len())?;
        let mut first: Option<(usize, Fault)> = None;
        for (i, ops) in ops.chunk_by(|a, b| a.arc == b.arc).enumerate() {
            if i % CHUNK_OPS == 0 {
                exec.checkpoint(0)?;
            }
            let (source, target) = ends(ops[0].arc);
            let held = rows.row(source as usize).weight_of(target);
            match self.fold(ops, held) {
                Ok(weight) if weight != held => edits.push(Edit { arc: ops[0].arc, weight }),
                Ok(_) => {}
                Err(fault) if first.as_ref().is_none_or(|first| fault.0 < first.0) => first = Some(fault),
                Err(_) => {}
            }
        }
        first.map_or(Ok(edits), |(at, fault)| Err(self.error(at, &fault)))
    }
}

/// Drafts what `update` asks for. The rows as they are read stay the same; after an error no draft is left.
pub(super) fn plan(rows: &mut Rows, update: &EdgeUpdate<'_>, exec: &Exec) -> Result<Plan> {
    update.validate(rows)?;
    let ops = update.ops(rows.is_directed(), exec)?;
    let edits = update.edits(&ops, rows, exec)?;
    let mut plan = Plan::default();
    let drafted = edits.chunk_by(|a, b| a.arc >> 32 == b.arc >> 32).try_for_each(|edits| {
        exec.checkpoint(edits.len() as u64)?;
        plan.add_row(rows, edits)
    });
    if drafted.is_err() {
        rows.discard(&plan.drafts);
    }
    drafted.map(|()| plan)
}

impl Plan {
    /// Drafts the row of one node.
    fn add_row(&mut self, rows: &mut Rows, edits: &[Edit]) -> Result<()> {
        let (node, _) = ends(edits[0].arc);
        let before = rows.row(node as usize);
        let mut arcs = try_with_capacity("a changed row", before.targets.len() + edits.len())?;
        merge(before, edits, &mut arcs);
        try_reserve("changed rows", &mut self.drafts, 1)?;
        let draft = rows.draft(node, &arcs)?;
        let noted = self.changes.add_row(node, rows.row(node as usize), rows.drafted(&draft), edits);
        self.drafts.push(draft);
        noted
    }
}

impl Changes {
    /// Notes how the walk from `node` changes.
    ///
    /// Of a long row with few edits, only those are listed and the reserve is scaled. Of others, every arc is, and the
    /// reserve stays: it is nearer to what it will be, and a ratio far from 1 would cost digits.
    fn add_row(&mut self, node: u32, before: Row<'_>, after: Row<'_>, edits: &[Edit]) -> Result<()> {
        let (was_dangling, is_dangling) = (before.inverse == 0.0, after.inverse == 0.0);
        let ratio = before.inverse / after.inverse * (before.scale / after.scale);
        let is_long = 4 * edits.len() < before.targets.len().min(after.targets.len());
        let is_scaled = is_long && (0.5..=2.0).contains(&ratio);
        let n_listed = if is_scaled { edits.len() } else { before.targets.len() + edits.len() };
        try_reserve("changed rows", &mut self.rows, 1)?;
        try_reserve("changed arcs", &mut self.arcs, n_listed)?;
        let change =
            |target| ArcChange { target, before: share(before, target), after: share(after, target) };
        if is_scaled {
            self.arcs.extend(edits.iter().map(|edit| change(ends(edit.arc).1)));
        } else {
            self.arcs.extend(union(before.targets, after.targets).map(change));
        }
        let ratio = if is_scaled { ratio } else { 1.0 };
        self.rows.push(RowChange { node, ratio, end: self.arcs.len(), was_dangling, is_dangling });
        Ok(())
    }

    /// Each changed row with its arcs.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&RowChange, &[ArcChange])> {
        let mut begin = 0;
        self.rows.iter().map(move |row| {
            let arcs = &self.arcs[begin..row.end];
            begin = row.end;
            (row, arcs)
        })
    }
}

/// Source and target of an arc.
#[expect(clippy::cast_possible_truncation, reason = "both halves are 32 bits")]
fn ends(arc: u64) -> (u32, u32) {
    ((arc >> 32) as u32, arc as u32)
}

/// The arcs of a row with edits carried out.
fn merge(row: Row<'_>, edits: &[Edit], arcs: &mut Vec<(u32, f64)>) {
    let mut at = 0;
    let held = |at: usize| (row.targets[at], row.weights.map_or(1.0, |weights| weights[at]));
    for edit in edits {
        let (_, target) = ends(edit.arc);
        let next = at + row.targets[at..].partition_point(|&held| held < target);
        arcs.extend((at..next).map(held));
        arcs.extend(edit.weight.map(|weight| (target, weight)));
        at = next + usize::from(row.targets.get(next) == Some(&target));
    }
    arcs.extend((at..row.targets.len()).map(held));
}

/// The probability of the arc to `target`; 0 if there is none.
fn share(row: Row<'_>, target: u32) -> f64 {
    row.targets.binary_search(&target).map_or(0.0, |at| row.share(at))
}

/// What is in either of two rising lists, rising.
fn union<'a>(a: &'a [u32], b: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    let (mut a, mut b) = (a.iter().copied().peekable(), b.iter().copied().peekable());
    std::iter::from_fn(move || {
        let next = match (a.peek(), b.peek()) {
            (Some(&x), Some(&y)) => x.min(y),
            (Some(&x), None) | (None, Some(&x)) => x,
            (None, None) => return None,
        };
        a.next_if_eq(&next);
        b.next_if_eq(&next);
        Some(next)
    })
}
