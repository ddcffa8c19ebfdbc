//! Handles input from others so that a panic affects only the item that caused it: the panic is caught, counted in the
//! store, and reported; after [`MOST_CRASHES`] the item is quarantined until its content changes or another release of
//! this program reads it.
//!
//! Failures that end the whole process (out of memory, stack overflow) are not caught here: sizes and depths are
//! bounded where bytes come in.

use crate::ports::{Store, StoreError};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tensorflix_domain::decision::{Decision, decide};
use tensorflix_domain::evidence::Evidence;
use tensorflix_domain::gist_record::ContentDigest;
use tensorflix_domain::ids::Block;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::quarantine::{Item, ItemKind, MOST_CRASHES};
use tensorflix_domain::submission::{SubmissionGist, parse_submission_gist};
use tensorflix_domain::task::{TaskGist, parse_task_gist};

/// Another release may read what this one cannot.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// The pure functions that read and judge input from others. A test replaces one by a function that panics.
#[derive(Clone, Copy)]
pub struct Rules {
    /// Reads a gist as submissions.
    pub read_submissions: fn(&[u8]) -> SubmissionGist,
    /// Reads a gist as tasks.
    pub read_tasks: fn(&[u8]) -> TaskGist,
    /// Decides a cycle.
    pub decide: fn(&Evidence, &Policy) -> Decision,
}

impl Default for Rules {
    fn default() -> Self {
        Self { read_submissions: parse_submission_gist, read_tasks: parse_task_gist, decide }
    }
}

/// The item of a kind, in the form that its content has for this release.
pub(crate) fn item(kind: ItemKind, id: impl Into<String>, content: &[u8]) -> Item {
    let digest = Sha256::new().chain_update(RELEASE).chain_update("\n").chain_update(content).finalize();
    Item { kind, id: id.into(), digest: ContentDigest(digest.into()) }
}

/// Why an item was not handled, in words for the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unhandled {
    /// It panicked just now and will be retried.
    #[error("processing panicked ({crashes} of {most} times): a bug in the validator; will retry", most = MOST_CRASHES)]
    Crashed {
        /// The number of panics so far.
        crashes: u32,
    },
    /// It panicked too often.
    #[error("quarantined after {MOST_CRASHES} panics: a bug in the validator; skipped until its content changes")]
    LeftAlone,
}

/// The panics so far, as they were when a pass began.
pub(crate) struct Quarantine<'a> {
    store: &'a dyn Store,
    crashes: BTreeMap<Item, u32>,
    at: Block,
}

impl<'a> Quarantine<'a> {
    /// Reads the panics so far; further ones are dated by block `at`.
    pub(crate) async fn load(store: &'a dyn Store, at: Block) -> Result<Self, StoreError> {
        Ok(Self { store, crashes: store.crashes().await?, at })
    }

    /// Whether an item is quarantined.
    pub(crate) fn holds(&self, item: &Item) -> bool {
        self.crashes.get(item).is_some_and(|crashes| *crashes >= MOST_CRASHES)
    }

    /// Handles an item. The inner error says, for the report, why it was not handled.
    pub(crate) async fn handle<T>(
        &self,
        item: &Item,
        handle: impl FnOnce() -> T,
    ) -> Result<Result<T, Unhandled>, StoreError> {
        if self.holds(item) {
            return Ok(Err(Unhandled::LeftAlone));
        }
        // The handler is pure: a panic leaves no state behind.
        match catch_unwind(AssertUnwindSafe(handle)) {
            Ok(handled) => Ok(Ok(handled)),
            Err(_) => Ok(Err(self.crashed(item).await?)),
        }
    }

    /// Counts a panic, in the store first. Returns what to report.
    pub(crate) async fn crashed(&self, item: &Item) -> Result<Unhandled, StoreError> {
        let crashes = self.store.record_crash(item, self.at).await?;
        tracing::error!(%item, crashes, most = MOST_CRASHES, "processing an item panicked; this is a bug, please report it");
        Ok(if crashes >= MOST_CRASHES { Unhandled::LeftAlone } else { Unhandled::Crashed { crashes } })
    }
}
