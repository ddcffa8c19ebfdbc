//! The hints of an audit: each kind is reported where there is a reason for it, and not where there is none.

#![allow(clippy::expect_used, reason = "a test that cannot build its evidence must fail")]

use std::collections::BTreeMap;
use tensorflix_domain::audit::{Hint, MOST_OF_A_KIND, audit};
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::evidence::{ContentEvidence, Evidence, Origin};
use tensorflix_domain::ids::{ContentId, Hotkey, Uid};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::{OwnershipRule, Policy};
use tensorflix_domain::rounds::Rounds;
use tensorflix_domain::subnet::{CommitmentRecord, Hyperparameters, Neuron, Subnet};
use tensorflix_domain::verdict::Status;
use tensorflix_domain::weights::ScoreVector;

const AT: BlockStamp = BlockStamp { block: 1_000, time: Moment::from_unix_ms(1_787_000_000_000) };

fn hotkey(uid: Uid) -> Hotkey {
    let mut key = [7_u8; 32];
    key[..2].copy_from_slice(&uid.to_be_bytes());
    Hotkey::new(key)
}

fn id(number: usize) -> String {
    format!("video{number:06}")
}

/// An accepted video in task `t`, with a text that names its miner.
struct Listed {
    uid: Uid,
    content: usize,
    normalized: f64,
    tagged: bool,
    channel: u64,
    settled_by: SettledBy,
}

fn listed(uid: Uid, content: usize, normalized: f64) -> Listed {
    let channel = u64::from(uid) + 1_000;
    Listed { uid, content, normalized, tagged: true, channel, settled_by: SettledBy::NoDispute }
}

fn cycle(listed: &[Listed]) -> DecidedCycle {
    let mut contents = BTreeMap::new();
    let mut scores = ScoreVector::new();
    let mut submissions = Vec::new();
    for one in listed {
        let key = ContentId::new(Platform::YOUTUBE, &id(one.content)).expect("an id");
        contents.entry(key).or_insert_with(|| ContentEvidence {
            owner_tag: one.tagged.then(|| hotkey(one.uid)),
            origin: Some(Box::new(Origin { channel: Some(one.channel), ..Origin::default() })),
            ..ContentEvidence::default()
        });
        *scores.entry(hotkey(one.uid)).or_insert(0.0) += one.normalized;
        submissions.push(Judged {
            uid: one.uid,
            hotkey: hotkey(one.uid),
            task_id: "t".to_owned(),
            content_id: id(one.content),
            platform: Some(Platform::YOUTUBE),
            status: Status::Accepted,
            reason: None,
            view_count: Some(1),
            observed_at: None,
            published_at: None,
            score: Some(1.0),
            counted_share: None,
            normalized_score: Some(one.normalized),
            arithmetic: None,
            settled_by: Some(one.settled_by),
            is_provisional: false,
        });
    }
    let evidence = Evidence {
        at: AT,
        tasks: Vec::new(),
        miners: Vec::new(),
        claims: Vec::new(),
        contents,
        previous: None,
        recovery: None,
        owner_hotkey: None,
        unwatched: Vec::new(),
        rounds: Rounds::default(),
    };
    let (policy, errors) = (Policy::default(), Vec::new());
    DecidedCycle {
        cycle: 1,
        release: String::new(),
        evidence,
        policy,
        submissions,
        smoothed: ScoreVector::new(),
        scores,
        errors,
    }
}

/// Neurons 0 to 9; each commits a gist of its own, except those in `shared`, which commit one.
fn subnet(shared: &[Uid]) -> Subnet {
    let neuron = |uid: Uid| {
        let gist = if shared.contains(&uid) { 99 } else { uid };
        Neuron {
            uid,
            hotkey: hotkey(uid),
            coldkey: None,
            stake_rao: 0,
            validator_permit: false,
            active: true,
            last_update: 0,
            registered_at: 0,
            consensus: 0,
            validator_trust: 0,
            dividends: 0,
            commitment: Some(CommitmentRecord { text: Some(format!("somebody:{gist:032x}")), block: 1 }),
        }
    };
    Subnet {
        at: AT,
        block_hash: None,
        netuid: 89,
        neurons: (0..10).map(neuron).collect(),
        hyperparameters: Hyperparameters {
            tempo: 360,
            weights_rate_limit: 100,
            min_allowed_weights: 1,
            weights_version_key: 0,
            stake_threshold_rao: 0,
            activity_cutoff: 5_000,
            commit_reveal: false,
        },
        owner_hotkey: None,
    }
}

/// Four miners with a quarter each, without a hint.
fn ordinary() -> Vec<Listed> {
    (1..=4).map(|uid| listed(uid, usize::from(uid), 0.5)).collect()
}

#[track_caller]
fn check(listed: &[Listed], shared: &[Uid], before: Option<&ScoreVector>, expected: &[Hint]) {
    assert_eq!(audit(&cycle(listed), &subnet(shared), before).hints, expected);
}

#[test]
fn an_ordinary_cycle_has_nothing_to_look_at() {
    let before = cycle(&ordinary()).scores;
    check(&ordinary(), &[], Some(&before), &[]);
    check(&ordinary(), &[], None, &[]);
    check(&[], &[], Some(&before), &[]);
}

#[test]
fn a_winner_without_a_tag_is_told_unless_tags_are_off_or_it_earns_little() {
    let untagged = |normalized| {
        let mut all = ordinary();
        all.push(Listed { tagged: false, ..listed(5, 5, normalized) });
        all
    };
    let hint = Hint::UntaggedWinner { uid: 5, task_id: "t".to_owned(), content_id: id(5), share: 0.5 / 2.5 };
    check(&untagged(0.5), &[], None, &[hint]);
    check(&untagged(0.1), &[], None, &[]);
    let mut off = cycle(&untagged(0.5));
    off.policy.ownership_tag = OwnershipRule::Off;
    assert_eq!(audit(&off, &subnet(&[]), None).hints, []);
}

#[test]
fn a_gist_that_several_commit_is_told_with_their_uids() {
    let hint = Hint::SharedGist { gist: format!("somebody:{:032x}", 99), uids: vec![2, 7] };
    check(&ordinary(), &[2, 7], None, &[hint]);
}

#[test]
fn a_dispute_is_a_tie_only_where_nothing_proves_who_was_first() {
    for (settled_by, told) in [
        (SettledBy::OwnershipTag, false),
        (SettledBy::PinnedRevision, false),
        (SettledBy::PollingRound, false),
        (SettledBy::GistUpdate, true),
        (SettledBy::CommitmentBlock, true),
        (SettledBy::Uid, true),
    ] {
        let mut all = ordinary();
        all[0].settled_by = settled_by;
        let mut cycle = cycle(&all);
        let mut loser = cycle.submissions[0].clone();
        (loser.uid, loser.status, loser.normalized_score) = (6, Status::Rejected, None);
        cycle.submissions.push(loser);
        let tie = Hint::Tie { uid: 1, task_id: "t".to_owned(), content_id: id(1), others: vec![6], settled_by };
        let expected = if told { vec![tie] } else { Vec::new() };
        assert_eq!(audit(&cycle, &subnet(&[]), None).hints, expected, "{settled_by:?}");
    }
}

#[test]
fn a_gain_is_sudden_when_it_is_large_and_many_times_what_was_had() {
    let shares = |first: f64| ScoreVector::from([(hotkey(1), first), (hotkey(2), 1.0 - first)]);
    for (before, now, told) in
        [(0.1, 0.3, true), (0.0, 0.2, true), (0.0, 0.05, false), (0.3, 0.45, false), (0.6, 0.2, true)]
    {
        let mut cycle = cycle(&[]);
        cycle.scores = shares(now);
        let hints = audit(&cycle, &subnet(&[]), Some(&shares(before))).hints;
        assert_eq!(!hints.is_empty(), told, "{before} {now}: {hints:?}");
    }
}

#[test]
fn one_channel_under_several_hotkeys_is_told_and_under_one_it_is_not() {
    let mut all = ordinary();
    all.push(Listed { channel: 1_001, ..listed(1, 8, 0.2) });
    check(&all, &[], None, &[]);
    all.push(Listed { channel: 1_001, ..listed(9, 9, 0.2) });
    check(&all, &[], None, &[Hint::SharedChannel { uids: vec![1, 9], content_ids: vec![id(1), id(9)] }]);
}

#[test]
fn a_task_that_is_nearly_one_miners_is_told() {
    let all = [listed(1, 1, 1.0), listed(2, 2, 0.05)];
    let hints = audit(&cycle(&all), &subnet(&[]), None).hints;
    assert!(matches!(hints.as_slice(), [Hint::ConcentratedTask { uid: 1, .. }]), "{hints:?}");
}

#[test]
fn of_too_many_hints_of_a_kind_the_rest_are_counted() {
    let many: Vec<Listed> = (0..30)
        .map(|number| Listed {
            settled_by: SettledBy::Uid,
            ..listed(1, number, 0.5 + 0.001 * f64::from(number as u32))
        })
        .collect();
    let audit = audit(&cycle(&many), &subnet(&[]), None);
    assert_eq!((audit.hints.len(), audit.untold), (MOST_OF_A_KIND, 10));
    assert!(matches!(&audit.hints[0], Hint::Tie { content_id, .. } if *content_id == id(29)), "most weight first");
}
