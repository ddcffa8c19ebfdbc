//! What must hold after any run, whatever went wrong in it.

use super::chaos::{Chaos, WINDOW_BLOCKS};
use super::internet::{RUN_COST_USD, SECRET};
use super::process::{
    DAILY_CHARGE_USD, DAILY_OPINIONS, DAILY_QUOTA, MAX_CALLS_IN_FLIGHT, MAX_GISTS_IN_FLIGHT, Outside,
};
use super::truth::{
    self, BEGIN, CONTENTS, COPIED, COPIER, FILMED, OWNER_OF_COPIED, SLOT_BLOCKS, WITHDRAWN, WITHDRAWN_FROM,
};
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_actors::platforms::instagram::charge_units;
use tensorflix_actors::ports::Store;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::decision::decide;
use tensorflix_domain::ids::Block;
use tensorflix_domain::intent::IntentOutcome;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_domain::weights::weight_vector;
use tensorflix_testkit::subnets::hotkey;

/// Blocks that may pass from the head by which an observation is dated to the platform's answer.
const ANSWER_BLOCKS: u32 = 400;

/// Checks all of them.
pub async fn check(outside: &Outside, chaos: &Chaos, end: Block) {
    let mut decided = Vec::new();
    for cycle in outside.store.cycles() {
        decided.extend(outside.store.decided_cycle(cycle.cycle).await.expect("read"));
    }
    for cycle in &decided {
        evidence_is_true(cycle);
        unknown_is_never_against_anybody(cycle);
        whoever_listed_it_first_holds_it(cycle);
        a_decision_repeats_bit_for_bit(cycle);
    }
    the_last_slot_is_decided_and_true(&decided, end);
    a_window_has_one_submission(outside, chaos, &decided, end);
    what_was_sent_is_what_was_decided(outside, &decided);
    quota_is_spent_as_the_ledger_says(outside);
    work_in_flight_is_bounded(outside);
    claims_are_of_what_was_listed(outside);
    assert!(!format!("{decided:?}").contains(SECRET), "no secret is in what was stored");
}

/// Numbers are those of the platform, dated by the block at which it was asked; no outage makes one up or lets one age.
fn evidence_is_true(cycle: &DecidedCycle) {
    for (content, known) in &cycle.evidence.contents {
        let number = truth::number_of(content.as_str()).expect("only what is listed is asked for");
        if let Some(views) = known.views {
            let (least, most) =
                (truth::views(number, views.at.block), truth::views(number, views.at.block + ANSWER_BLOCKS));
            assert!((least..=most).contains(&views.count), "video {number} at {views:?}");
        }
        if let Some(latest) = &known.latest {
            let seen = latest.presence.as_ref().expect("every item is there: nothing may say otherwise");
            assert_eq!(seen.published_at, Some(truth::published_at(number)), "video {number}");
        }
    }
}

/// A good item is never rejected, whichever miner listed it: it counts, or it is pending. What a camera filmed never counts,
/// whatever happens to the detector.
fn unknown_is_never_against_anybody(cycle: &DecidedCycle) {
    for judged in &cycle.submissions {
        let number = truth::number_of(&judged.content_id).expect("a video");
        if judged.uid == COPIER && number == COPIED {
            continue;
        }
        if number == FILMED {
            let is_found = judged.reason == Some(Reason::NotAiGenerated);
            assert!(judged.status == Status::Pending || is_found, "cycle {}: {judged:?}", cycle.cycle);
            continue;
        }
        assert_ne!(judged.status, Status::Rejected, "cycle {}: {judged:?}", cycle.cycle);
        if judged.status == Status::Accepted {
            let views = cycle.evidence.contents[&truth::content(number)].views.expect("it was counted");
            #[expect(clippy::cast_precision_loss, reason = "small numbers of a test")]
            let score = views.count as f64 / views.at.time.hours_since(truth::published_at(number));
            assert_eq!(judged.score, Some(score), "hours end at the observation's own block: {judged:?}");
        }
    }
}

/// As long as the gist of the first one counts: what GitHub says against a gist, or its age, takes its places away.
fn whoever_listed_it_first_holds_it(cycle: &DecidedCycle) {
    if !cycle.evidence.miners.iter().any(|miner| miner.uid == OWNER_OF_COPIED) {
        return;
    }
    for judged in cycle.submissions.iter().filter(|judged| judged.uid == COPIER) {
        if truth::number_of(&judged.content_id) == Some(COPIED) {
            assert_eq!(judged.reason, Some(Reason::DuplicateSubmission), "{judged:?}");
        }
    }
}

fn a_decision_repeats_bit_for_bit(cycle: &DecidedCycle) {
    let again = decide(&cycle.evidence, &cycle.policy);
    assert_eq!(again.submissions, cycle.submissions, "cycle {}", cycle.cycle);
    let bits = |scores: &tensorflix_domain::weights::ScoreVector| -> Vec<_> {
        scores.iter().map(|(hotkey, score)| (*hotkey, score.to_bits())).collect()
    };
    assert_eq!(bits(&again.scores), bits(&cycle.scores), "cycle {}", cycle.cycle);
}

/// Once nothing goes wrong any more, everybody is scored as if nothing ever had.
fn the_last_slot_is_decided_and_true(decided: &[DecidedCycle], end: Block) {
    let last = decided.last().expect("a cycle was decided");
    assert!(last.evidence.at.block >= end - SLOT_BLOCKS, "the last slot has no decision: {}", last.evidence.at.block);
    let accepted: BTreeSet<(u16, u32)> = last
        .submissions
        .iter()
        .filter(|judged| judged.status == Status::Accepted)
        .map(|judged| (judged.uid, truth::number_of(&judged.content_id).expect("a video")))
        .collect();
    for (uid, numbers) in CONTENTS {
        for number in numbers {
            let is_listed = *number != WITHDRAWN || last.evidence.at.block < WITHDRAWN_FROM;
            assert_eq!(accepted.contains(&(uid, *number)), is_listed && *number != FILMED, "UID {uid}, {number}");
        }
    }
    let is_found = |judged: &Judged| judged.reason == Some(Reason::NotAiGenerated);
    let found: Vec<_> = last.submissions.iter().filter(|judged| is_found(judged)).collect();
    assert_eq!(found.len(), 1, "what was filmed is found out: {found:?}");
}

/// At most one in every window, and exactly one where process, store and chain were well.
fn a_window_has_one_submission(outside: &Outside, chaos: &Chaos, decided: &[DecidedCycle], end: Block) {
    let mut of_window: BTreeMap<Block, u32> = BTreeMap::new();
    for record in outside.chain.records() {
        assert_eq!(record.failure, None, "{record:?}");
        *of_window.entry(record.block - record.block % WINDOW_BLOCKS).or_default() += 1;
    }
    let first_decision = decided.first().expect("a decision").evidence.at.block;
    for window in (BEGIN..end - WINDOW_BLOCKS).step_by(WINDOW_BLOCKS as usize) {
        let count = of_window.get(&window).copied().unwrap_or(0);
        assert!(count <= 1, "{count} submissions in the window from {window}");
        // Before anything is decided there is nothing to send.
        let is_owed = window > first_decision + WINDOW_BLOCKS && !chaos.disturbed.contains(&window);
        assert!(count == 1 || !is_owed, "no submission in the window from {window}, in which all was well");
    }
}

fn what_was_sent_is_what_was_decided(outside: &Outside, decided: &[DecidedCycle]) {
    let on_chain: BTreeSet<Vec<u8>> = outside.chain.records().into_iter().map(|record| record.bytes).collect();
    let mut known = BTreeSet::new();
    for intent in outside.store.intents() {
        known.insert(intent.extrinsic.clone());
        let cycle = decided.iter().find(|cycle| cycle.cycle == intent.cycle).expect("only what is decided is sent");
        assert_eq!(intent.entries, weight_vector(&cycle.scores, &truth::subnet()), "cycle {}", cycle.cycle);
        let is_there = on_chain.contains(&intent.extrinsic);
        let reached = intent.outcome.as_ref().map(IntentOutcome::reached_chain);
        assert!(reached.is_none_or(|reached| reached == is_there), "{:?}", intent.outcome);
    }
    let unsettled = outside.store.intents().iter().rev().skip(1).filter(|intent| intent.outcome.is_none()).count();
    assert_eq!(unsettled, 0, "what came of each but the newest is known by now");
    assert!(on_chain.is_subset(&known), "nothing is on chain that was not stored first");
}

fn quota_is_spent_as_the_ledger_says(outside: &Outside) {
    let traffic = outside.internet.traffic();
    let spent = outside.store.all_units_spent();
    for (bucket, budget, least) in [
        ("youtube", DAILY_QUOTA, traffic.youtube_requests),
        ("apify", charge_units(DAILY_CHARGE_USD), traffic.apify_runs * charge_units(RUN_COST_USD)),
        ("verifier/", DAILY_OPINIONS, traffic.detector_requests),
    ] {
        let of_bucket: Vec<u64> =
            spent.iter().filter(|((name, _), _)| name.starts_with(bucket)).map(|(_, units)| *units).collect();
        assert!(of_bucket.iter().all(|units| *units <= budget), "{spent:?}");
        let units: u64 = of_bucket.into_iter().sum();
        assert!(units >= least, "{bucket}: {units} units for {traffic:?}: each request is debited before it is made");
    }
}

fn work_in_flight_is_bounded(outside: &Outside) {
    let peak = outside.internet.traffic().peak;
    assert!(peak <= 2 * (MAX_GISTS_IN_FLIGHT + 3 * MAX_CALLS_IN_FLIGHT), "{peak} requests were under way at one time");
}

/// Claims are added for what was listed, and each is dated by a round in which it was.
fn claims_are_of_what_was_listed(outside: &Outside) {
    let claims = outside.store.claims();
    for claim in &claims {
        let uid = u16::from(claim.hotkey.public_key()[0]) - 1;
        let number = truth::number_of(&claim.content_id).expect("a video");
        // The gist is read at most a round's length after the block that dates it.
        let listed = (claim.round..claim.round + 40).any(|block| {
            let document = truth::document(&format!("miner-{uid}"), block).unwrap_or_default();
            String::from_utf8_lossy(&document).contains(&claim.content_id)
        });
        assert!(listed, "{claim:?} was never listed in that round");
        assert!(number != COPIED || uid == COPIER || claim.hotkey == hotkey(2), "{claim:?}");
    }
    let known: BTreeSet<(u16, u32)> = claims
        .iter()
        .filter_map(|claim| Some((u16::from(claim.hotkey.public_key()[0]) - 1, truth::number_of(&claim.content_id)?)))
        .collect();
    for (uid, numbers) in CONTENTS {
        for number in numbers {
            assert!(known.contains(&(uid, *number)), "no claim of UID {uid} on video {number} is left");
        }
    }
}
