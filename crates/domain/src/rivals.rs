//! Which claims compete for which content: those on it for one task, or with the scope of the subnet for any known task of
//! its platform.

use crate::dispute::{Claimant, Holder, contenders, holder};
use crate::evidence::{BoundClaim, Evidence};
use crate::ids::{ContentId, Hotkey, Platform};
use crate::judge::named_owner;
use crate::policy::{ContentScope, Policy};
use crate::task::Task;
use std::collections::HashMap;

/// Where a claim binds: the platform and id of a content, in one task or with the scope of the subnet in all.
type ClaimPlace<'a> = (Option<&'a str>, Platform, &'a str);

/// The claims of a cycle by where they bind. What is found by walking the map is sorted, so its order reaches no result.
pub(crate) struct Rivals<'a> {
    evidence: &'a Evidence,
    policy: &'a Policy,
    claimants: HashMap<ClaimPlace<'a>, Vec<Claimant<'a>>>,
}

impl<'a> Rivals<'a> {
    pub(crate) fn new(evidence: &'a Evidence, policy: &'a Policy) -> Self {
        let platforms: HashMap<&str, Platform> =
            evidence.tasks.iter().map(|weighted| (weighted.task.id.as_str(), weighted.task.platform)).collect();
        let mut claimants: HashMap<ClaimPlace<'a>, Vec<Claimant<'a>>> = HashMap::with_capacity(evidence.claims.len());
        for BoundClaim { uid, claim, dating } in &evidence.claims {
            if let Some(platform) = platforms.get(claim.task_id.as_str()) {
                let place = (scope_of(policy, &claim.task_id), *platform, claim.content_id.as_str());
                claimants.entry(place).or_default().push(Claimant { claim, uid: *uid, dating: *dating });
            }
        }
        Self { evidence, policy, claimants }
    }

    /// The claim that holds a content in a task; `None` where nobody claims it.
    pub(crate) fn holder(&self, task: &Task, content: &ContentId, named: Option<&Hotkey>) -> Option<Holder<'a>> {
        let place = (scope_of(self.policy, task.id.as_str()), task.platform, content.as_str());
        let claimants = self.claimants.get(&place)?;
        holder(claimants, named, self.evidence.timeline())
    }
}

/// The disputes of a cycle that dates of gists decide, each with those between whom they do.
#[must_use]
pub fn disputes<'a>(evidence: &'a Evidence, policy: &'a Policy) -> Vec<Vec<Claimant<'a>>> {
    let rivals = Rivals::new(evidence, policy);
    let mut between: Vec<_> = rivals.claimants.iter().filter(|(_, claimants)| claimants.len() > 1).collect();
    between.sort_unstable_by_key(|(place, _)| **place);
    between
        .into_iter()
        .map(|((_, platform, content_id), claimants)| {
            let content = ContentId::new(*platform, content_id).ok();
            let known = content.and_then(|content| evidence.contents.get(&content));
            contenders(claimants, known.and_then(|known| named_owner(known, policy)), evidence.timeline())
        })
        .filter(|contenders| !contenders.is_empty())
        .collect()
}

/// The claims that compete for a content in `task`: those on it for the same task, or with the scope of the subnet for
/// any known task of the same platform.
pub fn competing_claims<'a>(
    claims: impl IntoIterator<Item = &'a BoundClaim>,
    evidence: &Evidence,
    policy: &Policy,
    task: &Task,
    content_id: &str,
) -> Vec<&'a BoundClaim> {
    let place = |task: &Task| (scope_of(policy, task.id.as_str()).map(str::to_owned), task.platform);
    let places: HashMap<&str, _> =
        evidence.tasks.iter().map(|weighted| (weighted.task.id.as_str(), place(&weighted.task))).collect();
    let competes = |bound: &&BoundClaim| {
        bound.claim.content_id == content_id && places.get(bound.claim.task_id.as_str()) == Some(&place(task))
    };
    claims.into_iter().filter(competes).collect()
}

fn scope_of<'t>(policy: &Policy, task_id: &'t str) -> Option<&'t str> {
    match policy.content_scope {
        ContentScope::Task => Some(task_id),
        ContentScope::Subnet => None,
    }
}
