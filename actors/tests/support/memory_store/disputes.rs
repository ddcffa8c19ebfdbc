//! Who is in dispute, and the dates of gists.

use super::tables::Tables;
use std::collections::BTreeSet;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::dating::{GistDate, Rounds};
use tensorflix_domain::evidence::UnwatchedBlocks;
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::ids::{Block, Hotkey};

impl Tables {
    pub fn in_dispute(&self, round: Block, round_blocks: u32) -> Vec<(Hotkey, Option<GistName>)> {
        let missed = self.unwatched.iter().map(|(&from, &until)| UnwatchedBlocks { from, until }).collect();
        let rounds = Rounds { blocks: round_blocks, missed, ..Rounds::default() };
        let is_in_line = |claim: &Claim| {
            let of_round = self.gist_dates.keys().filter(|(hotkey, of, _)| (hotkey, *of) == (&claim.hotkey, round));
            of_round.map(|(_, _, gist)| gist).any(|gist| claim.gist.is_none() || gist.is_none() || *gist == claim.gist)
        };
        let is_in_dispute = |claim: &&Claim| {
            let rivals = || {
                self.claims.values().filter(|other| {
                    (&other.task_id, &other.content_id) == (&claim.task_id, &claim.content_id)
                        && other.hotkey != claim.hotkey
                })
            };
            claim.round == round
                && !is_in_line(claim)
                && !claim.is_pinned_first(&rounds)
                && rivals().any(|other| other.time(&rounds).abs_diff(round) <= round_blocks)
                && rivals().all(|other| other.time(&rounds) + round_blocks >= round)
        };
        let found = self.claims.values().filter(is_in_dispute).map(|claim| (claim.hotkey, claim.gist.clone()));
        found.collect::<BTreeSet<_>>().into_iter().collect()
    }

    pub fn gist_seen_by(&self, hotkey: &Hotkey, round: Block) -> Option<GistPointer> {
        let seen = self.holdings.iter().map(|(holding, _)| holding);
        let seen = seen.filter(|holding| holding.hotkey == *hotkey && holding.round <= round);
        seen.max_by_key(|holding| (holding.round, holding.id)).map(|holding| holding.pointer.clone())
    }

    /// Of one in line a later look stands; one that is known stays.
    pub fn record_gist_dates(&mut self, dates: &[GistDate]) {
        for date in dates {
            let key = (date.hotkey, date.round, date.gist.clone());
            let known = self.gist_dates.entry(key).or_insert_with(|| date.clone());
            if known.dating.is_open() && date.asked_round > known.asked_round {
                *known = GistDate { waiting_since: known.waiting_since, ..date.clone() };
            }
        }
    }
}
