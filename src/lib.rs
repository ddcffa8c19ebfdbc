//! A validator for subnet 89 (TensorFlix) of the Bittensor chain: the process around the actors.
//!
//! See ARCHITECTURE.md for the map. This crate wires ports to adapters, reads the configuration and speaks to people;
//! it decides nothing about scores or weights.

pub mod adapters;
pub mod api;
pub mod checking;
pub mod cli;
pub mod committing;
pub mod config;
pub mod console;
pub mod doctor;
pub mod export;
pub mod replay;
pub mod story;
pub mod task_list;
pub mod telemetry;
pub mod text;
pub mod wiring;
