//! GistFetcher: reads every committed gist once in a polling round.
//!
//! - Owns in the store: per gist its ETag, last good copy, attempts, errors and owner; per hotkey the round in which
//!   it was first seen with each version of its gist; the blocks in which no round was held.
//! - A round opens when the subnet was read in a new cell of the grid. Its block, not the order of arrival, is what
//!   a claim is dated by. A round ends within [`ROUND_DEADLINE`], whatever GitHub does; what was not read keeps its
//!   last good copy.
//! - A gist that several hotkeys point to is requested once. A pinned revision never changes and is read only once.
//!   A missing gist is requested less and less often (`gist_fetcher/line.rs`).
//! - Without a token the raw address is read, which uses no API request; with a token the API is used, where an
//!   unchanged gist is free.
//!
//! It does not parse gists: that is the Scorer's part, so one miner's bytes cannot break a round.

pub(crate) mod dating_line;
pub mod gist_dates;
pub mod github;
mod line;
mod messages;
pub mod owner_checks;
mod round;
pub mod round_tally;

pub use self::line::{LONGEST_WAIT_BLOCKS, PIN_LONGEST_WAIT_BLOCKS, PINS_PER_ROUND};
pub use self::messages::{DateGists, GistsDated, SubmissionsRecorded, WaitingGist};
pub use self::round::ROUND_DEADLINE;
use self::round::Round;
use crate::chain_watcher::CommitmentsChanged;
use crate::gist_fetcher::gist_dates::DateRequests;
use crate::gist_fetcher::github::GitHub;
use crate::gist_fetcher::round_tally::Tally;
use crate::ports::{Clock, Store};
use crate::stats::ActorStats;
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, Recipient, ResponseFuture, WrapFuture};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_domain::commitment::GistPointer;

/// How often it checks for a due round of which it received no message.
const TICK: Duration = Duration::from_secs(30);

/// Everything that GistFetcher needs.
#[derive(Clone)]
pub struct GistFetcherParts {
    /// Its records.
    pub store: Arc<dyn Store>,
    /// For deadlines and ticks.
    pub clock: Arc<dyn Clock>,
    /// Its counters.
    pub stats: Arc<ActorStats>,
    /// The client that reads gists.
    pub github: Arc<GitHub>,
    /// Gists that are requested at one time.
    pub max_in_flight: usize,
    /// Blocks in a polling round.
    pub round_blocks: u32,
    /// Most owners that are checked in one round, see
    /// [`CHECKS_PER_ROUND`](crate::gist_fetcher::owner_checks::CHECKS_PER_ROUND).
    pub owner_checks_per_round: usize,
    /// A task gist that is read beside the committed ones.
    pub task_gist: Option<GistPointer>,
    /// Who receives finished rounds.
    pub listeners: Vec<Recipient<SubmissionsRecorded>>,
}

/// The actor.
pub struct GistFetcher {
    parts: GistFetcherParts,
    /// Whether a round is in progress.
    is_busy: bool,
}

impl GistFetcher {
    /// A fetcher with no round in progress.
    pub const fn new(parts: GistFetcherParts) -> Self {
        Self { parts, is_busy: false }
    }
}

impl Actor for GistFetcher {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.notify(Tick);
    }
}

crate::supervised!(GistFetcher);

/// Tick: check whether a round is due.
#[derive(Message)]
#[rtype(result = "()")]
struct Tick;

impl Handler<Tick> for GistFetcher {
    type Result = ();

    fn handle(&mut self, _: Tick, context: &mut Self::Context) {
        self.begin_round(context);
        let clock = Arc::clone(&self.parts.clock);
        let wait = async move { clock.sleep(TICK).await };
        context.spawn(wait.into_actor(self).map(|(), _, context| context.notify(Tick)));
    }
}

impl Handler<CommitmentsChanged> for GistFetcher {
    type Result = ();

    fn handle(&mut self, _: CommitmentsChanged, context: &mut Self::Context) {
        self.begin_round(context);
    }
}

impl Handler<DateGists> for GistFetcher {
    type Result = ResponseFuture<GistsDated>;

    fn handle(&mut self, request: DateGists, _: &mut Self::Context) -> Self::Result {
        let requests = DateRequests {
            store: Arc::clone(&self.parts.store),
            clock: Arc::clone(&self.parts.clock),
            stats: Arc::clone(&self.parts.stats),
            github: Arc::clone(&self.parts.github),
            max_in_flight: self.parts.max_in_flight,
        };
        Box::pin(requests.run(request))
    }
}

impl GistFetcher {
    /// Starts the round that is due, if one is and none is in progress.
    fn begin_round(&mut self, context: &mut Context<Self>) {
        if std::mem::replace(&mut self.is_busy, true) {
            return;
        }
        let round = Round {
            store: Arc::clone(&self.parts.store),
            clock: Arc::clone(&self.parts.clock),
            stats: Arc::clone(&self.parts.stats),
            github: Arc::clone(&self.parts.github),
            max_in_flight: self.parts.max_in_flight,
            round_blocks: self.parts.round_blocks,
            owner_checks: self.parts.owner_checks_per_round,
            task_gist: self.parts.task_gist.clone(),
            tally: Tally::default(),
        };
        let run = async move { round.run().await };
        context.spawn(run.into_actor(self).map(|outcome, this, _| {
            this.is_busy = false;
            match outcome {
                Ok(Some(recorded)) => {
                    for listener in &this.parts.listeners {
                        // A full or closed mailbox loses a hint; the listener's own tick finds the round.
                        let _ = listener.try_send(recorded);
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    this.parts.stats.count_failed();
                    tracing::error!(%error, "could not store a polling round; will retry");
                }
            }
        }));
    }
}
