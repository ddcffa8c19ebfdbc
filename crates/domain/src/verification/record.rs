//! What is stored of verdicts and of waiting for them, and what a cycle knows of both.

use super::words::{Check, Provider};
use crate::chain_time::BlockStamp;
use blake2::{Blake2s256, Digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the code that reads providers' answers; raised when the reading changes.
pub const READING_VERSION: u32 = 1;

/// What a verdict is of: a digest of the texts and the length that were examined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subject(pub String);

impl Subject {
    /// Of an item's title and description (`text`), its length, and for the topic the task's description.
    pub fn of(text: &str, duration_secs: Option<u32>, task: Option<&str>) -> Self {
        const HEX_DIGITS: usize = 32;
        let mut digest = Blake2s256::new();
        for part in [text, &duration_secs.map(|secs| secs.to_string()).unwrap_or_default(), task.unwrap_or_default()] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        let mut hex = hex::encode(digest.finalize());
        hex.truncate(HEX_DIGITS);
        Self(hex)
    }
}

/// A provider's answer to a check of an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Verdict {
    /// The question.
    pub check: Check,
    /// The task, where the question is about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The provider that answered.
    pub provider: Provider,
    /// The provider's own name of the model.
    pub model: String,
    /// How certain it is that the item breaks the rule, in thousandths.
    pub breach_permille: u16,
    /// The provider's own scores, in thousandths, by its own names.
    pub scores: BTreeMap<String, u16>,
    /// The provider's own words, bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// What was examined.
    pub subject: Subject,
    /// The newest finalized block known when it was asked.
    pub at: BlockStamp,
    /// [`READING_VERSION`] when it was made.
    pub reading_version: u32,
}

/// Since when a verdict is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Wait {
    /// The question.
    pub check: Check,
    /// The task, where the question is about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// What is to be examined.
    pub subject: Subject,
    /// The block of the first cycle that wanted it.
    pub since: BlockStamp,
}

/// All that is stored of an item's verification, with other subjects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationRecord {
    /// The newest verdict of each provider on each question.
    pub verdicts: Vec<Verdict>,
    /// What is missing.
    pub waits: Vec<Wait>,
}

/// What a cycle knows of an item's verification: only of its present subjects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationEvidence {
    /// Whether the cycle's block selected it for checks.
    pub sampled: bool,
    /// By check, task and provider.
    pub verdicts: Vec<Verdict>,
    /// By check and task.
    pub waits: Vec<Wait>,
}
