//! The rates at which honest audiences come.

use super::chance::{between, log_normal, unit};
use super::kind::Organic;
use super::span::{STEP_HOURS, Span};
use crate::world::Draw;

/// Total views of a video: median and deviation of the logarithm, and the bounds. Spread over orders of magnitude as Cha et
/// al. found; the middle is assumed.
const VIEWS_MEDIAN: f64 = 6_000.0;
const VIEWS_DEVIATION: f64 = 1.7;
const VIEWS_RANGE: (f64, f64) = (600.0, 3_000_000.0);

/// Total views of a small audience.
const FEW_VIEWS: (f64, f64) = (20.0, 400.0);

/// Likes for each view: median and deviation of the logarithm. Assumed; audiences differ by factors.
const LIKES: (f64, f64) = (0.03, 0.6);
/// Friends like more. Assumed.
const LIKES_OF_FEW: (f64, f64) = (0.06, 0.6);
/// Comments for each like. Assumed.
const COMMENTS_PER_LIKE: (f64, f64) = (0.1, 0.7);

/// Shown advertisements: their views against the organic ones, their likes for each view against those of the audience, and
/// how many hours a campaign lasts. Assumed.
const AD_VIEWS: (f64, f64) = (0.5, 3.0);
const AD_LIKES: (f64, f64) = (0.3, 0.8);
const AD_HOURS: (f64, f64) = (24.0, 96.0);

/// Crane and Sornette's exponent.
const THETA: (f64, f64) = (0.3, 0.5);

/// Rates of views and likes in each step of a video's life, before noise.
pub(super) struct Audience {
    /// Views in each step.
    pub views: Vec<f64>,
    /// Likes for each view in each step.
    pub likes_per_view: Vec<f64>,
    /// Comments for each like.
    pub comments_per_like: f64,
    /// Whether the platform shows likes and comments.
    pub shows_likes: bool,
    pub shows_comments: bool,
}

/// Draws an audience.
pub(super) fn audience(draw: &mut Draw, kind: Organic, span: &Span) -> Audience {
    const LARGE: [Organic; 5] =
        [Organic::Decay, Organic::SlowBurn, Organic::ViralBurst, Organic::LateBloom, Organic::SecondWave];
    let shape = match kind {
        Organic::HiddenLikes => *draw.pick(&LARGE),
        Organic::SmallAudience | Organic::PaidPromotion => *draw.pick(&LARGE[..3]),
        large => large,
    };
    let (total, likes) = match kind {
        Organic::SmallAudience => (between(draw, FEW_VIEWS.0, FEW_VIEWS.1), LIKES_OF_FEW),
        _ => (log_normal(draw, VIEWS_MEDIAN, VIEWS_DEVIATION).clamp(VIEWS_RANGE.0, VIEWS_RANGE.1), LIKES),
    };
    let mut views = curve(draw, shape, span);
    scale_to(&mut views, total);
    let mut ratio = log_normal(draw, likes.0, likes.1).min(0.25);
    // Those who subscribe come first and like more; the difference fades within a day. Assumed.
    let loyalty = between(draw, 0.0, 0.5);
    let mut likes_per_view: Vec<f64> =
        span.ages().map(|age| ratio * (1.0 + loyalty * libm::exp(-age / 24.0))).collect();
    if kind == Organic::PaidPromotion {
        advertise(draw, span, total, &mut ratio, &mut views, &mut likes_per_view);
    }
    Audience {
        views,
        likes_per_view,
        comments_per_like: log_normal(draw, COMMENTS_PER_LIKE.0, COMMENTS_PER_LIKE.1),
        shows_likes: kind != Organic::HiddenLikes,
        shows_comments: kind != Organic::HiddenLikes || unit(draw) < 0.5,
    }
}

/// The rate of views over a life, on no scale.
pub(super) fn curve(draw: &mut Draw, shape: Organic, span: &Span) -> Vec<f64> {
    let theta = between(draw, THETA.0, THETA.1);
    let softening = between(draw, 3.0, 24.0);
    let decay: Vec<f64> = span.ages().map(|age| power(age, softening, -(1.0 + theta))).collect();
    // Views from search and recommendations, independent of time.
    let background = between(draw, 0.05, 0.25);
    let turn = span.first_look + between(draw, 24.0, 144.0);
    let critical = |exponent: f64, soft: f64, both_sides: bool| -> Vec<f64> {
        let rate = |age: f64| match age - turn {
            after if after >= 0.0 => power(after, soft, exponent),
            before if both_sides => power(-before, soft, exponent),
            _ => 0.0,
        };
        span.ages().map(rate).collect()
    };
    let level: Vec<f64> = span.ages().map(|_| 1.0).collect();
    match shape {
        Organic::SlowBurn => {
            let slope = between(draw, -0.3, 0.2);
            span.ages().map(|age| power(age, 12.0, slope)).collect()
        }
        Organic::ViralBurst => {
            let soft = between(draw, 2.0, 8.0);
            // At θ = 0.5 the exponent would vanish; the peak is what makes the class.
            let exponent = -(1.0 - 2.0 * theta).max(0.2) - 0.6;
            sum_of(&[(1.0 - background, critical(exponent, soft, true)), (background, level)])
        }
        Organic::LateBloom => {
            let soft = between(draw, 2.0, 8.0);
            sum_of(&[(1.0 - background / 2.0, critical(-(1.0 - theta), soft, false)), (background / 2.0, level)])
        }
        Organic::SecondWave => {
            let soft = between(draw, 2.0, 8.0);
            let second = between(draw, 0.3, 1.0);
            sum_of(&[(1.0, decay), (second, critical(-(1.0 - theta), soft, false)), (background, level)])
        }
        _ => sum_of(&[(1.0 - background, decay), (background, level)]),
    }
}

fn power(age: f64, softening: f64, exponent: f64) -> f64 {
    libm::pow(1.0 + age / softening, exponent)
}

/// Curves of one total each, weighed and added.
fn sum_of(parts: &[(f64, Vec<f64>)]) -> Vec<f64> {
    let mut sum = vec![0.0; parts.first().map_or(0, |(_, rates)| rates.len())];
    for (weight, rates) in parts {
        let total: f64 = rates.iter().sum();
        for (sum, rate) in sum.iter_mut().zip(rates) {
            *sum += weight * rate / total.max(f64::MIN_POSITIVE);
        }
    }
    sum
}

pub(super) fn scale_to(rates: &mut [f64], total: f64) {
    let sum: f64 = rates.iter().sum();
    for rate in rates {
        *rate *= total / sum.max(f64::MIN_POSITIVE);
    }
}

/// Adds a campaign: a steady rate from one hour to another, seen by people who like a little less.
fn advertise(draw: &mut Draw, span: &Span, total: f64, ratio: &mut f64, views: &mut [f64], likes_per_view: &mut [f64]) {
    let begins = span.first_look + between(draw, 0.0, 96.0);
    let ends = begins + between(draw, AD_HOURS.0, AD_HOURS.1);
    let shown = total * between(draw, AD_VIEWS.0, AD_VIEWS.1);
    let liked = *ratio * between(draw, AD_LIKES.0, AD_LIKES.1);
    let rate = shown * STEP_HOURS / (ends - begins);
    for ((age, views), likes) in span.ages().zip(views).zip(likes_per_view) {
        if age >= begins && age < ends {
            *likes = (*likes * *views + liked * rate) / (*views + rate);
            *views += rate;
        }
    }
}
