//! The outcome of signed weights: read from the chain, never guessed, and settled within a bounded number of blocks whatever a
//! node can answer.
//!
//! During their era, the signed bytes are searched in the blocks since, and sent again if no block includes them. A node keeps the
//! state of past blocks for about an hour, and its answer may not be readable at all. So from [`FIND_PATIENCE_BLOCKS`] after the
//! era on, the state at the head decides: the block of the hotkey's newest weights, and the row that the chain holds.

use crate::ports::ChainError;
use crate::weight_setter::messages::WeightsConfirmed;
use crate::weight_setter::pass::{Halt, Sent, halt_of};
use crate::weight_setter::reveal::non_zero;
use crate::weight_setter::sender::Sender;
use tensorflix_domain::extrinsic::{Broadcast, Fate, Inclusion, Remedy};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::Block;
use tensorflix_domain::intent::{IntentOutcome, WeightIntent};
use tensorflix_domain::standing::standing;
use tensorflix_domain::subnet::{Neuron, Subnet};

/// Blocks after the end of an era for which the blocks of that era are still searched despite failures: five minutes.
pub const FIND_PATIENCE_BLOCKS: u32 = 25;

impl Sender {
    /// Finds the outcome of an intent, and sends the same bytes again if no block includes them and the chain would still accept
    /// them. `None` if no block included them and none will.
    pub(crate) async fn reconcile(&self, head: &Head, intent: &WeightIntent) -> Result<Option<Sent>, Halt> {
        let is_lost = match self.chain.find(intent, head).await {
            Ok(Fate::Included(inclusion)) => {
                return self.settle_included(intent, inclusion).await.map(settles_earlier);
            }
            Ok(Fate::Superseded { .. }) => true,
            Ok(Fate::Open) => head.stamp.block > intent.valid_until,
            Err(error) if !is_long_over(intent, head) => return Err(error.into()),
            Err(error) => return self.judge_by_the_head(head, intent, &error).await,
        };
        if is_lost {
            self.expire(intent).await?;
            return Ok(None);
        }
        tracing::info!(window = intent.window, "sending the same signed weights again");
        let broadcast = self.chain.submit(&intent.extrinsic).await?;
        self.settle(intent, broadcast).await.map(settles_earlier)
    }

    /// Settles an intent by the state at the head, after its era is over and its blocks cannot be searched: weights of our hotkey
    /// that were set within the era, and that the chain still holds, are those that were sent.
    async fn judge_by_the_head(
        &self,
        head: &Head,
        intent: &WeightIntent,
        error: &ChainError,
    ) -> Result<Option<Sent>, Halt> {
        let subnet = self.chain.subnet(head).await?;
        let own = self.chain.hotkey().and_then(|hotkey| subnet.neuron(&hotkey));
        let in_era = |neuron: &&Neuron| (intent.signed_at.block + 1..=intent.valid_until).contains(&neuron.last_update);
        let Some(neuron) = own.filter(in_era) else {
            self.expire(intent).await?;
            return Ok(None);
        };
        if !self.holds(head, neuron, intent).await? {
            self.expire(intent).await?;
            return Ok(None);
        }
        let block = neuron.last_update;
        tracing::info!(window = intent.window, block, %error, "earlier weights are on chain, according to the newest block");
        Ok(settles_earlier(self.confirmed(intent, block, &subnet).await?))
    }

    async fn expire(&self, intent: &WeightIntent) -> Result<(), Halt> {
        self.store.save_outcome(intent, &IntentOutcome::Expired).await?;
        tracing::warn!(window = intent.window, "submission expired: no block included it");
        Ok(())
    }

    pub(crate) async fn settle(&self, intent: &WeightIntent, broadcast: Broadcast) -> Result<WeightsConfirmed, Halt> {
        match broadcast {
            Broadcast::Included(inclusion) => self.settle_included(intent, inclusion).await,
            // A temporary error, or one that may mean that the bytes are included, leaves the intent open: the chain is asked
            // at the next head, and the same bytes are sent again while their era lasts.
            Broadcast::Refused(failure) if matches!(failure.remedy, Remedy::Wait | Remedy::ReadAgain) => {
                Err(Halt::Later(format!("the node does not accept the weights now: {}", failure.error)))
            }
            Broadcast::Refused(failure) => {
                let outcome = IntentOutcome::Refused { error: failure.error.clone() };
                self.store.save_outcome(intent, &outcome).await?;
                Err(halt_of(&failure, "the node rejected the weights"))
            }
        }
    }

    async fn settle_included(&self, intent: &WeightIntent, inclusion: Inclusion) -> Result<WeightsConfirmed, Halt> {
        let Inclusion { block, failure, .. } = inclusion;
        let Some(failure) = failure else { return self.confirm(intent, block).await };
        let outcome = IntentOutcome::Failed { block, error: failure.error.clone() };
        self.store.save_outcome(intent, &outcome).await?;
        Err(halt_of(&failure, "the chain rejected the weights"))
    }

    /// Checks that the chain holds what was sent: `LastUpdate`, and the stored row unless it is to be revealed later.
    async fn confirm(&self, intent: &WeightIntent, block: Block) -> Result<WeightsConfirmed, Halt> {
        let head = self.chain.next_head(None).await?;
        if head.stamp.block < block {
            return Err(Halt::Later(format!("the node does not have block {block} yet; will retry")));
        }
        let subnet = self.chain.subnet(&head).await?;
        let own = self.chain.hotkey().and_then(|hotkey| subnet.neuron(&hotkey));
        if let Some(neuron) = own.filter(|neuron| neuron.last_update <= block)
            && (neuron.last_update < block || !self.holds(&head, neuron, intent).await?)
        {
            let error = "the chain holds different weights from those sent".to_owned();
            let outcome = IntentOutcome::Failed { block, error: error.clone() };
            self.store.save_outcome(intent, &outcome).await?;
            return Err(Halt::Failed(format!("{error}, although it accepted them: please report this")));
        }
        self.confirmed(intent, block, &subnet).await
    }

    /// Whether the chain holds the entries of an intent, as far as visible: commits are revealed later. A row that cannot be read
    /// long after the era is assumed to be what was sent.
    async fn holds(&self, head: &Head, own: &Neuron, intent: &WeightIntent) -> Result<bool, Halt> {
        if intent.reveal.is_some() {
            return Ok(true);
        }
        match self.chain.weights_of(head, own.uid).await {
            Ok(held) => Ok(non_zero(&held) == non_zero(&intent.entries)),
            Err(error) if is_long_over(intent, head) => {
                tracing::warn!(%error, window = intent.window, "cannot read our weights on chain; using the block of the last update");
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn confirmed(&self, intent: &WeightIntent, block: Block, subnet: &Subnet) -> Result<WeightsConfirmed, Halt> {
        self.store.save_outcome(intent, &IntentOutcome::Confirmed { block }).await?;
        let own = self.chain.hotkey().and_then(|hotkey| subnet.neuron(&hotkey));
        let standing = own.map(|neuron| standing(&intent.entries, neuron, subnet));
        let (cycle, extrinsic_hash, entries) = (intent.cycle, intent.extrinsic_hash, intent.entries.clone());
        let reveal_at = intent.reveal.as_ref().map(|plan| plan.reveals_at(block));
        Ok(WeightsConfirmed { cycle, block, extrinsic_hash, entries, reveal_at, standing, settles_earlier: false })
    }
}

/// Whether the era of an intent ended so long ago that the state at the head decides.
const fn is_long_over(intent: &WeightIntent, head: &Head) -> bool {
    head.stamp.block > intent.valid_until.saturating_add(FIND_PATIENCE_BLOCKS)
}

fn settles_earlier(confirmed: WeightsConfirmed) -> Option<Sent> {
    Some(Sent::Confirmed(WeightsConfirmed { settles_earlier: true, ..confirmed }))
}
