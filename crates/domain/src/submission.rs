//! Submission gists: which contents a miner offers for which tasks.
//!
//! The document is `{"submissions": [["<task-id>", "<content-id>"], …]}`. An item that is not a pair of strings is
//! reported and skipped; a pair whose ids mean nothing is kept, since saying so is the rules' part. Nothing in a
//! miner's document can affect another miner's.

use crate::problem::{Problem, excerpt, report};
use crate::task::holds_tasks;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// Pairs that one gist may hold; later ones are reported and skipped.
pub const MAX_PAIRS: usize = 5_000;

/// Longest id in a pair that is kept, in bytes.
pub const MAX_ID_BYTES: usize = 256;

/// One pair as the miner wrote it; neither id is checked yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pair {
    /// The task that the content is offered for.
    pub task_id: String,
    /// The content's id on the task's platform.
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
    /// What was skipped.
    pub problems: Vec<Problem>,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    submissions: Vec<&'a RawValue>,
}

/// Reads a gist that a neuron committed. Never fails: what cannot be read is in `problems`.
pub fn parse_submission_gist(document: &[u8]) -> SubmissionGist {
    let text = match std::str::from_utf8(document) {
        Ok(text) => text,
        Err(error) => {
            let line = line_at(document, error.valid_up_to());
            return unreadable(Problem::at_line(line, "not UTF-8 text"));
        }
    };
    match serde_json::from_str::<Document<'_>>(text.trim_start_matches('\u{feff}')) {
        Ok(items) => read_items(text, &items.submissions),
        Err(_) if holds_tasks(document) => {
            SubmissionGist { kind: GistKind::Tasks, pairs: Vec::new(), problems: Vec::new() }
        }
        Err(error) => unreadable(Problem::at_line(
            u32::try_from(error.line()).unwrap_or(u32::MAX).max(1),
            format!("not a document of the form {{\"submissions\": [[task, content], …]}}: {error}"),
        )),
    }
}

fn unreadable(problem: Problem) -> SubmissionGist {
    SubmissionGist { kind: GistKind::Unreadable, pairs: Vec::new(), problems: vec![problem] }
}

fn read_items(text: &str, items: &[&RawValue]) -> SubmissionGist {
    let mut gist = SubmissionGist { kind: GistKind::Submissions, pairs: Vec::new(), problems: Vec::new() };
    let mut seen = BTreeSet::new();
    let mut position = Position { text, offset: 0, line: 1 };
    for (index, item) in items.iter().enumerate() {
        let line = position.line_of(item.get());
        if index >= MAX_PAIRS {
            report(&mut gist.problems, Problem::at_line(line, format!("more than {MAX_PAIRS} submissions")));
            break;
        }
        match read_pair(item) {
            Ok(pair) if seen.insert(pair.clone()) => gist.pairs.push(pair),
            // Repeating one's own pair is one submission, and no fault.
            Ok(_) => {}
            Err(reason) => report(&mut gist.problems, Problem::at_line(line, reason)),
        }
    }
    gist
}

fn read_pair(item: &RawValue) -> Result<Pair, String> {
    let (task_id, content_id) = serde_json::from_str::<(String, String)>(item.get())
        .map_err(|_| format!("not a pair of strings: {}", excerpt(item.get())))?;
    if task_id.len() > MAX_ID_BYTES || content_id.len() > MAX_ID_BYTES {
        return Err(format!("an id is longer than {MAX_ID_BYTES} bytes: {}", excerpt(item.get())));
    }
    Ok(Pair { task_id, content_id })
}

/// Walks a text once, so that giving every item its line costs one pass over the document.
struct Position<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
}

impl Position<'_> {
    /// The line on which `piece`, a slice of the text at or after the last one asked for, begins.
    fn line_of(&mut self, piece: &str) -> u32 {
        let offset = (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize).min(self.text.len());
        if offset > self.offset {
            self.line += newlines(&self.text.as_bytes()[self.offset..offset]);
            self.offset = offset;
        }
        self.line
    }
}

fn line_at(document: &[u8], offset: usize) -> u32 {
    1 + newlines(&document[..offset.min(document.len())])
}

fn newlines(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |count, byte| count + u32::from(*byte == b'\n'))
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
}
