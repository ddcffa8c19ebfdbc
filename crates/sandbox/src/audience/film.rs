//! One video's life in half hours, and what its platform's counters show of it.

use super::bought::{Purchase, purchase};
use super::chance::{between, log_normal, normal, poisson, unit};
use super::kind::{Delivery, Kind, Organic};
use super::organic::{Audience, audience};
use super::span::{STEP_HOURS, Span};
use crate::world::Draw;

/// A video's age in hours at the first observation. Assumed: a validator that polls a subnet sees videos in their
/// first days.
const AGE_AT_FIRST_LOOK: (f64, f64) = (1.0, 72.0);

/// How far the rate of views falls and rises with day and night, as a part of its mean.
const NIGHT_DEPTH: (f64, f64) = (0.25, 0.7);

/// Noise of rates: deviation of the logarithm, and the hours in which it is forgotten. Assumed.
const NOISE: (f64, f64) = (0.25, 6.0);

/// The part of all views that is bought: nearly all, or of a mixture.
const BOUGHT_SHARE: (f64, f64) = (0.85, 0.99);
const MIXED_SHARE: (f64, f64) = (0.4, 0.8);

/// One honest video in so many loses a few views to the platform's audits, up to this part of them. Assumed.
const AUDITED_ONE_IN: u64 = 20;
const AUDITED_PART: f64 = 0.01;

/// The hours by which a counter of views may lag behind that of likes.
const LONGEST_LAG_HOURS: f64 = 2.0;

/// A video with its label.
#[derive(Clone, Debug, PartialEq)]
pub struct Film {
    /// The truth.
    pub kind: Kind,
    /// Hours from publication to the first look.
    pub age_at_first_look_hours: f64,
    /// Length in seconds.
    pub duration_secs: u32,
    /// What the counters show, in order of time.
    pub looks: Vec<Look>,
}

/// What a platform's counters show at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Hours since the first look.
    pub hours: f64,
    /// Views.
    pub views: Option<u64>,
    /// Likes; `None` if hidden.
    pub likes: Option<u64>,
    /// Comments; `None` if hidden.
    pub comments: Option<u64>,
}

/// Sums of views, likes and comments up to each step.
struct Totals {
    views: Vec<f64>,
    likes: Vec<f64>,
    comments: Vec<f64>,
}

/// Draws one video of a kind and what its counters show at `schedule`, in hours since the first look.
pub fn film(kind: Kind, seed: u64, schedule: &[f64]) -> Film {
    let shares = match kind {
        Kind::Honest(_) => (0.0, 0.0),
        Kind::Bought(_) => BOUGHT_SHARE,
        Kind::Mixed(_) => MIXED_SHARE,
    };
    film_of(kind, shares, seed, schedule)
}

/// Draws a mixture of which this part of all views, 0 to 1, is bought.
pub fn mixture(delivery: Delivery, share: f64, seed: u64, schedule: &[f64]) -> Film {
    film_of(Kind::Mixed(delivery), (share, share), seed, schedule)
}

fn film_of(kind: Kind, shares: (f64, f64), seed: u64, schedule: &[f64]) -> Film {
    let number = Kind::all().iter().position(|other| *other == kind).unwrap_or_default();
    let mut draw = Draw::new(seed).fork(number as u64);
    let last = schedule.iter().copied().fold(0.0, f64::max);
    // As many of the first hours as of the last.
    let ratio = AGE_AT_FIRST_LOOK.1 / AGE_AT_FIRST_LOOK.0;
    let first_look = AGE_AT_FIRST_LOOK.0 * libm::pow(ratio, unit(&mut draw));
    let span = Span { first_look, steps: ((first_look + last) / STEP_HOURS) as usize + 1 };
    let organic = match kind {
        Kind::Honest(organic) => organic,
        Kind::Bought(_) | Kind::Mixed(_) => {
            *draw.pick(&[Organic::Decay, Organic::SlowBurn, Organic::ViralBurst, Organic::SecondWave])
        }
    };
    let mut audience = audience(&mut draw, organic, &span);
    let share = match kind {
        Kind::Honest(_) => 0.0,
        Kind::Bought(_) | Kind::Mixed(_) => between(&mut draw, shares.0, shares.1),
    };
    let purchase = match kind {
        Kind::Honest(_) => None,
        Kind::Bought(delivery) | Kind::Mixed(delivery) => {
            let organic: f64 = audience.views.iter().sum();
            // A buyer of nearly all views has a small audience; the total does not change.
            audience.views.iter_mut().for_each(|views| *views *= 1.0 - share);
            Some(purchase(&mut draw, delivery, organic * share, &span))
        }
    };
    let totals = live(&mut draw, &audience, purchase.as_ref(), &span);
    let removals = removals(&mut draw, purchase.as_ref(), &totals, first_look);
    let lag = between(&mut draw, 0.0, LONGEST_LAG_HOURS);
    let looks = schedule.iter().map(|hours| {
        let age = first_look + hours;
        let removed: f64 = removals.iter().filter(|(at, _)| *at <= age).map(|(_, views)| views).sum();
        let views = at(&totals.views, (age - lag).max(0.0)) - removed;
        Look {
            hours: *hours,
            views: Some(views.max(0.0) as u64),
            likes: audience.shows_likes.then(|| at(&totals.likes, age) as u64),
            comments: audience.shows_comments.then(|| at(&totals.comments, age) as u64),
        }
    });
    let duration_secs = log_normal(&mut draw, 40.0, 1.0).clamp(5.0, 1_800.0) as u32;
    Film { kind, age_at_first_look_hours: first_look, duration_secs, looks: looks.collect() }
}

fn at(totals: &[f64], age: f64) -> f64 {
    let step = (age / STEP_HOURS) as usize;
    totals.get(step.min(totals.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Ages at which the platform takes back views, and how many.
fn removals(draw: &mut Draw, purchase: Option<&Purchase>, totals: &Totals, first_look: f64) -> Vec<(f64, f64)> {
    let audited = draw.below(AUDITED_ONE_IN) == 0;
    let (when, part) = (between(draw, 0.0, 168.0), between(draw, 0.0, AUDITED_PART));
    match purchase {
        Some(purchase) => {
            let bought: f64 = purchase.views.iter().sum();
            purchase.removals.iter().map(|(age, part)| (*age, part * bought)).collect()
        }
        None if audited => vec![(first_look + when, part * at(&totals.views, first_look + when))],
        None => Vec::new(),
    }
}

/// Lives the life: counts are drawn in each half hour.
fn live(draw: &mut Draw, audience: &Audience, purchase: Option<&Purchase>, span: &Span) -> Totals {
    let depth = between(draw, NIGHT_DEPTH.0, NIGHT_DEPTH.1);
    let midday = between(draw, 0.0, 24.0);
    let kept = libm::exp(-STEP_HOURS / NOISE.1);
    let mut noise = NOISE.0 * normal(draw);
    let mut totals = Totals { views: Vec::new(), likes: Vec::new(), comments: Vec::new() };
    let (mut views, mut likes, mut comments) = (0.0, 0.0, 0.0);
    for (step, age) in span.ages().enumerate() {
        let day = 1.0 + depth * libm::cos(std::f64::consts::TAU * (age - midday) / 24.0);
        noise = kept * noise + NOISE.0 * libm::sqrt(1.0 - kept * kept) * normal(draw);
        let watched = poisson(draw, audience.views[step] * day * libm::exp(noise));
        let liked = poisson(draw, watched * audience.likes_per_view[step]);
        views += watched;
        likes += liked;
        comments += poisson(draw, watched * audience.likes_per_view[step] * audience.comments_per_like);
        if let Some(purchase) = purchase {
            let day = if purchase.never_sleeps { 1.0 } else { day };
            views += poisson(draw, purchase.views[step] * day);
            likes += poisson(draw, purchase.likes[step] * day);
            comments += poisson(draw, purchase.comments[step] * day);
        }
        totals.views.push(views);
        totals.likes.push(likes);
        totals.comments.push(comments);
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_six_hours() -> Vec<f64> {
        (0..28).map(|look| f64::from(look) * 6.0).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_film_and_another_gives_another() {
        let schedule = every_six_hours();
        for kind in Kind::all() {
            assert_eq!(film(kind, 7, &schedule), film(kind, 7, &schedule));
            assert_ne!(film(kind, 7, &schedule), film(kind, 8, &schedule));
        }
    }

    #[test]
    fn only_what_a_platform_takes_back_makes_a_counter_fall() {
        let schedule = every_six_hours();
        for kind in Kind::all() {
            let deepest = (0..40).map(|seed| deepest_fall(&film(kind, seed, &schedule))).fold(0.0, f64::max);
            match kind {
                Kind::Bought(super::super::kind::Delivery::RemovedLater) => {
                    assert!(deepest > 0.3, "{kind:?}: {deepest}")
                }
                Kind::Mixed(super::super::kind::Delivery::RemovedLater) => {
                    assert!(deepest > 0.1, "{kind:?}: {deepest}")
                }
                _ => assert!(deepest < 0.05, "{kind:?}: {deepest}"),
            }
        }
    }

    #[test]
    fn who_hides_likes_shows_views() {
        let hidden = film(Kind::Honest(Organic::HiddenLikes), 3, &every_six_hours());
        assert!(hidden.looks.iter().all(|look| look.likes.is_none() && look.views.is_some()));
    }

    fn deepest_fall(film: &Film) -> f64 {
        let views: Vec<f64> = film.looks.iter().filter_map(|look| look.views).map(|views| views as f64).collect();
        views.windows(2).map(|pair| (pair[0] - pair[1]) / pair[0].max(1.0)).fold(0.0, f64::max)
    }
}
