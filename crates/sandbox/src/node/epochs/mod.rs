//! Epochs: when one runs, and what it makes of the validators' weights.

pub(crate) mod consensus;
pub(crate) mod timing;
