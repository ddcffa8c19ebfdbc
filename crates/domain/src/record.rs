//! What the actors remember between messages and between runs: the records of the store.
//!
//! Each record belongs to one actor, which alone writes it; others only read. Facts (claims, observations, outcomes)
//! are added and never changed.

use crate::chain_time::BlockStamp;
use crate::commitment::GistPointer;
use crate::evidence::{ContentEvidence, Evidence};
use crate::ids::{Block, Hotkey};
use crate::judge::Judged;
use crate::places::PlaceRuleDigest;
use crate::policy::Policy;
use crate::verification::PlatformSignals;
use crate::weights::{ScoreVector, WeightEntry};
use serde::{Deserialize, Serialize};

/// A finalized block: its number, time and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number and time.
    pub stamp: BlockStamp,
    /// Hash, by which state is read.
    pub hash: [u8; 32],
}

/// SHA-256 of a gist's content, by which the store names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContentDigest(pub [u8; 32]);

/// What GistFetcher knows of one gist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GistState {
    /// Where it is.
    pub pointer: GistPointer,
    /// The validator that the last good answer carried, for a conditional request.
    pub etag: Option<String>,
    /// The last good content.
    pub digest: Option<ContentDigest>,
    /// The polling round of the last good answer.
    pub fetched_round: Option<Block>,
    /// The polling round in which it was last asked for, 0 if it never was.
    pub asked_round: Block,
    /// Attempts that failed since the last good answer.
    pub failures: u32,
    /// How often in a row GitHub said that there is nothing to read.
    pub refusals: u32,
    /// The latest failure, if the last attempt failed.
    pub error: Option<String>,
}

/// What came of asking for one gist in one round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GistAnswer {
    /// The gist.
    pub pointer: GistPointer,
    /// What was answered.
    pub outcome: GistOutcome,
}

/// The outcomes of asking for a gist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GistOutcome {
    /// The content is what it was.
    Unchanged,
    /// There is (new) content.
    Fetched {
        /// For the next conditional request.
        etag: Option<String>,
        /// SHA-256 of the document.
        digest: ContentDigest,
        /// The document as served.
        document: Vec<u8>,
    },
    /// It could not be read; the last good content stands.
    Failed {
        /// Why, in words.
        error: String,
        /// Whom that is about.
        scope: FailureScope,
    },
}

/// Whom a failure to read a gist is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureScope {
    /// This gist: GitHub says that there is nothing that could be read.
    Gist,
    /// GitHub, the way there, or us who ask.
    Elsewhere,
    /// Nobody: it was not asked for.
    NotAsked,
}

/// What a hotkey's gist was when it was last read while the hotkey was committed to it.
///
/// The chain tells the last commitment alone. That it is not the first to the gist is known only of what this store has seen: in a
/// new one, whoever pinned another revision before is committed since that pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoodPointer {
    /// The hotkey.
    pub hotkey: Hotkey,
    /// Where its commitment pointed then.
    pub pointer: GistPointer,
    /// The content.
    pub digest: ContentDigest,
    /// The polling round in which it was first seen so.
    pub round: Block,
    /// Since when the hotkey has been committed to the gist, whatever the revision.
    pub committed_at: Block,
}

/// A hotkey that points to a gist, as the chain says at a round's block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GistHolder {
    /// The hotkey.
    pub hotkey: Hotkey,
    /// Where its commitment points.
    pub pointer: GistPointer,
    /// The block of the commitment.
    pub committed_at: Block,
}

/// A content that a hotkey's gist was first seen with in some round. Scorer makes claims of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The record's number, ascending in the order of rounds.
    pub id: i64,
    /// The hotkey whose commitment led to the content.
    pub hotkey: Hotkey,
    /// The gist.
    pub pointer: GistPointer,
    /// The content.
    pub digest: ContentDigest,
    /// The round in which this hotkey was first seen with this content.
    pub round: Block,
    /// Since when the hotkey has been committed to the gist, whatever the revision, with the limit of [`GoodPointer`].
    pub committed_at: Block,
    /// The block of the commitment, if that pins the revision with the content.
    pub pinned_at: Option<Block>,
}

/// A holding of which claims were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimedHolding {
    /// The holding's number.
    pub id: i64,
    /// Which of its pairs held a place, and so were claimed.
    pub rule: PlaceRuleDigest,
}

/// What is stored of a content's observations, as a cycle needs it; texts are read only for the hotkeys they name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObservedContent {
    /// The newest sighting and counts; its `owner_tag` is not filled in.
    pub evidence: ContentEvidence,
    /// The newest title and description, joined by a line end; empty if never seen.
    pub text: String,
    /// The newest length in seconds.
    pub duration_secs: Option<u32>,
    /// The newest address of a picture of it.
    pub thumbnail_url: Option<String>,
    /// What the platform said of it last.
    pub signals: PlatformSignals,
}

/// A cycle, open or decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CycleHead {
    /// Its number, from 1, never used again.
    pub cycle: u32,
    /// The block it opened at.
    pub at: BlockStamp,
    /// Whether it is decided.
    pub decided: bool,
}

/// A decided cycle, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecidedCycle {
    /// Its number.
    pub cycle: u32,
    /// Version of the program that decided it.
    pub release: String,
    /// What it decided from.
    pub evidence: Evidence,
    /// The rules it decided under.
    pub policy: Policy,
    /// What became of each submission.
    pub submissions: Vec<Judged>,
    /// What was earned, smoothed over time, before cuts; empty in cycles of development builds.
    pub smoothed: ScoreVector,
    /// The scores.
    pub scores: ScoreVector,
    /// What could not be read, for the report.
    pub errors: Vec<ReportedError>,
}

/// Something that could not be read, named by its source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReportedError {
    /// The miner it concerns, if one.
    pub uid: Option<u16>,
    /// What was read: `tasks`, `commitment`, `gist` or a platform's name.
    pub source: String,
    /// The line of the document, where one is known.
    pub line: Option<u32>,
    /// What was wrong.
    pub reason: String,
}

/// The scores that are in force: those of the newest cycle in which anything qualified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoresInForce {
    /// The cycle that decided them.
    pub cycle: u32,
    /// When it opened.
    pub at: BlockStamp,
    /// The scores.
    pub scores: ScoreVector,
}

/// Weights that were signed to be sent in one window. Stored before they are broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightIntent {
    /// Who signed them; `None` if an early release stored them without saying so.
    pub hotkey: Option<Hotkey>,
    /// The window: its first block.
    pub window: Block,
    /// The cycle whose scores these are.
    pub cycle: u32,
    /// The block that they were built and signed at.
    pub signed_at: BlockStamp,
    /// The entries sent.
    pub entries: Vec<WeightEntry>,
    /// The signed extrinsic, ready for the wire.
    pub extrinsic: Vec<u8>,
    /// Its hash.
    pub extrinsic_hash: [u8; 32],
    /// The signer's nonce that it uses: at most one extrinsic with it is ever included.
    pub nonce: u64,
    /// The last block at which the chain would accept it.
    pub valid_until: Block,
    /// When the chain is to reveal them, if they are committed; `None` for weights that everybody can read at once.
    pub reveal: Option<RevealPlan>,
    /// What came of it, once known.
    pub outcome: Option<IntentOutcome>,
}

/// When committed weights are revealed, by the chain or by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealPlan {
    /// The beacon's round that opens them; 0 for a hashed commit.
    pub round: u64,
    /// The first block in which they are revealed, if the commit comes into a block up to `commit_until`.
    pub reveal_at: Block,
    /// The last block of the epoch that the commit is expected in.
    pub commit_until: Block,
    /// Blocks of an epoch.
    pub epoch_blocks: u32,
    /// What opens a hashed commit, which its sender has to reveal within the epoch from `reveal_at` on; `None` for a
    /// timelocked one, which the chain reveals by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
}

/// What is revealed of a hashed commit beside the weights. It is told to nobody before: who knows it can guess the weights.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// What keeps the hash from being guessed: 128 random bits.
    pub salt: [u16; 8],
    /// The version key that was hashed.
    pub version_key: u64,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Opening").finish_non_exhaustive()
    }
}

impl RevealPlan {
    /// The first block in which the chain reveals a commit that was included in `block`.
    pub fn reveals_at(&self, block: Block) -> Block {
        let late = block.saturating_sub(self.commit_until).div_ceil(self.epoch_blocks.max(1));
        self.reveal_at.saturating_add(late.saturating_mul(self.epoch_blocks))
    }
}

/// What became of committed weights in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RevealOutcome {
    /// The chain held them when it was looked at.
    Revealed {
        /// The block that was looked at.
        block: Block,
    },
    /// The time of their reveal had passed, and the chain held others.
    Missing {
        /// The block that was looked at.
        block: Block,
    },
    /// Nobody can say: when the chain was looked at, it held those of a later commit already.
    Overtaken {
        /// The block that was looked at.
        block: Block,
    },
}

/// What came of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum IntentOutcome {
    /// Finalized, and the chain holds the weights.
    Confirmed {
        /// The block of inclusion.
        block: Block,
    },
    /// Finalized, but the call failed.
    Failed {
        /// The block of inclusion.
        block: Block,
        /// The chain's error.
        error: String,
    },
    /// The node refused it before it reached a block.
    Refused {
        /// The node's error.
        error: String,
    },
    /// It can no longer be included: its era passed, or another extrinsic used its nonce.
    Expired,
}

impl IntentOutcome {
    /// The block that it came into, if it came into one.
    pub const fn block(&self) -> Option<Block> {
        match self {
            Self::Confirmed { block } | Self::Failed { block, .. } => Some(*block),
            Self::Refused { .. } | Self::Expired => None,
        }
    }

    /// Whether the intent came into a block, so that its window has its submission.
    pub const fn reached_chain(&self) -> bool {
        self.block().is_some()
    }
}
