//! What the analysis of traffic finds against real videos: those of public tables of trending videos, in which the same
//! videos are listed on several days.
//!
//! `cargo run -p tensorflix-domain --example trending -- [--show] table.csv…` reads each table as one collection of videos, as
//! a cycle would, and prints how many of them are discounted by more than a tenth, by which signals, after 4, 10 and all of
//! their observations; with `--show` also the counts and signals of each of these. It ends with an error if more than one
//! video in a hundred is.
//!
//! A table is CSV with names in its first line. `tables::COLUMNS` has the names that are known: those of "Trending YouTube
//! Video Statistics" in its three editions and of common collectors. No table comes with the program; `docs/traffic.md`
//! names those that were measured.
//!
//! Nothing is left out because of what the analysis says of it. Videos from which the platform took views are counted
//! apart: for these there is evidence other than the analysis.

#![allow(clippy::print_stdout, reason = "it is there to print")]

#[path = "trending/tables.rs"]
mod tables;

use std::collections::BTreeMap;
use std::process::ExitCode;
use tables::Video;
use tensorflix_domain::policy::ViewMetric;
use tensorflix_domain::traffic::{
    Baselines, DISCOUNT_BELOW, FEWEST_POINTS, Series, TrafficFinding, Traits, assess, believed,
};

/// The most honest videos in a hundred that may be discounted by more than a tenth.
const MOST_PERCENT: f64 = 1.0;

/// As many observations as a cycle uses.
const MOST_POINTS: usize = 64;

fn main() -> ExitCode {
    let mut total = Tally::default();
    let (options, paths): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word == "--show");
    for path in paths {
        match std::fs::read_to_string(&path).map_err(|error| error.to_string()).and_then(|text| tables::videos(&text)) {
            Ok(table) => total.add(&of_table(&path, table, !options.is_empty())),
            Err(problem) => {
                println!("{path}: {problem}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("all tables, all observations: {total}");
    if total.videos > 0 && total.percent() <= MOST_PERCENT { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the figures of one table; those with all observations are returned.
fn of_table(path: &str, table: tables::Table, shows: bool) -> Tally {
    let videos: Vec<Video> =
        table.videos.into_iter().filter(|video| video.series.points.len() >= FEWEST_POINTS).collect();
    println!("{path}: {} videos of {FEWEST_POINTS} observations or more, {} unread lines", videos.len(), table.unread);
    let mut all = Tally::default();
    for (label, points) in [("4", FEWEST_POINTS), ("10", 10), ("all", usize::MAX)] {
        let (even, odd) = measured(&videos, points, shows && points == usize::MAX);
        all = Tally::default();
        all.add(&even);
        all.add(&odd);
        println!("  {label:>3} observations: {all}");
        println!("      even half {:.2} %, odd half {:.2} %", even.percent(), odd.percent());
    }
    let lost = videos.iter().filter(|video| believed_part(&video.series) < DISCOUNT_BELOW).count();
    println!("  recovery would take more than a tenth of what daily cycles counted from {lost} of {}", videos.len());
    all
}

/// What is believed at the end of the views that daily cycles counted, as a part of all.
fn believed_part(series: &Series) -> f64 {
    let (mut shown, mut kept) = (0, 0);
    for point in &series.points {
        let Some(views) = point.views else { continue };
        shown += views;
        kept += believed(series, ViewMetric::Views, point.at, views, false).views;
    }
    #[expect(clippy::cast_precision_loss, reason = "views are far below 2^53")]
    let part = kept as f64 / shown.max(1) as f64;
    part
}

/// The first so many observations of each video, judged: by halves, which are parted by the id alone.
fn measured(videos: &[Video], points: usize, shows: bool) -> (Tally, Tally) {
    let seen: Vec<Series> = videos.iter().map(|video| seen(&video.series, points)).collect();
    let traits: Vec<Traits> = seen.iter().map(|series| Traits::of(series, ViewMetric::Views)).collect();
    let baselines = Baselines::of(&traits);
    let (mut even, mut odd) = (Tally::default(), Tally::default());
    for (video, traits) in videos.iter().zip(&traits) {
        let half = if video.hash.is_multiple_of(2) { &mut even } else { &mut odd };
        let finding = assess(traits, &baselines);
        if let Some(finding) = finding.as_ref().filter(|finding| shows && finding.authenticity < DISCOUNT_BELOW) {
            show(video, finding);
        }
        half.count(finding.as_ref());
    }
    (even, odd)
}

fn seen(series: &Series, points: usize) -> Series {
    let mut points: Vec<_> = series.points.iter().copied().take(points).collect();
    points.drain(..points.len().saturating_sub(MOST_POINTS));
    Series { points, ..series.clone() }
}

/// How many videos were discounted, and by what.
#[derive(Default)]
struct Tally {
    videos: usize,
    /// Discounted by more than a tenth although the platform took no views.
    discounted: usize,
    /// The platform took views, and so many that it discounts.
    fell: usize,
    /// Videos for which a signal alone would have discounted by a tenth.
    by_signal: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn count(&mut self, finding: Option<&TrafficFinding>) {
        self.videos += 1;
        let Some(finding) = finding.filter(|finding| finding.authenticity < DISCOUNT_BELOW) else { return };
        let fell = finding.signals.iter().any(|signal| signal.kind.code() == "views_fell");
        *(if fell { &mut self.fell } else { &mut self.discounted }) += 1;
        for signal in finding.signals.iter().filter(|signal| signal.weight > 1.0 - DISCOUNT_BELOW) {
            *self.by_signal.entry(signal.kind.code()).or_default() += 1;
        }
    }

    fn add(&mut self, other: &Self) {
        self.videos += other.videos;
        self.discounted += other.discounted;
        self.fell += other.fell;
        for (signal, videos) in &other.by_signal {
            *self.by_signal.entry(signal).or_default() += videos;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    fn percent(&self) -> f64 {
        100.0 * self.discounted as f64 / self.videos.max(1) as f64
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (percent, Self { videos, discounted, fell, .. }) = (self.percent(), self);
        write!(formatter, "{discounted} of {videos} ({percent:.2} %) discounted by more than a tenth")?;
        write!(formatter, ", {fell} more lost views; {:?}", self.by_signal)
    }
}

fn show(video: &Video, finding: &TrafficFinding) {
    println!("      authenticity {:.2}", finding.authenticity);
    for signal in &finding.signals {
        println!("        {:.2} {}", signal.weight, signal.kind);
    }
    for point in &video.series.points {
        println!(
            "          {} views {:?} likes {:?} comments {:?}",
            point.at, point.views, point.likes, point.comments
        );
    }
}
