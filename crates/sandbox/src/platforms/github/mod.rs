//! GitHub: the REST API for gists (`api.rs`), and the raw files (`raw.rs`), as two servers over the same gists.

mod api;
mod documents;
mod rate_limit;
mod raw;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

pub(crate) use api::GitHubApi;
pub use rate_limit::{ANONYMOUS_REQUESTS_PER_HOUR, CONCURRENT_REQUESTS, TOKEN_REQUESTS_PER_HOUR};
pub(crate) use raw::GitHubRaw;

/// What a test can set on GitHub. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct GitHubControl {
    raw_cache_blocks: Arc<AtomicU32>,
    blocked: Arc<Mutex<BTreeMap<String, String>>>,
    expired_tokens: Arc<Mutex<BTreeSet<String>>>,
}

impl GitHubControl {
    /// How stale unpinned raw files may be: they show the state at the last multiple of so many blocks, as a cache in
    /// front of GitHub does (about 5 minutes are 25 blocks). 0, the default, is always fresh.
    pub fn set_raw_cache_blocks(&self, blocks: u32) {
        self.raw_cache_blocks.store(blocks, Ordering::SeqCst);
    }

    /// Keeps everybody from a gist through the API, for a reason of GitHub's: `tos`, `dmca`. The raw address goes on
    /// serving it.
    pub fn block_gist(&self, gist_id: &str, reason: &str) {
        self.blocked.lock().unwrap_or_else(PoisonError::into_inner).insert(gist_id.to_owned(), reason.to_owned());
    }

    /// Why a gist is blocked, if it is.
    fn blocked(&self, gist_id: &str) -> Option<String> {
        self.blocked.lock().unwrap_or_else(PoisonError::into_inner).get(gist_id).cloned()
    }

    /// Refuses a token from now on, as GitHub does with one that has expired.
    pub fn expire_token(&self, token: &str) {
        self.expired_tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(token.to_owned());
    }

    fn is_expired(&self, token: &str) -> bool {
        self.expired_tokens.lock().unwrap_or_else(PoisonError::into_inner).contains(token)
    }

    fn cached_block(&self, block: u32) -> u32 {
        match self.raw_cache_blocks.load(Ordering::SeqCst) {
            0 => block,
            grid => block / grid * grid,
        }
    }
}

/// An entity tag's inner text: it follows from the bytes alone.
fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
