//! What must not change a decision does not change a bit of it: messages, orders of arrival, other miners.

use super::{CATS, OPENING, Stage, bits, busy_scene, with_document};
use std::time::Duration;
use tensorflix_actors::chain_watcher::CommitmentsChanged;
use tensorflix_actors::gist_fetcher::SubmissionsRecorded;
use tensorflix_domain::gist_record::GistAnswer;
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::platform::Platform;
use tensorflix_testkit::gists::{task_line, video};
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::{pass, settle, simulate};

/// Ways in which hints may come, and not come.
#[derive(Clone, Copy, Debug)]
enum Hints {
    InOrder,
    Reversed,
    OnlyTheFirst,
    OnlyTheLast,
    TenTimes,
    None,
    LateAndOfAnotherRound,
}

#[test]
fn lost_repeated_and_reordered_messages_change_no_decision() {
    use Hints::{InOrder, LateAndOfAnotherRound, None, OnlyTheFirst, OnlyTheLast, Reversed, TenTimes};
    let mut decisions = Vec::new();
    for hints in [InOrder, Reversed, OnlyTheFirst, OnlyTheLast, TenTimes, None, LateAndOfAnotherRound] {
        simulate(async {
            let (sightings, entries) = busy_scene();
            let mut stage = Stage::start(&sightings);
            settle().await;
            let round = stage.record(OPENING, &entries).await;
            let scorer = stage.scorer.clone();
            let first = |at: Block| scorer.do_send(CommitmentsChanged { at: stamp(at) });
            let last = |round: Block| scorer.do_send(SubmissionsRecorded { round });
            match hints {
                InOrder => (first(OPENING), last(round)),
                Reversed => (last(round), first(OPENING)),
                OnlyTheFirst => (first(OPENING), ()),
                OnlyTheLast => (last(round), ()),
                TenTimes => ((0..10).for_each(|_| first(OPENING)), (0..10).for_each(|_| last(round))),
                None => ((), ()),
                LateAndOfAnotherRound => (last(round + 99_000), first(7)),
            };
            let decided = stage.decision().await;
            pass(Duration::from_secs(600)).await;
            assert_eq!(stage.decided.so_far().await, [], "{hints:?}: decided once");
            decisions.push((hints, bits(&decided)));
        });
    }
    let (_, reference) = &decisions[0];
    assert!(reference.len() > 1_000, "a decision worth comparing");
    for (hints, decided) in &decisions {
        assert_eq!(decided, reference, "{hints:?}");
    }
}

/// Every order of the numbers below `count`.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let insert = |order: &Vec<usize>, place: usize| {
        let mut order = order.clone();
        order.insert(place, count - 1);
        order
    };
    orders(count - 1).iter().flat_map(|order| (0..count).map(move |place| insert(order, place))).collect()
}

#[test]
fn the_order_in_which_gists_arrive_changes_no_bit_of_a_decision() {
    let mut decisions = Vec::new();
    for order in orders(5) {
        simulate(async {
            let (sightings, entries) = busy_scene();
            let mut stage = Stage::start(&sightings);
            let (subnet, answers) = stage.scene(OPENING, &entries);
            let answers: Vec<GistAnswer> = order.iter().map(|place| answers[*place].clone()).collect();
            stage.world.record_answers(&subnet, &answers).await;
            decisions.push(bits(&stage.decision().await));
        });
    }
    assert_eq!(decisions.len(), 120);
    assert!(decisions.iter().all(|decided| *decided == decisions[0]));
}

#[test]
fn another_miners_bad_gist_changes_no_bit_of_a_raw_score() {
    let pair = |content: &ContentId| format!(r#"["{CATS}", "{}"]"#, content.as_str());
    let many: Vec<String> = (0..6_000).map(|n| pair(&video(100 + n))).collect();
    let stolen: Vec<String> = (0..8).map(|n| pair(&video(n))).collect();
    let documents: [(&str, Vec<u8>); 9] = [
        ("no gist", Vec::new()),
        ("a web page", b"<html>".to_vec()),
        ("binary", vec![0xFF; 10_000]),
        ("deep", format!("{{\"submissions\": {}", "[".repeat(100_000)).into_bytes()),
        ("many", format!("{{\"submissions\": [{}]}}", many.join(",")).into_bytes()),
        ("long ids", format!("{{\"submissions\": [[\"{CATS}\", \"{}\"]]}}", "x".repeat(200_000)).into_bytes()),
        ("stolen", format!("{{\"submissions\": [{}]}}", stolen.join(",")).into_bytes()),
        ("control characters", br#"{"submissions": [["\u0000", "\u001b[2J"], ["cats", "../../../x"]]}"#.to_vec()),
        ("tasks", task_line(CATS, Platform::INSTAGRAM, 0.0).into_bytes()),
    ];
    let mut reference = None;
    for (name, document) in documents {
        simulate(async {
            let (sightings, mut entries) = busy_scene();
            // A lower UID than some of the others, but a later commitment: it holds nothing that others hold.
            let mut hostile = with_document(0x42, document.clone());
            hostile.neuron.commitment.as_mut().expect("a commitment").block = 60;
            if !document.is_empty() {
                entries.push(hostile);
            }
            let mut stage = Stage::start(&sightings);
            let decided = stage.decide(OPENING, &entries).await;
            let others: Vec<_> = decided
                .submissions
                .iter()
                .filter(|judged| judged.uid != 0x42)
                .map(|judged| (judged.uid, judged.content_id.clone(), judged.status, judged.score.map(f64::to_bits)))
                .collect();
            assert_eq!(others.len(), 13, "{name}");
            assert_eq!(others, *reference.get_or_insert_with(|| others.clone()), "{name}");
        });
    }
}
