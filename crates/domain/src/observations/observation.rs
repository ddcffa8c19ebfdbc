//! A platform's answer about an item at one block.
//!
//! A count that the platform did not give is `None`, never 0. Only the platform's own answer makes a [`Sighting`];
//! a failed request makes none.

use crate::chain_time::{BlockStamp, Moment};
use crate::ids::ContentId;
use crate::verification::PlatformSignals;
use serde::{Deserialize, Serialize};

/// The public statistics of an item at one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metrics {
    /// Views, as the platform counts them.
    pub view_count: Option<u64>,
    /// Plays; Instagram only, and not the same as views.
    pub play_count: Option<u64>,
    /// Likes; `None` if hidden.
    pub like_count: Option<u64>,
    /// Comments; `None` if disabled.
    pub comment_count: Option<u64>,
}

/// Whether an item is a live broadcast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Broadcast {
    /// An ordinary upload, or the platform does not say.
    #[default]
    None,
    /// Live now.
    Live,
    /// Announced: a premiere or a planned broadcast.
    Upcoming,
    /// The recording of a broadcast that has ended.
    Ended,
}

/// What changes rarely about an item. Texts are the uploader's, cut to [`MAX_TEXT_BYTES`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// When the platform published it.
    pub published_at: Option<Moment>,
    /// Title; empty on Instagram.
    pub title: String,
    /// Description or caption.
    pub description: String,
    /// Channel id or owner's user name.
    pub author: String,
    /// Tags, as given by the uploader.
    pub tags: Vec<String>,
    /// Length of the item in seconds.
    pub duration_secs: Option<u32>,
    /// Whether it is a live broadcast.
    pub broadcast: Broadcast,
    /// Address of a thumbnail, on the platform's own servers.
    pub thumbnail_url: Option<String>,
    /// What else the platform reports about it.
    #[serde(default, skip_serializing_if = "PlatformSignals::is_silent")]
    pub signals: PlatformSignals,
}

/// Longest title, description or caption that is kept, in bytes: YouTube allows 5,000 characters.
pub const MAX_TEXT_BYTES: usize = 20_000;

/// A platform's answer about one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sighting {
    /// It exists.
    Present(Box<Presence>),
    /// It exists, and only its statistics were requested: the known details remain valid.
    Counted(Metrics),
    /// The platform answered that it does not exist.
    Absent,
}

impl Sighting {
    /// Whether the item exists.
    pub const fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// Its statistics; none if it does not exist.
    pub fn metrics(&self) -> Metrics {
        match self {
            Self::Present(presence) => presence.metrics,
            Self::Counted(metrics) => *metrics,
            Self::Absent => Metrics::default(),
        }
    }

    /// Its details, if they were requested and it exists.
    pub fn details(&self) -> Option<&Details> {
        match self {
            Self::Present(presence) => Some(&presence.details),
            Self::Counted(_) | Self::Absent => None,
        }
    }
}

/// An item that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Its statistics.
    pub metrics: Metrics,
    /// Its details.
    pub details: Details,
}

/// A sighting with its item and its own block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The item that was requested.
    pub content: ContentId,
    /// The newest finalized block known when the platform was asked; ages are counted to it.
    pub at: BlockStamp,
    /// The platform's answer.
    pub sighting: Sighting,
}

/// Cuts a text to [`MAX_TEXT_BYTES`] at a character's edge.
pub fn bounded_text(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        let mut end = MAX_TEXT_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        let cut = bounded_text("é".repeat(MAX_TEXT_BYTES));
        assert_eq!(cut.len(), MAX_TEXT_BYTES);
        let cut = bounded_text(format!("a{}", "é".repeat(MAX_TEXT_BYTES)));
        assert_eq!(cut.len(), MAX_TEXT_BYTES - 1);
    }
}
