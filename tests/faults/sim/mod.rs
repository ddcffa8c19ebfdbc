//! All actors together on one thread under paused time, among seeded faults: messages lost, repeated and reordered;
//! GitHub, YouTube, Apify and a detector slow, silent, failing and talking nonsense; a chain that cannot be reached; a store that fails; actors
//! that panic; a process that is killed and started again from its store; a wall clock that jumps by a day.
//!
//! After every run the promises of the validator are checked against the truth of the world ([`promises`]). A failure names its
//! seed, and `SEED=… cargo test --test faults sim::` runs that one alone; `SIM_SEEDS` and `SIM_DAYS` make the test longer, and
//! `SIM_FIRST_SEED` has it begin with another seed than 1.

mod chaos;
mod internet;
mod process;
mod promises;
mod relay;
mod truth;

use self::chaos::Chaos;
use self::internet::Internet;
use self::process::{Outside, Process};
use self::truth::{BEGIN, OWN_KEY, SLOT_BLOCKS};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_testkit::memory_store::MemoryStore;
use tensorflix_testkit::model_chain::ModelChain;
use tensorflix_testkit::time::{pass, simulate};

/// Runs in the ordinary test command, and the days of each.
const SEEDS: u64 = 40;
const DAYS: u32 = 2;

/// Blocks between the heads that the chain shows, and the time that they take.
const HEAD_STEP: u32 = 5;
const HEAD_PAUSE: Duration = Duration::from_secs(60);

const BLOCKS_A_DAY: u32 = 7_200;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is not a number")))
}

#[test]
fn under_any_faults_every_promise_is_kept() {
    let days = number("SIM_DAYS").map_or(DAYS, |days| u32::try_from(days).expect("a few days"));
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let first = number("SIM_FIRST_SEED").unwrap_or(1);
            first..first + number("SIM_SEEDS").unwrap_or(SEEDS)
        }
    };
    for seed in seeds {
        eprintln!("SEED={seed}");
        simulate(run(Chaos::new(seed), days));
    }
}

#[test]
fn without_faults_every_slot_is_decided_and_every_window_has_its_submission() {
    simulate(run(Chaos::none(), DAYS));
}

async fn run(mut chaos: Chaos, days: u32) {
    let chain = Arc::new(ModelChain::new(truth::subnet(), tensorflix_testkit::subnets::hotkey(OWN_KEY)));
    let outside = Outside {
        store: Arc::new(MemoryStore::default()),
        internet: Arc::new(Internet::new(Arc::clone(&chain), chaos.faults())),
        clock: chaos.clock(),
        chain,
    };
    let mut process = Process::start(&outside, &mut chaos);
    let end = BEGIN + days * BLOCKS_A_DAY;
    for block in (BEGIN..end).step_by(HEAD_STEP as usize) {
        // The last slot and half of the one before are calm, so that what is owed can be made up for.
        if block + SLOT_BLOCKS + SLOT_BLOCKS / 2 > end {
            chaos.calm_down(&outside);
        }
        chaos.step(block, &outside);
        if block > BEGIN {
            outside.chain.advance_to(block);
        }
        pass(HEAD_PAUSE).await;
        if process.has_ended() {
            chaos.disturb(block);
            process = Process::start(&outside, &mut chaos);
        }
    }
    promises::check(&outside, &chaos, end).await;
}
