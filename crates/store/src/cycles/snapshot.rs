//! The large parts of a decided cycle as compressed JSON.
//!
//! A cycle of a hundred thousand items is tens of megabytes of JSON; it is compressed as it is written, so that neither
//! memory nor the file ever holds it whole. Floats keep every bit: serde_json writes the shortest text that reads back
//! as the same number, and is built to read it exactly.

use crate::error::StoreError;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{BufWriter, Read};

/// Bytes of JSON that are gathered before they are compressed.
const BUFFER_BYTES: usize = 64 * 1024;

pub(crate) fn pack<T: Serialize>(what: &str, value: &T) -> Result<Vec<u8>, StoreError> {
    let unstorable = |error: &dyn std::fmt::Display| StoreError::Unstorable(format!("{what} ({error})"));
    let mut writer = BufWriter::with_capacity(BUFFER_BYTES, GzEncoder::new(Vec::new(), Compression::fast()));
    serde_json::to_writer(&mut writer, value).map_err(|error| unstorable(&error))?;
    let encoder = writer.into_inner().map_err(|error| unstorable(&error))?;
    encoder.finish().map_err(|error| unstorable(&error))
}

/// Whether bytes are what [`pack`] makes, rather than JSON as it is.
pub(crate) fn is_packed(bytes: &[u8]) -> bool {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    bytes.starts_with(&GZIP)
}

pub(crate) fn unpack<T: DeserializeOwned>(what: &str, packed: &[u8]) -> Result<T, StoreError> {
    let mut json = Vec::new();
    GzDecoder::new(packed)
        .read_to_end(&mut json)
        .map_err(|_| StoreError::Damaged(format!("{what} cannot be decompressed")))?;
    serde_json::from_slice(&json).map_err(|_| StoreError::Damaged(format!("{what} is not valid")))
}
