//! Small records to store, each different where its arguments are.

use crate::gists::video;
use crate::subnets::{hotkey, moment, stamp};
use tensorflix_domain::claim::Claim;
use tensorflix_domain::cycle::{DecidedCycle, ReportedError};
use tensorflix_domain::dating::{Dating, GistDate};
use tensorflix_domain::evidence::{
    BoundClaim, ContentEvidence, Evidence, LatestSighting, Measurement, Miner, PreviousScores, SeenContent,
    WeightedTask,
};
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::gist_record::{ClaimedHolding, Holding};
use tensorflix_domain::ids::{Block, ContentId, Uid};
use tensorflix_domain::intent::{RevealPlan, WeightIntent};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::observation::{Broadcast, Details, Metrics, Observation, Presence, Sighting};
use tensorflix_domain::places::PlaceRuleDigest;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::rounds::Rounds;
use tensorflix_domain::submission::Pair;
use tensorflix_domain::task::Task;
use tensorflix_domain::verdict::Status;
use tensorflix_domain::verification::{Check, PlatformSignals, Provider, Subject, Verdict, Wait};

/// Text that SQL, JSON and C would each like to misread.
pub const ODD: &str = "it's \"quoted\"\n\0 %_\\ \u{1b}[31m ünï 🎬 日本";

/// A video or reel that is present, with a title that names its block.
pub fn seen(content: &ContentId, block: Block, view_count: Option<u64>, play_count: Option<u64>) -> Observation {
    let metrics = Metrics { view_count, play_count, like_count: Some(3), comment_count: None };
    let details = Details {
        published_at: Some(moment(-f64::from(block))),
        title: format!("title of {block}"),
        description: ODD.to_owned(),
        author: "someone".to_owned(),
        tags: vec!["a".to_owned(), "b,c".to_owned()],
        duration_secs: Some(61),
        broadcast: Broadcast::None,
        thumbnail_url: Some(format!("https://pictures.test/{block}")),
        signals: PlatformSignals { synthetic_media: Some(true), age_restricted: None, upload_rejected: Some(false) },
    };
    observed(content, block, Sighting::Present(Box::new(Presence { metrics, details })))
}

/// The same with other details.
pub fn seen_with(content: &ContentId, block: Block, change: impl FnOnce(&mut Details)) -> Observation {
    let mut observation = seen(content, block, None, None);
    if let Sighting::Present(presence) = &mut observation.sighting {
        change(&mut presence.details);
    }
    observation
}

/// Statistics only.
pub fn counted(content: &ContentId, block: Block, view_count: Option<u64>) -> Observation {
    observed(content, block, Sighting::Counted(Metrics { view_count, ..Metrics::default() }))
}

pub fn absent(content: &ContentId, block: Block) -> Observation {
    observed(content, block, Sighting::Absent)
}

fn observed(content: &ContentId, block: Block, sighting: Sighting) -> Observation {
    Observation { content: content.clone(), at: stamp(block), sighting }
}

pub fn measured(block: Block, count: u64) -> Option<Measurement> {
    Some(Measurement { at: stamp(block), count })
}

pub const fn rule(number: u8) -> PlaceRuleDigest {
    PlaceRuleDigest([number; 32])
}

/// Holdings as claimed under a rule.
pub fn claimed(holdings: &[Holding], rule: PlaceRuleDigest) -> Vec<ClaimedHolding> {
    holdings.iter().map(|holding| ClaimedHolding { id: holding.id, rule }).collect()
}

pub fn gist(username: &str, gist_id: &str) -> GistName {
    GistName { username: username.to_owned(), gist_id: gist_id.to_owned() }
}

/// A claim of a hotkey on a video for the task `t`, by a gist that the hotkey's number names.
pub fn claim(number: u32, key: u8, round: Block) -> Claim {
    Claim {
        task_id: "t".to_owned(),
        content_id: video(number).as_str().to_owned(),
        hotkey: hotkey(key),
        pinned_at: None,
        round,
        committed_at: 1,
        gist: Some(gist_of(key)),
    }
}

/// The gist that a hotkey's number names.
pub fn gist_of(key: u8) -> GistName {
    gist("someone", &format!("{key:02x}"))
}

/// The date of a hotkey's claims of a round, asked in `asked_round` if that is given.
pub fn date(key: u8, round: Block, asked_round: Option<Block>, dating: Dating) -> GistDate {
    GistDate { asked_round, dating, ..GistDate::waiting(hotkey(key), round, gist_of(key), round) }
}

pub fn verdict(check: Check, task_id: Option<&str>, provider: Provider, block: Block) -> Verdict {
    Verdict {
        check,
        task_id: task_id.map(str::to_owned),
        provider,
        model: "a \"model\"".to_owned(),
        breach_permille: u16::try_from(block % 1_000).expect("below a thousand"),
        scores: [("nudity".to_owned(), 7)].into(),
        words: Some(ODD.to_owned()),
        subject: Subject::of("text", Some(3), task_id),
        at: stamp(block),
        reading_version: 1,
    }
}

pub fn wait(check: Check, task_id: Option<&str>, block: Block) -> Wait {
    let task_id = task_id.map(str::to_owned);
    Wait { check, task_id, subject: Subject::of("text", None, None), since: stamp(block) }
}

/// An intent of a hotkey for a window, with bytes and hash made from `number`.
pub fn intent(key: u8, window: Block, number: u8) -> WeightIntent {
    WeightIntent {
        hotkey: Some(hotkey(key)),
        window,
        cycle: 1,
        signed_at: stamp(window + 1),
        entries: vec![(0, 0), (1, 65_535), (Uid::MAX, 1)],
        extrinsic: vec![0, 255, number],
        extrinsic_hash: [number; 32],
        nonce: u64::MAX,
        valid_until: window + 64,
        reveal: None,
        outcome: None,
    }
}

/// The same for a commit.
pub fn commit(key: u8, window: Block, number: u8) -> WeightIntent {
    let plan = RevealPlan {
        round: u64::MAX,
        reveal_at: window + 360,
        commit_until: window + 100,
        epoch_blocks: 361,
        opening: None,
    };
    WeightIntent { reveal: Some(plan), ..intent(key, window, number) }
}

/// A decision with something in every part, with `number` for all floats.
pub fn decided(cycle: u32, block: Block, number: f64) -> DecidedCycle {
    let known = ContentEvidence {
        latest: Some(LatestSighting { at: stamp(block), presence: Some(SeenContent::default()) }),
        seen_before: true,
        views: measured(block, u64::MAX),
        ..ContentEvidence::default()
    };
    let task = Task {
        id: "t".parse().expect("a task id"),
        description: ODD.to_owned(),
        platform: Platform::YOUTUBE,
        start_at: moment(1.0),
        end_at: None,
    };
    let pair = Pair { task_id: "t".to_owned(), content_id: video(2).as_str().to_owned() };
    let judged = Judged {
        uid: 1,
        hotkey: hotkey(1),
        task_id: pair.task_id.clone(),
        content_id: pair.content_id.clone(),
        platform: Some(Platform::YOUTUBE),
        status: Status::Accepted,
        reason: None,
        view_count: Some(u64::MAX),
        observed_at: None,
        published_at: Some(moment(2.0)),
        score: Some(number),
        counted_share: Some(number),
        normalized_score: Some(number),
        arithmetic: None,
        settled_by: None,
        is_provisional: true,
    };
    DecidedCycle {
        cycle,
        release: "0.1.0".to_owned(),
        evidence: Evidence {
            at: stamp(block),
            tasks: vec![WeightedTask { task, weight: number }],
            miners: vec![Miner { uid: 1, hotkey: hotkey(1), pairs: vec![pair], owner_confirmed: true, person: None }],
            claims: vec![BoundClaim { uid: 1, claim: claim(2, 1, 50), dating: Dating::Dated(moment(1.5)) }],
            contents: [(video(2), known), (video(3), ContentEvidence::default())].into(),
            previous: Some(PreviousScores { at: stamp(1), scores: [(hotkey(4), number)].into() }),
            recovery: None,
            owner_hotkey: None,
            unwatched: Vec::new(),
            rounds: Rounds { blocks: 50, times: [(50, moment(3.0))].into(), ..Rounds::default() },
        },
        policy: Policy { burn_share: number, ..Policy::default() },
        submissions: vec![judged],
        smoothed: [(hotkey(1), number), (hotkey(3), number)].into(),
        scores: [(hotkey(1), number), (hotkey(2), number / 2.0)].into(),
        errors: vec![ReportedError { uid: Some(1), source: "gist".to_owned(), line: None, reason: ODD.to_owned() }],
    }
}
