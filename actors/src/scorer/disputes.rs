//! Disputes that the dates of gists decide: Scorer's part. Finds them, has their gists dated, and adds the dates to a cycle's
//! evidence.
//!
//! - Ties are looked up as soon as claims are made, while GitHub's answer about a gist still belongs to that round, and again for
//!   every cycle: a dispute may appear later, when an earlier claimant leaves the subnet.
//! - Every gist in a dispute is queued until it is dated or known to be undatable. The gist that has waited longest goes first; one
//!   without an answer goes to the end. Neither the queue nor the number of disputes is limited.
//! - GitHub is asked once in a polling round. Gists that could not be asked about are asked about in the next one.
//! - A dispute is about the gist in which the item was seen for the hotkey, whatever the hotkey commits later.
//! - A gist date that was requested in the round of a claim or later dates that claim as well as any later request would: a later
//!   change counts as of the claim's round. It is not requested again.
//! - The miner who copies must not use up the requests of the miner who is copied: a gist that was dated within the hour waits for
//!   those that were not, and leaves the reserve to them unless one of them is its rival.

use crate::gist_fetcher::dating_line::line;
use crate::gist_fetcher::{DateGists, GistsDated};
use crate::ports::{Clock, Store, StoreError};
use crate::scorer::memory::ScorerMemory;
use actix::Recipient;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::claim::Claim;
use tensorflix_domain::dating::{Dating, GistDate};
use tensorflix_domain::evidence::Evidence;
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::ids::{Block, Hotkey};
use tensorflix_domain::policy::Policy;
use tensorflix_domain::rivals::disputes;
use tensorflix_domain::rounds::Rounds;
use tensorflix_domain::subnet::Subnet;

/// Time for dating gists, far longer than GistFetcher takes: it passes only if GistFetcher has ended.
const DATING_DEADLINE: Duration = Duration::from_secs(300);

/// A hotkey, the round in which it was seen, and the gist in which it was seen, as recorded in a claim.
type SeenBy = (Hotkey, Block, Option<GistName>);

/// Finds disputes and has them dated.
pub(crate) struct Disputes {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Dates gists; without it nothing is dated.
    dates: Option<Recipient<DateGists>>,
    round_blocks: u32,
    memory: ScorerMemory,
    /// Whether this actor has checked any round yet. Before that, a crash may have left work of the newest round.
    has_looked: AtomicBool,
}

impl Disputes {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        round_blocks: u32,
        dates: Option<Recipient<DateGists>>,
        memory: ScorerMemory,
    ) -> Self {
        Self { store, clock, dates, round_blocks, memory, has_looked: AtomicBool::new(false) }
    }

    /// Queues the gists of claims in these rounds that tie, with each other or with claims of the neighbouring rounds.
    pub(crate) async fn find(&self, rounds: &BTreeSet<Block>) -> Result<(), StoreError> {
        let newest = self.store.latest_gist_round().await?;
        let rounds = {
            let mut unseen = self.memory.unseen_rounds();
            if !self.has_looked.swap(true, Ordering::Relaxed) {
                unseen.extend(newest);
            }
            unseen.extend(rounds);
            unseen.clone()
        };
        if !rounds.is_empty() {
            self.look_at(&rounds).await?;
            self.memory.unseen_rounds().retain(|round| !rounds.contains(round));
        }
        Ok(())
    }

    async fn look_at(&self, rounds: &BTreeSet<Block>) -> Result<(), StoreError> {
        let Some(subnet) = self.store.latest_subnet().await? else { return Ok(()) };
        let beside =
            |round: &Block| [round.saturating_sub(self.round_blocks), *round, round.saturating_add(self.round_blocks)];
        let mut found = BTreeSet::new();
        for round in rounds.iter().flat_map(beside).collect::<BTreeSet<Block>>() {
            let seen = self.store.in_dispute(round, self.round_blocks).await?;
            found.extend(seen.into_iter().map(|(hotkey, gist)| (hotkey, round, gist)));
        }
        if !found.is_empty() {
            self.times(found.iter().map(|(_, round, _)| *round).collect(), subnet.at).await?;
            self.line_up(found, &subnet).await?;
        }
        Ok(())
    }

    /// Requests the dates of the queued gists, each once in a polling round.
    pub(crate) async fn date(&self) -> Result<(), StoreError> {
        let (Some(dates), Some(round)) = (&self.dates, self.store.latest_gist_round().await?) else { return Ok(()) };
        let waiting = self.store.gists_to_date().await?;
        let mut line = line(&*self.store, &waiting, round, self.round_blocks).await?.gists;
        {
            let mut asked = self.memory.asked_gists();
            if asked.0 != round {
                *asked = (round, BTreeSet::new());
            }
            line.retain(|waiting| asked.1.insert(waiting.gist.clone()));
        }
        if line.is_empty() {
            return Ok(());
        }
        let in_line = line.len();
        let GistsDated { answers } = tokio::select! {
            biased;
            dated = dates.send(DateGists { round, line }) => dated.unwrap_or_default(),
            () = self.clock.sleep(DATING_DEADLINE) => GistsDated::default(),
        };
        let answered: Vec<GistDate> = waiting
            .into_iter()
            .filter_map(|mut date| {
                let answer = *answers.get(date.gist.as_ref()?)?;
                date.answered(round, answer);
                Some(date)
            })
            .collect();
        tracing::info!(round, in_line, asked = answers.len(), "dated gists in disputes");
        self.store.record_gist_dates(&answered).await
    }

    /// Adds the known dates of a cycle's claims to its evidence. Gists without a date are queued and asked about at once: a
    /// dispute may appear here for the first time.
    pub(crate) async fn put_into(
        &self,
        evidence: &mut Evidence,
        policy: &Policy,
        subnet: &Subnet,
    ) -> Result<(), StoreError> {
        let unknown = self.put_known_into(evidence, policy).await?;
        if unknown.is_empty() {
            return Ok(());
        }
        self.line_up(unknown, subnet).await?;
        self.date().await?;
        self.put_known_into(evidence, policy).await.map(drop)
    }

    /// The same with stored dates only. Returns the claims with dates that were not requested yet.
    async fn put_known_into(&self, evidence: &mut Evidence, policy: &Policy) -> Result<BTreeSet<SeenBy>, StoreError> {
        let seen = evidence.claims.iter().map(|bound| (bound.claim.hotkey, bound.claim.round)).collect();
        let known = Known::of(self.store.gist_dates_of(&seen).await?);
        for bound in evidence.claims.iter_mut().filter(|bound| bound.dating.is_open()) {
            bound.dating = known.dating(&bound.claim).unwrap_or_default();
        }
        evidence.rounds.times.clear();
        let (mut blocks, mut unknown) = (BTreeSet::new(), BTreeSet::new());
        for contender in disputes(evidence, policy).iter().flatten() {
            let claim = contender.claim;
            blocks.insert(claim.round);
            blocks.extend(claim.pinned_at);
            if contender.awaits_date(&evidence.rounds) && known.dating(claim).is_none() {
                unknown.insert((claim.hotkey, claim.round, claim.gist.clone()));
            }
        }
        if !blocks.is_empty() {
            evidence.rounds.times = self.times(blocks, evidence.at).await?;
        }
        Ok(unknown)
    }

    /// The times of these blocks. A time that is not recorded yet is estimated from the nearest recorded block, or from `at`,
    /// and recorded.
    async fn times(&self, blocks: BTreeSet<Block>, at: BlockStamp) -> Result<BTreeMap<Block, Moment>, StoreError> {
        let times = self.store.block_times().await?;
        let known = Rounds { blocks: self.round_blocks, times, ..Rounds::default() };
        let times: BTreeMap<Block, Moment> =
            blocks.into_iter().map(|block| (block, known.time_of(block, at))).collect();
        let unknown: BTreeMap<Block, Moment> = times
            .iter()
            .filter(|(block, _)| !known.times.contains_key(block))
            .map(|(block, at)| (*block, *at))
            .collect();
        if !unknown.is_empty() {
            self.store.record_block_times(&unknown).await?;
        }
        Ok(times)
    }

    async fn line_up(&self, found: BTreeSet<SeenBy>, subnet: &Subnet) -> Result<(), StoreError> {
        let since = self.store.latest_gist_round().await?.unwrap_or_default();
        let mut records = Vec::new();
        for (hotkey, round, gist) in found {
            let gist = match gist {
                Some(gist) => Some(gist),
                None => {
                    let seen_by = self.store.gist_seen_by(&hotkey, round).await?;
                    let committed = || subnet.neuron(&hotkey)?.commitment.as_ref()?.pointer();
                    seen_by.or_else(committed).map(|pointer| GistName::from(&pointer))
                }
            };
            let Some(gist) = gist else { continue };
            let record = match self.store.date_of_gist(&gist, round).await? {
                Some(known) => GistDate { hotkey, round, gist: Some(gist), ..known },
                None => GistDate::waiting(hotkey, round, gist, since),
            };
            records.push(record);
        }
        if records.is_empty() { Ok(()) } else { self.store.record_gist_dates(&records).await }
    }
}

/// The dates that are known or queued.
struct Known(BTreeMap<(Hotkey, Block), Vec<GistDate>>);

impl Known {
    fn of(dates: Vec<GistDate>) -> Self {
        let mut known: BTreeMap<(Hotkey, Block), Vec<GistDate>> = BTreeMap::new();
        for date in dates {
            known.entry((date.hotkey, date.round)).or_default().push(date);
        }
        Self(known)
    }

    /// What is known about the gist in which a claim was seen; `None` if it was never queued.
    fn dating(&self, claim: &Claim) -> Option<Dating> {
        let of_round = self.0.get(&(claim.hotkey, claim.round))?;
        let is_its = |date: &&GistDate| date.gist.is_none() || claim.gist.is_none() || date.gist == claim.gist;
        of_round.iter().filter(is_its).map(|date| date.dating).reduce(|mut known, other| {
            known.join(other);
            known
        })
    }
}
