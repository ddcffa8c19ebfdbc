//! The records of the store, by their former names.

pub use crate::cycle::*;
pub use crate::gist_record::*;
pub use crate::head::*;
pub use crate::intent::*;
pub use crate::observed::*;
