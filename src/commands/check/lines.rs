//! The lines that both commands print: the checks, problems with their places, and a summary.

use super::checks::{Check, counted};
use crate::text::wrapping::put;
use tensorflix_domain::problem::Problem;

/// One line for each check.
pub(crate) fn put_checks(page: &mut String, checks: &[Check]) {
    for Check { check, result, detail } in checks {
        put(page, "  ", &format!("{}: {check}: {detail}", result.words()));
    }
}

/// A problem with its place in front.
pub(crate) fn put_problem(page: &mut String, word: &str, problem: &Problem) {
    put(page, &place(problem.line, problem.column), &format!("{word}: {}", problem.reason));
}

/// `line:column` in a column of its own.
pub(crate) fn place(line: Option<u32>, column: Option<u32>) -> String {
    let place = match (line, column) {
        (Some(line), Some(column)) => format!("{line}:{column}"),
        (Some(line), None) => line.to_string(),
        (None, _) => String::new(),
    };
    format!("{place:>7}  ")
}

/// The last line: the counts.
pub(crate) fn put_summary(page: &mut String, parts: &[(usize, &str)]) {
    let parts: Vec<String> = parts.iter().map(|(count, what)| counted(*count, what)).collect();
    page.push('\n');
    put(page, "", &parts.join(", "));
}
