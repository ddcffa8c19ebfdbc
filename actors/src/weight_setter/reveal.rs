//! The reveal of committed weights: the chain drops what it cannot use without an event, so it is looked at; and a hashed
//! commit is revealed by nobody but us.
//!
//! Once the time of a commit's reveal has come, the validator's row on chain is compared with what was committed. What is
//! watched is in the store with the intents, so a restart forgets nothing. What it finds, and its own failures, stop no
//! weights. A reveal of ours needs no memory of its own: the chain is asked first, and takes only one for each commit.
//!
//! A reveal that fails while the chain holds the same weights anyway is not noticed, and costs nothing.

use crate::ports::{Chain, ChainError, Store, StoreError};
use tensorflix_domain::extrinsic::{Broadcast, Inclusion};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, Hotkey};
use tensorflix_domain::intent::{IntentOutcome, RevealOutcome, WeightIntent};
use tensorflix_domain::weights::WeightEntry;

/// Blocks after the first of the reveal's epoch within which the chain must hold what was committed: five minutes, since
/// the chain's beacon may be a little late.
pub const REVEAL_PATIENCE_BLOCKS: u32 = 25;

/// Blocks after which a commit is watched no longer if nobody can say what the chain holds: two hours.
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
pub(crate) struct Watched {
    /// Reveals that failed, each told once.
    pub failed: Vec<Unrevealed>,
    /// The newest hashed commit that is to be revealed now.
    pub to_reveal: Option<WeightIntent>,
}

/// Why a reveal could not be looked at or made; the next head tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RevealError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The node would refuse the reveal, so that it was not sent.
    #[error("the node would refuse it: {0}")]
    WouldRefuse(String),
    /// The chain refused the reveal.
    #[error("the chain refused it: {0}")]
    RefusedByChain(String),
    /// The node refused the reveal.
    #[error("the node refused it: {0}")]
    RefusedByNode(String),
}

/// Looks at every commit of our hotkey whose reveal is due at `head`.
///
/// # Errors
/// Of the store or the chain; the next head tries again. What cannot be looked at for long is given up.
pub(crate) async fn watch_reveals(
    chain: &dyn Chain,
    store: &dyn Store,
    hotkey: &Hotkey,
    head: &Head,
) -> Result<Watched, RevealError> {
    let watched = store.watched_reveals(hotkey, MAX_WATCHED).await?;
    let due: Vec<(WeightIntent, Block)> = watched
        .into_iter()
        .filter_map(|intent| reveals_at(&intent).map(|block| (intent, block)))
        .filter(|(_, reveal_at)| head.stamp.block >= *reveal_at)
        .collect();
    if due.is_empty() {
        return Ok(Watched::default());
    }
    let held = match held_weights(chain, store, hotkey, head).await {
        Ok(Some(held)) => held,
        unseen => {
            give_up_unseen(store, head, &due).await?;
            return unseen.map(|_| Watched::default());
        }
    };
    let latest = store.latest_intent(hotkey).await?;
    // Plain weights that were set meanwhile replace the row, if the subnet does without commits again.
    let mut is_overtaken = latest.is_some_and(|latest| is_plain(&latest) && non_zero(&latest.entries) == held);
    let (block, mut found) = (head.stamp.block, Watched::default());
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

/// Stops watching commits whose reveal was due long ago, and of which nobody could say what the chain held: new ones
/// must not wait behind them.
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

/// Reveals a hashed commit. What fails is told, and tried again at a later head as long as the commit's epoch lasts.
pub(crate) async fn reveal(chain: &dyn Chain, head: &Head, intent: &WeightIntent) {
    let window = intent.window;
    match try_reveal(chain, head, intent).await {
        Ok(block) => tracing::info!(window, block, "revealed the weights that were committed"),
        Err(error) => {
            tracing::warn!(window, error = error.to_string(), "weights could not be revealed yet; it is tried again")
        }
    }
}

/// Gives the block that has the reveal.
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

/// The entries that the chain keeps: those of no weight are not in its rows.
pub(crate) fn non_zero(entries: &[WeightEntry]) -> Vec<WeightEntry> {
    entries.iter().copied().filter(|(_, weight)| *weight > 0).collect()
}
