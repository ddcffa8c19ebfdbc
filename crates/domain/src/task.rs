//! Tasks: what a validator asks miners to publish.
//!
//! A task gist is JSON lines, each `{"<task-id>": {"description", "platform", "start_at", optional "end_at"}}`. Every
//! line stands or falls alone, and every id of a line too: one bad entry never costs another.

use crate::chain_time::Moment;
use crate::ids::{Platform, TaskId};
use crate::problem::{Problem, excerpt, report};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::fmt;

/// Tasks that one gist may hold; later ones are reported and skipped.
pub const MAX_TASKS: usize = 1_000;

/// One task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id, unique in the gist.
    pub id: TaskId,
    /// What the video should show, in the validator's words.
    pub description: String,
    /// Where contents for it are published.
    pub platform: Platform,
    /// Contents published earlier than this do not count.
    pub start_at: Moment,
    /// Contents published at or after this do not count.
    pub end_at: Option<Moment>,
}

/// What a task gist says: the tasks that can be read, in the gist's order, and what was skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskGist {
    /// Tasks in the order of the gist, each id once.
    pub tasks: Vec<Task>,
    /// What was skipped.
    pub problems: Vec<Problem>,
}

/// The value of a task id, as written. Unknown keys are ignored.
#[derive(Deserialize)]
struct WrittenTask {
    description: String,
    platform: String,
    start_at: String,
    #[serde(default)]
    end_at: Option<String>,
}

/// One line as it stands: every key with its value unread, in order, so that a repeated key is seen as such.
struct Line<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Line<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Line<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of task ids")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry::<String, &RawValue>()? {
                    entries.push(entry);
                }
                Ok(Line(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// Reads a task gist. Never fails: what cannot be read is in `problems`.
pub fn parse_task_gist(document: &[u8]) -> TaskGist {
    let mut gist = TaskGist::default();
    let mut known = BTreeSet::new();
    for (line, bytes) in (1_u32..).zip(document.split(|byte| *byte == b'\n')) {
        let bytes = match (line, bytes.strip_prefix(b"\xef\xbb\xbf")) {
            (1, Some(rest)) => {
                report(&mut gist.problems, Problem::at_line(1, "begins with a byte order mark; it was ignored"));
                rest
            }
            _ => bytes,
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        read_line(line, bytes, &mut known, &mut gist);
    }
    gist
}

/// Whether a document looks like a task gist: some line of it holds a task.
pub fn holds_tasks(document: &[u8]) -> bool {
    document.split(|byte| *byte == b'\n').take(MAX_TASKS).any(|line| {
        serde_json::from_slice::<Line<'_>>(line)
            .is_ok_and(|line| line.0.iter().any(|(_, value)| serde_json::from_str::<WrittenTask>(value.get()).is_ok()))
    })
}

fn read_line(line: u32, bytes: &[u8], known: &mut BTreeSet<TaskId>, gist: &mut TaskGist) {
    let entries = match serde_json::from_slice::<Line<'_>>(bytes) {
        Ok(Line(entries)) => entries,
        Err(error) => {
            let reason = format!("not a JSON object of task ids: {}", without_line(&error));
            return report(&mut gist.problems, Problem::at_line(line, reason));
        }
    };
    for (id, value) in entries {
        match read_task(&id, value) {
            Ok(task) if known.contains(&task.id) => {
                let reason = format!("task \"{}\" is repeated; the first stands", excerpt(&id));
                report(&mut gist.problems, Problem::at_line(line, reason));
            }
            Ok(_) if gist.tasks.len() == MAX_TASKS => {
                report(&mut gist.problems, Problem::at_line(line, format!("more than {MAX_TASKS} tasks")));
            }
            Ok(task) => {
                known.insert(task.id.clone());
                gist.tasks.push(task);
            }
            Err(reason) => {
                let reason = format!("task \"{}\": {reason}", excerpt(&id));
                report(&mut gist.problems, Problem::at_line(line, reason));
            }
        }
    }
}

fn read_task(id: &str, value: &RawValue) -> Result<Task, String> {
    let id: TaskId = id.parse().map_err(|error: crate::ids::InvalidTaskId| error.to_string())?;
    let written: WrittenTask = serde_json::from_str(value.get()).map_err(|error| without_line(&error))?;
    let platform: Platform =
        written.platform.parse().map_err(|error| format!("platform \"{}\": {error}", excerpt(&written.platform)))?;
    let start_at = moment("start_at", &written.start_at)?;
    let end_at = written.end_at.as_deref().map(|text| moment("end_at", text)).transpose()?;
    if end_at.is_some_and(|end_at| end_at <= start_at) {
        return Err("end_at is not after start_at".to_owned());
    }
    Ok(Task { id, description: written.description, platform, start_at, end_at })
}

fn moment(key: &str, text: &str) -> Result<Moment, String> {
    Moment::parse(text)
        .ok_or_else(|| format!("{key} \"{}\" is not an RFC 3339 time such as 2026-08-21T00:00:00Z", excerpt(text)))
}

/// A JSON error without serde's own line number, which counts inside the piece and would mislead.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => format!("{} (column {})", &text[..end], error.column()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"t1": {"description": "cats", "platform": "youtube", "start_at": "2026-08-01T00:00:00Z"}}"#;

    #[track_caller]
    fn check(document: &str, ids: &[&str], problems: &[(u32, &str)]) {
        let gist = parse_task_gist(document.as_bytes());
        assert_eq!(gist.tasks.iter().map(|task| task.id.as_str()).collect::<Vec<_>>(), ids, "{document}");
        assert_eq!(gist.problems.len(), problems.len(), "{:?}", gist.problems);
        for (problem, (line, piece)) in gist.problems.iter().zip(problems) {
            assert_eq!(problem.line, Some(*line), "{problem:?}");
            assert!(problem.reason.contains(piece), "{problem:?} lacks {piece:?}");
        }
    }

    #[test]
    fn one_bad_line_costs_only_itself() {
        let task = |id: &str| GOOD.replace("t1", id);
        check(GOOD, &["t1"], &[]);
        check("", &[], &[]);
        check(&format!("\r\n{GOOD}\r\n\r\n{}\n", task("t2")), &["t1", "t2"], &[]);
        check(&format!("{GOOD}\nnot json\n{}", task("t2")), &["t1", "t2"], &[(2, "not a JSON object")]);
        check(&format!("[1]\n{GOOD}"), &["t1"], &[(1, "an object of task ids")]);
        check(&format!("{GOOD}\n{GOOD}"), &["t1"], &[(2, "repeated")]);
        check(&GOOD.replace("youtube", "tiktok"), &[], &[(1, "unknown platform")]);
        check(&GOOD.replace("2026-08-01T00:00:00Z", "2026-08-01"), &[], &[(1, "RFC 3339")]);
        check(&GOOD.replace("\"description\": \"cats\", ", ""), &[], &[(1, "description")]);
        check(&GOOD.replace("cats\",", "cats\", \"more\": [1, {}],"), &["t1"], &[]);
        check(&format!("\u{feff}{GOOD}"), &["t1"], &[(1, "byte order mark")]);
    }

    #[test]
    fn all_ids_of_a_line_are_taken_and_a_bad_one_costs_only_itself() {
        let body = r#"{"description": "d", "platform": "instagram", "start_at": "2026-08-01T00:00:00Z"}"#;
        check(&format!(r#"{{"a": {body}, "b": {body}}}"#), &["a", "b"], &[]);
        check(&format!(r#"{{"a": 7, "b": {body}}}"#), &["b"], &[(1, "\"a\"")]);
        check(&format!(r#"{{"a": {body}, "a": {body}}}"#), &["a"], &[(1, "repeated")]);
        check(&format!(r#"{{"": {body}, "b": {body}}}"#), &["b"], &[(1, "not a task id")]);
    }

    #[test]
    fn an_end_must_come_after_the_start() {
        let with_end = |end: &str| GOOD.replace("Z\"}}", &format!("Z\", \"end_at\": {end}}}}}"));
        check(&with_end("\"2026-09-01T00:00:00Z\""), &["t1"], &[]);
        check(&with_end("null"), &["t1"], &[]);
        check(&with_end("\"2026-08-01T00:00:00Z\""), &[], &[(1, "not after start_at")]);
        check(&with_end("\"soon\""), &[], &[(1, "end_at \"soon\"")]);
    }

    #[test]
    fn bytes_that_are_not_text_are_a_problem_of_their_line() {
        let mut document = b"\xff\xfe\x00\n".to_vec();
        document.extend_from_slice(GOOD.as_bytes());
        let gist = parse_task_gist(&document);
        assert_eq!((gist.tasks.len(), gist.problems.len()), (1, 1));
        assert_eq!(gist.problems[0].line, Some(1));
    }

    #[test]
    fn a_gist_without_end_is_cut_at_the_limit() {
        let document: String = (0..MAX_TASKS + 200).map(|n| GOOD.replace("t1", &format!("t{n}")) + "\n").collect();
        let gist = parse_task_gist(document.as_bytes());
        assert_eq!(gist.tasks.len(), MAX_TASKS);
        assert_eq!(gist.problems.len(), crate::problem::MAX_PROBLEMS);
    }
}
