//! A task gist, line by line.

use crate::commands::check::checks::{Check, CheckResult, any_wrong};
use crate::commands::check::lines::{place, put_checks, put_problem, put_summary};
use crate::text::json::one_line;
use crate::text::wrapping::{excerpt, put};
use serde::Serialize;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::invisible;
use tensorflix_domain::problem::{Place, Problem};
use tensorflix_domain::submission::{GistKind, parse_submission_gist};
use tensorflix_domain::task::{Task, parse_task_gist};

/// A start farther in the future than this is probably a mistake: hours.
const FAR_AHEAD_HOURS: f64 = 60.0 * 24.0;
/// A start longer ago than this is probably a mistake: hours.
const LONG_AGO_HOURS: f64 = 365.0 * 24.0;
/// Characters of a task's description that are shown.
const SHOWN_CHARACTERS: usize = 70;

/// How a validator would read a task gist.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskReport {
    source: String,
    checks: Vec<Check>,
    tasks: Vec<(Place, Task)>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// Reads a task gist as a validator does. `now` is the machine's time, which is used for warnings only.
pub fn check_tasks(source: String, document: &[u8], mut checks: Vec<Check>, now: Moment) -> TaskReport {
    let gist = parse_task_gist(document);
    if parse_submission_gist(document).kind == GistKind::Submissions {
        checks.push(Check::wrong("content", "this is a miner's list of submissions: use `check-submissions`"));
    } else if gist.tasks.is_empty() {
        checks.push(Check::wrong("content", "it contains no task, so no submission could count"));
    }
    let tasks: Vec<(Place, Task)> = gist.places.into_iter().zip(gist.tasks).collect();
    let warnings = tasks.iter().flat_map(|(place, task)| warnings(*place, task, now)).collect();
    TaskReport { source, checks, tasks, problems: gist.problems, warnings }
}

/// What is valid but probably not intended.
fn warnings(place: Place, task: &Task, now: Moment) -> Vec<Problem> {
    let mut texts = Vec::new();
    if let Some(hidden) = invisible::described(task.id.as_str()) {
        texts.push(format!("its id contains a {hidden}: miners who write the id without it list another task"));
    }
    if task.description.trim().is_empty() {
        texts.push("the description is empty, so miners cannot know what to publish".to_owned());
    }
    if task.start_at.hours_since(now) > FAR_AHEAD_HOURS {
        texts.push(format!("it starts far in the future, at {}: nothing published before that counts", task.start_at));
    }
    if now.hours_since(task.start_at) > LONG_AGO_HOURS {
        texts.push(format!("it started long ago, at {}: old videos count", task.start_at));
    }
    if let Some(end_at) = task.end_at.filter(|end_at| *end_at <= now) {
        texts.push(format!("it ended at {end_at}, by this machine's clock: nothing published now counts"));
    }
    let named = |text| Problem::at(place, format!("task \"{}\": {text}", excerpt(&shown_id(task), SHOWN_CHARACTERS)));
    texts.into_iter().map(named).collect()
}

#[derive(Serialize)]
struct Report<'a> {
    source: &'a str,
    tasks: Vec<ReportedTask<'a>>,
    problems: &'a [Problem],
    warnings: &'a [Problem],
    checks: &'a [Check],
}

#[derive(Serialize)]
struct ReportedTask<'a> {
    line: u32,
    column: u32,
    #[serde(flatten)]
    task: &'a Task,
}

/// Line and column, where they are known.
type Position = (Option<u32>, Option<u32>);

/// What is found at one place.
enum Entry<'a> {
    Task(&'a Task),
    Warning(&'a Problem),
    Problem(&'a Problem),
}

impl TaskReport {
    /// Whether something has to be corrected.
    pub fn is_wrong(&self) -> bool {
        !self.problems.is_empty() || any_wrong(&self.checks)
    }

    /// One JSON object.
    pub fn to_json(&self) -> String {
        one_line(&Report {
            source: &self.source,
            tasks: self
                .tasks
                .iter()
                .map(|(place, task)| ReportedTask { line: place.line, column: place.column, task })
                .collect(),
            problems: &self.problems,
            warnings: &self.warnings,
            checks: &self.checks,
        })
    }

    /// As text, in the order of the lines.
    pub fn to_text(&self) -> String {
        let mut page = String::new();
        put(&mut page, "", &format!("Tasks in {}", self.source));
        put_checks(&mut page, &self.checks);
        page.push('\n');
        for ((line, column), entry) in self.entries() {
            match entry {
                Entry::Task(task) => put_task(&mut page, &place(line, column), task),
                Entry::Warning(problem) => put_problem(&mut page, "warning", problem),
                Entry::Problem(problem) => put_problem(&mut page, "wrong", problem),
            }
        }
        let with = |result| self.checks.iter().filter(|check| check.result == result).count();
        put_summary(
            &mut page,
            &[
                (self.tasks.len(), "task"),
                (self.problems.len() + with(CheckResult::Wrong), "problem"),
                (self.warnings.len() + with(CheckResult::Warning), "warning"),
            ],
        );
        page
    }

    /// All entries by place; those without a place come last.
    fn entries(&self) -> Vec<(Position, Entry<'_>)> {
        let of = |problem: &Problem| (problem.line, problem.column);
        let mut entries: Vec<_> = self
            .tasks
            .iter()
            .map(|(place, task)| ((Some(place.line), Some(place.column)), Entry::Task(task)))
            .chain(self.warnings.iter().map(|problem| (of(problem), Entry::Warning(problem))))
            .chain(self.problems.iter().map(|problem| (of(problem), Entry::Problem(problem))))
            .collect();
        entries.sort_by_key(|((line, column), _)| (line.is_none(), *line, *column));
        entries
    }
}

/// A task's id with invisible characters escaped.
fn shown_id(task: &Task) -> String {
    invisible::escaped(task.id.as_str())
}

fn put_task(page: &mut String, lead: &str, task: &Task) {
    let indent = " ".repeat(lead.chars().count());
    put(page, lead, &shown_id(task));
    let end = task.end_at.map_or_else(|| "without an end".to_owned(), |end_at| format!("to {end_at}"));
    put(page, &indent, &format!("{}, from {}, {end}", task.platform, task.start_at));
    put(page, &indent, &excerpt(&task.description, SHOWN_CHARACTERS));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(document: &str) -> TaskReport {
        let now = Moment::parse("2026-08-21T00:00:00Z").expect("a time");
        check_tasks("file t".to_owned(), document.as_bytes(), Vec::new(), now)
    }

    fn task(id: &str, description: &str, times: &str) -> String {
        format!(r#"{{"{id}": {{"description": "{description}", "platform": "youtube", {times}}}}}"#)
    }

    #[test]
    fn what_is_surely_not_meant_is_a_warning_and_no_problem() {
        for (description, times, piece) in [
            ("cats", r#""start_at": "2026-08-20T00:00:00Z""#, None),
            ("cats", r#""start_at": "2026-08-20T00:00:00Z", "end_at": "2026-08-22T00:00:00Z""#, None),
            (" ", r#""start_at": "2026-08-20T00:00:00Z""#, Some("description is empty")),
            ("cats", r#""start_at": "2036-08-20T00:00:00Z""#, Some("far in the future")),
            ("cats", r#""start_at": "2016-08-20T00:00:00Z""#, Some("long ago")),
            ("cats", r#""start_at": "2026-08-01T00:00:00Z", "end_at": "2026-08-21T00:00:00Z""#, Some("it ended at")),
        ] {
            let report = report(&task("t", description, times));
            let reasons: Vec<&str> = report.warnings.iter().map(|warning| warning.reason.as_str()).collect();
            assert_eq!(reasons.len(), usize::from(piece.is_some()), "{reasons:?}");
            assert!(piece.is_none_or(|piece| reasons[0].contains(piece)), "{reasons:?}");
            assert!(!report.is_wrong());
        }
    }

    #[test]
    fn a_gist_without_tasks_is_wrong() {
        for (document, piece) in [("", "no task"), (r#"{"submissions": []}"#, "check-submissions")] {
            let report = report(document);
            assert!(report.is_wrong() && report.checks[0].detail.contains(piece), "{report:?}");
        }
    }

    #[test]
    fn the_text_goes_line_by_line() {
        let good = task("a\\u001b[31m", "x\\ny", r#""start_at": "2026-08-20T00:00:00Z""#);
        let text = report(&format!("{good}\nbroken\n{good}\n")).to_text();
        let at = |piece: &str| text.find(piece).unwrap_or_else(|| panic!("{piece:?} is missing in\n{text}"));
        assert!(at("1:2") < at("2:1") && at("2:1") < at("3:2"));
        assert!(text.ends_with("0 tasks, 4 problems, 0 warnings\n"), "{text}");
        assert!(!text.contains('\u{1b}') && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
