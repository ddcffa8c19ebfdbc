//! Whether views are those of an audience: an authenticity in [0, 1] for each content, with what speaks against it.
//!
//! A content is compared with itself at other times and with its cohort: contents of the same platform, and of a similar
//! format, age and size. The steps are separate so that no more than a chunk of series is ever held:
//!
//! 1. [`Traits::of`] measures one [`Series`] of observations; the series may be dropped then.
//! 2. [`Baselines::of`] takes medians and spreads of all cohorts.
//! 3. [`assess`] weighs the traits of one content against its cohort's.
//!
//! Invariants:
//! - An authenticity is finite and in [0, 1], whatever the platform said.
//! - Points and contents may come in any order: the bits are the same. Only + − × ÷ √ and libm are used.
//! - Fewer than [`FEWEST_POINTS`] observations say nothing, except that a count which fell and did not come back did fall.
//! - A count that is hidden is unknown: what needs it is not asked, and nothing is held against a content for it.
//! - Baselines are bounded ([`Baselines`]), and bounds favour whoever is judged: a crowd of bought contents cannot make
//!   ordinary engagement suspicious.
//!
//! It judges no person and knows no miner, and it never touches a raw score: an authenticity is applied where scores are
//! compared (`decision.rs`). What a subnet with few contents cannot know is left unknown. `docs/traffic.md` has the
//! formulas, their sources, and how well it does.

mod assess;
mod cohort;
mod engagement;
mod series;
mod shape;
mod signal;
mod statistics;
mod traits;

pub use assess::{DISCOUNT_BELOW, REJECT_BELOW, assess};
pub use cohort::{Baselines, FEWEST_IN_COHORT};
pub use series::{Point, Series};
pub use signal::{Signal, SignalKind, TrafficFinding};
pub use traits::{FEWEST_POINTS, Traits};
