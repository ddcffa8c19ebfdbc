//! Cycles with their decisions, and what crashed its handling.

use super::Fresh;
use super::samples::{ODD, decided};
use crate::gists::digest_of;
use crate::subnets::{hotkey, neuron, stamp, subnet};
use std::collections::BTreeMap;
use tensorflix_domain::cycle::{CycleHead, DecidedCycle, ScoresInForce};
use tensorflix_domain::evidence::PreviousScores;
use tensorflix_domain::quarantine::{Item, ItemKind};
use tensorflix_domain::recovery::{Debt, PaidCycle, Recovery};
use tensorflix_domain::weights::ScoreVector;

pub async fn cycles_are_counted_from_one(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!(store.latest_cycle().await, Ok(None));
    for number in 1..=3 {
        let head = CycleHead { cycle: number, at: stamp(number * 100), decided: false };
        assert_eq!(store.open_cycle(head.at, &subnet(number * 100, [])).await, Ok(head));
        assert_eq!(store.latest_cycle().await, Ok(Some(head)));
        store.save_decision(&decided(number, number * 100, 0.5)).await.expect("stored");
        assert_eq!(store.latest_cycle().await, Ok(Some(CycleHead { decided: true, ..head })));
    }
}

pub async fn a_cycle_has_the_subnet_it_was_opened_with(fresh: Fresh<'_>) {
    let store = fresh().await;
    let subnets = [subnet(100, [neuron(0, 1)]), subnet(200, [neuron(0, 2), neuron(1, 1)])];
    for subnet in &subnets {
        store.open_cycle(subnet.at, subnet).await.expect("opened");
    }
    store.save_subnet(&subnet(300, [])).await.expect("saved");
    for (number, subnet) in (1..).zip(subnets) {
        assert_eq!(store.cycle_subnet(number).await, Ok(Some(subnet)));
    }
    assert_eq!((store.cycle_subnet(0).await, store.cycle_subnet(3).await), (Ok(None), Ok(None)));
}

pub async fn a_decision_is_kept_bit_for_bit_and_never_replaced(fresh: Fresh<'_>) {
    let store = fresh().await;
    for (cycle, number) in (1..).zip([0.1 + 0.2, f64::MIN_POSITIVE / 3.0, f64::MAX, -0.0, 1.0 / 3.0]) {
        store.open_cycle(stamp(100), &subnet(100, [])).await.expect("opened");
        assert_eq!(store.decided_cycle(cycle).await, Ok(None));
        let first = decided(cycle, 100, number);
        store.save_decision(&first).await.expect("stored");
        store.save_decision(&decided(cycle, 100, 7.0)).await.expect("no error");
        let kept = store.decided_cycle(cycle).await.expect("read").expect("decided");
        assert_eq!(kept, first);
        let bits = |decided: &DecidedCycle| decided.scores.values().map(|score| score.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&kept), bits(&first), "{number:e}");
    }
}

pub async fn a_decision_without_a_cycle_or_with_no_number_is_refused(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert!(store.save_decision(&decided(1, 100, 0.5)).await.is_err(), "it was never opened");
    store.open_cycle(stamp(100), &subnet(100, [])).await.expect("opened");
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(store.save_decision(&decided(1, 100, number)).await.is_err(), "{number}");
    }
    assert_eq!(store.latest_cycle().await.map(|head| head.map(|head| head.decided)), Ok(Some(false)));
    assert_eq!(store.scores_in_force().await, Ok(None));
}

pub async fn scores_of_the_newest_cycle_with_any_are_in_force(fresh: Fresh<'_>) {
    let store = fresh().await;
    let nothing = (store.scores_in_force().await, store.smoothed_scores().await, store.scores_before(9).await);
    assert_eq!(nothing, (Ok(None), Ok(None), Ok(None)));
    let vector = |score: f64| -> ScoreVector { [(hotkey(1), score)].into() };
    let cycles = [(1, Some(1.0), Some(10.0)), (2, None, None), (3, Some(3.0), None), (4, None, Some(40.0))];
    for (cycle, score, smoothed) in cycles {
        store.open_cycle(stamp(cycle * 100), &subnet(100, [])).await.expect("opened");
        let scores = score.map(vector).unwrap_or_default();
        let smoothed = smoothed.map(vector).unwrap_or_default();
        let decision = DecidedCycle { scores, smoothed, ..decided(cycle, cycle * 100, 0.5) };
        store.save_decision(&decision).await.expect("stored");
        let known = store.decided_cycle(cycle).await.expect("read");
        assert_eq!(known, Some(decision), "also without scores");
    }
    store.open_cycle(stamp(500), &subnet(500, [])).await.expect("opened");
    let in_force = ScoresInForce { cycle: 3, at: stamp(300), scores: vector(3.0) };
    assert_eq!(store.scores_in_force().await, Ok(Some(in_force)));
    let smoothed = PreviousScores { at: stamp(400), scores: vector(40.0) };
    assert_eq!(store.smoothed_scores().await, Ok(Some(smoothed)));
    for (before, expected) in [(1, None), (2, Some(1.0)), (3, Some(1.0)), (4, Some(3.0)), (u32::MAX, Some(3.0))] {
        assert_eq!(store.scores_before(before).await, Ok(expected.map(vector)), "{before}");
    }
}

pub async fn what_cycles_paid_and_what_is_owed_after_the_newest_is_known(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!((store.decided_since(stamp(0).time).await, store.debts().await), (Ok(Vec::new()), Ok(Vec::new())));
    let owing = |cycle: u32, debts: Vec<Debt>| {
        let mut decided = decided(cycle, cycle * 100, 0.25);
        decided.evidence.recovery = (!debts.is_empty()).then(|| Box::new(Recovery { beliefs: Vec::new(), debts }));
        decided
    };
    let debt = Debt { hotkey: hotkey(8), cycle: 1, at: stamp(100).time, earned: 0.1 + 0.2, excess: 0.2, taken: 0.1 };
    let decisions = [owing(1, Vec::new()), owing(2, vec![debt.clone()]), owing(3, vec![debt.clone(), debt.clone()])];
    for decision in &decisions {
        store.open_cycle(stamp(decision.cycle * 100), &subnet(100, [])).await.expect("opened");
        store.save_decision(decision).await.expect("stored");
        assert_eq!(store.debts().await, Ok(decision.debts_left()), "{}", decision.cycle);
    }
    assert_eq!(store.debts().await, Ok(vec![debt.clone(), debt]));
    store.open_cycle(stamp(400), &subnet(400, [])).await.expect("opened");
    assert_eq!(store.debts().await.map(|debts| debts.len()), Ok(2), "an open cycle changes nothing");
    let since = |block: u32| stamp(block).time;
    let heads = store.decided_since(since(200)).await.expect("read");
    assert_eq!(heads.iter().map(|head| (head.cycle, head.at)).collect::<Vec<_>>(), [(2, stamp(200)), (3, stamp(300))]);
    let paid = store.paid_cycle(2).await.expect("read").expect("decided");
    let DecidedCycle { evidence, policy, submissions, .. } = decisions[1].clone();
    assert_eq!(paid, PaidCycle { cycle: 2, at: since(200), policy, tasks: evidence.tasks, submissions });
    assert_eq!((store.paid_cycle(4).await, store.paid_cycle(9).await), (Ok(None), Ok(None)));
}

pub async fn crashes_are_counted_by_item(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!(store.crashes().await, Ok(BTreeMap::new()));
    let item = |kind, id: &str, document: &[u8]| Item { kind, id: id.to_owned(), digest: digest_of(document) };
    let gist = item(ItemKind::SubmissionGist, ODD, b"a");
    for count in 1..=3 {
        assert_eq!(store.record_crash(&gist, u32::MAX - count).await, Ok(count));
    }
    let mut expected: BTreeMap<Item, u32> = [(gist, 3)].into();
    let others = ItemKind::ALL.map(|kind| item(kind, "日本", b"a")).into_iter();
    for other in others.chain([item(ItemKind::SubmissionGist, ODD, b"b")]) {
        assert_eq!(store.record_crash(&other, 100).await, Ok(1));
        expected.insert(other, 1);
    }
    assert_eq!(store.crashes().await, Ok(expected));
}
