//! What is ordinary before there are comparable items: likes and comments of ordinary videos in public data.
//!
//! A prior is a log-normal distribution with a spread of its own on each side, since audiences that like little are
//! further from the middle than those that like much. It is wide: about one in a hundred of the videos that it was taken
//! from is further away than what costs a tenth (`docs/traffic.md` has samples, sources and figures). Where nothing is
//! published there is no prior, and a small cohort shows correspondingly little.
//!
//! Bought views are no part of it: the signals are about those.

use crate::platform::Platform;

/// What is published about one ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prior {
    /// The ratio that is ordinary.
    pub middle: f64,
    /// The spread of its logarithm below the middle, in standard deviations of a normal distribution.
    pub below: f64,
    /// The same above it; infinite where published figures give no limit.
    pub above: f64,
}

/// What is published about a platform; `None` where nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Priors {
    pub like_rate: Option<Prior>,
    pub comment_rate: Option<Prior>,
    pub comments_to_likes: Option<Prior>,
}

/// YouTube's trending videos in the US and Great Britain in 2017 (2,313 and 1,722), and in the US in 2023 (2,082 above three minutes
/// and 434 up to three): medians of 3.3, 3.8, 5.3 and 4.8 likes in 100 views, spreads of 0.9 to 1.5 below and 0.6 to 0.9 above.
/// One in a hundred has less than 0.06, 0.08, 0.66 and 0.13. The middle is set below all of them: what trends is liked more.
const YOUTUBE_LIKES: Prior = Prior { middle: 0.025, below: 1.4, above: 0.8 };
/// In the same samples 3.6 to 4.3 comments in 1,000 views, with spreads of 0.8 to 1.0.
const YOUTUBE_COMMENTS: Prior = Prior { middle: 0.003_5, below: 1.2, above: 1.0 };
/// In the same samples 7 to 13 comments for 100 likes, with spreads of 0.6 to 0.8; one in a hundred has less than 2, and one
/// more than 65 to 250.
const YOUTUBE_COMMENTS_TO_LIKES: Prior = Prior { middle: 0.08, below: 0.9, above: 1.1 };

/// Reels: averages of 1,541 likes and 54 comments in 42,236 impressions (accounts of all sizes), and medians of 1.9 likes in 100
/// plays and 0.14 comments in 1,000 (103 reels of one account). Two such figures say little about spreads, so these are
/// wider than YouTube's. Instagram's views may be a small part of the plays: no number of likes is too many for them.
const INSTAGRAM_LIKES: Prior = Prior { middle: 0.02, below: 1.4, above: f64::INFINITY };
/// Between the 1.3 and the 0.14 in 1,000 of these.
const INSTAGRAM_COMMENTS: Prior = Prior { middle: 0.000_5, below: 1.4, above: f64::INFINITY };
/// Between 3.5 and 0.7 comments for 100 likes.
const INSTAGRAM_COMMENTS_TO_LIKES: Prior = Prior { middle: 0.015, below: 1.4, above: 1.4 };

impl Priors {
    /// What is published about this platform.
    pub(super) fn of(platform: Platform) -> Self {
        if platform == Platform::YOUTUBE {
            Self {
                like_rate: Some(YOUTUBE_LIKES),
                comment_rate: Some(YOUTUBE_COMMENTS),
                comments_to_likes: Some(YOUTUBE_COMMENTS_TO_LIKES),
            }
        } else if platform == Platform::INSTAGRAM {
            Self {
                like_rate: Some(INSTAGRAM_LIKES),
                comment_rate: Some(INSTAGRAM_COMMENTS),
                comments_to_likes: Some(INSTAGRAM_COMMENTS_TO_LIKES),
            }
        } else {
            Self::default()
        }
    }
}
