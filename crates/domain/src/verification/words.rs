//! The words of verification: what is asked, and who answers.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Certainty of 1, in thousandths.
pub const CERTAIN: u16 = 1_000;

/// A question about an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// Is it AI-generated?
    Ai,
    /// Is it fit to be shown: neither sexual nor violent nor against the platform's rules?
    Illicit,
    /// Is it about the task?
    Topic,
}

impl Check {
    /// Every check, in the order of the rules.
    pub const ALL: [Self; 3] = [Self::Ai, Self::Illicit, Self::Topic];

    /// The word in settings, in the store and in requests.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ai => "ai",
            Self::Illicit => "illicit",
            Self::Topic => "topic",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// A provider of verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The platform that shows the item, by its signals beside the statistics.
    Platform,
    /// SightEngine, which examines frames.
    Sightengine,
    /// OpenAI's moderation, which examines texts and frames.
    Openai,
    /// The operator's own webhook.
    Webhook,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 4] = [Self::Platform, Self::Sightengine, Self::Openai, Self::Webhook];

    /// The word in settings, in the store and in the ledger.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Sightengine => "sightengine",
            Self::Openai => "openai",
            Self::Webhook => "webhook",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}
