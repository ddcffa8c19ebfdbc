//! What is wrong with a configuration, and where.
//!
//! A problem never repeats text that may be a secret: free text, long values, lines of the file.

use std::fmt;

/// Longest name or value that an error repeats, and longest one with a digit: API keys and tokens contain digits, names of
/// settings do not. Most API keys have 39 or more characters; some are shorter.
const LONGEST_SHOWN: usize = 36;
const LONGEST_SHOWN_WITH_DIGITS: usize = 12;

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A line of the file, counted from 1; `None` for the file as a whole.
    File {
        /// The file as it was named.
        name: String,
        /// The line.
        line: Option<usize>,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
    /// Nowhere: a default is part of the problem.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, line: Some(line) } => write!(formatter, "{name}:{line}"),
            Self::File { name, line: None } => formatter.write_str(name),
            Self::Variable(name) => write!(formatter, "environment variable {name}"),
            Self::Flag(flag) => formatter.write_str(flag),
            Self::Default => formatter.write_str("the settings together"),
        }
    }
}

/// One thing that the operator has to correct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub origin: Origin,
    /// What is wrong, what is allowed, and what to do.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.origin, self.what)
    }
}

/// All problems of a configuration; no part of it may be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    pub(super) const fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// Each of the problems: those of the file by line, then the environment's, then the command line's.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [only] => write!(formatter, "configuration rejected: {only}"),
            several => {
                write!(formatter, "configuration rejected, {} problems:", several.len())?;
                several.iter().try_for_each(|problem| write!(formatter, "\n  {problem}"))
            }
        }
    }
}

/// The known name that is most similar to `name`.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known.into_iter().min_by_key(|candidate| strsim::damerau_levenshtein(name, candidate))
}

/// A name or value for an error: without control characters, and not shown if it is long enough to be a secret.
pub(super) fn shown(text: &str) -> String {
    let has_digit = text.contains(|character: char| character.is_ascii_digit());
    if text.chars().count() > if has_digit { LONGEST_SHOWN_WITH_DIGITS } else { LONGEST_SHOWN } {
        "(not shown)".to_owned()
    } else {
        text.escape_debug().to_string()
    }
}
