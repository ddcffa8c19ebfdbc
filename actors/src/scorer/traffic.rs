//! Adds to a cycle's evidence what the items' histories say about their views.
//!
//! Series are read in chunks, measured and dropped: only the traits of every item are kept, some hundred bytes. All items that may
//! count are compared with each other, so there is no result before the last one is measured.

use crate::ports::{Store, StoreError};
use std::collections::BTreeSet;
use tensorflix_domain::decision::contents_not_rejected;
use tensorflix_domain::defences::RECORDED_SETTLING_HOURS;
use tensorflix_domain::evidence::{Evidence, SettledViews};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::plausibility;
use tensorflix_domain::policy::{Policy, TrafficRule};
use tensorflix_domain::traffic::{Baselines, Traits, assess, may_disbelieve};

/// Most items with their series in memory at one time.
const CONTENTS_PER_READ: usize = 1_000;

/// Most observations per item that are read, the newest ones: a little more than two weeks of four a day.
const NEWEST_OBSERVATIONS: u32 = 64;

/// Determines for every item whether its views are those of an audience, what its views were when they were old enough to be
/// settled, and whether it hides likes, unless the policy does not use that. Returns the items that have falls or signals of their
/// own: what earlier cycles paid for them is examined.
pub(crate) async fn judge_traffic(
    store: &dyn Store,
    policy: &Policy,
    evidence: &mut Evidence,
) -> Result<BTreeSet<ContentId>, StoreError> {
    let mut suspicious = BTreeSet::new();
    if policy.traffic.is_off() && policy.defences.are_off() {
        return Ok(suspicious);
    }
    let settling_hours = policy.defences.settling_hours;
    let settling_hours = if settling_hours > 0.0 { settling_hours } else { RECORDED_SETTLING_HOURS };
    let at = evidence.at.time;
    let all: Vec<ContentId> = evidence.contents.keys().cloned().collect();
    let mut traits = Vec::with_capacity(all.len());
    for chunk in all.chunks(CONTENTS_PER_READ) {
        let mut series = store.traffic_series(chunk, NEWEST_OBSERVATIONS).await?;
        series.iter_mut().for_each(plausibility::clear_series);
        for (content, series) in chunk.iter().zip(&series) {
            let measured = Traits::of(series, policy.view_metric);
            let known = evidence.contents.get_mut(content);
            let latest = known.as_ref().and_then(|known| known.latest.as_ref());
            let is_gone = latest.is_some_and(|latest| latest.presence.is_none());
            if may_disbelieve(series, &measured, policy.view_metric, is_gone) {
                suspicious.insert(content.clone());
            }
            traits.push(measured);
            let origin = known.and_then(|known| known.origin.as_deref_mut());
            if let Some(origin) = origin {
                origin.hides_engagement = series.hides_engagement(policy.view_metric);
                let settled = series.settled(|time| at.hours_since(time) >= settling_hours, policy.view_metric);
                origin.settled = settled.map(|(time, count)| SettledViews { time, count });
            }
        }
    }
    if policy.traffic.is_off() {
        return Ok(suspicious);
    }
    // An item that is rejected for another reason is compared with others, but no other item is compared with it.
    let counting = contents_not_rejected(evidence, &Policy { traffic: TrafficRule::Off, ..policy.clone() });
    let compared = all.iter().zip(&traits).filter(|(content, _)| counting.contains(content));
    let baselines = Baselines::of(compared.map(|(_, traits)| traits));
    for (known, traits) in evidence.contents.values_mut().zip(&traits) {
        known.traffic = assess(traits, &baselines);
    }
    Ok(suspicious)
}
