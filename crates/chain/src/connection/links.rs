//! The connection in use and what is known of the other endpoints: why one is not used, and until when it is passed over.
//!
//! An endpoint that was left although it was there (`asking.rs`, `heads.rs`) is passed over for
//! [`Tolerances::recheck_interval`](crate::Tolerances::recheck_interval), and for twice as long each time that this happens again
//! soon, up to [`LONGEST_ABSENCE`] times; where no other can be used, it is used meanwhile. No requests are made here.

use crate::config::Settings;
use crate::connection::address::shown;
use crate::connection::line::Connection;
use crate::connection::probe::{Candidate, Demands};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use subxt::utils::H256;
use tensorflix_domain::ids::Block;
use tokio::time::Instant;

/// Longest time for which an endpoint is passed over, in intervals of rechecking.
const LONGEST_ABSENCE: u32 = 16;

/// For how long an endpoint that was left is passed over.
struct Absence {
    until: Instant,
    pause: Duration,
}

/// The connection in use and what is known of the endpoints, by their place in the list.
#[derive(Default)]
pub(crate) struct Links {
    pub(super) current: Option<Arc<Connection>>,
    /// Where the next attempt begins.
    pub(super) next_index: usize,
    /// The chain we talk to, from the first connection on: failing over never changes chains.
    pub(crate) genesis: Option<H256>,
    /// Why an endpoint is not used, as it was last logged.
    troubles: BTreeMap<usize, String>,
    /// The newest block of endpoints that stalled while others advanced.
    stalled_at: BTreeMap<usize, Block>,
    /// The newest finalized block that each endpoint reported, as long as its reports are trusted.
    told: BTreeMap<usize, Block>,
    absences: BTreeMap<usize, Absence>,
    /// Refusals of extrinsics in a row, each by another endpoint.
    pub(super) refusals: usize,
    /// When the endpoints before the one in use were last examined; the first interval starts with the switch.
    pub(super) rechecked: Option<Instant>,
}

impl Links {
    /// The connection in use, if it can be used.
    pub(crate) fn in_use(&self) -> Option<Arc<Connection>> {
        self.current.clone().filter(|connection| connection.is_usable())
    }

    /// Whether `connection` is the one that new calls use.
    pub(super) fn is_in_use(&self, connection: &Arc<Connection>) -> bool {
        self.current.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection))
    }

    /// What is demanded of the endpoint at `index`, by the reports of all endpoints but the one at `suspect`.
    pub(crate) fn demands(&self, settings: &Settings, index: usize, suspect: Option<usize>) -> Demands {
        let told = self.told.iter().filter(|(teller, _)| Some(**teller) != suspect);
        Demands {
            genesis: settings.config.expected_genesis.map(H256).or(self.genesis),
            newest_known: told.map(|(_, block)| *block).max().unwrap_or_default(),
            stalled_at: self.stalled_at.get(&index).copied(),
        }
    }

    /// The endpoints in the order in which they are tried from `from` on: first those that are not passed over.
    pub(super) fn in_order(&self, settings: &Settings, from: usize) -> Vec<usize> {
        let count = settings.config.endpoints.len();
        let mut order: Vec<usize> = (0..count).map(|offset| (from + offset) % count).collect();
        order.sort_by_key(|index| self.is_passed_over(*index));
        order
    }

    /// The same, for those beside the one at `index`.
    pub(crate) fn others(&self, settings: &Settings, index: usize) -> Vec<usize> {
        self.in_order(settings, index).into_iter().filter(|other| *other != index).collect()
    }

    /// Whether the endpoint was left a short while ago.
    pub(super) fn is_passed_over(&self, index: usize) -> bool {
        self.absences.get(&index).is_some_and(|absence| Instant::now() < absence.until)
    }

    /// The endpoint of the connection in use reported a finalized block that it has.
    pub(crate) fn note_told(&mut self, connection: &Arc<Connection>, block: Block) {
        if self.is_in_use(connection) {
            self.told.insert(connection.index, block);
        }
    }

    /// Replaces `connection` by a candidate. The endpoint of `connection` is passed over for a while.
    pub(crate) fn replace(
        &mut self,
        settings: &Settings,
        connection: &Arc<Connection>,
        reason: &str,
        candidate: Candidate,
    ) {
        if !self.is_in_use(connection) {
            return;
        }
        self.pass_over(settings, connection.index, reason);
        self.adopt(settings, candidate);
    }

    /// Passes an endpoint over for a while; another one is in use.
    pub(crate) fn pass_over(&mut self, settings: &Settings, index: usize, reason: &str) {
        // The loss of an endpoint has been reported already.
        if !self.troubles.contains_key(&index) {
            self.note(settings, index, reason);
        }
        self.told.remove(&index);
        let shortest = settings.tolerances.recheck_interval;
        let now = Instant::now();
        let again = self.absences.get(&index).filter(|absence| now < absence.until + absence.pause);
        let pause = again.map_or(shortest, |absence| (absence.pause * 2).min(shortest * LONGEST_ABSENCE));
        self.absences.insert(index, Absence { until: now + pause, pause });
    }

    /// Records that an endpoint has stalled at `block` while others advance.
    pub(crate) fn note_stalled(&mut self, index: usize, block: Block) {
        self.stalled_at.insert(index, block);
    }

    /// Uses a candidate from now on.
    pub(super) fn adopt(&mut self, settings: &Settings, candidate: Candidate) -> Arc<Connection> {
        let Candidate { connection, genesis, head, .. } = candidate;
        let (endpoint, index) = (&connection.endpoint, connection.index);
        tracing::info!(endpoint, place = index + 1, head, "connected to the chain");
        if self.troubles.remove(&index).is_some() {
            tracing::info!(endpoint, place = index + 1, "an endpoint of the chain is used again");
        }
        self.genesis = Some(genesis);
        self.stalled_at.remove(&index);
        self.told.insert(index, head);
        self.current = Some(Arc::clone(&connection));
        self.next_index = (index + 1) % settings.config.endpoints.len().max(1);
        self.rechecked = Some(Instant::now());
        connection
    }

    /// Logs why an endpoint is not used. Only the first reason until it is used again is a warning; a lasting one is logged
    /// once.
    pub(crate) fn note(&mut self, settings: &Settings, index: usize, trouble: &str) {
        let endpoint = shown(&settings.config.endpoints[index]);
        match self.troubles.get(&index) {
            None => tracing::warn!(endpoint, place = index + 1, trouble, "an endpoint of the chain is not used"),
            Some(known) if is_same(known, trouble) => return,
            Some(_) => {
                tracing::info!(endpoint, place = index + 1, trouble, "an endpoint of the chain is still not used")
            }
        }
        self.troubles.insert(index, trouble.to_owned());
    }
}

/// Whether two troubles differ in no more than their numbers, such as those of blocks.
fn is_same(one: &str, other: &str) -> bool {
    let words = |text: &str| text.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
    words(one) == words(other)
}
