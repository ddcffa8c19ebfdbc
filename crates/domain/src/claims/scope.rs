//! Where an item may count once: in each task, or in all tasks of its platform together.

use crate::evidence::{BoundClaim, Evidence};
use crate::platform::Platform;
use crate::policy::{ContentScope, Policy};
use crate::task::Task;
use std::collections::HashMap;

/// Where a claim binds: the platform and id of an item, in one task, or in all with the scope of the subnet.
pub type ClaimPlace<'a> = (Option<&'a str>, Platform, &'a str);

/// Where the claims on an item listed for a task bind.
pub fn claim_place<'a>(policy: &Policy, task: &'a Task, content_id: &'a str) -> ClaimPlace<'a> {
    let task_id = match policy.content_scope {
        ContentScope::Task => Some(task.id.as_str()),
        ContentScope::Subnet => None,
    };
    (task_id, task.platform, content_id)
}

/// The claims that compete for an item in `task`: those on it for the same task, or with the scope of the subnet for
/// any known task of the same platform.
pub fn competing_claims<'a>(
    claims: impl IntoIterator<Item = &'a BoundClaim>,
    evidence: &Evidence,
    policy: &Policy,
    task: &Task,
    content_id: &str,
) -> Vec<&'a BoundClaim> {
    let tasks: HashMap<&str, &Task> =
        evidence.tasks.iter().map(|weighted| (weighted.task.id.as_str(), &weighted.task)).collect();
    let place = claim_place(policy, task, content_id);
    let competes = |bound: &&BoundClaim| {
        let claimed_for = tasks.get(bound.claim.task_id.as_str());
        claimed_for.is_some_and(|task| claim_place(policy, task, &bound.claim.content_id) == place)
    };
    claims.into_iter().filter(competes).collect()
}
