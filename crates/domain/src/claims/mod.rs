//! Which hotkey holds an item: places of pairs, claims on them, the rounds and dates that order claims, and disputes.

pub mod claim;
pub mod dating;
pub mod dispute;
pub mod ownership;
pub mod places;
pub mod rivals;
pub mod rounds;
pub mod scope;
