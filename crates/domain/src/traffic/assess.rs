//! From traits to an authenticity.
//!
//! Each signal has a weight between 0 and 1 that rises softly with what was measured: `w = cap × s² ÷ (1 + s²)`, where a
//! size `s` of 1 is as much as is hard to explain without purchase. `authenticity = Π (1 − w)`. All but a fall count in
//! proportion to the number of observations until there are enough of them.

use super::cohort::{Baseline, Baselines, Deviation};
use super::engagement::Unliked;
use super::shape::Surge;
use super::signal::{Signal, SignalKind, TrafficFinding};
use super::statistics::soft_step;
use super::traits::{ENOUGH_POINTS, FEWEST_POINTS, Traits};

/// A lower authenticity lowers the score. Values above are within the error of the method and have no effect.
pub const DISCOUNT_BELOW: f64 = 0.9;

/// A lower authenticity rejects, or holds, where the policy says so.
pub const REJECT_BELOW: f64 = 0.5;

/// Signals of less weight are not reported.
const LEAST_TOLD: f64 = 0.01;

/// A doubt of less weight is not reported: half of its maximum.
const LEAST_DOUBT_TOLD: f64 = DOUBT_CAP / 2.0;

/// The part of views lost that is a size of 1: platforms correct honest counts by a few percent at most.
const FALL: f64 = 0.08;
/// The part of views without likes, or in dead surges, that is a size of 1.
const UNLIKED: f64 = 0.3;
const SURGE: f64 = 0.3;
/// Deviations from a cohort below the first number are ordinary; the second one more is a size of 1.
const ENGAGEMENT: (f64, f64) = (1.45, 3.0);
const FEW_COMMENTS: (f64, f64) = (1.8, 3.0);
const EXCESS: (f64, f64) = (2.2, 3.0);
const EVENNESS: (f64, f64) = (1.8, 2.5);

/// The maximum of each signal.
const FALL_CAP: f64 = 0.95;
const UNLIKED_CAP: f64 = 0.95;
const SURGE_CAP: f64 = 0.8;
const SURGE_UNSEEN_CAP: f64 = 0.4;
const ENGAGEMENT_CAP: f64 = 0.95;
const COMMENTS_CAP: f64 = 0.7;
const EVENNESS_CAP: f64 = 0.5;
/// Less than what discounts.
const DOUBT_CAP: f64 = 0.095;

/// A doubt begins this many spreads above the cohort's middle rate of likes, and each of these is a size of 1: so many
/// spreads below that, likes that come at rates which differ by one and a half of their mean, views that follow likes
/// by a quarter, or views that are ten spreads more even than the cohort's.
const DOUBT_BEGINS: f64 = 0.3;
const DOUBT_OF_LIKES: f64 = 1.2;
const DOUBT_OF_UNSTEADINESS: f64 = 1.5;
const DOUBT_OF_INELASTICITY: f64 = 0.75;
const DOUBT_OF_EVENNESS: f64 = 10.0;

/// Weighs the traits of an item. `None` if it has too few observations.
pub fn assess(traits: &Traits, baselines: &Baselines) -> Option<TrafficFinding> {
    let mut signals: Vec<Signal> = Vec::new();
    signals.extend(traits.fall.as_deref().map(|fall| {
        let ((from, before), (until, after)) = (fall.from, fall.to);
        let kind = SignalKind::ViewsFell {
            from,
            views_before: count(before),
            until,
            views_after: count(after),
            lost_share: fall.share,
        };
        Signal { weight: FALL_CAP * soft_step(fall.share / FALL), kind }
    }));
    let baseline = baselines.of_cohort(traits);
    if traits.is_compared() {
        let mut others = of_itself(traits);
        others.extend(of_cohort(traits, &baseline));
        let known = known_share(traits.point_count);
        signals.extend(others.into_iter().map(|signal| Signal { weight: signal.weight * known, ..signal }));
    } else if signals.is_empty() {
        return None;
    }
    let found = signals.iter().map(|signal| 1.0 - signal.weight).product::<f64>().clamp(0.0, 1.0);
    let doubt = doubt(traits, &baseline)
        .map(|doubt| Signal { weight: doubt.weight * known_share(traits.point_count), ..doubt });
    // A doubt only ranks items that have no signals against them; it discounts none.
    let room = (found - DISCOUNT_BELOW).max(0.0) / (1.0 - DISCOUNT_BELOW);
    let authenticity = found - room * doubt.as_ref().map_or(0.0, |doubt| doubt.weight);
    signals.extend(doubt.filter(|doubt| doubt.weight >= LEAST_DOUBT_TOLD));
    signals.retain(|signal| signal.weight >= LEAST_TOLD);
    signals.sort_by(|left, right| right.weight.total_cmp(&left.weight));
    Some(TrafficFinding { authenticity, signals })
}

/// Whether the item's own signals are weighty enough to discount. Weights only decide that: how much is not believed is a number of
/// views, so no more is taken than came.
pub(super) fn is_disbelieved(unliked: Option<&Unliked>, surge: Option<&Surge>, point_count: usize) -> bool {
    let known = known_share(point_count);
    let unliked = unliked.map_or(0.0, |unliked| UNLIKED_CAP * soft_step(unliked.share / UNLIKED));
    let surge = surge.map_or(0.0, |surge| {
        let cap = if surge.likes_shown { SURGE_CAP } else { SURGE_UNSEEN_CAP };
        cap * soft_step(surge.share / SURGE)
    });
    (1.0 - known * unliked) * (1.0 - known * surge) < DISCOUNT_BELOW
}

/// How much this many observations show: from a quarter to all.
fn known_share(point_count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
    let (points, fewest, enough) = (point_count as f64, FEWEST_POINTS as f64, ENOUGH_POINTS as f64);
    (0.25 + 0.75 * (points - fewest) / (enough - fewest)).min(1.0)
}

/// The signals of an item's own history.
fn of_itself(traits: &Traits) -> Vec<Signal> {
    let unliked = traits.unliked.as_deref().map(|unliked| Signal {
        weight: UNLIKED_CAP * soft_step(unliked.share / UNLIKED),
        kind: SignalKind::ViewsWithoutLikes {
            from: unliked.worst.from,
            until: unliked.worst.until,
            views: count(unliked.worst.views),
            likes: count(unliked.worst.likes),
            share: unliked.share,
        },
    });
    let surge = traits.surge.as_deref().map(|surge| Signal {
        weight: if surge.likes_shown { SURGE_CAP } else { SURGE_UNSEEN_CAP } * soft_step(surge.share / SURGE),
        kind: SignalKind::SurgeStoppedDead {
            from: surge.from,
            until: surge.until,
            views: count(surge.views),
            share: surge.share,
        },
    });
    unliked.into_iter().chain(surge).collect()
}

/// The signals of the comparison with other items.
fn of_cohort(traits: &Traits, baseline: &Baseline) -> Vec<Signal> {
    let mut signals = Vec::new();
    if let Some(likes) = baseline.likes(traits) {
        let (rate, ordinary) = (rate(traits.likes, traits.views), likes.ordinary);
        let few = ENGAGEMENT_CAP * weight(likes.below, ENGAGEMENT);
        signals.push(signal(few, SignalKind::FewLikes { rate, ordinary, deviations: likes.below }));
        let many = ENGAGEMENT_CAP * weight(likes.above, EXCESS);
        signals.push(signal(many, SignalKind::ManyLikes { rate, ordinary, deviations: likes.above }));
    }
    if let Some(comments) = baseline.comments(traits) {
        let (rate, ordinary) = (rate(traits.comments, traits.views), comments.ordinary);
        // Viewers who like little also comment little: that is one signal and not two.
        let few = COMMENTS_CAP * weight(comments.below, FEW_COMMENTS);
        if signals.iter().all(|signal| signal.weight < few) {
            signals.clear();
            signals.push(signal(few, SignalKind::FewComments { rate, ordinary, deviations: comments.below }));
        }
        let many = COMMENTS_CAP * weight(comments.above, EXCESS);
        signals.push(signal(many, SignalKind::ManyComments { rate, ordinary, deviations: comments.above }));
    }
    if let Some(Deviation { below, above, ordinary }) = baseline.comments_to_likes(traits) {
        let deviations = above.max(below);
        let rate = rate(traits.comments, traits.likes.unwrap_or_default());
        let kind = SignalKind::CommentsAgainstLikes { rate, ordinary, deviations };
        signals.push(signal(ENGAGEMENT_CAP * weight(deviations, EXCESS), kind));
    }
    if let (Some(deviations), Some(waver)) = (baseline.evenness(traits), traits.waver) {
        let kind = SignalKind::NoNights { waver, deviations };
        signals.push(signal(EVENNESS_CAP * weight(deviations, EVENNESS), kind));
    }
    signals
}

/// Values that are ordinary one by one and less so together: few likes, at rates that change, of views without nights.
/// `None` for an item with too few observations.
fn doubt(traits: &Traits, baseline: &Baseline) -> Option<Signal> {
    traits.is_compared().then(|| {
        let likes = baseline.likes(traits).map(|likes| likes.below);
        let evenness = baseline.evenness(traits);
        let below = likes.map_or(0.0, |below| (below + DOUBT_BEGINS).max(0.0));
        let unsteadiness = traits.unsteadiness.unwrap_or_default();
        let size = below / DOUBT_OF_LIKES
            + unsteadiness / DOUBT_OF_UNSTEADINESS
            + traits.elasticity.map_or(0.0, |elasticity| (1.0 - elasticity).clamp(0.0, 1.0)) / DOUBT_OF_INELASTICITY
            + evenness.unwrap_or_default().max(0.0) / DOUBT_OF_EVENNESS;
        signal(
            DOUBT_CAP * soft_step(size),
            SignalKind::FaintSigns { below: likes, unsteadiness: traits.unsteadiness, elasticity: traits.elasticity },
        )
    })
}

const fn signal(weight: f64, kind: SignalKind) -> Signal {
    Signal { weight, kind }
}

fn weight(deviations: f64, (ordinary, one): (f64, f64)) -> f64 {
    soft_step((deviations - ordinary) / one)
}

fn rate(upper: Option<f64>, lower: f64) -> f64 {
    upper.unwrap_or_default() / lower.max(1.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that came from a u64")]
const fn count(number: f64) -> u64 {
    number as u64
}
