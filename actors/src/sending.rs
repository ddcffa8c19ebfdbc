//! One pass of sending weights: reconcile what is open, see whether a submission is due, check, sign, store, send,
//! confirm.
//!
//! Each pass begins from the store and the chain, and holds nothing over to the next. Between any two of its steps the
//! process may die; the next pass finds out from the chain how far it came.

use crate::ports::{Chain, ChainError, Failure, Fate, Inclusion, Remedy, Store, StoreError};
use crate::preflight::{Obstacle, obstacle};
use crate::revealing::{Unrevealed, Watched, reveal, watch_reveals};
use crate::weight_setter::{DECISION_PATIENCE_BLOCKS, WeightsConfirmed, WeightsWithheld};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tensorflix_domain::chain_time::grid_start;
use tensorflix_domain::ids::Block;
use tensorflix_domain::record::{Head, IntentOutcome, ScoresInForce, WeightIntent};
use tensorflix_domain::standing::{Standing, standing};
use tensorflix_domain::subnet::{Hyperparameters, Neuron, Subnet};
use tensorflix_domain::verdict::Status;
use tensorflix_domain::weights::{ScoreVector, WeightEntry, weight_vector};

/// Blocks beyond the chain's rate limit before a resend, so that it is never refused as too early.
const RATE_LIMIT_MARGIN_BLOCKS: u32 = 20;

/// Blocks kept between a resend and half of the activity cutoff.
const ACTIVITY_MARGIN_BLOCKS: u32 = 50;

/// What follows when somebody else set our weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnForeignUpdate {
    /// Alert, wait one rate limit, go on.
    Continue,
    /// Alert, and send nothing more.
    Stop,
}

/// The settings of sending.
#[derive(Clone, Copy, Debug)]
pub struct SendingSettings {
    /// `weights.resend_blocks`; 0 means automatic.
    pub resend_blocks: u32,
    /// Blocks in a cycle's slot.
    pub slot_blocks: u32,
    /// `weights.version_key`.
    pub version_key: u64,
    /// `weights.on_foreign_update`.
    pub on_foreign_update: OnForeignUpdate,
    /// Whether nothing is signed and sent.
    pub dry_run: bool,
}

/// What a pass came to.
pub(crate) enum Sent {
    Confirmed(WeightsConfirmed),
    Withheld(WeightsWithheld),
    Unrevealed(Unrevealed),
}

pub(crate) struct Sender {
    settings: SendingSettings,
    chain: Arc<dyn Chain>,
    store: Arc<dyn Store>,
    /// The block of the last foreign update that the operator was told of.
    told_of_foreign: AtomicU32,
}

/// Why a pass ended early.
enum Halt {
    /// Not now; a later head tries again. Worth telling only if somebody waits for it.
    Later(String),
    /// Something failed, or the operator must act.
    Failed(String),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<ChainError> for Halt {
    fn from(error: ChainError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Weights that are due.
struct Due {
    window: Block,
    cycle: u32,
    entries: Vec<WeightEntry>,
    standing: Option<Standing>,
}

/// The length of the windows in which weights are sent again: `resend_blocks`, or by default the larger of the tempo and
/// the rate limit with a margin; in any case before half of the activity cutoff, and never below the rate limit.
pub fn window_blocks(resend_blocks: u32, hyperparameters: &Hyperparameters) -> u32 {
    let slowest = (hyperparameters.activity_cutoff / 2).saturating_sub(ACTIVITY_MARGIN_BLOCKS);
    let by_rate = hyperparameters.weights_rate_limit.saturating_add(RATE_LIMIT_MARGIN_BLOCKS);
    let wished = if resend_blocks == 0 { hyperparameters.tempo.max(by_rate) } else { resend_blocks };
    wished.min(slowest).max(by_rate)
}

impl Sender {
    pub(crate) fn new(settings: SendingSettings, chain: Arc<dyn Chain>, store: Arc<dyn Store>) -> Self {
        Self { settings, chain, store, told_of_foreign: AtomicU32::new(0) }
    }

    /// One pass at the newest finalized head that is known: settles what is open, then sends what is due.
    pub(crate) async fn advance(&self, head: Option<Head>) -> Vec<Sent> {
        let mut sent = Vec::new();
        let mut cycle = 0;
        if let Err(halt) = self.pass(head, &mut cycle, &mut sent).await {
            let (reason, is_failure) = match halt {
                Halt::Later(reason) => (reason, false),
                Halt::Failed(reason) => (reason, true),
            };
            sent.push(Sent::Withheld(WeightsWithheld {
                cycle,
                entries: Vec::new(),
                standing: None,
                reason,
                is_failure,
            }));
        }
        sent
    }

    /// What is sent or withheld goes into `sent` as it happens; `cycle` names the cycle at hand when a pass halts.
    async fn pass(&self, head: Option<Head>, cycle: &mut u32, sent: &mut Vec<Sent>) -> Result<(), Halt> {
        let head = match head {
            Some(head) => head,
            None => match self.store.latest_head().await? {
                Some(head) => head,
                None => return Ok(()),
            },
        };
        if let Some(intent) = self.store.latest_intent().await?.filter(|intent| intent.outcome.is_none()) {
            *cycle = intent.cycle;
            let settled = self.reconcile(&head, &intent).await?;
            sent.extend(settled);
        }
        match watch_reveals(&*self.chain, &*self.store, &head).await {
            Ok(Watched { failed, to_reveal }) => {
                sent.extend(failed.into_iter().map(Sent::Unrevealed));
                if let Some(intent) = to_reveal.filter(|_| !self.settings.dry_run) {
                    reveal(&*self.chain, &head, &intent).await;
                }
            }
            Err(error) => tracing::warn!(error, "the reveal of committed weights could not be looked at; it is later"),
        }
        let force = self.store.scores_in_force().await?;
        *cycle = force.as_ref().map_or(0, |force| force.cycle);
        let latest = self.store.latest_intent().await?;
        let Some(stored) = self.store.latest_subnet().await? else {
            return Ok(());
        };
        let window = self.window(&head, &stored.hyperparameters);
        if latest.as_ref().is_some_and(|intent| takes_window(intent, window)) {
            return Err(Halt::Later(format!("the window from block {window} has its submission already")));
        }
        let Some((decided_by, scores)) = self.scores_to_send(&head, force, &stored).await? else {
            return Ok(());
        };
        *cycle = decided_by;
        let subnet = self.chain.subnet(&head).await?;
        let due = self.due(window, decided_by, &scores, &subnet)?;
        if self.settings.dry_run {
            let Due { cycle, entries, standing, .. } = due;
            let reason = "dry run: nothing is signed or sent".to_owned();
            sent.push(Sent::Withheld(WeightsWithheld { cycle, entries, standing, reason, is_failure: false }));
            return Ok(());
        }
        sent.push(Sent::Confirmed(self.send(&head, &subnet, latest.as_ref(), due).await?));
        Ok(())
    }

    fn window(&self, head: &Head, hyperparameters: &Hyperparameters) -> Block {
        grid_start(head.stamp.block, window_blocks(self.settings.resend_blocks, hyperparameters))
    }

    /// The scores to send now, with their cycle; `None` if there is nothing to send, or a decision of this slot is
    /// awaited.
    async fn scores_to_send(
        &self,
        head: &Head,
        force: Option<ScoresInForce>,
        subnet: &Subnet,
    ) -> Result<Option<(u32, ScoreVector)>, Halt> {
        let slot = grid_start(head.stamp.block, self.settings.slot_blocks);
        let latest = self.store.latest_cycle().await?;
        let is_decided = latest.is_some_and(|cycle| cycle.decided && cycle.at.block >= slot);
        if !is_decided && head.stamp.block < slot.saturating_add(DECISION_PATIENCE_BLOCKS) {
            return Ok(None);
        }
        match (force, latest.filter(|cycle| cycle.decided), subnet.owner_hotkey) {
            (Some(force), _, _) => Ok(Some((force.cycle, force.scores))),
            // Nothing ever qualified: burn to the owner rather than fall silent.
            (None, Some(cycle), Some(owner)) if self.is_known_empty(cycle.cycle).await? => {
                Ok(Some((cycle.cycle, ScoreVector::from([(owner, 1.0)]))))
            }
            (None, Some(cycle), Some(_)) => Err(Halt::Later(format!(
                "cycle {} scores nobody, but what it could not read may qualify: nothing is burnt for that",
                cycle.cycle
            ))),
            (None, Some(_), None) => {
                Err(Halt::Failed("nothing qualifies, and the chain names no owner of the subnet".to_owned()))
            }
            (None, None, _) => Ok(None),
        }
    }

    /// Whether it is known of a cycle that nothing qualifies: it had tasks, and no submission waits for anything.
    async fn is_known_empty(&self, cycle: u32) -> Result<bool, StoreError> {
        let decided = self.store.decided_cycle(cycle).await?;
        Ok(decided.is_some_and(|decided| {
            let waits = decided.submissions.iter().any(|judged| judged.status == Status::Pending);
            !decided.evidence.tasks.is_empty() && !waits
        }))
    }

    /// Maps scores to the UIDs of this block.
    fn due(&self, window: Block, cycle: u32, scores: &ScoreVector, subnet: &Subnet) -> Result<Due, Halt> {
        let entries = weight_vector(scores, subnet);
        if entries.is_empty() {
            return Err(Halt::Failed("none of the hotkeys with a score is registered any more".to_owned()));
        }
        let own = self.chain.hotkey().and_then(|hotkey| subnet.neuron(&hotkey));
        let standing = own.map(|neuron| standing(&entries, neuron, subnet));
        Ok(Due { window, cycle, entries, standing })
    }

    async fn send(
        &self,
        head: &Head,
        subnet: &Subnet,
        latest: Option<&WeightIntent>,
        due: Due,
    ) -> Result<WeightsConfirmed, Halt> {
        let Some(hotkey) = self.chain.hotkey() else {
            return Err(Halt::Failed("there is no wallet to sign with: set [wallet], or use --dry-run".to_owned()));
        };
        if let Some(neuron) = subnet.neuron(&hotkey) {
            self.look_for_foreign_update(neuron, latest)?;
        }
        match obstacle(subnet, &hotkey, self.settings.version_key, &due.entries) {
            Some(Obstacle::TooEarly { next }) => {
                return Err(Halt::Later(format!("the chain's rate limit lets the next weights pass at block {next}")));
            }
            Some(Obstacle::Operator(text)) => return Err(Halt::Failed(text)),
            None => {}
        }
        let signed = self.chain.sign_weights(head, &due.entries).await?;
        // Asked before the intent is stored: what the node would refuse uses up no window.
        if let Some(failure) = self.chain.validate(&signed.bytes).await? {
            return Err(halt_of(&failure, "the node would refuse the weights"));
        }
        let intent = WeightIntent {
            window: due.window,
            cycle: due.cycle,
            signed_at: head.stamp,
            entries: due.entries,
            extrinsic: signed.bytes,
            extrinsic_hash: signed.hash,
            nonce: signed.nonce,
            valid_until: signed.valid_until,
            reveal: signed.reveal,
            outcome: None,
        };
        if !self.store.save_intent(&intent).await? {
            return Err(Halt::Later(format!("the window from block {} has its submission already", due.window)));
        }
        let inclusion = self.chain.submit(&intent.extrinsic).await?;
        self.settle(&intent, inclusion).await
    }

    /// Whether somebody else set our weights since we last did: a second instance, or a stolen key.
    fn look_for_foreign_update(&self, neuron: &Neuron, latest: Option<&WeightIntent>) -> Result<(), Halt> {
        let Some(latest) = latest else {
            // What was set before this store began is not known.
            return Ok(());
        };
        let own_update = match latest.outcome {
            Some(IntentOutcome::Confirmed { block } | IntentOutcome::Failed { block, .. }) => block,
            _ => latest.signed_at.block,
        };
        if neuron.last_update <= own_update.max(neuron.registered_at) {
            return Ok(());
        }
        if self.told_of_foreign.swap(neuron.last_update, Ordering::Relaxed) != neuron.last_update {
            tracing::error!(
                block = neuron.last_update,
                "somebody else set weights with our hotkey: stop the other instance, or replace a stolen key"
            );
        }
        match self.settings.on_foreign_update {
            // The rate limit counts from the foreign update, so it is waited for by itself.
            OnForeignUpdate::Continue => Ok(()),
            OnForeignUpdate::Stop => Err(Halt::Failed(format!(
                "somebody else set weights with our hotkey at block {}, and weights.on_foreign_update is \"stop\": stop \
                 the other instance, then restart",
                neuron.last_update
            ))),
        }
    }

    /// Finds out what became of an intent whose outcome is not known, and sends the same bytes again if the chain
    /// does not have them and still would take them. `None` if they reached no block and never will.
    async fn reconcile(&self, head: &Head, intent: &WeightIntent) -> Result<Option<Sent>, Halt> {
        let is_lost = match self.chain.find(intent, head).await? {
            Fate::Included(inclusion) => {
                return self.settle(intent, inclusion).await.map(settles_earlier);
            }
            Fate::Superseded => true,
            Fate::Open => head.stamp.block > intent.valid_until,
        };
        if is_lost {
            self.store.save_outcome(intent.window, &IntentOutcome::Expired).await?;
            tracing::warn!(window = intent.window, "a submission reached no block while it was valid");
            return Ok(None);
        }
        tracing::info!(window = intent.window, "sending the same signed weights again");
        let inclusion = self.chain.submit(&intent.extrinsic).await?;
        self.settle(intent, inclusion).await.map(settles_earlier)
    }

    async fn settle(&self, intent: &WeightIntent, inclusion: Inclusion) -> Result<WeightsConfirmed, Halt> {
        match inclusion {
            Inclusion::Finalized { block, failure: None } => self.confirm(intent, block).await,
            Inclusion::Finalized { block, failure: Some(failure) } => {
                let outcome = IntentOutcome::Failed { block, error: failure.error.clone() };
                self.store.save_outcome(intent.window, &outcome).await?;
                Err(halt_of(&failure, "the chain refused the weights"))
            }
            // What passes, or what may mean that the bytes are included, leaves the intent open: the next head asks the
            // chain, and the same bytes are sent again while their era lasts.
            Inclusion::Refused(failure) if matches!(failure.remedy, Remedy::Wait | Remedy::ReadAgain) => {
                Err(Halt::Later(format!("the node does not take the weights now: {}", failure.error)))
            }
            Inclusion::Refused(failure) => {
                let outcome = IntentOutcome::Refused { error: failure.error.clone() };
                self.store.save_outcome(intent.window, &outcome).await?;
                Err(halt_of(&failure, "the node refused the weights"))
            }
        }
    }

    /// Makes sure that the chain holds what was sent: `LastUpdate`, and the stored row unless it is to be revealed later.
    async fn confirm(&self, intent: &WeightIntent, block: Block) -> Result<WeightsConfirmed, Halt> {
        let head = self.chain.next_head(None).await?;
        if head.stamp.block < block {
            return Err(Halt::Later(format!("the node does not show block {block} yet; it is asked again")));
        }
        let subnet = self.chain.subnet(&head).await?;
        let own = self.chain.hotkey().and_then(|hotkey| subnet.neuron(&hotkey));
        if let Some(neuron) = own.filter(|neuron| neuron.last_update <= block) {
            let is_stored = match intent.reveal {
                Some(_) => true,
                None => non_zero(&self.chain.weights_of(&head, neuron.uid).await?) == non_zero(&intent.entries),
            };
            if neuron.last_update < block || !is_stored {
                let error = "the chain holds other weights than were sent".to_owned();
                let outcome = IntentOutcome::Failed { block, error: error.clone() };
                self.store.save_outcome(intent.window, &outcome).await?;
                return Err(Halt::Failed(format!("{error}, though it accepted them: report this")));
            }
        }
        self.store.save_outcome(intent.window, &IntentOutcome::Confirmed { block }).await?;
        let standing = own.map(|neuron| standing(&intent.entries, neuron, &subnet));
        let (cycle, extrinsic_hash, entries) = (intent.cycle, intent.extrinsic_hash, intent.entries.clone());
        let reveal_at = intent.reveal.as_ref().map(|plan| plan.reveals_at(block));
        Ok(WeightsConfirmed { cycle, block, extrinsic_hash, entries, reveal_at, standing, settles_earlier: false })
    }
}

fn settles_earlier(confirmed: WeightsConfirmed) -> Option<Sent> {
    Some(Sent::Confirmed(WeightsConfirmed { settles_earlier: true, ..confirmed }))
}

/// Whether a window has its submission by this intent: one that was sent for it, or one of an earlier window that came into
/// a block of this one, as happens when the process or the chain was away in between.
fn takes_window(intent: &WeightIntent, window: Block) -> bool {
    let included_at = intent.outcome.as_ref().and_then(IntentOutcome::block);
    included_at.is_some_and(|block| intent.window >= window || block >= window)
}

pub(crate) fn non_zero(entries: &[WeightEntry]) -> Vec<WeightEntry> {
    entries.iter().copied().filter(|(_, weight)| *weight > 0).collect()
}

/// What an error of the chain comes to, by its remedy.
fn halt_of(failure: &Failure, what: &str) -> Halt {
    let error = &failure.error;
    match failure.remedy {
        Remedy::Wait => Halt::Later(format!("{what} for now: {error}")),
        Remedy::ReadAgain => Halt::Later(format!("{what}: {error}; the subnet is read again")),
        Remedy::NextEpoch => Halt::Later(format!("{what} in this epoch: {error}")),
        Remedy::AlertOperator => Halt::Failed(format!("{what}: {error}; only the operator can mend this")),
        Remedy::OurBug => Halt::Failed(format!("{what}: {error}; this is a bug of this program, report it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_lasts_a_tempo_but_ends_before_half_the_activity_cutoff() {
        let hyperparameters = |tempo, weights_rate_limit, activity_cutoff| Hyperparameters {
            tempo,
            weights_rate_limit,
            min_allowed_weights: 1,
            weights_version_key: 0,
            stake_threshold_rao: 0,
            activity_cutoff,
            commit_reveal: false,
        };
        for (resend, tempo, rate, cutoff, expected) in [
            (0, 360, 100, 5_000, 360),
            (0, 99, 100, 5_000, 120),
            (0, 7_200, 100, 5_000, 2_450),
            (500, 360, 100, 5_000, 500),
            (9_000, 360, 100, 5_000, 2_450),
            (10, 360, 100, 5_000, 120),
            (0, 360, 100, 100, 120),
        ] {
            assert_eq!(window_blocks(resend, &hyperparameters(tempo, rate, cutoff)), expected, "{resend} {tempo}");
        }
    }
}
