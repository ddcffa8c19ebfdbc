//! Who is in dispute, and the dates of gists.

use super::tables::Tables;
use std::collections::BTreeSet;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::dating::{Dating, GistDate};
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::ids::{Block, Hotkey};
use tensorflix_domain::rounds::Rounds;
use tensorflix_domain::rounds::UnwatchedBlocks;

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
        let mut found: Vec<_> = found.collect::<BTreeSet<_>>().into_iter().collect();
        // Gists by their text, as a database compares them; unnamed ones first.
        found.sort_by_key(|(hotkey, gist)| (*hotkey, gist.as_ref().map(ToString::to_string)));
        found
    }

    pub fn gist_seen_by(&self, hotkey: &Hotkey, round: Block) -> Option<GistPointer> {
        let seen = self.holdings.iter().map(|(holding, _)| holding);
        let seen = seen.filter(|holding| holding.hotkey == *hotkey && holding.round <= round);
        seen.max_by_key(|holding| (holding.round, holding.id)).map(|holding| holding.pointer.clone())
    }

    pub fn gists_dated_since(&self, round: Block) -> BTreeSet<String> {
        let dated = self.gist_dates.values().filter(|date| is_dated(date) && date.asked_round > Some(round));
        dated.filter_map(|date| date.gist.as_ref()).map(|gist| gist.gist_id.clone()).collect()
    }

    pub fn date_of_gist(&self, gist: &GistName, round: Block) -> Option<GistDate> {
        let is_same =
            |other: &GistName| other.gist_id == gist.gist_id && other.username.eq_ignore_ascii_case(&gist.username);
        let of_gist = self.gist_dates.values().filter(|date| date.gist.as_ref().is_some_and(is_same));
        of_gist
            .filter(|date| is_dated(date) && date.asked_round >= Some(round))
            .min_by_key(|date| date.asked_round)
            .cloned()
    }

    pub fn rivals_of_undated(&self, round: Block, round_blocks: u32) -> BTreeSet<GistName> {
        let dated = self.gists_dated_since(round);
        let in_line = self.gist_dates.values().filter(|date| date.dating.is_open());
        let of_gist = in_line.filter_map(|date| Some((date, date.gist.as_ref()?)));
        let (again, undated): (Vec<_>, Vec<_>) = of_gist.partition(|(_, gist)| dated.contains(&gist.gist_id));
        let claims_of = |date: &GistDate| -> Vec<&Claim> {
            let is_its = |claim: &&Claim| {
                (claim.hotkey, claim.round) == (date.hotkey, date.round)
                    && (claim.gist.is_none() || claim.gist == date.gist)
            };
            self.claims.values().filter(is_its).collect()
        };
        let of_undated: Vec<&Claim> = undated.iter().flat_map(|(date, _)| claims_of(date)).collect();
        let has_rival = |claim: &Claim| {
            of_undated.iter().any(|other| {
                (&other.task_id, &other.content_id) == (&claim.task_id, &claim.content_id)
                    && other.hotkey != claim.hotkey
                    && other.round.abs_diff(claim.round) <= round_blocks
            })
        };
        let rivals = again.into_iter().filter(|(date, _)| claims_of(date).into_iter().any(has_rival));
        rivals.map(|(_, gist)| gist.clone()).collect()
    }

    /// For a gist that still waits a later result replaces the earlier one; a known date is kept.
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

fn is_dated(date: &GistDate) -> bool {
    matches!(date.dating, Dating::Dated(_))
}
