//! Places and claims: a pair without a place neither counts nor blocks another, and a pair without a claim waits.

use super::{VIDEO, claim, evidence, hotkey, list, outcome, presence, seen, stamp, video, with};
use tensorflix_domain::decision::{contents_not_rejected, decide};
use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::evidence::Evidence;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::observation::Broadcast;
use tensorflix_domain::policy::{ContentScope, Policy};
use tensorflix_domain::verdict::{Reason, Status};

const SQUATTER: Uid = 3;
const OWNER: Uid = 9;

/// The owner lists the video and claims it in round 125, the squatter has claimed it in round 100 and lists these.
fn squatted(listed: &[(&str, &str)]) -> Evidence {
    let mut evidence = evidence();
    list(&mut evidence, SQUATTER, listed);
    list(&mut evidence, OWNER, &[("yt", VIDEO)]);
    evidence.claims = vec![claim(SQUATTER, ("yt", VIDEO), 100), claim(OWNER, ("yt", VIDEO), 150)];
    video(&mut evidence, VIDEO, seen(500));
    evidence
}

#[test]
fn a_claim_without_a_place_blocks_nobody_and_keeps_its_time_until_it_has_one_again() {
    let policy = Policy { max_per_miner_and_task: 2, ..Policy::default() };
    let earned = |evidence: &Evidence| decide(evidence, &policy).scores.keys().copied().collect::<Vec<_>>();
    let others = ["aaaaaaaaaa1", "aaaaaaaaaa2"];
    for (listed, winner, what) in [
        (&[("yt", VIDEO)][..], SQUATTER, "it is placed"),
        (&[("yt", others[0]), ("yt", VIDEO)], SQUATTER, "the last place is one"),
        (&[("yt", others[0]), ("yt", others[1]), ("yt", VIDEO)], OWNER, "two others hold the places"),
        (&[("yt", "no id"), ("yt", others[0]), ("yt", VIDEO)], SQUATTER, "what is malformed takes no place"),
        (&[("yt", others[0])], OWNER, "withdrawn"),
        (&[("else", VIDEO)], OWNER, "listed for another task"),
        (&[], OWNER, "an empty gist"),
    ] {
        assert_eq!(earned(&squatted(listed)), [hotkey(winner)], "{what}");
    }
    let mut unreadable = squatted(&[("yt", VIDEO)]);
    unreadable.miners.retain(|miner| miner.uid != SQUATTER);
    assert_eq!(earned(&unreadable), [hotkey(OWNER)], "its gist could not be read");
}

#[test]
fn in_the_subnets_scope_a_claim_without_a_place_in_another_task_blocks_nobody() {
    let policy = Policy { max_per_miner_and_task: 1, content_scope: ContentScope::Subnet, ..Policy::default() };
    for (listed, winner) in [(&[("yt2", VIDEO)][..], SQUATTER), (&[("yt2", "aaaaaaaaaa1"), ("yt2", VIDEO)], OWNER)] {
        let mut evidence = squatted(listed);
        evidence.tasks[1] = super::task("yt2", tensorflix_domain::platform::Platform::YOUTUBE);
        evidence.claims[0] = claim(SQUATTER, ("yt2", VIDEO), 100);
        let paid: Vec<_> = decide(&evidence, &policy).scores.into_keys().collect();
        assert_eq!(paid, [hotkey(winner)], "{listed:?}");
    }
}

#[test]
fn what_is_not_claimed_waits_so_that_two_hotkeys_are_never_paid_for_one_content() {
    let mut evidence = squatted(&[("yt", VIDEO)]);
    evidence.claims.clear();
    let decision = decide(&evidence, &Policy::default());
    for judged in &decision.submissions {
        assert_eq!(outcome(judged), (Status::Pending, Some(Reason::AwaitingClaim)));
        assert_eq!((judged.score, judged.view_count), (None, None));
    }
    assert!(decision.scores.is_empty());

    // One of the two is claimed: it alone is paid, and the other is a duplicate unless the text names its hotkey.
    evidence.claims = vec![claim(OWNER, ("yt", VIDEO), 125)];
    for (named, late) in [
        (None, (Status::Rejected, Some(Reason::DuplicateSubmission))),
        (Some(OWNER), (Status::Rejected, Some(Reason::DuplicateSubmission))),
        (Some(SQUATTER), (Status::Pending, Some(Reason::AwaitingClaim))),
    ] {
        video(&mut evidence, VIDEO, with(|known| known.owner_tag = named.map(hotkey)).expect("seen"));
        let decision = decide(&evidence, &Policy::default());
        assert_eq!(outcome(&decision.submissions[0]), late, "{named:?}");
        assert_eq!(decision.scores.into_keys().collect::<Vec<_>>(), [hotkey(OWNER)], "{named:?}");
    }

    // A claim of the same hotkey for another task is none for this one.
    evidence.claims = vec![claim(OWNER, ("ig", VIDEO), 125), claim(SQUATTER, ("yt2", VIDEO), 1)];
    assert!(decide(&evidence, &Policy::default()).scores.is_empty());
}

#[test]
fn what_is_broken_is_rejected_also_before_it_is_claimed() {
    let live = with(|known| presence(known).broadcast = Broadcast::Live).expect("seen");
    let mut gone = seen(500);
    gone.latest.as_mut().expect("latest").presence = None;
    for (known, reason) in [(live, Reason::LiveOrPremiere), (gone, Reason::ContentRemoved)] {
        let mut evidence = squatted(&[]);
        evidence.claims.clear();
        video(&mut evidence, VIDEO, known);
        let submissions = decide(&evidence, &Policy::default()).submissions;
        assert_eq!(outcome(&submissions[0]), (Status::Rejected, Some(reason)));
    }
}

#[test]
fn the_winner_of_a_dispute_without_a_rival_that_holds_a_place_is_said_to_have_none() {
    let judged = |listed| decide(&squatted(listed), &Policy::default()).submissions.pop().expect("the owner's");
    assert_eq!(judged(&[]).settled_by, None);
    assert_eq!(judged(&[("yt", VIDEO)]).settled_by, Some(SettledBy::PollingRound));
}

#[test]
fn contents_that_cannot_count_are_not_among_those_that_others_are_compared_with() {
    let mut evidence = evidence();
    let ids = ["aaaaaaaaaa1", "aaaaaaaaaa2", "aaaaaaaaaa3", "aaaaaaaaaa4"];
    list(&mut evidence, OWNER, &ids.map(|id| ("yt", id)));
    video(&mut evidence, ids[0], seen(500));
    video(&mut evidence, ids[1], with(|known| presence(known).broadcast = Broadcast::Live).expect("seen"));
    video(&mut evidence, ids[2], with(|known| known.views = None).expect("seen"));
    video(&mut evidence, ids[3], seen(500));
    let counting = |evidence: &Evidence, policy: &Policy| {
        contents_not_rejected(evidence, policy).iter().map(|content| content.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(counting(&evidence, &Policy::default()), [ids[0], ids[2], ids[3]]);
    let few = Policy { max_per_miner_and_task: 3, ..Policy::default() };
    assert_eq!(counting(&evidence, &few), [ids[0], ids[2]]);
    evidence.tasks[0].task.end_at = Some(stamp(50.0).time);
    assert!(counting(&evidence, &few).is_empty(), "published when the task had ended");
}
