//! What each reason code means, and what the miner can do about it: one or two sentences each, for people who have not read the
//! code.

use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::verdict::{Reason, Status};

/// What a code means and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// What was found.
    pub meaning: &'static str,
    /// What the miner can do.
    pub advice: &'static str,
}

/// What becomes of a submission with this reason.
pub const fn words_of(reason: Reason) -> Words {
    let (meaning, advice) = match reason {
        Reason::UnknownTask => (
            "This validator does not know the task that it is listed for. That is not an offence: other validators may know \
             the task, and the submission does not count toward any limit.",
            "Compare the task id with the list of `tensorflix tasks`, letter by letter. If another validator publishes the \
             task, nothing needs to be done.",
        ),
        Reason::InvalidContentId => (
            "The content id is not valid on the task's platform: YouTube ids have 11 letters, digits, - or _, and \
             Instagram ids have 5 to 40.",
            "List the id and not the URL: dQw4w9WgXcQ of youtube.com/watch?v=dQw4w9WgXcQ. Check also that the task is \
             for this platform.",
        ),
        Reason::TooManySubmissions => (
            "The miner listed more submissions for this task than the limit allows. Only the first ones in the gist count, \
             and this one comes after them.",
            "Put the best submissions of each task first in the gist, and remove those that earn little.",
        ),
        Reason::DuplicateSubmission => (
            "Another miner owns this item. An item counts once, for the claim that comes first in the subnet's order.",
            "Submit your own videos. If this one is yours, write your full hotkey into its description or caption: that \
            settles the dispute in your favour. List new videos at once, and pin a revision of the gist.",
        ),
        Reason::NoVideoData => (
            "The platform answered that this item does not exist, and this validator never observed it.",
            "Check the id, and that the item is public: private and deleted items look the same from outside.",
        ),
        Reason::ContentRemoved => (
            "The platform answered that this item no longer exists. This validator observed it earlier.",
            "If it still exists, make it public again: it then counts from the next cycle on. Otherwise remove it from the \
            gist.",
        ),
        Reason::LiveOrPremiere => (
            "It is a live broadcast, or a premiere or broadcast that has not begun. These count only after they have ended.",
            "Wait until the broadcast has ended or the premiere has been shown, or upload an ordinary video.",
        ),
        Reason::PublishedBeforeTaskStart => (
            "According to the platform, it was published before the task started.",
            "Only items that are published at or after the task's start count: make a new one for this task.",
        ),
        Reason::PublishedAfterTaskEnd => (
            "According to the platform, it was published after the task had ended.",
            "Only items that are published before the task's end count: submit it for a task that is still open.",
        ),
        Reason::MissingOwnershipTag => (
            "This validator requires the miner's hotkey in the description or caption. This one does not name it, or names \
             another hotkey first.",
            "Write your full hotkey into the video's description or the reel's caption, as the first hotkey in it.",
        ),
        Reason::NotAiGenerated => (
            "A check found that it is not AI-generated.",
            "Submit AI-generated items. If this one is AI-generated, label it as such on the platform.",
        ),
        Reason::IllicitContent => (
            "A check found that it shows illicit content.",
            "Remove it from the gist, and submit items that follow the rules of the platform and the subnet.",
        ),
        Reason::InauthenticTraffic => (
            "A check found that its views do not come from real people.",
            "Do not buy views or use bots. Items with an ordinary audience are not affected.",
        ),
        Reason::OffTopic => (
            "A check found that it is not about the task.",
            "Read the task's description with `tensorflix tasks`, and submit items that match it.",
        ),
        Reason::OwnerLimit => (
            "One owner (a coldkey, a GitHub account or a channel) has more submissions in this task than this validator \
             allows for all its hotkeys together. Only the first ones count.",
            "Put the best submissions of each task first, or submit to other tasks: more hotkeys do not raise the limit.",
        ),
        Reason::AwaitingClaim => (
            "The submission is new: this validator has not yet recorded a claim for it in a polling round.",
            "Nothing: the next polling round records the claim, and the next cycle scores the submission.",
        ),
        Reason::AwaitingSettlement => (
            "Its views are too recent to count: this validator has not observed it for long enough.",
            "Nothing: it counts once its views are old enough. Keep the item public meanwhile.",
        ),
        Reason::AwaitingMetrics => (
            "The platform shows the item, but no recent view count or no publication time.",
            "Make sure that the view count is public. Your claim is kept, and the platform is asked again in each cycle.",
        ),
        Reason::AwaitingOwnerCheck => (
            "This validator requires proof that the gist belongs to the GitHub login of the commitment, and GitHub has not \
             confirmed it yet.",
            "Nothing, if the gist is yours and public: the check is repeated.",
        ),
        Reason::AwaitingVerdict => (
            "A check of the item has not finished yet.",
            "Nothing: the submission is judged as soon as the check has finished.",
        ),
        Reason::QuotaExhausted => (
            "This validator has used up today's quota of the platform, and has no recent observation of the item.",
            "Nothing: the platform is asked again after the quota reset. Your claim is kept.",
        ),
        Reason::PlatformUnavailable => (
            "The platform did not answer, or this validator has no API key for it, and there is no recent observation of \
             the item.",
            "Nothing: the platform is asked again in the next cycle. Your claim is kept.",
        ),
    };
    Words { meaning, advice }
}

/// What is said of a submission that counts up to the limit of untagged videos (`rules.untagged_share`).
pub const UNTAGGED: Words = Words {
    meaning: "It counts up to a limit: its description or caption does not name this miner's hotkey, while most miners of this \
              task name theirs.",
    advice: "Write your full hotkey into the video's description or the reel's caption: the limit ends with the next cycle that \
             reads it.",
};

/// What is said of an accepted submission in a task with too few owners (`defences.fewest_owners_per_task`).
pub const FEW_OWNERS: Words = Words {
    meaning: "It pays nothing in this cycle: fewer owners than this validator requires have an accepted submission in its task. \
              All hotkeys of one coldkey are one owner.",
    advice: "Nothing is wrong with the item: it pays as soon as enough other owners have an accepted submission in the task. \
             Meanwhile, list items for tasks that more miners work on.",
};

/// What became of a submission, in words.
pub const fn outcome_words(status: Status, reason: Option<Reason>, view_count: Option<u64>) -> Words {
    match (status, reason, view_count) {
        (Status::Accepted, Some(Reason::AwaitingMetrics), _) => Words {
            meaning: "It counts, with the views of an earlier observation: the newest one shows no view count.",
            advice: "Make the view count public again: it stops counting when the earlier observation becomes too old.",
        },
        (Status::Accepted, Some(Reason::InauthenticTraffic), _) => Words {
            meaning: "It counts, with a reduced score: its views do not look like those of a real audience.",
            advice: "Do not buy views, likes or comments. `tensorflix explain` lists what was found, with figures.",
        },
        (Status::Accepted, Some(_), _) => Words {
            meaning: "It counts, using the last good observation: no newer one was available for this cycle.",
            advice: "Nothing: it is observed again in the next cycle. Its hours are counted up to the observation that is used.",
        },
        (Status::Accepted, None, Some(0)) => Words {
            meaning: "It counts, but it has no views yet, and zero views score zero.",
            advice: "Nothing: it earns as soon as people watch it.",
        },
        (Status::Accepted, None, _) => {
            Words { meaning: "It counts.", advice: "More views per hour than the others in this task earn more." }
        }
        (Status::Rejected | Status::Pending, Some(reason), _) => words_of(reason),
        (Status::Rejected | Status::Pending, None, _) => Words {
            meaning: "It does not count, and no reason was stored.",
            advice: "Report this to the validator's operator.",
        },
    }
}

/// How a dispute was settled, and whether that is a proof.
pub const fn settled_words(settled_by: SettledBy) -> &'static str {
    match settled_by {
        SettledBy::NoDispute => "No other miner claims it.",
        SettledBy::OwnershipTag => "Settled by the ownership tag: the description or caption names the hotkey.",
        SettledBy::PinnedRevision => {
            "Settled by a pinned revision: the on-chain commitment that pins it is older than any other proof."
        }
        SettledBy::PollingRound => {
            "Settled by the polling round: this validator saw it in that gist more than one round before any other proof."
        }
        SettledBy::GistUpdate => {
            "Settled by the time of each gist's last change, as given by GitHub: all were first seen within one polling \
             round. A gist without a known time comes last."
        }
        SettledBy::CommitmentBlock => {
            "Only a tie, settled by the older commitment: all were first seen within one polling round, and there is no \
             proof of who was first."
        }
        SettledBy::Uid => {
            "Only a tie, settled by the lower UID: everything else is equal, and there is no proof of who was first."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[track_caller]
    fn check_sentence(text: &str, what: &str) {
        assert!(text.len() > 10 && text.ends_with('.'), "{what}: {text:?}");
        assert!(!text.contains("  ") && !text.contains('\n'), "{what}: {text:?}");
    }

    #[test]
    fn every_reason_has_a_meaning_and_an_advice_of_its_own() {
        let mut meanings = BTreeSet::new();
        for reason in Reason::ALL {
            let words = words_of(*reason);
            check_sentence(words.meaning, reason.code());
            check_sentence(words.advice, reason.code());
            assert!(meanings.insert(words.meaning), "{reason} means what another does");
            assert_eq!(outcome_words(reason.status(), Some(*reason), None), words);
            check_sentence(outcome_words(Status::Accepted, Some(*reason), Some(1)).meaning, reason.code());
        }
    }

    #[test]
    fn a_tie_is_said_to_be_only_a_tie() {
        use SettledBy::*;
        for settled_by in [NoDispute, OwnershipTag, PinnedRevision, PollingRound, GistUpdate, CommitmentBlock, Uid] {
            let words = settled_words(settled_by);
            check_sentence(words, "settled");
            assert_eq!(words.starts_with("Only a tie"), matches!(settled_by, CommitmentBlock | Uid), "{words}");
        }
    }
}
