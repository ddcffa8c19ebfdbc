//! Watching the reveal of committed weights: the chain drops what it cannot use without an event, so it is looked at.
//!
//! Once the time of a commit's reveal has come, the validator's row on chain is compared with what was committed. What is
//! watched is in the store with the intents, so a restart forgets nothing. It only watches: what it finds, and its own
//! failures, stop no weights.
//!
//! A reveal that fails while the chain holds the same weights anyway is not noticed, and costs nothing.

use crate::ports::{Chain, Store};
use crate::sending::non_zero;
use tensorflix_domain::ids::Block;
use tensorflix_domain::record::{Head, IntentOutcome, RevealOutcome, WeightIntent};

/// Blocks after the first of the reveal's epoch within which the chain must hold what was committed: five minutes, since
/// the chain's beacon may be a little late.
pub const REVEAL_PATIENCE_BLOCKS: u32 = 25;

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

/// Looks at every commit whose reveal is due at `head`. Gives those that failed, each once.
///
/// # Errors
/// The words of the store or the chain; the next head tries again.
pub(crate) async fn watch_reveals(
    chain: &dyn Chain,
    store: &dyn Store,
    head: &Head,
) -> Result<Vec<Unrevealed>, String> {
    let watched = store.watched_reveals(MAX_WATCHED).await.map_err(|error| error.to_string())?;
    let due: Vec<(WeightIntent, Block)> = watched
        .into_iter()
        .filter_map(|intent| reveals_at(&intent).map(|block| (intent, block)))
        .filter(|(_, reveal_at)| head.stamp.block >= *reveal_at)
        .collect();
    let subnet = store.latest_subnet().await.map_err(|error| error.to_string())?;
    let own = subnet.and_then(|subnet| subnet.neuron(&chain.hotkey()?).map(|neuron| neuron.uid));
    let (false, Some(uid)) = (due.is_empty(), own) else {
        return Ok(Vec::new());
    };
    let held = non_zero(&chain.weights_of(head, uid).await.map_err(|error| error.to_string())?);
    let latest = store.latest_intent().await.map_err(|error| error.to_string())?;
    // Plain weights that were set meanwhile replace the row, if the subnet does without commits again.
    let mut is_overtaken = latest.is_some_and(|latest| is_plain(&latest) && non_zero(&latest.entries) == held);
    let (block, mut failed) = (head.stamp.block, Vec::new());
    for (intent, reveal_at) in due.into_iter().rev() {
        let outcome = if non_zero(&intent.entries) == held {
            is_overtaken = true;
            RevealOutcome::Revealed { block }
        } else if is_overtaken {
            RevealOutcome::Overtaken { block }
        } else if block >= reveal_at.saturating_add(REVEAL_PATIENCE_BLOCKS) {
            let (cycle, window, extrinsic_hash) = (intent.cycle, intent.window, intent.extrinsic_hash);
            failed.push(Unrevealed { cycle, window, extrinsic_hash, reveal_at });
            RevealOutcome::Missing { block }
        } else {
            continue;
        };
        let saved = store.save_reveal_outcome(&intent.extrinsic_hash, &outcome).await;
        saved.map_err(|error| error.to_string())?;
    }
    Ok(failed)
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
