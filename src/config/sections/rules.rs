//! What makes a submission valid, and what it is worth.

use tensorflix_domain::defences::Defences;
use tensorflix_domain::ownership::HOTKEY_PLACE;
use tensorflix_domain::policy::{ContentScope, GistOwnerRule, LiveRule, OwnershipRule, TrafficRule};
use tensorflix_domain::profile::Profile;
use tensorflix_domain::verification::{CheckMode, OnUnknown};

use super::bounds::{HOURS, HOURS_OR_NONE, LARGEST_INTEGER, SHARE};
use super::forms;
use tensorflix_settings::{Terms, integer, number, one_of, settings, text};

/// A certainty of nothing would break every rule.
const THRESHOLD: Terms = number(0.01..=1.0);
const CHECK_MODE: Terms = one_of(&["off", "observe", "enforce"]);

settings! {
    /// What makes a submission valid.
    [rules] RulesSettings {
        /// Sets ownership_tag, untagged_share, verifier.traffic, verifier.recover_hours and all of [defences] together; each of them
        /// overrides it.
        /// standard: the defaults; plain: exactly views per hour over the task's best; strict: all defences, which delay
        /// and reject more, so agree on it with other validators.
        profile: Profile = Profile::Standard, one_of(&["standard", "plain", "strict"]);

        /// What a hotkey in the description does. prefer: it settles a dispute; required: without it nothing counts; off:
        /// it is not read.
        ownership_tag: OwnershipRule = Profile::Standard.settings().ownership_tag, one_of(&["prefer", "off", "required"]);

        /// How a description names its owner.
        ownership_template: String = HOTKEY_PLACE.to_owned(), text(forms::OWNERSHIP_TEMPLATE);

        /// With prefer, where two thirds of a task's miners (by coldkey) have a video that names their hotkey: a video that
        /// does not counts at most this share of the best that does. 1: it counts fully.
        untagged_share: f64 = Profile::Standard.settings().untagged_share, SHARE;

        /// required: a gist counts once GitHub's API has confirmed its owner; prefer: it counts until the API denies it.
        /// How soon a gist is checked depends on the API's rate limit.
        gist_owner: GistOwnerRule = GistOwnerRule::Prefer, one_of(&["prefer", "required"]);

        /// Submissions that count for one miner in one task: the first ones in its gist. The others are ignored.
        max_per_miner_and_task: u32 = 5, integer(1..=1000).unit("submissions");

        /// Where a video counts only once. task: in each task; subnet: in all tasks together.
        content_scope: ContentScope = ContentScope::Task, one_of(&["task", "subnet"]);

        /// What happens to live broadcasts and premieres until they end. reject: they do not count; accept: they do.
        live: LiveRule = LiveRule::Reject, one_of(&["reject", "accept"]);
    }
}

settings! {
    /// Against attacks that the subnet's rules leave open: all but the cap for a coldkey are off by default, and the profile
    /// "strict" sets them. docs/attacks.md says what each is worth.
    [defences] DEFENCES of Defences {
        /// Submissions that count in one task for all hotkeys of one coldkey together; 0: no limit. 5 is what one hotkey
        /// may have, so a person with several hotkeys of one coldkey has five places in a task in all.
        max_per_coldkey_and_task: integer(0..=1000).unit("submissions");

        /// The same for all gists of one GitHub account.
        max_per_github_owner_and_task: integer(0..=1000).unit("submissions");

        /// The same for all videos of one channel; those that name their miner's hotkey come first.
        max_per_channel_and_task: integer(0..=1000).unit("submissions");

        /// A video that names another miner's hotkey. reject: it counts for nobody else; accept: it does until that miner
        /// lists it too.
        foreign_tag: one_of(&["accept", "reject"]);

        /// A score is the lower of the one now and the one this long ago: views that the platform removes by then earn
        /// nothing. 0: the one now.
        settling_hours: HOURS_OR_NONE;

        /// Of a video first seen with at least this many views, only later views count: against old footage made public.
        /// 0: all count.
        first_sight_views: integer(0..=LARGEST_INTEGER).unit("views");

        /// Share that counts of a score with hidden likes, with traffic = "discount" and once it was observed.
        hidden_engagement_share: SHARE;

        /// Exponent on normalised scores; below 1, one viral video takes less from the others.
        score_exponent: number(0.1..=2.0);

        /// Share of the other tasks' level that a task's best must reach to count fully: against tasks without
        /// competition. 0: none.
        task_floor_share: SHARE;

        /// A task pays only if this many owners have an accepted submission in it, all hotkeys of one coldkey being one
        /// owner: against tasks that only one miner knows. 0: every task pays.
        fewest_owners_per_task: integer(0..=1000).unit("owners");
    }
}

settings! {
    /// Checks of videos and reels. off: not checked; observe: shown, decides nothing; enforce: a breach is rejected.
    [verifier] VerifierSettings {
        /// It must be AI-generated: off, observe or enforce. Without a detector the platform's own signals decide alone,
        /// and nothing waits.
        ai: CheckMode = CheckMode::Enforce, CHECK_MODE;

        /// It must not be illicit: off, observe or enforce, as above.
        illicit: CheckMode = CheckMode::Enforce, CHECK_MODE;

        /// It must be about its task: off, observe or enforce.
        topic: CheckMode = CheckMode::Off, CHECK_MODE;

        /// Views that do not look like those of a real audience. discount: they count less; hold: the submission waits;
        /// reject: it is rejected; observe: they are shown and decide nothing; off: they are not judged.
        traffic: TrafficRule = Profile::Standard.settings().traffic, one_of(&["discount", "off", "observe", "hold", "reject"]);

        /// For how long what was paid for views that turned out bought, or for an item that turned out another's, is taken from
        /// the hotkey's later earnings; with traffic = "discount" or "reject". 0: nothing is.
        recover_hours: f64 = 168.0, HOURS_OR_NONE;

        /// How certain a detector must be that a video is not AI-generated before it is rejected.
        ai_threshold: f64 = 0.8, THRESHOLD;

        /// How certain a detector must be that a video is illicit before it is rejected.
        illicit_threshold: f64 = 0.8, THRESHOLD;

        /// How certain a detector must be that a video is not about its task before it is rejected.
        topic_threshold: f64 = 0.8, THRESHOLD;

        /// How long a submission waits for a missing verdict.
        grace_hours: f64 = 24.0, HOURS_OR_NONE;

        /// What happens then. accept: it counts and says so, so that no outage costs a miner for long; hold: it keeps waiting.
        on_unknown: OnUnknown = OnUnknown::Accept, one_of(&["accept", "hold"]);

        /// Share of videos that detectors are asked about, chosen by each cycle's block hash: below 1 to save money.
        sample_share: f64 = 1.0, SHARE;

        /// Age at which a verdict is requested again; meanwhile it stays valid for grace_hours more.
        verdict_hours: f64 = 720.0, HOURS;
    }
}
