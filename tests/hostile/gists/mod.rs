//! Gists and commitments that harm their reader, belong to somebody else, or lead elsewhere.

mod commitments;
mod owners;
mod poison;
mod redirects;
mod refusals;
