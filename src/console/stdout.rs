//! Results on stdout: everything that commands print there goes through this module.
//!
//! A reader that closes the pipe early is not an error (`tensorflix tasks | head -1`). A result that is lost in any other way,
//! for example on a full disk, makes the command fail.

use super::exit::{Exit, fail};
use std::io::{self, BufWriter, Write};

/// Writes a result.
///
/// # Errors
/// The exit of a command that could not write its result; the reason is printed on stderr.
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
    // The rest is not written: a second attempt would only wait again.
    let _ = stdout.into_parts();
    written.or_else(lost)
}

/// What a failed write of a result means for the command.
///
/// # Errors
/// Those of [`print`].
pub(crate) fn lost(error: io::Error) -> Result<(), Exit> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(fail(&format!("cannot write the result to stdout: {error}"))),
    }
}

/// The exit of a command that printed its result as its last step.
pub(crate) fn ended(printed: Result<(), Exit>, exit: Exit) -> Exit {
    printed.map_or_else(|lost| lost, |()| exit)
}
