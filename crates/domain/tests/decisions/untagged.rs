//! The limit on untagged videos: when a task has it, how high it is, and that it changes nothing else.

use super::*;
use tensorflix_domain::evidence::{Origin, Person, digest};
use tensorflix_domain::views::Arithmetic;

/// The share of these tests.
const SHARE: f64 = 0.25;

fn limited() -> Policy {
    Policy { untagged_share: SHARE, ..Policy::default() }
}

fn unlimited() -> Policy {
    Policy { untagged_share: 1.0, ..Policy::default() }
}

fn id(uid: Uid, number: u32) -> String {
    format!("v{uid:05}-{number:04}")
}

/// Lists videos of a miner for the task `yt`, each with its views and the UID of the hotkey that its text names.
fn miner(evidence: &mut Evidence, uid: Uid, videos: &[(u64, Option<Uid>)]) {
    let ids: Vec<String> = (0..).take(videos.len()).map(|number| id(uid, number)).collect();
    let pairs: Vec<(&str, &str)> = ids.iter().map(|id| ("yt", id.as_str())).collect();
    list(evidence, uid, &pairs);
    for (id, (views, named)) in ids.iter().zip(videos) {
        video(evidence, id, ContentEvidence { owner_tag: named.map(hotkey), ..seen(*views) });
    }
}

/// Gives miners a coldkey.
fn own(evidence: &mut Evidence, uids: &[Uid], coldkey: Uid) {
    for miner in evidence.miners.iter_mut().filter(|miner| uids.contains(&miner.uid)) {
        miner.person = Some(Box::new(Person { coldkey: Some(hotkey(coldkey)), github_id: None }));
    }
}

fn tagged(evidence: &mut Evidence, uid: Uid, views: u64) {
    miner(evidence, uid, &[(views, Some(uid))]);
}

fn untagged(evidence: &mut Evidence, uid: Uid, views: u64) {
    miner(evidence, uid, &[(views, None)]);
}

/// Two tagged miners, the better one with 1,000 views, and an untagged one with 5,000.
fn two_of_three() -> Evidence {
    let mut evidence = evidence();
    tagged(&mut evidence, 3, 400);
    tagged(&mut evidence, 4, 1_000);
    untagged(&mut evidence, 5, 5_000);
    evidence
}

fn judged(decision: &Decision, uid: Uid) -> &Judged {
    decision.submissions.iter().find(|judged| judged.uid == uid).expect("judged")
}

fn normalized(decision: &Decision, uid: Uid) -> f64 {
    judged(decision, uid).normalized_score.expect("a score")
}

#[track_caller]
fn check_unlimited(evidence: &Evidence, policy: &Policy) {
    let (decision, without) = (decide(evidence, policy), decide(evidence, &unlimited()));
    assert_eq!(decision, without);
    let json = |decision: &Decision| serde_json::to_string(decision).expect("JSON");
    assert_eq!(json(&decision), json(&without));
    assert!(!json(&decision).contains("untagged"), "and the record keeps its bytes");
}

#[test]
fn an_untagged_video_counts_a_share_of_the_best_tagged_one_and_every_raw_score_stays() {
    let evidence = two_of_three();
    let (decision, without) = (decide(&evidence, &limited()), decide(&evidence, &unlimited()));
    assert_eq!((normalized(&decision, 3), normalized(&decision, 4), normalized(&decision, 5)), (0.4, 1.0, SHARE));
    assert_eq!((normalized(&without, 4), normalized(&without, 5)), (0.2, 1.0), "without the limit it is the best");
    for (limited, before) in decision.submissions.iter().zip(&without.submissions) {
        assert_eq!(limited.score.map(f64::to_bits), before.score.map(f64::to_bits));
        assert_eq!((limited.status, limited.reason), (before.status, before.reason));
    }
    let arithmetic = judged(&decision, 5).arithmetic.as_deref().expect("recorded");
    assert_eq!((arithmetic.untagged_limit, arithmetic.divisor), (Some(5.0), 20.0), "20 views an hour are the best");
    assert!(judged(&decision, 5).is_limited() && !judged(&decision, 4).is_limited());
}

#[test]
fn an_untagged_video_keeps_at_least_the_share_of_what_it_counted_and_one_below_the_limit_keeps_all() {
    for views in [0, 1, 249, 250, 251, 999, 1_000, 1_001, 1_000_000] {
        let mut evidence = two_of_three();
        evidence.contents.get_mut(&content(Platform::YOUTUBE, &id(5, 0))).expect("known").views =
            Some(Measurement { at: stamp(100.0), count: views });
        let (now, before) = (decide(&evidence, &limited()), decide(&evidence, &unlimited()));
        let (now, before) = (normalized(&now, 5), normalized(&before, 5));
        assert!(now >= SHARE * before && now <= before.max(SHARE), "{views}: {before} and then {now}");
        assert_eq!(now.to_bits() == before.to_bits(), views <= 250, "{views}: {before} and then {now}");
    }
}

#[test]
fn a_task_is_limited_only_where_two_thirds_of_its_owners_have_a_tagged_video() {
    for (tagged_count, untagged_count, is_limited) in [
        (1, 1, false),
        (2, 1, true),
        (1, 0, false),
        (3, 2, false),
        (4, 2, true),
        (5, 3, false),
        (10, 5, true),
        (0, 4, false),
    ] {
        let mut evidence = evidence();
        for number in 0..tagged_count {
            tagged(&mut evidence, 10 + number, 100);
        }
        for number in 0..untagged_count {
            untagged(&mut evidence, 50 + number, 9_000);
        }
        let decision = decide(&evidence, &limited());
        let limited_count = decision.submissions.iter().filter(|judged| judged.is_limited()).count();
        let expected = if is_limited { usize::from(untagged_count) } else { 0 };
        assert_eq!(limited_count, expected, "{tagged_count} tagged, {untagged_count} untagged");
        if !is_limited {
            check_unlimited(&evidence, &limited());
        }
    }
}

#[test]
fn several_hotkeys_of_one_coldkey_are_one_owner_on_both_sides() {
    // Eight tagged hotkeys of one person beside two untagged miners: one of three owners.
    let mut evidence = evidence();
    (10..18).for_each(|uid| tagged(&mut evidence, uid, 1));
    own(&mut evidence, &[10, 11, 12, 13, 14, 15, 16, 17], 80);
    untagged(&mut evidence, 50, 900);
    untagged(&mut evidence, 51, 800);
    check_unlimited(&evidence, &limited());
    // With a coldkey each, they are eight of ten.
    let mut many = evidence.clone();
    (10..18).for_each(|uid| own(&mut many, &[uid], uid + 70));
    assert!(judged(&decide(&many, &limited()), 50).is_limited());
    // A hotkey with an unknown coldkey is an owner too.
    (10..18)
        .for_each(|uid| many.miners.iter_mut().filter(|miner| miner.uid == uid).for_each(|miner| miner.person = None));
    assert!(judged(&decide(&many, &limited()), 50).is_limited());
    // Nobody switches the limit off with many untagged hotkeys of one coldkey.
    let mut stripped = two_of_three();
    (60..70).for_each(|uid| untagged(&mut stripped, uid, 10));
    check_unlimited(&stripped, &limited());
    let all: Vec<Uid> = (60..70).chain([5]).collect();
    own(&mut stripped, &all, 90);
    assert!(judged(&decide(&stripped, &limited()), 5).is_limited());
}

#[test]
fn one_tagged_video_with_one_view_limits_nobody() {
    let mut evidence = evidence();
    tagged(&mut evidence, 3, 1);
    (4..7).for_each(|uid| untagged(&mut evidence, uid, 1_000));
    check_unlimited(&evidence, &limited());
    // Nor do tagged videos that nobody watched.
    let mut unwatched = two_of_three();
    for uid in [3, 4] {
        unwatched.contents.get_mut(&content(Platform::YOUTUBE, &id(uid, 0))).expect("known").views =
            Some(Measurement { at: stamp(100.0), count: 0 });
    }
    check_unlimited(&unwatched, &limited());
}

#[test]
fn only_videos_that_count_make_owners_and_levels() {
    // A tagged video of another task, and a rejected one, are none of this task.
    let mut evidence = two_of_three();
    presence(evidence.contents.get_mut(&content(Platform::YOUTUBE, &id(3, 0))).expect("known")).published_at =
        Some(hour(-1.0));
    check_unlimited(&evidence, &limited());
    // The limit follows from the best tagged one, after discounts, however viral the untagged ones are.
    let mut two = two_of_three();
    untagged(&mut two, 6, 9_000_000);
    tagged(&mut two, 7, 1);
    tagged(&mut two, 8, 2_000);
    let decision = decide(&two, &limited());
    assert_eq!((normalized(&decision, 5), normalized(&decision, 6), normalized(&decision, 8)), (SHARE, SHARE, 1.0));
}

#[test]
fn without_untagged_videos_without_prefer_or_at_one_no_bit_changes() {
    let mut all_tagged = evidence();
    (3..9).for_each(|uid| tagged(&mut all_tagged, uid, u64::from(uid) * 37));
    check_unlimited(&all_tagged, &limited());
    check_unlimited(&two_of_three(), &unlimited());
    for rule in [OwnershipRule::Off, OwnershipRule::Required] {
        let decide_at = |untagged_share| {
            decide(&two_of_three(), &Policy { ownership_tag: rule, untagged_share, ..Policy::default() })
        };
        assert_eq!(decide_at(SHARE), decide_at(1.0), "{rule:?}");
    }
}

#[test]
fn a_video_of_a_channel_that_names_the_miner_is_not_a_strangers() {
    let of = |channel: &str| Some(Box::new(Origin { channel: Some(digest(channel)), ..Origin::default() }));
    let known = |evidence: &mut Evidence, uid, number, channel: &str| {
        evidence.contents.get_mut(&content(Platform::YOUTUBE, &id(uid, number))).expect("known").origin = of(channel);
    };
    let mut evidence = two_of_three();
    miner(&mut evidence, 6, &[(10, Some(6)), (8_000, None)]);
    known(&mut evidence, 5, 0, "stranger");
    known(&mut evidence, 6, 0, "six");
    known(&mut evidence, 6, 1, "six");
    let limits = |evidence: &Evidence| {
        let decision = decide(evidence, &limited());
        decision.submissions.iter().map(Judged::is_limited).collect::<Vec<_>>()
    };
    assert_eq!(limits(&evidence), [false, false, true, false, false], "the untagged video of six is its own");
    known(&mut evidence, 6, 1, "stranger");
    assert_eq!(limits(&evidence), [false, false, true, false, true], "the limit is that of the best tagged one");
    // A channel that names one miner is another's all the same, and a text that names another overrules the channel.
    known(&mut evidence, 5, 0, "six");
    assert_eq!(limits(&evidence), [false, false, true, false, true]);
    known(&mut evidence, 6, 1, "six");
    evidence.contents.get_mut(&content(Platform::YOUTUBE, &id(6, 1))).expect("known").owner_tag = Some(hotkey(99));
    assert_eq!(limits(&evidence), [false, false, true, false, true]);
}

#[test]
fn a_video_that_names_another_hotkey_is_limited_like_one_that_names_none() {
    let mut evidence = two_of_three();
    tagged(&mut evidence, 6, 10);
    miner(&mut evidence, 7, &[(7_000, Some(99))]);
    assert_eq!(
        normalized(&decide(&evidence, &limited()), 7).to_bits(),
        normalized(&decide(&evidence, &unlimited()), 7).to_bits()
    );
    tagged(&mut evidence, 8, 10);
    assert_eq!(normalized(&decide(&evidence, &limited()), 7), SHARE);
}

#[test]
fn a_record_reads_back_with_its_limits() {
    let decision = decide(&two_of_three(), &limited());
    let json = serde_json::to_string(&decision).expect("JSON");
    assert_eq!(serde_json::from_str::<Decision>(&json).expect("a decision"), decision);
    let marked = |judged: &&Judged| {
        judged.arithmetic.as_deref().is_some_and(|arithmetic: &Arithmetic| arithmetic.untagged_limit.is_some())
    };
    assert_eq!(decision.submissions.iter().filter(marked).map(|judged| judged.uid).collect::<Vec<_>>(), [5]);
}
