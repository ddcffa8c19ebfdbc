//! The findings as JSON.

use super::finding::{Finding, is_well};
use crate::text::json::one_line;
use serde::Serialize;

/// One JSON object on one line.
pub fn to_json(findings: &[Finding]) -> String {
    #[derive(Serialize)]
    struct Report<'a> {
        well: bool,
        findings: &'a [Finding],
    }
    one_line(&Report { well: is_well(findings), findings })
}
