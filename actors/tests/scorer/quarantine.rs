//! Scorer among things that crash it: each costs only itself, is counted across restarts, and is quarantined in the end.

use super::{CATS, NOW, OPENING, Stage, accepted, miner, scores, verdict, with_document};
use std::cell::Cell;
use std::time::Duration;
use tensorflix_actors::ports::Store;
use tensorflix_actors::scorer::Opening;
use tensorflix_actors::supervision::quarantine::Rules;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::decision::decide;
use tensorflix_domain::quarantine::MOST_CRASHES;
use tensorflix_domain::submission::{SubmissionGist, parse_submission_gist};
use tensorflix_domain::task::{TaskGist, parse_task_gist};
use tensorflix_testkit::gists::{seen, video};
use tensorflix_testkit::time::{pass, simulate};
use tensorflix_testkit::world::SLOT_BLOCKS;

/// A gist with this in it crashes its reader.
const POISON: &[u8] = b"poison";

thread_local! {
    /// How often poison was read on this thread.
    static READ: Cell<u32> = const { Cell::new(0) };
}

fn crash_on_poison(document: &[u8]) {
    if document.windows(POISON.len()).any(|part| part == POISON) {
        READ.set(READ.get() + 1);
        panic!("made to panic: poison");
    }
}

fn read_submissions(document: &[u8]) -> SubmissionGist {
    crash_on_poison(document);
    parse_submission_gist(document)
}

fn read_tasks(document: &[u8]) -> TaskGist {
    crash_on_poison(document);
    parse_task_gist(document)
}

const FRAGILE: Rules = Rules { read_submissions, read_tasks, decide };

/// What the report says of a miner's gist.
fn reports(decided: &DecidedCycle, uid: u16, source: &str) -> Vec<String> {
    let of_uid = |error: &&tensorflix_domain::cycle::ReportedError| error.uid == Some(uid) && error.source == source;
    decided.errors.iter().filter(of_uid).map(|error| error.reason.clone()).collect()
}

#[test]
fn a_gist_that_crashes_its_reader_costs_its_miner_alone_until_it_changes() {
    simulate(async {
        READ.set(0);
        let shown = [(video(1), seen(1_000, NOW - 10.0)), (video(2), seen(500, NOW - 10.0))];
        let mut stage = Stage::start_judging(&shown, Opening::Grid, FRAGILE);
        let sound = || miner(1, &[(CATS, &video(1))]);
        let scene = [sound(), with_document(2, "poison 1")];
        for day in 0..4 {
            let decided = stage.decide(OPENING + day * SLOT_BLOCKS, &scene).await;
            assert_eq!(verdict(&decided, 1, &video(1)), accepted(), "day {day}");
            assert_eq!(scores(&decided), [(1, 1.0)], "day {day}");
            let reports = reports(&decided, 2, "gist");
            assert!(matches!(&reports[..], [reason] if reason.contains("panic")), "day {day}: {reports:?}");
        }
        assert_eq!(READ.get(), MOST_CRASHES, "then it was quarantined");
        assert_eq!(stage.stats.read().restarts, 0, "the actor itself never went down");

        let decided = stage.decide(OPENING + 5 * SLOT_BLOCKS, &[sound(), with_document(2, "poison 2")]).await;
        assert!(READ.get() > MOST_CRASHES, "other text is another attempt");
        assert_eq!(scores(&decided), [(1, 1.0)]);
        let changed = [sound(), miner(2, &[(CATS, &video(2))])];
        let decided = stage.decide(OPENING + 6 * SLOT_BLOCKS, &changed).await;
        assert_eq!(verdict(&decided, 2, &video(2)), accepted());
        assert_eq!(reports(&decided, 2, "gist"), [""; 0]);
    });
}

#[test]
fn a_crash_that_cannot_be_counted_is_no_decision_and_is_tried_again() {
    simulate(async {
        let mut stage = Stage::start_judging(&[(video(1), seen(1_000, NOW - 10.0))], Opening::Grid, FRAGILE);
        stage.world.store.fail_next(tensorflix_testkit::memory_store::Write::Crash);
        let scene = [miner(1, &[(CATS, &video(1))]), with_document(2, "poison")];
        let decided = stage.decide(OPENING, &scene).await;
        assert_eq!(scores(&decided), [(1, 1.0)]);
        assert_eq!(stage.stats.read().failed, 1, "the first attempt: its crash was not stored");
    });
}

#[test]
fn a_cycle_whose_decision_crashes_is_left_alone_and_the_next_slot_decides() {
    simulate(async {
        READ.set(0);
        let rules = Rules {
            decide: |evidence, policy| {
                if evidence.at.block < OPENING + SLOT_BLOCKS {
                    READ.set(READ.get() + 1);
                    panic!("made to panic: the decision");
                }
                decide(evidence, policy)
            },
            ..Rules::default()
        };
        let mut stage = Stage::start_judging(&[(video(1), seen(1_000, NOW - 10.0))], Opening::Grid, rules);
        let scene = [miner(1, &[(CATS, &video(1))])];
        stage.round(OPENING, &scene).await;
        pass(Duration::from_secs(3_600)).await;
        assert_eq!((READ.get(), stage.stats.read().restarts), (MOST_CRASHES, 0), "no crash loop");
        assert_eq!(stage.decided.so_far().await, []);
        let decided = stage.decide(OPENING + SLOT_BLOCKS, &scene).await;
        assert_eq!(scores(&decided), [(1, 1.0)]);
        assert!(stage.world.store.decided_cycle(1).await.expect("read").is_none());
    });
}
