//! The state of one item, from its observations. Pure: it takes observations one by one, in any order.
//!
//! The newest wins, counted by block; of two at the same block the one taken later. A count that an observation does
//! not give keeps the one known before, with its own block; an observation with statistics only keeps the known
//! details.

use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::evidence::Measurement;
use tensorflix_domain::ids::Block;
use tensorflix_domain::observation::{Broadcast, Observation};

/// The beginning of a SHA-256, long enough that no two texts with the same can be found.
pub(crate) type ShortDigest = [u8; 16];

/// The state of one item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContentState {
    /// The newest observation, and whether the item existed.
    pub latest: Option<(BlockStamp, bool)>,
    /// Whether it existed in any observation.
    pub seen_before: bool,
    /// The newest count of views.
    pub views: Option<Measurement>,
    /// The newest count of plays.
    pub plays: Option<Measurement>,
    /// The first count of views.
    pub first_views: Option<Measurement>,
    /// The first count of plays.
    pub first_plays: Option<Measurement>,
    /// The newest details.
    pub details: Option<DetailsState>,
}

/// The newest details of an item, without their texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DetailsState {
    /// The block they were seen at.
    pub block: Block,
    /// Digest of all of them, texts included; `None` from a database that has none.
    pub digest: Option<ShortDigest>,
    /// When the platform published the item.
    pub published_at: Option<Moment>,
    /// Whether it is a live broadcast.
    pub broadcast: Broadcast,
}

impl ContentState {
    /// Takes an observation with details that have the digest `details_digest`. Returns whether its texts are now the
    /// newest and differ from the known ones.
    pub(crate) fn take_in(&mut self, observation: &Observation, details_digest: Option<ShortDigest>) -> bool {
        let at = observation.at;
        if self.latest.is_none_or(|(known, _)| at.block >= known.block) {
            self.latest = Some((at, observation.sighting.is_present()));
        }
        if !observation.sighting.is_present() {
            return false;
        }
        let metrics = observation.sighting.metrics();
        self.seen_before = true;
        renew(&mut self.views, at, metrics.view_count);
        renew(&mut self.plays, at, metrics.play_count);
        keep_first(&mut self.first_views, at, metrics.view_count);
        keep_first(&mut self.first_plays, at, metrics.play_count);
        let Some(details) = observation.sighting.details() else { return false };
        if self.details.as_ref().is_some_and(|known| at.block < known.block) {
            return false;
        }
        let known_digest = self.details.as_ref().and_then(|known| known.digest);
        self.details = Some(DetailsState {
            block: at.block,
            digest: details_digest,
            published_at: details.published_at,
            broadcast: details.broadcast,
        });
        known_digest.is_none() || known_digest != details_digest
    }
}

/// Of two at the same block, the one taken earlier is kept.
fn keep_first(known: &mut Option<Measurement>, at: BlockStamp, count: Option<u64>) {
    if let Some(count) = count
        && known.is_none_or(|known| at.block < known.at.block)
    {
        *known = Some(Measurement { at, count });
    }
}

fn renew(known: &mut Option<Measurement>, at: BlockStamp, count: Option<u64>) {
    if let Some(count) = count
        && known.is_none_or(|known| at.block >= known.at.block)
    {
        *known = Some(Measurement { at, count });
    }
}
