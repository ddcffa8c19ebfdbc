//! The process: an exit code, and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    tensorflix::commands::run(std::env::args_os()).into()
}
