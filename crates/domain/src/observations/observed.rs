//! The stored observations of an item, read for a cycle.

use crate::evidence::ContentEvidence;
use crate::verification::PlatformSignals;

/// The stored observations of an item, as a cycle needs them; texts are read only for the hotkeys they name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObservedContent {
    /// The newest sighting and counts; its `owner_tag` is not filled in.
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
