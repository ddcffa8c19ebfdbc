//! A cycle that opens shortly before a budget is renewed waits for that, for a bounded time.

use super::{CATS, DANCES, Entry, OPENING, Stage, accepted, miner, pending, verdict};
use std::time::Duration;
use tensorflix_actors::ports::Store;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::ids::Block;
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::fake_platform::Conduct;
use tensorflix_testkit::gists::{reel, seen, video};
use tensorflix_testkit::subnets::{head, stamp};
use tensorflix_testkit::time::{pass, simulate};

const A_WHILE: Duration = Duration::from_secs(300);

fn entries() -> [Entry; 1] {
    [miner(1, &[(CATS, &video(1)), (DANCES, &reel(1))])]
}

/// A stage with a YouTube that has no budget before a block.
fn stage(renewed_at: Block, opening: Opening) -> Stage {
    let stage = Stage::start_with(&[(video(1), seen(1_000, 100.0)), (reel(1), seen(10, 100.0))], opening);
    stage.youtube.conduct(Conduct::SpentUntil(stamp(renewed_at).time));
    stage
}

/// Lets the chain be at a block for a while.
async fn at(stage: &Stage, block: Block) {
    stage.world.store.save_head(&head(block)).await.expect("stored");
    pass(A_WHILE).await;
}

#[test]
fn what_a_budget_left_out_is_asked_for_again_after_its_reset_in_the_same_cycle() {
    simulate(async {
        // A quarter of an hour before midnight.
        let mut stage = stage(OPENING + 75, Opening::Grid);
        stage.round(OPENING, &entries()).await;
        for block in [OPENING + 10, OPENING + 70, OPENING + 74] {
            at(&stage, block).await;
            assert_eq!(stage.decided.so_far().await, [], "it waits at {block}");
        }
        let asked = stage.youtube.requests().len();
        assert!(asked <= 2, "nobody is asked while the budget is known to be empty: {asked}");
        stage.world.store.save_head(&head(OPENING + 76)).await.expect("stored");
        let decided = stage.decision().await;
        assert_eq!((decided.cycle, decided.evidence.at), (1, stamp(OPENING)));
        assert_eq!(verdict(&decided, 1, &video(1)), accepted());
        let observed = decided.evidence.contents[&video(1)].views.expect("views");
        assert_eq!(observed.at, stamp(OPENING + 76), "dated by when it was seen");
        let asked_again = stage.instagram.requests().into_iter().skip(1).flat_map(|request| request.contents);
        assert!(asked_again.count() > 0, "asked as well, which leaves what is observed as it is");
    });
}

#[test]
fn a_budget_that_is_renewed_too_late_is_not_waited_for() {
    for renewed_at in [OPENING + 301, OPENING + 3_000, OPENING + 7_300] {
        simulate(async move {
            let mut stage = stage(renewed_at, Opening::Grid);
            let decided = stage.decide(OPENING, &entries()).await;
            assert_eq!(verdict(&decided, 1, &video(1)), pending(Reason::QuotaExhausted), "{renewed_at}");
            assert_eq!(verdict(&decided, 1, &reel(1)), accepted());
        });
    }
    simulate(async {
        let mut stage = stage(OPENING + 75, Opening::Once);
        let decided = stage.decide(OPENING, &entries()).await;
        assert_eq!(verdict(&decided, 1, &video(1)), pending(Reason::QuotaExhausted), "a single cycle does not wait");
    });
}

#[test]
fn a_cycle_does_not_wait_beyond_its_time_whatever_becomes_of_the_budget() {
    simulate(async {
        let mut stage = stage(OPENING + 200, Opening::Grid);
        stage.round(OPENING, &entries()).await;
        at(&stage, OPENING + 150).await;
        // The reset comes, and the budget does not.
        stage.youtube.conduct(Conduct::SpentUntil(stamp(OPENING + 290).time));
        at(&stage, OPENING + 201).await;
        stage.youtube.conduct(Conduct::SpentUntil(stamp(OPENING + 400).time));
        assert_eq!(stage.decided.so_far().await, []);
        stage.world.store.save_head(&head(OPENING + 300)).await.expect("stored");
        let decided = stage.decision().await;
        assert_eq!(verdict(&decided, 1, &video(1)), pending(Reason::QuotaExhausted));
    });
    // A chain that makes no blocks keeps it waiting; the next slot opens a cycle of its own.
    simulate(async {
        let mut stage = stage(OPENING + 75, Opening::Grid);
        stage.round(OPENING, &entries()).await;
        stage.restart();
        at(&stage, OPENING + 74).await;
        assert_eq!(stage.decided.so_far().await, [], "also after a restart");
        stage.world.store.save_head(&head(OPENING + 75)).await.expect("stored");
        assert_eq!(verdict(&stage.decision().await, 1, &video(1)), accepted());
    });
}
