//! The ports of the actors, implemented.

pub mod chain;
pub mod clock;
pub mod file_limit;
pub mod files;
pub mod http;
pub mod pace;
pub mod passwords;
pub mod store;
