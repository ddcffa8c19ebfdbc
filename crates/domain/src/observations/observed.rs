//! What is stored of a content's observations, read for a cycle.

use crate::evidence::ContentEvidence;
use crate::verification::PlatformSignals;

/// What is stored of a content's observations, as a cycle needs it; texts are read only for the hotkeys they name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObservedContent {
    /// The newest sighting and counts; its `owner_tag` is not filled in.
    pub evidence: ContentEvidence,
    /// The newest title and description, joined by a line end; empty if never seen.
    pub text: String,
    /// The newest length in seconds.
    pub duration_secs: Option<u32>,
    /// The newest address of a picture of it.
    pub thumbnail_url: Option<String>,
    /// What the platform said of it last.
    pub signals: PlatformSignals,
}
