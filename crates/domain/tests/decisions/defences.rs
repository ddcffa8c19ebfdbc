//! What each defence does to submissions, and that it affects no other miner.

use super::*;
use tensorflix_domain::defences::{Defences, ForeignTag};
use tensorflix_domain::evidence::{Origin, Person, SettledViews, digest, fingerprint};
use tensorflix_domain::suspicion::{concentrated_tasks, reuploads};
use tensorflix_domain::traffic::TrafficFinding;

/// All of them off.
fn without() -> Policy {
    Policy { defences: Defences::default(), ..Policy::default() }
}

fn with(change: impl Fn(&mut Defences)) -> Policy {
    let mut policy = without();
    change(&mut policy.defences);
    policy
}

fn id(number: u32) -> String {
    format!("video{number:06}")
}

/// An item with an origin.
fn of(origin: Origin, views: u64) -> ContentEvidence {
    ContentEvidence { origin: Some(Box::new(origin)), ..seen(views) }
}

/// Videos of one task in one channel, listed by the given hotkeys in turn, beside one of another miner and channel.
fn listed_by(uids: &[Uid], count: u32) -> Evidence {
    let mut evidence = evidence();
    let channel = |name: &str| Origin { channel: Some(digest(name)), ..Origin::default() };
    for (place, uid) in uids.iter().enumerate() {
        let videos: Vec<String> = (0..count).skip(place).step_by(uids.len()).map(id).collect();
        let pairs: Vec<(&str, &str)> = videos.iter().map(|video| ("yt", video.as_str())).collect();
        list(&mut evidence, *uid, &pairs);
    }
    for number in 0..count {
        video(&mut evidence, &id(number), of(channel("one"), 1_000));
    }
    list(&mut evidence, 90, &[("yt", "othersvideo")]);
    video(&mut evidence, "othersvideo", of(channel("another"), 1_000));
    for miner in &mut evidence.miners {
        let (key, github_id) = if miner.uid == 90 { (91, 2) } else { (80, 1) };
        miner.person = Some(Box::new(Person { coldkey: Some(hotkey(key)), github_id: Some(github_id) }));
        miner.owner_confirmed = true;
    }
    evidence
}

fn earned(decision: &Decision, uids: &[Uid]) -> f64 {
    uids.iter().filter_map(|uid| decision.scores.get(&hotkey(*uid))).sum()
}

/// Every way to split nine videos over hotkeys earns what one hotkey with all of them earns.
#[test]
fn splitting_over_hotkeys_pays_no_more_than_one_hotkey_under_each_cap() {
    let caps: [fn(&mut Defences); 3] = [
        |defences| defences.max_per_coldkey_and_task = 5,
        |defences| defences.max_per_github_owner_and_task = 5,
        |defences| defences.max_per_channel_and_task = 5,
    ];
    let splits: [&[Uid]; 4] = [&[3], &[3, 4], &[3, 4, 5], &[3, 4, 5, 6, 7, 8, 9, 10, 11]];
    for cap in caps {
        for uids in splits {
            let decision = decide(&listed_by(uids, 9), &with(cap));
            assert_eq!((earned(&decision, uids), earned(&decision, &[90])), (5.0, 1.0), "{uids:?}");
            // One hotkey alone is held to its own limit.
            let limit = if uids.len() == 1 { Reason::TooManySubmissions } else { Reason::OwnerLimit };
            let refused = decision.submissions.iter().filter(|judged| judged.reason == Some(limit));
            assert!(refused.clone().all(|judged| judged.score.is_none()) && refused.count() == 4);
        }
    }
    let uncapped = decide(&listed_by(&[3, 4, 5], 9), &without());
    assert_eq!(earned(&uncapped, &[3, 4, 5]), 9.0, "what the caps are for");
    let by_default = decide(&listed_by(&[3, 4, 5], 9), &Policy::default());
    assert_eq!(earned(&by_default, &[3, 4, 5]), 5.0, "one coldkey has five places");
    let mut unknown = listed_by(&[3, 4, 5], 9);
    unknown.miners.iter_mut().for_each(|miner| miner.person = None);
    assert_eq!(earned(&decide(&unknown, &Policy::default()), &[3, 4, 5]), 9.0, "unknown coldkeys share no places");
}

#[test]
fn nobody_uses_up_anothers_places() {
    // A miner that names another's login, unconfirmed, and one that is first with untagged videos of a tagged channel.
    let mut evidence = listed_by(&[30], 5);
    let thieves: Vec<String> = (100..105).map(id).collect();
    let pairs: Vec<(&str, &str)> = thieves.iter().map(|video| ("yt", video.as_str())).collect();
    list(&mut evidence, 3, &pairs);
    let thief = evidence.miners.last_mut().expect("listed");
    thief.person = Some(Box::new(Person { coldkey: None, github_id: Some(1) }));
    evidence.miners.sort_by_key(|miner| miner.uid);
    for (number, video_id) in thieves.iter().enumerate() {
        video(&mut evidence, video_id, of(Origin { channel: Some(digest("one")), ..Origin::default() }, 50));
        let own = evidence.contents.get_mut(&content(Platform::YOUTUBE, &id(number as u32))).expect("known");
        own.owner_tag = Some(hotkey(30));
    }
    let policy = with(|defences| {
        defences.max_per_coldkey_and_task = 5;
        defences.max_per_github_owner_and_task = 5;
        defences.max_per_channel_and_task = 5;
    });
    let decision = decide(&evidence, &policy);
    assert_eq!((earned(&decision, &[30]), earned(&decision, &[3])), (5.0, 0.0));
}

#[test]
fn of_a_content_that_was_large_at_first_sight_only_what_came_since_counts() {
    let first = |count| Some(Measurement { at: stamp(70.0), count });
    let judged = |count, large| {
        let known = of(Origin { first_views: first(count), ..Origin::default() }, 6_000);
        check(&with(|defences| defences.first_sight_views = large), Some(known), Status::Accepted, None)
    };
    assert_eq!(judged(5_000, 0).score, Some(120.0));
    assert_eq!(judged(5_000, 5_001).score, Some(120.0), "it was small");
    assert_eq!((judged(5_000, 5_000).score, judged(5_000, 5_000).view_count), (Some(20.0), Some(1_000)));
    assert_eq!(judged(9_000, 5_000).score, Some(0.0), "the platform took views back");
    let just_seen = of(Origin { first_views: seen(6_000).views, ..Origin::default() }, 6_000);
    let policy = with(|defences| defences.first_sight_views = 6_000);
    check(&policy, Some(just_seen.clone()), Status::Pending, Some(Reason::AwaitingSettlement));
    check(&with(|defences| defences.first_sight_views = 6_001), Some(just_seen), Status::Accepted, None);
    // Where views must settle too, nothing that has settled came since the first sight.
    let settled = Some(SettledViews { time: hour(70.0), count: 5_000 });
    let known = of(Origin { first_views: first(5_000), settled, ..Origin::default() }, 6_000);
    let both = with(|defences| (defences.first_sight_views, defences.settling_hours) = (5_000, 24.0));
    check(&both, Some(known), Status::Pending, Some(Reason::AwaitingSettlement));
    let unknown = check(&with(|defences| defences.first_sight_views = 1), Some(seen(6_000)), Status::Accepted, None);
    assert_eq!(unknown.score, Some(120.0), "an unknown first sight is held against nobody");
}

#[test]
fn the_slower_of_the_rates_of_now_and_of_long_enough_ago_counts() {
    let judged = |settled, now, hours, status, reason| {
        let settled = Some(SettledViews { time: hour(75.0), count: settled });
        let known = of(Origin { settled, ..Origin::default() }, now);
        check(&with(|defences| defences.settling_hours = hours), Some(known), status, reason).score
    };
    assert_eq!(judged(100, 900, 0.0, Status::Accepted, None), Some(18.0));
    assert_eq!(judged(100, 900, 25.0, Status::Accepted, None), Some(4.0), "by the hours of then");
    assert_eq!(judged(900, 100, 25.0, Status::Accepted, None), Some(2.0), "the platform took views back");
    assert_eq!(judged(900, 1_000, 25.0, Status::Accepted, None), Some(20.0), "what was fast once does not stay so");
    judged(100, 900, 25.1, Status::Pending, Some(Reason::AwaitingSettlement));
    let unwatched = with(|defences| defences.settling_hours = 1.0);
    check(&unwatched, Some(seen(900)), Status::Pending, Some(Reason::AwaitingSettlement));
}

#[test]
fn hidden_engagement_counts_less_once_judged_and_never_more_than_shown_engagement() {
    let judged = |authenticity: Option<f64>, hides_engagement| {
        let traffic = authenticity.map(|authenticity| TrafficFinding { authenticity, signals: Vec::new() });
        let known = ContentEvidence { traffic, ..of(Origin { hides_engagement, ..Origin::default() }, 1_000) };
        let mut evidence = evidence();
        list(&mut evidence, 5, &[("yt", VIDEO)]);
        video(&mut evidence, VIDEO, known);
        decide(&evidence, &with(|defences| defences.hidden_engagement_share = 0.7)).submissions[0].counted_share
    };
    assert_eq!([judged(Some(1.0), true), judged(Some(0.95), true)], [Some(0.7), Some(0.7)]);
    assert_eq!([judged(Some(0.2), true), judged(Some(0.2), false)], [Some(0.2), Some(0.2)]);
    assert_eq!([judged(Some(1.0), false), judged(None, true)], [None, None]);
}

#[test]
fn a_content_that_names_another_miner_counts_for_nobody_else() {
    let judged = |named, rule| {
        let mut evidence = evidence();
        list(&mut evidence, 5, &[("yt", VIDEO)]);
        list(&mut evidence, 6, &[]);
        video(&mut evidence, VIDEO, ContentEvidence { owner_tag: Some(hotkey(named)), ..seen(100) });
        outcome(&decide(&evidence, &with(|defences| defences.foreign_tag = rule)).submissions[0])
    };
    assert_eq!(judged(6, ForeignTag::Accept), (Status::Accepted, None));
    assert_eq!(judged(6, ForeignTag::Reject), (Status::Rejected, Some(Reason::MissingOwnershipTag)));
    assert_eq!(judged(5, ForeignTag::Reject), (Status::Accepted, None));
    assert_eq!(judged(77, ForeignTag::Reject), (Status::Accepted, None), "a hotkey that is no miner's");
}

#[test]
fn a_curve_below_one_brings_scores_nearer_and_leaves_raw_ones() {
    let mut evidence = evidence();
    list(&mut evidence, 3, &[("yt", "aaaaaaaaaaa")]);
    list(&mut evidence, 4, &[("yt", "bbbbbbbbbbb")]);
    video(&mut evidence, "aaaaaaaaaaa", seen(1_000));
    video(&mut evidence, "bbbbbbbbbbb", seen(250));
    let decision = decide(&evidence, &with(|defences| defences.score_exponent = 0.5));
    let judged = decision.submissions;
    assert_eq!([judged[0].score, judged[1].score], [Some(20.0), Some(5.0)]);
    assert_eq!([judged[0].normalized_score, judged[1].normalized_score], [Some(1.0), Some(0.5)]);
}

/// Four miners compete in `yt`, one is alone in `lone` with few views.
fn with_a_lone_task(lone_views: u64) -> Evidence {
    let mut evidence = evidence();
    evidence.tasks.push(task("lone", Platform::YOUTUBE));
    for uid in 3..7 {
        let video_id = id(u32::from(uid));
        list(&mut evidence, uid, &[("yt", &video_id)]);
        video(&mut evidence, &video_id, seen(u64::from(uid) * 100));
    }
    list(&mut evidence, 8, &[("lone", "lonelyvideo")]);
    video(&mut evidence, "lonelyvideo", seen(lone_views));
    evidence
}

#[test]
fn the_best_of_a_task_counts_whole_only_at_the_level_of_the_other_tasks() {
    let lone = |lone_views, share| {
        let decision = decide(&with_a_lone_task(lone_views), &with(|defences| defences.task_floor_share = share));
        let of = |uid| decision.scores[&hotkey(uid)];
        (of(8), of(6))
    };
    // The second best of `yt` has 500 views: that is its level.
    assert_eq!([lone(50, 0.0), lone(50, 1.0), lone(50, 0.5)], [(1.0, 1.0), (0.1, 1.0), (0.2, 1.0)]);
    assert_eq!(lone(5_000, 1.0), (1.0, 1.0), "a lone viral video lowers nobody");
}

#[test]
fn fewer_than_four_competitors_make_no_level() {
    let mut evidence = with_a_lone_task(50);
    evidence.miners.remove(0);
    let decision = decide(&evidence, &with(|defences| defences.task_floor_share = 1.0));
    assert_eq!(decision.scores[&hotkey(8)], 1.0);
}

#[test]
fn nearly_all_of_a_task_for_one_miner_is_reported() {
    let decision = decide(&with_a_lone_task(50), &Policy::default());
    let found = concentrated_tasks(&decision.submissions);
    let found: Vec<_> =
        found.iter().map(|found| (found.task_id.as_str(), found.uid, found.share, found.miners)).collect();
    assert_eq!(found, [("lone", 8, 1.0, 1)]);
}

#[test]
fn the_same_title_and_length_in_another_channel_is_a_hint_at_the_later_one() {
    let mut evidence = evidence();
    let origin = |channel: &str, title: &str, seconds| {
        let channel = Some(digest(channel));
        Origin { channel, fingerprint: fingerprint(title, seconds), ..Origin::default() }
    };
    for (uid, video_id, origin, hours) in [
        (3, "theoriginal", origin("one", "A Cat, dancing!", 30), 50.0),
        (4, "thereupload", origin("two", "a cat dancing", 30), 60.0),
        (5, "longervideo", origin("three", "a cat dancing", 31), 60.0),
        (6, "samechannel", origin("one", "a cat dancing", 30), 70.0),
        (7, "untitledone", origin("four", "?!", 30), 60.0),
    ] {
        list(&mut evidence, uid, &[("yt", video_id)]);
        let mut known = of(origin, 100);
        presence(&mut known).published_at = Some(hour(hours));
        video(&mut evidence, video_id, known);
    }
    let decision = decide(&evidence, &Policy::default());
    let found = reuploads(&evidence, &decision.submissions);
    let uids: Vec<_> = found.iter().map(|found| (found.original.1, found.copy.1)).collect();
    assert_eq!(uids, [(3, 4)]);
    assert!(decision.submissions.iter().all(|judged| judged.status == Status::Accepted), "a hint decides nothing");
}

#[test]
fn defences_that_are_off_leave_no_trace_in_a_recorded_cycle() {
    let policy = serde_json::to_value(without()).expect("JSON");
    assert_eq!(policy.get("defences"), None);
    let read: Policy = serde_json::from_value(policy).expect("a policy");
    assert!(read.defences.are_off());
    let text = serde_json::to_string(&evidence()).expect("JSON");
    assert!(!text.contains("origin") && !text.contains("person"), "{text}");
}
