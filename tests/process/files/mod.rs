//! The files of the process, from outside: the store when it is damaged, reached under another name, or taken away; what
//! commands write, and with which permissions; secrets in the wrong place; the ways in which the system ends a process.

mod damage;
mod endings;
mod process;
mod secrets;
mod store;
mod written;
