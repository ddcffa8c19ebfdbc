//! What the steps of a platform's actor share.

use super::api::PlatformApi;
use super::ledger::{Day, Ledger};
use super::plausible::Told;
use crate::outbound::Outbound;
use crate::ports::{Clock, Store};
use crate::stats::ActorStats;
use crate::supervision::quarantine;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::quarantine::{Item, ItemKind};

pub(super) struct Parts {
    pub(super) platform: Arc<dyn PlatformApi>,
    pub(super) outbound: Outbound,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stats: Arc<ActorStats>,
    pub(super) slots: Arc<tokio::sync::Semaphore>,
    pub(super) ledger: std::sync::Arc<Ledger>,
    /// Contents for which an implausible answer was logged already.
    pub(super) implausible: Told,
}

/// How one request is handled.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// The block by which observations are dated.
    pub(super) as_of: BlockStamp,
    /// The deadline, by the monotonic clock.
    pub(super) deadline: Duration,
    /// Statistics are enough for contents with details that were seen at this block or later.
    pub(super) details_since: Block,
    /// Units that are left in each bucket for others.
    pub(super) kept_units: u64,
    /// Whether it is repeated soon anyway: then nothing is retried, and an outage costs little.
    pub(super) is_poll: bool,
    /// Whether nothing is requested a second time, since each request costs money: neither to confirm an absence nor to
    /// find out which item causes a panic.
    pub(super) asks_once: bool,
}

/// The item of the quarantine for a video or reel, on one day.
pub(super) fn content_item(content: &ContentId, day: &Day) -> Item {
    let id = format!("{}:{}", content.platform().name(), content.as_str());
    quarantine::item(ItemKind::Content, id, day.date.as_bytes())
}
