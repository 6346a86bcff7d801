//! Bytes on the way, beside the protocol of the thesis: that sends all rows that were not yet sent to the same peer.

use graphrank::peers::{Ask, Click, Received, Replica};
use graphrank::rng::{Domain, stream};
use rand_xoshiro::rand_core::Rng;

use crate::peers::replica;

/// Rows that every peer begins with, one per query.
const FIRST: u64 = 39;

/// One peer of the thesis: rows in the order in which they came, and how many of them each other peer was sent.
struct Suffix {
    log: Vec<usize>,
    has: Vec<bool>,
    sent: Vec<usize>,
}

/// Bytes by the protocol here and by the thesis's.
type Bytes = (u64, u64);

/// Ticks of the thesis's experiment: a random peer publishes a row and pulls from a random one that it knows. Bytes of all
/// ticks, and of the last `n_last`, for the same entries at the same times.
fn compare(n_peers: usize, n_ticks: usize, n_last: usize) -> [Bytes; 2] {
    let mut rng = stream(1, Domain::Generator, 0);
    let mut below = |n: usize| (rng.next_u64() % n as u64) as usize;
    let mut peers: Vec<Replica> = (0..n_peers).map(|i| replica(u8::try_from(i).unwrap())).collect();
    let most = n_peers * FIRST as usize + n_ticks;
    let new = || Suffix { log: Vec::new(), has: vec![false; most], sent: vec![0; n_peers] };
    let mut suffixes: Vec<Suffix> = (0..n_peers).map(|_| new()).collect();
    let mut n_rows = 0;
    let mut say = |peer: usize, number: u64, peers: &mut [Replica], suffixes: &mut [Suffix]| {
        let click = Click {
            query: format!("genre {:02}", number % FIRST),
            item: format!("release-{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            ts: 1_700_000_000_000 + number,
            shown: None,
        };
        let entry = peers[peer].draft(&click).unwrap();
        suffixes[peer].has[n_rows] = true;
        suffixes[peer].log.push(n_rows);
        n_rows += 1;
        // The same for all: the texts are of one length.
        let size = entry.bytes().len() as u64;
        peers[peer].publish(entry, number).unwrap();
        size
    };
    for peer in 0..n_peers {
        for number in 0..FIRST {
            say(peer, number, &mut peers, &mut suffixes);
        }
    }
    let (mut all, mut last) = ((0, 0), (0, 0));
    for tick in 0..n_ticks {
        let (i, mut j) = (below(n_peers), below(n_peers - 1));
        j += usize::from(j >= i);
        let size = say(i, FIRST + tick as u64, &mut peers, &mut suffixes);
        let ours = exchange(&mut peers, i, j, tick as u64 + 1_000);
        let from = suffixes[j].sent[i];
        suffixes[j].sent[i] = suffixes[j].log.len();
        let rows = suffixes[j].log[from..].to_vec();
        // A length and the entry each; the question and the head of the answer are taken to cost nothing.
        let theirs = rows.len() as u64 * (2 + size);
        for row in rows {
            if !suffixes[i].has[row] {
                suffixes[i].has[row] = true;
                suffixes[i].log.push(row);
            }
        }
        assert_eq!(peers[i].n_rows(), suffixes[i].log.len(), "both know the same at all times");
        all = (all.0 + ours, all.1 + theirs);
        if tick + n_last >= n_ticks {
            last = (last.0 + ours, last.1 + theirs);
        }
    }
    [all, last]
}

/// A whole pull; bytes of questions and answers.
fn exchange(peers: &mut [Replica], i: usize, j: usize, now: u64) -> u64 {
    let mut bytes = 0;
    loop {
        let to = peers[j].me();
        let question = peers[i].ask(to, now, &Ask::default()).unwrap();
        let Received::Question(answer) = peers[j].receive(&question, now * 10_000) else {
            panic!("no answer")
        };
        bytes += (question.len() + answer.len()) as u64;
        let Received::Answer(told) = peers[i].receive(&answer, now) else { panic!("dropped") };
        if !told.has_more {
            return bytes;
        }
    }
}

#[test]
fn only_what_is_new_travels() {
    let [_, (ours, theirs)] = compare(20, 600, 200);
    assert!(theirs > 16 * ours, "{ours} {theirs}");
}

/// `cargo test --release -p graphrank --test it -- --ignored --nocapture fifty` prints the bytes.
#[test]
#[ignore = "takes a minute"]
#[expect(clippy::print_stdout, reason = "run by hand, for its figures")]
fn at_least_fifty_times_fewer_bytes_than_the_thesis() {
    for (which, (ours, theirs)) in ["all", "the last 1,000"].into_iter().zip(compare(100, 10_000, 1000)) {
        println!(
            "bytes of {which} of 10,000 pulls among 100 peers: {ours} instead of {theirs}, {} times fewer",
            theirs / ours
        );
        assert!(theirs >= 50 * ours, "{ours} {theirs}");
    }
}
