//! The claims of a cycle: those that are binding, with their effective times.

use crate::ports::{Store, StoreError};
use crate::scorer::settings::{CONTENTS_PER_READ, CycleSettings};
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::dating::Dating;
use tensorflix_domain::evidence::{BoundClaim, Miner, WeightedTask};
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::places::{PairPlace, PlaceRule, placed_pairs};
use tensorflix_domain::policy::ContentScope;
use tensorflix_domain::rounds::Rounds;
use tensorflix_domain::subnet::{Neuron, Subnet};

/// The binding claims: those of registered miners on pairs that hold a place in one of the tasks.
pub(super) async fn binding(
    store: &dyn Store,
    settings: &CycleSettings,
    subnet: &Subnet,
    tasks: &[WeightedTask],
    miners: &[Miner],
    rounds: &Rounds,
) -> Result<Vec<BoundClaim>, StoreError> {
    let rule = PlaceRule::new(tasks, settings.policy.max_per_miner_and_task);
    let standings: Vec<Vec<PairPlace>> = miners.iter().map(|miner| rule.standings(&miner.pairs)).collect();
    let placed = placed_pairs(miners, &standings);
    let mut listed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, task_id, content_id) in &placed {
        listed.entry(task_id).or_default().insert(content_id);
    }
    let registered: BTreeMap<_, &Neuron> = subnet.neurons.iter().map(|neuron| (neuron.hotkey, neuron)).collect();
    let mut claims = Vec::with_capacity(placed.len());
    for (task_id, content_ids) in listed {
        let content_ids: Vec<&str> = content_ids.into_iter().collect();
        for chunk in content_ids.chunks(CONTENTS_PER_READ) {
            let on_contents = store.claims_for(task_id, chunk).await?;
            let so_far = claims.len();
            claims.extend(on_contents.into_iter().filter_map(|claim| {
                let pair = (claim.hotkey, claim.task_id.as_str(), claim.content_id.as_str());
                let neuron = registered.get(&claim.hotkey).filter(|_| placed.contains(&pair))?;
                let seen_in = claim.round;
                let claim = claim.since_registration(neuron.registered_at, rounds);
                // What its gist listed before it came back is not binding: a date later than the round counts as the round's.
                let has_lapsed = claim.round > seen_in;
                let dating = if has_lapsed { Dating::Dated(subnet.at.time) } else { Dating::NotAsked };
                Some(BoundClaim { uid: neuron.uid, claim, dating })
            }));
            if settings.policy.content_scope == ContentScope::Task
                && let Some(new) = claims.get_mut(so_far..)
            {
                forget_undisputed_gists(new);
            }
        }
    }
    forget_undisputed_gists(&mut claims);
    claims.sort_unstable();
    Ok(claims)
}

/// The gist in which a hotkey was seen matters only if another hotkey claims the item too.
fn forget_undisputed_gists(claims: &mut [BoundClaim]) {
    let mut claimants: BTreeMap<&str, Option<Hotkey>> = BTreeMap::new();
    for BoundClaim { claim, .. } in &*claims {
        let only = claimants.entry(&claim.content_id).or_insert(Some(claim.hotkey));
        *only = only.filter(|only| *only == claim.hotkey);
    }
    let is_disputed: Vec<bool> =
        claims.iter().map(|bound| claimants.get(bound.claim.content_id.as_str()) == Some(&None)).collect();
    for (bound, is_disputed) in claims.iter_mut().zip(is_disputed) {
        bound.claim.gist = bound.claim.gist.take().filter(|_| is_disputed);
    }
}
