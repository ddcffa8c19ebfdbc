//! A reel as the platform tracker shows it. A count that is not known is `null`, never 0.

use crate::platforms::Found;
use serde::{Deserialize, Serialize};
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::observation::{Metrics, Presence};
use utoipa::ToSchema;

/// An Instagram reel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstagramReel {
    /// Its short code.
    pub reel_id: String,
    /// Where it is watched.
    pub url: String,
    /// Caption.
    pub caption: String,
    /// The owner's user name.
    pub owner_username: String,
    /// When it was published, RFC 3339 in UTC.
    #[schema(required, format = DateTime)]
    pub timestamp: Option<String>,
    /// The same, under the name that videos have.
    #[schema(required, format = DateTime)]
    pub published_at: Option<String>,
    /// Views; null if the platform does not say.
    #[schema(required, minimum = 0)]
    pub video_view_count: Option<u64>,
    /// Plays, which are not views; null if the platform does not say.
    #[schema(required, minimum = 0)]
    pub video_play_count: Option<u64>,
    /// Likes; null if they are hidden.
    #[schema(required, minimum = 0)]
    pub like_count: Option<u64>,
    /// Comments; null if the platform does not say.
    #[schema(required, minimum = 0)]
    pub comment_count: Option<u64>,
    /// Hashtags.
    pub tags: Vec<String>,
    /// An image of it, on the platform's own servers.
    #[schema(required)]
    pub thumbnail_url: Option<String>,
    /// Length in seconds.
    #[schema(required, minimum = 0)]
    pub duration_secs: Option<u32>,
    /// When all of this was seen, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub observed_at: String,
    /// The block of that moment.
    pub observed_block: Block,
    /// Whether this is older than it should be, because Instagram could not be asked.
    pub stale: bool,
}

impl InstagramReel {
    /// The answer for a reel.
    pub fn new(content: &ContentId, found: Found) -> Self {
        let Found { presence: Presence { metrics, details }, at, is_stale } = found;
        let Metrics { view_count, play_count, like_count, comment_count } = metrics;
        let published_at = details.published_at.map(|moment| moment.to_string());
        Self {
            reel_id: content.as_str().to_owned(),
            url: format!("https://www.instagram.com/reel/{}/", content.as_str()),
            caption: details.description,
            owner_username: details.author,
            timestamp: published_at.clone(),
            published_at,
            video_view_count: view_count,
            video_play_count: play_count,
            like_count,
            comment_count,
            tags: details.tags,
            thumbnail_url: details.thumbnail_url,
            duration_secs: details.duration_secs,
            observed_at: at.time.to_string(),
            observed_block: at.block,
            stale: is_stale,
        }
    }
}
