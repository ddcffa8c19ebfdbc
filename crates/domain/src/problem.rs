//! What was wrong in something that was otherwise read: parsers give what is good *and* a list of these.

use serde::{Deserialize, Serialize};

/// Problems that one document may report; later ones are counted, not kept.
pub const MAX_PROBLEMS: usize = 50;

/// One thing that was skipped, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// Line of the document, from 1, where one is known.
    pub line: Option<u32>,
    /// What is wrong, for the person who wrote the document. Never quotes more than a few characters of it.
    pub reason: String,
}

impl Problem {
    /// A problem of one line.
    pub fn at_line(line: u32, reason: impl Into<String>) -> Self {
        Self { line: Some(line), reason: reason.into() }
    }

    /// A problem of the whole document.
    pub fn of_document(reason: impl Into<String>) -> Self {
        Self { line: None, reason: reason.into() }
    }
}

/// Adds a problem unless the list is full; the last place says that more were left out.
pub fn report(problems: &mut Vec<Problem>, problem: Problem) {
    if problems.len() + 1 < MAX_PROBLEMS {
        problems.push(problem);
    } else if problems.len() + 1 == MAX_PROBLEMS {
        problems.push(Problem::of_document("more problems were left out"));
    }
}

/// A short, printable piece of a document to show in a reason: at most 40 characters, control characters escaped.
pub fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_default).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
