//! The storage of the chain: its versions, and typed access to one subnet's part of it.

pub(crate) mod beacon;
pub(crate) mod genesis;
pub(crate) mod history;
pub(crate) mod subnet;
