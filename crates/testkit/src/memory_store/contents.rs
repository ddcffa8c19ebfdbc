//! Observations of contents, and what follows from them.

use super::tables::Tables;
use tensorflix_actors::ports::StoreError;
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::evidence::{ContentEvidence, LatestSighting, Measurement, Origin, SeenContent};
use tensorflix_domain::freshness::Track;
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::observation::{Broadcast, Metrics, Observation};
use tensorflix_domain::observed::ObservedContent;
use tensorflix_domain::traffic::{Point, Series};

impl Tables {
    /// The same observation again changes nothing.
    pub fn record_observations(&mut self, observations: &[Observation]) -> Result<(), StoreError> {
        for observation in observations {
            let known = self.observations.entry(observation.content.clone()).or_default();
            if !known.contains(observation) {
                known.push(observation.clone());
            }
        }
        Ok(())
    }

    pub fn is_observed_since(&self, content: &ContentId, since: Block) -> bool {
        self.observations
            .get(content)
            .is_some_and(|known| known.iter().any(|observation| observation.at.block >= since))
    }

    /// The newest of everything, by block; of two at the same block the one recorded later.
    pub fn observed(&self, content: &ContentId) -> ObservedContent {
        let mut known: Vec<&Observation> = self.observations.get(content).into_iter().flatten().collect();
        known.sort_by_key(|observation| observation.at.block);
        let mut observed = ObservedContent::default();
        let mut seen = SeenContent::default();
        let mut origin = Origin::default();
        for Observation { at, sighting, .. } in known {
            if let Some(details) = sighting.details() {
                seen = SeenContent { published_at: details.published_at, broadcast: details.broadcast };
                observed.text = format!("{}\n{}", details.title, details.description);
                observed.duration_secs = details.duration_secs;
                observed.thumbnail_url.clone_from(&details.thumbnail_url);
                observed.signals = details.signals;
                let named = Origin::of(&details.author, &details.title, details.duration_secs);
                origin = Origin { first_views: origin.first_views, first_plays: origin.first_plays, ..named };
            }
            let evidence = &mut observed.evidence;
            let presence = sighting.is_present().then(|| seen.clone());
            evidence.latest = Some(LatestSighting { at: *at, presence });
            if sighting.is_present() {
                evidence.seen_before = true;
                let metrics = sighting.metrics();
                renew(evidence, *at, metrics);
                let first = |count: Option<u64>| count.map(|count| Measurement { at: *at, count });
                origin.first_views = origin.first_views.or_else(|| first(metrics.view_count));
                origin.first_plays = origin.first_plays.or_else(|| first(metrics.play_count));
                evidence.origin = Some(Box::new(origin));
            }
        }
        observed
    }

    /// Whether its last observation shows it as present, with details that were seen since then and are not those of a
    /// broadcast.
    pub fn is_settled(&self, content: &ContentId, since: Block) -> bool {
        let mut known: Vec<&Observation> = self.observations.get(content).into_iter().flatten().collect();
        known.sort_by_key(|observation| observation.at.block);
        let details = known.iter().rev().find_map(|one| Some((one.at.block, one.sighting.details()?)));
        known.last().is_some_and(|newest| newest.sighting.is_present())
            && details.is_some_and(|(block, details)| {
                let is_recorded = matches!(details.broadcast, Broadcast::None | Broadcast::Ended);
                block >= since && is_recorded && details.published_at.is_some()
            })
    }

    pub fn track(&self, content: &ContentId) -> Option<Track> {
        let mut known: Vec<&Observation> = self.observations.get(content)?.iter().collect();
        known.sort_by_key(|observation| observation.at.block);
        let mut measured = known
            .iter()
            .rev()
            .filter_map(|one| Some(Measurement { at: one.at, count: one.sighting.metrics().view_count? }));
        let newest = measured.next();
        let earlier = measured.find(|earlier| newest.is_some_and(|newest| earlier.at.block < newest.at.block));
        Some(Track {
            published_at: known
                .iter()
                .rev()
                .find_map(|one| one.sighting.details())
                .and_then(|known| known.published_at),
            observed_at: known.last()?.at.time,
            newest,
            earlier,
        })
    }

    pub fn series(&self, content: &ContentId, newest: u32) -> Series {
        let mut known: Vec<&Observation> = self.observations.get(content).into_iter().flatten().collect();
        known.sort_by_key(|observation| observation.at.block);
        let details = known.iter().rev().find_map(|one| one.sighting.details());
        let point = |one: &&Observation| {
            let metrics = one.sighting.metrics();
            Point {
                at: one.at.time,
                views: metrics.view_count,
                plays: metrics.play_count,
                likes: metrics.like_count,
                comments: metrics.comment_count,
            }
        };
        Series {
            platform: content.platform(),
            published_at: details.and_then(|details| details.published_at),
            duration_secs: details.and_then(|details| details.duration_secs),
            points: known.iter().rev().take(newest as usize).map(point).collect(),
        }
    }
}

/// A count that is not given leaves the one known before, with its own block.
fn renew(evidence: &mut ContentEvidence, at: BlockStamp, metrics: Metrics) {
    let measured = |count: Option<u64>| count.map(|count| Measurement { at, count });
    evidence.views = measured(metrics.view_count).or(evidence.views);
    evidence.plays = measured(metrics.play_count).or(evidence.plays);
}
