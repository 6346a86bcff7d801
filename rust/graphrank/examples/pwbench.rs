#![allow(missing_docs, clippy::all)]
use graphrank::{ppr::powerwalk, *};
use std::time::Instant;
fn main() {
    let exec = Exec::default();
    let pool = |n| Exec::default().with_pool(std::sync::Arc::new(rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap()));
    for (n, m) in [(80_000u64, 1_000_000usize), (4_000_000, 64_000_000)] {
        let mut x = 1u64;
        let mut next = || { x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); (((x >> 33) * n) >> 31) as u32 };
        let src: Vec<u32> = (0..m).map(|_| next()).collect();
        let dst: Vec<u32> = (0..m).map(|_| next()).collect();
        let w: Vec<f64> = (0..m).map(|i| (i % 10) as f64).collect();
        for ww in [None, Some(&w[..])] {
            if n > 1_000_000 && ww.is_some() { continue; }
            let g = Graph::from_edges(n as usize, &src, &dst, ww, EdgeOptions::default(), &exec).unwrap();
            for e in [&exec, &pool(1), &pool(2)] {
            let t = Instant::now();
            let b = powerwalk::bench(&g, 16, e);
            let s = t.elapsed().as_secs_f64();
            println!("n {n} weighted {} threads {}: {:.2} M walks/s, {:.1} B/vertex", ww.is_some(), e.n_threads(), n as f64 * 16.0 / s / 1e6, b as f64 / n as f64);
            }
        }
    }
}
