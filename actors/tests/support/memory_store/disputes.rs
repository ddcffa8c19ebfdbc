//! Who is in dispute, and the dates of gists.

use super::tables::Tables;
use std::collections::BTreeSet;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::dating::{GistDate, Rounds};
use tensorflix_domain::ids::{Block, Hotkey};

impl Tables {
    pub fn in_dispute(&self, round: Block, round_blocks: u32) -> Vec<Hotkey> {
        let rounds = Rounds { blocks: round_blocks, ..Rounds::default() };
        let is_in_dispute = |claim: &&Claim| {
            let rivals = || {
                self.claims.values().filter(|other| {
                    (&other.task_id, &other.content_id) == (&claim.task_id, &claim.content_id)
                        && other.hotkey != claim.hotkey
                })
            };
            claim.round == round
                && !self.gist_dates.contains_key(&(claim.hotkey, round))
                && !claim.is_pinned_first(&rounds)
                && rivals().any(|other| other.time(&rounds).abs_diff(round) <= round_blocks)
                && rivals().all(|other| other.time(&rounds) + round_blocks >= round)
        };
        let found: BTreeSet<Hotkey> = self.claims.values().filter(is_in_dispute).map(|claim| claim.hotkey).collect();
        found.into_iter().collect()
    }

    pub fn gist_seen_by(&self, hotkey: &Hotkey, round: Block) -> Option<GistPointer> {
        let seen = self.holdings.iter().map(|(holding, _)| holding);
        let seen = seen.filter(|holding| holding.hotkey == *hotkey && holding.round <= round);
        seen.max_by_key(|holding| (holding.round, holding.id)).map(|holding| holding.pointer.clone())
    }

    /// Of one in line a later look stands; one that is known stays.
    pub fn record_gist_dates(&mut self, dates: &[GistDate]) {
        for date in dates {
            let known = self.gist_dates.entry((date.hotkey, date.round)).or_insert_with(|| date.clone());
            if known.dating.is_open() && date.asked_round > known.asked_round {
                let (gist, waiting_since) = (known.gist.clone(), known.waiting_since);
                *known = GistDate { gist, waiting_since, ..date.clone() };
            }
        }
    }
}
