//! The result of verdicts: kept, broken, awaited or unknown; and which providers are still to be asked.

use super::policy::{CheckMode, VerificationPolicy};
use super::record::{READING_VERSION, Verdict, VerificationEvidence};
use super::words::{Check, Provider};
use crate::chain_time::Moment;
use std::collections::BTreeSet;

/// The result of the verdicts for one check of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckOutcome<'a> {
    /// Not checked: the check is off, no provider is set up for it, or the item is not in the sample.
    NotAsked,
    /// All answered, and none is certain of a breach; or the platform's signal settles it.
    Kept,
    /// A provider is certain of a breach.
    Broken(&'a Verdict),
    /// An answer is missing, and the patience has not ended.
    Awaited,
    /// An answer is missing, and the patience has ended.
    Unknown,
}

/// The result for an item at a moment, for a check (of a task).
pub fn finding<'a>(
    policy: &VerificationPolicy,
    known: Option<&'a VerificationEvidence>,
    check: Check,
    task_id: &str,
    at: Moment,
) -> CheckOutcome<'a> {
    if policy.mode(check) == CheckMode::Off {
        return CheckOutcome::NotAsked;
    }
    let verdicts = || standing(policy, known, check, task_id, at);
    if is_settled_by_platform(verdicts()) {
        return CheckOutcome::Kept;
    }
    if let Some(verdict) = verdicts().find(|verdict| policy.is_broken(verdict)) {
        return CheckOutcome::Broken(verdict);
    }
    let asked = policy.providers(check);
    if asked.is_empty() {
        return CheckOutcome::NotAsked;
    }
    let answered: BTreeSet<Provider> = verdicts().map(|verdict| verdict.provider).collect();
    if asked.is_subset(&answered) {
        return CheckOutcome::Kept;
    }
    let Some(known) = known.filter(|known| known.sampled) else { return CheckOutcome::NotAsked };
    let waits = known.waits.iter().filter(|wait| is_of(wait.check, wait.task_id.as_deref(), check, task_id));
    let since = waits.map(|wait| wait.since.time).min();
    match since {
        Some(since) if at.hours_since(since) >= policy.grace_hours => CheckOutcome::Unknown,
        None if policy.grace_hours <= 0.0 => CheckOutcome::Unknown,
        _ => CheckOutcome::Awaited,
    }
}

/// The providers to ask for a check (of a task) of an item: those without a fresh verdict. None, if the known verdicts
/// already settle it.
pub fn to_ask(
    policy: &VerificationPolicy,
    known: &VerificationEvidence,
    check: Check,
    task_id: &str,
    at: Moment,
) -> BTreeSet<Provider> {
    if policy.mode(check) == CheckMode::Off || !known.sampled {
        return BTreeSet::new();
    }
    let fresh = || {
        let standing = standing(policy, Some(known), check, task_id, at);
        standing.filter(|verdict| at.hours_since(verdict.at.time) < policy.verdict_hours)
    };
    if is_settled_by_platform(fresh()) || fresh().any(|verdict| policy.is_broken(verdict)) {
        return BTreeSet::new();
    }
    let answered: BTreeSet<Provider> = fresh().map(|verdict| verdict.provider).collect();
    policy.providers(check).difference(&answered).copied().collect()
}

/// The verdicts on a question that count at a moment: of providers that are set up, and not too old.
fn standing<'a>(
    policy: &VerificationPolicy,
    known: Option<&'a VerificationEvidence>,
    check: Check,
    task_id: &str,
    at: Moment,
) -> impl Iterator<Item = &'a Verdict> {
    let longest_hours = policy.verdict_hours + policy.grace_hours;
    known.into_iter().flat_map(|known| &known.verdicts).filter(move |verdict| {
        is_of(verdict.check, verdict.task_id.as_deref(), check, task_id)
            && policy.counts(verdict.provider, check)
            && verdict.reading_version == READING_VERSION
            && at.hours_since(verdict.at.time) < longest_hours
    })
}

fn is_of(check: Check, task_id: Option<&str>, wanted: Check, wanted_task: &str) -> bool {
    check == wanted && task_id.is_none_or(|task_id| task_id == wanted_task)
}

fn is_settled_by_platform<'a>(mut verdicts: impl Iterator<Item = &'a Verdict>) -> bool {
    verdicts.any(|verdict| {
        verdict.provider == Provider::Platform && verdict.check == Check::Ai && verdict.breach_permille == 0
    })
}
