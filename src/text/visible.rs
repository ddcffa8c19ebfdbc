//! Escapes what strangers wrote: miners, clients, nodes and platforms write texts that reach terminals and logs.
//!
//! Everything that is not visible text is escaped, in a form that is also valid within JSON: terminal control sequences, and
//! line breaks and direction marks, with which data could look like a log line of its own.

use std::fmt::{self, Write};

/// Longest value of a field, the message included, bytes.
pub(crate) const LONGEST_FIELD_BYTES: usize = 2 * 1024;

/// Ends `text` at the last character that is whole within so many bytes.
pub(crate) fn cut(text: &mut String, most: usize) {
    text.truncate(text.floor_char_boundary(most));
}

/// Appends `text` with everything escaped that is not visible.
pub(crate) fn push_escaped(line: &mut String, text: &str) {
    text.chars().for_each(|character| push_visible(line, character));
}

fn push_visible(line: &mut String, character: char) {
    match character {
        '\n' => line.push_str("\\n"),
        _ if is_unsafe(character) => {
            // Writing into a String does not fail.
            let _ = write!(line, "\\u{:04x}", u32::from(character));
        }
        _ => line.push(character),
    }
}

/// `text` with everything escaped that is not visible.
pub(crate) fn visible(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    push_escaped(&mut line, text);
    line
}

/// A writer that escapes like [`visible`] and keeps no more than a field may hold.
#[derive(Debug, Default)]
pub(crate) struct FieldText {
    kept: String,
    /// Nothing more is kept.
    is_full: bool,
    /// All that was written, bytes.
    length: usize,
}

impl FieldText {
    /// The text, with the mark of the cut if there was one.
    pub fn finish(mut self) -> String {
        if self.is_full {
            let _ = write!(self.kept, "{}", CutMark(self.length));
        }
        self.kept
    }
}

impl Write for FieldText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.length += text.len();
        for character in text.chars() {
            if self.is_full {
                break;
            }
            let end = self.kept.len();
            push_visible(&mut self.kept, character);
            if self.kept.len() > LONGEST_FIELD_BYTES {
                self.kept.truncate(end);
                self.is_full = true;
            }
        }
        Ok(())
    }
}

/// A value as a field of a line.
pub(crate) fn field(value: &dyn fmt::Debug) -> String {
    let mut text = FieldText::default();
    // If the value's own formatting fails, the part before the failure is shown.
    let _ = write!(text, "{value:?}");
    text.finish()
}

/// A text of somebody else as a line for people: escaped, and no longer than a field.
pub(crate) fn shown(text: &dyn fmt::Display) -> String {
    let mut shown = FieldText::default();
    let _ = write!(shown, "{text}");
    shown.finish()
}

/// The end of what was cut.
pub(crate) struct CutMark(pub(crate) usize);

impl fmt::Display for CutMark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, " … (cut: {} bytes)", self.0)
    }
}

/// Control characters, line separators, and marks that turn the direction of writing.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_keeps_its_bound_in_whole_escapes_and_says_how_long_it_was() {
        for (text, kept) in [
            ("x".repeat(LONGEST_FIELD_BYTES), "x".repeat(LONGEST_FIELD_BYTES)),
            ("x".repeat(22_000), "x".repeat(LONGEST_FIELD_BYTES) + " … (cut: 22000 bytes)"),
            ("\u{1b}".repeat(9_000), "\\u001b".repeat(LONGEST_FIELD_BYTES / 6) + " … (cut: 9000 bytes)"),
            ("ab日".repeat(9_000), "ab日".repeat(LONGEST_FIELD_BYTES / 5) + "ab … (cut: 45000 bytes)"),
        ] {
            assert_eq!(shown(&text), kept);
        }
    }
}
