//! What the tests share: every port faked, time that is steered, listeners, and builders of small records.

pub mod crashing;
pub mod fake_platform;
pub mod gists;
pub mod listener;
pub mod logs;
pub mod memory_store;
pub mod model_chain;
pub mod observing;
pub mod scripted_chain;
pub mod scripted_http;
pub mod subnets;
pub mod time;
pub mod validator;
pub mod world;
