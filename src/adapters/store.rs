//! The port `Store` on the database of `tensorflix-store`. One line per method: the only addition is that errors name the file as
//! it was configured.

use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_actors::ports::{Store, StoreError};
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::claim::Claim;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::cycle::{CycleHead, DecidedCycle, ScoresInForce};
use tensorflix_domain::dating::GistDate;
use tensorflix_domain::evidence::PreviousScores;
use tensorflix_domain::freshness::Track;
use tensorflix_domain::gist_owner::{GistName, OwnerRecord};
use tensorflix_domain::gist_record::{
    ClaimedHolding, ContentDigest, GistAnswer, GistHolder, GistState, GoodPointer, Holding,
};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, ContentId, Hotkey};
use tensorflix_domain::intent::{IntentOutcome, RevealOutcome, WeightIntent};
use tensorflix_domain::observation::Observation;
use tensorflix_domain::observed::ObservedContent;
use tensorflix_domain::places::PlaceRuleDigest;
use tensorflix_domain::quarantine::Item;
use tensorflix_domain::recovery::{Debt, PaidCycle};
use tensorflix_domain::rounds::UnwatchedBlocks;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::traffic::Series;
use tensorflix_domain::verification::{Verdict, VerificationRecord, Wait};
use tensorflix_domain::weights::ScoreVector;

/// An open database, as used by the actors.
#[derive(Clone, Debug)]
pub struct Database {
    store: tensorflix_store::Store,
    ledger: tensorflix_store::Store,
}

impl Database {
    /// Lends an open database to the actors.
    pub fn new(store: tensorflix_store::Store) -> Self {
        Self { ledger: store.clone(), store }
    }

    /// The same, with the quota ledger in another database: for a service that keeps nothing beyond its process and shares its
    /// budget with a validator.
    pub const fn with_ledger(store: tensorflix_store::Store, ledger: tensorflix_store::Store) -> Self {
        Self { store, ledger }
    }

    fn told_of_ledger<T>(&self, result: Result<T, tensorflix_store::StoreError>) -> Result<T, StoreError> {
        told(&self.ledger, result)
    }

    fn told<T>(&self, result: Result<T, tensorflix_store::StoreError>) -> Result<T, StoreError> {
        told(&self.store, result)
    }
}

/// Records an error that cannot be repaired. After that, every call fails: the process is about to end, and must not use
/// or send anything from such a store.
fn told<T>(store: &tensorflix_store::Store, result: Result<T, tensorflix_store::StoreError>) -> Result<T, StoreError> {
    let result = store.noted(result);
    match store.loss() {
        Some(loss) => Err(StoreError(loss.to_string())),
        None => result.map_err(|error| StoreError(format!("{error} ({})", store.file()))),
    }
}

#[async_trait]
impl Store for Database {
    async fn save_head(&self, head: &Head) -> Result<(), StoreError> {
        self.told(self.store.save_head(head).await)
    }
    async fn note_head(&self, head: &Head) -> Result<(), StoreError> {
        self.store.note_head(head);
        Ok(())
    }
    async fn latest_head(&self) -> Result<Option<Head>, StoreError> {
        self.told(self.store.latest_head().await)
    }
    async fn save_subnet(&self, subnet: &Subnet) -> Result<(), StoreError> {
        self.told(self.store.save_subnet(subnet).await)
    }
    async fn save_reading(&self, subnet: &Subnet, head: &Head) -> Result<(), StoreError> {
        self.told(self.store.save_reading(subnet, head).await)
    }
    async fn latest_subnet(&self) -> Result<Option<Subnet>, StoreError> {
        self.told(self.store.latest_subnet().await)
    }

    async fn latest_gist_round(&self) -> Result<Option<Block>, StoreError> {
        self.told(self.store.latest_gist_round().await)
    }
    async fn gist_states(&self) -> Result<Vec<GistState>, StoreError> {
        self.told(self.store.gist_states().await)
    }
    async fn record_gists(
        &self,
        round: Block,
        answers: &[GistAnswer],
        holders: &[GistHolder],
    ) -> Result<(), StoreError> {
        self.told(self.store.record_gists(round, answers, holders).await)
    }
    async fn finish_gist_round(&self, round: Block) -> Result<(), StoreError> {
        self.told(self.store.finish_gist_round(round).await)
    }
    async fn gist_state(&self, pointer: &GistPointer) -> Result<Option<GistState>, StoreError> {
        self.told(self.store.gist_state(pointer).await)
    }
    async fn good_pointers(&self) -> Result<Vec<GoodPointer>, StoreError> {
        self.told(self.store.good_pointers().await)
    }
    async fn gist_document(&self, digest: &ContentDigest) -> Result<Option<Vec<u8>>, StoreError> {
        self.told(self.store.gist_document(digest).await)
    }
    async fn gist_owners(&self) -> Result<Vec<OwnerRecord>, StoreError> {
        self.told(self.store.gist_owners().await)
    }
    async fn record_gist_owners(&self, records: &[OwnerRecord]) -> Result<(), StoreError> {
        self.told(self.store.record_gist_owners(records).await)
    }
    async fn record_unwatched_blocks(&self, unwatched: &UnwatchedBlocks) -> Result<(), StoreError> {
        self.told(self.store.record_unwatched_blocks(unwatched).await)
    }
    async fn unwatched_blocks(&self, limit: u32) -> Result<Vec<UnwatchedBlocks>, StoreError> {
        self.told(self.store.unwatched_blocks(limit).await)
    }

    async fn record_observations(&self, observations: &[Observation]) -> Result<(), StoreError> {
        self.told(self.store.record_observations(observations).await)
    }
    async fn observed_since(&self, contents: &[ContentId], since: Block) -> Result<Vec<ContentId>, StoreError> {
        self.told(self.store.observed_since(contents, since).await)
    }
    async fn debit(&self, bucket: &str, date: &str, units: u64, budget: u64) -> Result<bool, StoreError> {
        self.told_of_ledger(self.ledger.debit(bucket, date, units, budget).await)
    }
    async fn credit(&self, bucket: &str, date: &str, units: u64) -> Result<(), StoreError> {
        self.told_of_ledger(self.ledger.credit(bucket, date, units).await)
    }
    async fn exhaust(&self, bucket: &str, date: &str, budget: u64) -> Result<(), StoreError> {
        self.told_of_ledger(self.ledger.exhaust(bucket, date, budget).await)
    }
    async fn spent(&self, prefix: &str, date: &str) -> Result<BTreeMap<String, u64>, StoreError> {
        self.told_of_ledger(self.ledger.spent(prefix, date).await)
    }
    async fn details_since(&self, contents: &[ContentId], since: Block) -> Result<Vec<ContentId>, StoreError> {
        self.told(self.store.details_since(contents, since).await)
    }
    async fn tracks(&self, contents: &[ContentId]) -> Result<Vec<(ContentId, Track)>, StoreError> {
        self.told(self.store.tracks(contents).await)
    }

    async fn record_verdicts(&self, verdicts: &[(ContentId, Verdict)]) -> Result<(), StoreError> {
        self.told(self.store.record_verdicts(verdicts).await)
    }
    async fn verifications(&self, contents: &[ContentId]) -> Result<Vec<VerificationRecord>, StoreError> {
        self.told(self.store.verifications(contents).await)
    }

    async fn unclaimed_holdings(&self, limit: u32) -> Result<Vec<Holding>, StoreError> {
        self.told(self.store.unclaimed_holdings(limit).await)
    }
    async fn holdings_claimed_otherwise(
        &self,
        rule: &PlaceRuleDigest,
        round: Block,
    ) -> Result<Vec<Holding>, StoreError> {
        self.told(self.store.holdings_claimed_otherwise(rule, round).await)
    }
    async fn record_claims(&self, claims: &[Claim], holdings: &[ClaimedHolding]) -> Result<(), StoreError> {
        self.told(self.store.record_claims(claims, holdings).await)
    }
    async fn in_dispute(&self, round: Block, round_blocks: u32) -> Result<Vec<(Hotkey, Option<GistName>)>, StoreError> {
        self.told(self.store.in_dispute(round, round_blocks).await)
    }
    async fn gist_seen_by(&self, hotkey: &Hotkey, round: Block) -> Result<Option<GistPointer>, StoreError> {
        self.told(self.store.gist_seen_by(hotkey, round).await)
    }
    async fn gist_dates_of(&self, of: &BTreeSet<(Hotkey, Block)>) -> Result<Vec<GistDate>, StoreError> {
        self.told(self.store.gist_dates_of(of).await)
    }
    async fn date_of_gist(&self, gist: &GistName, round: Block) -> Result<Option<GistDate>, StoreError> {
        self.told(self.store.date_of_gist(gist, round).await)
    }
    async fn gists_to_date(&self) -> Result<Vec<GistDate>, StoreError> {
        self.told(self.store.gists_to_date().await)
    }
    async fn gists_dated_since(&self, round: Block) -> Result<BTreeSet<String>, StoreError> {
        self.told(self.store.gists_dated_since(round).await)
    }
    async fn rivals_of_undated(&self, round: Block, round_blocks: u32) -> Result<BTreeSet<GistName>, StoreError> {
        self.told(self.store.rivals_of_undated(round, round_blocks).await)
    }
    async fn record_gist_dates(&self, dates: &[GistDate]) -> Result<(), StoreError> {
        self.told(self.store.record_gist_dates(dates).await)
    }
    async fn block_times(&self) -> Result<BTreeMap<Block, Moment>, StoreError> {
        self.told(self.store.block_times().await)
    }
    async fn record_block_times(&self, times: &BTreeMap<Block, Moment>) -> Result<(), StoreError> {
        self.told(self.store.record_block_times(times).await)
    }
    async fn claims_for(&self, task_id: &str, content_ids: &[&str]) -> Result<Vec<Claim>, StoreError> {
        self.told(self.store.claims_for(task_id, content_ids).await)
    }
    async fn latest_cycle(&self) -> Result<Option<CycleHead>, StoreError> {
        self.told(self.store.latest_cycle().await)
    }
    async fn open_cycle(&self, at: BlockStamp, subnet: &Subnet) -> Result<CycleHead, StoreError> {
        self.told(self.store.open_cycle(at, subnet).await)
    }
    async fn cycle_subnet(&self, cycle: u32) -> Result<Option<Subnet>, StoreError> {
        self.told(self.store.cycle_subnet(cycle).await)
    }
    async fn observed_contents(&self, contents: &[ContentId]) -> Result<Vec<ObservedContent>, StoreError> {
        self.told(self.store.observed_contents(contents).await)
    }
    async fn record_waits(&self, waits: &[(ContentId, Vec<Wait>)]) -> Result<(), StoreError> {
        self.told(self.store.record_waits(waits).await)
    }
    async fn traffic_series(&self, contents: &[ContentId], newest: u32) -> Result<Vec<Series>, StoreError> {
        self.told(self.store.traffic_series(contents, newest).await)
    }
    async fn save_decision(&self, decided: &DecidedCycle) -> Result<(), StoreError> {
        self.told(self.store.save_decision(decided).await)
    }
    async fn decided_cycle(&self, cycle: u32) -> Result<Option<DecidedCycle>, StoreError> {
        self.told(self.store.decided_cycle(cycle).await)
    }
    async fn decided_since(&self, since: Moment) -> Result<Vec<CycleHead>, StoreError> {
        self.told(self.store.decided_since(since).await)
    }
    async fn paid_cycle(&self, cycle: u32) -> Result<Option<PaidCycle>, StoreError> {
        self.told(self.store.paid_cycle(cycle).await)
    }
    async fn debts(&self) -> Result<Vec<Debt>, StoreError> {
        self.told(self.store.debts().await)
    }
    async fn smoothed_scores(&self) -> Result<Option<PreviousScores>, StoreError> {
        self.told(self.store.smoothed_scores().await)
    }
    async fn scores_before(&self, cycle: u32) -> Result<Option<ScoreVector>, StoreError> {
        self.told(self.store.scores_before(cycle).await)
    }
    async fn scores_in_force(&self) -> Result<Option<ScoresInForce>, StoreError> {
        self.told(self.store.scores_in_force().await)
    }

    async fn crashes(&self) -> Result<BTreeMap<Item, u32>, StoreError> {
        self.told(self.store.crashes().await)
    }
    async fn record_crash(&self, item: &Item, at: Block) -> Result<u32, StoreError> {
        self.told(self.store.record_crash(item, at).await)
    }

    async fn save_intent(&self, intent: &WeightIntent) -> Result<bool, StoreError> {
        self.told(self.store.save_intent(intent).await)
    }
    async fn latest_intent(&self, hotkey: &Hotkey) -> Result<Option<WeightIntent>, StoreError> {
        self.told(self.store.latest_intent(hotkey).await)
    }
    async fn save_outcome(&self, intent: &WeightIntent, outcome: &IntentOutcome) -> Result<(), StoreError> {
        self.told(self.store.save_outcome(intent, outcome).await)
    }
    async fn watched_reveals(&self, hotkey: &Hotkey, limit: u32) -> Result<Vec<WeightIntent>, StoreError> {
        self.told(self.store.watched_reveals(hotkey, limit).await)
    }
    async fn save_reveal_outcome(&self, extrinsic_hash: &[u8; 32], outcome: &RevealOutcome) -> Result<(), StoreError> {
        self.told(self.store.save_reveal_outcome(extrinsic_hash, outcome).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_error_of_a_ledger_in_another_database_names_that_database() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("ledger.db").display());
        tensorflix_store::Store::open(&url).await.expect("made").close().await;
        // Nothing can be written to it, as if it were locked.
        let ledger = tensorflix_store::Store::open_to_read(&url).await.expect("opened");
        let contents = tensorflix_store::Store::open("sqlite::memory:").await.expect("opened");
        let database = Database::with_ledger(contents, ledger);
        for error in [
            database.debit("youtube", "2026-08-21", 1, 9).await.map(|_| ()).expect_err("read-only"),
            database.credit("youtube", "2026-08-21", 1).await.expect_err("read-only"),
            database.exhaust("youtube", "2026-08-21", 1).await.expect_err("read-only"),
        ] {
            assert!(error.0.contains("ledger.db") && !error.0.contains("memory"), "{error}");
        }
    }
}
