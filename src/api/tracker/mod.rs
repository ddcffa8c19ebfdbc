//! The platform tracker: a video or a reel, from the store while it is fresh, else asked of its platform.

pub mod asked;
mod compatibility;
pub mod contents;
pub mod desk;
mod filling;
pub mod observing;
pub mod platform_tracker;
pub mod source;
