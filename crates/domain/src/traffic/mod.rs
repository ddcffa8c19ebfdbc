//! Whether views are those of an audience: an authenticity in [0, 1] for each item, with the signals against it.
//!
//! An item is compared with itself at other times and with its cohort: items of the same platform, and of a similar
//! format, age and size. The steps are separate so that no more than a chunk of series is ever held:
//!
//! 1. [`Traits::of`] measures one [`Series`] of observations; the series may be dropped then.
//! 2. [`Baselines::of`] takes medians and spreads of all cohorts; published data count beside them, and alone where there
//!    are no comparable items.
//! 3. [`assess`] weighs the traits of one item against its cohort's.
//!
//! [`believed`] looks back: how many of the views that an earlier cycle paid for are still believed.
//!
//! Invariants:
//! - An authenticity is finite and in [0, 1], whatever the platform answered.
//! - Points and items may come in any order: the bits are the same. Only + − × ÷ √ and libm are used.
//! - Fewer than [`FEWEST_POINTS`] observations give no signal, except that a count which fell and did not recover did
//!   fall.
//! - A hidden count is unknown: signals that need it are not computed, and it never counts against an item.
//! - Baselines are bounded ([`Baselines`]), and the bounds favour the item that is judged: a crowd of bought items
//!   cannot make ordinary engagement suspicious.
//!
//! It judges no person and knows no miner, and it never changes a raw score: an authenticity is applied where scores
//! are compared (`decision.rs`). `docs/traffic.md` has the formulas, their sources, and the measured error rates.

mod assess;
mod belief;
mod cohort;
mod engagement;
mod prior;
mod series;
mod shape;
mod signal;
mod statistics;
mod traits;

pub use assess::{DISCOUNT_BELOW, REJECT_BELOW, assess};
pub use belief::{Believed, believed, may_disbelieve};
pub use cohort::{Baselines, FEWEST_IN_COHORT};
pub use series::{Point, Series};
pub use signal::{Signal, SignalKind, TrafficFinding};
pub use traits::{FEWEST_POINTS, Traits};
