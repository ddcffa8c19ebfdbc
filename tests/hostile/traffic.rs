//! How well the analysis of traffic tells videos that people watch from videos with bought views: the sandbox's
//! labelled generator against the rules of the domain, which do not know each other.
//!
//! The rules' constants were chosen on worlds below 20,000; what is measured here was never used for that.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::LazyLock;
use tensorflix_domain::chain_time::{HOUR_MS, Moment};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::ViewMetric;
use tensorflix_domain::traffic::{Baselines, DISCOUNT_BELOW, Point, Series, Traits, assess, believed};
use tensorflix_sandbox::audience::{Delivery, Film, Kind, Look, film, mixture};

/// The first of the worlds that are measured.
const FIRST_WORLD: u64 = 40_000;

/// Worlds, each with cohorts of its own.
const WORLDS: u64 = 50;

/// Videos of each honest, bought and mixed kind in a world: 29 of 100 are not honest.
const HONEST: u64 = 60;
const BOUGHT: u64 = 20;
const MIXED: u64 = 8;

/// Hours over which observations are spread.
const WEEK_HOURS: f64 = 168.0;

/// The authenticities of all videos, by kind.
struct Measured {
    by_kind: BTreeMap<Kind, Vec<f64>>,
}

/// The videos of each world, seen 28 times a week: measured once for several tests.
static WEEK: LazyLock<Vec<Vec<(Kind, Traits)>>> = LazyLock::new(|| worlds(&schedule(28)).collect());

/// The videos of each world.
fn worlds(schedule: &[f64]) -> impl Iterator<Item = Vec<(Kind, Traits)>> {
    (FIRST_WORLD..FIRST_WORLD + WORLDS).map(|world| {
        let of_kind = |kind: Kind| (0..count(kind)).map(move |video| (kind, world * 1_000 + video));
        let measured = |(kind, seed)| (kind, Traits::of(&series(&film(kind, seed, schedule)), ViewMetric::Views));
        Kind::all().into_iter().flat_map(of_kind).map(measured).collect()
    })
}

impl Measured {
    fn with_looks(looks: u32) -> Self {
        let mut measured = Self { by_kind: BTreeMap::new() };
        worlds(&schedule(looks)).for_each(|videos| measured.judge(videos.iter()));
        measured
    }

    /// All videos of a world at once.
    fn week() -> Self {
        let mut measured = Self { by_kind: BTreeMap::new() };
        WEEK.iter().for_each(|videos| measured.judge(videos.iter()));
        measured
    }

    /// So many videos at a time, drawn from all kinds of a world: there are no others to compare them with.
    fn by(together: usize) -> Self {
        let mut measured = Self { by_kind: BTreeMap::new() };
        for videos in WEEK.iter() {
            let mut drawn: Vec<usize> = (0..videos.len()).collect();
            drawn.sort_by_cached_key(|place| mixed_up(*place as u64));
            let groups = drawn.chunks_exact(together);
            groups.for_each(|group| measured.judge(group.iter().map(|place| &videos[*place])));
        }
        measured
    }

    /// Judges videos that are compared with each other.
    fn judge<'a>(&mut self, videos: impl Iterator<Item = &'a (Kind, Traits)> + Clone) {
        let baselines = Baselines::of(videos.clone().map(|(_, traits)| traits));
        for (kind, traits) in videos {
            let authenticity = assess(traits, &baselines).map_or(1.0, |finding| finding.authenticity);
            self.by_kind.entry(*kind).or_default().push(authenticity);
        }
    }

    fn of(&self, is_wanted: impl Fn(Kind) -> bool) -> Vec<f64> {
        self.by_kind.iter().filter(|(kind, _)| is_wanted(**kind)).flat_map(|(_, values)| values).copied().collect()
    }

    fn auc(&self, these: &[f64]) -> f64 {
        auc(&self.of(Kind::is_honest), these)
    }

    fn table(&self, title: &str) -> String {
        let mut table =
            format!("\n{title}\n| kind | n | AUC | median authenticity | discounted > 10% |\n|---|---|---|---|---|\n");
        let groups = [
            ("all honest", self.of(Kind::is_honest), true),
            ("all not honest", self.of(|kind| !kind.is_honest()), false),
            ("all mixtures", self.of(is_mixed), false),
        ];
        let kinds = self.by_kind.iter().map(|(kind, values)| (*kind, values.clone()));
        let kinds = kinds.map(|(kind, values)| (format!("{kind:?}"), values, kind.is_honest()));
        for (name, values, is_honest) in
            groups.map(|(name, values, honest)| (name.to_owned(), values, honest)).into_iter().chain(kinds)
        {
            let auc = if is_honest { "-".to_owned() } else { format!("{:.3}", self.auc(&values)) };
            let (middle, share) = (median(&values), discounted(&values) * 100.0);
            let _ = writeln!(table, "| {name} | {} | {auc} | {middle:.3} | {share:.1}% |", values.len());
        }
        table
    }
}

const fn count(kind: Kind) -> u64 {
    match kind {
        Kind::Honest(_) => HONEST,
        Kind::Bought(_) => BOUGHT,
        Kind::Mixed(_) => MIXED,
    }
}

const fn is_mixed(kind: Kind) -> bool {
    matches!(kind, Kind::Mixed(_))
}

/// A number without any order (the finaliser of SplitMix64).
const fn mixed_up(number: u64) -> u64 {
    let bits = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Hours of so many looks, spread over a week.
fn schedule(looks: u32) -> Vec<f64> {
    (0..looks).map(|look| f64::from(look) * WEEK_HOURS / f64::from(looks)).collect()
}

/// The chance that a random honest video is believed more than a random one of `these`; half of it for a tie.
fn auc(honest: &[f64], these: &[f64]) -> f64 {
    let mut sorted = honest.to_vec();
    sorted.sort_by(f64::total_cmp);
    let wins = |one: &f64| {
        let (below, up_to) =
            (sorted.partition_point(|other| other < one), sorted.partition_point(|other| other <= one));
        (sorted.len() - up_to) as f64 + (up_to - below) as f64 / 2.0
    };
    these.iter().map(wins).sum::<f64>() / (honest.len() * these.len()) as f64
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn discounted(values: &[f64]) -> f64 {
    values.iter().filter(|value| **value < DISCOUNT_BELOW).count() as f64 / values.len() as f64
}

/// What a validator would have stored of a film.
fn series(film: &Film) -> Series {
    #[expect(clippy::cast_possible_truncation, reason = "hours of a week")]
    let at = |hours: f64| Moment::from_unix_ms(1_790_000_000_000 + (hours * HOUR_MS as f64) as i64);
    let point = |look: &Look| Point {
        at: at(look.hours),
        views: look.views,
        plays: None,
        likes: look.likes,
        comments: look.comments,
    };
    Series {
        platform: Platform::YOUTUBE,
        published_at: Some(at(-film.age_at_first_look_hours)),
        duration_secs: Some(film.duration_secs),
        points: film.looks.iter().map(point).collect(),
    }
}

#[test]
fn bought_views_are_told_from_honest_ones_and_honest_ones_are_left_alone() {
    let week = Measured::week();
    println!("{}", week.table("28 observations in 7 days"));
    let not_honest = week.of(|kind| !kind.is_honest());
    assert!(week.auc(&not_honest) >= 0.95, "overall: {}", week.auc(&not_honest));
    for (kind, values) in week.by_kind.iter().filter(|(kind, _)| !kind.is_honest()) {
        assert!(week.auc(values) >= 0.90, "{kind:?}: {}", week.auc(values));
    }
    let mixtures = week.of(is_mixed);
    assert!(week.auc(&mixtures) >= 0.94, "mixtures: {}", week.auc(&mixtures));
    let honest = week.of(Kind::is_honest);
    assert!(discounted(&honest) <= 0.02, "honest ones discounted: {}", discounted(&honest));
    for (kind, values) in week.by_kind.iter().filter(|(kind, _)| kind.is_honest()) {
        assert!(discounted(values) <= 0.02 && median(values) > 0.97, "{kind:?}: {}", discounted(values));
    }
}

#[test]
fn silent_views_in_an_audiences_rhythm_are_found_the_better_the_more_are_bought() {
    let shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
    let mut honest = Vec::new();
    let mut by_share = vec![Vec::new(); shares.len()];
    let schedule = schedule(28);
    let traits = |film: &Film| Traits::of(&series(film), ViewMetric::Views);
    for (world, others) in (FIRST_WORLD..).zip(WEEK.iter()) {
        let baselines = Baselines::of(others.iter().map(|(_, traits)| traits));
        let judged = |traits: &Traits| assess(traits, &baselines).map_or(1.0, |finding| finding.authenticity);
        honest.extend(others.iter().filter(|(kind, _)| kind.is_honest()).map(|(_, traits)| judged(traits)));
        for (share, values) in shares.iter().zip(&mut by_share) {
            let silent = |video| mixture(Delivery::WithoutEngagement, *share, world * 1_000 + video, &schedule);
            values.extend((0..BOUGHT).map(|video| judged(&traits(&silent(video)))));
        }
    }
    println!("\nbought share of Mixed(WithoutEngagement), AUC");
    let found: Vec<f64> = by_share.iter().map(|values| auc(&honest, values)).collect();
    for (share, auc) in shares.iter().zip(&found) {
        println!("| {:.0}% | {auc:.3} |", share * 100.0);
    }
    let of_share = |wanted: f64| found[shares.iter().position(|share| *share == wanted).expect("measured")];
    assert!(of_share(0.5) >= 0.85 && of_share(0.6) >= 0.89 && of_share(0.8) >= 0.94, "{found:?}");
    assert!(of_share(0.8) > of_share(0.4) && of_share(0.4) > of_share(0.1), "{found:?}");
}

#[test]
fn few_comparable_videos_suffice_to_find_most_and_punish_no_more_honest_ones() {
    let columns = "all not honest: AUC | mixtures: AUC | honest discounted > 10% | not honest discounted > 10%";
    println!("\nwith n comparable videos, 28 observations\n| n | {columns} |\n|---|---|---|---|---|");
    for together in [1, 3, 10, 20] {
        let measured = Measured::by(together);
        let [honest, bought, mixtures] =
            [Kind::is_honest, |kind: Kind| !kind.is_honest(), is_mixed].map(|wanted| measured.of(wanted));
        let [all, mixed] = [measured.auc(&bought), measured.auc(&mixtures)];
        let [wronged, found] = [discounted(&honest), discounted(&bought)];
        println!("| {together} | {all:.3} | {mixed:.3} | {:.1}% | {:.1}% |", wronged * 100.0, found * 100.0);
        assert!(all >= 0.97 && mixed >= 0.94, "{together}: {all} {mixed}");
        assert!(wronged <= 0.01, "{together}: {wronged}");
        assert!(found >= 0.5, "{together}: {found}");
    }
}

#[test]
fn fewer_observations_say_less_and_punish_fewer_honest_ones() {
    let [ten, four] = [10, 4].map(|looks| (looks, Measured::with_looks(looks)));
    for (looks, measured) in [&ten, &four] {
        println!("{}", measured.table(&format!("{looks} observations in 7 days")));
        let honest = measured.of(Kind::is_honest);
        assert!(discounted(&honest) <= 0.02, "{looks}: {}", discounted(&honest));
    }
    let found = |measured: &Measured| discounted(&measured.of(|kind| !kind.is_honest()));
    assert!(found(&four.1) < found(&ten.1));
}

#[test]
fn three_observations_say_nothing_but_that_views_fell() {
    let three = Measured::with_looks(3);
    let honest = three.of(Kind::is_honest);
    assert!(discounted(&honest) <= 0.02, "{}", discounted(&honest));
    for (kind, values) in three.by_kind.iter().filter(|(kind, _)| !format!("{kind:?}").contains("RemovedLater")) {
        let untouched = values.iter().filter(|value| **value == 1.0).count();
        assert!(untouched as f64 >= 0.9 * values.len() as f64, "{kind:?}");
    }
}

/// What recovery believes of views that daily cycles of a week counted, once the week is over: for each video, as a part of all.
fn believed_parts(looks: u32, wanted: impl Fn(Kind) -> bool) -> Vec<f64> {
    let schedule = schedule(looks);
    let part = |kind: Kind, seed: u64| {
        let series = series(&film(kind, seed, &schedule));
        let (mut shown, mut kept) = (0, 0);
        for point in series.points.iter().step_by((looks / 7) as usize) {
            let Some(views) = point.views else { continue };
            shown += views;
            kept += believed(&series, ViewMetric::Views, point.at, views, false).views;
        }
        if shown > 0 { kept as f64 / shown as f64 } else { 1.0 }
    };
    let kinds = Kind::all().into_iter().filter(|kind| wanted(*kind));
    let videos = kinds.flat_map(|kind| {
        (FIRST_WORLD..FIRST_WORLD + WORLDS / 2)
            .flat_map(move |world| (0..count(kind)).map(move |video| (kind, world * 1_000 + video)))
    });
    videos.map(|(kind, seed)| part(kind, seed)).collect()
}

#[test]
fn what_is_recovered_later_was_bought_and_almost_nothing_of_an_audience_is() {
    let removed = |kind| kind == Kind::Bought(Delivery::RemovedLater);
    let step = |kind| kind == Kind::Bought(Delivery::OneStep);
    println!("\n| observations | videos | believed of what was counted | lose > 10% |\n|---|---|---|---|");
    for (looks, most_removed, most_step) in [(28, 0.3, 0.5), (7, 0.45, 0.7)] {
        let honest = believed_parts(looks, Kind::is_honest);
        let (removed, step) = (believed_parts(looks, removed), believed_parts(looks, step));
        for (name, parts) in [("all honest", &honest), ("RemovedLater", &removed), ("OneStep", &step)] {
            println!("| {looks} | {name} | {:.4} | {:.2}% |", mean(parts), discounted(parts) * 100.0);
        }
        assert!(mean(&honest) > 0.999 && discounted(&honest) < 0.004, "{} {}", mean(&honest), discounted(&honest));
        assert!(mean(&removed) < most_removed, "{}", mean(&removed));
        assert!(mean(&step) < most_step, "{}", mean(&step));
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
