//! Frames that were tampered with: none of them brings in what its author did not sign, or anything twice.

use std::collections::BTreeMap;
use std::ops::Range;

use ed25519_dalek::{Signer, SigningKey};
use graphrank::peers::{Ask, AuthorId, Dropped, Entry, MAX_FRAME, Received, Replica};
use graphrank::rng::{Domain, Xoshiro256PlusPlus, stream};
use rand_xoshiro::rand_core::Rng;

use crate::peers::{click, key, publish, pull, replica};

/// Where the asker and the nonce of a question lie.
const ASKER: Range<usize> = 2..34;
const NONCE: Range<usize> = 66..74;
const ANSWER: u8 = 2;

struct World {
    /// Who is attacked, before it was.
    fresh: Replica,
    /// An honest peer that knows a few authors.
    honest: Replica,
    /// Everything that honest authors signed.
    signed: BTreeMap<(AuthorId, u64), Entry>,
    /// Two entries of one number by a liar.
    forks: [Entry; 2],
    /// Earlier frames.
    seen: Vec<Vec<u8>>,
    rng: Xoshiro256PlusPlus,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut honest = replica(1);
        let mut signed = BTreeMap::new();
        for author in 2..8 {
            let mut other = replica(author);
            for i in 0..12 {
                let entry = publish(&mut other, i, 5);
                signed.insert((other.me(), entry.seq()), entry);
            }
            pull(&mut honest, &mut other, &Ask::default(), 6);
        }
        let mut liar = replica(50);
        let mut twin = liar.clone();
        let forks = [publish(&mut liar, 1, 5), publish(&mut twin, 2, 5)];
        let rng = stream(seed, Domain::Generator, 0);
        Self { fresh: replica(100), honest, signed, forks, seen: Vec::new(), rng }
    }

    fn below(&mut self, n: usize) -> usize {
        (self.rng.next_u64() % n as u64) as usize
    }

    fn any_entry(&mut self) -> Entry {
        let n = self.signed.len();
        let at = self.below(n);
        self.signed.values().nth(at).unwrap().clone()
    }

    /// A frame that an honest peer might send to the victim.
    fn sound_frame(&mut self, victim: &mut Replica, now: u64) -> Vec<u8> {
        let ask = Ask { max_rows: 3, ..Ask::default() };
        match self.below(10) {
            0 | 1 => self.honest.ask(victim.me(), now, &ask).unwrap(),
            2 => {
                let blocks = self.forks.clone();
                let mut frame = vec![3, 1];
                blocks.iter().for_each(|entry| put_block(&mut frame, entry.bytes()));
                frame
            }
            _ => {
                let question = victim.ask(self.honest.me(), now, &ask).unwrap();
                match self.honest.receive(&question, now) {
                    Received::Question(answer) => answer,
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    /// An answer that the victim waits for, with one entry in it that is not what it claims.
    fn forged_answer(&mut self, victim: &mut Replica, now: u64) -> Vec<u8> {
        let question = victim.ask(self.honest.me(), now, &Ask::default()).unwrap();
        let entry = self.any_entry();
        let mut bytes = entry.bytes().to_vec();
        match self.below(8) {
            // One of two that contradict each other.
            0 => bytes = self.forks[self.below(2)].bytes().to_vec(),
            // Said by somebody else.
            1 => bytes[1..33].copy_from_slice(&key(60).id().0),
            // Signed by somebody else, who says nothing under its own name.
            2 => {
                let other = Entry::sign(&key(61), entry.seq(), entry.prev(), &click(3)).unwrap();
                bytes = other.bytes().to_vec();
                bytes[1..33].copy_from_slice(&entry.author().0);
            }
            // Another number, another chain, another time, another text.
            3 => bytes[33] ^= 1 << self.below(3),
            4 => bytes[41 + self.below(32)] ^= 1 << self.below(8),
            5 => bytes[73 + self.below(8)] ^= 1 << self.below(8),
            6 => bytes[83] = b'a' + self.below(26) as u8,
            // The signature of another entry.
            _ => {
                let other = self.any_entry();
                let (n, from) = (bytes.len() - 64, other.bytes().len() - 64);
                bytes[n..].copy_from_slice(&other.bytes()[from..]);
            }
        }
        answer(&question, &[&bytes, entry.bytes()])
    }

    fn tampered(&mut self, victim: &mut Replica, now: u64) -> Vec<u8> {
        let mut frame = match self.below(4) {
            0 => self.forged_answer(victim, now),
            1 if !self.seen.is_empty() => {
                let at = self.below(self.seen.len());
                self.seen[at].clone()
            }
            _ => self.sound_frame(victim, now),
        };
        if self.below(50) == 0 && self.seen.len() < 64 {
            self.seen.push(frame.clone());
        }
        for _ in 0..self.below(3) {
            self.mutate(&mut frame);
        }
        // Whoever answers may sign what it likes.
        if frame.first() == Some(&ANSWER) && self.below(2) == 0 {
            frame.truncate(frame.len().saturating_sub(64));
            sign_answer(&mut frame, &victim.me().0);
        }
        frame
    }

    fn mutate(&mut self, frame: &mut Vec<u8>) {
        let n = frame.len().max(1);
        let at = self.below(n);
        match self.below(7) {
            _ if frame.is_empty() => frame.push(1),
            0 | 1 => frame[at] ^= 1 << self.below(8),
            2 => frame.truncate(at),
            3 => frame.extend(std::iter::repeat_n(self.rng.next_u64() as u8, at % 40)),
            // A number where a length may be.
            4 => {
                let number = [0, 1, 0x7f, 0x80, 0xff][self.below(5)];
                frame[at..].iter_mut().take(1 + at % 10).for_each(|byte| *byte = number);
            }
            5 if !self.seen.is_empty() => {
                let other = self.below(self.seen.len());
                let other = &self.seen[other];
                frame.truncate(at);
                frame.extend(&other[at.min(other.len())..]);
            }
            // A part twice.
            _ => {
                let part = frame[at..n.min(at + 200)].to_vec();
                frame.splice(at..at, part);
            }
        }
    }
}

fn put_block(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend((bytes.len() as u16).to_le_bytes());
    to.extend(bytes);
}

/// An answer by the first peer to `question` that holds `entries`, each as a run of its own.
fn answer(question: &[u8], entries: &[&[u8]]) -> Vec<u8> {
    let mut frame = vec![ANSWER, 1];
    frame.extend(&question[NONCE]);
    frame.extend([0, 0, entries.len() as u8]);
    entries.iter().for_each(|entry| put_run(&mut frame, entry));
    sign_answer(&mut frame, &question[ASKER]);
    frame
}

fn sign_answer(frame: &mut Vec<u8>, asker: &[u8]) {
    let signature = SigningKey::from_bytes(&[1; 32]).sign(&[b"graphrank answer 1\0", asker, frame].concat());
    frame.extend(signature.to_bytes());
}

fn put_run(to: &mut Vec<u8>, entry: &[u8]) {
    let (author, seq, before, body) = (&entry[1..33], &entry[33..41], &entry[41..73], &entry[73..]);
    let gives_before = before.iter().any(|&byte| byte != 0);
    to.push(u8::from(gives_before));
    to.extend(author);
    put_varint(to, u64::from_le_bytes(seq.try_into().unwrap()));
    to.extend(before.iter().filter(|_| gives_before));
    to.push(1);
    put_varint(to, body.len() as u64);
    to.extend(body);
}

fn put_varint(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// Sends tampered frames; panics if one brings in what it must not. Why frames and entries were dropped, in all.
fn attack(n_frames: u64, seed: u64) -> BTreeMap<&'static str, u64> {
    let mut world = World::new(seed);
    let liar = world.forks[0].author();
    let mut dropped = BTreeMap::new();
    let mut victim = world.fresh.clone();
    let mut told = std::collections::BTreeSet::new();
    for number in 0..n_frames {
        let now = 1_000 + number;
        let frame = world.tampered(&mut victim, now);
        victim.receive(&frame, now);
        for (author, seq) in victim.take_news().rows {
            let held = victim.entry(author, seq).unwrap();
            let is_signed = world.signed.get(&(author, seq)) == Some(held);
            assert!(is_signed || (author == liar && world.forks.contains(held)), "forged: {held:?}");
            assert!(told.insert((author, seq)), "replayed: {held:?}");
        }
        if number % 500 == 499 || number + 1 == n_frames {
            for reason in Dropped::ALL {
                *dropped.entry(reason.name()).or_default() += victim.counters().dropped(reason);
            }
            victim = world.fresh.clone();
            told.clear();
        }
    }
    dropped
}

#[cfg(target_os = "linux")]
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn tampered_frames_bring_in_nothing_that_was_not_signed() {
    let dropped = attack(20_000, 1);
    // The attack gets as far as every check that frames can fail.
    for reason in [
        "frame_type",
        "malformed",
        "misdirected",
        "replayed",
        "unsolicited",
        "signature",
        "proof",
        "duplicate",
    ] {
        assert!(dropped[reason] > 10, "{dropped:?}");
    }
}

#[test]
fn entries_are_dropped_by_what_is_wrong_with_them() {
    let mut honest = replica(1);
    let chain: Vec<Entry> = (0..4).map(|i| publish(&mut honest, i, 5)).collect();
    let other = Entry::sign(&key(1), 2, [7; 32], &click(9)).unwrap();
    let mut forged = chain[3].bytes().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let mut cut = chain[3].bytes().to_vec();
    cut.pop();
    let late = Entry::sign(&key(1), 100_000, [7; 32], &click(9)).unwrap();
    for (bytes, reason) in [
        (vec![1; 2000], Dropped::EntrySize),
        (cut, Dropped::Malformed),
        (forged, Dropped::Signature),
        (late.bytes().to_vec(), Dropped::Range),
        (other.bytes().to_vec(), Dropped::Chain),
        (chain[0].bytes().to_vec(), Dropped::Duplicate),
    ] {
        let mut victim = replica(2);
        let question = victim.ask(honest.me(), 10, &Ask::default()).unwrap();
        let entries = [chain[0].bytes(), chain[1].bytes(), &bytes];
        let frame = answer(&question, &entries);
        assert!(matches!(victim.receive(&frame, 11), Received::Answer(told) if told.accepted == 2));
        let expected = Dropped::ALL.map(|other| u64::from(other == reason));
        assert_eq!(Dropped::ALL.map(|other| victim.counters().dropped(other)), expected, "{reason:?}");
        let n_left = if reason == Dropped::Chain { 0 } else { 2 };
        assert_eq!((victim.n_rows(), victim.banned().count()), (n_left, usize::from(n_left == 0)));
    }
    let mut victim = replica(2);
    for (frame, reason) in [
        (vec![], Dropped::FrameType),
        (vec![9, 1], Dropped::FrameType),
        (vec![2, 2], Dropped::FrameType),
        (vec![ANSWER, 1], Dropped::Malformed),
        (vec![0; MAX_FRAME + 1], Dropped::FrameSize),
    ] {
        let before = victim.counters().dropped(reason);
        assert_eq!(victim.receive(&frame, 5), Received::Nothing);
        assert_eq!(victim.counters().dropped(reason), before + 1);
    }
}

/// `cargo test --release -p graphrank --test it -- --ignored --nocapture a_million` prints what it found.
#[test]
#[ignore = "takes minutes"]
#[cfg(target_os = "linux")]
#[expect(clippy::print_stdout, reason = "run by hand, for its figures")]
fn a_million_tampered_frames_bring_in_nothing_and_leave_nothing() {
    let mut dropped = attack(50_000, 0);
    let before = resident_bytes();
    for seed in 1..20 {
        for (reason, n) in attack(50_000, seed) {
            *dropped.entry(reason).or_default() += n;
        }
    }
    let grown = resident_bytes().saturating_sub(before);
    println!("1,000,000 frames; dropped: {dropped:?}; memory grew by {} kB", grown / 1000);
    assert!(grown < 10_000_000, "{grown} bytes");
}
