//! WeightSetter: keeps the validator's weights on chain, at most one submission in each window.
//!
//! - Owns in the store: intents and their outcomes.
//! - Blocks are divided into windows of `resend_blocks`. In each window the scores in force are sent once, whether or
//!   not they changed, so that the chain never counts the validator as inactive. While the cycle of a slot is not decided
//!   yet, it waits for the decision, but at most [`DECISION_PATIENCE_BLOCKS`] and at most half of the slot.
//! - Windows belong to a hotkey: what another hotkey sent from this store does not count for ours.
//! - The signed bytes are stored before they are broadcast. After a crash, or when an answer was lost, the chain is
//!   asked first, and then the same bytes are sent again while their era lasts.
//! - If the subnet demands it, weights are committed, and the chain reveals them by itself an epoch or more later: one
//!   submission. The reveal is checked (`reveal.rs`).
//! - Hotkeys become UIDs at the block of signing, never earlier.
//!
//! It scores nothing. With `dry_run` it does everything except signing and sending.

pub(crate) mod foreign_updates;
mod messages;
mod pass;
pub(crate) mod preflight;
pub mod reveal;
pub mod sender;
mod settings;
pub(crate) mod settling;

pub use self::foreign_updates::HeldAtStart;
pub use self::messages::{WeightsConfirmed, WeightsWithheld};
pub use self::settings::{DECISION_PATIENCE_BLOCKS, OnForeignUpdate, SendingSettings};

use crate::chain_watcher::HeadFinalized;
use crate::ports::{Chain, Store};
use crate::scorer::ScoresDecided;
use crate::stats::ActorStats;
use crate::weight_setter::pass::Sent;
use crate::weight_setter::sender::Sender;
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Recipient, WrapFuture};
use std::sync::Arc;
use tensorflix_domain::head::Head;

/// The subject of its outcomes.
pub const WEIGHTS: &str = "weights";

/// Everything that WeightSetter needs.
#[derive(Clone)]
pub struct WeightSetterParts {
    /// How weights are sent.
    pub settings: SendingSettings,
    /// Whether only decisions of this process are sent, never as a resend.
    pub only_decisions: bool,
    /// The chain.
    pub chain: Arc<dyn Chain>,
    /// Its records.
    pub store: Arc<dyn Store>,
    /// Its counters.
    pub stats: Arc<ActorStats>,
    /// Receive weights on chain.
    pub confirmed_listeners: Vec<Recipient<WeightsConfirmed>>,
    /// Receive weights that were not sent.
    pub withheld_listeners: Vec<Recipient<WeightsWithheld>>,
    /// What the chain held when the process began, which a restart of the actor must not forget.
    pub at_start: HeldAtStart,
}

/// The actor.
pub struct WeightSetter {
    parts: WeightSetterParts,
    sender: Arc<Sender>,
    head: Option<Head>,
    is_busy: bool,
    decided_meanwhile: bool,
    /// The failure that was reported last; it is reported again only for a new decision.
    told_failure: Option<String>,
}

impl WeightSetter {
    /// A setter with nothing under way.
    pub fn new(parts: WeightSetterParts) -> Self {
        let WeightSetterParts { settings, only_decisions, chain, store, at_start, .. } = parts.clone();
        let sender = Arc::new(Sender::new(settings, only_decisions, chain, store, at_start));
        Self { parts, sender, head: None, is_busy: false, decided_meanwhile: false, told_failure: None }
    }
}

impl Actor for WeightSetter {
    type Context = Context<Self>;
}

crate::supervised!(WeightSetter);

impl Handler<HeadFinalized> for WeightSetter {
    type Result = ();

    fn handle(&mut self, HeadFinalized(head): HeadFinalized, context: &mut Self::Context) {
        if self.head.is_none_or(|known| known.stamp < head.stamp) {
            self.head = Some(head);
        }
        if !self.parts.only_decisions {
            self.advance(context, false);
        }
    }
}

impl Handler<ScoresDecided> for WeightSetter {
    type Result = ();

    fn handle(&mut self, _: ScoresDecided, context: &mut Self::Context) {
        self.advance(context, true);
    }
}

impl WeightSetter {
    /// Does the sending that is due, one at a time. With `was_decided`, weights that are not sent are always reported.
    fn advance(&mut self, context: &mut Context<Self>, was_decided: bool) {
        if std::mem::replace(&mut self.is_busy, true) {
            self.decided_meanwhile |= was_decided;
            return;
        }
        let (sender, head, work) = (Arc::clone(&self.sender), self.head, self.parts.stats.begin());
        let run = async move {
            let _work = work;
            sender.advance(head).await
        };
        context.spawn(run.into_actor(self).map(move |outcome, this, context| {
            this.is_busy = false;
            for sent in outcome {
                this.tell(sent, was_decided);
            }
            if std::mem::take(&mut this.decided_meanwhile) {
                this.advance(context, true);
            }
        }));
    }

    fn tell(&mut self, outcome: Sent, was_decided: bool) {
        match outcome {
            Sent::Confirmed(confirmed) => {
                self.parts.stats.count_handled();
                self.parts.stats.outcomes().succeeded(WEIGHTS);
                self.told_failure = None;
                let standing = confirmed.standing;
                tracing::info!(
                    cycle = confirmed.cycle,
                    block = confirmed.block,
                    entries = confirmed.entries.len(),
                    reveal_at = confirmed.reveal_at,
                    cosine = standing.and_then(|standing| standing.cosine),
                    clipped_share = standing.and_then(|standing| standing.clipped_share),
                    validator_trust = standing.map(|standing| standing.validator_trust),
                    dividends = standing.map(|standing| standing.dividends),
                    blocks_until_inactive = standing.map(|standing| standing.blocks_until_inactive),
                    "weights are on chain"
                );
                for listener in &self.parts.confirmed_listeners {
                    let _ = listener.try_send(confirmed.clone());
                }
            }
            Sent::Unrevealed(unrevealed) => {
                self.parts.stats.count_failed();
                self.parts.stats.outcomes().failed(WEIGHTS, "the chain did not reveal committed weights");
                tracing::error!(
                    cycle = unrevealed.cycle,
                    window = unrevealed.window,
                    reveal_at = unrevealed.reveal_at,
                    extrinsic = hash_text(&unrevealed.extrinsic_hash),
                    "the chain did not reveal committed weights; check the validator's permit and stake, and \
                     weights.version_key; weights are sent again in the next window"
                );
            }
            Sent::Withheld(withheld) => {
                if withheld.is_failure {
                    self.parts.stats.count_failed();
                    self.parts.stats.outcomes().failed(WEIGHTS, &withheld.reason);
                }
                let is_news = withheld.is_failure && self.told_failure.as_ref() != Some(&withheld.reason);
                if is_news {
                    tracing::error!(cycle = withheld.cycle, reason = withheld.reason, "weights not set");
                    self.told_failure = Some(withheld.reason.clone());
                } else {
                    tracing::debug!(cycle = withheld.cycle, reason = withheld.reason, "weights not sent");
                }
                if is_news || was_decided {
                    for listener in &self.parts.withheld_listeners {
                        let _ = listener.try_send(withheld.clone());
                    }
                }
            }
        }
    }
}

/// A hash as explorers show it.
fn hash_text(hash: &[u8; 32]) -> String {
    format!("0x{}", hex::encode(hash))
}
