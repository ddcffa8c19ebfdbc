//! How the miners of the sandbox behave: one variant for each kind of honesty or attack that a validator must survive.
//!
//! A miner may show several at once; what each puts into the world is in `submissions.rs` and `population.rs`.

/// One kind of behaviour of a miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Conduct {
    /// Valid submissions on every task of both platforms, and one more video added at a later block.
    Honest,
    /// Submits the video ids of the first honest miner, under an older commitment but a later gist.
    CopiesAnother,
    /// Lists the same pair of its own twice.
    RepeatsOwnPair,
    /// Submits content published before the task's `start_at`.
    PublishesEarly,
    /// Submits a live stream and an announced premiere.
    GoesLive,
    /// Submits ids that never existed, that were removed, that are private, and one that is removed at a later block.
    SubmitsMissing,
    /// Hides likes and comments of one video, and the view count too of another.
    HidesCounts,
    /// Submits well-formed entries with ids that break the grammar: addresses, slashes, quotes, ANSI, `../`,
    /// look-alikes.
    InvalidIds,
    /// More than five valid submissions in one task.
    FloodsTask,
    /// Entries that are not pairs of strings between valid ones: numbers, nulls, objects, NUL in an id.
    MalformedItems,
    /// A gist with the key `submissions` twice.
    DuplicateKeys,
    /// A gist that is not JSON: cut short, with a byte-order mark, a raw NUL and a byte that is not UTF-8.
    BrokenGist,
    /// A gist over 262,144 bytes.
    HugeGist,
    /// Commits to a gist that does not exist (404).
    MissingGist,
    /// Its gist is secret: it can be fetched, but the API says `"public": false`.
    SecretGist,
    /// Submits to a task id that no validator published.
    UnknownTask,
    /// Commits exactly the text that the first honest miner committed.
    PointsAtAnothersGist,
    /// Commits its own username with the gist id of another (404 at the raw address).
    ClaimsAnothersGist,
    /// A video that nobody has watched.
    ZeroViews,
    /// A video minutes old at the first block, with thousands of views.
    FreshVideo,
    /// Reels with `videoViewCount` null.
    NullReelViews,
    /// Commits text that is not `username:gist_id`.
    MalformedCommitment,
    /// Buys views in one step; the platform takes most of them away at a later block.
    BuysViews,
    /// Submits a viral video of somebody outside the subnet, without a hotkey in its description.
    SubmitsStranger,
    /// Submits what a camera filmed as if it were made by AI.
    FilmsReality,
    /// Submits content that is not fit to be shown.
    PostsIllicit,
}

impl Conduct {
    /// Every kind, in declaration order.
    pub const ALL: [Conduct; 26] = [
        Conduct::Honest,
        Conduct::CopiesAnother,
        Conduct::RepeatsOwnPair,
        Conduct::PublishesEarly,
        Conduct::GoesLive,
        Conduct::SubmitsMissing,
        Conduct::HidesCounts,
        Conduct::InvalidIds,
        Conduct::FloodsTask,
        Conduct::MalformedItems,
        Conduct::DuplicateKeys,
        Conduct::BrokenGist,
        Conduct::HugeGist,
        Conduct::MissingGist,
        Conduct::SecretGist,
        Conduct::UnknownTask,
        Conduct::PointsAtAnothersGist,
        Conduct::ClaimsAnothersGist,
        Conduct::ZeroViews,
        Conduct::FreshVideo,
        Conduct::NullReelViews,
        Conduct::MalformedCommitment,
        Conduct::BuysViews,
        Conduct::SubmitsStranger,
        Conduct::FilmsReality,
        Conduct::PostsIllicit,
    ];
}

/// The first twelve miners: six honest ones, and six that break rules.
const OPENING: [&[Conduct]; 12] = [
    &[Conduct::Honest],
    &[Conduct::Honest],
    &[Conduct::CopiesAnother, Conduct::RepeatsOwnPair, Conduct::BuysViews],
    &[Conduct::Honest],
    &[Conduct::PublishesEarly, Conduct::GoesLive, Conduct::FilmsReality],
    &[Conduct::Honest],
    &[Conduct::SubmitsMissing, Conduct::HidesCounts, Conduct::PostsIllicit],
    &[Conduct::Honest],
    &[Conduct::FloodsTask],
    &[Conduct::Honest],
    &[Conduct::InvalidIds, Conduct::MalformedItems, Conduct::UnknownTask],
    &[Conduct::MalformedCommitment],
];

/// Those who join from the thirteenth on, each between two honest miners.
const LATECOMERS: [&[Conduct]; 14] = [
    &[Conduct::ZeroViews, Conduct::FreshVideo],
    &[Conduct::HugeGist],
    &[Conduct::MissingGist],
    &[Conduct::SecretGist],
    &[Conduct::PointsAtAnothersGist],
    &[Conduct::BuysViews],
    &[Conduct::NullReelViews],
    &[Conduct::ClaimsAnothersGist],
    &[Conduct::DuplicateKeys],
    &[Conduct::BrokenGist],
    &[Conduct::SubmitsStranger],
    &[Conduct::CopiesAnother],
    &[Conduct::FloodsTask],
    &[Conduct::SubmitsMissing],
];

/// The cast of a world with so many miners: the same opening for every size, then one hostile miner in two.
pub(crate) fn default_cast(miners: u32) -> Vec<Vec<Conduct>> {
    let honest: &[Conduct] = &[Conduct::Honest];
    let joining = LATECOMERS.into_iter().cycle().flat_map(|latecomer| [latecomer, honest]);
    OPENING.into_iter().chain(joining).take(miners as usize).map(<[Conduct]>::to_vec).collect()
}
