//! One check and its result.

use serde::Serialize;

/// One check and its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub check: &'static str,
    /// The result.
    pub result: CheckResult,
    /// In words, with what to do if something is wrong.
    pub detail: String,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// As it should be.
    Good,
    /// Legal, and surely not meant.
    Warning,
    /// It has to be corrected.
    Wrong,
    /// Not checked: neither good nor bad.
    NotChecked,
}

impl CheckResult {
    /// The words in front of it in a text.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
            Self::NotChecked => "not checked",
        }
    }
}

impl Check {
    /// As it should be.
    pub fn good(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, result: CheckResult::Good, detail: detail.into() }
    }

    /// Legal, and surely not meant.
    pub fn warning(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, result: CheckResult::Warning, detail: detail.into() }
    }

    /// It has to be corrected.
    pub fn wrong(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, result: CheckResult::Wrong, detail: detail.into() }
    }

    /// Not checked.
    pub fn not_checked(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, result: CheckResult::NotChecked, detail: detail.into() }
    }
}

/// Whether anything has to be corrected.
pub(super) fn any_wrong(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.result == CheckResult::Wrong)
}

/// `1 problem`, `2 problems`.
pub(in crate::commands) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
