//! What becomes of a video between two cycles, and of one that was seen only once.

use crate::subnet::{FIRST, Subnet, by, cast, honest, of, run, weight};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform;
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
                |judged: &&Judged| judged.score.is_some() && judged.platform == Some(Platform::YOUTUBE);
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
fn a_first_cycle_with_one_observation_each_pays_also_for_a_video_of_minutes() {
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

/// A miner buys views in one step, and YouTube takes most of them away days later.
#[test]
fn views_that_the_platform_takes_back_are_found_out_and_cost_only_their_buyer() {
    run(async {
        let world = || cast(&[Conduct::Honest, Conduct::BuysViews, Conduct::Honest]);
        let mut subnet = Subnet::start(world(), |_, _| ()).await;
        let mut cycles = vec![subnet.cycle().await];
        for _ in 0..2 {
            cycles.push(subnet.next_cycle().await);
        }
        let buyers = subnet.uids(Conduct::BuysViews);
        assert!(of(&cycles[0], &buyers).all(|judged| judged.reason.is_none()), "one observation proves nothing");
        let found: Vec<&Judged> = of(&cycles[2], &buyers).filter(|judged| judged.score.is_some()).collect();
        assert!(!found.is_empty());
        for judged in found {
            assert_eq!(
                (judged.status, judged.reason),
                (Status::Accepted, Some(Reason::InauthenticTraffic)),
                "{judged:?}"
            );
            assert!(judged.counted_share.is_some_and(|share| share < 0.2), "{judged:?}");
        }
        let words: Vec<String> = cycles[2]
            .evidence
            .contents
            .values()
            .filter_map(|known| known.traffic.as_ref())
            .flat_map(|finding| finding.signals.iter().map(|signal| signal.kind.to_string()))
            .collect();
        assert!(words.iter().any(|words| words.starts_with("views fell from ")), "{words:?}");
        for cycle in &cycles {
            let others = cycle.submissions.iter().filter(|judged| !buyers.contains(&judged.uid));
            assert!(others.into_iter().all(|judged| judged.counted_share.is_none()), "honest miners lose nothing");
        }
    });
}
