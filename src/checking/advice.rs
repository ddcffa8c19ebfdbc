//! The reason codes in words for miners: what it means, and what to do.

use tensorflix_domain::policy::Policy;
use tensorflix_domain::verdict::Reason;

/// A reason in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What is so.
    pub meaning: String,
    /// What the miner can do.
    pub remedy: &'static str,
}

/// What a reason means under a policy.
pub fn advice(reason: Reason, policy: &Policy) -> Advice {
    let (meaning, remedy) = match reason {
        Reason::UnknownTask => {
            ("no task with this id is known", "correct the id: `tasks` lists every validator's tasks")
        }
        Reason::InvalidContentId => (
            "this is not a content id of the task's platform",
            "write the id alone and no address: 11 characters for YouTube, 5 to 40 for Instagram, of letters, digits, _ \
             and -",
        ),
        Reason::TooManySubmissions => {
            let meaning = format!(
                "only the first {} of a miner count for a task, and this comes after them",
                policy.max_per_miner_and_task
            );
            return Advice { meaning, remedy: "put your best ones first, or remove others" };
        }
        Reason::DuplicateSubmission => (
            "this content counts elsewhere: another hotkey holds it, or you list it for another task too",
            "list your own content, once; your hotkey in its text settles a dispute",
        ),
        Reason::NoVideoData => ("the platform knows no such content", "check the id, and make the content public"),
        Reason::ContentRemoved => {
            ("the platform no longer shows this content", "make it public again, or remove the pair")
        }
        Reason::LiveOrPremiere => {
            ("it is live, or a premiere that has not begun", "wait until it is over, or upload it")
        }
        Reason::PublishedBeforeTaskStart => {
            ("it was published before the task began", "publish new content for the task")
        }
        Reason::PublishedAfterTaskEnd => ("it was published after the task's end", "choose a task that goes on"),
        Reason::MissingOwnershipTag => (
            "its text does not name your hotkey, which is required here",
            "write the full hotkey into the description or caption, in the form of rules.ownership_template",
        ),
        Reason::NotAiGenerated => ("it was found not to be made by AI", "submit content that is"),
        Reason::IllicitContent => ("it was found to be illicit", "remove the pair"),
        Reason::InauthenticTraffic => ("its views were found not to be real", "do not buy views"),
        Reason::OffTopic => ("it does not fit the task's description", "submit it for a task that it fits"),
        Reason::AwaitingMetrics => (
            "the platform gives no views (or no date) for it, so that it cannot be scored yet",
            "show the counts to the public; it counts once they are there",
        ),
        Reason::AwaitingOwnerCheck => ("the gist's owner is not confirmed yet", "nothing: it is asked again"),
        Reason::AwaitingVerdict => ("a check of the content goes on", "nothing: it ends by itself"),
        Reason::QuotaExhausted => ("the platform's quota of the day is used up", "nothing: it is asked again"),
        Reason::PlatformUnavailable => ("the platform did not answer", "nothing: it is asked again"),
    };
    Advice { meaning: meaning.to_owned(), remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_words_of_its_own() {
        let mut meanings: Vec<String> =
            Reason::ALL.iter().map(|reason| advice(*reason, &Policy::default()).meaning).collect();
        meanings.sort_unstable();
        meanings.dedup();
        assert_eq!(meanings.len(), Reason::ALL.len());
    }
}
