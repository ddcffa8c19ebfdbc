//! Blocks: what waits for one, what goes into it, and the tree that they form.

pub(crate) mod inclusion;
pub(crate) mod ledger;
pub(crate) mod migration;
pub(crate) mod pool;
pub(crate) mod records;
pub(crate) mod tree;
pub(crate) mod upgrade;
