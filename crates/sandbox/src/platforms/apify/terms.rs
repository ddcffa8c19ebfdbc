//! What the actor is called, what it charges, and how its runs end.

/// The actor that knows reels.
pub const REEL_ACTOR: &str = "apify~instagram-reel-scraper";
/// What an item costs, in micro-dollars.
pub const MICRO_USD_PER_ITEM: u64 = 2_600;

/// How a run ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunEnd {
    /// With all items.
    #[default]
    Succeeded,
    /// With an error, and half of the items.
    Failed,
    /// Too late, and with half of the items.
    TimedOut,
    /// By somebody's hand, and with half of the items.
    Aborted,
}

impl RunEnd {
    /// The status by which Apify tells it.
    pub(super) fn status(self) -> &'static str {
        match self {
            RunEnd::Succeeded => "SUCCEEDED",
            RunEnd::Failed => "FAILED",
            RunEnd::TimedOut => "TIMED-OUT",
            RunEnd::Aborted => "ABORTED",
        }
    }
}
