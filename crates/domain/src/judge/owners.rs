//! Owners, and the tasks that have too few of them (`defences.fewest_owners_per_task`): a task that only one person knows
//! pays nothing.
//!
//! - All hotkeys of one coldkey are one owner; a hotkey with an unknown coldkey is one itself.
//! - Only accepted submissions count, whatever their scores: nobody can take an owner away from a task but that owner.
//! - Scores and statuses stay; what a submission in such a task is paid is 0. A person with as many registered coldkeys as the
//!   setting asks for is not detected.
//!
//! # Computing it again
//!
//! [`Arithmetic::too_few_owners`] is recorded with each accepted submission of such a task, and with no other. What is paid
//! follows from that alone (`decision::normalize`), so a recorded list with lower scores has the same owners as before.

use super::caps::coldkeys;
use crate::evidence::Evidence;
use crate::ids::Hotkey;
use crate::judge::Judged;
use crate::verdict::Status;
#[cfg(doc)]
use crate::views::Arithmetic;
use std::collections::{HashMap, HashSet};

/// Whom a task counts once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    /// All hotkeys of this coldkey.
    Coldkey(Hotkey),
    /// A hotkey with an unknown coldkey.
    Hotkey(Hotkey),
}

/// The owner of each hotkey.
pub(super) struct Owners(HashMap<Hotkey, Hotkey>);

impl Owners {
    pub(super) fn new(evidence: &Evidence) -> Self {
        Self(coldkeys(evidence))
    }

    pub(super) fn of(&self, hotkey: Hotkey) -> Owner {
        self.0.get(&hotkey).copied().map_or(Owner::Hotkey(hotkey), Owner::Coldkey)
    }
}

impl Judged {
    /// Whether it is paid nothing, because its task has too few owners.
    pub fn lacks_owners(&self) -> bool {
        self.arithmetic.as_ref().is_some_and(|arithmetic| arithmetic.too_few_owners.is_some())
    }
}

/// Marks the accepted submissions of each task with fewer than `fewest` owners.
pub(super) fn mark_tasks_with_few(submissions: &mut [Judged], evidence: &Evidence, fewest: u32) {
    if fewest == 0 {
        return;
    }
    let owners = Owners::new(evidence);
    let mut tasks: HashMap<String, HashSet<Owner>> = HashMap::new();
    for judged in submissions.iter().filter(|judged| judged.status == Status::Accepted) {
        tasks.entry(judged.task_id.clone()).or_default().insert(owners.of(judged.hotkey));
    }
    for judged in submissions {
        let count = tasks.get(&judged.task_id).and_then(|owners| u32::try_from(owners.len()).ok());
        if let Some(arithmetic) = &mut judged.arithmetic {
            arithmetic.too_few_owners = count.filter(|count| *count < fewest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::normalized_again;
    use crate::ids::Uid;
    use crate::policy::Policy;

    /// A recorded submission of task `a` with so many views in an hour.
    fn recorded(uid: Uid, score: f64, too_few_owners: Option<u32>) -> Judged {
        let json = serde_json::json!({
            "uid": uid, "hotkey": Hotkey::new([uid.to_be_bytes()[1]; 32]), "task_id": "a", "content_id": "x",
            "platform": "youtube", "status": "accepted", "reason": null, "view_count": 1, "published_at": null,
            "score": score, "normalized_score": null, "settled_by": null,
            "arithmetic": {
                "shown_views": 1, "passed_hours": 1.0, "hours": 1.0, "too_few_owners": too_few_owners,
            },
        });
        serde_json::from_value(json).expect("a submission")
    }

    /// What is paid under a policy that requires three owners, with other scores where there are any.
    fn paid_again(list: &[Judged], counted: &[Option<f64>]) -> Vec<Option<f64>> {
        let mut policy = Policy::default();
        policy.defences.fewest_owners_per_task = 3;
        normalized_again(list, counted, &policy).iter().map(|judged| judged.normalized_score).collect()
    }

    #[test]
    fn a_recorded_list_with_lower_scores_has_the_same_owners_from_the_list_alone() {
        let paying = [recorded(1, 40.0, None), recorded(2, 20.0, None), recorded(3, 10.0, None)];
        assert_eq!(paid_again(&paying, &[None; 3]), [Some(1.0), Some(0.5), Some(0.25)]);
        // A score that drops to nothing takes no owner away: the others are paid.
        assert_eq!(paid_again(&paying, &[Some(0.0), None, None]), [Some(0.0), Some(1.0), Some(0.5)]);
        let unpaid = [recorded(1, 40.0, Some(2)), recorded(2, 20.0, Some(2))];
        assert_eq!(paid_again(&unpaid, &[None; 2]), [Some(0.0); 2]);
        assert_eq!(paid_again(&unpaid, &[Some(1.0), None]), [Some(0.0); 2]);
    }
}
