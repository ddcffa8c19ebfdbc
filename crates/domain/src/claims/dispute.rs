//! Disputes: which hotkey holds an item when several claim it.
//!
//! The holder is found by narrowing the claimants, one criterion after another, to those that are best in it; the order
//! in which claims arrived has no effect.
//!
//! - A pin counts from the first round held at or after it: in the rounds before, no other hotkey could be seen. That a
//!   claimant was seen in a round shows that the round was held, even if it was not finished.
//! - What dates a claim by a gist dates every claim on the pair by the same gist if its hotkey has been committed to
//!   the gist for as long: nobody gains on an author by pinning the author's gist. A hotkey that committed to the gist
//!   later gains nothing by it.
//! - A claimant that is one round later than the earliest is not certainly later, and counts as equal.
//! - Equal claimants are separated by the dates of their gists ([`crate::dating`]). While GitHub could not be asked for
//!   one of the dates, the criteria after that decide, provisionally. A claimant that prevents dating comes last.

use crate::chain_time::Moment;
use crate::claim::{Claim, earliest};
use crate::dating::Dating;
use crate::ids::{Block, Hotkey, Uid};
use crate::rounds::{Rounds, Timeline};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A claim of a hotkey that is registered at the block of judgement.
#[derive(Clone, Copy, Debug)]
pub struct Claimant<'a> {
    /// Its claim.
    pub claim: &'a Claim,
    /// Its UID at that block.
    pub uid: Uid,
    /// What is known of the date of its gist.
    pub dating: Dating,
}

/// When a claimant's gist listed the item, as far as that is known.
#[derive(Clone, Copy, Debug)]
struct Listed {
    /// At this time at the latest, as far as that is known.
    by: Option<Moment>,
    /// Whether GitHub is still to be asked.
    is_open: bool,
}

impl Listed {
    fn join(self, other: Self) -> Self {
        Self { by: earliest(self.by, other.by), is_open: self.is_open || other.is_open }
    }
}

impl Claimant<'_> {
    /// Whether GitHub is still to be asked for the date of its gist. A pin dates by its own block.
    #[must_use]
    pub fn awaits_date(&self, rounds: &Rounds) -> bool {
        self.dating.is_open() && !self.claim.is_pinned_first(rounds)
    }

    fn listed(&self, timeline: Timeline<'_>) -> Listed {
        let pinned_at = self.claim.pinned_at.map(|block| timeline.time_of(block));
        if self.claim.is_pinned_first(timeline.rounds) {
            return Listed { by: pinned_at, is_open: false };
        }
        match self.dating {
            Dating::NotAsked => Listed { by: None, is_open: true },
            // The gist may have been changed again since it was seen with the content.
            Dating::Dated(updated_at) => {
                let changed_at = updated_at.min(timeline.time_of(self.claim.round));
                Listed { by: earliest(Some(changed_at), pinned_at), is_open: false }
            }
            Dating::Undatable(_) => Listed { by: pinned_at, is_open: false },
        }
    }
}

/// The criterion that settled a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettledBy {
    /// No other hotkey claimed it.
    NoDispute,
    /// The item's text names the hotkey.
    OwnershipTag,
    /// The earliest claim is by a commitment that pinned a revision with the pair.
    PinnedRevision,
    /// It was seen in an earlier polling round.
    PollingRound,
    /// GitHub dates the gist's last change earlier than that of any other, or can date no other.
    GistUpdate,
    /// The commitment is older: no proof of who was first.
    CommitmentBlock,
    /// The lower UID: a tie in everything else.
    Uid,
}

impl SettledBy {
    /// Its code in records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoDispute => "no_dispute",
            Self::OwnershipTag => "ownership_tag",
            Self::PinnedRevision => "pinned_revision",
            Self::PollingRound => "polling_round",
            Self::GistUpdate => "gist_update",
            Self::CommitmentBlock => "commitment_block",
            Self::Uid => "uid",
        }
    }
}

/// The claim that holds an item, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder<'a> {
    /// The claim that may score.
    pub claim: &'a Claim,
    /// The criterion that settled it.
    pub settled_by: SettledBy,
    /// Whether the date of a gist that GitHub could not be asked for yet may still settle it otherwise.
    pub is_provisional: bool,
}

/// Finds the holder among the claims on one item. `named` is the hotkey that the item's text names, if the ownership
/// rule is on and the text is known. `None` only if there are no claimants.
#[must_use]
pub fn holder<'a>(claimants: &[Claimant<'a>], named: Option<&Hotkey>, timeline: Timeline<'_>) -> Option<Holder<'a>> {
    let mut left: Vec<Claimant<'a>> = claimants.to_vec();
    let (mut settled_by, mut is_provisional) = (SettledBy::NoDispute, false);
    let mut earliest_time = None;
    for criterion in CRITERIA {
        if left.len() <= 1 {
            break;
        }
        settled_by = criterion;
        if criterion == SettledBy::PollingRound {
            earliest_time = times(&left, timeline.rounds).into_iter().min();
        }
        is_provisional |= criterion == SettledBy::GistUpdate
            && is_dispute(&left)
            && left.iter().any(|claimant| claimant.awaits_date(timeline.rounds));
        narrow(&mut left, criterion, named, timeline);
    }
    // One hotkey may claim an item for several tasks; the first task id represents it.
    let claim = left.iter().min_by_key(|claimant| &claimant.claim.task_id)?.claim;
    let is_by_pin = match settled_by {
        SettledBy::PollingRound => earliest_time < Some(claim.round),
        SettledBy::GistUpdate => claim.is_pinned_first(timeline.rounds),
        _ => false,
    };
    Some(Holder { claim, settled_by: if is_by_pin { SettledBy::PinnedRevision } else { settled_by }, is_provisional })
}

/// The claimants that the dates of their gists decide between: those that the earlier criteria leave, if they are
/// several hotkeys, else none.
#[must_use]
pub fn contenders<'a>(claimants: &[Claimant<'a>], named: Option<&Hotkey>, timeline: Timeline<'_>) -> Vec<Claimant<'a>> {
    let mut left: Vec<Claimant<'a>> = claimants.to_vec();
    for criterion in CRITERIA.into_iter().take_while(|criterion| *criterion != SettledBy::GistUpdate) {
        narrow(&mut left, criterion, named, timeline);
    }
    if is_dispute(&left) { left } else { Vec::new() }
}

fn is_dispute(claimants: &[Claimant<'_>]) -> bool {
    claimants.first().is_some_and(|first| claimants.iter().any(|other| other.claim.hotkey != first.claim.hotkey))
}

const CRITERIA: [SettledBy; 5] = [
    SettledBy::OwnershipTag,
    SettledBy::PollingRound,
    SettledBy::GistUpdate,
    SettledBy::CommitmentBlock,
    SettledBy::Uid,
];

/// Keeps the claimants that are best in one criterion.
fn narrow(left: &mut Vec<Claimant<'_>>, criterion: SettledBy, named: Option<&Hotkey>, timeline: Timeline<'_>) {
    match criterion {
        SettledBy::NoDispute | SettledBy::PinnedRevision => {}
        SettledBy::OwnershipTag => {
            if left.iter().any(|claimant| Some(&claimant.claim.hotkey) == named) {
                left.retain(|claimant| Some(&claimant.claim.hotkey) == named);
            }
        }
        SettledBy::PollingRound => {
            let times = times(left, timeline.rounds);
            if let Some(earliest) = times.iter().min() {
                let latest = earliest.saturating_add(timeline.rounds.blocks);
                let mut times = times.iter();
                left.retain(|_| times.next().is_some_and(|time| *time <= latest));
            }
        }
        SettledBy::GistUpdate => keep_first_listed(left, timeline),
        SettledBy::CommitmentBlock => keep_lowest(left, |claimant| claimant.claim.committed_at),
        SettledBy::Uid => keep_lowest(left, |claimant| claimant.uid),
    }
}

/// The round that each claimant is dated by.
fn times(claimants: &[Claimant<'_>], rounds: &Rounds) -> Vec<Block> {
    let seen_in: BTreeSet<Block> = claimants.iter().map(|claimant| claimant.claim.round).collect();
    let own = claimants.iter().map(|Claimant { claim, .. }| {
        let pinned_at = claim.pinned_at.map(|block| rounds.grid_at(block));
        let shown = pinned_at.and_then(|round| seen_in.range(round..).next().copied());
        shown.map_or_else(|| claim.time(rounds), |shown| claim.time(rounds).min(shown))
    });
    joined_by_gist(claimants, own.collect(), Block::min)
}

/// Keeps the earliest of those that are dated, and those that are still to be dated, which may turn out to be earlier.
/// Claimants that cannot be dated come after all of them.
fn keep_first_listed(left: &mut Vec<Claimant<'_>>, timeline: Timeline<'_>) {
    let own = left.iter().map(|claimant| claimant.listed(timeline)).collect();
    let listed = joined_by_gist(left, own, Listed::join);
    let first = listed.iter().filter_map(|listed| listed.by).min();
    let is_any_open = listed.iter().any(|listed| listed.is_open);
    let stays = |listed: Listed| match first {
        Some(_) => listed.by == first || listed.is_open,
        None => listed.is_open || !is_any_open,
    };
    let mut listed = listed.into_iter();
    left.retain(|_| listed.next().is_some_and(stays));
}

/// What is known of each claimant, joined with what is known of those that claim the same pair by the same gist and
/// have been committed to it for no longer.
fn joined_by_gist<T: Copy>(claimants: &[Claimant<'_>], own: Vec<T>, join: impl Fn(T, T) -> T) -> Vec<T> {
    let mut newest_first: Vec<_> = claimants
        .iter()
        .enumerate()
        .filter_map(|(place, one)| {
            let claim = one.claim;
            // A gist's id is its own; its user may be written in several ways.
            Some(((claim.gist.as_ref()?.gist_id.as_str(), claim.task_id.as_str()), Reverse(claim.committed_at), place))
        })
        .collect();
    newest_first.sort_unstable();
    let mut joined = own.clone();
    for same_pair in newest_first.chunk_by(|one, next| one.0 == next.0) {
        let mut known: Option<T> = None;
        for as_old in same_pair.chunk_by(|one, next| one.1 == next.1) {
            let places = || as_old.iter().map(|(_, _, place)| *place);
            known = known.into_iter().chain(places().filter_map(|place| own.get(place).copied())).reduce(&join);
            for place in places() {
                if let (Some(slot), Some(known)) = (joined.get_mut(place), known) {
                    *slot = known;
                }
            }
        }
    }
    joined
}

fn keep_lowest<'a, K: Ord>(left: &mut Vec<Claimant<'a>>, key: impl Fn(&Claimant<'a>) -> K) {
    if let Some(lowest) = left.iter().map(&key).min() {
        left.retain(|claimant| key(claimant) == lowest);
    }
}

#[cfg(test)]
mod tests;
