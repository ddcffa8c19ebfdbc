//! The verdict on a submission, with the reason codes that users see.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether a submission earns weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is scored.
    Accepted,
    /// A rule is broken, or the platform reports that the item does not exist.
    Rejected,
    /// Evidence is missing; that is not the miner's fault and decides nothing.
    Pending,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $variant:ident = $code:literal / $status:ident,)*) => {
        /// Why a submission has its status. Rejections come first, in the order in which the rules are checked.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $($(#[doc = $doc])* $variant,)* }

        impl Reason {
            /// Every reason, rejections in the order of the rules, then what makes a submission pending.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code in JSON, logs and the store.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The status that this reason gives to a submission which nothing else decides.
            pub const fn status(self) -> Status {
                match self { $(Self::$variant => Status::$status,)* }
            }
        }
    };
}

reasons! {
    /// The task is not known here: information, not an offence.
    UnknownTask = "unknown_task" / Rejected,
    /// The id does not follow the grammar of the task's platform.
    InvalidContentId = "invalid_content_id" / Rejected,
    /// The miner listed more for the task than may count; the first ones count.
    TooManySubmissions = "too_many_submissions" / Rejected,
    /// Another hotkey holds the item.
    DuplicateSubmission = "duplicate_submission" / Rejected,
    /// The platform answered that there is no such item, and it was never seen.
    NoVideoData = "no_video_data" / Rejected,
    /// The platform answered that the item is gone; it was seen before.
    ContentRemoved = "content_removed" / Rejected,
    /// It is live, or a premiere that has not begun.
    LiveOrPremiere = "live_or_premiere" / Rejected,
    /// Published before the task began.
    PublishedBeforeTaskStart = "published_before_task_start" / Rejected,
    /// Published at or after the task's end.
    PublishedAfterTaskEnd = "published_after_task_end" / Rejected,
    /// The text does not name the miner's hotkey, and the rule demands it.
    MissingOwnershipTag = "missing_ownership_tag" / Rejected,
    /// The item was found not to be AI-generated.
    NotAiGenerated = "not_ai_generated" / Rejected,
    /// The item was found to be illicit.
    IllicitContent = "illicit_content" / Rejected,
    /// The traffic was found not to be real.
    InauthenticTraffic = "inauthentic_traffic" / Rejected,
    /// The item does not fit the task.
    OffTopic = "off_topic" / Rejected,
    /// More would count for one owner (coldkey, GitHub account or channel) in the task than may; see `[defences]`.
    OwnerLimit = "owner_limit" / Rejected,
    /// It holds a place, but no polling round has claimed it yet.
    AwaitingClaim = "awaiting_claim" / Pending,
    /// The platform gives no views for it.
    AwaitingMetrics = "awaiting_metrics" / Pending,
    /// Its views are not as old yet as `defences.settling_hours` asks, or none came since a first sight that was large.
    AwaitingSettlement = "awaiting_settlement" / Pending,
    /// The gist's owner is not confirmed yet, and the rule demands it.
    AwaitingOwnerCheck = "awaiting_owner_check" / Pending,
    /// A check of the item has not finished yet.
    AwaitingVerdict = "awaiting_verdict" / Pending,
    /// Today's quota of the platform is used up.
    QuotaExhausted = "quota_exhausted" / Pending,
    /// The platform did not answer, or there is no key for it.
    PlatformUnavailable = "platform_unavailable" / Pending,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl Status {
    /// The word in JSON, logs and the store.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Pending => "pending",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_in_json_are_the_codes_in_text() {
        for reason in Reason::ALL {
            let json = serde_json::to_value(reason).expect("a string");
            assert_eq!(json, reason.code());
        }
        for status in [Status::Accepted, Status::Rejected, Status::Pending] {
            assert_eq!(serde_json::to_value(status).expect("a string"), status.word());
        }
    }

    #[test]
    fn every_rejection_is_checked_before_anything_may_wait() {
        let last_rejection = Reason::ALL.iter().rposition(|reason| reason.status() == Status::Rejected);
        let first_pending = Reason::ALL.iter().position(|reason| reason.status() == Status::Pending);
        assert!(last_rejection < first_pending);
    }
}
