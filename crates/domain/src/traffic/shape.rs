//! The curve of an item's views alone: falls, surges that stop abruptly, and rates without nights.

use super::series::Look;
use super::statistics::{median, weighted_median};
use crate::chain_time::Moment;
use std::ops::RangeInclusive;

/// An interval with fewer views is attributed to chance.
const FEWEST_VIEWS_OF_A_SURGE: f64 = 100.0;

/// A surge is at least this many times as fast as the middle of the intervals.
const SURGE: f64 = 5.0;

/// The remaining rate after a surge that stopped abruptly. An audience that was pointed to an item forgets it by a
/// power law: with these intervals, at least a tenth of the first rush is left after two intervals.
const STOPPED: f64 = 0.05;

/// A surge counts as liked if it has one in this many of the usual likes.
const LIKED_ENOUGH: f64 = 4.0;

/// Fewest likes after a surge that show how views are liked then, and the most that they can make usual: below what ordinary
/// audiences like.
const FEWEST_LIKES_AFTER: f64 = 5.0;
const LIKED_AFTER: f64 = 0.02;

/// A day's nights can be seen in intervals no longer than this.
const LONGEST_HOURS_FOR_NIGHTS: f64 = 6.5;

/// Intervals that are needed to see nights: three days of four.
const INTERVALS_FOR_NIGHTS: usize = 12;

/// An interval with fewer views is too noisy to show a night.
const FEWEST_VIEWS_FOR_NIGHTS: f64 = 30.0;

/// Falls of fewer views are ignored: servers that lag behind each other, and corrections of a handful, show nothing.
const FEWEST_VIEWS_LOST: f64 = 20.0;

/// Falls by a smaller part of the highest count are ignored: platforms correct honest counts by as much.
const LEAST_PART_LOST: f64 = 0.02;

/// A count that fell and did not recover.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fall {
    /// What was lost, as a part of the highest count.
    pub share: f64,
    /// When the count was highest, the last time.
    pub from: (Moment, f64),
    /// The best count since the lowest one after that.
    pub to: (Moment, f64),
}

/// The fall from the highest count to the best one since the lowest after it: what recovered was not taken away, so a
/// server that lagged behind has no effect. Falls do not add up: a count that wavers loses nothing, however often it is
/// observed.
pub(super) fn fall(looks: &[Look]) -> Option<Fall> {
    // Of equal counts `max_by` gives the last one.
    let (place, highest) = looks.iter().enumerate().max_by(|left, right| left.1.views.total_cmp(&right.1.views))?;
    let later = &looks[place + 1..];
    let (depth, _) = later.iter().enumerate().min_by(|left, right| left.1.views.total_cmp(&right.1.views))?;
    let after = later[depth..].iter().max_by(|left, right| left.views.total_cmp(&right.views))?;
    is_fall(highest.views, after.views).then_some(Fall {
        share: 1.0 - after.views / highest.views,
        from: (highest.at, highest.views),
        to: (after.at, after.views),
    })
}

/// The least count that later observations confirm, each by the next one, so that a server which lagged behind shows nothing;
/// of an item that is gone, the last one counts alone. `None` if no later count is lower than `shown` by as much as a fall is.
pub(super) fn later_fall(later: &[Look], shown: f64, is_gone: bool) -> Option<(Moment, f64)> {
    let confirmed = later.windows(2).map(|pair| (pair[1].at, pair[0].views.max(pair[1].views)));
    let last = later.last().filter(|_| is_gone).map(|last| (last.at, last.views));
    let (at, least) =
        confirmed.chain(last).min_by(|left, right| left.1.total_cmp(&right.1).then(left.0.cmp(&right.0)))?;
    is_fall(shown, least).then_some((at, least))
}

/// Whether any count has a [`later_fall`].
pub(super) fn ever_fell(looks: &[Look], is_gone: bool) -> bool {
    let mut highest: f64 = 0.0;
    looks.iter().enumerate().any(|(place, look)| {
        let confirmed = looks.get(place + 1).map(|next| next.views.max(look.views));
        let fell = confirmed.or(is_gone.then_some(look.views)).is_some_and(|count| is_fall(highest, count));
        highest = highest.max(look.views);
        fell
    })
}

/// Whether so many fewer views are more than what servers and corrections make.
fn is_fall(before: f64, after: f64) -> bool {
    before - after >= FEWEST_VIEWS_LOST && before - after >= LEAST_PART_LOST * before
}

/// The views between two observations, and their rate.
#[derive(Clone, Copy, Debug)]
struct Interval {
    from: Moment,
    until: Moment,
    views: f64,
    likes: Option<f64>,
    hours: f64,
}

impl Interval {
    fn rate(&self) -> f64 {
        self.views / self.hours
    }
}

fn intervals(looks: &[Look]) -> Vec<Interval> {
    looks
        .windows(2)
        .map(|pair| Interval {
            from: pair[0].at,
            until: pair[1].at,
            views: (pair[1].views - pair[0].views).max(0.0),
            likes: pair[1].likes.zip(pair[0].likes).map(|(after, before)| (after - before).max(0.0)),
            hours: pair[1].at.hours_since(pair[0].at),
        })
        .filter(|interval| interval.hours > 0.0)
        .collect()
}

/// Views that came in surges which stopped abruptly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Surge {
    /// Their part of all views.
    pub share: f64,
    /// Whether likes were visible in it; a surge with the usual likes is not reported.
    pub likes_shown: bool,
    /// The largest of them.
    pub from: Moment,
    pub until: Moment,
    pub views: f64,
}

/// The surges that stopped abruptly and lack the usual likes, together.
pub(super) fn dead_surges(looks: &[Look]) -> Option<Surge> {
    let last = looks.last()?.at;
    let intervals = intervals(looks);
    together(&surges(&intervals, last, middle_of(&intervals)?, |_| None), looks)
}

/// Several surges as one: their part of all views, and the figures of the largest, of equal ones the first. `None` for none.
pub(super) fn together(surges: &[Surge], looks: &[Look]) -> Option<Surge> {
    let largest = surges.iter().rev().max_by(|left, right| left.views.total_cmp(&right.views))?;
    let views: f64 = surges.iter().map(|surge| surge.views).sum();
    let highest = looks.iter().map(|look| look.views).fold(1.0, f64::max);
    Some(Surge { share: (views / highest).min(1.0), ..*largest })
}

/// Each surge that stopped abruptly and lacks the usual likes, as far as it had come by a time: later observations only show whether
/// it stopped, and how views are liked after it, up to a bound, so that likes added later make no ordinary views look worse. The share
/// of each is not computed.
pub(super) fn dead_surges_until(looks: &[Look], end: Moment) -> Vec<Surge> {
    let intervals = intervals(looks);
    let liked_after = |end: usize| {
        let sum = |of: fn(&Interval) -> Option<f64>| intervals[end + 1..].iter().map(of).sum::<Option<f64>>();
        let (views, likes) = (sum(|interval| Some(interval.views))?, sum(|interval| interval.likes)?);
        (views >= FEWEST_VIEWS_OF_A_SURGE && likes >= FEWEST_LIKES_AFTER).then(|| (likes / views).min(LIKED_AFTER))
    };
    let ended = intervals.partition_point(|interval| interval.until <= end);
    // Beside what came after it, a surge is one however few observations there were before.
    let after = middle_of(&intervals[ended..]).filter(|_| intervals.len() - ended > 1);
    let middle = middle_of(&intervals).into_iter().chain(after).min_by(f64::total_cmp);
    middle.map_or_else(Vec::new, |middle| surges(&intervals, end, middle, liked_after))
}

/// The middle of the rates.
fn middle_of(intervals: &[Interval]) -> Option<f64> {
    median(&mut intervals.iter().map(Interval::rate).collect::<Vec<f64>>())
}

/// Those of these intervals that are so much faster than `middle`. `liked_after` may give a rate of likes after the interval with
/// this number that is usual too.
fn surges(intervals: &[Interval], end: Moment, middle: f64, liked_after: impl Fn(usize) -> Option<f64>) -> Vec<Surge> {
    let ended = intervals.partition_point(|interval| interval.until <= end);
    let mut liked: Vec<(f64, f64)> = intervals[..ended]
        .iter()
        .filter_map(|interval| interval.likes.map(|likes| (likes / interval.views.max(1.0), likes)))
        .collect();
    let usual_likes = weighted_median(&mut liked);
    let mut surges = Vec::new();
    let mut begin = 0;
    while begin < ended {
        let end = surge_end(intervals, begin, middle);
        surges.extend(end.and_then(|end| {
            let usual = usual_likes.into_iter().chain(liked_after(end)).max_by(f64::total_cmp);
            dead_surge(intervals, begin..=end.min(ended - 1), end, usual)
        }));
        begin = end.unwrap_or(begin) + 1;
    }
    surges
}

/// The last interval of a surge that begins with this one; `None` if none does.
fn surge_end(intervals: &[Interval], begin: usize, middle: f64) -> Option<usize> {
    let is_fast = |interval: &Interval| interval.rate() > SURGE * middle;
    let length = intervals[begin..].iter().take_while(|interval| is_fast(interval)).count();
    length.checked_sub(1).map(|more| begin + more)
}

/// The part of a surge that is in these intervals, if it stopped after the interval `end`.
fn dead_surge(
    intervals: &[Interval],
    part: RangeInclusive<usize>,
    end: usize,
    usual_likes: Option<f64>,
) -> Option<Surge> {
    let (begin, inside) = (*part.start(), &intervals[part]);
    let views: f64 = inside.iter().map(|interval| interval.views).sum();
    if views < FEWEST_VIEWS_OF_A_SURGE {
        return None;
    }
    let fastest = inside.iter().map(Interval::rate).fold(0.0, f64::max);
    // The interval beside a surge may hold its first or last hour.
    let after = intervals.get(end + 2)?.rate();
    let before = begin.checked_sub(2).map_or(0.0, |before| intervals[before].rate());
    let likes: Option<f64> = inside.iter().map(|interval| interval.likes).sum();
    let is_liked = usual_likes.zip(likes).is_some_and(|(usual, likes)| likes * LIKED_ENOUGH >= usual * views);
    (after < STOPPED * fastest && before < STOPPED * fastest && !is_liked).then(|| Surge {
        share: 0.0,
        likes_shown: likes.is_some(),
        from: inside[0].from,
        until: inside[inside.len() - 1].until,
        views,
    })
}

/// How much the rate of views wavers around its own trend: the middle of `|ln r_i − (ln r_{i−1} + ln r_{i+1}) ÷ 2|`,
/// without the part that chance alone causes. Audiences sleep, servers do not. `None` unless there are at least four
/// observations a day, and enough views.
pub(super) fn waver(looks: &[Look]) -> Option<f64> {
    let intervals = intervals(looks);
    let mut hours: Vec<f64> = intervals.iter().map(|interval| interval.hours).collect();
    if median(&mut hours)? > LONGEST_HOURS_FOR_NIGHTS {
        return None;
    }
    let mut bends = Vec::new();
    let mut chance = Vec::new();
    for three in intervals.windows(3) {
        if three.iter().all(|interval| interval.views >= FEWEST_VIEWS_FOR_NIGHTS) {
            let [before, here, after] = [0, 1, 2].map(|place| libm::log(three[place].rate()));
            bends.push((here - before / 2.0 - after / 2.0).abs());
            chance.push(1.0 / three[1].views + 0.25 / three[0].views + 0.25 / three[2].views);
        }
    }
    if bends.len() < INTERVALS_FOR_NIGHTS - 2 {
        return None;
    }
    const MIDDLE_OF_NORMAL: f64 = 0.6745;
    let (bend, chance) = (median(&mut bends)?, median(&mut chance)?);
    let by_chance = MIDDLE_OF_NORMAL * libm::sqrt(chance);
    Some(libm::sqrt((bend * bend - by_chance * by_chance).max(0.0)))
}
