//! How counts grow with age: a pure function in whole numbers, the same bits on every machine.
//!
//! Every organic shape is monotone in age. Only bought views fall, when the platform takes them back.

use super::draw::Draw;
use super::task::{DAY_MS, HOUR_MS};
use crate::clock::{BLOCK_MS, START_BLOCK, block_unix_ms};

/// Blocks after the first at which the platform removes bought views: between the first cycle and the second.
pub const PURGE_AFTER_BLOCKS: u32 = 3_600;
/// The part of bought views that is removed, in percent.
const PURGED_PERCENT: u128 = 80;

/// How views grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The same number every hour.
    Steady,
    /// Most of them early, then ever fewer.
    EarlyBurst,
    /// Few at first, then many, then ever fewer.
    SlowBuild,
    /// An early burst, and another one days later.
    TwoWaves,
    /// Next to none, then a purchase in one step, of which most is removed [`PURGE_AFTER_BLOCKS`] into the sandbox.
    Bought,
    /// Nobody watches.
    Unwatched,
}

/// The growth of a video or reel.
#[derive(Clone, Debug)]
pub struct Growth {
    /// The shape of the curve.
    pub shape: Shape,
    /// The level that the curve tends to (steady: reaches after 30 days), in views.
    pub plateau: u64,
    /// The age in milliseconds at half of the plateau.
    pub half_age_ms: u64,
    /// Likes in 10,000 views.
    pub likes_per_10k: u64,
    /// Comments in 10,000 views.
    pub comments_per_10k: u64,
}

const ORGANIC: [Shape; 4] = [Shape::Steady, Shape::EarlyBurst, Shape::SlowBuild, Shape::TwoWaves];

impl Growth {
    /// An organic growth: plateaus from some hundred to some hundred thousand, small ones as likely as large ones.
    pub(crate) fn organic(draw: &mut Draw) -> Self {
        let magnitude = 200u64 << draw.below(10);
        Self {
            shape: *draw.pick(&ORGANIC),
            plateau: magnitude + draw.below(magnitude),
            half_age_ms: draw.between(12 * HOUR_MS, 4 * DAY_MS),
            likes_per_10k: draw.between(150, 900),
            comments_per_10k: draw.between(8, 90),
        }
    }

    /// Views at an age in milliseconds, of content published at `published_ms`.
    pub fn views(&self, published_ms: u64, age_ms: u64) -> u64 {
        let plateau = u128::from(self.plateau);
        let age = u128::from(age_ms);
        let views = match self.shape {
            Shape::Steady => plateau * age / u128::from(30 * DAY_MS),
            Shape::EarlyBurst => self.burst(age),
            Shape::SlowBuild => {
                let half = u128::from(self.half_age_ms);
                plateau * age * age / (age * age + half * half)
            }
            Shape::TwoWaves => {
                let second = age.saturating_sub(u128::from(5 * DAY_MS));
                (6 * self.burst(age) + 4 * self.burst(second)) / 10
            }
            Shape::Bought => self.bought(published_ms, age),
            Shape::Unwatched => 0,
        };
        views as u64
    }

    fn burst(&self, age: u128) -> u128 {
        u128::from(self.plateau) * age / (age + u128::from(self.half_age_ms))
    }

    /// One percent is organic; the rest arrives at once at the half age, and most of it is removed at the purge.
    fn bought(&self, published_ms: u64, age: u128) -> u128 {
        let organic = self.burst(age) / 100;
        let bought = if age >= u128::from(self.half_age_ms) { u128::from(self.plateau) } else { 0 };
        let purge_ms = block_unix_ms(START_BLOCK) + u64::from(PURGE_AFTER_BLOCKS) * BLOCK_MS;
        if u128::from(published_ms) + age >= u128::from(purge_ms) {
            organic + bought * (100 - PURGED_PERCENT) / 100
        } else {
            organic + bought
        }
    }

    /// Likes for this many views; sellers of views do not add likes in proportion.
    pub fn likes(&self, views: u64) -> u64 {
        share(views, self.likes_per_10k)
    }

    /// Comments among so many views.
    pub fn comments(&self, views: u64) -> u64 {
        share(views, self.comments_per_10k)
    }
}

fn share(views: u64, per_10k: u64) -> u64 {
    (u128::from(views) * u128::from(per_10k) / 10_000) as u64
}
