//! Videos whose traffic is known to be honest or bought, for testing whoever claims to tell the two apart.
//!
//! [`film`] draws one labelled video: its organic audience, what was bought on top, and what a platform's counters show
//! of both on a schedule of looks. A pure function of kind, seed and schedule; it knows nothing of any detector.
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
mod organic;

pub use film::{Film, Look, film, mixture};

/// How the views of an honest video come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Organic {
    /// A burst at publication that dies down by a power law.
    Decay,
    /// A level that fluctuates.
    SlowBurn,
    /// Word of mouth: a peak days after publication, as steep before as after.
    ViralBurst,
    /// Next to nothing for days, until somebody large links to it.
    LateBloom,
    /// A burst at publication, and a wave of recommendations days later.
    SecondWave,
    /// Some dozens or hundreds of people, friends among them.
    SmallAudience,
    /// A campaign of shown advertisements on top, from one hour to another.
    PaidPromotion,
    /// Any of the larger ones, with likes hidden, and comments in half of them.
    HiddenLikes,
}

/// How bought views are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// All within hours.
    OneStep,
    /// Three to six packs.
    SeveralSteps,
    /// The same rate day and night.
    ConstantDrip,
    /// A rate that grows linearly for days and ends.
    LinearRamp,
    /// A curve like an audience's, with its nights, by viewers who never like or comment.
    WithoutEngagement,
    /// With likes, comments or both from bots, out of proportion.
    WrongEngagement,
    /// A burst that the platform removes days later.
    RemovedLater,
}

/// The label of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing is bought.
    Honest(Organic),
    /// Nearly all views are bought.
    Bought(Delivery),
    /// A real audience, and bought views beside it.
    Mixed(Delivery),
}

impl Organic {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Decay,
        Self::SlowBurn,
        Self::ViralBurst,
        Self::LateBloom,
        Self::SecondWave,
        Self::SmallAudience,
        Self::PaidPromotion,
        Self::HiddenLikes,
    ];
}

impl Delivery {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::OneStep,
        Self::SeveralSteps,
        Self::ConstantDrip,
        Self::LinearRamp,
        Self::WithoutEngagement,
        Self::WrongEngagement,
        Self::RemovedLater,
    ];
}

impl Kind {
    /// Every kind: the honest ones, the bought ones, the mixtures.
    pub fn all() -> Vec<Self> {
        let honest = Organic::ALL.into_iter().map(Self::Honest);
        let bought = Delivery::ALL.into_iter().map(Self::Bought);
        let mixed = Delivery::ALL.into_iter().map(Self::Mixed);
        honest.chain(bought).chain(mixed).collect()
    }

    /// Whether nothing is bought.
    pub const fn is_honest(self) -> bool {
        matches!(self, Self::Honest(_))
    }
}
