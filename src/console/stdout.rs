//! Results on stdout: the one way out for everything that commands print there.
//!
//! A reader that closed its end of the pipe has what it wanted, and nothing is said of it (`tensorflix tasks | head -1`). A
//! result that is lost in any other way, on a full disk above all, is a failure of the command.

use super::exit::{Exit, fail};
use std::io::{self, BufWriter, Write};

/// Writes a result.
///
/// # Errors
/// The exit of a command whose result is lost; stderr has the reason already.
pub(crate) fn print(text: &str) -> Result<(), Exit> {
    write(|stdout| stdout.write_all(text.as_bytes()))
}

/// Writes a result in pieces.
///
/// # Errors
/// Those of [`print`].
pub(crate) fn write(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Exit> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    let written = write(&mut stdout).and_then(|()| stdout.flush());
    // Whatever is left is lost: a second attempt to write it would only wait again.
    let _ = stdout.into_parts();
    written.or_else(lost)
}

/// What follows from a result that could not be written.
///
/// # Errors
/// Those of [`print`].
pub(crate) fn lost(error: io::Error) -> Result<(), Exit> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(fail(&format!("cannot write the result to stdout: {error}"))),
    }
}

/// The exit of a command whose last step was to print its result.
pub(crate) fn ended(printed: Result<(), Exit>, exit: Exit) -> Exit {
    printed.map_or_else(|lost| lost, |()| exit)
}
