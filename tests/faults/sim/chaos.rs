//! What goes wrong and when, drawn from one seed.

use super::process::Outside;
use super::truth::BEGIN;
use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tensorflix_actors::ports::Clock;
use tensorflix_domain::chain_time::{HOUR_MS, Moment};
use tensorflix_domain::ids::Block;
use tensorflix_testkit::memory_store::Write;
use tensorflix_testkit::time::TestClock;

/// Blocks in a window of the subnet's rules: its tempo.
pub const WINDOW_BLOCKS: u32 = 360;

/// How likely each request and message meets a fault, in percent.
pub struct Faults {
    draw: Mutex<StdRng>,
    github: AtomicU32,
    youtube: AtomicU32,
    apify: AtomicU32,
    detector: AtomicU32,
    messages: AtomicU32,
}

impl Faults {
    /// Draws.
    pub fn with<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.draw.lock().expect("no panic"))
    }

    pub fn strength(&self, host: &str) -> u32 {
        let strength = match host {
            "youtube.test" => &self.youtube,
            "apify.test" => &self.apify,
            "detector.test" => &self.detector,
            _ => &self.github,
        };
        strength.load(Ordering::Relaxed)
    }

    pub fn message_strength(&self) -> u32 {
        self.messages.load(Ordering::Relaxed)
    }

    /// The strengths of GitHub, YouTube, Apify and the detector, and of messages.
    fn set(&self, [github, youtube, apify, detector]: [u32; 4], messages: u32) {
        self.github.store(github, Ordering::Relaxed);
        self.youtube.store(youtube, Ordering::Relaxed);
        self.apify.store(apify, Ordering::Relaxed);
        self.detector.store(detector, Ordering::Relaxed);
        self.messages.store(messages, Ordering::Relaxed);
    }
}

/// Monotonic time is the simulation's; the machine's date jumps.
pub struct JumpingClock {
    clock: TestClock,
    offset_ms: AtomicI64,
}

#[async_trait]
impl Clock for JumpingClock {
    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn wall(&self) -> Moment {
        Moment::from_unix_ms(self.clock.wall().unix_ms() + self.offset_ms.load(Ordering::Relaxed))
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }
}

pub struct Chaos {
    draw: StdRng,
    faults: Arc<Faults>,
    clock: Arc<JumpingClock>,
    is_calm: bool,
    chain_back_at: Block,
    weather_until: Block,
    /// Windows in which something went wrong with process, store or chain.
    pub disturbed: BTreeSet<Block>,
}

impl Chaos {
    /// The faults of a seed.
    pub fn new(seed: u64) -> Self {
        Self::seeded(seed, false)
    }

    /// None at all.
    pub fn none() -> Self {
        Self::seeded(0, true)
    }

    fn seeded(seed: u64, is_calm: bool) -> Self {
        let faults = Faults {
            draw: Mutex::new(StdRng::seed_from_u64(seed.wrapping_add(1_000_000))),
            github: AtomicU32::new(0),
            youtube: AtomicU32::new(0),
            apify: AtomicU32::new(0),
            detector: AtomicU32::new(0),
            messages: AtomicU32::new(0),
        };
        Self {
            draw: StdRng::seed_from_u64(seed),
            faults: Arc::new(faults),
            clock: Arc::new(JumpingClock { clock: TestClock::new(), offset_ms: AtomicI64::new(0) }),
            is_calm,
            chain_back_at: 0,
            weather_until: 0,
            disturbed: BTreeSet::new(),
        }
    }

    pub fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults)
    }

    pub fn clock(&self) -> Arc<JumpingClock> {
        Arc::clone(&self.clock)
    }

    /// The step at which the next process is killed, if it is.
    pub fn life(&mut self) -> Option<usize> {
        let (is_mortal, steps) = (self.draw.random_bool(0.7), self.draw.random_range(1..4_000));
        (!self.is_calm && is_mortal).then_some(steps)
    }

    /// From now on nothing goes wrong.
    pub fn calm_down(&mut self, outside: &Outside) {
        if !std::mem::replace(&mut self.is_calm, true) {
            self.faults.set([0; 4], 0);
            outside.chain.set_down(false);
            outside.store.forget_faults();
        }
    }

    /// Something went wrong at a block that may cost its window and the next one their submission.
    pub fn disturb(&mut self, block: Block) {
        let window = block - block % WINDOW_BLOCKS;
        self.disturbed.extend([window, window + WINDOW_BLOCKS]);
    }

    /// What goes wrong from this block on.
    pub fn step(&mut self, block: Block, outside: &Outside) {
        if block < self.chain_back_at {
            self.disturb(block);
        } else {
            outside.chain.set_down(false);
        }
        if self.is_calm || block == BEGIN {
            return;
        }
        if block >= self.weather_until {
            let mut strength =
                |most: u32| if self.draw.random_bool(0.5) { 0 } else { self.draw.random_range(0..=most) };
            let upstreams = [strength(100), strength(100), strength(100), strength(100)];
            self.faults.set(upstreams, strength(90));
            self.weather_until = block + self.draw.random_range(50..900);
        }
        if self.draw.random_bool(0.01) {
            outside.chain.set_down(true);
            self.chain_back_at = block + self.draw.random_range(5..200);
            self.disturb(block);
        }
        if self.draw.random_bool(0.05) {
            const WRITES: [Write; 16] = [
                Write::Head,
                Write::Subnet,
                Write::Gists,
                Write::GistRound,
                Write::GistOwners,
                Write::Unwatched,
                Write::Observations,
                Write::Debit,
                Write::Credit,
                Write::Verdicts,
                Write::Waits,
                Write::Claims,
                Write::Cycle,
                Write::Decision,
                Write::Intent,
                Write::Outcome,
            ];
            let write = WRITES[self.draw.random_range(0..WRITES.len())];
            if self.draw.random_bool(0.5) {
                outside.store.fail_next(write)
            } else {
                outside.store.panic_at_next(write)
            }
            self.disturb(block);
        }
        if self.draw.random_bool(0.02) {
            let hours = self.draw.random_range(-24..=24);
            self.clock.offset_ms.store(hours * HOUR_MS, Ordering::Relaxed);
        }
    }
}
