//! Every method that is called, with every wrong answer, at the first of two endpoints: the weights of the window are sent,
//! exactly once, and the endpoint is left in a short time.

use crate::proxy::{Rule, Wrong};
use crate::world::{Decided, LATE, Life, World};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// When an endpoint gets a method wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// While it is in use, and was well before.
    InUse,
    /// From the start of the process on.
    FromTheStart,
    /// From the start of a process that looks for weights which the one before submitted; they are in a block.
    AfterACrash,
    /// The same; they are in no block, so that they have to be sent again.
    AfterALoss,
}

/// Every method that is called and every notification that is listened to, with the situations in which it matters.
/// `the_list_of_methods_is_complete` holds it to what is really called.
pub const METHODS: [(&str, &[When]); 20] = [
    ("system_health", &[When::FromTheStart]),
    ("chain_getBlockHash genesis", &[When::FromTheStart]),
    ("chain_getBlockHash number", &[When::AfterACrash, When::AfterALoss]),
    ("chain_getBlockHash best", &[When::InUse]),
    ("chain_getHeader", &[When::InUse, When::FromTheStart]),
    ("chain_getFinalizedHead", &[When::InUse, When::FromTheStart]),
    ("chain_getBlock", &[When::InUse, When::AfterACrash]),
    ("chain_subscribeFinalizedHeads", &[When::FromTheStart]),
    ("chain_finalizedHead", &[When::InUse]),
    ("chain_unsubscribeFinalizedHeads", &[When::InUse]),
    ("state_queryStorageAt", &[When::InUse, When::FromTheStart, When::AfterACrash]),
    ("state_getRuntimeVersion", &[When::InUse, When::FromTheStart]),
    ("state_getMetadata", &[When::FromTheStart]),
    ("state_call Metadata_metadata_versions", &[When::FromTheStart]),
    ("state_call Metadata_metadata_at_version", &[When::FromTheStart]),
    ("state_call TaggedTransactionQueue_validate_transaction", &[When::InUse]),
    ("system_accountNextIndex", &[When::InUse]),
    ("author_submitAndWatchExtrinsic", &[When::InUse, When::AfterALoss]),
    ("author_extrinsicUpdate", &[When::InUse]),
    ("author_unwatchExtrinsic", &[When::InUse]),
];

/// What an endpoint gets wrong of several methods at one time.
pub const TOGETHER: [(&str, &[When]); 2] =
    [(EVERYTHING, &[When::InUse, When::FromTheStart, When::AfterACrash]), (BOTH_HEADS, &[When::InUse])];
const EVERYTHING: &str = "*";
const BOTH_HEADS: &str = "chain_finalizedHead and chain_getFinalizedHead";

/// Methods with answers that nobody waits for: what is wrong with them may never be seen.
const UNHEARD: [&str; 2] = ["chain_unsubscribeFinalizedHeads", "author_unwatchExtrinsic"];

/// How often a cell is tried again in which the method was not called at the first endpoint: on a busy machine it may be left
/// for its slowness before.
const MOST_TRIES: u32 = 6;

/// Worlds that are tried at one time.
const AT_A_TIME: usize = 6;

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub method: &'static str,
    pub when: When,
    pub wrong: Wrong,
}

/// The result of a cell.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    pub cell: Cell,
    /// Submissions in the window.
    pub sent: usize,
    /// Whether the validator knows that its weights are on chain.
    pub is_settled: bool,
    /// Wrong answers that were given until then.
    pub wrong_answers: u32,
    /// From the first wrong answer to the first question to the other endpoint; `None` if it was not needed.
    pub left_after: Option<Duration>,
}

impl Outcome {
    pub fn is_good(&self) -> bool {
        self.sent == 1 && self.is_settled && (self.wrong_answers > 0 || UNHEARD.contains(&self.cell.method))
    }

    /// Whether all went well without a wrong answer, so that nothing is shown.
    pub fn is_vacuous(&self) -> bool {
        self.sent == 1 && self.is_settled && !self.is_good()
    }
}

/// Tries all cells, some worlds at a time, each of one method in one situation.
pub fn try_all(methods: &[(&'static str, &'static [When])]) -> (Vec<Outcome>, BTreeSet<String>) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let decided = runtime.block_on(Decided::new());
    let pairs = methods.iter().flat_map(|(method, whens)| whens.iter().map(move |when| (*method, *when)));
    let waiting: Mutex<VecDeque<_>> = Mutex::new(pairs.collect());
    let found: Mutex<(Vec<Outcome>, BTreeSet<String>)> = Mutex::default();
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                // What a process leaves behind is cleared away here when it has ended.
                let _context = runtime.enter();
                while let Some((method, when)) = next() {
                    let world = runtime.block_on(World::start(&decided));
                    let outcomes = try_method(&world, method, when);
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    found.0.extend(outcomes);
                    found.1.extend(world.bad.called().into_iter().chain(world.good.called()));
                }
            });
        }
    });
    let (mut outcomes, called) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|outcome| outcome.cell);
    (outcomes, called)
}

fn try_method(world: &World, method: &'static str, when: When) -> Vec<Outcome> {
    let cell = |wrong| Cell { method, when, wrong };
    match when {
        When::InUse => world.live(&[&world.bad, &world.good], async |life: &Life| {
            // The first window: everything is well, and the runtime is known.
            world.next_window(None);
            life.while_blocks_come(world, "the first window has no weights", async || life.is_settled(world).await)
                .await;
            let mut outcomes = Vec::new();
            for wrong in Wrong::ALL {
                let mut outcome = None;
                for _ in 0..MOST_TRIES {
                    await_return(world, life, cell(wrong)).await;
                    world.next_window(Some(rule(method, wrong)));
                    let tried = outcome.insert(settle(world, life, cell(wrong)).await);
                    if !tried.is_vacuous() {
                        break;
                    }
                }
                outcomes.extend(outcome);
            }
            outcomes
        }),
        _ => Wrong::ALL
            .into_iter()
            .filter_map(|wrong| {
                let tries = (0..MOST_TRIES).map(|_| try_life(world, cell(wrong)));
                // The first that is not vacuous, else the last.
                let mut last = None;
                tries.inspect(|outcome| last = Some(*outcome)).find(|outcome| !outcome.is_vacuous()).or(last)
            })
            .collect(),
    }
}

/// A process of its own for one cell.
fn try_life(world: &World, cell: Cell) -> Outcome {
    world.next_window(None);
    match cell.when {
        When::AfterACrash => world.crash_after_submission(),
        When::AfterALoss => {
            world.node.faults().drop_next_extrinsics(1);
            world.crash_after_submission();
        }
        When::InUse | When::FromTheStart => {}
    }
    let other = world.node.finalized_head();
    world.bad.set(Some(Rule { other: (other.hash, other.number), ..rule(cell.method, cell.wrong) }));
    world.good.forget_asked();
    world.node.advance_to(other.number + 2);
    world.live(&[&world.bad, &world.good], async |life: &Life| settle(world, life, cell).await)
}

fn rule(method: &'static str, wrong: Wrong) -> Rule {
    // This one is asked for where a runtime does not have the newer call.
    let methods = match method {
        "state_getMetadata" => vec![method, "state_call Metadata_metadata_at_version"],
        BOTH_HEADS => vec!["chain_finalizedHead", "chain_getFinalizedHead"],
        _ => vec![method],
    };
    Rule { methods, wrong, other: ([0; 32], 0), late: LATE }
}

/// Takes back what is wrong, and waits until the first endpoint is used again.
async fn await_return(world: &World, life: &Life, cell: Cell) {
    world.bad.set(None);
    let is_back = async || life.client.endpoint().await.is_ok_and(|endpoint| endpoint == world.bad.url());
    life.while_blocks_come(world, &format!("the endpoint is not used again before {cell:?}"), is_back).await;
}

async fn settle(world: &World, life: &Life, cell: Cell) -> Outcome {
    let is_settled = life.try_while_blocks_come(world, async || life.is_settled(world).await).await;
    let (since, wrong_answers) = world.bad.wrong_answers().unzip();
    let left_after = since.and_then(|since| Some(world.good.asked()?.saturating_duration_since(since)));
    Outcome { cell, sent: world.sent(), is_settled, wrong_answers: wrong_answers.unwrap_or_default(), left_after }
}

/// The times to leave an endpoint, by what is wrong with its answers: median and worst.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut by_wrong: BTreeMap<Wrong, (Vec<Duration>, u32, usize)> = BTreeMap::new();
    for outcome in outcomes {
        let (times, most_answers, cells) = by_wrong.entry(outcome.cell.wrong).or_default();
        times.extend(outcome.left_after);
        *most_answers = (*most_answers).max(outcome.wrong_answers);
        *cells += 1;
    }
    let mut text = "wrong answer    cells  left  median    worst  most wrong answers\n".to_owned();
    for (wrong, (mut times, most_answers, cells)) in by_wrong {
        times.sort();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        let worst = times.last().copied().unwrap_or_default();
        text += &format!(
            "{:<15} {cells:>5} {:>5} {:>4} ms {:>5} ms  {most_answers}\n",
            format!("{wrong:?}"),
            times.len(),
            median.as_millis(),
            worst.as_millis()
        );
    }
    text
}
