//! The platform tracker: metrics of a video or a reel, from the store while they are fresh, else from the platform.

pub mod asked;
mod compatibility;
pub mod desk;
pub mod document;
mod filling;
pub mod observing;
pub mod platform_tracker;
pub mod source;
