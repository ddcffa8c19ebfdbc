//! The result of `commit` for programs.

use super::committer::{Committed, Deed};
use crate::text::json::one_line;
use serde::Serialize;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::ids::{Block, Hotkey};

/// The result as JSON.
#[derive(Serialize)]
struct Report<'a> {
    hotkey: Hotkey,
    netuid: u16,
    commit: &'a GistPointer,
    previous: Option<&'a str>,
    previous_block: Option<Block>,
    block: Option<Block>,
    extrinsic: Option<String>,
    submitted: bool,
}

/// One JSON object, with a line end.
pub(super) fn json(hotkey: Hotkey, commit: &GistPointer, netuid: u16, committed: &Committed) -> String {
    let (block, extrinsic) = match &committed.deed {
        Deed::Stood | Deed::Withheld => (None, None),
        Deed::Written { block, extrinsic_hash } => (Some(*block), Some(format!("0x{}", hex::encode(extrinsic_hash)))),
    };
    let previous = committed.previous.as_ref();
    let report = Report {
        hotkey,
        netuid,
        commit,
        previous: previous.and_then(|record| record.text.as_deref()),
        previous_block: previous.map(|record| record.block),
        block,
        extrinsic,
        submitted: block.is_some(),
    };
    one_line(&report) + "\n"
}
