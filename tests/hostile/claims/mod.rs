//! Who was first, and who owns a video: copies, disputes, squatting, ownership tags.

mod copying;
mod disputes;
mod ownership;
mod squatting;
