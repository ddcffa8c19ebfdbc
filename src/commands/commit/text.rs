//! The result of `commit` for people.

use super::committer::{Committed, Deed, shown};
use tensorflix_domain::commitment::GistPointer;

pub(super) fn text(pointer: &GistPointer, netuid: u16, committed: &Committed) -> String {
    let previous = shown(committed.previous.as_ref());
    match &committed.deed {
        Deed::Stood => format!("Nothing to do: {previous} is already committed on subnet {netuid}\n"),
        Deed::Withheld => format!("Dry run, nothing sent: {pointer} would replace {previous}\n"),
        Deed::Written { block, extrinsic_hash } => format!(
            "Committed {pointer} on subnet {netuid} in block {block}, final and read back\n  extrinsic 0x{}\n  before: \
             {previous}\n",
            hex::encode(extrinsic_hash)
        ),
    }
}
