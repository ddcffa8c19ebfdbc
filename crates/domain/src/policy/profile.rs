//! Profiles (`rules.profile`): one word for all settings that decide what an attack earns.
//!
//! A profile gives defaults and nothing else: a single setting overrides it, and a recorded policy has the values beside
//! the word. To let profiles decide another setting, add it to [`ProfileSettings`] and to each profile in
//! [`Profile::settings`]; `src/config/profile.rs` names its section and key.

use crate::defences::{Defences, ForeignTag};
use crate::policy::{OwnershipRule, Policy, TrafficRule};
use crate::recovery::RECORDED_RECOVER_HOURS;
use serde::{Deserialize, Serialize};
use std::fmt;

/// `rules.profile`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// The defaults: what takes from attacks without delaying an honest miner.
    #[default]
    Standard,
    /// Views per hour over the task's best, and nothing else.
    Plain,
    /// All defences: an item counts only with its tag and after its views have settled.
    Strict,
}

/// The settings that a profile decides.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileSettings {
    /// `rules.ownership_tag`.
    pub ownership_tag: OwnershipRule,
    /// `rules.untagged_share`.
    pub untagged_share: f64,
    /// `verifier.traffic`.
    pub traffic: TrafficRule,
    /// `verifier.recover_hours`.
    pub recover_hours: f64,
    /// `[defences]`.
    pub defences: Defences,
}

/// The default of `rules.untagged_share`, as measured: docs/decisions/0045-untagged-and-profiles.md.
const UNTAGGED_SHARE: f64 = 0.1;

/// What all hotkeys of one coldkey may have in a task: as much as one hotkey.
const PLACES_OF_A_COLDKEY: u32 = 5;

impl Profile {
    /// All profiles, the default first.
    pub const ALL: [Self; 3] = [Self::Standard, Self::Plain, Self::Strict];

    /// The word in settings, records and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Plain => "plain",
            Self::Strict => "strict",
        }
    }

    /// What it sets.
    pub fn settings(self) -> ProfileSettings {
        match self {
            Self::Standard => ProfileSettings {
                ownership_tag: OwnershipRule::Prefer,
                untagged_share: UNTAGGED_SHARE,
                traffic: TrafficRule::Discount,
                recover_hours: RECORDED_RECOVER_HOURS,
                defences: Defences { max_per_coldkey_and_task: PLACES_OF_A_COLDKEY, ..Defences::default() },
            },
            Self::Plain => ProfileSettings {
                ownership_tag: OwnershipRule::Prefer,
                untagged_share: 1.0,
                traffic: TrafficRule::Off,
                recover_hours: 0.0,
                defences: Defences::default(),
            },
            Self::Strict => ProfileSettings {
                ownership_tag: OwnershipRule::Required,
                untagged_share: UNTAGGED_SHARE,
                traffic: TrafficRule::Discount,
                recover_hours: RECORDED_RECOVER_HOURS,
                defences: all_defences(),
            },
        }
    }
}

/// All of `[defences]` that take from an attack of the lab: a person with several hotkeys, accounts or channels has as
/// much as one hotkey, and views that the platform removes within three days earn nothing.
fn all_defences() -> Defences {
    Defences {
        max_per_coldkey_and_task: PLACES_OF_A_COLDKEY,
        max_per_github_owner_and_task: 5,
        max_per_channel_and_task: 5,
        foreign_tag: ForeignTag::Reject,
        settling_hours: 72.0,
        first_sight_views: 100_000,
        hidden_engagement_share: 0.8,
        score_exponent: 1.0,
        task_floor_share: 1.0,
        fewest_owners_per_task: 3,
    }
}

impl ProfileSettings {
    /// The same settings of a policy.
    pub fn of(policy: &Policy) -> Self {
        Self {
            ownership_tag: policy.ownership_tag,
            untagged_share: policy.untagged_share,
            traffic: policy.traffic,
            recover_hours: policy.recover_hours,
            defences: policy.defences.clone(),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_has_its_word_and_the_first_is_the_default() {
        for profile in Profile::ALL {
            assert_eq!(serde_json::to_value(profile).expect("a word"), profile.word());
        }
        assert_eq!(Profile::ALL[0], Profile::default());
    }

    #[test]
    fn a_policy_overrides_its_profile_as_soon_as_one_of_its_settings_differs() {
        let policy = Policy::default();
        assert!(!policy.overrides_profile());
        assert!(!Policy { top_n: 3, ..policy.clone() }.overrides_profile(), "no profile decides that");
        assert!(Policy { profile: Some(Profile::Strict), ..policy.clone() }.overrides_profile());
        let changed = Defences { settling_hours: 1.0, ..policy.defences.clone() };
        for other in [
            Policy { ownership_tag: OwnershipRule::Off, ..policy.clone() },
            Policy { untagged_share: 0.25, ..policy.clone() },
            Policy { traffic: TrafficRule::Observe, ..policy.clone() },
            Policy { recover_hours: 24.0, ..policy.clone() },
            Policy { defences: changed, ..policy.clone() },
            Policy { defences: Defences::default(), ..policy.clone() },
        ] {
            assert!(other.overrides_profile(), "{other:?}");
            assert!(!Policy { profile: None, ..other }.overrides_profile(), "it names none");
        }
    }

    #[test]
    fn standard_caps_a_coldkey_at_what_one_hotkey_may_have_and_has_no_other_defence() {
        let policy = Policy::default();
        assert_eq!(policy.defences.max_per_coldkey_and_task, policy.max_per_miner_and_task);
        assert!(Defences { max_per_coldkey_and_task: 0, ..policy.defences }.are_off());
    }

    #[test]
    fn plain_sets_all_that_it_decides_to_off() {
        let plain = Profile::Plain.settings();
        assert_eq!((plain.traffic, plain.untagged_share, plain.recover_hours), (TrafficRule::Off, 1.0, 0.0));
        assert!(plain.defences.are_off());
        let strict = Profile::Strict.settings().defences;
        assert!(strict.settling_hours <= crate::defences::RECORDED_SETTLING_HOURS, "a replay can request it");
    }
}
