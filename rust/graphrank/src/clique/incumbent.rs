//! The best fair clique so far, which all threads see.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::problem::Problem;
use super::spec::MOST_GROUPS;

/// See the module. Its size may lag behind in another thread, which then prunes less for a moment.
#[derive(Debug, Default)]
pub(super) struct Incumbent {
    size: AtomicU32,
    members: Mutex<Vec<u32>>,
}

impl Incumbent {
    /// As if a clique of that size were known.
    pub(super) fn of_size(size: u32) -> Self {
        Self { size: AtomicU32::new(size), members: Mutex::default() }
    }

    /// Members, given ones included; 0 while there is none.
    #[inline]
    pub(super) fn size(&self) -> u32 {
        self.size.load(Relaxed)
    }

    /// Members beside the given ones, as nodes of the whole graph, by number.
    pub(super) fn into_members(self) -> Vec<u32> {
        self.members.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes other members of the same number.
    pub(super) fn replace(&self, members: Vec<u32>) {
        *self.members.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = members;
    }

    /// Keeps the fair part of a clique with these counts if it is larger. `named` tells a member's node and group.
    #[inline]
    pub(super) fn offer<T>(
        &self,
        problem: &Problem,
        counts: &[u32],
        members: &[T],
        named: impl Fn(&T) -> (u32, u8),
    ) {
        if problem.exceeds(counts, self.size()) {
            self.keep(problem, counts, members.iter().map(named));
        }
    }

    #[cold]
    fn keep(&self, problem: &Problem, counts: &[u32], members: impl Iterator<Item = (u32, u8)>) {
        let Some(size) = problem.value(counts) else { return };
        let mut room = [0; MOST_GROUPS];
        let left = &mut room[..counts.len()];
        left.copy_from_slice(counts);
        problem.trim(left);
        let mut kept: Vec<u32> = Vec::new();
        for (node, group) in members {
            if left[group as usize] > 0 {
                left[group as usize] -= 1;
                kept.push(node);
            }
        }
        kept.sort_unstable();
        let mut best = self.members.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if size > self.size() {
            self.size.store(size, Relaxed);
            *best = kept;
        }
    }
}
