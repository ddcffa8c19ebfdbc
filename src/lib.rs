//! A validator for subnet 89 (TensorFlix) of the Bittensor chain: the process around the actors.
//!
//! See ARCHITECTURE.md for the map. This crate wires ports to adapters, reads the configuration and speaks to people;
//! it decides nothing about scores or weights.

pub mod adapters;
pub mod api;
pub mod app;
pub mod audit;
pub mod checking;
pub mod cli;
pub mod committing;
pub mod config;
pub mod connections;
pub mod doctor;
pub mod export;
pub mod file_limit;
pub mod files;
pub mod replay;
pub mod report;
pub mod reporter;
pub mod session;
pub mod story;
pub mod task_list;
pub mod telemetry;
pub mod text;
pub mod tuning;
