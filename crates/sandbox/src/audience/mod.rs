//! Videos with traffic that is known to be honest or bought, for testing detectors that claim to distinguish the two.
//!
//! [`film`] draws one labelled video: its organic audience, what was bought on top, and what a platform's counters show
//! of both on a schedule of observations. A pure function of kind, seed and schedule, independent of any detector.
//!
//! Where the parameters come from:
//!
//! - The curves are the classes of Crane and Sornette, *Robust dynamic classes revealed by measuring the response
//!   function of a social system*, PNAS 105 (2008), with their exponent θ = 0.4 ± 0.1: an exogenous shock relaxes as
//!   `t^−(1+θ)` if the audience is sub-critical and as `t^−(1−θ)` if it is critical; an endogenous critical one rises and
//!   falls as `|t−t_c|^−(1−2θ)`; an endogenous sub-critical one only fluctuates.
//! - That sizes spread over orders of magnitude and that most videos get most views early: Cha et al., *I Tube, You Tube,
//!   Everybody Tubes*, IMC 2007. That audiences sleep: Gill et al., *YouTube Traffic Characterization*, IMC 2007.
//! - That a platform removes fake views late and often only in part, and sometimes takes back honest ones: Castaldo et al.
//!   2022 (arXiv 2210.01096). That bots view at steady rates by day and night: Marciel et al. 2015 (arXiv 1507.08874).
//!   That bought engagement comes in proportions unlike those of audiences: Dutta et al. 2020 (arXiv 2005.06243).
//!
//! What none of them states is assumed, and marked so beside its constant: shares of likes and comments, the noise of
//! rates, how paid promotion is liked, and how much of a mixture is bought.

mod bought;
mod chance;
mod film;
mod kind;
mod organic;
mod span;

pub use film::{Film, Look, film, mixture};
pub use kind::{Delivery, Kind, Organic};
