//! What sellers deliver.

use super::chance::{between, unit};
use super::kind::{Delivery, Organic};
use super::organic::{curve, scale_to};
use super::span::{STEP_HOURS, Span};
use crate::world::Draw;

/// Likes for each bought view where none are sold with them. Assumed: next to none.
const STRAY_LIKES: (f64, f64) = (0.0, 0.002);
/// Likes for each bought view where they are sold too, and comments for each view.
const SOLD_LIKES: (f64, f64) = (0.15, 0.6);
const SOLD_COMMENTS: (f64, f64) = (0.02, 0.15);

/// What was bought: views, likes and comments in each step, and what the platform takes back.
pub(super) struct Purchase {
    pub views: Vec<f64>,
    pub likes: Vec<f64>,
    pub comments: Vec<f64>,
    /// Whether bots come by day and night.
    pub never_sleeps: bool,
    /// Ages at which the platform takes back views, with the part of all bought ones.
    pub removals: Vec<(f64, f64)>,
}

/// Draws a purchase of so many views.
pub(super) fn purchase(draw: &mut Draw, delivery: Delivery, total: f64, span: &Span) -> Purchase {
    let shape = match delivery {
        Delivery::WrongEngagement => *draw.pick(&[
            Delivery::OneStep,
            Delivery::SeveralSteps,
            Delivery::ConstantDrip,
            Delivery::WithoutEngagement,
        ]),
        other => other,
    };
    let first = span.first_look;
    let mut removals = Vec::new();
    let mut views = match shape {
        Delivery::OneStep => boxes(span, &[pack(draw, first + 6.0, first + 132.0, 12.0)]),
        Delivery::SeveralSteps => {
            let packs = 3 + draw.below(4);
            let packs: Vec<_> = (0..packs).map(|_| pack(draw, first + 6.0, first + 150.0, 8.0)).collect();
            boxes(span, &packs)
        }
        Delivery::RemovedLater => {
            let (begins, ends) = pack(draw, first + 3.0, first + 72.0, 12.0);
            let part = between(draw, 0.5, 1.0);
            let at = ends + between(draw, 24.0, 72.0);
            if unit(draw) < 0.3 {
                removals.extend([(at, part / 2.0), (at + between(draw, 6.0, 12.0), part / 2.0)]);
            } else {
                removals.push((at, part));
            }
            boxes(span, &[(begins, ends)])
        }
        Delivery::ConstantDrip => {
            let begins = first + between(draw, -24.0, 36.0);
            boxes(span, &[(begins, f64::INFINITY)])
        }
        Delivery::LinearRamp => {
            let begins = first + between(draw, 0.0, 48.0);
            let ends = begins + between(draw, 48.0, 144.0);
            let rate = |age: f64| if age >= begins && age < ends { age - begins + STEP_HOURS } else { 0.0 };
            span.ages().map(rate).collect()
        }
        Delivery::WithoutEngagement | Delivery::WrongEngagement => {
            let like = *draw.pick(&[Organic::Decay, Organic::SlowBurn, Organic::ViralBurst]);
            curve(draw, like, span)
        }
    };
    // Servers are not perfectly even.
    for rate in &mut views {
        *rate *= between(draw, 0.8, 1.2);
    }
    scale_to(&mut views, total);
    let (likes, comments) = engagement(draw, delivery);
    Purchase {
        likes: views.iter().map(|views| views * likes).collect(),
        comments: views.iter().map(|views| views * comments).collect(),
        views,
        never_sleeps: shape != Delivery::WithoutEngagement,
        removals,
    }
}

/// Likes and comments for each bought view.
fn engagement(draw: &mut Draw, delivery: Delivery) -> (f64, f64) {
    let stray = between(draw, STRAY_LIKES.0, STRAY_LIKES.1);
    if delivery != Delivery::WrongEngagement {
        return (stray, stray * 0.05);
    }
    let likes = between(draw, SOLD_LIKES.0, SOLD_LIKES.1);
    let comments = between(draw, SOLD_COMMENTS.0, SOLD_COMMENTS.1);
    match draw.below(3) {
        0 => (likes, 0.0),
        1 => (stray, comments),
        _ => (likes, likes * between(draw, 0.5, 1.5)),
    }
}

/// When a pack begins and ends: it begins between two ages and takes 2 hours or more.
fn pack(draw: &mut Draw, earliest: f64, latest: f64, longest_hours: f64) -> (f64, f64) {
    let begins = between(draw, earliest, latest);
    (begins, begins + between(draw, 2.0, longest_hours))
}

/// Packs of one size each, at an even rate.
fn boxes(span: &Span, packs: &[(f64, f64)]) -> Vec<f64> {
    let rate = |age: f64| {
        let hours = |&(begins, ends): &(f64, f64)| (ends.min(1e6) - begins).max(STEP_HOURS);
        packs.iter().filter(|(begins, ends)| age >= *begins && age < *ends).map(|pack| 1.0 / hours(pack)).sum()
    };
    span.ages().map(rate).collect()
}
