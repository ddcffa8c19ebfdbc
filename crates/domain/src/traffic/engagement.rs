//! An item's likes compared with its own likes at other times.
//!
//! Viewers who come by recommendation, sharing or advertising like at rates of the same order. Views that come without
//! any likes, or likes that come without views, were added to an audience.

use super::series::Look;
use super::statistics::weighted_median;
use crate::chain_time::Moment;

/// Views are grouped until this many likes are expected among them, so that chance gives no signal.
const LIKES_IN_BLOCK: f64 = 5.0;

/// The same for comparing movements, for which many small stretches would be dominated by chance.
const LIKES_IN_MOVEMENT: f64 = 10.0;

/// Hours after publication in which likes and views move apart by themselves: subscribers like more, and view counters
/// lag.
const UNSETTLED_HOURS: f64 = 24.0;

/// Fewest stretches, and least variance of the logarithm of the rate of likes beyond chance, with which a movement can
/// be followed.
const FEWEST_MOVEMENTS: usize = 4;
const LEAST_MOVEMENT: f64 = 0.05;

/// How far below what is expected likes may fall: viewers from advertisements and late recommendations like less.
const TOLERANCE: f64 = 3.5;

/// Silent views have less than one in this many of the likes that the item's earlier views brought, by so many standard errors;
/// so many likes must be known before, and so many views come at once.
const SILENT: f64 = 10.0;
const SILENT_CHANCE: f64 = 3.0;
const SILENT_LIKES_BEFORE: f64 = 15.0;
const SILENT_VIEWS: f64 = 1_000.0;

/// Views without the likes that go with them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unliked {
    /// The part of all views for which likes are missing.
    pub share: f64,
    /// The stretch in which most of them came: views, likes, from when, until when.
    pub worst: Stretch,
}

/// The counts between two observations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub from: Moment,
    pub until: Moment,
    pub views: f64,
    pub likes: f64,
}

impl Stretch {
    fn rate(&self) -> f64 {
        self.likes / self.views.max(1.0)
    }
}

/// The part of the views for which likes are missing, by the item's own standard. `None` where likes are hidden, or too few
/// for a standard.
pub(super) fn unliked(looks: &[Look], published_at: Option<Moment>) -> Option<Unliked> {
    let stretches = unliked_stretches(looks, published_at)?;
    let total: f64 = stretches.iter().map(|(stretch, _)| stretch.views).sum();
    let missing: f64 = stretches.iter().map(|(_, missing)| missing).sum();
    // Of equal ones the first.
    let worst = stretches.iter().rev().max_by(|left, right| left.1.total_cmp(&right.1));
    worst.map(|(worst, _)| Unliked { share: missing / total.max(1.0), worst: *worst })
}

/// Views that came with hardly a like to an item that was liked before: those of intervals with less than a tenth of the likes that
/// its earlier views brought, beyond chance, without as many views as their likes explain. Real audiences decline by less from one
/// observation to the next; and only what came before an interval is compared with it.
pub(super) fn silent_views(looks: &[Look]) -> Vec<(Moment, f64)> {
    let mut silent = Vec::new();
    let Some(mut known) = looks.first().and_then(|first| Some((first.views, first.likes?))) else { return silent };
    for pair in looks.windows(2) {
        let (Some(before), Some(after)) = (pair[0].likes, pair[1].likes) else { return silent };
        let (views, likes) = ((pair[1].views - pair[0].views).max(0.0), (after - before).max(0.0));
        let rate = known.1 / known.0.max(1.0);
        let generous = likes + SILENT_CHANCE * libm::sqrt(likes + 1.0);
        let is_known = known.1 >= SILENT_LIKES_BEFORE && views >= SILENT_VIEWS;
        if is_known && generous * SILENT < views * rate {
            silent.push((pair[1].at, views - likes / rate));
        } else {
            known = (known.0 + views, known.1 + likes);
        }
    }
    silent
}

/// The stretches, each with the views in it for which likes are missing.
pub(super) fn unliked_stretches(looks: &[Look], published_at: Option<Moment>) -> Option<Vec<(Stretch, f64)>> {
    let stretches = stretches(looks, published_at, LIKES_IN_BLOCK)?;
    let standards = standards(&stretches)?;
    let missing = |(stretch, standard): (Stretch, f64)| {
        // As many likes as may be missing by chance.
        let generous = stretch.likes + libm::sqrt(stretch.likes + 1.0);
        (stretch, (stretch.views - TOLERANCE * generous / standard).max(0.0))
    };
    Some(stretches.into_iter().zip(standards).map(missing).collect())
}

/// The rate of likes that may be expected of each stretch: that at which the item's middle like was gained, but no more than was
/// seen after the first rush. Subscribers come first and like most: real audiences like two to ten times less after a week
/// (`docs/traffic.md`). A rate that is reached again later has not declined, so it is expected.
fn standards(stretches: &[Stretch]) -> Option<Vec<f64>> {
    let middle = |stretches: &[Stretch]| {
        let mut rates: Vec<(f64, f64)> = stretches.iter().map(|stretch| (stretch.rate(), stretch.likes)).collect();
        weighted_median(&mut rates).filter(|rate| *rate > 0.0)
    };
    let usual = middle(stretches)?;
    let begun = stretches.first()?.from;
    let rush = stretches.partition_point(|stretch| stretch.from.hours_since(begun) < UNSETTLED_HOURS);
    let mut expected = middle(&stretches[rush..]).unwrap_or(usual);
    let mut standards: Vec<f64> = stretches
        .iter()
        .rev()
        .map(|stretch| {
            let standard = usual.min(expected);
            expected = expected.max(stretch.rate());
            standard
        })
        .collect();
    standards.reverse();
    Some(standards)
}

/// How far the rate of likes differs from stretch to stretch, beyond chance: the standard deviation of the true rate as a
/// part of its mean (DerSimonian and Laird 1986, for counts), less one standard error, so that it is none unless it shows.
/// `None` where likes are hidden or too few.
pub(super) fn unsteadiness(looks: &[Look], published_at: Option<Moment>) -> Option<f64> {
    let stretches = stretches(looks, published_at, LIKES_IN_BLOCK)?;
    let views: f64 = stretches.iter().map(|stretch| stretch.views).sum();
    let likes: f64 = stretches.iter().map(|stretch| stretch.likes).sum();
    if views <= 0.0 || likes <= 0.0 {
        return None;
    }
    let excess = |stretch: &Stretch| {
        let expected = likes * (stretch.views / views);
        (stretch.likes - expected) * (stretch.likes - expected) / expected.max(f64::MIN_POSITIVE)
    };
    let differences: f64 = stretches.iter().map(excess).sum();
    #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
    let free = (stretches.len() - 1) as f64;
    let beyond_chance = differences - free - libm::sqrt(2.0 * free);
    Some(libm::sqrt((beyond_chance / likes).max(0.0)))
}

/// By how much views follow likes when those come faster or slower: the slope of the logarithm of the rate of views over that
/// of likes, with the error of counted likes taken out of the latter (Fuller, *Measurement Error Models*, 1987, section 1.2).
/// About 1 for an audience, whatever moves it; less if a part of the views comes by a curve of its own. `None` where likes
/// are hidden, too few, or move too little.
pub(super) fn elasticity(looks: &[Look], published_at: Option<Moment>) -> Option<f64> {
    let published_at = published_at.unwrap_or(looks.first()?.at);
    let settled = looks.partition_point(|look| look.at.hours_since(published_at) < UNSETTLED_HOURS);
    let (begun, settled) = looks[settled..].split_first()?;
    let stretches = stretches_after(*begun, settled, LIKES_IN_MOVEMENT)?;
    if stretches.len() < FEWEST_MOVEMENTS {
        return None;
    }
    let movement = |stretch: &Stretch| {
        let (likes, hours) = (stretch.likes + 0.5, stretch.until.hours_since(stretch.from));
        [likes, libm::log(stretch.views / hours), libm::log(likes / hours), 1.0 / (stretch.likes + 1.0)]
    };
    let movements: Vec<[f64; 4]> = stretches.iter().map(movement).collect();
    let weight: f64 = movements.iter().map(|[weight, ..]| weight).sum();
    let mean = |of: &dyn Fn(&[f64; 4]) -> f64| movements.iter().map(|each| each[0] * of(each)).sum::<f64>() / weight;
    let (middle_views, middle_likes, by_chance) = (mean(&|each| each[1]), mean(&|each| each[2]), mean(&|each| each[3]));
    let together = mean(&|each| (each[1] - middle_views) * (each[2] - middle_likes));
    #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
    let part = 1.0 - 1.0 / movements.len() as f64;
    let of_likes = mean(&|each| (each[2] - middle_likes) * (each[2] - middle_likes)) - by_chance * part;
    (of_likes > LEAST_MOVEMENT).then(|| together / of_likes)
}

/// The observations grouped in stretches in which this many likes are expected, with the time before the first
/// observation. `None` unless there are several.
fn stretches(looks: &[Look], published_at: Option<Moment>, least_likes: f64) -> Option<Vec<Stretch>> {
    let begun = published_at.unwrap_or(looks.first()?.at);
    stretches_after(Look { at: begun, views: 0.0, likes: Some(0.0), comments: None }, looks, least_likes)
}

/// The same, from a given beginning.
fn stretches_after(mut begun: Look, looks: &[Look], least_likes: f64) -> Option<Vec<Stretch>> {
    let last = looks.last()?;
    let per_view = last.likes? / last.views.max(1.0);
    let mut stretches = Vec::new();
    for look in looks {
        // What is removed was gained before: what comes after is counted from there.
        begun.views = begun.views.min(look.views);
        let (views, likes) = ((look.views - begun.views).max(0.0), (look.likes? - begun.likes?).max(0.0));
        if views * per_view >= least_likes {
            stretches.push(Stretch { from: begun.at, until: look.at, views, likes });
            begun = *look;
        }
    }
    (stretches.len() > 1).then_some(stretches)
}
