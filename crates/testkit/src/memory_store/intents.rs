//! Weight settings: what was signed, and the outcome.

use super::tables::Tables;
use tensorflix_actors::ports::StoreError;
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::intent::{IntentOutcome, RevealOutcome, WeightIntent};

impl Tables {
    /// A window of a hotkey has one intent at a time that reached the chain or still may.
    pub fn save_intent(&mut self, intent: &WeightIntent) -> bool {
        let of_window = self.intents.entry(intent.window).or_default();
        let is_taken = of_window.iter().any(|known| {
            known.hotkey == intent.hotkey && known.outcome.as_ref().is_none_or(IntentOutcome::reached_chain)
        });
        if !is_taken {
            of_window.push(intent.clone());
        }
        !is_taken
    }

    pub fn all_intents(&self) -> impl Iterator<Item = &WeightIntent> {
        self.intents.values().flatten()
    }

    /// What a hotkey signed; an intent without a hotkey belongs to every hotkey.
    pub fn intents_of(&self, hotkey: &Hotkey) -> impl Iterator<Item = &WeightIntent> {
        self.all_intents().filter(move |intent| intent.hotkey.is_none_or(|signer| signer == *hotkey))
    }

    /// Commits of a hotkey on chain without an outcome of their reveal.
    pub fn watched_reveals(&self, hotkey: &Hotkey, limit: u32) -> Vec<WeightIntent> {
        let is_watched = |intent: &&WeightIntent| {
            let reached = intent.outcome.as_ref().is_some_and(IntentOutcome::reached_chain);
            reached && intent.reveal.is_some() && !self.reveals.contains_key(&intent.extrinsic_hash)
        };
        self.intents_of(hotkey).filter(is_watched).take(limit as usize).cloned().collect()
    }

    /// A stored outcome is kept; an outcome of an intent that is not stored is dropped.
    pub fn save_reveal_outcome(&mut self, extrinsic_hash: &[u8; 32], outcome: &RevealOutcome) {
        if self.all_intents().any(|intent| intent.extrinsic_hash == *extrinsic_hash) {
            self.reveals.entry(*extrinsic_hash).or_insert_with(|| outcome.clone());
        }
    }

    /// A stored outcome is kept.
    pub fn save_outcome(&mut self, of: &WeightIntent, outcome: &IntentOutcome) -> Result<(), StoreError> {
        let of_window = self.intents.get_mut(&of.window);
        let intent = of_window.and_then(|known| known.iter_mut().rfind(|known| known.hotkey == of.hotkey));
        let intent = intent.ok_or_else(|| StoreError(format!("the window from {} has no intent", of.window)))?;
        intent.outcome.get_or_insert_with(|| outcome.clone());
        Ok(())
    }
}
