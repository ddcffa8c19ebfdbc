//! Ports that die: before and after each call that the sending path makes, a process can end. From the step at which a
//! [`Tripwire`] is set, every call hangs for ever, as it does for a process that is gone. Or a port has a bug: some steps
//! panic, and the others do what they should.

use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tensorflix_actors::ports::{Chain, ChainError, Http, HttpError, HttpRequest, HttpResponse, Store, StoreError};
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::claim::Claim;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::cycle::{CycleHead, DecidedCycle, ScoresInForce};
use tensorflix_domain::dating::GistDate;
use tensorflix_domain::evidence::PreviousScores;
use tensorflix_domain::extrinsic::{Broadcast, Failure, Fate, SignedExtrinsic, SignedWeights};
use tensorflix_domain::freshness::Track;
use tensorflix_domain::gist_owner::{GistName, OwnerRecord};
use tensorflix_domain::gist_record::{
    ClaimedHolding, ContentDigest, GistAnswer, GistHolder, GistState, GoodPointer, Holding,
};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, ContentId, Hotkey, Uid};
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
use tensorflix_domain::weights::WeightEntry;

/// Counts steps and ends the process at one of them.
pub struct Tripwire {
    steps: AtomicUsize,
    ends_at: AtomicUsize,
    panics: Range<usize>,
}

impl Tripwire {
    /// A process that ends at this step, the first being 0; one that never does with `None`.
    pub fn new(ends_at: Option<usize>) -> Arc<Self> {
        let ends_at = AtomicUsize::new(ends_at.unwrap_or(usize::MAX));
        Arc::new(Self { steps: AtomicUsize::new(0), ends_at, panics: 0..0 })
    }

    /// A process that continues, with ports that panic at these steps.
    pub fn panicking(panics: Range<usize>) -> Arc<Self> {
        Arc::new(Self { steps: AtomicUsize::new(0), ends_at: AtomicUsize::new(usize::MAX), panics })
    }

    /// Steps taken so far.
    pub fn steps(&self) -> usize {
        self.steps.load(Ordering::Relaxed)
    }

    /// Whether the process has ended.
    pub fn has_ended(&self) -> bool {
        self.steps() > self.ends_at.load(Ordering::Relaxed)
    }

    /// Ends the process now.
    pub fn end(&self) -> bool {
        self.ends_at.store(0, Ordering::Relaxed);
        true
    }

    async fn step(&self) {
        let step = self.steps.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics.contains(&step), "made to panic: a port, at step {step}");
        if step >= self.ends_at.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

/// A port behind a tripwire.
pub struct Mortal<T> {
    /// The port that does the work.
    pub port: Arc<T>,
    /// What fails it.
    pub tripwire: Arc<Tripwire>,
}

/// Each call with a step before and a step after it.
macro_rules! mortal {
    ($self:ident, $method:ident ( $($argument:expr),* )) => {{
        $self.tripwire.step().await;
        let answer = $self.port.$method($($argument),*).await;
        $self.tripwire.step().await;
        answer
    }};
}

#[async_trait]
impl<T: Http> Http for Mortal<T> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        mortal!(self, send(request))
    }
}

#[async_trait]
impl<T: Chain> Chain for Mortal<T> {
    fn hotkey(&self) -> Option<Hotkey> {
        self.port.hotkey()
    }

    async fn next_head(&self, after: Option<Block>) -> Result<Head, ChainError> {
        mortal!(self, next_head(after))
    }

    async fn subnet(&self, head: &Head) -> Result<Subnet, ChainError> {
        mortal!(self, subnet(head))
    }

    async fn weights_of(&self, head: &Head, uid: Uid) -> Result<Vec<WeightEntry>, ChainError> {
        mortal!(self, weights_of(head, uid))
    }

    async fn sign_weights(&self, head: &Head, entries: &[WeightEntry]) -> Result<SignedWeights, ChainError> {
        mortal!(self, sign_weights(head, entries))
    }

    async fn sign_reveal(&self, head: &Head, intent: &WeightIntent) -> Result<SignedExtrinsic, ChainError> {
        mortal!(self, sign_reveal(head, intent))
    }

    async fn validate(&self, extrinsic: &[u8]) -> Result<Option<Failure>, ChainError> {
        mortal!(self, validate(extrinsic))
    }

    async fn submit(&self, extrinsic: &[u8]) -> Result<Broadcast, ChainError> {
        mortal!(self, submit(extrinsic))
    }

    async fn find(&self, intent: &WeightIntent, head: &Head) -> Result<Fate, ChainError> {
        mortal!(self, find(intent, head))
    }
}

#[async_trait]
impl<T: Store> Store for Mortal<T> {
    async fn save_head(&self, head: &Head) -> Result<(), StoreError> {
        mortal!(self, save_head(head))
    }
    async fn latest_head(&self) -> Result<Option<Head>, StoreError> {
        mortal!(self, latest_head())
    }
    async fn save_subnet(&self, subnet: &Subnet) -> Result<(), StoreError> {
        mortal!(self, save_subnet(subnet))
    }
    async fn latest_subnet(&self) -> Result<Option<Subnet>, StoreError> {
        mortal!(self, latest_subnet())
    }
    async fn latest_gist_round(&self) -> Result<Option<Block>, StoreError> {
        mortal!(self, latest_gist_round())
    }
    async fn gist_states(&self) -> Result<Vec<GistState>, StoreError> {
        mortal!(self, gist_states())
    }
    async fn record_gists(
        &self,
        round: Block,
        answers: &[GistAnswer],
        holders: &[GistHolder],
    ) -> Result<(), StoreError> {
        mortal!(self, record_gists(round, answers, holders))
    }
    async fn finish_gist_round(&self, round: Block) -> Result<(), StoreError> {
        mortal!(self, finish_gist_round(round))
    }
    async fn gist_state(&self, pointer: &GistPointer) -> Result<Option<GistState>, StoreError> {
        mortal!(self, gist_state(pointer))
    }
    async fn good_pointers(&self) -> Result<Vec<GoodPointer>, StoreError> {
        mortal!(self, good_pointers())
    }
    async fn gist_document(&self, digest: &ContentDigest) -> Result<Option<Vec<u8>>, StoreError> {
        mortal!(self, gist_document(digest))
    }
    async fn gist_owners(&self) -> Result<Vec<OwnerRecord>, StoreError> {
        mortal!(self, gist_owners())
    }
    async fn record_gist_owners(&self, records: &[OwnerRecord]) -> Result<(), StoreError> {
        mortal!(self, record_gist_owners(records))
    }
    async fn record_unwatched_blocks(&self, unwatched: &UnwatchedBlocks) -> Result<(), StoreError> {
        mortal!(self, record_unwatched_blocks(unwatched))
    }
    async fn unwatched_blocks(&self, limit: u32) -> Result<Vec<UnwatchedBlocks>, StoreError> {
        mortal!(self, unwatched_blocks(limit))
    }
    async fn record_observations(&self, observations: &[Observation]) -> Result<(), StoreError> {
        mortal!(self, record_observations(observations))
    }
    async fn observed_since(&self, contents: &[ContentId], since: Block) -> Result<Vec<ContentId>, StoreError> {
        mortal!(self, observed_since(contents, since))
    }
    async fn debit(&self, bucket: &str, date: &str, units: u64, budget: u64) -> Result<bool, StoreError> {
        mortal!(self, debit(bucket, date, units, budget))
    }
    async fn credit(&self, bucket: &str, date: &str, units: u64) -> Result<(), StoreError> {
        mortal!(self, credit(bucket, date, units))
    }
    async fn exhaust(&self, bucket: &str, date: &str, budget: u64) -> Result<(), StoreError> {
        mortal!(self, exhaust(bucket, date, budget))
    }
    async fn spent(&self, prefix: &str, date: &str) -> Result<BTreeMap<String, u64>, StoreError> {
        mortal!(self, spent(prefix, date))
    }
    async fn details_since(&self, contents: &[ContentId], since: Block) -> Result<Vec<ContentId>, StoreError> {
        mortal!(self, details_since(contents, since))
    }
    async fn tracks(&self, contents: &[ContentId]) -> Result<Vec<(ContentId, Track)>, StoreError> {
        mortal!(self, tracks(contents))
    }
    async fn record_verdicts(&self, verdicts: &[(ContentId, Verdict)]) -> Result<(), StoreError> {
        mortal!(self, record_verdicts(verdicts))
    }
    async fn verifications(&self, contents: &[ContentId]) -> Result<Vec<VerificationRecord>, StoreError> {
        mortal!(self, verifications(contents))
    }
    async fn record_waits(&self, waits: &[(ContentId, Vec<Wait>)]) -> Result<(), StoreError> {
        mortal!(self, record_waits(waits))
    }
    async fn unclaimed_holdings(&self, limit: u32) -> Result<Vec<Holding>, StoreError> {
        mortal!(self, unclaimed_holdings(limit))
    }
    async fn holdings_claimed_otherwise(
        &self,
        rule: &PlaceRuleDigest,
        round: Block,
    ) -> Result<Vec<Holding>, StoreError> {
        mortal!(self, holdings_claimed_otherwise(rule, round))
    }
    async fn record_claims(&self, claims: &[Claim], holdings: &[ClaimedHolding]) -> Result<(), StoreError> {
        mortal!(self, record_claims(claims, holdings))
    }
    async fn in_dispute(&self, round: Block, round_blocks: u32) -> Result<Vec<(Hotkey, Option<GistName>)>, StoreError> {
        mortal!(self, in_dispute(round, round_blocks))
    }
    async fn gist_seen_by(&self, hotkey: &Hotkey, round: Block) -> Result<Option<GistPointer>, StoreError> {
        mortal!(self, gist_seen_by(hotkey, round))
    }
    async fn gist_dates_of(&self, of: &BTreeSet<(Hotkey, Block)>) -> Result<Vec<GistDate>, StoreError> {
        mortal!(self, gist_dates_of(of))
    }
    async fn date_of_gist(&self, gist: &GistName, round: Block) -> Result<Option<GistDate>, StoreError> {
        mortal!(self, date_of_gist(gist, round))
    }
    async fn gists_to_date(&self) -> Result<Vec<GistDate>, StoreError> {
        mortal!(self, gists_to_date())
    }
    async fn gists_dated_since(&self, round: Block) -> Result<BTreeSet<String>, StoreError> {
        mortal!(self, gists_dated_since(round))
    }
    async fn rivals_of_undated(&self, round: Block, round_blocks: u32) -> Result<BTreeSet<GistName>, StoreError> {
        mortal!(self, rivals_of_undated(round, round_blocks))
    }
    async fn record_gist_dates(&self, dates: &[GistDate]) -> Result<(), StoreError> {
        mortal!(self, record_gist_dates(dates))
    }
    async fn block_times(&self) -> Result<BTreeMap<Block, Moment>, StoreError> {
        mortal!(self, block_times())
    }
    async fn record_block_times(&self, times: &BTreeMap<Block, Moment>) -> Result<(), StoreError> {
        mortal!(self, record_block_times(times))
    }
    async fn claims_for(&self, task_id: &str, content_ids: &[&str]) -> Result<Vec<Claim>, StoreError> {
        mortal!(self, claims_for(task_id, content_ids))
    }
    async fn latest_cycle(&self) -> Result<Option<CycleHead>, StoreError> {
        mortal!(self, latest_cycle())
    }
    async fn open_cycle(&self, at: BlockStamp, subnet: &Subnet) -> Result<CycleHead, StoreError> {
        mortal!(self, open_cycle(at, subnet))
    }
    async fn cycle_subnet(&self, cycle: u32) -> Result<Option<Subnet>, StoreError> {
        mortal!(self, cycle_subnet(cycle))
    }
    async fn observed_contents(&self, contents: &[ContentId]) -> Result<Vec<ObservedContent>, StoreError> {
        mortal!(self, observed_contents(contents))
    }
    async fn traffic_series(&self, contents: &[ContentId], newest: u32) -> Result<Vec<Series>, StoreError> {
        mortal!(self, traffic_series(contents, newest))
    }

    async fn save_decision(&self, decided: &DecidedCycle) -> Result<(), StoreError> {
        mortal!(self, save_decision(decided))
    }
    async fn decided_cycle(&self, cycle: u32) -> Result<Option<DecidedCycle>, StoreError> {
        mortal!(self, decided_cycle(cycle))
    }
    async fn decided_since(&self, since: Moment) -> Result<Vec<CycleHead>, StoreError> {
        mortal!(self, decided_since(since))
    }
    async fn paid_cycle(&self, cycle: u32) -> Result<Option<PaidCycle>, StoreError> {
        mortal!(self, paid_cycle(cycle))
    }
    async fn debts(&self) -> Result<Vec<Debt>, StoreError> {
        mortal!(self, debts())
    }
    async fn smoothed_scores(&self) -> Result<Option<PreviousScores>, StoreError> {
        mortal!(self, smoothed_scores())
    }
    async fn scores_before(&self, cycle: u32) -> Result<Option<ScoreVector>, StoreError> {
        mortal!(self, scores_before(cycle))
    }
    async fn scores_in_force(&self) -> Result<Option<ScoresInForce>, StoreError> {
        mortal!(self, scores_in_force())
    }
    async fn crashes(&self) -> Result<BTreeMap<Item, u32>, StoreError> {
        mortal!(self, crashes())
    }
    async fn record_crash(&self, item: &Item, at: Block) -> Result<u32, StoreError> {
        mortal!(self, record_crash(item, at))
    }
    async fn save_intent(&self, intent: &WeightIntent) -> Result<bool, StoreError> {
        mortal!(self, save_intent(intent))
    }
    async fn latest_intent(&self, hotkey: &Hotkey) -> Result<Option<WeightIntent>, StoreError> {
        mortal!(self, latest_intent(hotkey))
    }
    async fn save_outcome(&self, intent: &WeightIntent, outcome: &IntentOutcome) -> Result<(), StoreError> {
        mortal!(self, save_outcome(intent, outcome))
    }
    async fn watched_reveals(&self, hotkey: &Hotkey, limit: u32) -> Result<Vec<WeightIntent>, StoreError> {
        mortal!(self, watched_reveals(hotkey, limit))
    }
    async fn save_reveal_outcome(&self, extrinsic_hash: &[u8; 32], outcome: &RevealOutcome) -> Result<(), StoreError> {
        mortal!(self, save_reveal_outcome(extrinsic_hash, outcome))
    }
}
