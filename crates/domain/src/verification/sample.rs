//! Which items a block's hash selects for checks.

use crate::ids::ContentId;
use blake2::{Blake2s256, Digest};

/// The position of an item in a block's sample, 0 to 1: it is checked if this is below the share. A budget that is not
/// enough for all is spent in this order too.
pub fn sample_place(block_hash: &[u8; 32], content: &ContentId) -> f64 {
    let mut digest = Blake2s256::new();
    digest.update(b"sample of contents");
    digest.update(block_hash);
    digest.update(content.platform().name());
    digest.update([0]);
    digest.update(content.as_str());
    let bytes = digest.finalize();
    let first = bytes.iter().take(4).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    f64::from(first) / (f64::from(u32::MAX) + 1.0)
}

/// Whether a block's hash selects an item, for a share of all.
pub fn is_sampled(block_hash: &[u8; 32], content: &ContentId, share: f64) -> bool {
    sample_place(block_hash, content) < share
}
