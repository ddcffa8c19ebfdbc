//! The findings as text: one line each, and below it what to do.

use super::finding::{Finding, State};
use crate::commands::check::checks::counted;
use crate::text::visible::visible;
use crate::text::wrapping::wrapped;

/// Columns of a state and a subject.
const STATE_WIDTH: usize = 7;
const SUBJECT_WIDTH: usize = 14;

/// Lines of a terminal's width, with a line end after the last.
pub fn to_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let state = match finding.state {
            State::Well => "ok",
            State::Doubtful => "warn",
            State::Wrong => "ERROR",
        };
        let lead = format!("{state:<STATE_WIDTH$}{:<SUBJECT_WIDTH$}", finding.subject);
        text.push_str(&wrapped("", &lead, &visible(&finding.found)));
        if let Some(advice) = &finding.advice {
            text.push_str(&wrapped(&" ".repeat(STATE_WIDTH + SUBJECT_WIDTH), "-> ", &visible(advice)));
        }
    }
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    text.push_str(&match (count(State::Wrong), count(State::Doubtful)) {
        (0, 0) => "All checks passed.\n".to_owned(),
        (errors, warnings) => format!("{}, {}.\n", counted(errors, "error"), counted(warnings, "warning")),
    });
    text
}
