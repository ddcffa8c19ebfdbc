//! Submission gists: which items a miner offers for which tasks.
//!
//! The document is `{"submissions": [["<task-id>", "<content-id>"], …]}`. An entry that is not a pair of strings is
//! reported and skipped; a pair with unknown ids is kept, since rejecting it is up to the rules. A document with a
//! repeated key is rejected, because it is ambiguous which one is meant; unknown keys are ignored. Nothing in a miner's
//! document can affect another miner's.

use crate::gists::json_pieces::{MAX_DEPTH, Piece};
use crate::problem::{MAX_PROBLEMS, Place, Places, Problem, excerpt, report};
use crate::task::{BYTE_ORDER_MARK, holds_tasks, syntax_problem, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Pairs that one gist may hold; later ones are reported and skipped.
pub const MAX_PAIRS: usize = 5_000;

/// Longest id in a pair that is kept, in bytes.
pub const MAX_ID_BYTES: usize = 256;

/// One pair as the miner wrote it; neither id is checked yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pair {
    /// The task that the item is offered for.
    pub task_id: String,
    /// The item's id on the task's platform.
    pub content_id: String,
}

/// What a gist turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GistKind {
    /// A miner's submissions, possibly none.
    Submissions,
    /// A validator's tasks: noted, not an error.
    Tasks,
    /// Neither; the problems say why.
    Unreadable,
}

/// What a committed gist says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionGist {
    /// What it is.
    pub kind: GistKind,
    /// Its pairs in order, each once.
    pub pairs: Vec<Pair>,
    /// Where each of them begins.
    #[serde(default)]
    pub places: Vec<Place>,
    /// What was skipped.
    pub problems: Vec<Problem>,
}

/// The only key of a document that is read.
const SUBMISSIONS: &str = "submissions";

/// Reads a gist that a neuron committed. Never fails: what cannot be read is in `problems`.
pub fn parse_submission_gist(document: &[u8]) -> SubmissionGist {
    let (marked, bytes) = match document.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (true, rest),
        None => (false, document),
    };
    let mut gist = match text(bytes, 1) {
        Ok(text) => read_document(text),
        Err(problem) => unreadable(problem),
    };
    if marked && gist.kind != GistKind::Tasks {
        let mark = Problem::at(Place { line: 1, column: 1 }, "begins with a byte order mark; it was ignored");
        gist.problems.insert(0, mark);
        gist.problems.truncate(MAX_PROBLEMS);
    }
    gist
}

fn of_kind(kind: GistKind) -> SubmissionGist {
    SubmissionGist { kind, pairs: Vec::new(), places: Vec::new(), problems: Vec::new() }
}

fn unreadable(problem: Problem) -> SubmissionGist {
    SubmissionGist { problems: vec![problem], ..of_kind(GistKind::Unreadable) }
}

fn read_document(text: &str) -> SubmissionGist {
    const FORM: &str = "not a document of the form {\"submissions\": [[task, content], …]}";
    let mut places = Places::new(text, 1);
    let read = match Piece::read(text) {
        Ok(document @ Piece::Object(_)) => submissions_of(document, &mut places),
        Ok(other) => Err(Problem::at(places.of(other.written()), format!("{FORM}: this is {}", other.kind()))),
        Err(error) => Err(syntax_problem(FORM, text, 1, &error)),
    };
    match read {
        Ok((list, problems)) => read_items(list, problems, text),
        Err(_) if holds_tasks(text) => of_kind(GistKind::Tasks),
        Err(problem) => unreadable(problem),
    }
}

/// The list of submissions, and the problems beside it.
fn submissions_of<'a>(document: Piece<'a>, places: &mut Places<'a>) -> Result<(Piece<'a>, Vec<Problem>), Problem> {
    let (mut list, mut problems, mut keys) = (None, Vec::new(), BTreeSet::new());
    for (key, value) in document.entries() {
        let place = places.of(key.written());
        let name = key.text().unwrap_or_default();
        let shown = excerpt(&name);
        if name == SUBMISSIONS {
            list = Some(value);
        } else if value.is_too_deep() {
            let reason = format!("\"{shown}\" is ignored: lists and objects nested more than {MAX_DEPTH} levels deep");
            report(&mut problems, Problem::at(place, reason));
        }
        if !keys.insert(name) {
            return Err(Problem::at(place, format!("key \"{shown}\" is repeated: it is ambiguous which one is meant")));
        }
    }
    match list {
        Some(list @ Piece::List(_)) => Ok((list, problems)),
        Some(other) => {
            let reason = format!("\"{SUBMISSIONS}\" must be a list of pairs and is {}", other.kind());
            Err(Problem::at(places.of(other.written()), reason))
        }
        None => {
            let reason = format!("there is no key \"{SUBMISSIONS}\" with a list of pairs");
            Err(Problem::at(places.of(document.written()), reason))
        }
    }
}

fn read_items(list: Piece<'_>, problems: Vec<Problem>, text: &str) -> SubmissionGist {
    let mut gist = SubmissionGist { problems, ..of_kind(GistKind::Submissions) };
    let mut seen = BTreeSet::new();
    let mut places = Places::new(text, 1);
    for (index, item) in list.items().into_iter().enumerate() {
        let place = places.of(item.written());
        if index >= MAX_PAIRS {
            report(&mut gist.problems, Problem::at(place, format!("more than {MAX_PAIRS} submissions")));
            break;
        }
        match read_pair(item) {
            Ok(pair) if seen.insert(pair.clone()) => {
                gist.pairs.push(pair);
                gist.places.push(place);
            }
            // A repeated pair is one submission, and not a problem.
            Ok(_) => {}
            Err(reason) => report(&mut gist.problems, Problem::at(place, reason)),
        }
    }
    gist
}

fn read_pair(item: Piece<'_>) -> Result<Pair, String> {
    let shown = excerpt(item.written());
    if item.is_too_deep() {
        return Err(format!("lists and objects nested more than {MAX_DEPTH} levels deep: {shown}"));
    }
    let texts: Vec<Option<String>> = item.items().into_iter().map(Piece::text).collect();
    let [Some(task_id), Some(content_id)] = <[_; 2]>::try_from(texts).unwrap_or_default() else {
        return Err(format!("not a pair of strings: {shown}"));
    };
    if task_id.len() > MAX_ID_BYTES || content_id.len() > MAX_ID_BYTES {
        return Err(format!("an id is longer than {MAX_ID_BYTES} bytes: {shown}"));
    }
    Ok(Pair { task_id, content_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: &str, kind: GistKind, pairs: &[(&str, &str)], problem_lines: &[u32]) {
        let gist = parse_submission_gist(document.as_bytes());
        assert_eq!(gist.kind, kind, "{document} {:?}", gist.problems);
        let found: Vec<_> = gist.pairs.iter().map(|pair| (pair.task_id.as_str(), pair.content_id.as_str())).collect();
        assert_eq!(found, pairs, "{document}");
        let lines: Vec<_> = gist.problems.iter().filter_map(|problem| problem.line).collect();
        assert_eq!(lines, problem_lines, "{:?}", gist.problems);
    }

    #[test]
    fn an_item_that_is_no_pair_costs_only_itself() {
        use GistKind::Submissions;
        check(r#"{"submissions": [["t", "a"], ["t", "b"]]}"#, Submissions, &[("t", "a"), ("t", "b")], &[]);
        check(r#"{"submissions": []}"#, Submissions, &[], &[]);
        check(
            "{\"submissions\": [\n[\"t\", \"a\"],\n[\"t\"],\n7,\n[\"t\", \"b\", \"c\"],\n[\"t\", 5],\nnull,\n[\"t\", \"z\"]]}",
            Submissions,
            &[("t", "a"), ("t", "z")],
            &[3, 4, 5, 6, 7],
        );
        check(r#"{"other": [{"deep": [[[]]]}], "submissions": [["t", "a"]]}"#, Submissions, &[("t", "a")], &[]);
    }

    #[test]
    fn repeating_ones_own_pair_is_one_submission() {
        check(
            r#"{"submissions": [["t", "a"], ["t", "b"], ["t", "a"]]}"#,
            GistKind::Submissions,
            &[("t", "a"), ("t", "b")],
            &[],
        );
    }

    #[test]
    fn strange_ids_are_kept_for_the_rules_to_refuse() {
        check(
            r#"{"submissions": [["t", "../x"], ["", "\u0000"]]}"#,
            GistKind::Submissions,
            &[("t", "../x"), ("", "\0")],
            &[],
        );
        let long = "x".repeat(MAX_ID_BYTES + 1);
        check(&format!(r#"{{"submissions": [["t", "{long}"]]}}"#), GistKind::Submissions, &[], &[1]);
    }

    #[test]
    fn a_gist_of_tasks_is_noted_and_no_error() {
        let task = r#"{"t1": {"description": "d", "platform": "youtube", "start_at": "2026-08-01T00:00:00Z"}}"#;
        check(task, GistKind::Tasks, &[], &[]);
        check(&format!("broken\n{task}\n"), GistKind::Tasks, &[], &[]);
    }

    #[test]
    fn what_is_neither_says_where_it_breaks() {
        check("", GistKind::Unreadable, &[], &[1]);
        check("[]", GistKind::Unreadable, &[], &[1]);
        check("{\n\"submissions\":\n!}", GistKind::Unreadable, &[], &[3]);
        check(r#"{"submissions": [], "submissions": []}"#, GistKind::Unreadable, &[], &[1]);
        check(&format!("{{\"submissions\": {}", "[".repeat(100_000)), GistKind::Unreadable, &[], &[1]);
        let gist = parse_submission_gist(b"{\"submissions\":\n[[\"t\", \"\xff\"]]}");
        assert_eq!((gist.kind, gist.problems[0].line), (GistKind::Unreadable, Some(2)));
    }

    #[test]
    fn every_pair_and_every_problem_has_its_place() {
        let document = "\u{feff}{\r\n  \"é\": 1, \"submissions\": [[\"t\", \"a\"], 7,\r\n  [\"t\", \"b\"], [\"t\"]]}";
        let gist = parse_submission_gist(document.as_bytes());
        let place = |line, column| Place { line, column };
        assert_eq!(gist.places, [place(2, 27), place(3, 3)]);
        let problems: Vec<_> = gist.problems.iter().map(|problem| (problem.line, problem.column)).collect();
        assert_eq!(problems, [(Some(1), Some(1)), (Some(2), Some(39)), (Some(3), Some(15))]);
        for (document, line, column, piece) in [
            ("{\"submissions\": [],\n \"x\": 1, \"x\": 2}", 2, 10, "\"x\" is repeated"),
            ("{\"submissions\": [], \"submission\\u0073\": []}", 1, 21, "repeated"),
            ("{\n\"submissions\": 1e999}", 2, 16, "a number"),
            ("{\"a\": 1}", 1, 1, "no key \"submissions\""),
            ("\n [1]", 2, 2, "a list"),
            ("{\"submissions\": [\u{0}]}", 1, 18, "U+0000"),
            ("{\"submissions\": [[\"t\", \"\u{1b}\"]]}", 1, 25, "U+001B"),
        ] {
            let gist = parse_submission_gist(document.as_bytes());
            assert_eq!((gist.kind, gist.problems.len()), (GistKind::Unreadable, 1), "{document:?}");
            assert_eq!(gist.problems[0].line.zip(gist.problems[0].column), Some((line, column)), "{:?}", gist.problems);
            assert!(gist.problems[0].reason.contains(piece), "{:?}", gist.problems);
        }
    }

    #[test]
    fn what_is_nested_too_deep_costs_only_itself() {
        let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
        let document = format!("{{\"x\": {deep}, \"__proto__\": {{}}, \"submissions\": [{deep}, [\"t\", \"a\"]]}}");
        check(&document, GistKind::Submissions, &[("t", "a")], &[1, 1]);
    }
}
