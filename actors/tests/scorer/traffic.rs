//! Views that are not believed, through Scorer and a store: what each policy does, and that belief comes back.

use super::{CATS, NOW, OPENING, Stage, accepted, miner, pending, rejected, scores, start_scorer_under, verdict};
use tensorflix_actors::ports::Store;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::ids::Block;
use tensorflix_domain::observation::Observation;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::{Policy, TrafficRule};
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_testkit::fake_platform::FakePlatform;
use tensorflix_testkit::gists::{seen, task_line, video};
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::simulate;
use tensorflix_testkit::world::{SLOT_BLOCKS, World};

/// As many observations as a cycle looks at, and some.
const A_FULL_LOOK: u32 = 70;

fn stage(traffic: TrafficRule) -> Stage {
    let world = World::new();
    let sightings = [(video(1), seen(9_000, NOW - 100.0)), (video(2), seen(800, NOW - 100.0))];
    let youtube = FakePlatform::start(&world, sightings);
    let instagram = FakePlatform::start(&world, []);
    let policy = Policy { traffic, ..Policy::default() };
    let (scorer, decided, stats) = start_scorer_under(&world, &youtube, &instagram, Opening::Grid, policy, None);
    let tasks = task_line(CATS, Platform::YOUTUBE, 0.0);
    Stage { world, youtube, instagram, scorer, decided, stats, tasks, tasks_are_readable: true }
}

/// An earlier look at the first video.
async fn saw(stage: &Stage, block: Block, view_count: u64) {
    let sighting = seen(view_count, NOW - 100.0);
    let observation = Observation { content: video(1), at: stamp(block), sighting };
    stage.world.store.record_observations(&[observation]).await.expect("stored");
}

#[test]
fn views_that_were_taken_back_follow_the_policy_until_they_are_believed_again() {
    for (rule, disbelieved, scored) in [
        (TrafficRule::Hold, pending(Reason::AwaitingVerdict), &[2][..]),
        (TrafficRule::Reject, rejected(Reason::InauthenticTraffic), &[2]),
        (TrafficRule::Discount, (Status::Accepted, Some(Reason::InauthenticTraffic)), &[1, 2]),
        (TrafficRule::Observe, accepted(), &[1, 2]),
    ] {
        simulate(async move {
            let mut stage = stage(rule);
            let entries = [miner(1, &[(CATS, &video(1))]), miner(2, &[(CATS, &video(2))])];
            // YouTube showed three times as many a day ago.
            saw(&stage, OPENING - SLOT_BLOCKS, 27_000).await;
            for slot in 0..2 {
                let decided = stage.decide(OPENING + slot * SLOT_BLOCKS, &entries).await;
                assert_eq!(verdict(&decided, 1, &video(1)), disbelieved, "{rule:?} in slot {slot}");
                assert_eq!(verdict(&decided, 2, &video(2)), accepted(), "{rule:?}");
                let uids: Vec<u8> = scores(&decided).iter().map(|(uid, _)| *uid).collect();
                assert_eq!(uids, scored, "{rule:?}: {:?}", scores(&decided));
                let known = decided.evidence.contents[&video(1)].traffic.as_ref().expect("a finding");
                assert!(known.authenticity < 0.5 && !known.signals.is_empty(), "it is shown why: {known:?}");
                let score = scores(&decided).iter().find(|(uid, _)| *uid == 1).map(|(_, score)| *score);
                // Both are of one age, and the best that counts is 1.
                let discounted = 9_000.0 * known.authenticity / 800.0;
                let is_discounted = score.is_some_and(|score| (score - discounted).abs() < 1e-9);
                assert!(rule != TrafficRule::Discount || is_discounted && discounted < 1.0, "{score:?} {discounted}");
                assert!(rule != TrafficRule::Observe || score == Some(1.0), "{score:?}");
            }
            // Since then it was observed so often that the fall no longer counts.
            for look in 1..=A_FULL_LOOK {
                saw(&stage, OPENING + SLOT_BLOCKS + look * 50, 9_000 + u64::from(look) * 10).await;
            }
            stage.youtube.show(&video(1), seen(9_900, NOW - 100.0));
            let decided = stage.decide(OPENING + 2 * SLOT_BLOCKS, &entries).await;
            assert_eq!(verdict(&decided, 1, &video(1)), accepted(), "{rule:?}");
            assert_eq!(scores(&decided)[0], (1, 1.0), "{rule:?}: {:?}", scores(&decided));
        });
    }
}
