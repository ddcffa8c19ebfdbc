//! What a video's views are: the label that a detector should find.

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
