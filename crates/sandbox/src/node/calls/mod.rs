//! Extrinsics and the calls in them: decoding, whether they are valid, and what each does by the chain's own rules.

pub(crate) mod commitments;
pub(crate) mod dispatch;
pub(crate) mod events;
pub(crate) mod extrinsic;
pub(crate) mod hashed;
pub(crate) mod origin;
pub(crate) mod timelock;
pub(crate) mod validity;
pub(crate) mod weights;
