//! All kinds of hostile miners at once.

use crate::subnet::{Subnet, errors_of, of, run, weight};
use tensorflix_domain::verdict::Reason;
use tensorflix_sandbox::world::{Conduct, WorldConfig};

#[test]
fn every_kind_of_hostile_miner_gets_the_reason_that_is_due() {
    run(async {
        let mut subnet = Subnet::start(WorldConfig { miners: 40, ..WorldConfig::default() }, |_, _| ()).await;
        let cycle = subnet.cycle().await;
        for (conduct, reason) in [
            (Conduct::PublishesEarly, Reason::PublishedBeforeTaskStart),
            (Conduct::GoesLive, Reason::LiveOrPremiere),
            (Conduct::SubmitsMissing, Reason::NoVideoData),
            (Conduct::InvalidIds, Reason::InvalidContentId),
            (Conduct::FloodsTask, Reason::TooManySubmissions),
            (Conduct::UnknownTask, Reason::UnknownTask),
            (Conduct::CopiesAnother, Reason::DuplicateSubmission),
            (Conduct::PointsAtAnothersGist, Reason::DuplicateSubmission),
            (Conduct::NullReelViews, Reason::AwaitingMetrics),
        ] {
            let uids = subnet.uids(conduct);
            assert!(!uids.is_empty(), "nobody shows {conduct:?}");
            let found = of(&cycle, &uids).any(|judged| judged.reason == Some(reason));
            assert!(found, "{conduct:?} of {uids:?} is not told {reason}");
        }
        for conduct in [
            Conduct::DuplicateKeys,
            Conduct::BrokenGist,
            Conduct::HugeGist,
            Conduct::MissingGist,
            Conduct::ClaimsAnothersGist,
            Conduct::MalformedCommitment,
        ] {
            for uid in subnet.uids(conduct) {
                assert!(!errors_of(&cycle, uid).is_empty(), "{conduct:?} of {uid} is not reported");
                assert!(weight(&cycle, uid) == 0.0, "{conduct:?} of {uid} earns something");
            }
        }
    });
}
