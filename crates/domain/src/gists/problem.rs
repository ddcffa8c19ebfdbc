//! Problems in a document that was otherwise read: parsers return what is good *and* a list of these.

use crate::invisible::escaped;
use serde::{Deserialize, Serialize};

/// Problems that one document may report; later ones are counted, not kept.
pub const MAX_PROBLEMS: usize = 50;

/// One thing that was skipped, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// Line of the document, from 1, where one is known.
    pub line: Option<u32>,
    /// Column in that line, in characters from 1, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What is wrong, for the author of the document. Never quotes more than a few characters of it.
    pub reason: String,
}

impl Problem {
    /// A problem of one line.
    pub fn at_line(line: u32, reason: impl Into<String>) -> Self {
        Self { line: Some(line), column: None, reason: reason.into() }
    }

    /// A problem of one place.
    pub fn at(place: Place, reason: impl Into<String>) -> Self {
        Self { line: Some(place.line), column: Some(place.column), reason: reason.into() }
    }

    /// A problem of the whole document.
    pub fn of_document(reason: impl Into<String>) -> Self {
        Self { line: None, column: None, reason: reason.into() }
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

/// A short piece of a document to show in a reason: at most 40 characters, with all invisible characters escaped.
/// Quotation marks are not changed: they are escaped once, where a reason is written as JSON.
pub fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    let start: String = text.chars().take(LONGEST).collect();
    let mut shown = escaped(&start);
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// A place in a document, as editors show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1. A byte order mark counts as none.
    pub column: u32,
}

/// Finds the places of a document's pieces. It walks the document once as long as pieces are requested in their order,
/// which keeps the work linear for any number of pieces.
pub(crate) struct Places<'a> {
    text: &'a str,
    offset: usize,
    place: Place,
    first_line: u32,
    #[cfg(test)]
    walked_bytes: usize,
}

impl<'a> Places<'a> {
    /// For a document, or for the part of one that begins with line `first_line`.
    pub(crate) fn new(text: &'a str, first_line: u32) -> Self {
        let place = Place { line: first_line, column: 1 };
        Self {
            text,
            offset: 0,
            place,
            first_line,
            #[cfg(test)]
            walked_bytes: 0,
        }
    }

    /// Where `piece`, a slice of the document, begins.
    pub(crate) fn of(&mut self, piece: &str) -> Place {
        self.at((piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize))
    }

    /// The place of the character that holds the byte at `offset`; beyond the end it is the end.
    pub(crate) fn at(&mut self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        if offset < self.offset {
            self.offset = 0;
            self.place = Place { line: self.first_line, column: 1 };
        }
        for byte in &self.text.as_bytes()[self.offset..offset] {
            if *byte == b'\n' {
                self.place = Place { line: self.place.line.saturating_add(1), column: 1 };
            } else if is_first_of_character(*byte) {
                self.place.column = self.place.column.saturating_add(1);
            }
        }
        #[cfg(test)]
        {
            self.walked_bytes += offset - self.offset;
        }
        self.offset = offset;
        self.place
    }

    /// The place of a JSON error in the whole text, and its offset. serde_json counts bytes, and its position is after
    /// the byte that it rejects.
    pub(crate) fn of_error(&mut self, error: &serde_json::Error) -> (Place, usize) {
        let line_start = match error.line() {
            0 | 1 => 0,
            line => self.text.match_indices('\n').nth(line - 2).map_or(self.text.len(), |(end, _)| end + 1),
        };
        let mut offset = (line_start + error.column().saturating_sub(1)).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        (self.at(offset), offset)
    }
}

const fn is_first_of_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_editors_do() {
        let text = "ab\nç漢d\r\n\n😀x";
        for (piece, line, column) in [("ab", 1, 1), ("b", 1, 2), ("ç", 2, 1), ("漢", 2, 2), ("d", 2, 3), ("x", 4, 2)]
        {
            let start = text.find(piece).expect("a piece");
            let mut places = Places::new(text, 1);
            assert_eq!(places.of(&text[start..start + piece.len()]), Place { line, column }, "{piece}");
            assert_eq!(places.at(0), Place { line: 1, column: 1 }, "going back is allowed");
        }
        assert_eq!(Places::new(text, 7).at(usize::MAX), Place { line: 10, column: 3 });
    }

    #[test]
    fn the_places_of_many_pieces_cost_one_walk() {
        let text = "[é],\n".repeat(10_000);
        let mut places = Places::new(&text, 1);
        for (offset, _) in text.match_indices('[') {
            places.at(offset);
        }
        assert!(places.walked_bytes <= text.len(), "{}", places.walked_bytes);
    }

    #[test]
    fn errors_are_placed_at_what_is_not_taken() {
        for (text, line, column) in [("{\"é\" x}", 1, 6), ("{\n  \"a\": !\n}", 2, 8), ("[1,", 1, 3), ("", 1, 1)] {
            let error = serde_json::from_str::<serde_json::Value>(text).expect_err("no JSON");
            assert_eq!(Places::new(text, 1).of_error(&error).0, Place { line, column }, "{text:?} {error}");
        }
    }

    #[test]
    fn a_problem_without_a_column_is_written_and_read_as_before() {
        let before = r#"{"line":3,"reason":"r"}"#;
        let problem: Problem = serde_json::from_str(before).expect("a problem");
        assert_eq!(problem, Problem::at_line(3, "r"));
        assert_eq!(serde_json::to_string(&problem).expect("JSON"), before);
    }
}
