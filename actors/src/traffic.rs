//! Filling a cycle's evidence with what the contents' histories say of their views.
//!
//! Series are read in chunks, measured and dropped: of each content only its traits are held, some hundred bytes. All
//! contents are compared with each other, so nothing is said before the last one is measured.

use crate::ports::{Store, StoreError};
use std::collections::BTreeMap;
use tensorflix_domain::evidence::ContentEvidence;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::traffic::{Baselines, Traits, assess};

/// Contents whose series are in memory at one time.
const CONTENTS_PER_READ: usize = 1_000;

/// The newest observations of each content that are looked at: two weeks of four a day, and some.
const NEWEST_OBSERVATIONS: u32 = 64;

/// Says of each content whether its views are those of an audience, unless the policy has no use for it.
pub(crate) async fn judge_traffic(
    store: &dyn Store,
    policy: &Policy,
    contents: &mut BTreeMap<ContentId, ContentEvidence>,
) -> Result<(), StoreError> {
    if policy.traffic.is_off() {
        return Ok(());
    }
    let all: Vec<&ContentId> = contents.keys().collect();
    let mut traits = Vec::with_capacity(all.len());
    for chunk in all.chunks(CONTENTS_PER_READ) {
        let chunk: Vec<ContentId> = chunk.iter().copied().cloned().collect();
        let series = store.traffic_series(&chunk, NEWEST_OBSERVATIONS).await?;
        traits.extend(series.iter().map(|series| Traits::of(series, policy.view_metric)));
    }
    let baselines = Baselines::of(&traits);
    for (known, traits) in contents.values_mut().zip(&traits) {
        known.traffic = assess(traits, &baselines);
    }
    Ok(())
}
