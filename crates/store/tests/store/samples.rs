//! Small records to store, each different where its arguments are.

use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::claim::Claim;
use tensorflix_domain::cycle::{DecidedCycle, ReportedError};
use tensorflix_domain::dating::Dating;
use tensorflix_domain::evidence::{
    BoundClaim, ContentEvidence, Evidence, LatestSighting, Measurement, Miner, Origin, PreviousScores, SeenContent,
    WeightedTask,
};
use tensorflix_domain::gist_record::{ClaimedHolding, Holding};
use tensorflix_domain::ids::{Block, ContentId, Hotkey};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::observation::{Broadcast, Details, Metrics, Observation, Presence, Sighting};
use tensorflix_domain::places::PlaceRuleDigest;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::rounds::Rounds;
use tensorflix_domain::rounds::UnwatchedBlocks;
use tensorflix_domain::submission::Pair;
use tensorflix_domain::subnet::{CommitmentRecord, Hyperparameters, Neuron, Subnet};
use tensorflix_domain::task::Task;
use tensorflix_domain::traffic::TrafficFinding;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_domain::verification::{Check, PlatformSignals, Provider, Subject, Verdict, VerificationEvidence, Wait};
use tensorflix_store::Store;

/// A folder of its own with the path of a database in it.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self) -> PathBuf {
        self.folder().join("tensorflix.db")
    }

    pub fn url(&self) -> String {
        url_of(&self.file())
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.url()).await.expect("a database")
    }
}

/// The rule for places that goes by a number.
pub const fn rule(number: u8) -> PlaceRuleDigest {
    PlaceRuleDigest([number; 32])
}

/// Holdings as claimed under the first rule.
pub fn claimed(holdings: &[Holding]) -> Vec<ClaimedHolding> {
    holdings.iter().map(|holding| ClaimedHolding { id: holding.id, rule: rule(1) }).collect()
}

pub fn url_of(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

/// A connection past the store, to inspect and to damage.
pub async fn raw(file: &Path) -> sqlx::SqlitePool {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    sqlx::SqlitePool::connect_with(options).await.expect("a connection")
}

pub async fn count(file: &Path, table: &'static str) -> i64 {
    let statement = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    let pool = raw(file).await;
    let count = sqlx::query_scalar(statement).fetch_one(&pool).await.expect("a count");
    pool.close().await;
    count
}

/// A block with the time it has on a chain that makes one every 12 s.
pub fn stamp(block: Block) -> BlockStamp {
    BlockStamp { block, time: Moment::from_unix_ms(i64::from(block) * 12_000) }
}

pub fn hotkey(key: u8) -> Hotkey {
    Hotkey::new([key; 32])
}

/// Items with even numbers are on YouTube, those with odd ones on Instagram.
pub fn content(number: u32) -> ContentId {
    let platform = if number.is_multiple_of(2) { Platform::YOUTUBE } else { Platform::INSTAGRAM };
    ContentId::new(platform, &format!("v{number:010}")).expect("an id")
}

pub fn absent(number: u32, block: Block) -> Observation {
    Observation { content: content(number), at: stamp(block), sighting: Sighting::Absent }
}

/// An item that exists, with statistics; its title is `title of {block}`.
pub fn seen(number: u32, block: Block, view_count: Option<u64>, play_count: Option<u64>) -> Observation {
    let metrics = Metrics { view_count, play_count, like_count: Some(3), comment_count: None };
    let details = Details {
        published_at: Some(Moment::from_unix_ms(i64::from(block) + 7)),
        title: format!("title of {block}"),
        description: "it's \"quoted\"\n\0and nul".to_owned(),
        author: "someone".to_owned(),
        tags: vec!["a".to_owned(), "b,c".to_owned()],
        duration_secs: Some(61),
        broadcast: Broadcast::Ended,
        thumbnail_url: None,
        signals: PlatformSignals { synthetic_media: Some(true), age_restricted: None, upload_rejected: Some(false) },
    };
    let sighting = Sighting::Present(Box::new(Presence { metrics, details }));
    Observation { content: content(number), at: stamp(block), sighting }
}

pub fn claim(task_id: &str, number: u32, key: u8, round: Block) -> Claim {
    Claim {
        task_id: task_id.to_owned(),
        content_id: content(number).as_str().to_owned(),
        hotkey: hotkey(key),
        pinned_at: Some(round + 1),
        round,
        committed_at: round - 1,
        gist: None,
    }
}

pub fn subnet(block: Block, neurons: u8) -> Subnet {
    let neuron = |key: u8| Neuron {
        uid: key.into(),
        hotkey: hotkey(key),
        coldkey: Some(hotkey(200)),
        stake_rao: u64::MAX - 1,
        validator_permit: true,
        active: true,
        last_update: 5,
        registered_at: 4,
        consensus: 65_535,
        validator_trust: 1,
        dividends: 2,
        commitment: Some(CommitmentRecord { text: Some("alice:00ff".to_owned()), block: 3 }),
    };
    Subnet {
        at: stamp(block),
        block_hash: None,
        netuid: 89,
        neurons: (0..neurons).map(neuron).collect(),
        hyperparameters: Hyperparameters {
            tempo: 360,
            weights_rate_limit: 100,
            min_allowed_weights: 1,
            weights_version_key: u64::MAX,
            stake_threshold_rao: 1,
            activity_cutoff: 5_000,
            commit_reveal: false,
        },
        owner_hotkey: Some(hotkey(9)),
    }
}

/// A verdict at a block, as certain in thousandths as the last digits of the block's number.
pub fn verdict(check: Check, task_id: Option<&str>, provider: Provider, block: Block) -> Verdict {
    Verdict {
        check,
        task_id: task_id.map(str::to_owned),
        provider,
        model: "a \"model\"".to_owned(),
        breach_permille: u16::try_from(block % 1_000).expect("below a thousand"),
        scores: [("nudity".to_owned(), 7)].into(),
        words: Some("it's\n\0odd".to_owned()),
        subject: Subject::of("text", Some(3), task_id),
        at: stamp(block),
        reading_version: 1,
    }
}

pub fn wait(check: Check, task_id: Option<&str>, block: Block) -> Wait {
    let task_id = task_id.map(str::to_owned);
    Wait { check, task_id, subject: Subject::of("text", None, None), since: stamp(block) }
}

/// A decision with something in every part and `number` as every float.
pub fn decided(cycle: u32, block: Block, number: f64) -> DecidedCycle {
    let evidence = ContentEvidence {
        latest: Some(LatestSighting { at: stamp(block), presence: Some(SeenContent::default()) }),
        seen_before: true,
        views: Some(Measurement { at: stamp(block), count: u64::MAX }),
        plays: None,
        owner_tag: Some(hotkey(1)),
        named_hotkeys: 2,
        shortfall: Some(Reason::QuotaExhausted),
        verification: Some(Box::new(VerificationEvidence {
            sampled: true,
            verdicts: vec![verdict(Check::Ai, None, Provider::Webhook, block)],
            waits: vec![wait(Check::Topic, Some("t"), block)],
        })),
        traffic: Some(TrafficFinding { authenticity: number, signals: Vec::new() }),
        origin: Some(Box::new(Origin {
            channel: Some(u64::MAX),
            fingerprint: Some(2),
            first_views: Some(Measurement { at: stamp(block), count: 1 }),
            first_plays: None,
            settled: None,
            hides_engagement: true,
        })),
    };
    let task = Task {
        id: "t".parse().expect("a task id"),
        description: "d".to_owned(),
        platform: Platform::YOUTUBE,
        start_at: Moment::from_unix_ms(1),
        end_at: None,
    };
    let pair = Pair { task_id: "t".to_owned(), content_id: content(2).as_str().to_owned() };
    let judged = Judged {
        uid: 1,
        hotkey: hotkey(1),
        task_id: pair.task_id.clone(),
        content_id: pair.content_id.clone(),
        platform: Some(Platform::YOUTUBE),
        status: Status::Accepted,
        reason: None,
        view_count: Some(7),
        observed_at: None,
        published_at: Some(Moment::from_unix_ms(2)),
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
            claims: vec![BoundClaim {
                uid: 1,
                claim: claim("t", 2, 1, 50),
                dating: Dating::Dated(Moment::from_unix_ms(1_234)),
            }],
            contents: [(content(2), evidence), (content(3), ContentEvidence::default())].into(),
            previous: Some(PreviousScores { at: stamp(1), scores: [(hotkey(4), number)].into() }),
            recovery: None,
            owner_hotkey: None,
            unwatched: vec![UnwatchedBlocks { from: 25, until: 75 }],
            rounds: Rounds { blocks: 50, times: [(50, Moment::from_unix_ms(3))].into(), ..Rounds::default() },
        },
        policy: Policy { burn_share: number, ..Policy::default() },
        submissions: vec![judged],
        smoothed: [(hotkey(1), number), (hotkey(3), number)].into(),
        scores: [(hotkey(1), number), (hotkey(2), number / 2.0)].into(),
        errors: vec![ReportedError { uid: Some(1), source: "gist".to_owned(), line: None, reason: "r".to_owned() }],
    }
}
