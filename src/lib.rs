//! A validator for subnet 89 (TensorFlix) of the Bittensor chain: the process around the actors.
//!
//! See ARCHITECTURE.md for the map. This crate wires ports to adapters, reads the configuration and speaks to people;
//! it decides nothing about scores or weights.

pub mod adapters;
pub mod api;
pub mod commands;
pub mod config;
pub mod console;
pub mod telemetry;
pub mod text;
pub mod wiring;
