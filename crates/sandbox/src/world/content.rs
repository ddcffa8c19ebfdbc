//! Videos and reels: derived from their id when asked for, never stored.
//!
//! A [`Content`] is what the platform knows for ever; [`Counts`] are what it shows at a block. What a test edits lies
//! over this, in `World`.

use super::content_id::{ContentKey, ContentKind};
use super::draw::Draw;
use super::growth::{Growth, Shape};
use super::task::{DAY_MS, HOUR_MS, Platform, Task};
use crate::clock::{BLOCK_MS, START_BLOCK, block_unix_ms};

/// Blocks after the first at which vanishing content is removed: past the first cycle, within the second.
pub const VANISH_AFTER_BLOCKS: u32 = 8_000;
/// Blocks after the first at which a later video is published, at the earliest; at the latest twice as many.
pub const LATER_AFTER_BLOCKS: u32 = 2_000;
/// The age in milliseconds of a fresh video at the first block.
const FRESH_AGE_MS: u64 = 6 * 60_000;
/// Views of a fresh video when it has been there for an hour.
const FRESH_PLATEAU: u64 = 9_000;

/// Whether content is a recording or a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// A recording.
    Recorded,
    /// On air now.
    Live,
    /// Announced for this time (Unix milliseconds).
    Upcoming(u64),
}

/// Which counts the platform shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All of them.
    All,
    /// Views, but neither likes nor comments.
    ViewsOnly,
    /// None.
    Nothing,
    /// All but a reel's views, which are null beside its plays.
    PlaysWithoutViews,
}

/// One video or reel.
#[derive(Clone, Debug)]
pub struct Content {
    /// YouTube id or short code.
    pub id: String,
    /// Where it is.
    pub platform: Platform,
    /// Title of a video.
    pub title: String,
    /// Description of a video, caption of a reel.
    pub text: String,
    /// Channel title or Instagram user.
    pub author: String,
    /// Unix time in milliseconds at which it became public, in whole seconds.
    pub published_ms: u64,
    /// From this block on it is gone.
    pub removed_at_block: Option<u32>,
    /// Set to private.
    pub private: bool,
    /// Length in seconds.
    pub duration_secs: u64,
    /// Recording or broadcast.
    pub broadcast: Broadcast,
    /// Which counts are shown.
    pub shown: Shown,
    /// The uploader declared it as synthetic.
    pub declared_synthetic: bool,
    /// The platform shows it to adults only.
    pub age_restricted: bool,
    /// The platform refused the upload.
    pub upload_rejected: bool,
    /// The truth that detectors look for: made by AI.
    pub is_ai: bool,
    /// The truth that detectors look for: not fit to be shown.
    pub is_illicit: bool,
    /// How its counts grow.
    pub growth: Growth,
}

/// The public counts at one block; `None` is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Views.
    pub views: Option<u64>,
    /// Plays of a reel, which count repeats.
    pub plays: Option<u64>,
    /// Likes.
    pub likes: Option<u64>,
    /// Comments.
    pub comments: Option<u64>,
}

impl Content {
    /// Whether anybody can see it at this block.
    pub fn is_visible(&self, block: u32) -> bool {
        let public = !self.private && block_unix_ms(block) >= self.published_ms;
        public && self.removed_at_block.is_none_or(|removed| block < removed)
    }

    /// The counts at this block.
    pub fn counts(&self, block: u32) -> Counts {
        let views = self.growth.views(self.published_ms, block_unix_ms(block).saturating_sub(self.published_ms));
        let engagement = matches!(self.shown, Shown::All | Shown::PlaysWithoutViews);
        let plays = (self.platform == Platform::Instagram && self.shown != Shown::Nothing).then(|| views + views / 3);
        Counts {
            views: matches!(self.shown, Shown::All | Shown::ViewsOnly).then_some(views),
            plays,
            likes: engagement.then(|| self.growth.likes(views)),
            comments: engagement.then(|| self.growth.comments(views)),
        }
    }
}

/// The publisher and the task of a video or reel: what it needs from the world around it.
pub(crate) struct Surroundings<'a> {
    pub(crate) task: &'a Task,
    pub(crate) hotkey: &'a str,
    pub(crate) username: &'a str,
}

/// The content of an index.
pub(crate) fn derived(seed: &Draw, id: String, key: ContentKey, around: &Surroundings<'_>) -> Content {
    let label = (u64::from(key.member) << 40) | (u64::from(key.task) << 20) | u64::from(key.slot);
    let mut draw = seed.fork(label).fork(key.kind as u64);
    let stranger = key.kind == ContentKind::Stranger;
    let tagged = !stranger && key.kind != ContentKind::Untagged;
    let made = format!("{} (take {})", around.task.description, key.slot + 1);
    Content {
        id,
        platform: around.task.platform,
        title: format!("{made}, by {}", around.username),
        text: if tagged { format!("{made}. Made with a video model.\nhotkey: {}", around.hotkey) } else { made },
        author: if stranger { "worldwide_clips".to_owned() } else { around.username.replace('-', "_") },
        published_ms: published_ms(key.kind, around.task, &mut draw),
        removed_at_block: match key.kind {
            ContentKind::Removed => Some(0),
            ContentKind::Vanishing => Some(START_BLOCK + VANISH_AFTER_BLOCKS),
            _ => None,
        },
        private: key.kind == ContentKind::Private,
        duration_secs: draw.between(12, 90),
        broadcast: match key.kind {
            ContentKind::Live => Broadcast::Live,
            ContentKind::Premiere => Broadcast::Upcoming(block_unix_ms(START_BLOCK) + 20 * DAY_MS),
            _ => Broadcast::Recorded,
        },
        shown: match key.kind {
            ContentKind::HiddenEngagement => Shown::ViewsOnly,
            ContentKind::HiddenViews => Shown::Nothing,
            ContentKind::NullViews => Shown::PlaysWithoutViews,
            _ => Shown::All,
        },
        declared_synthetic: !stranger && draw.below(4) != 0 && key.kind != ContentKind::Filmed,
        age_restricted: false,
        upload_rejected: false,
        is_ai: !matches!(key.kind, ContentKind::Filmed | ContentKind::Stranger),
        is_illicit: key.kind == ContentKind::Illicit,
        growth: growth(key.kind, &mut draw),
    }
}

fn published_ms(kind: ContentKind, task: &Task, draw: &mut Draw) -> u64 {
    let start_block_ms = block_unix_ms(START_BLOCK);
    let published = match kind {
        ContentKind::Early => task.start_ms - draw.between(HOUR_MS, 20 * DAY_MS),
        ContentKind::Fresh => start_block_ms - FRESH_AGE_MS,
        ContentKind::Later => {
            let after = draw.between(u64::from(LATER_AFTER_BLOCKS), 2 * u64::from(LATER_AFTER_BLOCKS));
            start_block_ms + after * BLOCK_MS
        }
        _ => draw.between(task.start_ms + HOUR_MS, start_block_ms - 6 * HOUR_MS),
    };
    published / 1_000 * 1_000
}

fn growth(kind: ContentKind, draw: &mut Draw) -> Growth {
    let organic = Growth::organic(draw);
    match kind {
        ContentKind::Unwatched | ContentKind::Premiere => Growth { shape: Shape::Unwatched, ..organic },
        ContentKind::Fresh => {
            Growth { shape: Shape::EarlyBurst, plateau: FRESH_PLATEAU, half_age_ms: HOUR_MS / 2, ..organic }
        }
        ContentKind::Bought => Growth {
            shape: Shape::Bought,
            plateau: draw.between(40_000, 90_000),
            half_age_ms: HOUR_MS,
            likes_per_10k: 2,
            comments_per_10k: 0,
        },
        ContentKind::Stranger => Growth {
            shape: Shape::EarlyBurst,
            plateau: draw.between(4_000_000, 9_000_000),
            half_age_ms: DAY_MS,
            ..organic
        },
        _ => organic,
    }
}
