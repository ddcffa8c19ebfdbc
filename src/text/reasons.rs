//! What each code means, and what the miner can do about it: one sentence or two each, for people who never saw the code.

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
            "This validator does not know the task that it is listed for. That is no offence: other validators may know \
             it, and it takes up no place among the submissions that count.",
            "Compare the task id with the list of `tensorflix tasks`, letter by letter. If another validator publishes the \
             task, nothing needs to be done.",
        ),
        Reason::InvalidContentId => (
            "The content id is not one that the task's platform gives: YouTube ids have 11 letters, digits, - or _, and \
             Instagram ids 5 to 40.",
            "List the bare id and not the address: dQw4w9WgXcQ of youtube.com/watch?v=dQw4w9WgXcQ. Check also that the \
             task is for this platform.",
        ),
        Reason::TooManySubmissions => (
            "The miner listed more submissions for this task than count for one miner. The first ones in the gist count, \
             and this one comes after them.",
            "Put the best submissions of each task first in the gist, and take out those that earn little.",
        ),
        Reason::DuplicateSubmission => (
            "Somebody else holds this content: it counts once, for the claim that comes first in the subnet's order.",
            "Submit videos of your own. If this one is yours, write your full hotkey into its description or caption: \
             that settles a dispute in your favour. List new videos at once, and pin a revision of the gist.",
        ),
        Reason::NoVideoData => (
            "The platform answered that there is no such content, and this validator never saw it.",
            "Check the id, and that the content is public: private and deleted ones look the same from outside.",
        ),
        Reason::ContentRemoved => (
            "The platform answered that the content is gone. This validator saw it in an earlier observation.",
            "Make the content public again, if it is still there: it counts again from the next cycle on. Otherwise take it \
             out of the gist.",
        ),
        Reason::LiveOrPremiere => (
            "It is a live broadcast, or a premiere or broadcast that has not begun. Those do not count while they are so.",
            "Wait until the broadcast has ended or the premiere has been shown, or upload an ordinary video.",
        ),
        Reason::PublishedBeforeTaskStart => (
            "The platform says that it was published before the task began.",
            "Only contents that are published at or after the task's start count: make a new one for this task.",
        ),
        Reason::PublishedAfterTaskEnd => (
            "The platform says that it was published when the task had ended already.",
            "Only contents that are published before the task's end count: submit it for a task that is still open.",
        ),
        Reason::MissingOwnershipTag => (
            "This validator demands that the text of a content names its miner's hotkey, and this text does not, or names \
             another one first.",
            "Write your full hotkey into the video's description or the reel's caption, as the first hotkey in it.",
        ),
        Reason::NotAiGenerated => (
            "A check found that the content is not made by AI.",
            "Submit contents that are made by AI. If this one is, label it as such on the platform.",
        ),
        Reason::IllicitContent => (
            "A check found that the content is not allowed.",
            "Take it out of the gist, and submit contents that keep to the rules of the platform and the subnet.",
        ),
        Reason::InauthenticTraffic => (
            "A check found that the views are not those of real people.",
            "Do not buy views or use bots. Contents with an ordinary audience are not concerned.",
        ),
        Reason::OffTopic => (
            "A check found that the content is not about the task.",
            "Read the task's description with `tensorflix tasks`, and submit contents that show it.",
        ),
        Reason::OwnerLimit => (
            "More submissions of one owner would count in this task than this validator allows: one coldkey, one GitHub \
             account or one channel, however many hotkeys list them. The first ones count.",
            "Put the best submissions of each task first, or submit to other tasks: more hotkeys do not raise the limit.",
        ),
        Reason::AwaitingClaim => (
            "The submission is new: this validator has not yet recorded in a polling round whose it is.",
            "Nothing: the next polling round records it, and the next cycle scores it.",
        ),
        Reason::AwaitingSettlement => (
            "The views that this validator knows of are too recent to count: it waits until it has watched the content for \
             longer.",
            "Nothing: it counts once its views are old enough. Keep the content public meanwhile.",
        ),
        Reason::AwaitingMetrics => (
            "The platform shows the content but gives no number of views, or no time of publication, that is recent enough.",
            "Make sure that the view count is public. Nothing is lost meanwhile: it is asked for again in each cycle.",
        ),
        Reason::AwaitingOwnerCheck => (
            "It is not confirmed yet that the gist belongs to the GitHub login of the commitment, and this validator \
             demands it.",
            "Nothing, if the gist is yours and public: the check is repeated.",
        ),
        Reason::AwaitingVerdict => (
            "A check of the content has not ended yet.",
            "Nothing: the submission is judged as soon as the check has ended.",
        ),
        Reason::QuotaExhausted => (
            "This validator has used up what it may ask the platform today, and has no recent observation of the content.",
            "Nothing: it is asked for again when the quota is renewed. That is nobody's fault and costs no claim.",
        ),
        Reason::PlatformUnavailable => (
            "The platform did not answer this validator, or the validator has no key for it, and there is no recent \
             observation of the content.",
            "Nothing: it is asked for again in the next cycle. That is nobody's fault and costs no claim.",
        ),
    };
    Words { meaning, advice }
}

/// What became of a submission, in words.
pub const fn outcome_words(status: Status, reason: Option<Reason>, view_count: Option<u64>) -> Words {
    match (status, reason, view_count) {
        (Status::Accepted, Some(Reason::AwaitingMetrics), _) => Words {
            meaning: "It counts, with the views of an earlier observation: the newest one gives none.",
            advice: "Make sure that the view count stays public, or its evidence becomes too old.",
        },
        (Status::Accepted, Some(Reason::InauthenticTraffic), _) => Words {
            meaning: "It counts for less than its views say: the way in which they came is not that of an audience.",
            advice: "Do not buy views, likes or comments. `tensorflix explain` lists what was found, with its figures.",
        },
        (Status::Accepted, Some(_), _) => Words {
            meaning: "It counts, on the last good observation: nothing newer could be had for this cycle.",
            advice: "Nothing: it is observed again in the next cycle, and its hours end at the observation that counts.",
        },
        (Status::Accepted, None, Some(0)) => Words {
            meaning: "It counts, but it has no views yet, and zero views score zero.",
            advice: "Nothing is wrong with it: it earns as soon as people watch it.",
        },
        (Status::Accepted, None, _) => {
            Words { meaning: "It counts.", advice: "More views an hour than the others in this task earn more." }
        }
        (Status::Rejected | Status::Pending, Some(reason), _) => words_of(reason),
        (Status::Rejected | Status::Pending, None, _) => Words {
            meaning: "It does not count, and no reason was stored.",
            advice: "Report this to the validator's operator.",
        },
    }
}

/// How a dispute was settled, and how good a proof that is.
pub const fn settled_words(settled_by: SettledBy) -> &'static str {
    match settled_by {
        SettledBy::NoDispute => "Nobody else claims it.",
        SettledBy::OwnershipTag => "Settled by the ownership tag: the content's own text names the hotkey.",
        SettledBy::PinnedRevision => {
            "Settled by a pinned revision: the commitment on chain that pinned the content is older than any other proof."
        }
        SettledBy::PollingRound => {
            "Settled by the polling round: this validator saw it in that gist more than a round before any other proof."
        }
        SettledBy::GistUpdate => {
            "Settled by GitHub's time of the gists' last change: they were first seen within one polling round. A gist \
             that cannot be dated comes last."
        }
        SettledBy::CommitmentBlock => {
            "Only a tie, settled by the older commitment: all were first seen within one polling round, and nothing \
             proves who was first."
        }
        SettledBy::Uid => {
            "Only a tie, settled by the lower UID: everything else is equal, and nothing proves who was first."
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
