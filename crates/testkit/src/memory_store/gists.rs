//! Answers about gists, which hotkeys held them, and who owns them.

use super::tables::{Claimed, Tables};
use tensorflix_actors::ports::StoreError;
use tensorflix_domain::gist_owner::OwnerRecord;
use tensorflix_domain::gist_record::{
    FailureScope, GistAnswer, GistHolder, GistOutcome, GistState, GoodPointer, Holding,
};
use tensorflix_domain::ids::Block;

impl Tables {
    /// In the order of the pointers' text, as a database compares them.
    pub fn gist_states(&self) -> Vec<GistState> {
        let mut states: Vec<GistState> = self.gists.values().cloned().collect();
        states.sort_by_cached_key(|state| state.pointer.to_string());
        states
    }

    pub fn record_gists(
        &mut self,
        round: Block,
        answers: &[GistAnswer],
        holders: &[GistHolder],
    ) -> Result<(), StoreError> {
        for answer in answers {
            self.record_answer(round, answer);
        }
        for holder in holders {
            self.record_holder(round, holder);
        }
        Ok(())
    }

    /// An answer of an older round than that of the last good one comes too late.
    fn record_answer(&mut self, round: Block, answer: &GistAnswer) {
        let state = self.gists.entry(answer.pointer.clone()).or_insert_with(|| GistState {
            pointer: answer.pointer.clone(),
            etag: None,
            digest: None,
            fetched_round: None,
            asked_round: 0,
            failures: 0,
            refusals: 0,
            error: None,
        });
        if state.fetched_round > Some(round) {
            return;
        }
        match &answer.outcome {
            GistOutcome::Unchanged => {}
            GistOutcome::Fetched { etag, digest, document } => {
                state.etag.clone_from(etag);
                state.digest = Some(*digest);
                self.documents.entry(*digest).or_insert_with(|| document.clone());
            }
            GistOutcome::Failed { error, scope } => {
                state.error = Some(error.clone());
                if *scope != FailureScope::NotAsked {
                    (state.asked_round, state.failures) = (round, state.failures + 1);
                    state.refusals += u32::from(*scope == FailureScope::Gist);
                }
                return;
            }
        }
        (state.fetched_round, state.asked_round) = (Some(round), round);
        (state.failures, state.refusals, state.error) = (0, 0, None);
    }

    /// A hotkey holds what it was seen with in this round, for the first time through this pointer.
    fn record_holder(&mut self, round: Block, holder: &GistHolder) {
        let state = self.gists.get(&holder.pointer).filter(|state| state.fetched_round == Some(round));
        let Some(digest) = state.and_then(|state| state.digest) else { return };
        // Another revision of the gist that it is committed to is no other gist.
        let is_same = |good: &&GoodPointer| good.pointer.gist_id() == holder.pointer.gist_id();
        let since = self.good_pointers.get(&holder.hotkey).filter(is_same).map(|good| good.committed_at);
        let committed_at = since.map_or(holder.committed_at, |since| holder.committed_at.min(since));
        let good = GoodPointer { hotkey: holder.hotkey, pointer: holder.pointer.clone(), digest, round, committed_at };
        let known = self.good_pointers.entry(holder.hotkey).or_insert_with(|| good.clone());
        if (&known.pointer, known.digest) != (&good.pointer, digest) && known.round <= round {
            *known = good;
        }
        let is_known = self
            .holdings
            .iter()
            .any(|(known, _)| (known.hotkey, &known.pointer, known.digest) == (holder.hotkey, &holder.pointer, digest));
        if !is_known {
            let GistHolder { hotkey, pointer, committed_at: block } = holder.clone();
            let pinned_at = pointer.revision().map(|_| block);
            let id = i64::try_from(self.holdings.len()).expect("few holdings") + 1;
            self.holdings.push((Holding { id, hotkey, pointer, digest, round, committed_at, pinned_at }, Claimed::No));
        }
    }

    /// An older check changes nothing, and the account that was seen first is kept.
    pub fn record_gist_owners(&mut self, records: &[OwnerRecord]) {
        for record in records {
            let known = self.gist_owners.entry(record.gist.clone()).or_insert_with(|| record.clone());
            if known.asked_round <= record.asked_round {
                *known = OwnerRecord { owner_id: known.owner_id.or(record.owner_id), ..record.clone() };
            }
        }
    }
}
