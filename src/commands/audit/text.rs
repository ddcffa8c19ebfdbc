//! The hints of a cycle, for people and for programs.

use crate::console::hints::Audited;
use crate::text::hints::hint_words;
use crate::text::json::one_line;
use crate::text::visible::visible;
use crate::text::wrapping::wrapped;

/// One JSON object on one line.
pub fn to_json(audited: &Audited) -> String {
    one_line(audited)
}

/// Paragraphs of a terminal's width, with a line end after the last.
pub fn to_text(audited: &Audited) -> String {
    let Audited { cycle, at, audit } = audited;
    let mut text = match audit.hints.len() {
        0 => format!("Cycle {cycle} at block {}: no hints.\n", at.block),
        1 => format!("Cycle {cycle} at block {}: 1 hint. Hints are not proofs and change no score.\n", at.block),
        count => {
            format!("Cycle {cycle} at block {}: {count} hints. Hints are not proofs and change no score.\n", at.block)
        }
    };
    for hint in &audit.hints {
        text.push('\n');
        text.push_str(&wrapped("", "- ", &visible(&hint_words(hint))));
    }
    if audit.untold > 0 {
        text.push_str(&format!("\nand {} more hints of the same kinds, with smaller shares.\n", audit.untold));
    }
    text
}
