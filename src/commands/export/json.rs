//! A recorded cycle as one JSON object, and back.
//!
//! Numbers keep every bit: floats are written as the shortest text that reads back the same. An object in another format, written
//! by a later release, is rejected by its `format`.

use crate::commands::stored::recorded::{RecordedCycle, SentWeights, policy_sha256};
use serde::{Deserialize, Serialize};
use std::io::{Read, Seek, Write};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::cycle::{DecidedCycle, ReportedError};
use tensorflix_domain::evidence::Evidence;
use tensorflix_domain::ids::Block;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::rules::{UNNAMED, UnknownRules, check_version};
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::weights::ScoreVector;

/// The format of the object, to be raised when older programs could no longer read it.
const FORMAT: u32 = 1;

/// Largest export that is read, bytes: some ten times the largest cycle that a subnet can have.
const LARGEST_BYTES: u64 = 1024 * 1024 * 1024;

/// The object as it is written.
#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    cycle: u32,
    release: &'a str,
    block: Block,
    block_time: Moment,
    policy: &'a Policy,
    policy_sha256: String,
    evidence: &'a Evidence,
    submissions: &'a [Judged],
    smoothed: &'a ScoreVector,
    scores: &'a ScoreVector,
    weights_sent: &'a [SentWeights],
    subnet: &'a Subnet,
    errors: &'a [ReportedError],
}

/// The part that decides whether the rest can be read.
#[derive(Deserialize)]
struct Form {
    format: u32,
    policy: Option<NamedRules>,
}

/// The part of a policy that decides whether the rest of it can be read.
#[derive(Deserialize)]
struct NamedRules {
    #[serde(default)]
    rules: u32,
}

/// The object as it is read: `block` and `policy_sha256` follow from the rest, and unknown keys are ignored.
#[derive(Deserialize)]
struct Readable {
    cycle: u32,
    release: String,
    policy: Policy,
    evidence: Evidence,
    submissions: Vec<Judged>,
    #[serde(default)]
    smoothed: ScoreVector,
    scores: ScoreVector,
    weights_sent: Vec<SentWeights>,
    subnet: Subnet,
    errors: Vec<ReportedError>,
}

/// Why a text is not a recorded cycle.
#[derive(Debug, thiserror::Error)]
pub enum NotACycle {
    /// It is not the object that `export --format json` writes.
    #[error("not a cycle in the format of `export --format json`: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Another release wrote it in a format that this one does not know.
    #[error("it has format {0}, and this release reads format {FORMAT}: use the release that wrote it, or a later one")]
    OtherFormat(u32),
    /// A later release decided it.
    #[error("this cycle cannot be read: {0}")]
    LaterRules(UnknownRules),
}

/// Writes the object and a line end.
///
/// # Errors
/// If `writer` fails.
pub fn write_json(cycle: &RecordedCycle, mut writer: impl Write) -> std::io::Result<()> {
    let RecordedCycle { decided, subnet, sent } = cycle;
    let object = Written {
        format: FORMAT,
        cycle: decided.cycle,
        release: &decided.release,
        block: decided.evidence.at.block,
        block_time: decided.evidence.at.time,
        policy: &decided.policy,
        policy_sha256: policy_sha256(&decided.policy),
        evidence: &decided.evidence,
        submissions: &decided.submissions,
        smoothed: &decided.smoothed,
        scores: &decided.scores,
        weights_sent: sent,
        subnet,
        errors: &decided.errors,
    };
    serde_json::to_writer(&mut writer, &object)?;
    writer.write_all(b"\n")
}

/// Reads what [`write_json`] wrote.
///
/// # Errors
/// [`NotACycle`] for anything else.
pub fn read_json(mut reader: impl Read + Seek) -> Result<RecordedCycle, NotACycle> {
    let form: Form = serde_json::from_reader(reader.by_ref().take(LARGEST_BYTES))?;
    if form.format != FORMAT {
        return Err(NotACycle::OtherFormat(form.format));
    }
    let rules = form.policy.map_or(UNNAMED, |policy| policy.rules);
    if let Err(later @ UnknownRules::Later(_)) = check_version(rules) {
        return Err(NotACycle::LaterRules(later));
    }
    reader.rewind().map_err(serde_json::Error::io)?;
    let object: Readable = serde_json::from_reader(reader.take(LARGEST_BYTES))?;
    let decided = DecidedCycle {
        cycle: object.cycle,
        release: object.release,
        evidence: object.evidence,
        policy: object.policy,
        submissions: object.submissions,
        smoothed: object.smoothed,
        scores: object.scores,
        errors: object.errors,
    };
    Ok(RecordedCycle { decided, subnet: object.subnet, sent: object.weights_sent })
}
