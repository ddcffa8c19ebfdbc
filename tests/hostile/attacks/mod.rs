//! The attack lab: every row of the threat list as an attacker over several cycles, beside its twin that behaves, in a
//! population of honest miners, judged by the real validator.
//!
//! Of each row it holds that everybody else's raw scores are the same bits with and without the attack, and what the attack
//! earns: no more than the twin, with the default settings or with the defence that is named. Where it earns more, the
//! figure is a bound (`prices.rs`), and the table in docs/attacks.md names it. Where an attack is paid until it is found, it is
//! played again by one who leaves the subnet then: a leaver never repays, so its price is a figure of its own.

mod command;
mod defences;
mod lab;
mod prices;
mod recovery;
mod rows;
mod table;
