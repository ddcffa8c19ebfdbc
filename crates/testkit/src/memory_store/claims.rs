//! Holdings and the claims that are made of them.

use super::tables::Tables;
use std::collections::BTreeMap;
use tensorflix_actors::ports::StoreError;
use tensorflix_domain::claim::{Claim, MAX_CLAIMS, ROOM_AGAIN_BLOCKS};
use tensorflix_domain::gist_record::{ClaimedHolding, Holding};
use tensorflix_domain::ids::{Block, Hotkey};
use tensorflix_domain::places::PlaceRuleDigest;

impl Tables {
    pub fn unclaimed_holdings(&self, limit: u32) -> Vec<Holding> {
        let mut unclaimed: Vec<Holding> =
            self.holdings.iter().filter(|(_, rule)| rule.is_none()).map(|(holding, _)| holding.clone()).collect();
        unclaimed.sort_by_key(|holding| (holding.round, holding.id));
        unclaimed.truncate(usize::try_from(limit).expect("a small limit"));
        unclaimed
    }

    pub fn holdings_claimed_otherwise(&self, rule: &PlaceRuleDigest, round: Block) -> Vec<Holding> {
        let is_due = |holding: &Holding| {
            self.short_of_room.get(&holding.id).is_none_or(|short| short + ROOM_AGAIN_BLOCKS <= round)
        };
        let is_present = |holding: &Holding| {
            self.gists.get(&holding.pointer).is_some_and(|state| state.digest == Some(holding.digest))
        };
        let is_otherwise = |(holding, claimed): &&(Holding, Option<PlaceRuleDigest>)| {
            claimed.as_ref().is_some_and(|claimed| claimed != rule) && is_present(holding) && is_due(holding)
        };
        self.holdings.iter().filter(is_otherwise).map(|(holding, _)| holding.clone()).collect()
    }

    pub fn claims_for(&self, task_id: &str, content_ids: &[&str]) -> Vec<Claim> {
        let is_asked = |claim: &&Claim| claim.task_id == task_id && content_ids.contains(&claim.content_id.as_str());
        let mut claims: Vec<Claim> = self.claims.values().filter(is_asked).cloned().collect();
        claims.sort_unstable();
        claims
    }

    pub fn record_claims(&mut self, claims: &[Claim], holdings: &[ClaimedHolding]) -> Result<(), StoreError> {
        let mut short_of_room: BTreeMap<Hotkey, Block> = BTreeMap::new();
        for claim in claims {
            let key = (claim.task_id.clone(), claim.content_id.clone(), claim.hotkey);
            let held = || self.claims.keys().filter(|(_, _, hotkey)| *hotkey == claim.hotkey).count();
            // Counted only where it could matter: a count walks all claims.
            if self.claims.len() >= MAX_CLAIMS && !self.claims.contains_key(&key) && held() >= MAX_CLAIMS {
                let newest = short_of_room.entry(claim.hotkey).or_default();
                *newest = claim.round.max(*newest);
                continue;
            }
            self.claims.entry(key).or_insert_with(|| claim.clone()).join(claim);
        }
        let claimed: BTreeMap<i64, PlaceRuleDigest> =
            holdings.iter().map(|claimed| (claimed.id, claimed.rule)).collect();
        for (holding, rule) in &mut self.holdings {
            let Some(claimed) = claimed.get(&holding.id) else { continue };
            self.short_of_room.remove(&holding.id);
            // What was left out is claimed under no rule.
            let short = short_of_room.get(&holding.hotkey);
            self.short_of_room.extend(short.map(|round| (holding.id, *round)));
            *rule = Some(if short.is_some() { PlaceRuleDigest([0; 32]) } else { *claimed });
        }
        Ok(())
    }

    pub fn all_claims(&self) -> Vec<Claim> {
        let mut claims: Vec<Claim> = self.claims.values().cloned().collect();
        claims.sort_unstable();
        claims
    }
}
