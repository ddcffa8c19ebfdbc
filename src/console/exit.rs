//! How a command ends, and what it prints on stderr if it fails.

use crate::text::visible::shown;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All done, or stopped as asked.
    Done,
    /// The job failed.
    Failed,
    /// Wrong usage or configuration: nothing was begun.
    BadUsage,
    /// `--once`, and there was nothing to score, or everything is pending.
    NothingToScore,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::BadUsage => 2,
            Exit::NothingToScore => 3,
        })
    }
}

/// Prints on stderr what is wrong with the usage or the configuration.
pub(crate) fn refuse(error: &dyn Display) -> Exit {
    say(&format!("error: {error}"));
    Exit::BadUsage
}

/// Prints on stderr why the job failed, on one line.
pub(crate) fn fail(error: &dyn Display) -> Exit {
    say(&shown(&format_args!("error: {error}")));
    Exit::Failed
}

/// Writes a line on stderr. A closed terminal is not an error.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
