//! What a miner lists and publishes: too much of it, ids that look like others, tasks of many validators, videos that vanish.

mod floods;
mod ids;
mod network_tasks;
mod videos;
