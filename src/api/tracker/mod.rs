//! The platform tracker: a video or a reel, from the store while it is fresh, else asked of its platform.

pub mod asked;
mod compatibility;
pub mod desk;
pub mod document;
mod filling;
pub mod observing;
pub mod platform_tracker;
pub mod source;
