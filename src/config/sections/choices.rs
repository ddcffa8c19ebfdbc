//! Settings that are one word of a few.

use serde::{Deserialize, Serialize};

/// `http.compatibility`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compatibility {
    /// Answers as documented.
    #[default]
    #[serde(rename = "")]
    None,
    /// For clients of the first Python services: times without a zone, which are UTC, and unknown counts left out.
    #[serde(rename = "original")]
    Original,
}

/// `log.level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Failures that stop work.
    Error,
    /// Problems that an operator should check.
    Warn,
    /// What happened.
    Info,
    /// How it happened.
    Debug,
    /// Everything.
    Trace,
}

/// `log.format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
