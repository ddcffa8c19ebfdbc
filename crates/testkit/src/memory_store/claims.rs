//! Holdings and the claims that are made of them.

use super::tables::{Claimed, Tables};
use std::collections::BTreeMap;
use tensorflix_actors::ports::StoreError;
use tensorflix_domain::claim::{Claim, ROOM_AGAIN_BLOCKS};
use tensorflix_domain::gist_record::{ClaimedHolding, Holding};
use tensorflix_domain::ids::Block;
use tensorflix_domain::places::PlaceRuleDigest;

impl Tables {
    pub fn unclaimed_holdings(&self, limit: u32) -> Vec<Holding> {
        let mut unclaimed = self.holdings_where(|_, claimed| matches!(claimed, Claimed::No));
        unclaimed.truncate(usize::try_from(limit).expect("a small limit"));
        unclaimed
    }

    pub fn holdings_claimed_otherwise(&self, rule: &PlaceRuleDigest, round: Block) -> Vec<Holding> {
        let is_present = |holding: &Holding| {
            self.gists.get(&holding.pointer).is_some_and(|state| state.digest == Some(holding.digest))
        };
        self.holdings_where(|holding, claimed| {
            let is_otherwise = match claimed {
                Claimed::No => false,
                Claimed::Under(known) => known != rule,
                Claimed::ShortOfRoom { since } => since + ROOM_AGAIN_BLOCKS <= round,
            };
            is_otherwise && is_present(holding)
        })
    }

    /// Holdings, oldest round first.
    fn holdings_where(&self, is_wanted: impl Fn(&Holding, &Claimed) -> bool) -> Vec<Holding> {
        let wanted = self.holdings.iter().filter(|(holding, claimed)| is_wanted(holding, claimed));
        let mut wanted: Vec<Holding> = wanted.map(|(holding, _)| holding.clone()).collect();
        wanted.sort_by_key(|holding| (holding.round, holding.id));
        wanted
    }

    pub fn claims_for(&self, task_id: &str, content_ids: &[&str]) -> Vec<Claim> {
        let is_asked = |claim: &&Claim| claim.task_id == task_id && content_ids.contains(&claim.content_id.as_str());
        let mut claims: Vec<Claim> = self.claims.values().filter(is_asked).cloned().collect();
        claims.sort_unstable();
        claims
    }

    pub fn record_claims(&mut self, claims: &[Claim], holdings: &[ClaimedHolding]) -> Result<(), StoreError> {
        let (made, short_of_room) = self.without_excess(claims);
        for claim in made {
            let key = (claim.task_id.clone(), claim.content_id.clone(), claim.hotkey);
            self.claims.entry(key).or_insert_with(|| claim.clone()).join(claim);
        }
        let rules: BTreeMap<i64, PlaceRuleDigest> = holdings.iter().map(|claimed| (claimed.id, claimed.rule)).collect();
        for (holding, claimed) in &mut self.holdings {
            let Some(rule) = rules.get(&holding.id) else { continue };
            let short = short_of_room.get(&holding.hotkey);
            *claimed = short.map_or(Claimed::Under(*rule), |round| Claimed::ShortOfRoom { since: *round });
        }
        Ok(())
    }

    pub fn all_claims(&self) -> Vec<Claim> {
        let mut claims: Vec<Claim> = self.claims.values().cloned().collect();
        claims.sort_unstable();
        claims
    }
}
