//! The large parts of a decided cycle as compressed JSON.
//!
//! A cycle of a hundred thousand contents is tens of megabytes of JSON; it is compressed as it is written, so that
//! neither memory nor the file ever holds it whole. Floats keep every bit: serde_json writes the shortest text that
//! reads back as the same number, and is built to read it exactly.

use crate::StoreError;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{BufWriter, Read};
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::evidence::{BoundClaim, ContentEvidence, Evidence, Miner, PreviousScores, WeightedTask};
use tensorflix_domain::ids::{ContentId, Hotkey};

/// Bytes of JSON that are gathered before they are compressed.
const BUFFER_BYTES: usize = 64 * 1024;

pub(crate) fn pack<T: Serialize>(what: &str, value: &T) -> Result<Vec<u8>, StoreError> {
    let unstorable = |error: &dyn std::fmt::Display| StoreError::Unstorable(format!("{what} ({error})"));
    let mut writer = BufWriter::with_capacity(BUFFER_BYTES, GzEncoder::new(Vec::new(), Compression::fast()));
    serde_json::to_writer(&mut writer, value).map_err(|error| unstorable(&error))?;
    let encoder = writer.into_inner().map_err(|error| unstorable(&error))?;
    encoder.finish().map_err(|error| unstorable(&error))
}

pub(crate) fn unpack<T: DeserializeOwned>(what: &str, packed: &[u8]) -> Result<T, StoreError> {
    let mut json = Vec::new();
    GzDecoder::new(packed)
        .read_to_end(&mut json)
        .map_err(|_| StoreError::Damaged(format!("{what} cannot be decompressed")))?;
    serde_json::from_slice(&json).map_err(|_| StoreError::Damaged(format!("{what} is not valid")))
}

/// [`Evidence`] as it is written: JSON has no maps by content id, so its contents are a list of pairs.
#[derive(Serialize)]
struct WrittenEvidence<'a> {
    at: BlockStamp,
    tasks: &'a [WeightedTask],
    miners: &'a [Miner],
    claims: &'a [BoundClaim],
    contents: Pairs<'a>,
    previous: Option<&'a PreviousScores>,
    owner_hotkey: Option<Hotkey>,
}

struct Pairs<'a>(&'a std::collections::BTreeMap<ContentId, ContentEvidence>);

impl Serialize for Pairs<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0)
    }
}

/// [`Evidence`] as it is read back.
#[derive(Deserialize)]
struct ReadEvidence {
    at: BlockStamp,
    tasks: Vec<WeightedTask>,
    miners: Vec<Miner>,
    claims: Vec<BoundClaim>,
    contents: Vec<(ContentId, ContentEvidence)>,
    previous: Option<PreviousScores>,
    owner_hotkey: Option<Hotkey>,
}

pub(crate) fn pack_evidence(evidence: &Evidence) -> Result<Vec<u8>, StoreError> {
    // Taken apart by name, so that a field added to the evidence cannot be forgotten here.
    let Evidence { at, tasks, miners, claims, contents, previous, owner_hotkey } = evidence;
    let written = WrittenEvidence {
        at: *at,
        tasks,
        miners,
        claims,
        contents: Pairs(contents),
        previous: previous.as_ref(),
        owner_hotkey: *owner_hotkey,
    };
    pack("a cycle's evidence", &written)
}

pub(crate) fn unpack_evidence(packed: &[u8]) -> Result<Evidence, StoreError> {
    let ReadEvidence { at, tasks, miners, claims, contents, previous, owner_hotkey } =
        unpack("a cycle's evidence", packed)?;
    Ok(Evidence { at, tasks, miners, claims, contents: contents.into_iter().collect(), previous, owner_hotkey })
}
