//! What is remembered of gists: their states, answers and last good contents, the hotkeys committed to them, and what
//! they list.

use crate::commitment::GistPointer;
use crate::ids::{Block, Hotkey};
use crate::places::PlaceRuleDigest;
use serde::{Deserialize, Serialize};

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
    /// The polling round in which it was last requested, 0 if it never was.
    pub asked_round: Block,
    /// Attempts that failed since the last good answer.
    pub failures: u32,
    /// Answers in a row in which GitHub reported that there is nothing to read.
    pub refusals: u32,
    /// The latest failure, if the last attempt failed.
    pub error: Option<String>,
}

/// The result of requesting one gist in one round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GistAnswer {
    /// The gist.
    pub pointer: GistPointer,
    /// The outcome.
    pub outcome: GistOutcome,
}

/// The outcomes of requesting a gist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GistOutcome {
    /// The content has not changed.
    Unchanged,
    /// There is new content, or a first one.
    Fetched {
        /// For the next conditional request.
        etag: Option<String>,
        /// SHA-256 of the document.
        digest: ContentDigest,
        /// The document as served.
        document: Vec<u8>,
    },
    /// It could not be read; the last good content is used.
    Failed {
        /// Why, in words.
        error: String,
        /// What the failure concerns.
        scope: FailureScope,
    },
}

/// What a failure to read a gist concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureScope {
    /// This gist: GitHub reports that there is nothing to read.
    Gist,
    /// GitHub, the network, or this validator.
    Elsewhere,
    /// Nothing: the gist was not requested.
    NotAsked,
}

/// What a hotkey's gist was when it was last read while the hotkey was committed to it.
///
/// The chain reports only the last commitment. Whether a hotkey was committed to the gist before is known only from
/// what this store has seen: in a new store, a hotkey that pinned another revision before counts as committed since its
/// present pin.
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
    /// Since when the hotkey has been committed to the gist, in any revision.
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

/// The content that a hotkey's gist was first seen with in some round. Scorer makes claims of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The record's number, ascending in the order of rounds.
    pub id: i64,
    /// The hotkey with the commitment that led to the content.
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

/// A holding that claims were made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimedHolding {
    /// The holding's number.
    pub id: i64,
    /// Which of its pairs held a place, and so were claimed.
    pub rule: PlaceRuleDigest,
}
