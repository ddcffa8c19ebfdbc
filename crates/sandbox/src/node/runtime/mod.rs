//! The runtime that the node pretends to run: its metadata, and where its entries, calls and errors are in it.

pub(crate) mod entries;
pub(crate) mod legacy_metadata;
pub(crate) mod loaded;
pub(crate) mod releases;
pub(crate) mod version;
