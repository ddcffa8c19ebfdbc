//! What the observations of one content come to. Pure: it takes observations in, one by one, in any order.
//!
//! The newest wins, counted by block; of two at the same block the one taken in later. A count that an observation does
//! not give leaves the one known before, with its own block.

use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::evidence::Measurement;
use tensorflix_domain::ids::Block;
use tensorflix_domain::observation::{Broadcast, Observation, Sighting};

/// The beginning of a SHA-256, long enough that nobody finds two texts with the same.
pub(crate) type ShortDigest = [u8; 16];

/// The state of one content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContentState {
    /// The newest observation, and whether the content was there.
    pub latest: Option<(BlockStamp, bool)>,
    /// Whether it was there in any observation.
    pub seen_before: bool,
    /// The newest number of views.
    pub views: Option<Measurement>,
    /// The newest number of plays.
    pub plays: Option<Measurement>,
    /// The newest details.
    pub details: Option<DetailsState>,
}

/// The newest details of a content, without their texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DetailsState {
    /// The block they were seen at.
    pub block: Block,
    /// Digest of all of them, texts included; `None` from a database that has none.
    pub digest: Option<ShortDigest>,
    /// When the platform published the content.
    pub published_at: Option<Moment>,
    /// Whether it is a live broadcast.
    pub broadcast: Broadcast,
}

impl ContentState {
    /// Takes in an observation whose details have the digest `details_digest`. Whether its texts are now the newest and
    /// not those that were known.
    pub(crate) fn take_in(&mut self, observation: &Observation, details_digest: Option<ShortDigest>) -> bool {
        let at = observation.at;
        if self.latest.is_none_or(|(known, _)| at.block >= known.block) {
            self.latest = Some((at, matches!(observation.sighting, Sighting::Present(_))));
        }
        let Sighting::Present(presence) = &observation.sighting else { return false };
        self.seen_before = true;
        renew(&mut self.views, at, presence.metrics.view_count);
        renew(&mut self.plays, at, presence.metrics.play_count);
        if self.details.as_ref().is_some_and(|known| at.block < known.block) {
            return false;
        }
        let known_digest = self.details.as_ref().and_then(|known| known.digest);
        self.details = Some(DetailsState {
            block: at.block,
            digest: details_digest,
            published_at: presence.details.published_at,
            broadcast: presence.details.broadcast,
        });
        known_digest.is_none() || known_digest != details_digest
    }
}

fn renew(known: &mut Option<Measurement>, at: BlockStamp, count: Option<u64>) {
    if let Some(count) = count
        && known.is_none_or(|known| at.block >= known.at.block)
    {
        *known = Some(Measurement { at, count });
    }
}
