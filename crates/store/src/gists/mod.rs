//! What GistFetcher and Scorer remember of gists: their states and documents, their owners, and their dates.

pub(crate) mod dates;
pub(crate) mod owners;
pub(crate) mod records;
