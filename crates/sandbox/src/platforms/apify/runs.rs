//! Runs of an actor with their datasets.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::items;
use super::terms::{MICRO_USD_PER_ITEM, REEL_ACTOR, RunEnd};
use crate::world::milliseconds;

/// How many runs are kept; the oldest go first.
const REMEMBERED_RUNS: usize = 1_024;
/// Characters of Apify's ids.
const ID_LENGTH: usize = 17;

/// What a caller allows a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_items: Option<usize>,
    pub(super) max_charge_micro_usd: Option<u64>,
}

/// One run.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) dataset_id: String,
    /// What it is charged, known from the start: a run does the same whenever it is polled.
    pub(super) charged_micro_usd: u64,
    started_unix_ms: u64,
    polls_left: u32,
    end: RunEnd,
    limits: Limits,
    item_count: usize,
}

impl Run {
    fn status(&self) -> &'static str {
        if self.polls_left > 0 { "RUNNING" } else { self.end.status() }
    }

    /// The run as the API shows it.
    pub(super) fn document(&self) -> Value {
        let finished = self.polls_left == 0;
        json!({
            "id": self.id,
            "actId": "xMc5Ga1oCONPmWJIa",
            "userId": "sandboxUser000000",
            "actorName": REEL_ACTOR,
            "startedAt": milliseconds(self.started_unix_ms),
            "finishedAt": finished.then(|| milliseconds(self.started_unix_ms)),
            "status": self.status(),
            "statusMessage": if finished { "Finished" } else { "Scraping" },
            "options": {
                "maxItems": self.limits.max_items,
                "maxTotalChargeUsd": self.limits.max_charge_micro_usd.map(dollars),
            },
            "defaultDatasetId": self.dataset_id,
            "chargedEventCounts": {"apify-default-dataset-item": self.charged_micro_usd / MICRO_USD_PER_ITEM},
            "usageTotalUsd": dollars(self.charged_micro_usd),
        })
    }
}

fn dollars(micro_usd: u64) -> f64 {
    micro_usd as f64 / 1_000_000.0
}

#[derive(Debug, Default)]
struct Kept {
    started: u64,
    runs: VecDeque<(Run, Vec<Value>)>,
}

/// All runs of one server.
#[derive(Debug, Default)]
pub(super) struct Runs {
    kept: Mutex<Kept>,
}

impl Runs {
    /// Starts a run that will have these items, as far as its limits allow.
    pub(super) fn start(
        &self,
        started_unix_ms: u64,
        items: Vec<Value>,
        limits: Limits,
        polls: u32,
        end: RunEnd,
    ) -> Run {
        let items = within(items, limits, end);
        let charged = items.iter().filter(|item| !items::is_error(item)).count() as u64;
        let mut kept = self.lock();
        kept.started += 1;
        let run = Run {
            id: id("run", kept.started),
            dataset_id: id("dataset", kept.started),
            charged_micro_usd: charged * MICRO_USD_PER_ITEM,
            started_unix_ms,
            polls_left: polls,
            end,
            limits,
            item_count: items.len(),
        };
        if kept.runs.len() == REMEMBERED_RUNS {
            kept.runs.pop_front();
        }
        kept.runs.push_back((run.clone(), items));
        run
    }

    /// A run by its id. A poll shows it as it is, and brings it one step nearer to its end.
    pub(super) fn read(&self, id: &str, polled: bool) -> Option<Run> {
        self.change(id, |run| {
            let shown = run.clone();
            if polled {
                run.polls_left = run.polls_left.saturating_sub(1);
            }
            shown
        })
    }

    /// Ends a run as it was going to end.
    pub(super) fn finish(&self, id: &str) {
        self.change(id, |run| run.polls_left = 0);
    }

    /// Ends a running run at its caller's wish.
    pub(super) fn abort(&self, id: &str) {
        self.change(id, |run| {
            if run.polls_left > 0 {
                run.polls_left = 0;
                run.end = RunEnd::Aborted;
            }
        });
    }

    /// The items of a dataset; the first half of them while its run goes on.
    pub(super) fn items(&self, dataset_id: &str) -> Option<Vec<Value>> {
        let kept = self.lock();
        let (run, items) = kept.runs.iter().find(|(run, _)| run.dataset_id == dataset_id)?;
        let there = if run.polls_left > 0 { run.item_count / 2 } else { run.item_count };
        Some(items[..there].to_vec())
    }

    fn change<T>(&self, id: &str, change: impl FnOnce(&mut Run) -> T) -> Option<T> {
        let mut kept = self.lock();
        kept.runs.iter_mut().find(|(run, _)| run.id == id).map(|(run, _)| change(run))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a run gets done: everything, up to the limits, or half of it when it ends badly.
fn within(mut items: Vec<Value>, limits: Limits, end: RunEnd) -> Vec<Value> {
    if end != RunEnd::Succeeded {
        items.truncate(items.len() / 2);
    }
    items.truncate(limits.max_items.filter(|&max| max > 0).unwrap_or(usize::MAX));
    let Some(max_charge) = limits.max_charge_micro_usd else { return items };
    let mut charge = 0;
    items.retain(|item| {
        let price = if items::is_error(item) { 0 } else { MICRO_USD_PER_ITEM };
        let affordable = charge + price <= max_charge;
        if affordable {
            charge += price;
        }
        affordable
    });
    items
}

fn id(kind: &str, number: u64) -> String {
    let mut id = hex::encode(Sha256::digest(format!("{kind} {number}")));
    id.truncate(ID_LENGTH);
    id
}
