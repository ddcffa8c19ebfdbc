//! A video as the platform tracker shows it. A count that is not known is `null`, never 0.

use crate::platforms::Found;
use serde::{Deserialize, Serialize};
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::observation::{Broadcast, Details, Metrics, Presence};
use utoipa::ToSchema;

/// A YouTube video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct YoutubeVideo {
    /// Its id.
    pub video_id: String,
    /// Where it is watched.
    pub url: String,
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// An image of it, on the platform's own servers.
    #[schema(required)]
    pub thumbnail_url: Option<String>,
    /// When it was published, RFC 3339 in UTC.
    #[schema(required, format = DateTime)]
    pub published_at: Option<String>,
    /// Views; null if the platform does not say.
    #[schema(required, minimum = 0)]
    pub view_count: Option<u64>,
    /// Likes; null if they are hidden.
    #[schema(required, minimum = 0)]
    pub like_count: Option<u64>,
    /// Comments; null if they are switched off.
    #[schema(required, minimum = 0)]
    pub comment_count: Option<u64>,
    /// The uploader's tags.
    pub tags: Vec<String>,
    /// The channel's id.
    pub channel_id: String,
    /// Length in seconds.
    #[schema(required, minimum = 0)]
    pub duration_secs: Option<u32>,
    /// Whether it is a live broadcast or a premiere.
    pub live_broadcast: LiveBroadcast,
    /// When all of this was seen, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub observed_at: String,
    /// The block of that moment.
    pub observed_block: Block,
    /// Whether this is older than it should be, because YouTube could not be asked.
    pub stale: bool,
}

/// Whether a video is a live broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LiveBroadcast {
    /// An ordinary video.
    None,
    /// It is live now.
    Live,
    /// It has not begun.
    Upcoming,
    /// It was live.
    Ended,
}

impl YoutubeVideo {
    /// The answer for a video.
    pub fn new(content: &ContentId, found: Found) -> Self {
        let Found { presence: Presence { metrics, details }, at, is_stale } = found;
        let Metrics { view_count, like_count, comment_count, .. } = metrics;
        let Details { published_at, title, description, author, tags, duration_secs, broadcast, thumbnail_url, .. } =
            details;
        Self {
            video_id: content.as_str().to_owned(),
            url: format!("https://www.youtube.com/watch?v={}", content.as_str()),
            title,
            description,
            thumbnail_url,
            published_at: published_at.map(|moment| moment.to_string()),
            view_count,
            like_count,
            comment_count,
            tags,
            channel_id: author,
            duration_secs,
            live_broadcast: match broadcast {
                Broadcast::None => LiveBroadcast::None,
                Broadcast::Live => LiveBroadcast::Live,
                Broadcast::Upcoming => LiveBroadcast::Upcoming,
                Broadcast::Ended => LiveBroadcast::Ended,
            },
            observed_at: at.time.to_string(),
            observed_block: at.block,
            stale: is_stale,
        }
    }
}
