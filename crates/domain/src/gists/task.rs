//! Tasks: what a validator asks miners to publish.
//!
//! A task gist is JSON lines, each `{"<task-id>": {"description", "platform", "start_at", optional "end_at"}}`. Every
//! line is read on its own, and so is every id of a line: a bad entry affects no other. A task with a repeated key is
//! rejected, because it is ambiguous which one is meant; unknown keys are ignored.

use crate::chain_time::Moment;
use crate::gists::json_pieces::{MAX_DEPTH, Piece, without_place};
use crate::gists::task_lines::gathered;
use crate::ids::TaskId;
use crate::invisible::described;
use crate::platform::Platform;
use crate::problem::{Place, Places, Problem, excerpt, report};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Tasks that one gist may hold; later ones are reported and skipped.
pub const MAX_TASKS: usize = 1_000;

/// One task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id, unique in the gist.
    pub id: TaskId,
    /// What the video should show, in the validator's words.
    pub description: String,
    /// Where items for it are published.
    pub platform: Platform,
    /// Items published earlier than this do not count.
    pub start_at: Moment,
    /// Items published at or after this do not count.
    pub end_at: Option<Moment>,
}

/// What a task gist says: the tasks that can be read, in the gist's order, and what was skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskGist {
    /// Tasks in the order of the gist, each id once.
    pub tasks: Vec<Task>,
    /// Where each of them begins.
    #[serde(default)]
    pub places: Vec<Place>,
    /// What was skipped.
    pub problems: Vec<Problem>,
}

/// Why a task cannot be read, and the piece of the line that is at fault.
struct Fault<'a> {
    piece: &'a str,
    reason: String,
}

/// The values of a task as written; each is text. Unknown keys are ignored.
struct WrittenTask<'a> {
    description: Value<'a>,
    platform: Value<'a>,
    start_at: Value<'a>,
    end_at: Option<Value<'a>>,
}

/// A text, and the piece of the line that it was read from.
struct Value<'a> {
    text: String,
    piece: &'a str,
}

/// Reads a task gist. Never fails: what cannot be read is in `problems`.
pub fn parse_task_gist(document: &[u8]) -> TaskGist {
    let mut gist = TaskGist::default();
    let mut known = BTreeSet::new();
    for (line, bytes) in (1_u32..).zip(document.split(|byte| *byte == b'\n')) {
        let bytes = match (line, bytes.strip_prefix(BYTE_ORDER_MARK)) {
            (1, Some(rest)) => {
                let place = Place { line: 1, column: 1 };
                report(&mut gist.problems, Problem::at(place, "begins with a byte order mark; it was ignored"));
                rest
            }
            _ => bytes,
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match text(bytes, line) {
            Ok(text) => read_line(line, text, &mut known, &mut gist),
            Err(problem) => report(&mut gist.problems, problem),
        }
    }
    if !gist.problems.is_empty() {
        gist.problems = gathered(document, gist.problems);
    }
    gist
}

/// What some editors put before UTF-8 text.
pub(crate) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Strict UTF-8; otherwise the problem, at the first invalid byte. `first_line` is the line of the first byte.
pub(crate) fn text(bytes: &[u8], first_line: u32) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        Problem::at(Places::new(valid, first_line).at(valid.len()), "not UTF-8 text")
    })
}

/// What is wrong with the syntax of a text, at its place.
pub(crate) fn syntax_problem(what: &str, text: &str, first_line: u32, error: &serde_json::Error) -> Problem {
    let mut places = Places::new(text, first_line);
    let (mut place, offset) = places.of_error(error);
    let mut reason = format!("{what}: {}", without_place(error));
    // A control character is invisible, so it is named. Within a string, serde_json's position is one character before
    // it.
    let mut near = text[offset..].char_indices().take(2);
    if let Some((further, control)) = near.find(|(_, character)| character.is_control() && !is_blank(*character)) {
        place = places.at(offset + further);
        reason += &format!(" (here is the control character U+{:04X})", u32::from(control));
    }
    Problem::at(place, reason)
}

const fn is_blank(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r')
}

/// Whether a document looks like a task gist: some line of it holds a task.
pub fn holds_tasks(document: &str) -> bool {
    document.lines().take(MAX_TASKS).filter_map(|line| Piece::read(line).ok()).any(|line| {
        let mut entries = line.entries().into_iter();
        entries.any(|(_, value)| !value.is_too_deep() && written_task(value).is_ok())
    })
}

fn read_line(line: u32, text: &str, known: &mut BTreeSet<TaskId>, gist: &mut TaskGist) {
    let mut places = Places::new(text, line);
    let piece = match Piece::read(text) {
        Ok(piece @ Piece::Object(_)) => piece,
        Ok(other) => {
            let reason = format!("{} where an object of task ids must be", other.kind());
            return report(&mut gist.problems, Problem::at(places.of(other.written()), reason));
        }
        Err(error) => {
            let problem = syntax_problem("not a JSON object of task ids", text, line, &error);
            return report(&mut gist.problems, problem);
        }
    };
    for (key, value) in piece.entries() {
        let place = places.of(key.written());
        match read_task(key, value) {
            Ok(task) if known.contains(&task.id) => {
                let reason = format!("task \"{}\" is repeated; the first one is used", excerpt(task.id.as_str()));
                report(&mut gist.problems, Problem::at(place, reason));
            }
            Ok(_) if gist.tasks.len() == MAX_TASKS => {
                report(&mut gist.problems, Problem::at(place, format!("more than {MAX_TASKS} tasks")));
            }
            Ok(task) => {
                known.insert(task.id.clone());
                gist.tasks.push(task);
                gist.places.push(place);
            }
            Err(Fault { piece, reason }) => {
                let id = key.text().unwrap_or_default();
                let reason = format!("task \"{}\": {reason}", excerpt(&id));
                report(&mut gist.problems, Problem::at(places.of(piece), reason));
            }
        }
    }
}

fn read_task<'a>(key: Piece<'a>, value: Piece<'a>) -> Result<Task, Fault<'a>> {
    let at = |piece: &'a str| move |reason: String| Fault { piece, reason };
    let id = key.text().ok_or_else(|| at(key.written())("the id is not Unicode text".to_owned()))?;
    let id = TaskId::try_from(id).map_err(|error| at(key.written())(error.to_string()))?;
    if value.is_too_deep() {
        return Err(at(value.written())(format!("lists and objects nested more than {MAX_DEPTH} levels deep")));
    }
    let written = written_task(value)?;
    let platform: Platform = written.platform.text.parse().map_err(|error| {
        let hidden =
            described(&written.platform.text).map(|hidden| format!("; it holds a {hidden}")).unwrap_or_default();
        at(written.platform.piece)(format!("platform \"{}\": {error}{hidden}", excerpt(&written.platform.text)))
    })?;
    let start_at = moment("start_at", &written.start_at)?;
    let end_at = written.end_at.as_ref().map(|end_at| moment("end_at", end_at)).transpose()?;
    if let (Some(end_at), Some(Value { piece, .. })) = (end_at, &written.end_at)
        && end_at <= start_at
    {
        return Err(at(piece)("end_at is not after start_at".to_owned()));
    }
    Ok(Task { id, description: written.description.text, platform, start_at, end_at })
}

/// The shape of a task: its known keys, each at most once and of the right kind.
fn written_task(task: Piece<'_>) -> Result<WrittenTask<'_>, Fault<'_>> {
    let whole = task.written();
    if !matches!(task, Piece::Object(_)) {
        let reason = format!("{} where an object with description, platform and start_at must be", task.kind());
        return Err(Fault { piece: whole, reason });
    }
    let [mut description, mut platform, mut start_at, mut end_at] = [None, None, None, None];
    let mut keys = BTreeSet::new();
    for (key, value) in task.entries() {
        let name = key.text().unwrap_or_default();
        let place = match name.as_str() {
            "description" => Some(&mut description),
            "platform" => Some(&mut platform),
            "start_at" => Some(&mut start_at),
            "end_at" => Some(&mut end_at),
            _ => None,
        };
        if let Some(place) = place {
            *place = optional_text(&name, value)?;
        }
        let shown = excerpt(&name);
        if !keys.insert(name) {
            return Err(Fault { piece: key.written(), reason: format!("key \"{shown}\" is repeated") });
        }
    }
    let missing = |name: &str| Fault { piece: whole, reason: format!("{name} is missing") };
    Ok(WrittenTask {
        description: description.ok_or_else(|| missing("description"))?,
        platform: platform.ok_or_else(|| missing("platform"))?,
        start_at: start_at.ok_or_else(|| missing("start_at"))?,
        end_at,
    })
}

/// A text, or nothing for `null`.
fn optional_text<'a>(name: &str, value: Piece<'a>) -> Result<Option<Value<'a>>, Fault<'a>> {
    let piece = value.written();
    match (value, value.text()) {
        (_, Some(text)) => Ok(Some(Value { text, piece })),
        (Piece::Plain("null"), None) => Ok(None),
        (Piece::Text(_), None) => Err(Fault { piece, reason: format!("{name} is not Unicode text") }),
        (_, None) => Err(Fault { piece, reason: format!("{name} must be a text and is {}", value.kind()) }),
    }
}

fn moment<'a>(key: &str, value: &Value<'a>) -> Result<Moment, Fault<'a>> {
    Moment::parse(&value.text).ok_or_else(|| {
        let shown = excerpt(&value.text);
        let reason = format!("{key} \"{shown}\" is not an RFC 3339 time such as 2026-08-21T00:00:00Z");
        Fault { piece: value.piece, reason }
    })
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

    #[test]
    fn every_problem_has_its_place() {
        let place = |document: &str| {
            let gist = parse_task_gist(document.as_bytes());
            gist.problems.first().map(|problem| (problem.line, problem.column))
        };
        for (document, piece) in [
            (GOOD.replace("youtube", "tiktok"), "\"tiktok\""),
            (GOOD.replace("\"cats\"", "5"), "5,"),
            (GOOD.replace("2026-08-01", "soon"), "\"soon"),
            (GOOD.replace("\"t1\"", "\"\""), "\"\""),
            (GOOD.replace("\"t1\"", "\"\\u0000\""), "\"\\u0000"),
            (GOOD.replace("{\"description\": \"cats\", ", "{"), "{\"platform"),
            (GOOD.replace("cats", "é\u{1}"), "\u{1}"),
            (GOOD.replace("\"platform\":", "\"platform\" \u{0}"), "\u{0}"),
        ] {
            let column = document.find(piece).map(|offset| document[..offset].chars().count() + 1).expect("a piece");
            let expected = (Some(2), u32::try_from(column).ok());
            assert_eq!(place(&format!("\r\n{document}\r\n")), Some(expected), "{document:?}");
        }
        assert_eq!(place("é\u{fffd}"), Some((Some(1), Some(1))));
        let gist = parse_task_gist(b"\n  \"\xc3\xa9\xff\"");
        assert_eq!((gist.problems[0].line, gist.problems[0].column), (Some(2), Some(5)));
        let gist = parse_task_gist(format!("\u{feff} {GOOD}").as_bytes());
        assert_eq!(gist.places, [Place { line: 1, column: 3 }]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_and_what_is_unknown_ignored() {
        let with = |more: &str| GOOD.replace("{\"description\"", &format!("{{{more}, \"description\""));
        check(&with("\"description\": \"dogs\""), &[], &[(1, "\"description\" is repeated")]);
        check(&with("\"x\": 1, \"\\u0078\": 2"), &[], &[(1, "\"x\" is repeated")]);
        check(&with("\"__proto__\": {\"admin\": true}, \"n\": 1e999"), &["t1"], &[]);
        check(&with("\"constructor\": 99999999999999999999999999"), &["t1"], &[]);
        check(&with(&format!("\"deep\": {}{}", "[".repeat(100), "]".repeat(100))), &[], &[(1, "nested more than")]);
        check(&GOOD.replace("t1", "__proto__"), &["__proto__"], &[]);
        check(&GOOD.replace("\"t1\"", "\"\\ud800\""), &[], &[(1, "not Unicode")]);
        check(&GOOD.replace("cats\"", "\\ud800\""), &[], &[(1, "description is not Unicode")]);
        check("1e999", &[], &[(1, "a number where an object of task ids must be")]);
        check(&"[".repeat(10_000), &[], &[(1, "EOF")]);
    }

    #[test]
    fn no_reason_quotes_more_than_a_few_characters() {
        let long = "x".repeat(100_000);
        for document in
            [format!("\"{long}\""), format!("{{\"{long}\": {{\"platform\": 1}}}}"), GOOD.replace("youtube", &long)]
        {
            let gist = parse_task_gist(document.as_bytes());
            assert!(!gist.problems.is_empty() && gist.problems.iter().all(|problem| problem.reason.len() < 300));
        }
    }
}
