//! Panics as log entries: their texts may contain what a stranger wrote, so they are escaped and cut like everything else.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::thread;

/// Has panics logged from now on. With `RUST_BACKTRACE` set, stderr has the usual text with its backtrace too.
pub(super) fn log_them() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        log(panic);
        if Backtrace::capture().status() == BacktraceStatus::Captured {
            usual(panic);
        }
    }));
}

fn log(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let text = panic.payload_as_str().unwrap_or("no text");
    let place = panic.location().map(ToString::to_string);
    tracing::error!(thread = thread.name(), place, "panicked: {text}");
}
