//! Removes implausible values from an answer before it is stored, whatever the platform; the bounds are the domain's.
//! Each video or reel is logged once, not at every observation.

use super::api::BatchAnswer;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::{Metrics, Sighting};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::plausibility::{Implausible, check_presence, check_views, plausible_count};

/// Most contents that are remembered as logged. When there are more, all of them may be logged again.
const MAX_TOLD: usize = 1_000;

/// Removes contents with implausible values from an answer: they are unknown. Returns them, each with what was
/// implausible.
pub fn screen(answer: &mut BatchAnswer, platform: Platform, observed_at: Moment) -> Vec<(ContentId, Implausible)> {
    let mut implausible = Vec::new();
    for (content, sighting) in std::mem::take(&mut answer.sightings) {
        match checked(sighting, platform, observed_at) {
            Ok(sighting) => {
                answer.sightings.insert(content, sighting);
            }
            Err(error) => {
                answer.words.insert(content.clone(), error.to_string());
                implausible.push((content, error));
            }
        }
    }
    implausible
}

fn checked(sighting: Sighting, platform: Platform, observed_at: Moment) -> Result<Sighting, Implausible> {
    match sighting {
        Sighting::Present(presence) => {
            check_presence(*presence, platform, observed_at).map(|presence| Sighting::Present(Box::new(presence)))
        }
        Sighting::Counted(metrics) => {
            check_views([metrics.view_count, metrics.play_count])?;
            let (like_count, comment_count) =
                (plausible_count(metrics.like_count), plausible_count(metrics.comment_count));
            Ok(Sighting::Counted(Metrics { like_count, comment_count, ..metrics }))
        }
        Sighting::Absent => Ok(Sighting::Absent),
    }
}

/// The contents that were logged already.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<BTreeSet<ContentId>>);

impl Told {
    /// Logs implausible values, once for each video or reel.
    pub(super) fn tell(&self, platform: Platform, implausible: &[(ContentId, Implausible)]) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (content, error) in implausible {
            if told.len() >= MAX_TOLD {
                told.clear();
            }
            if told.insert(content.clone()) {
                tracing::warn!(%platform, content_id = content.as_str(), %error, "implausible answer ignored");
            }
        }
    }
}
