//! What is checked: a file, or a gist as validators read it.

use super::checks::Check;
use super::gist_facts::GistFacts;
use crate::console::exit::{Exit, fail, refuse};
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tensorflix_actors::gist_fetcher::github::GitHub;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_record::GistOutcome;

/// Where a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// On GitHub.
    Gist(GistPointer),
    /// On this machine.
    File(PathBuf),
}

impl FromStr for Source {
    type Err = std::convert::Infallible;

    /// A text in the form of a gist pointer is a gist; anything else is a file name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::File(PathBuf::from(text)), Self::Gist))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gist(pointer) => write!(formatter, "gist {pointer}"),
            Self::File(path) => write!(formatter, "file {}", path.display()),
        }
    }
}

/// A document, and what was found about it apart from its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What was found.
    pub checks: Vec<Check>,
}

/// Why there is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// There is no such file.
    #[error("`{path}` is neither a gist ({not_a_gist}) nor a file that can be read ({error})")]
    NoFile {
        /// Its name.
        path: String,
        /// Why it is no pointer.
        not_a_gist: String,
        /// The system's error.
        error: String,
    },
    /// It is larger than what validators read.
    #[error("the file is larger than the {0} bytes that validators read of a gist (github.max_gist_bytes)")]
    TooLarge(usize),
    /// GitHub does not give it.
    #[error("the gist cannot be read: {0}")]
    Gist(String),
}

impl Source {
    /// The gist, if it is one.
    pub const fn pointer(&self) -> Option<&GistPointer> {
        match self {
            Self::Gist(pointer) => Some(pointer),
            Self::File(_) => None,
        }
    }

    /// Reads it, at most `most_bytes`. `github` is asked only for gists.
    ///
    /// # Errors
    /// [`Unread`], with what is wrong.
    pub async fn read(&self, github: &GitHub, most_bytes: usize) -> Result<Document, Unread> {
        match self {
            Self::File(path) => Ok(Document { bytes: read_file(path, most_bytes)?, checks: Vec::new() }),
            Self::Gist(pointer) => {
                let bytes = match github.gist(pointer, None).await.outcome {
                    GistOutcome::Fetched { document, .. } => document,
                    GistOutcome::Failed { error, .. } => return Err(Unread::Gist(error)),
                    GistOutcome::Unchanged => return Err(Unread::Gist("GitHub sent no content".to_owned())),
                };
                Ok(Document { bytes, checks: GistFacts::ask(github, pointer).await })
            }
        }
    }
}

fn read_file(path: &Path, most_bytes: usize) -> Result<Vec<u8>, Unread> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most_bytes).unwrap_or(u64::MAX).saturating_add(1);
    let read = std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map_err(|error| {
        let text = path.display().to_string();
        let not_a_gist = text.parse::<GistPointer>().err().map(|error| error.to_string()).unwrap_or_default();
        Unread::NoFile { path: text, not_a_gist, error: error.to_string() }
    })?;
    if bytes.len() > most_bytes {
        return Err(Unread::TooLarge(most_bytes));
    }
    Ok(bytes)
}

/// A file that is not there is wrong usage; anything else is wrong with the document.
pub(crate) fn unread(error: &Unread) -> Exit {
    match error {
        Unread::NoFile { .. } => refuse(error),
        Unread::TooLarge(_) | Unread::Gist(_) => fail(error),
    }
}
