//! Between cycles the items of the newest cycle are polled, in its slot alone, and no cycle waits for that.

use super::{CATS, OPENING, Stage, accepted, miner, scorer, verdict};
use std::time::Duration;
use tensorflix_actors::platforms::PollContents;
use tensorflix_actors::ports::Store;
use tensorflix_actors::scorer::{Opening, Scorer, ScorerParts};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::Sighting;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_testkit::fake_platform::Conduct;
use tensorflix_testkit::gists::{reel, seen, video};
use tensorflix_testkit::subnets::{head, stamp};
use tensorflix_testkit::time::{pass, simulate};
use tensorflix_testkit::world::SLOT_BLOCKS;

const POLL_EVERY: Duration = Duration::from_secs(300);

/// A while in which at least one poll falls due.
const A_WHILE: Duration = Duration::from_secs(360);

fn contents() -> [(ContentId, Sighting); 2] {
    [(video(1), seen(1_000, 100.0)), (video(2), seen(500, 100.0))]
}

fn contents_of(poll: &PollContents) -> Vec<ContentId> {
    poll.turns.iter().map(|turn| turn.content.clone()).collect()
}

#[test]
fn the_items_of_a_decided_cycle_are_polled_every_five_minutes_at_the_newest_head() {
    simulate(async {
        let mut stage = Stage::start(&contents());
        stage.decide(OPENING, &[miner(1, &[(CATS, &video(1)), (CATS, &video(2))])]).await;
        stage.world.store.save_head(&head(OPENING + 300)).await.expect("stored");
        pass(4 * POLL_EVERY + Duration::from_secs(100)).await;
        let polls = stage.youtube.polls();
        assert!((4..=5).contains(&polls.len()), "{}", polls.len());
        for poll in polls {
            assert_eq!(contents_of(&poll), [video(1), video(2)]);
            assert_eq!(poll.earners, [video(1), video(2)], "what earned most first");
            assert_eq!((poll.as_of, poll.cycle_blocks), (stamp(OPENING + 300), SLOT_BLOCKS));
        }
        assert!(stage.instagram.polls().iter().all(|poll| poll.turns.is_empty()));
        assert_eq!(stage.youtube.requests().len(), 1, "a poll is no cycle");
    });
}

#[test]
fn nothing_is_polled_before_a_decision_in_the_next_slot_or_for_a_single_cycle() {
    simulate(async {
        let mut stage = Stage::start(&contents());
        pass(A_WHILE).await;
        assert_eq!(stage.youtube.polls().len(), 0, "there is no cycle yet");
        stage.decide(OPENING, &[miner(1, &[(CATS, &video(1))])]).await;
        pass(A_WHILE).await;
        let polls = stage.youtube.polls().len();
        assert!(polls > 0);
        // The next slot has begun, but its cycle is not opened.
        stage.world.store.save_head(&head(OPENING + SLOT_BLOCKS)).await.expect("stored");
        pass(3 * A_WHILE).await;
        assert_eq!(stage.youtube.polls().len(), polls, "the next cycle looks at everything itself");
    });
    simulate(async {
        let mut stage = Stage::start_with(&contents(), Opening::Once);
        stage.decide(OPENING, &[miner(1, &[(CATS, &video(1))])]).await;
        pass(3 * A_WHILE).await;
        assert_eq!(stage.youtube.polls().len(), 0);
    });
}

#[test]
fn after_a_restart_polls_go_on_with_what_was_stored_of_the_cycle() {
    simulate(async {
        let mut stage = Stage::start(&contents());
        stage.decide(OPENING, &[miner(1, &[(CATS, &video(1)), (CATS, &video(2))])]).await;
        stage.restart();
        let before = stage.youtube.polls().len();
        pass(A_WHILE).await;
        let polls = stage.youtube.polls();
        assert!(polls.len() > before);
        assert!(polls.iter().all(|poll| contents_of(poll) == [video(1), video(2)]));
        assert!(polls.iter().all(|poll| poll.earners == [video(1), video(2)]));
    });
}

#[test]
fn an_actor_that_is_rebuilt_polls_no_sooner_than_the_one_before_it_would_have() {
    simulate(async {
        let mut stage = Stage::start(&contents());
        stage.decide(OPENING, &[miner(1, &[(CATS, &video(1))])]).await;
        // The stage's own scorer has just polled, and does so again in minutes.
        pass(A_WHILE).await;
        let (parts, _decided, stats) =
            scorer(&stage.world, &stage.youtube, &stage.instagram, Opening::Grid, Policy::default());
        let parts = ScorerParts { pollers: [(Platform::YOUTUBE, stage.youtube.polled.clone())].into(), ..parts };
        let polls = stage.youtube.polls().len();
        let mut lives = Vec::new();
        for _ in 0..3 {
            let parts = parts.clone();
            lives.push(stage.world.start(&stats, move || Scorer::new(parts.clone())));
            pass(Duration::from_secs(2)).await;
            assert_eq!(stage.youtube.polls().len(), polls + 1, "{} lives", lives.len());
        }
    });
}

#[test]
fn no_cycle_waits_for_a_poll_that_never_ends_or_panics() {
    for conduct in [Conduct::Hang, Conduct::Panic] {
        simulate(async move {
            let mut stage = Stage::start(&[(video(1), seen(1_000, 100.0)), (reel(1), seen(7, 100.0))]);
            let entries = [miner(1, &[(CATS, &video(1))])];
            stage.decide(OPENING, &entries).await;
            stage.youtube.conduct(conduct);
            pass(A_WHILE).await;
            assert!(!stage.youtube.polls().is_empty());
            stage.youtube.conduct(Conduct::Observe);
            let decided = stage.decide(OPENING + SLOT_BLOCKS, &entries).await;
            assert_eq!(verdict(&decided, 1, &video(1)), accepted());
            let polls = stage.youtube.polls().len();
            pass(2 * A_WHILE).await;
            assert!(stage.youtube.polls().len() > polls, "{conduct:?}: polls go on");
        });
    }
}
