//! Observations of contents, and what follows from them.

use super::tables::Tables;
use tensorflix_actors::ports::StoreError;
use tensorflix_domain::evidence::Measurement;
use tensorflix_domain::freshness::Track;
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::observation::{Broadcast, Observation};
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
        ObservedContent::of(known.into_iter().map(|observation| (observation.at, &observation.sighting)))
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
