//! What becomes of a video between two cycles, and of one that was seen only once.

use super::subnet::{FIRST, Subnet, by, cast, honest, run, weight};
use tensorflix_domain::ids::Platform;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_sandbox::world::{Conduct, Platform as SandboxPlatform};

/// A miner deletes or hides a video as soon as it scored.
#[test]
fn a_video_that_vanishes_after_it_scored_is_rejected_in_the_next_cycle() {
    run(async {
        for hide in [false, true] {
            let mut subnet = Subnet::start(honest(4), |_, _| ()).await;
            let first = subnet.cycle().await;
            let is_scored_video =
                |judged: &&Judged| judged.score.is_some() && judged.platform == Some(Platform::YouTube);
            let scored = first.submissions.iter().find(is_scored_video).expect("one");
            let world = subnet.sandbox.world();
            let (platform, id) = (SandboxPlatform::YouTube, scored.content_id.as_str());
            if hide {
                world.edit_content(platform, id, |content| content.private = true).expect("a video");
            } else {
                world.remove_content(platform, id).expect("a video");
            }
            let second = subnet.next_cycle().await;
            let again = by(&second, scored.uid).into_iter().find(|judged| judged.content_id == id).expect("listed");
            assert_eq!((again.status, again.reason), (Status::Rejected, Some(Reason::ContentRemoved)), "{hide}");
            assert_eq!(again.score, None);
        }
    });
}

/// An earlier validator's window of twelve hours demanded twelve hours of data, so that all weights were empty for ever.
#[test]
fn a_first_cycle_with_one_observation_of_each_video_pays_also_for_a_video_of_minutes() {
    run(async {
        let mut subnet = Subnet::start(cast(&[Conduct::FreshVideo, Conduct::Honest, Conduct::Honest]), |_, _| ()).await;
        let first = subnet.cycle().await;
        let platforms = subnet.sandbox.counters().platforms;
        assert!(platforms.youtube.by_id.values().all(|times| *times == 1), "each is observed once");
        assert!(!first.scores.is_empty());
        assert!(weight(&first, FIRST) > 0.0, "the video of minutes is paid");
        for judged in by(&first, FIRST) {
            let published_at = judged.published_at.expect("a time");
            assert!(first.evidence.at.time.hours_since(published_at) < subnet.config.validator.min_age_hours);
            #[expect(clippy::cast_precision_loss, reason = "few views")]
            let views = judged.view_count.expect("views") as f64;
            assert_eq!(judged.score, Some(views / subnet.config.validator.min_age_hours), "as if an hour old");
        }
        let own = subnet.sandbox.node().weights(tensorflix_sandbox::NETUID, subnet.sandbox.validator().uid);
        assert!(own.iter().any(|(uid, weight)| *uid == FIRST && *weight > 0), "and the weights are on chain: {own:?}");
    });
}
