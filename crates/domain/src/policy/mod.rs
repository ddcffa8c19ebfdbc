//! The validator's choices that decide scores: the settings `[rules]`, `[verifier]`, `[weights]` and the
//! limits on evidence.
//!
//! Everything that can change a score is here and nowhere else, so that a cycle's evidence and its policy together
//! repeat its weights.

pub mod defences;
pub mod profile;
pub mod rules;

use crate::defences::Defences;
use crate::platform::Platform;
use crate::profile::{Profile, ProfileSettings};
use crate::verification::VerificationPolicy;
use serde::{Deserialize, Serialize};

/// The rules that a cycle is decided under. Hours are hours of chain time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// The version of the rules themselves: see [`crate::rules`]. Cycles of development builds name none.
    #[serde(default, skip_serializing_if = "names_no_rules")]
    pub rules: u32,
    /// The profile that was chosen; where single settings override it, their values are those of the other fields. Cycles
    /// of releases without profiles name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Ages below this count as this: hours, above 0.
    pub min_age_hours: f64,
    /// Observations older than this decide nothing: hours.
    pub max_evidence_age_hours: f64,
    /// Which number of a reel counts as its views.
    pub view_metric: ViewMetric,
    /// Whether an item must, or may, name its owner.
    pub ownership_tag: OwnershipRule,
    /// The form in which a text names its owner; holds `{hotkey}`.
    pub ownership_template: String,
    /// The share of a task's best tagged video up to which untagged ones count, 0 to 1, where most miners tag theirs; 1
    /// sets no limit. It is 1 in cycles of releases without it. See `judge/untagged.rs`.
    #[serde(default = "no_limit", skip_serializing_if = "is_no_limit")]
    pub untagged_share: f64,
    /// Whether a gist counts before GitHub has confirmed its owner.
    #[serde(default)]
    pub gist_owner: GistOwnerRule,
    /// Submissions that count for one miner in one task.
    pub max_per_miner_and_task: u32,
    /// Where an item may count once.
    pub content_scope: ContentScope,
    /// What happens to live broadcasts and premieres.
    pub live: LiveRule,
    /// How a miner's scores in the tasks become one.
    pub aggregate: Aggregate,
    /// How many miners are paid, by score; 0 pays all.
    pub top_n: u32,
    /// Hours after which an old score counts half; 0 counts only the new one.
    pub ema_half_life_hours: f64,
    /// Share of the weight that is burnt, 0 to 1.
    pub burn_share: f64,
    /// What verdicts on items do.
    #[serde(default)]
    pub verification: VerificationPolicy,
    /// What happens to views that do not look like those of an audience. It is off in cycles of releases without it.
    #[serde(default, skip_serializing_if = "TrafficRule::is_off")]
    pub traffic: TrafficRule,
    /// Hours for which what a cycle paid too much is taken from later earnings; 0 takes nothing. It is off in cycles of releases
    /// without it.
    #[serde(default, skip_serializing_if = "is_off")]
    pub recover_hours: f64,
    /// Further defences. They are off in cycles of releases without them.
    #[serde(default, skip_serializing_if = "Defences::are_off")]
    pub defences: Defences,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn names_no_rules(version: &u32) -> bool {
    *version == crate::rules::UNNAMED
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_off(hours: &f64) -> bool {
    hours.to_bits() == 0
}

const fn no_limit() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_no_limit(share: &f64) -> bool {
    share.to_bits() == no_limit().to_bits()
}

impl Policy {
    /// Whether single settings override the profile that it names.
    pub fn overrides_profile(&self) -> bool {
        self.profile.is_some_and(|profile| profile.settings() != ProfileSettings::of(self))
    }
}

/// `instagram.view_metric`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ViewMetric {
    /// `videoViewCount`.
    #[default]
    Views,
    /// `videoPlayCount`.
    Plays,
}

impl ViewMetric {
    /// Whether plays are what counts on a platform: only where the platform has plays beside views.
    pub const fn is_plays_on(self, platform: Platform) -> bool {
        matches!(self, Self::Plays) && platform.rules().counts_plays
    }
}

/// `rules.ownership_tag`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OwnershipRule {
    /// Texts are not read for hotkeys.
    Off,
    /// A hotkey named in the text settles a dispute.
    #[default]
    Prefer,
    /// An item that does not name its miner is rejected.
    Required,
}

/// `rules.gist_owner`. A gist that GitHub reports as another user's, or as not public, never counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GistOwnerRule {
    /// A gist that was not checked yet counts: checks take as long as GitHub's API budget requires.
    #[default]
    Prefer,
    /// Its submissions are pending until the owner is confirmed.
    Required,
}

/// `rules.content_scope`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContentScope {
    /// Once in each task.
    #[default]
    Task,
    /// Once in all tasks together.
    Subnet,
}

/// `rules.live`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LiveRule {
    /// Live broadcasts and premieres are rejected as long as they are that.
    #[default]
    Reject,
    /// They are scored like any other.
    Accept,
}

/// `verifier.traffic`. The measures are constants of [`crate::traffic`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrafficRule {
    /// Not judged.
    #[default]
    Off,
    /// Judged and shown, without any effect.
    Observe,
    /// A score counts in proportion to the authenticity of its views.
    Discount,
    /// A submission with views that are not believed to be authentic is pending: later observations may release it.
    Hold,
    /// A submission with views that are not believed to be authentic is rejected.
    Reject,
}

impl TrafficRule {
    /// Whether nothing is judged.
    pub const fn is_off(&self) -> bool {
        matches!(self, Self::Off)
    }
}

/// `weights.aggregate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aggregate {
    /// The sum of the normalised scores of all valid submissions.
    #[default]
    Sum,
    /// In each task only the best submission.
    Best,
}

impl Default for Policy {
    fn default() -> Self {
        let profile = Profile::default();
        let ProfileSettings { ownership_tag, untagged_share, traffic, recover_hours, defences } = profile.settings();
        Self {
            rules: crate::rules::CURRENT,
            profile: Some(profile),
            min_age_hours: 1.0,
            max_evidence_age_hours: 48.0,
            view_metric: ViewMetric::default(),
            ownership_tag,
            ownership_template: crate::ownership::HOTKEY_PLACE.to_owned(),
            untagged_share,
            gist_owner: GistOwnerRule::default(),
            max_per_miner_and_task: 5,
            content_scope: ContentScope::default(),
            live: LiveRule::default(),
            aggregate: Aggregate::default(),
            top_n: 0,
            ema_half_life_hours: 0.0,
            burn_share: 0.0,
            verification: VerificationPolicy::default(),
            traffic,
            recover_hours,
            defences,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{CURRENT, UNNAMED};

    #[test]
    fn a_policy_names_the_present_version_and_without_one_it_is_of_a_development_build() {
        assert_eq!(Policy::default().rules, CURRENT);
        let mut json = serde_json::to_value(Policy::default()).expect("JSON");
        assert_eq!(json["rules"], CURRENT);
        json.as_object_mut().expect("an object").remove("rules");
        let unnamed: Policy = serde_json::from_value(json.clone()).expect("a policy");
        assert_eq!(unnamed.rules, UNNAMED);
        assert_eq!(serde_json::to_value(unnamed).expect("JSON"), json, "its bytes, and so its digest, stay");
    }
}
