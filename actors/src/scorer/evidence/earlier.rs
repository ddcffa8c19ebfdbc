//! A miner's earlier gist, in place of one that cannot be read.
//!
//! A hotkey that commits another gist keeps the earlier one until the new one has been read once: the copy last read there, under
//! that hotkey's own commitment, is listed and scored like any gist. It makes no new claims. It ends when GitHub's answers rule the
//! earlier gist out, or when the copy is too old (`max_evidence_age_hours` since it was last read).
//!
//! If the new gist is missing or GitHub does not answer, the earlier one is kept. If the new one belongs to another user or is
//! secret, nothing counts.

use super::Gists;
use crate::ports::StoreError;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::cycle::ReportedError;
use tensorflix_domain::gist_owner::{GistName, OwnerRefusal};
use tensorflix_domain::subnet::Neuron;

impl Gists<'_> {
    /// The gist that counts for a miner, with its document. Problems with the committed gist are reported.
    pub(super) async fn standing(
        &self,
        neuron: &Neuron,
        committed: GistPointer,
        errors: &mut Vec<ReportedError>,
    ) -> Result<Option<(GistPointer, Vec<u8>)>, StoreError> {
        let uid = Some(neuron.uid);
        let is_refused = self.is_refused(&committed, uid, "gist", errors);
        if !is_refused && let Some(document) = self.document(&committed, uid, "gist", self.oldest, errors).await? {
            return Ok(Some((committed, document)));
        }
        let was_read = self.states.get(&committed).is_some_and(|state| state.digest.is_some());
        if was_read || (is_refused && !self.is_absent(&committed)) {
            return Ok(None);
        }
        self.earlier(neuron, &committed, errors).await
    }

    /// Whether the only problem with a gist is that it does not exist.
    pub(super) fn is_absent(&self, pointer: &GistPointer) -> bool {
        let refusal = self.owners.get(&GistName::from(pointer)).and_then(|owner| owner.refusal.as_ref());
        matches!(refusal, Some(OwnerRefusal::Gone | OwnerRefusal::Blocked | OwnerRefusal::TooLarge))
    }

    async fn earlier(
        &self,
        neuron: &Neuron,
        committed: &GistPointer,
        errors: &mut Vec<ReportedError>,
    ) -> Result<Option<(GistPointer, Vec<u8>)>, StoreError> {
        let Some(earlier) = self.good_pointers.get(&neuron.hotkey).filter(|earlier| earlier.pointer != *committed)
        else {
            return Ok(None);
        };
        let last_read = self.states.get(&earlier.pointer).and_then(|state| state.fetched_round);
        let Some(last_read) = last_read.filter(|round| *round >= self.oldest) else { return Ok(None) };
        if self.is_refused(&earlier.pointer, Some(neuron.uid), "gist", errors) {
            return Ok(None);
        }
        let document = self.store.gist_document(&earlier.digest).await?;
        Ok(document.map(|document| {
            let reason = format!(
                "using the last good copy of the previously committed gist {}, read at block {last_read}",
                earlier.pointer
            );
            errors.push(ReportedError { uid: Some(neuron.uid), source: "gist".to_owned(), line: None, reason });
            (earlier.pointer.clone(), document)
        }))
    }
}
