//! What the analysis of traffic does to submissions, by policy.

use super::*;
use tensorflix_domain::policy::TrafficRule;
use tensorflix_domain::traffic::{DISCOUNT_BELOW, REJECT_BELOW, TrafficFinding};

const FAKE: &str = "aaaaaaaaaaa";
const REAL: &str = "bbbbbbbbbbb";

fn found(authenticity: f64) -> Option<TrafficFinding> {
    Some(TrafficFinding { authenticity, signals: Vec::new() })
}

/// One miner has 1,000 views of this authenticity, another 400 that are not suspected.
fn contest(authenticity: f64) -> Evidence {
    let mut evidence = evidence();
    list(&mut evidence, 3, &[("yt", FAKE)]);
    list(&mut evidence, 4, &[("yt", REAL)]);
    video(&mut evidence, FAKE, ContentEvidence { traffic: found(authenticity), ..seen(1_000) });
    video(&mut evidence, REAL, ContentEvidence { traffic: found(1.0), ..seen(400) });
    evidence
}

fn under(traffic: TrafficRule, authenticity: f64) -> Vec<Judged> {
    decide(&contest(authenticity), &Policy { traffic, ..Policy::default() }).submissions
}

#[test]
fn a_discount_lowers_what_counts_and_leaves_every_raw_score() {
    let judged = under(TrafficRule::Discount, 0.2);
    assert_eq!(outcome(&judged[0]), (Status::Accepted, Some(Reason::InauthenticTraffic)));
    assert_eq!(judged[0].view_count, Some(1_000));
    assert_eq!([judged[0].score, judged[1].score], [Some(20.0), Some(8.0)], "raw scores know no discount");
    assert_eq!([judged[0].counted_share, judged[1].counted_share], [Some(0.2), None]);
    assert_eq!(
        [judged[0].normalized_score, judged[1].normalized_score],
        [Some(0.5), Some(1.0)],
        "bought views do not make those of others look small"
    );
}

#[test]
fn a_small_doubt_changes_no_bit() {
    let sure = under(TrafficRule::Discount, 1.0);
    let mut suspected = under(TrafficRule::Discount, DISCOUNT_BELOW);
    assert_eq!(suspected, sure);
    suspected = under(TrafficRule::Discount, DISCOUNT_BELOW.next_down());
    assert_eq!(suspected[0].reason, Some(Reason::InauthenticTraffic));
}

#[test]
fn each_policy_does_what_it_says() {
    use {Reason::*, Status::*};
    for (rule, authenticity, status, reason, share) in [
        (TrafficRule::Off, 0.0, Accepted, None, None),
        (TrafficRule::Observe, 0.0, Accepted, None, None),
        (TrafficRule::Discount, 0.0, Accepted, Some(InauthenticTraffic), Some(0.0)),
        (TrafficRule::Hold, 0.0, Pending, Some(AwaitingVerdict), None),
        (TrafficRule::Hold, REJECT_BELOW, Accepted, None, None),
        (TrafficRule::Reject, REJECT_BELOW.next_down(), Rejected, Some(InauthenticTraffic), None),
        (TrafficRule::Reject, REJECT_BELOW, Accepted, None, None),
    ] {
        let judged = under(rule, authenticity);
        assert_eq!(
            (outcome(&judged[0]), judged[0].counted_share),
            ((status, reason), share),
            "{rule:?} {authenticity}"
        );
        assert_eq!(outcome(&judged[1]), (Accepted, None), "{rule:?}");
    }
}

#[test]
fn an_earlier_rule_is_told_before_the_traffic() {
    let mut evidence = contest(0.0);
    let known = evidence.contents.get_mut(&content(Platform::YOUTUBE, FAKE)).expect("the video");
    presence(known).published_at = Some(hour(-1_000.0));
    for traffic in [TrafficRule::Reject, TrafficRule::Hold, TrafficRule::Discount] {
        let judged = decide(&evidence, &Policy { traffic, ..Policy::default() }).submissions;
        assert_eq!(outcome(&judged[0]), (Status::Rejected, Some(Reason::PublishedBeforeTaskStart)));
        assert_eq!(judged[0].counted_share, None);
    }
}

#[test]
fn a_policy_that_was_recorded_without_the_rule_had_it_off() {
    let mut recorded = serde_json::to_value(Policy::default()).expect("JSON");
    assert_eq!(recorded["traffic"], "discount");
    recorded.as_object_mut().expect("an object").remove("traffic");
    let policy: Policy = serde_json::from_value(recorded.clone()).expect("a policy");
    assert_eq!(policy.traffic, TrafficRule::Off);
    assert_eq!(serde_json::to_value(&policy).expect("JSON"), recorded, "and is written as it was");
}
