//! Claiming: turns what a polling round found in the gists into claims.
//!
//! - Claims are made only for pairs that hold a place under the tasks and settings in force.
//! - A pair that is new in a gist is claimed with the round in which it was read. A pair that was listed before but holds a
//!   place only now (another list of tasks, another setting) is claimed with the round that has finished by then.
//! - Pairs for which a hotkey has no room are checked again every [`ROOM_AGAIN_BLOCKS`](tensorflix_domain::claim::ROOM_AGAIN_BLOCKS),
//!   so that listing too much does not make every round cost more.
//! - An existing claim keeps its times, so every step here can be repeated.

use crate::ports::{Store, StoreError};
use crate::scorer::evidence::place_rule;
use crate::scorer::settings::CycleSettings;
use crate::supervision::quarantine::{self, Quarantine, Rules};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use tensorflix_domain::chain_time::grid_start;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::gist_record::{ClaimedHolding, GoodPointer, Holding};
use tensorflix_domain::ids::{Block, Hotkey};
use tensorflix_domain::places::PlaceRule;
use tensorflix_domain::quarantine::ItemKind;
use tensorflix_domain::submission::SubmissionGist;
use tensorflix_domain::subnet::Subnet;

/// Holdings that are turned into claims in one transaction.
const HOLDINGS_PER_TRANSACTION: u32 = 16;

/// Makes claims; remembers the round for which the present pairs of all gists were checked, which is done once per round.
#[derive(Debug, Default)]
pub(crate) struct Claiming {
    /// The round; 0 before the first.
    looked_through: AtomicU32,
}

/// The round, tasks and settings by which claims are made.
struct Desk<'a> {
    store: &'a dyn Store,
    rules: Rules,
    places: PlaceRule,
    quarantine: Quarantine<'a>,
}

impl Claiming {
    /// Claims what is not claimed yet, oldest round first. Returns the rounds in which claims were made.
    pub(crate) async fn claim(
        &self,
        store: &dyn Store,
        settings: &CycleSettings,
        rules: Rules,
    ) -> Result<BTreeSet<Block>, StoreError> {
        let finished = store.latest_gist_round().await?.unwrap_or_default();
        let is_looked_through = finished <= self.looked_through.load(Ordering::Relaxed);
        if is_looked_through && store.unclaimed_holdings(1).await?.is_empty() {
            return Ok(BTreeSet::new());
        }
        let Some(subnet) = store.latest_subnet().await? else { return Ok(BTreeSet::new()) };
        let places = place_rule(store, settings, &subnet, rules).await?;
        let quarantine = Quarantine::load(store, subnet.at.block).await?;
        let desk = Desk { store, rules, places, quarantine };
        let mut rounds = desk.claim_new().await?;
        // Not with a round that ended before this process read the subnet: settings may have changed since.
        if !is_looked_through && finished >= grid_start(subnet.at.block, settings.round_blocks) {
            if desk.claim_present(finished, &subnet).await? {
                rounds.insert(finished);
            }
            self.looked_through.store(finished, Ordering::Relaxed);
        }
        Ok(rounds)
    }
}

impl Desk<'_> {
    /// Claims pairs that are new in gists.
    async fn claim_new(&self) -> Result<BTreeSet<Block>, StoreError> {
        let (mut rounds, mut crashed) = (BTreeSet::new(), BTreeSet::new());
        loop {
            // Holdings that crash are kept until they can be read; they do not hold up the others.
            let skipped = u32::try_from(crashed.len()).unwrap_or(u32::MAX);
            let mut holdings = self.store.unclaimed_holdings(HOLDINGS_PER_TRANSACTION.saturating_add(skipped)).await?;
            holdings.retain(|holding| !crashed.contains(&holding.id));
            if holdings.is_empty() {
                return Ok(rounds);
            }
            rounds.extend(holdings.iter().map(|holding| holding.round));
            crashed.extend(self.claim_all(&holdings).await?);
        }
    }

    /// Claims pairs that are listed in this round and hold a place only now. Returns whether there was anything to check.
    async fn claim_present(&self, round: Block, subnet: &Subnet) -> Result<bool, StoreError> {
        let mut holdings = self.store.holdings_claimed_otherwise(&self.places.digest(), round).await?;
        if holdings.is_empty() {
            return Ok(false);
        }
        let good: BTreeMap<Hotkey, GoodPointer> =
            self.store.good_pointers().await?.into_iter().map(|good| (good.hotkey, good)).collect();
        let substitute = |holding: &Holding| good.get(&holding.hotkey).filter(|good| good.pointer == holding.pointer);
        // A gist that a hotkey no longer commits does not count, unless it is used in place of the new one.
        holdings.retain(|holding| {
            let commitment = subnet.neuron(&holding.hotkey).and_then(|neuron| neuron.commitment.as_ref());
            let committed = commitment.and_then(|commitment| commitment.pointer());
            committed.is_some_and(|committed| committed == holding.pointer || substitute(holding).is_some())
        });
        for holding in &mut holdings {
            holding.round = holding.round.max(round);
            // It may have left the gist and come back since.
            let committed_at = substitute(holding).map_or(round, |good| good.committed_at);
            holding.committed_at = holding.committed_at.max(committed_at);
        }
        for chunk in holdings.chunks(HOLDINGS_PER_TRANSACTION as usize) {
            self.claim_all(chunk).await?;
        }
        Ok(!holdings.is_empty())
    }

    /// Claims the placed pairs of holdings in one transaction. Returns those that could not be read.
    async fn claim_all(&self, holdings: &[Holding]) -> Result<BTreeSet<i64>, StoreError> {
        let (mut claims, mut claimed, mut crashed) = (Vec::new(), Vec::new(), BTreeSet::new());
        let rule = self.places.digest();
        for holding in holdings {
            let document = self.store.gist_document(&holding.digest).await?.unwrap_or_default();
            let item = quarantine::item(ItemKind::SubmissionGist, holding.pointer.to_string(), &document);
            if let Ok(gist) = self.quarantine.handle(&item, || (self.rules.read_submissions)(&document)).await? {
                claims.extend(claims_of(holding, gist, &self.places));
                claimed.push(ClaimedHolding { id: holding.id, rule });
            } else {
                crashed.insert(holding.id);
            }
        }
        self.store.record_claims(&claims, &claimed).await?;
        Ok(crashed)
    }
}

/// The claims that a hotkey makes by listing an item in its gist.
fn claims_of(holding: &Holding, gist: SubmissionGist, places: &PlaceRule) -> Vec<Claim> {
    let standings = places.standings(&gist.pairs);
    let pairs = gist.pairs.into_iter().zip(standings);
    pairs
        .filter(|(_, standing)| standing.is_placed())
        .map(|(pair, _)| Claim {
            task_id: pair.task_id,
            content_id: pair.content_id,
            hotkey: holding.hotkey,
            pinned_at: holding.pinned_at,
            round: holding.round,
            committed_at: holding.committed_at,
            gist: Some(GistName::from(&holding.pointer)),
        })
        .collect()
}
