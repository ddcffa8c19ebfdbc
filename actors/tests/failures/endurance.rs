//! A week of all actors together, every platform gone for two days of it: the chain never comes near counting the
//! validator as inactive, and no window has two submissions.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tensorflix_actors::ports::Store;
use tensorflix_domain::ids::Block;
use tensorflix_testkit::subnets::subnet;
use tensorflix_testkit::time::{pass, simulate};
use tensorflix_testkit::validator::{BEGIN, Validator};
use tensorflix_testkit::world::SLOT_BLOCKS;

const DAYS: u32 = 7;

/// The days, from 0, on which no platform answers.
const OUTAGE_DAYS: std::ops::Range<u32> = 2..4;

/// Blocks between the heads that the chain shows, and the time that they take.
const HEAD_STEP: u32 = 5;
const HEAD_PAUSE: Duration = Duration::from_secs(60);

#[test]
fn two_days_without_platforms_never_near_inactivity_and_weights_go_once_per_window() {
    simulate(async {
        let validator = Validator::new();
        let _running = validator.start();
        let rules = subnet(BEGIN, []).hyperparameters;
        let half_of_cutoff = rules.activity_cutoff / 2;
        let (mut longest_silence, mut decided) = (0, Vec::new());
        for passed in (0..DAYS * SLOT_BLOCKS).step_by(HEAD_STEP as usize) {
            let day = passed / SLOT_BLOCKS;
            validator.internet.is_down.store(OUTAGE_DAYS.contains(&day), Ordering::Relaxed);
            if passed > 0 {
                validator.chain.advance_to(BEGIN + passed);
            }
            pass(HEAD_PAUSE).await;
            if validator.chain.last_update() > 0 {
                longest_silence = longest_silence.max(BEGIN + passed - validator.chain.last_update());
            }
            if passed % SLOT_BLOCKS == SLOT_BLOCKS - HEAD_STEP {
                let latest = validator.store.latest_cycle().await.expect("read").expect("a cycle");
                decided.push((latest.cycle, latest.decided));
            }
        }
        assert!(longest_silence < half_of_cutoff, "silent for {longest_silence} blocks");
        let expected: Vec<(u32, bool)> = (1..=DAYS).map(|cycle| (cycle, true)).collect();
        assert_eq!(decided, expected, "each day has its cycle, decided");
        let mut per_window: BTreeMap<Block, u32> = BTreeMap::new();
        for record in validator.chain.records() {
            assert_eq!(record.failure, None, "{record:?}");
            *per_window.entry(record.block / rules.tempo).or_default() += 1;
        }
        assert!(per_window.values().all(|count| *count == 1), "{per_window:?}");
        let windows = usize::try_from(DAYS * SLOT_BLOCKS / rules.tempo).expect("few");
        assert_eq!(per_window.len(), windows, "and each window has one");
    });
}
