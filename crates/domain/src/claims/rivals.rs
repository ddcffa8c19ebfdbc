//! Which claims compete for which item: those on it that bind in the same place ([`crate::scope`]).

use crate::dispute::{Claimant, Holder, contenders, holder};
use crate::evidence::{BoundClaim, ContentEvidence, Evidence};
use crate::ids::{ContentId, Hotkey};
use crate::places::{PairPlace, PlaceRule, placed_pairs};
use crate::policy::{OwnershipRule, Policy};
use crate::scope::{ClaimPlace, claim_place};
use crate::task::Task;
use std::collections::HashMap;

/// The claims of a cycle by where they bind. What is found by walking the map is sorted, so its order reaches no result.
pub(crate) struct Rivals<'a> {
    evidence: &'a Evidence,
    policy: &'a Policy,
    claimants: HashMap<ClaimPlace<'a>, Vec<Claimant<'a>>>,
}

impl<'a> Rivals<'a> {
    /// `standings` are those of the miners' pairs, in the order of the miners. A claim on a pair that holds no place
    /// now blocks nobody.
    pub(crate) fn new(evidence: &'a Evidence, policy: &'a Policy, standings: &[Vec<PairPlace>]) -> Self {
        let tasks: HashMap<&str, &Task> =
            evidence.tasks.iter().map(|weighted| (weighted.task.id.as_str(), &weighted.task)).collect();
        let placed = placed_pairs(&evidence.miners, standings);
        let mut claimants: HashMap<ClaimPlace<'a>, Vec<Claimant<'a>>> = HashMap::with_capacity(evidence.claims.len());
        for BoundClaim { uid, claim, dating } in &evidence.claims {
            let pair = (claim.hotkey, claim.task_id.as_str(), claim.content_id.as_str());
            if let Some(task) = tasks.get(claim.task_id.as_str()).filter(|_| placed.contains(&pair)) {
                let place = claim_place(policy, task, &claim.content_id);
                claimants.entry(place).or_default().push(Claimant { claim, uid: *uid, dating: *dating });
            }
        }
        Self { evidence, policy, claimants }
    }

    /// The claims on an item in a task.
    pub(crate) fn claimants<'s>(&'s self, task: &'s Task, content: &'s ContentId) -> &'s [Claimant<'a>]
    where
        'a: 's,
    {
        let place: ClaimPlace<'s> = claim_place(self.policy, task, content.as_str());
        self.claimants.get(&place).map(Vec::as_slice).unwrap_or_default()
    }

    /// The claim that holds the item among these claims on it; `None` where there are none.
    pub(crate) fn holder(&self, claimants: &[Claimant<'a>], named: Option<&Hotkey>) -> Option<Holder<'a>> {
        holder(claimants, named, self.evidence.timeline())
    }
}

/// The disputes of a cycle that dates of gists decide, each with the claimants that they decide between.
#[must_use]
pub fn disputes<'a>(evidence: &'a Evidence, policy: &'a Policy) -> Vec<Vec<Claimant<'a>>> {
    let rule = PlaceRule::new(&evidence.tasks, policy.max_per_miner_and_task);
    let standings: Vec<Vec<PairPlace>> = evidence.miners.iter().map(|miner| rule.standings(&miner.pairs)).collect();
    let rivals = Rivals::new(evidence, policy, &standings);
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

/// The hotkey that an item's text names, where the rules ask for it.
pub fn named_owner<'a>(known: &'a ContentEvidence, policy: &Policy) -> Option<&'a Hotkey> {
    match policy.ownership_tag {
        OwnershipRule::Off => None,
        OwnershipRule::Prefer | OwnershipRule::Required => known.owner_tag.as_ref(),
    }
}
