//! What was found against an item, in words that need no knowledge of the rules.

use crate::text::verdicts::doubt_words;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::evidence::ContentEvidence;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::traffic::DISCOUNT_BELOW;
use tensorflix_domain::verdict::Reason;
use tensorflix_domain::verification::{Check, CheckOutcome, finding};

/// The most important finding; `None` if the reason code alone says enough.
pub(super) fn found_against(judged: &Judged, decided: &DecidedCycle) -> Option<String> {
    let content = judged.content()?;
    let known = decided.evidence.contents.get(&content)?;
    let check = match judged.reason? {
        Reason::NotAiGenerated => Check::Ai,
        Reason::IllicitContent => Check::Illicit,
        Reason::OffTopic => Check::Topic,
        Reason::InauthenticTraffic => return Some(traffic_words(known)),
        _ => return None,
    };
    let (policy, at) = (&decided.policy.verification, decided.evidence.at.time);
    match finding(policy, known.verification.as_deref(), check, &judged.task_id, at) {
        CheckOutcome::Broken(verdict) => Some(doubt_words(verdict)),
        _ => None,
    }
}

/// The strongest signal against the views, or else that their counts are hidden: nothing else reduces a score.
fn traffic_words(known: &ContentEvidence) -> String {
    let disbelieved = known.traffic.as_ref().filter(|finding| finding.authenticity < DISCOUNT_BELOW);
    let signal = disbelieved.and_then(|finding| finding.signals.first());
    signal.map_or("its likes or comments are hidden".to_owned(), |signal| signal.kind.to_string())
}
