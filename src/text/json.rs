//! Results for programs: one JSON object a line.

use serde::Serialize;

/// A result as one JSON object on one line, without a line break.
pub(crate) fn one_line(object: &impl Serialize) -> String {
    // Every part is text, a finite number or null, so this cannot fail; an empty object would be seen at once.
    serde_json::to_string(object).unwrap_or_else(|_| "{}".to_owned())
}
