//! Items that several miners or tasks list: who is paid for one, and what counts as the same item.

use super::{VIDEO, claim, content, evidence, hotkey, list, outcome, seen, task, video, with};
use tensorflix_domain::decision::decide;
use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::{ContentScope, OwnershipRule, Policy};
use tensorflix_domain::verdict::{Reason, Status};

#[test]
fn a_duplicate_is_decided_without_waiting_for_metrics() {
    let mut evidence = evidence();
    list(&mut evidence, 9, &[("yt", VIDEO)]);
    list(&mut evidence, 3, &[("yt", VIDEO)]);
    evidence.claims = vec![claim(9, ("yt", VIDEO), 100), claim(3, ("yt", VIDEO), 150)];
    let submissions = decide(&evidence, &Policy::default()).submissions;
    // Pitfall: the lowest UID once won every dispute.
    assert_eq!(outcome(&submissions[0]), (Status::Pending, Some(Reason::PlatformUnavailable)));
    assert_eq!(outcome(&submissions[1]), (Status::Rejected, Some(Reason::DuplicateSubmission)));
    assert_eq!(submissions[0].settled_by, Some(SettledBy::PollingRound));
}

#[test]
fn the_ownership_tag_outranks_earlier_claims_unless_it_is_off() {
    for (rule, winner) in [(OwnershipRule::Off, 9), (OwnershipRule::Prefer, 3), (OwnershipRule::Required, 3)] {
        let policy = Policy { ownership_tag: rule, ..Policy::default() };
        let mut evidence = evidence();
        list(&mut evidence, 3, &[("yt", VIDEO)]);
        list(&mut evidence, 9, &[("yt", VIDEO)]);
        evidence.claims = vec![claim(9, ("yt", VIDEO), 100), claim(3, ("yt", VIDEO), 150)];
        video(&mut evidence, VIDEO, with(|known| known.owner_tag = Some(hotkey(3))).expect("seen"));
        let decision = decide(&evidence, &policy);
        assert_eq!(decision.scores.keys().copied().collect::<Vec<_>>(), [hotkey(winner)], "{rule:?}");
    }
}

#[test]
fn with_the_scope_of_the_subnet_a_content_counts_once_in_all_tasks() {
    for (scope, accepted) in [(ContentScope::Task, 2), (ContentScope::Subnet, 1)] {
        let policy = Policy { content_scope: scope, ..Policy::default() };
        let mut evidence = evidence();
        evidence.tasks[1] = task("yt2", Platform::YOUTUBE);
        list(&mut evidence, 3, &[("yt", VIDEO), ("yt2", VIDEO)]);
        video(&mut evidence, VIDEO, seen(500));
        let submissions = decide(&evidence, &policy).submissions;
        let found = submissions.iter().filter(|judged| judged.status == Status::Accepted).count();
        assert_eq!(found, accepted, "{scope:?}");
    }
}

#[test]
fn one_id_on_two_platforms_is_two_contents() {
    let id = "AAAAAAAAAAA";
    let mut evidence = evidence();
    list(&mut evidence, 3, &[("yt", id)]);
    list(&mut evidence, 9, &[("ig", id)]);
    video(&mut evidence, id, seen(500));
    evidence.contents.insert(content(Platform::INSTAGRAM, id), seen(700));
    let policy = Policy { content_scope: ContentScope::Subnet, ..Policy::default() };
    let submissions = decide(&evidence, &policy).submissions;
    assert!(submissions.iter().all(|judged| judged.status == Status::Accepted), "{submissions:?}");
}
