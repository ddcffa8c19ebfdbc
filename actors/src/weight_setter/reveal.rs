//! The reveal of committed weights: the chain drops unusable commits without an event, so the result is checked; and a hashed
//! commit must be revealed by us.
//!
//! When a commit's reveal is due, the validator's row on chain is compared with what was committed. Watched commits are in the
//! store with the intents, so they survive a restart. Neither the findings nor failures here stop the sending of weights. Our own
//! reveals need no stored state: the chain is asked first, and accepts only one for each commit.
//!
//! A reveal that fails while the chain holds the same weights anyway is not noticed, and does no harm.

use crate::ports::{Chain, ChainError, Store, StoreError};
use tensorflix_domain::extrinsic::{Broadcast, Inclusion};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, Hotkey};
use tensorflix_domain::intent::{IntentOutcome, RevealOutcome, WeightIntent};
use tensorflix_domain::weights::WeightEntry;

/// Blocks after the first of the reveal's epoch within which the chain must hold what was committed: five minutes, since
/// the chain's beacon may be a little late.
pub const REVEAL_PATIENCE_BLOCKS: u32 = 25;

/// Blocks after which a commit is no longer watched if the chain's state cannot be read: two hours.
const UNSEEN_BLOCKS: u32 = 600;

/// Most commits that are watched at a time; there is one a window.
const MAX_WATCHED: u32 = 64;

/// Committed weights that the chain did not reveal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unrevealed {
    pub cycle: u32,
    pub window: Block,
    pub extrinsic_hash: [u8; 32],
    /// The block in which they were to be revealed.
    pub reveal_at: Block,
}

/// What was found at a head.
#[derive(Default)]
pub(crate) struct RevealCheck {
    /// Reveals that failed, each reported once.
    pub failed: Vec<Unrevealed>,
    /// The newest hashed commit that is to be revealed now.
    pub to_reveal: Option<WeightIntent>,
}

/// Why a reveal could not be checked or made; the next head tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RevealError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The node would reject the reveal, so it was not sent.
    #[error("not sent, because the node would reject it: {0}")]
    WouldRefuse(String),
    /// The chain rejected the reveal.
    #[error("rejected by the chain: {0}")]
    RefusedByChain(String),
    /// The node rejected the reveal.
    #[error("rejected by the node: {0}")]
    RefusedByNode(String),
}

/// Checks every commit of our hotkey with a reveal that is due at `head`.
///
/// # Errors
/// Those of the store or the chain; the next head tries again. A commit that cannot be checked for a long time is abandoned.
pub(crate) async fn watch_reveals(
    chain: &dyn Chain,
    store: &dyn Store,
    hotkey: &Hotkey,
    head: &Head,
) -> Result<RevealCheck, RevealError> {
    let watched = store.watched_reveals(hotkey, MAX_WATCHED).await?;
    let due: Vec<(WeightIntent, Block)> = watched
        .into_iter()
        .filter_map(|intent| reveals_at(&intent).map(|block| (intent, block)))
        .filter(|(_, reveal_at)| head.stamp.block >= *reveal_at)
        .collect();
    if due.is_empty() {
        return Ok(RevealCheck::default());
    }
    let held = match held_weights(chain, store, hotkey, head).await {
        Ok(Some(held)) => held,
        unseen => {
            give_up_unseen(store, head, &due).await?;
            return unseen.map(|_| RevealCheck::default());
        }
    };
    let latest = store.latest_intent(hotkey).await?;
    // If the subnet no longer uses commits, plain weights that were set meanwhile replace the row.
    let mut is_overtaken = latest.is_some_and(|latest| is_plain(&latest) && non_zero(&latest.entries) == held);
    let (block, mut found) = (head.stamp.block, RevealCheck::default());
    for (intent, reveal_at) in due.into_iter().rev() {
        // A hashed commit can be revealed as long as its epoch lasts.
        let patience = intent.reveal.filter(|plan| plan.opening.is_some()).map(|plan| plan.epoch_blocks);
        let given_up_at = reveal_at.saturating_add(patience.unwrap_or(REVEAL_PATIENCE_BLOCKS));
        let outcome = if non_zero(&intent.entries) == held {
            is_overtaken = true;
            RevealOutcome::Revealed { block }
        } else if is_overtaken {
            RevealOutcome::Overtaken { block }
        } else if block >= given_up_at {
            let (cycle, window, extrinsic_hash) = (intent.cycle, intent.window, intent.extrinsic_hash);
            found.failed.push(Unrevealed { cycle, window, extrinsic_hash, reveal_at });
            RevealOutcome::Missing { block }
        } else {
            if patience.is_some() && found.to_reveal.is_none() {
                found.to_reveal = Some(intent);
            }
            continue;
        };
        store.save_reveal_outcome(&intent.extrinsic_hash, &outcome).await?;
    }
    Ok(found)
}

/// What the chain holds for our hotkey at `head`; `None` while it is not registered.
async fn held_weights(
    chain: &dyn Chain,
    store: &dyn Store,
    hotkey: &Hotkey,
    head: &Head,
) -> Result<Option<Vec<WeightEntry>>, RevealError> {
    let subnet = store.latest_subnet().await?;
    let Some(uid) = subnet.and_then(|subnet| Some(subnet.neuron(hotkey)?.uid)) else { return Ok(None) };
    let held = chain.weights_of(head, uid).await?;
    Ok(Some(non_zero(&held)))
}

/// Stops watching commits with a reveal that was due long ago and could not be checked: new ones must not wait for them.
async fn give_up_unseen(store: &dyn Store, head: &Head, due: &[(WeightIntent, Block)]) -> Result<(), RevealError> {
    let block = head.stamp.block;
    for (intent, _) in due.iter().filter(|(_, reveal_at)| block >= reveal_at.saturating_add(UNSEEN_BLOCKS)) {
        store.save_reveal_outcome(&intent.extrinsic_hash, &RevealOutcome::Overtaken { block }).await?;
        tracing::warn!(
            window = intent.window,
            "could not check whether committed weights were revealed; no longer watched"
        );
    }
    Ok(())
}

/// Reveals a hashed commit. A failure is reported, and tried again at a later head as long as the commit's epoch lasts.
pub(crate) async fn reveal(chain: &dyn Chain, head: &Head, intent: &WeightIntent) {
    let window = intent.window;
    match try_reveal(chain, head, intent).await {
        Ok(block) => tracing::info!(window, block, "revealed committed weights"),
        Err(error) => {
            tracing::warn!(window, error = error.to_string(), "could not reveal committed weights yet; will retry")
        }
    }
}

/// Returns the block that includes the reveal.
async fn try_reveal(chain: &dyn Chain, head: &Head, intent: &WeightIntent) -> Result<Block, RevealError> {
    let signed = chain.sign_reveal(head, intent).await?;
    if let Some(failure) = chain.validate(&signed.bytes).await? {
        return Err(RevealError::WouldRefuse(failure.error));
    }
    match chain.submit(&signed.bytes).await? {
        Broadcast::Included(Inclusion { block, failure: None, .. }) => Ok(block),
        Broadcast::Included(Inclusion { failure: Some(failure), .. }) => {
            Err(RevealError::RefusedByChain(failure.error))
        }
        Broadcast::Refused(failure) => Err(RevealError::RefusedByNode(failure.error)),
    }
}

/// The block in which a commit that is on chain is to be revealed.
fn reveals_at(intent: &WeightIntent) -> Option<Block> {
    match (&intent.reveal, &intent.outcome) {
        (Some(plan), Some(IntentOutcome::Confirmed { block })) => Some(plan.reveals_at(*block)),
        _ => None,
    }
}

fn is_plain(intent: &WeightIntent) -> bool {
    intent.reveal.is_none() && matches!(intent.outcome, Some(IntentOutcome::Confirmed { .. }))
}

/// The entries that the chain keeps: zero weights are not in its rows.
pub(crate) fn non_zero(entries: &[WeightEntry]) -> Vec<WeightEntry> {
    entries.iter().copied().filter(|(_, weight)| *weight > 0).collect()
}
