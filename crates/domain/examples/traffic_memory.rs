//! What the analysis of traffic holds in memory for as many videos as a subnet can list: 256 miners, 80 tasks, five each.
//!
//! `cargo run -p tensorflix-domain --example traffic_memory [videos]` prints the peak of the resident memory (Linux) and
//! the time. Series come in chunks, as a cycle reads them, and are dropped as soon as they are measured.

#![allow(clippy::print_stdout, reason = "it is there to print")]

use std::time::Instant;
use tensorflix_domain::chain_time::{HOUR_MS, Moment};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::ViewMetric;
use tensorflix_domain::traffic::{Baselines, Point, Series, TrafficFinding, Traits, assess};

/// Videos unless the command line says otherwise.
const VIDEOS: u64 = 256 * 80 * 5;

/// Series in memory at one time.
const CHUNK: usize = 1_000;

/// As many as a cycle looks at.
const POINTS: u64 = 64;

/// A number that looks random and is not.
const fn drawn(of: u64, about: u64) -> u64 {
    let mixed = (of ^ about.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40
}

fn hour(hours: u64) -> Moment {
    Moment::from_unix_ms(1_790_000_000_000 + i64::try_from(hours).unwrap_or_default() * HOUR_MS)
}

/// One in four lost views, one in four has a surge without likes: these give the longest findings.
fn series(video: u64) -> Series {
    let size = 1 + drawn(video, 1) % 500;
    let (mut views, mut likes) = (0, 0);
    let point = |look: u64| {
        let gained = size * (50 + drawn(video, look + 2) % 100);
        views += gained;
        likes += gained / (20 + drawn(video, 3) % 30);
        match video % 4 {
            0 if look == POINTS / 2 => views -= views / 3,
            1 if look == POINTS / 2 => views += gained * 40,
            _ => {}
        }
        Point { at: hour(look * 6), views: Some(views), plays: None, likes: Some(likes), comments: Some(likes / 10) }
    };
    let platform = if video.is_multiple_of(2) { Platform::YOUTUBE } else { Platform::INSTAGRAM };
    let duration_secs = u32::try_from(10 + drawn(video, 4) % 80).ok();
    Series { platform, published_at: Some(hour(0)), duration_secs, points: (0..POINTS).map(point).collect() }
}

/// A line of the kernel's account of this process, in KiB.
fn memory_kib(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

fn main() {
    let videos = std::env::args().nth(1).and_then(|videos| videos.parse().ok()).unwrap_or(VIDEOS);
    let (begin, before_kib) = (Instant::now(), memory_kib("VmRSS:"));
    let mut traits = Vec::with_capacity(usize::try_from(videos).unwrap_or_default());
    for first in (0..videos).step_by(CHUNK) {
        let chunk: Vec<Series> = (first..videos.min(first + CHUNK as u64)).map(series).collect();
        traits.extend(chunk.iter().map(|series| Traits::of(series, ViewMetric::Views)));
    }
    let baselines = Baselines::of(&traits);
    let findings: Vec<Option<TrafficFinding>> = traits.iter().map(|traits| assess(traits, &baselines)).collect();
    let suspected = findings.iter().flatten().filter(|finding| finding.authenticity < 0.9).count();
    let (peak_kib, seconds) = (memory_kib("VmHWM:"), begin.elapsed().as_secs_f64());
    println!("{videos} videos of {POINTS} observations: {suspected} suspected of bought views");
    println!("{} MiB at the peak, {} MiB before, {seconds:.1} s", peak_kib / 1_024, before_kib / 1_024);
}
