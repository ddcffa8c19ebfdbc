//! One pass of sending weights: settle open submissions, determine whether a submission is due, check, sign, store, send,
//! confirm.
//!
//! Each pass starts from the store and the chain, and keeps nothing for the next. The process may die between any two steps; the
//! next pass finds out from the chain how far it got.

use crate::ports::{Chain, Store, StoreError};
use crate::weight_setter::foreign_updates::{ForeignUpdates, ForeignWeights, HeldAtStart};
use crate::weight_setter::messages::{WeightsConfirmed, WeightsWithheld};
use crate::weight_setter::pass::{Halt, Sent, halt_of};
use crate::weight_setter::preflight::{Obstacle, obstacle};
use crate::weight_setter::reveal::{RevealCheck, reveal, watch_reveals};
use crate::weight_setter::settings::{DECISION_PATIENCE_BLOCKS, SendingSettings};
use std::sync::Arc;
use tensorflix_domain::chain_time::grid_start;
use tensorflix_domain::cycle::ScoresInForce;
use tensorflix_domain::extrinsic::SignedWeights;
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, Hotkey};
use tensorflix_domain::intent::{IntentOutcome, WeightIntent};
use tensorflix_domain::standing::{Standing, standing};
use tensorflix_domain::subnet::{Hyperparameters, Subnet};
use tensorflix_domain::verdict::Status;
use tensorflix_domain::weights::{ScoreVector, WeightEntry, weight_vector};
use tokio::sync::Mutex;

/// Blocks beyond the chain's rate limit before a resend, so that it is never refused as too early.
const RATE_LIMIT_MARGIN_BLOCKS: u32 = 20;

/// Blocks kept between a resend and half of the activity cutoff.
const ACTIVITY_MARGIN_BLOCKS: u32 = 50;

pub(crate) struct Sender {
    settings: SendingSettings,
    pub(crate) chain: Arc<dyn Chain>,
    pub(crate) store: Arc<dyn Store>,
    foreign_updates: ForeignUpdates,
    /// Whether only decisions of this process are sent, without waiting for another one.
    only_decisions: bool,
    /// The newest cycle that was checked for qualifying submissions, and the result.
    known_empty: Mutex<Option<(u32, bool)>>,
}

/// Weights that are due.
struct Due {
    window: Block,
    cycle: u32,
    entries: Vec<WeightEntry>,
    standing: Option<Standing>,
    /// Whether all of it goes to the subnet's owner, because no hotkey with a score is registered any more.
    is_burnt: bool,
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
    pub(crate) fn new(
        settings: SendingSettings,
        only_decisions: bool,
        chain: Arc<dyn Chain>,
        store: Arc<dyn Store>,
        at_start: HeldAtStart,
    ) -> Self {
        let foreign_updates = ForeignUpdates::new(settings.on_foreign_update, at_start);
        Self { settings, chain, store, foreign_updates, only_decisions, known_empty: Mutex::default() }
    }

    /// One pass at the newest known finalized head: settles open submissions, then sends what is due.
    pub(crate) async fn advance(&self, head: Option<Head>) -> Vec<Sent> {
        let mut sent = Vec::new();
        let mut cycle = 0;
        if let Err(halt) = self.pass(head, &mut cycle, &mut sent).await {
            let (reason, is_failure) = match halt {
                Halt::Awaiting => return sent,
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

    /// Adds everything that is sent or withheld to `sent`; `cycle` is set to the current cycle for a pass that halts. A pass that
    /// neither sends nor waits for a decision returns the reason, for callers that wait for the weights.
    async fn pass(&self, head: Option<Head>, cycle: &mut u32, sent: &mut Vec<Sent>) -> Result<(), Halt> {
        let head = match head {
            Some(head) => head,
            None => self.store.latest_head().await?.ok_or_else(|| Halt::Later("no block is known yet".to_owned()))?,
        };
        self.settle_earlier(&head, cycle, sent).await?;
        let force = self.store.scores_in_force().await?;
        *cycle = force.as_ref().map_or(0, |force| force.cycle);
        let latest = self.latest_intent().await?;
        let Some(stored) = self.store.latest_subnet().await? else {
            return Err(Halt::Later("the subnet has not been read yet".to_owned()));
        };
        let window = self.window(&head, &stored.hyperparameters);
        if latest.as_ref().is_some_and(|intent| takes_window(intent, window)) {
            return Err(Halt::Later(format!("weights were already sent in the window from block {window}")));
        }
        let (decided_by, scores) = self.scores_to_send(&head, force, &stored).await?;
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

    /// Settles what our hotkey sent earlier: an intent with an open outcome, and reveals that are due.
    async fn settle_earlier(&self, head: &Head, cycle: &mut u32, sent: &mut Vec<Sent>) -> Result<(), Halt> {
        let Some(hotkey) = self.chain.hotkey() else { return Ok(()) };
        let may_send = !self.settings.dry_run;
        self.note_start(head, &hotkey).await?;
        if let Some(intent) = self.latest_intent().await?.filter(|intent| intent.outcome.is_none() && may_send) {
            *cycle = intent.cycle;
            sent.extend(self.reconcile(head, &intent).await?);
        }
        match watch_reveals(&*self.chain, &*self.store, &hotkey, head).await {
            Ok(RevealCheck { failed, to_reveal }) => {
                sent.extend(failed.into_iter().map(Sent::Unrevealed));
                if let Some(intent) = to_reveal.filter(|_| may_send) {
                    reveal(&*self.chain, head, &intent).await;
                }
            }
            Err(error) => tracing::warn!(error = error.to_string(), "could not check reveals; will retry"),
        }
        Ok(())
    }

    /// The newest intent of our hotkey: intents of other hotkeys in this store do not count.
    async fn latest_intent(&self) -> Result<Option<WeightIntent>, StoreError> {
        match self.chain.hotkey() {
            Some(hotkey) => self.store.latest_intent(&hotkey).await,
            None => Ok(None),
        }
    }

    /// Once per process: records the block of our weights on chain at the start.
    async fn note_start(&self, head: &Head, hotkey: &Hotkey) -> Result<(), Halt> {
        if self.foreign_updates.lacks_start() {
            let subnet = self.chain.subnet(head).await?;
            self.foreign_updates.note_start(subnet.neuron(hotkey));
        }
        Ok(())
    }

    fn window(&self, head: &Head, hyperparameters: &Hyperparameters) -> Block {
        grid_start(head.stamp.block, window_blocks(self.settings.resend_blocks, hyperparameters))
    }

    /// The scores to send now, with their cycle.
    async fn scores_to_send(
        &self,
        head: &Head,
        force: Option<ScoresInForce>,
        subnet: &Subnet,
    ) -> Result<(u32, ScoreVector), Halt> {
        let slot = grid_start(head.stamp.block, self.settings.slot_blocks);
        let latest = self.store.latest_cycle().await?;
        let is_decided = latest.is_some_and(|cycle| cycle.decided && cycle.at.block >= slot);
        if !is_decided && !self.only_decisions && head.stamp.block < slot.saturating_add(self.patience_blocks()) {
            return Err(Halt::Awaiting);
        }
        match (force, latest.filter(|cycle| cycle.decided), subnet.owner_hotkey) {
            (Some(force), _, _) => Ok((force.cycle, force.scores)),
            // Nothing ever qualified: burn to the owner, so that the validator does not become inactive.
            (None, Some(cycle), Some(owner)) if self.is_known_empty(cycle.cycle).await? => {
                Ok((cycle.cycle, ScoreVector::from([(owner, 1.0)])))
            }
            (None, Some(cycle), Some(_)) => Err(Halt::Later(format!(
                "cycle {} has no scores, but pending or unread submissions may still qualify, so nothing is burnt",
                cycle.cycle
            ))),
            (None, Some(_), None) => {
                Err(Halt::Failed("nothing qualifies, and the subnet's owner is unknown".to_owned()))
            }
            (None, None, _) => Err(Halt::Later("no cycle is decided yet".to_owned())),
        }
    }

    /// How long to wait for the decision of a slot, in blocks: at most half of a short slot, or nothing would ever be sent in
    /// between.
    const fn patience_blocks(&self) -> u32 {
        let half = self.settings.slot_blocks / 2;
        if half < DECISION_PATIENCE_BLOCKS { half } else { DECISION_PATIENCE_BLOCKS }
    }

    /// Whether it is certain that nothing qualifies in a cycle: it had tasks, and no submission is pending. A decision never
    /// changes, so each cycle is read once.
    async fn is_known_empty(&self, cycle: u32) -> Result<bool, StoreError> {
        let mut known = self.known_empty.lock().await;
        if let Some((_, is_empty)) = known.filter(|(of, _)| *of == cycle) {
            return Ok(is_empty);
        }
        let Some(decided) = self.store.decided_cycle(cycle).await? else { return Ok(false) };
        let waits = decided.submissions.iter().any(|judged| judged.status == Status::Pending);
        let is_empty = !decided.evidence.tasks.is_empty() && !waits;
        *known = Some((cycle, is_empty));
        Ok(is_empty)
    }

    /// Maps scores to the UIDs of this block. If no hotkey with a score is registered any more, all weight goes to the subnet's
    /// owner, which burns it.
    fn due(&self, window: Block, cycle: u32, scores: &ScoreVector, subnet: &Subnet) -> Result<Due, Halt> {
        let is_anybody_left = scores.keys().any(|hotkey| subnet.neuron(hotkey).is_some());
        let burnt_to = subnet.owner_hotkey.filter(|_| !is_anybody_left);
        let entries = match burnt_to {
            Some(owner) => weight_vector(&ScoreVector::from([(owner, 1.0)]), subnet),
            None => weight_vector(scores, subnet),
        };
        if entries.is_empty() {
            let what =
                "no hotkey with a score is registered any more, and the subnet owner's hotkey is not registered either";
            return Err(Halt::Failed(what.to_owned()));
        }
        let own = self.chain.hotkey().and_then(|hotkey| subnet.neuron(&hotkey));
        let standing = own.map(|neuron| standing(&entries, neuron, subnet));
        Ok(Due { window, cycle, entries, standing, is_burnt: burnt_to.is_some() })
    }

    async fn send(
        &self,
        head: &Head,
        subnet: &Subnet,
        latest: Option<&WeightIntent>,
        due: Due,
    ) -> Result<WeightsConfirmed, Halt> {
        let Some(hotkey) = self.chain.hotkey() else {
            return Err(Halt::Failed("no wallet to sign with: set [wallet], or use --dry-run".to_owned()));
        };
        if let Some(neuron) = subnet.neuron(&hotkey) {
            let stopped = |error: ForeignWeights| Halt::Failed(error.to_string());
            self.foreign_updates.look(neuron, latest).map_err(stopped)?;
        }
        match obstacle(subnet, &hotkey, self.settings.version_key, &due.entries) {
            Some(Obstacle::TooEarly { next }) => {
                return Err(Halt::Later(format!("the chain's rate limit allows the next weights at block {next}")));
            }
            Some(Obstacle::Operator(text)) => return Err(Halt::Failed(text)),
            None => {}
        }
        if due.is_burnt {
            tracing::warn!(
                cycle = due.cycle,
                "no hotkey with a score is registered any more; burning all weight through the subnet owner's UID"
            );
        }
        let SignedWeights { extrinsic: signed, reveal } = self.chain.sign_weights(head, &due.entries).await?;
        // Checked before the intent is stored, so that a rejected submission does not use up the window.
        if let Some(failure) = self.chain.validate(&signed.bytes).await? {
            return Err(halt_of(&failure, "the node would reject the weights"));
        }
        let intent = WeightIntent {
            hotkey: Some(hotkey),
            window: due.window,
            cycle: due.cycle,
            signed_at: head.stamp,
            entries: due.entries,
            extrinsic: signed.bytes,
            extrinsic_hash: signed.hash,
            nonce: signed.nonce,
            valid_until: signed.valid_until,
            reveal,
            outcome: None,
        };
        if !self.store.save_intent(&intent).await? {
            return Err(Halt::Later(format!("weights were already sent in the window from block {}", due.window)));
        }
        let broadcast = self.chain.submit(&intent.extrinsic).await?;
        self.settle(&intent, broadcast).await
    }
}

/// Whether this intent is the window's submission: either it was sent for the window, or it was sent for an earlier window and
/// included in a block of this one, as happens after an interruption of the process or the chain.
fn takes_window(intent: &WeightIntent, window: Block) -> bool {
    let included_at = intent.outcome.as_ref().and_then(IntentOutcome::block);
    included_at.is_some_and(|block| intent.window >= window || block >= window)
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
