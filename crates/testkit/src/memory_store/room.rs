//! Room for the claims of a hotkey, which are bounded: what gives way to a new one, and what is left out.

use super::tables::Tables;
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::claim::{CLAIM_REST_BLOCKS, Claim, MAX_CLAIMS};
use tensorflix_domain::ids::{Block, Hotkey};

/// The ids of a task and of a video or reel.
type Pair = (String, String);

impl Tables {
    /// The claims that are made, in their order, after old ones gave way; and the hotkeys that have no room for all of
    /// theirs, each with the newest round of what was left out.
    pub fn without_excess<'a>(&mut self, claims: &'a [Claim]) -> (Vec<&'a Claim>, BTreeMap<Hotkey, Block>) {
        let mut bounded = self.bounded(claims);
        let mut is_made = |claim: &Claim| {
            let Some(known) = bounded.get_mut(&claim.hotkey) else { return true };
            let pair = (claim.task_id.clone(), claim.content_id.clone());
            known.contains(&pair) || (known.len() < MAX_CLAIMS && known.insert(pair))
        };
        let (made, left_out): (Vec<&Claim>, Vec<&Claim>) = claims.iter().partition(|claim| is_made(claim));
        let mut short_of_room: BTreeMap<Hotkey, Block> = BTreeMap::new();
        for claim in left_out {
            let newest = short_of_room.entry(claim.hotkey).or_default();
            *newest = claim.round.max(*newest);
        }
        (made, short_of_room)
    }

    /// What hotkeys that could exceed their bound by these claims have claimed, after old claims gave way.
    fn bounded(&mut self, claims: &[Claim]) -> BTreeMap<Hotkey, BTreeSet<Pair>> {
        // To count the claims of a hotkey is to walk all of them.
        if self.claims.len() + claims.len() <= MAX_CLAIMS {
            return BTreeMap::new();
        }
        let mut wanted: BTreeMap<Hotkey, Vec<&Claim>> = BTreeMap::new();
        for claim in claims {
            wanted.entry(claim.hotkey).or_default().push(claim);
        }
        let mut bounded = BTreeMap::new();
        for (hotkey, wanted) in wanted {
            let held = self.claims.keys().filter(|(.., of)| *of == hotkey).count();
            if held + wanted.len() > MAX_CLAIMS {
                bounded.insert(hotkey, self.make_room(hotkey, &wanted));
            }
        }
        bounded
    }

    /// Deletes claims of a hotkey that are old and that it does not list any more, as many as its new ones exceed the
    /// bound by. Gives the pairs that it has claimed then.
    fn make_room(&mut self, hotkey: Hotkey, wanted: &[&Claim]) -> BTreeSet<Pair> {
        let pair = |claim: &Claim| (claim.task_id.clone(), claim.content_id.clone());
        let known = || self.claims.values().filter(|claim| claim.hotkey == hotkey);
        let mut pairs: BTreeSet<Pair> = known().map(pair).collect();
        let listed: BTreeSet<Pair> = wanted.iter().map(|claim| pair(claim)).collect();
        let new = listed.difference(&pairs).count();
        let excess = if new == 0 { 0 } else { (pairs.len() + new).saturating_sub(MAX_CLAIMS) };
        let newest_round = wanted.iter().map(|claim| claim.round).max().unwrap_or_default();
        let oldest_kept = newest_round.saturating_sub(CLAIM_REST_BLOCKS);
        let gives_way = |claim: &&Claim| claim.round < oldest_kept && !listed.contains(&pair(claim));
        let mut old: Vec<(Block, Pair)> = known().filter(gives_way).map(|claim| (claim.round, pair(claim))).collect();
        old.sort_unstable();
        for (_, pair) in old.into_iter().take(excess) {
            pairs.remove(&pair);
            let (task_id, content_id) = pair;
            self.claims.remove(&(task_id, content_id, hotkey));
        }
        pairs
    }
}
