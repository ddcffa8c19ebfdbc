//! Tasks and the gists in which validators publish them.

use chrono::{DateTime, SecondsFormat};
use serde_json::json;

use super::draw::Draw;
use crate::clock::{START_BLOCK, block_unix_ms};

/// Milliseconds of an hour.
pub(crate) const HOUR_MS: u64 = 3_600_000;
/// Milliseconds of a day.
pub(crate) const DAY_MS: u64 = 24 * HOUR_MS;

/// A line such as a careless validator leaves in its gist: cut off in the middle.
const BAD_TASK_LINE: &str = r#"{"unfinished-line": {"description": "somebody closed the editor too ear"#;

/// Where a task's content is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// YouTube videos.
    YouTube,
    /// Instagram reels.
    Instagram,
}

impl Platform {
    /// The name in a task gist.
    pub fn name(self) -> &'static str {
        match self {
            Platform::YouTube => "youtube",
            Platform::Instagram => "instagram",
        }
    }
}

/// One task of one validator.
#[derive(Clone, Debug)]
pub struct Task {
    /// The id that submissions name.
    pub id: String,
    /// What is asked for.
    pub description: String,
    /// Where it must be published.
    pub platform: Platform,
    /// Unix time in milliseconds from which content counts.
    pub start_ms: u64,
    /// Unix time in milliseconds up to which content counts.
    pub end_ms: Option<u64>,
}

const THEMES: [(&str, &str); 12] = [
    ("neon-koi", "Koi made of light drift over a flooded city at night"),
    ("paper-forest", "A forest folded from paper wakes up in the wind"),
    ("glass-orchestra", "An orchestra of glass instruments plays to an empty hall"),
    ("moon-bakery", "A small bakery on the far side of the moon opens its doors"),
    ("clockwork-reef", "A coral reef of brass and cogs, seen from a diving bell"),
    ("desert-trains", "Night trains cross a desert of blue sand"),
    ("giant-library", "Librarians on ladders tend a library as tall as a mountain"),
    ("storm-weaver", "An old woman knits a thunderstorm on her balcony"),
    ("robot-harvest", "Robots celebrate the first harvest of a valley"),
    ("ink-dragons", "Dragons of ink leave a calligrapher's page"),
    ("cloud-harbour", "Ships moor at a harbour above the clouds"),
    ("winter-circus", "A circus of ice melts with the last act"),
];

/// The task with this index: platforms alternate, so that two tasks already cover both.
pub(crate) fn drawn(seed: &Draw, index: u32) -> Task {
    let mut draw = seed.fork(u64::from(index));
    let (name, description) = THEMES[index as usize % THEMES.len()];
    let round = index as usize / THEMES.len();
    let id = if round == 0 { name.to_owned() } else { format!("{name}-{}", round + 1) };
    let start_ms = block_unix_ms(START_BLOCK) - draw.between(3, 11) * DAY_MS - draw.below(24) * HOUR_MS;
    Task {
        id,
        description: description.to_owned(),
        platform: if index.is_multiple_of(2) { Platform::YouTube } else { Platform::Instagram },
        start_ms,
        // Every fourth task ends, long after any cycle that a test runs.
        end_ms: (index % 4 == 2).then_some(start_ms + 60 * DAY_MS),
    }
}

/// The text of a task gist: one line a task, and between them the blank line and the bad line of real life.
pub(crate) fn gist_text(tasks: &[Task]) -> String {
    let mut lines: Vec<String> = tasks.iter().map(line).collect();
    lines.insert(lines.len().min(1), String::new());
    lines.push(BAD_TASK_LINE.to_owned());
    lines.join("\n") + "\n"
}

fn line(task: &Task) -> String {
    let mut body = json!({
        "description": task.description,
        "platform": task.platform.name(),
        "start_at": seconds(task.start_ms),
    });
    if let Some(end_ms) = task.end_ms {
        body["end_at"] = json!(seconds(end_ms));
    }
    json!({ task.id.as_str(): body }).to_string()
}

/// RFC 3339 in UTC with whole seconds and `Z`, the form of GitHub and YouTube.
pub(crate) fn seconds(unix_ms: u64) -> String {
    rfc3339(unix_ms, SecondsFormat::Secs)
}

/// RFC 3339 in UTC with milliseconds and `Z`, the form of Apify.
pub(crate) fn milliseconds(unix_ms: u64) -> String {
    rfc3339(unix_ms, SecondsFormat::Millis)
}

fn rfc3339(unix_ms: u64, format: SecondsFormat) -> String {
    DateTime::from_timestamp_millis(unix_ms as i64).unwrap_or_default().to_rfc3339_opts(format, true)
}
