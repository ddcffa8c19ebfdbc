//! What Scorer remembers of ownership: claims, and which holdings they were made of.
//!
//! A claim is one hotkey's on one item for one task. It only ever gains: each of its times keeps the earliest value
//! that was recorded. Its ids are the miner's, unchecked: whether they name anything is judged when a cycle is decided.

mod holdings;
mod reading;
mod recording;
mod room;
