//! The stored observations of an item, read for a cycle.

use crate::chain_time::BlockStamp;
use crate::evidence::{ContentEvidence, LatestSighting, Measurement, Origin, SeenContent};
use crate::observation::Sighting;
use crate::ownership::{OwnerTag, owner_tag};
use crate::policy::{OwnershipRule, Policy};
use crate::verification::PlatformSignals;

/// The stored observations of an item, as a cycle needs them; texts are read only for the hotkeys they name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObservedContent {
    /// The newest sighting and counts; its tag is filled in by [`ObservedContent::read_tag`].
    pub evidence: ContentEvidence,
    /// The newest title and description, joined by a line end; empty if never seen.
    pub text: String,
    /// The newest length in seconds.
    pub duration_secs: Option<u32>,
    /// The newest thumbnail address.
    pub thumbnail_url: Option<String>,
    /// The platform's newest signals about it.
    pub signals: PlatformSignals,
}

impl ObservedContent {
    /// What is known of an item after its sightings, the oldest first. A count that a sighting does not give leaves the one
    /// known before, with its own block. The store's SQL reads the same from its rows.
    pub fn of<'a>(sightings: impl IntoIterator<Item = (BlockStamp, &'a Sighting)>) -> Self {
        let mut observed = Self::default();
        let (mut seen, mut origin) = (SeenContent::default(), Origin::default());
        for (at, sighting) in sightings {
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
            evidence.latest = Some(LatestSighting { at, presence });
            if sighting.is_present() {
                let metrics = sighting.metrics();
                let measured = |count: Option<u64>| count.map(|count| Measurement { at, count });
                evidence.seen_before = true;
                evidence.views = measured(metrics.view_count).or(evidence.views);
                evidence.plays = measured(metrics.play_count).or(evidence.plays);
                origin.first_views = origin.first_views.or_else(|| measured(metrics.view_count));
                origin.first_plays = origin.first_plays.or_else(|| measured(metrics.play_count));
                evidence.origin = Some(Box::new(origin));
            }
        }
        observed
    }

    /// Fills in the hotkey that the text names, if the policy reads texts for it; gives how many different ones it names.
    pub fn read_tag(&mut self, policy: &Policy) -> usize {
        let OwnerTag { hotkey, named_count } = match policy.ownership_tag {
            OwnershipRule::Off => return 0,
            OwnershipRule::Prefer | OwnershipRule::Required => owner_tag(&self.text, &policy.ownership_template),
        };
        self.evidence.owner_tag = hotkey;
        self.evidence.named_hotkeys = u32::try_from(named_count).unwrap_or(u32::MAX);
        named_count
    }
}
