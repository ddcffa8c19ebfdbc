//! What the actors need from outside: a chain, HTTP, a store and a clock.
//!
//! Actors know these traits and nothing behind them; the root package implements them, and tests fake them. Every
//! call ends: an implementation keeps the deadline that it is given or has by configuration. Errors carry no secret
//! and no URL.

use async_trait::async_trait;
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
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

/// The chain, as the validator uses it.
#[async_trait]
pub trait Chain: Send + Sync {
    /// The hotkey that signs weights; `None` when running without a wallet.
    fn hotkey(&self) -> Option<Hotkey>;

    /// Waits for a finalized head newer than block `after`, or returns the newest one if it is newer already. Blocks in
    /// between may be skipped.
    async fn next_head(&self, after: Option<Block>) -> Result<Head, ChainError>;

    /// The subnet at a block.
    async fn subnet(&self, head: &Head) -> Result<Subnet, ChainError>;

    /// The weights that the chain holds for a validator, by UID.
    async fn weights_of(&self, head: &Head, uid: Uid) -> Result<Vec<WeightEntry>, ChainError>;

    /// Signs a setting of weights, or a timelocked commit of them where the subnet demands that at `head`; valid from
    /// `head` on for a limited number of blocks. Sends nothing.
    async fn sign_weights(&self, head: &Head, entries: &[WeightEntry]) -> Result<SignedWeights, ChainError>;

    /// Signs the reveal of a hashed commit: that of an intent with an opening in its plan.
    async fn sign_reveal(&self, head: &Head, intent: &WeightIntent) -> Result<SignedExtrinsic, ChainError>;

    /// Asks the node whether it would take signed bytes, without sending them; `Some` if it would refuse them.
    async fn validate(&self, extrinsic: &[u8]) -> Result<Option<Failure>, ChainError>;

    /// Broadcasts signed bytes and waits until they are finalized, refused, or the deadline has passed.
    async fn submit(&self, extrinsic: &[u8]) -> Result<Broadcast, ChainError>;

    /// Asks the finalized chain, up to `head`, for the outcome of an extrinsic that may have been sent before.
    async fn find(&self, intent: &WeightIntent, head: &Head) -> Result<Fate, ChainError>;
}

/// Why the chain could not be asked or did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Connection, deadline or node trouble: ask again later. Whether a submission arrived is not known.
    #[error("the chain cannot be reached: {0}")]
    Unreachable(String),
    /// The chain gave an answer that a retry does not change: operator action required.
    #[error("{0}")]
    Unusable(String),
}

/// One HTTP exchange with a deadline and a bounded body.
#[async_trait]
pub trait Http: Send + Sync {
    /// Sends a request. Any status is an answer; only a failure to get one is an error.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST with a JSON body.
    Post,
}

/// Where a request carries its secret. Never shown.
#[derive(Clone, Debug)]
pub enum Credential {
    /// `Authorization: Bearer …`.
    Bearer(SecretString),
    /// A query parameter.
    Query(&'static str, SecretString),
    /// Several query parameters.
    Queries(Vec<(&'static str, SecretString)>),
}

/// A request. Its URL is built by this program from configured hosts and checked ids.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The address, without secrets.
    pub url: url::Url,
    /// The secret, if the platform wants one.
    pub credential: Option<Credential>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// JSON to send.
    pub body: Option<String>,
    /// From the first byte sent to the last byte read.
    pub deadline: Duration,
    /// Most bytes of a body, after decompression, that are read.
    pub max_body_bytes: usize,
}

impl HttpRequest {
    /// A GET without secret or headers.
    pub fn get(url: url::Url, deadline: Duration, max_body_bytes: usize) -> Self {
        Self { method: Method::Get, url, credential: None, headers: Vec::new(), body: None, deadline, max_body_bytes }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Headers by lower-case name; of a repeated one the first.
    pub headers: BTreeMap<String, String>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no answer. All of them may be tried again later, except a body that is too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The deadline passed.
    #[error("no complete answer within {0:?}")]
    TimedOut(Duration),
    /// The body is larger than allowed.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer redirects to another host.
    #[error("the answer redirects to another host, which is not followed")]
    Redirected,
    /// No connection, or it broke.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// Nothing was sent: an earlier answer asked to wait until this time, which is later than any request waits.
    #[error("the platform asked to wait, and is not asked again before {0}")]
    AskedToWait(Moment),
    /// Nothing was sent: the caller would have run out of time before the request's turn.
    #[error("no time was left to ask")]
    NoTimeLeft,
    /// The caller ran out of time before the request's own deadline: this is not a failure of the platform.
    #[error("no answer in the {0:?} that were left")]
    OutOfTime(Duration),
}

/// Time. Monotonic time for deadlines, back-off and limiters; wall time for log lines and, where no chain is
/// configured, quota dates. Never for scores.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Time since some fixed moment; never goes back.
    fn monotonic(&self) -> Duration;

    /// The machine's time in UTC.
    fn wall(&self) -> Moment;

    /// Waits.
    async fn sleep(&self, duration: Duration);
}

/// Why the store could not do what it was asked. Nothing was written. Actors retry later after any error; on a permanent one the
/// implementation of the store ends the process.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store failed: {0}")]
pub struct StoreError(pub String);

/// What each actor remembers. A method that writes does so in one transaction, durable when it returns.
#[async_trait]
pub trait Store: Send + Sync {
    // --- ChainWatcher -----------------------------------------------------------------------------------------

    /// Remembers the newest finalized head.
    async fn save_head(&self, head: &Head) -> Result<(), StoreError>;
    /// The same for a head that need not outlive the process: a chain has one every few seconds, and each durable write
    /// wears the disk.
    async fn note_head(&self, head: &Head) -> Result<(), StoreError> {
        self.save_head(head).await
    }
    /// The newest finalized head that was remembered.
    async fn latest_head(&self) -> Result<Option<Head>, StoreError>;
    /// Remembers the subnet at its block, in place of an earlier one.
    async fn save_subnet(&self, subnet: &Subnet) -> Result<(), StoreError>;
    /// Remembers the subnet and the head that it was read at.
    async fn save_reading(&self, subnet: &Subnet, head: &Head) -> Result<(), StoreError> {
        self.save_subnet(subnet).await?;
        self.save_head(head).await
    }
    /// The newest subnet that was remembered.
    async fn latest_subnet(&self) -> Result<Option<Subnet>, StoreError>;

    // --- GistFetcher ------------------------------------------------------------------------------------------

    /// The newest polling round that was finished.
    async fn latest_gist_round(&self) -> Result<Option<Block>, StoreError>;
    /// All gists that were ever asked for and are still kept.
    async fn gist_states(&self) -> Result<Vec<GistState>, StoreError>;
    /// Records answers of one round, and who holds the gists: for a hotkey that is seen with a document for the first
    /// time, a [`Holding`] is added. May be called several times for a round, also again with the same answers.
    async fn record_gists(
        &self,
        round: Block,
        answers: &[GistAnswer],
        holders: &[GistHolder],
    ) -> Result<(), StoreError>;
    /// Marks a round as finished.
    async fn finish_gist_round(&self, round: Block) -> Result<(), StoreError>;
    /// What is known of one gist.
    async fn gist_state(&self, pointer: &GistPointer) -> Result<Option<GistState>, StoreError>;
    /// What each hotkey's gist was when it was last read while the hotkey was committed to it.
    async fn good_pointers(&self) -> Result<Vec<GoodPointer>, StoreError>;
    /// A gist's document by its digest.
    async fn gist_document(&self, digest: &ContentDigest) -> Result<Option<Vec<u8>>, StoreError>;

    /// What is known of the owners of gists.
    async fn gist_owners(&self) -> Result<Vec<OwnerRecord>, StoreError>;
    /// Records the results of checks of owners, in place of earlier ones; the account that was seen first stays.
    async fn record_gist_owners(&self, records: &[OwnerRecord]) -> Result<(), StoreError>;
    /// Records blocks in which no polling round was held; the same beginning again has its later end.
    async fn record_unwatched_blocks(&self, unwatched: &UnwatchedBlocks) -> Result<(), StoreError>;
    /// The newest `limit` ranges of blocks in which no polling round was held, and the one before the first round, oldest
    /// first.
    async fn unwatched_blocks(&self, limit: u32) -> Result<Vec<UnwatchedBlocks>, StoreError>;

    // --- Platforms --------------------------------------------------------------------------------------------

    /// Adds observations.
    async fn record_observations(&self, observations: &[Observation]) -> Result<(), StoreError>;
    /// Of `contents`, those last observed at `since` or later.
    async fn observed_since(&self, contents: &[ContentId], since: Block) -> Result<Vec<ContentId>, StoreError>;
    /// Debits `units` from a bucket of one date if at most `budget` units are spent then; `false` if they are not
    /// there, and then nothing is debited.
    async fn debit(&self, bucket: &str, date: &str, units: u64, budget: u64) -> Result<bool, StoreError>;
    /// Gives back units that were debited and then not spent.
    async fn credit(&self, bucket: &str, date: &str, units: u64) -> Result<(), StoreError>;
    /// Marks a bucket as used up on a date: at least `budget` units count as spent.
    async fn exhaust(&self, bucket: &str, date: &str, budget: u64) -> Result<(), StoreError>;
    /// Units spent on a date, by bucket: of every bucket that was used then and has a name that begins with `prefix`.
    async fn spent(&self, prefix: &str, date: &str) -> Result<BTreeMap<String, u64>, StoreError>;
    /// Of `contents`, those that existed when last observed, and of which details were seen at `since` or later, with a
    /// time of publication; without broadcasts that are live or announced.
    async fn details_since(&self, contents: &[ContentId], since: Block) -> Result<Vec<ContentId>, StoreError>;
    /// The history of contents so far; those that were never observed are omitted.
    async fn tracks(&self, contents: &[ContentId]) -> Result<Vec<(ContentId, Track)>, StoreError>;

    // --- Verifier ---------------------------------------------------------------------------------------------

    /// Records verdicts, in place of the same provider's earlier ones on the same question. An older one changes
    /// nothing, and an item that was never observed has none.
    async fn record_verdicts(&self, verdicts: &[(ContentId, Verdict)]) -> Result<(), StoreError>;
    /// What is stored of contents' verification, in the order asked for; an empty record where nothing is.
    async fn verifications(&self, contents: &[ContentId]) -> Result<Vec<VerificationRecord>, StoreError>;

    // --- Scorer -----------------------------------------------------------------------------------------------

    /// Holdings that no claims were made of, oldest round first, at most `limit`.
    async fn unclaimed_holdings(&self, limit: u32) -> Result<Vec<Holding>, StoreError>;
    /// Holdings of what their gist holds now, of which claims were made under another rule than this one, oldest round
    /// first. Those of a hotkey that had no room for all of its claims are among them once every
    /// [`ROOM_AGAIN_BLOCKS`](tensorflix_domain::claim::ROOM_AGAIN_BLOCKS) before `round`.
    async fn holdings_claimed_otherwise(
        &self,
        rule: &PlaceRuleDigest,
        round: Block,
    ) -> Result<Vec<Holding>, StoreError>;
    /// Adds claims (one that exists already is joined with the new record) and marks holdings as claimed; those of a hotkey
    /// that has no room for all of its claims count as claimed under another rule.
    async fn record_claims(&self, claims: &[Claim], holdings: &[ClaimedHolding]) -> Result<(), StoreError>;
    /// The hotkeys with a claim of this round that is in dispute with another's, where rounds last `round_blocks`, and
    /// that have no [`GistDate`] of it yet; each with the gist by which it was seen, as far as the claim tells.
    async fn in_dispute(&self, round: Block, round_blocks: u32) -> Result<Vec<(Hotkey, Option<GistName>)>, StoreError>;
    /// The gist by which a hotkey was seen with something new in `round`, or before it for the last time.
    async fn gist_seen_by(&self, hotkey: &Hotkey, round: Block) -> Result<Option<GistPointer>, StoreError>;
    /// The dates of these hotkeys' claims of these rounds, also those in line.
    async fn gist_dates_of(&self, of: &BTreeSet<(Hotkey, Block)>) -> Result<Vec<GistDate>, StoreError>;
    /// The first date of a gist that was asked for in this round or later.
    async fn date_of_gist(&self, gist: &GistName, round: Block) -> Result<Option<GistDate>, StoreError>;
    /// The dates in line to be asked for.
    async fn gists_to_date(&self) -> Result<Vec<GistDate>, StoreError>;
    /// The ids of the gists that were dated after a round.
    async fn gists_dated_since(&self, round: Block) -> Result<BTreeSet<String>, StoreError>;
    /// The gists in line that were dated after a round and by which a pair was seen that was seen by one in line that was not,
    /// within `round_blocks`.
    async fn rivals_of_undated(&self, round: Block, round_blocks: u32) -> Result<BTreeSet<GistName>, StoreError>;
    /// Records dates. For one that is in line already, the later check is kept; one that is known does not change.
    async fn record_gist_dates(&self, dates: &[GistDate]) -> Result<(), StoreError>;
    /// When blocks were, as far as that is recorded.
    async fn block_times(&self) -> Result<BTreeMap<Block, Moment>, StoreError>;
    /// Records when blocks were; what is recorded already stays.
    async fn record_block_times(&self, times: &BTreeMap<Block, Moment>) -> Result<(), StoreError>;
    /// The claims on these contents for one task, by whatever hotkey, in the order of [`Claim`].
    async fn claims_for(&self, task_id: &str, content_ids: &[&str]) -> Result<Vec<Claim>, StoreError>;
    /// The newest cycle.
    async fn latest_cycle(&self) -> Result<Option<CycleHead>, StoreError>;
    /// Opens the next cycle at a block, with the subnet it is decided for.
    async fn open_cycle(&self, at: BlockStamp, subnet: &Subnet) -> Result<CycleHead, StoreError>;
    /// The subnet that a cycle was opened with.
    async fn cycle_subnet(&self, cycle: u32) -> Result<Option<Subnet>, StoreError>;
    /// What is known of contents, in the order asked for; an empty record for those never observed.
    async fn observed_contents(&self, contents: &[ContentId]) -> Result<Vec<ObservedContent>, StoreError>;
    /// Records which verdicts contents lack, in place of all that they lacked before.
    async fn record_waits(&self, waits: &[(ContentId, Vec<Wait>)]) -> Result<(), StoreError>;
    /// The newest `newest` observations of these items, in the order asked for; no points for those never observed.
    async fn traffic_series(&self, contents: &[ContentId], newest: u32) -> Result<Vec<Series>, StoreError>;
    /// Stores a decision and closes its cycle. A cycle that is decided already keeps its first decision.
    async fn save_decision(&self, decided: &DecidedCycle) -> Result<(), StoreError>;
    /// A decided cycle, whole.
    async fn decided_cycle(&self, cycle: u32) -> Result<Option<DecidedCycle>, StoreError>;
    /// The decided cycles from a moment on, oldest first.
    async fn decided_since(&self, since: Moment) -> Result<Vec<CycleHead>, StoreError>;
    /// What a decided cycle paid.
    async fn paid_cycle(&self, cycle: u32) -> Result<Option<PaidCycle>, StoreError>;
    /// What is owed after the newest decided cycle.
    async fn debts(&self) -> Result<Vec<Debt>, StoreError>;
    /// What was earned up to the newest cycle in which anything was, smoothed, before cuts; `None` as long as all cycles are
    /// of development builds.
    async fn smoothed_scores(&self) -> Result<Option<PreviousScores>, StoreError>;
    /// The scores of the newest cycle before `cycle` in which anything qualified.
    async fn scores_before(&self, cycle: u32) -> Result<Option<ScoreVector>, StoreError>;
    /// The scores of the newest cycle in which anything qualified.
    async fn scores_in_force(&self) -> Result<Option<ScoresInForce>, StoreError>;

    // --- Actors that process what miners and publishers wrote -------------------------------------------------

    /// Items that crashed their processing, with the number of times.
    async fn crashes(&self) -> Result<BTreeMap<Item, u32>, StoreError>;
    /// Counts another crash of an item at a block. Returns the number of its crashes so far.
    async fn record_crash(&self, item: &Item, at: Block) -> Result<u32, StoreError>;

    // --- WeightSetter -----------------------------------------------------------------------------------------

    /// Stores an intent before it is broadcast. `false` if its hotkey has one in the window that reached the chain or still
    /// may, and then nothing is stored.
    async fn save_intent(&self, intent: &WeightIntent) -> Result<bool, StoreError>;
    /// The newest intent of a hotkey.
    async fn latest_intent(&self, hotkey: &Hotkey) -> Result<Option<WeightIntent>, StoreError>;
    /// Stores the outcome of an open intent; a stored outcome does not change.
    async fn save_outcome(&self, intent: &WeightIntent, outcome: &IntentOutcome) -> Result<(), StoreError>;
    /// Commits of a hotkey that were included in a block and have no known outcome of their reveal yet, oldest window first,
    /// at most `limit`.
    async fn watched_reveals(&self, hotkey: &Hotkey, limit: u32) -> Result<Vec<WeightIntent>, StoreError>;
    /// Stores the outcome of the reveal of a commit, by the hash of its extrinsic; a stored outcome does not change.
    async fn save_reveal_outcome(&self, extrinsic_hash: &[u8; 32], outcome: &RevealOutcome) -> Result<(), StoreError>;
}
