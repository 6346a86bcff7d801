//! What peers that mean harm can do with frames that are sound.

use std::collections::BTreeSet;

use graphrank::peers::{Ask, Click, Dropped, Limits, Received, Replica, Shown, Told};

use crate::peers::{click, key, publish, pull, replica};

fn question(asker: &mut Replica, other: &Replica, ask: &Ask) -> Vec<u8> {
    asker.ask(other.me(), 10, ask).unwrap()
}

fn answer(giver: &mut Replica, question: &[u8]) -> Vec<u8> {
    match giver.receive(question, 10) {
        Received::Question(answer) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

#[test]
fn nobody_answers_in_the_place_of_another() {
    let [mut honest, mut asker] = [1, 2].map(replica);
    publish(&mut honest, 0, 5);
    let asked = question(&mut asker, &honest, &Ask::default());
    let mut true_answer = answer(&mut honest, &asked);
    // What a thief who sees the question can say: that there is nothing, under its own signature or none.
    let mut nothing = [&[2, 1], &asked[66..74], &[0, 0, 0], &[0; 64]].concat();
    assert_eq!(asker.receive(&nothing, 11), Received::Nothing);
    let n = nothing.len();
    nothing[n - 64..].copy_from_slice(&asked[asked.len() - 64..]);
    assert_eq!(asker.receive(&nothing, 11), Received::Nothing);
    assert_eq!(asker.counters().dropped(Dropped::Signature), 2);
    // An answer that was changed on the way is dropped as well, and the question still waits.
    true_answer[10] ^= 1;
    assert_eq!(asker.receive(&true_answer, 11), Received::Nothing);
    true_answer[10] ^= 1;
    assert!(matches!(asker.receive(&true_answer, 12), Received::Answer(Told { accepted: 1, .. })));
}

#[test]
fn an_answer_to_one_is_none_to_another_with_the_same_nonce() {
    let [mut honest, mut one, mut other] = [1, 2, 3].map(replica);
    publish(&mut honest, 0, 5);
    let asked = question(&mut one, &honest, &Ask::default());
    let same = question(&mut other, &honest, &Ask::default());
    assert_eq!(asked[66..74], same[66..74]);
    let told = answer(&mut honest, &asked);
    assert_eq!(other.receive(&told, 11), Received::Nothing);
    assert_eq!(other.counters().dropped(Dropped::Signature), 1);
}

/// A peer that is full of authors could be kept busy with bans that it cannot take, and never be given a row.
#[test]
fn bans_of_strangers_do_not_keep_rows_from_a_peer_that_is_full() {
    let mut author = replica(1);
    publish(&mut author, 0, 5);
    let mut full = Replica::new(key(2), Limits { max_authors: 1, ..Limits::default() }).unwrap();
    pull(&mut full, &mut author, &Ask::default(), 6);
    publish(&mut author, 1, 7);
    let mut giver = replica(3);
    pull(&mut giver, &mut author, &Ask::default(), 8);
    for liar in 100..120 {
        let mut liar = replica(liar);
        let mut twin = liar.clone();
        publish(&mut liar, 0, 5);
        publish(&mut twin, 1, 5);
        pull(&mut giver, &mut liar, &Ask::default(), 9);
        pull(&mut giver, &mut twin, &Ask::default(), 10);
    }
    assert_eq!(giver.banned().count(), 20);
    let asked = question(&mut full, &giver, &Ask { max_bytes: 4096, ..Ask::default() });
    let told = answer(&mut giver, &asked);
    assert!(matches!(full.receive(&told, 11), Received::Answer(Told { accepted: 1, .. })));
    assert_eq!(full.counters().dropped(Dropped::Authors), 0);
}

#[test]
fn whoever_writes_long_rows_does_not_keep_others_waiting() {
    let shown = Shown::of(&vec!["i".repeat(64); 10]).unwrap();
    let mut giver = replica(1);
    for author in 2..9 {
        let mut other = replica(author);
        for number in 0..if author == 5 { 3 } else { 30 } {
            let long = Click { shown: Some(shown.clone()), query: "q".repeat(256), ..click(number) };
            let said = if author == 5 { click(number) } else { long };
            let entry = other.draft(&said).unwrap();
            other.publish(entry, 5).unwrap();
        }
        pull(&mut giver, &mut other, &Ask::default(), 6);
    }
    let mut asker = replica(20);
    let asked = question(&mut asker, &giver, &Ask { max_bytes: 30_000, ..Ask::default() });
    let told = answer(&mut giver, &asked);
    assert!(matches!(asker.receive(&told, 11), Received::Answer(Told { has_more: true, .. })));
    let short = key(5).id();
    assert_eq!((0..3).filter(|&seq| asker.entry(short, seq).is_some()).count(), 3);
    assert_eq!(asker.authors().count(), 7, "everyone has a part");
}

#[test]
fn which_author_comes_first_changes_with_every_question() {
    let mut giver = replica(1);
    for author in 2..6 {
        let mut other = replica(author);
        publish(&mut other, 0, 5);
        pull(&mut giver, &mut other, &Ask::default(), 6);
    }
    let first = |now| {
        let mut asker = replica(20);
        let asked = asker.ask(giver.me(), now, &Ask { max_rows: 1, ..Ask::default() }).unwrap();
        let told = answer(&mut giver.clone(), &asked);
        asker.receive(&told, now);
        asker.take_news().rows[0].0
    };
    assert_eq!((10..60).map(first).collect::<BTreeSet<_>>().len(), 4);
}

/// A question of a hundred bytes makes as much work as one that tells of everybody.
#[test]
fn small_questions_are_not_cheap_where_many_authors_are_held() {
    let mut giver = replica(1);
    for author in 2..102 {
        let mut other = replica(author);
        publish(&mut other, 0, 5);
        pull(&mut giver, &mut other, &Ask::default(), 6);
    }
    let mut giver = {
        let mut limited = Replica::new(key(1), Limits { burst_bytes: 1 << 20, ..Limits::default() }).unwrap();
        pull(&mut limited, &mut giver_as(&giver, 200), &Ask::default(), 7);
        limited
    };
    let mut asker = replica(150);
    let mut n = 0;
    while giver.counters().dropped(Dropped::Rate) == 0 {
        let asked = question(&mut asker, &giver, &Ask { max_rows: 1, ..Ask::default() });
        answer(&mut giver, &asked);
        n += 1;
    }
    // 100 authors of 52 bytes, and an answer of some 200.
    assert!((150..250).contains(&n), "{n}");
}

/// The same rows at another peer.
fn giver_as(giver: &Replica, seed: u8) -> Replica {
    let mut other = replica(seed);
    pull(&mut other, &mut giver.clone(), &Ask::default(), 7);
    other
}
