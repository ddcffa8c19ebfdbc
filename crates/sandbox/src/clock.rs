//! The one clock of the sandbox: block numbers.
//!
//! Everything that the sandbox serves (views of a video, `updated_at` of a gist, `Timestamp.Now` of a block) is a
//! function of the seed and of the number of the newest block, so that two sandboxes with the same seed and the same
//! block answer alike. Nothing in this crate reads the machine's clock to decide an answer; only the pace of blocks
//! and injected latency use real time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Milliseconds from one block to the next, as on mainnet.
pub const BLOCK_MS: u64 = 12_000;

/// Unix time in milliseconds of block 0: 2023-03-20T00:00:00Z.
pub const BLOCK_ZERO_UNIX_MS: u64 = 1_679_270_400_000;

/// The first block that a sandbox serves: a multiple of every default grid (slots of 7,200, polls of 25 and windows
/// of 360 blocks).
pub const START_BLOCK: u32 = 9_000_000;

/// A shared reading of the newest block. Cheap to clone; only the node moves it.
#[derive(Clone, Debug)]
pub struct SandboxClock {
    newest: Arc<AtomicU32>,
}

impl SandboxClock {
    /// A clock that starts at `block`.
    pub fn at(block: u32) -> Self {
        Self { newest: Arc::new(AtomicU32::new(block)) }
    }

    /// The newest block's number.
    pub fn block(&self) -> u32 {
        self.newest.load(Ordering::SeqCst)
    }

    /// Unix time in milliseconds of the newest block.
    pub fn unix_ms(&self) -> u64 {
        block_unix_ms(self.block())
    }

    /// Moves the clock forward; it never goes back.
    pub(crate) fn advance_to(&self, block: u32) {
        self.newest.fetch_max(block, Ordering::SeqCst);
    }
}

/// Unix time in milliseconds of a block: `BLOCK_ZERO_UNIX_MS + block × BLOCK_MS`.
pub fn block_unix_ms(block: u32) -> u64 {
    BLOCK_ZERO_UNIX_MS + u64::from(block) * BLOCK_MS
}
